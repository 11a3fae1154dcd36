"""Stakes against the Kelly oracles, and what no belief may ever make them do."""

from __future__ import annotations

from math import floor, gcd

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_desk.core.fees import FeeRule, worst_order_fee
from kalshi_desk.core.reasons import Reason, ReasonCode
from kalshi_desk.core.types import BookSide, Count, Money, Price, parse_count, parse_money
from kalshi_desk.risk.limits import Limits
from kalshi_desk.risk.stake import (
    Belief,
    Stake,
    Surroundings,
    scale_basket,
    stake,
    stake_exclusive,
)

TAKER = FeeRule()
FREE = FeeRule(multiplier=0)
MAKER = FeeRule(fee_type="quadratic_with_maker_fees")
OPEN = Limits(kelly_fraction=1.0, trade_percent=100.0)
RICH = Surroundings(wealth=parse_money("1000000"), mean_pnl_lower_bound=0.0)


def factor(found: Stake, name: str) -> float:
    return dict(found.factors)[name]


def belief(p: float, ask: str, fee: FeeRule = TAKER, *, taker: bool = True) -> Belief:
    price = Price(round(float(ask) * 10_000))
    return Belief(side=BookSide.BID, price=price, probability=p, fee=fee, is_taker=taker)


@pytest.mark.parametrize(
    ("p", "ask", "fee", "taker", "kelly"),
    [
        (0.60, "0.55", FeeRule(), True, 0.075519),
        (0.60, "0.55", FREE, True, 0.111111),
        (0.60, "0.55", MAKER, False, 0.102472),
        (0.10, "0.07", FeeRule(), True, 0.027493),
        (0.97, "0.95", FeeRule(), True, 0.357258),
        (0.56, "0.55", FeeRule(), True, 0.0),
    ],
)
def test_the_kelly_table(p: float, ask: str, fee: FeeRule, taker: bool, kelly: float) -> None:
    """o03: full Kelly with the fee inside the cost, to the printed digits."""
    found = stake(belief(p, ask, fee, taker=taker), RICH, OPEN)
    assert round(factor(found, "kelly"), 6) == kelly
    cost = factor(found, "cost")
    assert found.count / 100 == pytest.approx(kelly * 1_000_000 / cost, rel=3e-5, abs=1)


def test_a_quarter_of_a_thousand_dollars() -> None:
    """o03: 33.2784 contracts at a quarter Kelly of 1,000 dollars, in whole contracts."""
    around = msgspec.structs.replace(RICH, wealth=parse_money("1000"))
    found = stake(belief(0.60, "0.55"), around, Limits())
    assert found.count == parse_count("33")
    share = factor(found, "share")
    assert round(share * 1000 / factor(found, "cost"), 4) == 33.2784
    assert found.text == (
        "33 contracts: Kelly 0.0755 of W at 56.73¢ with fee, times 0.25; 1.8880% of W"
    )


def test_no_is_the_same_bet_with_the_other_probability() -> None:
    yes = stake(belief(0.60, "0.55"), RICH, OPEN)
    no = Belief(side=BookSide.ASK, price=Price(4_500), probability=0.60)
    assert stake(no, RICH, OPEN) == yes


@pytest.mark.parametrize(
    ("edge", "sd", "shrunk"),
    [(0.05, 0.02, 0.862069), (0.05, 0.05, 0.5), (0.03, 0.05, 0.264706), (0.02, 0.04, 0.2)],
)
def test_an_uncertain_estimate_shrinks_the_stake(edge: float, sd: float, shrunk: float) -> None:
    """o03: ``e^2 / (e^2 + sd^2)``."""
    one = msgspec.structs.replace(belief(0.5 + edge, "0.50", FREE), probability_sd=sd)
    assert round(factor(stake(one, RICH, OPEN), "shrinkage"), 6) == shrunk


def test_the_multiplier_fixtures() -> None:
    """o11: .375; 0 at a drawdown of 21 per cent; .25 for three hours and a bad record."""
    wealth = Money(round(100 / 0.02 * 1_000_000 * 0.5))
    sure = msgspec.structs.replace(belief(0.9, "0.50", FREE))
    limits = Limits(kelly_fraction=1.0)
    first = Surroundings(
        wealth=wealth,
        drawdown=0.05,
        variance_ratio=1.6,
        depth=parse_count("240"),
        hours_left=48,
        mean_pnl_lower_bound=0.0,
    )
    found = stake(sure, first, limits)
    names = ("drawdown", "volatility", "liquidity", "time", "record")
    product = 1.0
    for name in names:
        product *= factor(found, name)
    assert product == pytest.approx(0.375)
    assert found.count == parse_count("37"), "0.375 of the 100 contracts that the cap allows"
    deep = msgspec.structs.replace(first, drawdown=0.21)
    assert stake(sure, deep, limits).count == 0
    late = Surroundings(wealth=wealth, hours_left=3, mean_pnl_lower_bound=-0.01)
    assert factor(stake(sure, late, limits), "time") == 0.5
    assert stake(sure, late, limits).count == parse_count("25")


def test_two_equal_bets_that_move_together_shrink_by_one_plus_rho() -> None:
    """o03: the rule of thumb gives .0472 each at .6."""
    around = msgspec.structs.replace(RICH, correlated=((0.6, 0.075519),))
    assert round(factor(stake(belief(0.60, "0.55"), around, OPEN), "share"), 4) == 0.0472


