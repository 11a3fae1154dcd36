"""Orders of a basket: order of legs, completion, verdicts, and no candidate that can lose."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kalshi_desk.core.fees import NON_DIRECT, FeeRule, order_fee
from kalshi_desk.core.grid import CENT_GRID
from kalshi_desk.core.relations import Exclusive, partition
from kalshi_desk.core.types import (
    COUNT_SCALE,
    Count,
    Money,
    Outcome,
    Price,
    notional,
    parse_count,
    parse_money,
    parse_price,
)
from kalshi_desk.quant.arbitrage import Leg
from kalshi_desk.quant.baskets import (
    BasketOrder,
    Level,
    annual_return,
    by_scarcity,
    clears_hurdle,
    completion_price,
    least_fill_chance,
    price_basket,
    required_guarantee,
    round_down,
    unwind_loss,
)
from kalshi_desk.quant.candidates import Evidence, Verdict, assess
from kalshi_desk.quant.states import admissible_states

YES, NO = Outcome.YES, Outcome.NO
TILES = admissible_states("abc", partition(tuple("abc")))
SOUND = Evidence(is_verified=True, is_active=True, ages_ms=(100, 300, 200), lasted_ms=5000)


def tile_legs(*asks: str, size: str = "100") -> list[Leg]:
    return [
        Leg(market, YES, parse_price(ask), parse_count(size))
        for market, ask in zip("abc", asks, strict=True)
    ]


def order(market: str, count: str, *, outcome: Outcome = YES, price: str = "0.40") -> BasketOrder:
    return BasketOrder(market, outcome, (Level(parse_price(price), parse_count(count)),))


def test_levels_of_one_market_share_an_order_and_its_accumulator() -> None:
    legs = [
        Leg("a", YES, Price(5000), Count(3)),
        Leg("a", YES, Price(4500), Count(3)),
        Leg("a", NO, Price(5000), Count(3)),
    ]
    orders = round_down(legs, [0.03, 0.0299999999, 0.029])
    assert [(one.outcome, one.levels) for one in orders] == [
        (YES, (Level(Price(4500), Count(3)), Level(Price(5000), Count(3)))),
        (NO, (Level(Price(5000), Count(2)),)),
    ]
    assert orders[0].limit == 5000
    assert round_down(legs, [0.009, 0, 0]) == ()
    whole = BasketOrder("a", YES, (*orders[0].levels, Level(Price(5500), Count(100))))
    alone = [price_basket(TILES, [one], grid=NON_DIRECT).fees for one in _singles(whole)]
    # Together the roundings of .59, .44 and .26 cents give a whole cent back.
    assert price_basket(TILES, [whole], grid=NON_DIRECT).fees == sum(alone) - 10_000


def _singles(whole: BasketOrder) -> list[BasketOrder]:
    return [msgspec.structs.replace(whole, levels=(level,)) for level in whole.levels]


def test_the_scarcest_leg_goes_first() -> None:
    orders = [order("thick", "10"), order("thin", "10"), order("unknown", "10")]
    depth = {("thick", YES): Count(90_000), ("thin", YES): Count(1200)}
    found = [one.market for one in by_scarcity(orders, depth)]
    assert found == ["unknown", "thin", "thick"]


@given(st.integers(1, 5000), st.integers(0, 9_000), st.sampled_from([0, 10_000]))
def test_completion_loses_nothing_and_one_tick_more_would(
    count: int, spent_per: int, multiplier: int
) -> None:
    rule, size = FeeRule(multiplier=multiplier), Count(count)
    payout, spent = notional(Price(10_000), size), Money(spent_per * count)
    found = completion_price(payout, spent, size, rule, CENT_GRID, grid=NON_DIRECT)

    def cost(price: Price) -> int:
        return notional(price, size) + order_fee(rule, price, size, is_taker=True, grid=NON_DIRECT)

    if found is None:
        assert spent + cost(Price(100)) > payout
    else:
        assert spent + cost(found) <= payout
        if found < 9900:
            assert spent + cost(CENT_GRID.up(found)) > payout


def test_two_legs_need_a_likely_second_fill() -> None:
    unwind = unwind_loss(0.57, 0.55)
    assert unwind == pytest.approx(0.054482, abs=5e-7)
    assert least_fill_chance(0.016351, unwind) == pytest.approx(0.7692, abs=5e-5)
    assert least_fill_chance(-0.01, unwind) == 1.0
    assert least_fill_chance(0.01, -0.1) == 0.0


def test_capital_locked_for_long_must_earn_the_hurdle() -> None:
    assert annual_return(1.0, 100.0, 30.0) == pytest.approx(0.121667, abs=1e-6)
    assert not clears_hurdle(1.0, 100.0, 30.0)
    assert clears_hurdle(1.0, 100.0, 7.0)
    assert clears_hurdle(2.0, 100.0, 30.0)
    with pytest.raises(ValueError):
        annual_return(1.0, 0.0, 30.0)


def test_a_waiver_that_may_be_over_is_not_counted_on() -> None:
    waived = FeeRule(waived_until_ns=1)
    plain = price_basket(TILES, [order("a", "100")])
    late = price_basket(TILES, [msgspec.structs.replace(order("a", "100"), rule=waived)])
    assert late == plain
    assert late.fees == parse_money("1.68")
    one, size = Money(10**6), Count(100)
    found = [completion_price(one, Money(0), size, rule, CENT_GRID) for rule in (waived, FeeRule())]
    assert found[0] == found[1]


def test_the_guarantee_must_cover_slippage() -> None:
    assert required_guarantee([]) == parse_money("0.05")
    three = [order(market, "100") for market in "abc"]
    assert required_guarantee(three) == parse_money("2.50")


@pytest.mark.parametrize(
    ("verdict", "legs", "changes"),
    [
        (Verdict.INVALID_RELATIONSHIP, tile_legs("0.25", "0.30", "0.35"), {"is_verified": False}),
        (Verdict.UNSYNCHRONISED, tile_legs("0.25", "0.30", "0.35"), {"ages_ms": (100, 601)}),
        (Verdict.STALE, tile_legs("0.25", "0.30", "0.35"), {"ages_ms": (1900, 2001)}),
        (Verdict.STALE, tile_legs("0.25", "0.30", "0.35"), {"ages_ms": ()}),
        (Verdict.CANDIDATE, tile_legs("0.25", "0.30", "0.35"), {"ages_ms": (1500, 2000)}),
        (Verdict.NO_ASKS, tile_legs("0.25", "0.30", "0.35"), {"is_active": False}),
        (Verdict.NO_ASKS, [], {}),
        (Verdict.NO_PRE_FEE_EDGE, tile_legs("0.35", "0.30", "0.35"), {}),
        (Verdict.DEPTH_BELOW_MINIMUM, tile_legs("0.25", "0.30", "0.35", size="4.99"), {}),
        (Verdict.FEES_EXCEED_EDGE, tile_legs("0.32", "0.33", "0.32"), {}),
        (Verdict.DURATION_BELOW_MINIMUM, tile_legs("0.25", "0.30", "0.35"), {"lasted_ms": 999}),
        (Verdict.EDGE_BELOW_MINIMUM, tile_legs("0.29", "0.30", "0.35"), {}),
        (Verdict.CANDIDATE, tile_legs("0.25", "0.30", "0.35"), {}),
    ],
)
def test_the_first_failing_test_decides(
    verdict: Verdict, legs: list[Leg], changes: dict[str, object]
) -> None:
    found = assess(TILES, legs, msgspec.structs.replace(SOUND, **changes))
    assert found.verdict is verdict
    if verdict is Verdict.CANDIDATE:
        assert found.priced is not None
        assert found.priced.worst == parse_money("5.61")
        assert (found.seen, found.needed) == (5.61, 2.50)


def test_an_unknown_fee_is_named_only_when_there_is_an_edge() -> None:
    flat = FeeRule(fee_type="flat")
    legs = [msgspec.structs.replace(leg, rule=flat) for leg in tile_legs("0.25", "0.30", "0.35")]
    assert assess(TILES, legs, SOUND).verdict is Verdict.FEE_UNVERIFIED


@st.composite
def offers(draw: st.DrawFn) -> list[Leg]:
    level = st.builds(
        Leg,
        market=st.sampled_from("abc"),
        outcome=st.sampled_from([YES, NO]),
        price=st.integers(1, 70).map(lambda cents: Price(100 * cents)),
        size=st.integers(100, 50_000).map(Count),
        rule=st.just(FeeRule()),
    )
    return draw(st.lists(level, min_size=2, max_size=8))


@settings(max_examples=60, deadline=None)
@given(offers(), st.booleans())
def test_a_candidate_wins_in_every_state(legs: list[Leg], exhaustive: bool) -> None:
    space = TILES if exhaustive else admissible_states("abc", [Exclusive(tuple("abc"))])
    found = assess(space, legs, SOUND)
    if found.verdict is not Verdict.CANDIDATE:
        return
    assert found.priced is not None
    for index in range(len(space.states)):
        paid = sum(space.pays(one.market, one.outcome)[index] * one.count for one in found.orders)
        spent = sum(
            notional(level.price, level.count) for one in found.orders for level in one.levels
        )
        assert paid - spent - found.priced.fees == found.priced.pnl[index] > 0
    assert all(one.count >= 5 * COUNT_SCALE for one in found.orders)
