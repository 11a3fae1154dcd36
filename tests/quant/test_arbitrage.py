"""The linear programme finds what is there, nothing else, and its dual proves it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kalshi_desk.core.book import OrderBook
from kalshi_desk.core.fees import DIRECT, NON_DIRECT, FeeRule
from kalshi_desk.core.relations import (
    Combo,
    Exclusive,
    Implies,
    Ladder,
    Part,
    Void,
    partition,
)
from kalshi_desk.core.types import (
    MONEY_SCALE,
    BookSide,
    Count,
    Money,
    Outcome,
    Price,
    parse_count,
    parse_money,
    parse_price,
)
from kalshi_desk.quant.arbitrage import Leg, best_basket, book_legs, upper_bound
from kalshi_desk.quant.baskets import price_basket, round_down
from kalshi_desk.quant.states import State, StateSpace, admissible_states

YES, NO = Outcome.YES, Outcome.NO


def leg(market: str, outcome: Outcome, price: str, size: str) -> Leg:
    return Leg(market, outcome, parse_price(price), parse_count(size))


def yes(market: str, ask: str, size: str) -> Leg:
    return leg(market, YES, ask, size)


def no(market: str, bid: str, size: str) -> Leg:
    """Return the leg that buys NO against a YES bid."""
    return leg(market, NO, str(round(1 - float(bid), 4)), size)


def exact(space: StateSpace, legs: list[Leg], grid: object = NON_DIRECT) -> tuple[str, str]:
    """Return the worst and the best exact profit of the solved basket, in dollars."""
    solved = best_basket(space, legs)
    priced = price_basket(space, round_down(legs, solved.counts), grid=grid)  # type: ignore[arg-type]
    return f"{priced.worst / MONEY_SCALE:.4f}", f"{priced.best / MONEY_SCALE:.4f}"


TILES = admissible_states("abc", partition(tuple("abc")))
TILE_LEGS = [yes("a", "0.25", "100"), yes("b", "0.30", "100"), yes("c", "0.35", "100")]
IMPLICATION = [Implies("gen", "nom")]


def test_a_tiled_partition_buys_every_yes() -> None:
    solved = best_basket(TILES, TILE_LEGS)
    assert solved.guaranteed == pytest.approx(5.625, abs=5e-7)
    assert solved.cost == pytest.approx(94.375)
    priced = price_basket(TILES, round_down(TILE_LEGS, solved.counts), grid=NON_DIRECT)
    assert (priced.worst, priced.best) == (parse_money("5.61"), parse_money("5.61"))
    assert priced.fees == parse_money("4.39")
    assert exact(TILES, TILE_LEGS, DIRECT) == ("5.6250", "5.6250")


def test_b_exclusive_outcomes_buy_every_no() -> None:
    space = admissible_states("wxyz", [Exclusive(tuple("wxyz"))])
    bids = {"w": "0.40", "x": "0.30", "y": "0.25", "z": "0.12"}
    legs = [no(market, bid, "50") for market, bid in bids.items()]
    assert best_basket(space, legs).guaranteed == pytest.approx(0.899150, abs=5e-7)
    assert exact(space, legs) == ("0.8900", "50.8900")


def test_c_cheap_exclusive_outcomes_are_no_arbitrage_without_exhaustiveness() -> None:
    names = tuple("12345678")
    asks = ["0.10", "0.08", "0.07", "0.06", "0.05", "0.03", "0.02", "0.02"]
    legs = [yes(name, ask, "100") for name, ask in zip(names, asks, strict=True)]
    solved = best_basket(admissible_states(names, [Exclusive(names)]), legs)
    assert solved.guaranteed == 0.0
    assert not solved.counts.any()
    assert best_basket(admissible_states(names, partition(names)), legs).guaranteed > 50.0


def test_d_fees_eat_three_cents() -> None:
    legs = [yes("a", "0.32", "100"), yes("b", "0.33", "100"), yes("c", "0.32", "100")]
    solved = best_basket(TILES, legs)
    assert solved.guaranteed == 0.0
    assert 1 - sum(one.cost for one in legs) == pytest.approx(-0.015941, abs=5e-7)


def test_e_a_small_ladder_violation_dies_under_cent_rounding() -> None:
    space = admissible_states(["gt1650", "gt1750"], [Ladder(("gt1650", "gt1750"))])
    legs = [no("gt1750", "0.04", "50"), yes("gt1650", "0.03", "0.72")]
    assert best_basket(space, legs).guaranteed == pytest.approx(0.003798, abs=5e-7)
    assert 1 - sum(one.cost for one in legs) == pytest.approx(0.005275, abs=5e-6)
    assert exact(space, legs, DIRECT)[0] == "0.0037"
    assert exact(space, legs, NON_DIRECT)[0] == "-0.0100"


def test_f_buckets_against_thresholds() -> None:
    buckets, overs = [f"b{n}" for n in range(6, 11)], [f"gt{n}" for n in range(5, 10)]
    states = [
        State(
            f"x={value}",
            tuple(
                Price(10_000 * hit)
                for hit in [value == n if n < 10 else value >= 10 for n in range(6, 11)]
                + [value > n for n in range(5, 10)]
            ),
        )
        for value in range(5, 11)
    ]
    space = StateSpace((*buckets, *overs), tuple(states))
    asks = [("0.14", "1.41"), ("0.06", "61"), ("0.01", "61"), ("0.02", "61"), ("0.03", "61")]
    bids = [("0.36", "5"), ("0.17", "5"), ("0.09", "5"), ("0.07", "5"), ("0.04", "250")]
    legs = [yes(market, *quote) for market, quote in zip(buckets, asks, strict=True)]
    legs += [no(market, *quote) for market, quote in zip(overs, bids, strict=True)]
    nets = [100 * (1 - legs[5 + n].cost - sum(one.cost for one in legs[n:5])) for n in range(5)]
    assert nets == pytest.approx([6.7394, 3.2073, 2.0165, 1.2034, 0.5275], abs=5e-5)
    assert best_basket(space, legs).guaranteed == pytest.approx(0.651598, abs=5e-7)
    assert exact(space, legs, DIRECT) == ("0.6511", "0.6511")


@pytest.mark.parametrize(
    ("bid", "guaranteed", "worst_best"),
    [("0.41", 0.0, ("0.0000", "0.0000")), ("0.43", 1.6351, ("1.6300", "101.6300"))],
)
def test_g_implication(bid: str, guaranteed: float, worst_best: tuple[str, str]) -> None:
    space = admissible_states(["gen", "nom"], IMPLICATION)
    legs = [no("gen", bid, "100"), yes("nom", "0.38", "100")]
    solved = best_basket(space, legs)
    assert solved.guaranteed == pytest.approx(guaranteed, abs=5e-7)
    assert exact(space, legs) == worst_best
    by_state = dict(zip([state.label for state in space.states], solved.pnl, strict=True))
    if guaranteed:
        expected = {"gen+nom": 1.6351, "nom": 101.6351, "none": 1.6351}
        assert by_state == pytest.approx(expected)


def test_h_only_the_programme_sees_the_identity() -> None:
    space = StateSpace(
        ("A", "B", "C"),
        (
            State("x<=10", (Price(0), Price(0), Price(0))),
            State("10<x<=20", (Price(10_000), Price(10_000), Price(0))),
            State("x>20", (Price(10_000), Price(0), Price(10_000))),
        ),
    )
    legs = [no("A", "0.60", "80"), yes("B", "0.30", "60"), yes("C", "0.24", "100")]
    assert best_basket(space, legs).guaranteed == pytest.approx(0.943920, abs=5e-7)
    assert exact(space, legs) == ("0.9300", "0.9300")


def test_i_combo_below_its_lower_bound() -> None:
    space = admissible_states(["A", "B", "AB"], [Combo("AB", (Part("A"), Part("B")))])
    legs = [yes("AB", "0.20", "40"), no("A", "0.60", "40"), no("B", "0.70", "40")]
    assert best_basket(space, legs).guaranteed == pytest.approx(2.292, abs=5e-7)
    assert exact(space, legs) == ("2.2800", "42.2800")


def test_j_depth_is_used_while_it_pays() -> None:
    space = admissible_states("ab", partition(("a", "b")))
    legs = [
        *(yes("a", "0.45", "30"), yes("a", "0.50", "100")),
        *(yes("b", "0.49", "50"), yes("b", "0.52", "100")),
    ]
    solved = best_basket(space, legs)
    assert solved.guaranteed == pytest.approx(0.755460, abs=5e-7)
    assert solved.counts.tolist() == pytest.approx([30, 0, 30, 0], abs=1e-6)
    assert exact(space, legs) == ("0.7500", "0.7500")


def test_k_a_void_state_destroys_the_guarantee() -> None:
    void = Void({"gen": parse_price("0.43"), "nom": parse_price("0.38")})
    space = admissible_states(["gen", "nom"], IMPLICATION, [void])
    legs = [no("gen", "0.43", "100"), yes("nom", "0.38", "100")]
    assert best_basket(space, legs).guaranteed == 0.0


def test_l_a_budget() -> None:
    budget = parse_money("60")
    solved = best_basket(TILES, TILE_LEGS, budget=budget)
    assert solved.guaranteed == pytest.approx(3.576159, abs=5e-7)
    assert solved.return_on_cost == pytest.approx(0.059603, abs=5e-7)
    bound = upper_bound(
        TILES, TILE_LEGS, solved.state_prices, budget=budget, budget_price=solved.budget_price
    )
    assert bound == pytest.approx(solved.guaranteed, abs=1e-6)
    assert best_basket(TILES, TILE_LEGS, budget=Money(0)).guaranteed == 0.0


@st.composite
def books(draw: st.DrawFn) -> tuple[StateSpace, list[Leg]]:
    """Random levels over random settlements of three markets in four states."""
    values = st.sampled_from([0, 10_000, 10_000, 4_300])
    rows = draw(st.lists(st.tuples(values, values, values), min_size=4, max_size=4))
    states = tuple(
        State(str(index), tuple(Price(value) for value in row)) for index, row in enumerate(rows)
    )
    level = st.builds(
        Leg,
        market=st.sampled_from("abc"),
        outcome=st.sampled_from([YES, NO]),
        price=st.integers(1, 99).map(lambda cents: Price(100 * cents)),
        size=st.integers(1, 20_000).map(Count),
        rule=st.builds(FeeRule, multiplier=st.sampled_from([0, 5_000, 10_000])),
    )
    return StateSpace(("a", "b", "c"), states), draw(st.lists(level, min_size=1, max_size=8))


@settings(max_examples=60, deadline=None)
@given(books(), st.lists(st.floats(0.001, 1.0), min_size=4, max_size=4))
def test_o_no_basket_beats_the_dual(drawn: tuple[StateSpace, list[Leg]], raw: list[float]) -> None:
    space, legs = drawn
    solved = best_basket(space, legs)
    weights = np.array(raw) / sum(raw)
    assert solved.guaranteed <= upper_bound(space, legs, weights) + 1e-6
    best = upper_bound(space, legs, np.clip(solved.state_prices, 0, 1))
    assert best == pytest.approx(solved.guaranteed, abs=1e-5)


@settings(max_examples=60, deadline=None)
@given(books(), st.sampled_from([DIRECT, NON_DIRECT]))
def test_exact_prices_never_promise_more_than_the_programme(
    drawn: tuple[StateSpace, list[Leg]], grid: object
) -> None:
    space, legs = drawn
    solved = best_basket(space, legs)
    orders = round_down(legs, solved.counts)
    priced = price_basket(space, orders, grid=grid)  # type: ignore[arg-type]
    assert priced.worst / MONEY_SCALE <= solved.guaranteed + 1e-5
    assert all(order.count <= sum(one.size for one in legs) for order in orders)
    if solved.guaranteed == 0.0:
        assert orders == ()
        assert priced.worst == 0


def test_a_book_offers_yes_at_its_asks_and_no_against_its_bids() -> None:
    book = OrderBook()
    book.set_level(BookSide.BID, Price(4000), Count(500))
    book.set_level(BookSide.ASK, Price(4200), Count(700))
    rule = FeeRule()
    assert book_legs("m", book, rule) == [
        Leg("m", YES, Price(4200), Count(700), rule),
        Leg("m", NO, Price(6000), Count(500), rule),
    ]
    space = admissible_states(["m"], [])
    assert best_basket(space, book_legs("m", book, rule)).guaranteed == 0.0


def test_without_a_published_fee_nothing_is_priced() -> None:
    legs = [Leg("a", YES, Price(100), Count(100), FeeRule(fee_type="flat"))]
    with pytest.raises(KeyError):
        best_basket(TILES, legs)
    assert best_basket(TILES, []).guaranteed == 0.0
    with pytest.raises(ValueError, match="budget"):
        best_basket(TILES, TILE_LEGS, budget=Money(-1))