def test_exclusive_legs_get_the_stakes_of_the_set() -> None:
    """o03: stakes .129372, .081686 and .019681, the third a hedge at a loss of its own."""
    legs = [belief(0.45, "0.40"), belief(0.30, "0.27"), belief(0.15, "0.16")]
    found = stake_exclusive(legs, [RICH] * 3, OPEN)
    shares = [round(factor(one, "kelly"), 6) for one in found]
    assert shares == [0.129372, 0.081686, 0.019681]
    assert all(one.count for one in found)
    capped = stake_exclusive(legs, [RICH] * 3, Limits(kelly_fraction=1.0))
    spent = sum(one.count / 100 * factor(one, "cost") for one in capped)
    assert 0.95 * 20_000 < spent <= 20_000, "the set is one trade under the cap"


def test_exclusive_legs_without_an_edge_get_nothing() -> None:
    legs = [belief(0.35, "0.40"), belief(0.2, "0.27")]
    assert [one.count for one in stake_exclusive(legs, [RICH] * 2, OPEN)] == [0, 0]


BELIEFS = st.builds(
    lambda side, price, p, sd, taker: Belief(
        side=side, price=Price(price), probability=p, probability_sd=sd, fee=MAKER, is_taker=taker
    ),
    st.sampled_from(list(BookSide)),
    st.integers(1, 9_999),
    st.floats(0, 1),
    st.floats(0, 0.5),
    st.booleans(),
)
AROUND = st.builds(
    Surroundings,
    wealth=st.integers(-1_000_000, 10**13).map(Money),
    drawdown=st.floats(0, 1),
    variance_ratio=st.floats(0, 10),
    depth=st.one_of(st.none(), st.integers(0, 10**8).map(Count)),
    hours_left=st.floats(-1, 100),
    mean_pnl_lower_bound=st.one_of(st.none(), st.floats(-1, 1)),
    correlated=st.lists(st.tuples(st.floats(-1, 1), st.floats(0, 1)), max_size=3).map(tuple),
)
LIMITS = st.builds(
    Limits,
    kelly_fraction=st.floats(0.01, 1),
    trade_percent=st.floats(0.01, 100),
    drawdown_percent=st.floats(1, 100),
)


@given(BELIEFS, AROUND, LIMITS)
def test_a_stake_never_costs_more_than_the_cap(
    one: Belief, around: Surroundings, limits: Limits
) -> None:
    found = stake(one, around, limits)
    fee = worst_order_fee(one.fee, one.price, found.count, is_taker=one.is_taker)
    spent = one.outcome_price * found.count + fee if found.count else 0
    assert spent <= max(0, floor(around.wealth * round(limits.trade_percent * 100) / 10_000))
    assert found.count % 100 == 0


@given(BELIEFS, AROUND, LIMITS, st.floats(0, 0.5))
def test_a_less_certain_estimate_never_stakes_more(
    one: Belief, around: Surroundings, limits: Limits, more: float
) -> None:
    less = msgspec.structs.replace(one, probability_sd=one.probability_sd + more)
    assert stake(less, around, limits).count <= stake(one, around, limits).count


@given(BELIEFS, AROUND, LIMITS)
def test_without_an_edge_after_the_fee_nothing_is_staked(
    one: Belief, around: Surroundings, limits: Limits
) -> None:
    if one.probability <= one.cost(0):
        assert stake(one, around, limits).count == 0


@given(
    st.lists(st.integers(1, 40), min_size=1, max_size=4),
    st.integers(0, 5_000),
)
def test_a_basket_is_scaled_to_the_largest_that_passes(sizes: list[int], most: int) -> None:
    counts = [Count(100 * size) for size in sizes]
    full = Reason(ReasonCode.EVENT_LIMIT, "too much")

    def refusal(tried: tuple[Count, ...]) -> Reason | None:
        return full if sum(tried) > most else None

    found = scale_basket(counts, refusal)
    assert sum(found.counts) <= most or found.counts == tuple(counts)
    assert (found.bound is None) == (sum(counts) <= most)
    assert all(
        a * counts[0] == b * found.counts[0] for a, b in zip(found.counts, counts, strict=True)
    )
    if found.bound is not None:
        units = round(found.ratio * _units(counts)) + 1
        larger = [count // _units(counts) * units for count in counts]
        assert sum(larger) > most


def test_a_basket_of_parts_of_contracts_shrinks_to_whole_ones() -> None:
    full = Reason(ReasonCode.EVENT_LIMIT, "too much")

    def scaled(first: int, second: int, most: int) -> tuple[Count, ...]:
        legs = [Count(first), Count(second)]
        return scale_basket(legs, lambda tried: full if sum(tried) > most else None).counts

    assert scaled(16_534, 16_534, 40_000) == (16_534, 16_534)
    assert scaled(16_534, 16_534, 33_000) == (16_500, 16_500)
    assert scaled(16_534, 16_534, 20_050) == (10_000, 10_000)
    assert scaled(250, 500, 700) == (200, 400)
    assert scaled(250, 375, 600) == (200, 300)
    assert scaled(250, 251, 500) == (0, 0)


def _units(counts: list[Count]) -> int:
    return gcd(*counts) // 100
