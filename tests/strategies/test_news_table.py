"""Decision table A of the reference, verbatim, and the rows that it has no case for."""

from __future__ import annotations

import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_desk.core.grid import uniform_grid
from kalshi_desk.core.types import COUNT_SCALE, MONEY_SCALE, Money, Outcome, Price
from kalshi_desk.quant.evidence import Posterior, Signal
from kalshi_desk.quant.gates import SignalRecord
from kalshi_desk.quant.kelly import kelly_count
from kalshi_desk.strategies.news_table import (
    NewsAction,
    NewsCell,
    NewsFacts,
    NewsRules,
    NewsVerdict,
    given_up,
    judge,
)

RULES = NewsRules()
PROVEN = SignalRecord(items=400, events=70, t=6.2, q=0.01, out_of_sample_t=2.0)
CELL = NewsCell(kappa=0.5, error=0.08, record=PROVEN)
WEALTH = Money(10_000 * MONEY_SCALE)
STRONG = Signal(score=0.8, confidence=0.9, age=2.0)
WEAK = Signal(score=0.15, confidence=0.6, age=2.0)
AGAINST = Signal(score=-0.9, confidence=0.95, age=1.0)
STALE = Signal(score=0.8, confidence=0.9, age=45.0)
UNPROVEN = msgspec.structs.replace(CELL, record=msgspec.structs.replace(PROVEN, t=2.1))


def facts(
    bid: int, ask: int, *stories: Signal, before: float = 0.50, release: float | None = None
) -> NewsFacts:
    return NewsFacts(
        bid=Price(100 * bid),
        ask=Price(100 * ask),
        before=before,
        stories=stories or (STRONG,),
        minutes_left=1_440.0,
        release_minutes=release,
    )


def contracts(found: NewsVerdict) -> int:
    assert found.belief is not None
    assert found.cost is not None
    belief = found.belief
    count = kelly_count(belief.probability, found.cost, WEALTH, error_sd=belief.error)
    return count // COUNT_SCALE


@pytest.mark.parametrize(
    ("seen", "cell", "action", "price", "count", "edge"),
    [
        (facts(50, 51), CELL, "TAKE_YES", 5_100, 372, 0.035029),
        (facts(53, 56), CELL, "POST_YES", 5_400, 194, 0.017522),
        (facts(59, 60, AGAINST, before=0.60), CELL, "TAKE_NO", 4_100, 457, 0.051021),
    ],
    ids=["fresh strong, market unmoved", "half moved -> post", "negative headline"],
)
def test_table_a_trades(
    seen: NewsFacts, cell: NewsCell, action: str, price: int, count: int, edge: float
) -> None:
    found = judge(seen, cell, RULES)
    assert (found.action, found.price, contracts(found)) == (action, price, count)
    assert found.edge == pytest.approx(edge, abs=5e-7)


@pytest.mark.parametrize(
    ("seen", "cell", "action", "code", "edge"),
    [
        (facts(56, 57), CELL, "NONE", "edge_below_cost", -0.024635),
        (facts(50, 51, WEAK), CELL, "NONE", "edge_below_cost", -0.035573),
        (facts(50, 51), UNPROVEN, "SHADOW", "cell_not_significant", None),
        (facts(50, 51, STALE), CELL, "NONE", "no_fresh_relevant_item", None),
        (facts(50, 51, release=5.0), CELL, "NONE", "scheduled_release", None),
        (facts(47, 54), CELL, "NONE", "spread", None),
    ],
    ids=[
        "market already moved",
        "weak score",
        "cell t=2.1",
        "stale item",
        "CPI in 5 min",
        "wide book",
    ],
)
def test_table_a_leaves_alone(
    seen: NewsFacts, cell: NewsCell, action: str, code: str, edge: float | None
) -> None:
    found = judge(seen, cell, RULES)
    assert (found.action, found.code) == (action, code)
    assert (found.price, found.trades) == (None, False)
    if edge is not None:
        assert found.edge == pytest.approx(edge, abs=5e-7)


CLOSE = msgspec.structs.replace(facts(3, 4), minutes_left=14.0)


@pytest.mark.parametrize(
    ("seen", "code"),
    [
        (msgspec.structs.replace(facts(1, 7), minutes_left=1.0), "spread"),
        (CLOSE, "price_band"),
        (msgspec.structs.replace(facts(96, 97)), "price_band"),
        (msgspec.structs.replace(CLOSE, bid=Price(5_000), ask=Price(5_100)), "near_close"),
        (
            msgspec.structs.replace(facts(50, 51, STALE, release=9.9), before=0.5),
            "scheduled_release",
        ),
        (facts(50, 51, STALE, release=10.0), "no_fresh_relevant_item"),
        (facts(50, 51, STALE, release=-1.0), "no_fresh_relevant_item"),
        (facts(50, 51, STRONG, msgspec.structs.replace(STRONG, score=-0.6)), "contradictory"),
        (
            facts(20, 21, msgspec.structs.replace(STRONG, score=0.59, confidence=1.0)),
            "weak_sentiment",
        ),
    ],
)
def test_the_other_rows_in_their_order(seen: NewsFacts, code: str) -> None:
    found = judge(seen, CELL, RULES)
    assert (found.action, found.code) == (NewsAction.NONE, code)
    assert found.seen
    assert found.needed


def test_an_unproven_cell_is_named_before_anything_else() -> None:
    for seen in (facts(47, 54), CLOSE, facts(50, 51, STALE)):
        found = judge(seen, UNPROVEN, RULES)
        assert (found.action, found.code) == (NewsAction.SHADOW, "cell_not_significant")
        assert (found.seen, found.needed) == ("2.1", "3 (t)")
    assert judge(facts(50, 51), UNPROVEN, RULES, ignores_proof=True).action is NewsAction.TAKE_YES


def test_a_stricter_rule_only_refuses() -> None:
    for change in (
        {"margin": 0.04},
        {"z": 4.0},
        {"min_sentiment": 0.9},
        {"cap": 0.05},
        {"spread_max": Price(50)},
        {"max_age": 1.0},
    ):
        strict = msgspec.structs.replace(RULES, **change)  # type: ignore[arg-type]
        assert judge(facts(50, 51), CELL, strict).action is NewsAction.NONE


def test_what_a_negative_effect_says_is_turned_round() -> None:
    turned = msgspec.structs.replace(CELL, kappa=-0.5)
    found = judge(facts(49, 50), turned, RULES)
    assert (found.action, found.price) == (NewsAction.TAKE_NO, 5_100)


@pytest.mark.parametrize(
    ("probability", "bid", "ask", "outcome"),
    [
        (0.4824, 5_000, 5_100, Outcome.YES),
        (0.4826, 5_000, 5_100, None),
        (0.5174, 4_900, 5_000, None),
        (0.5176, 4_900, 5_000, Outcome.NO),
        (0.01, 0, 100, None),
    ],
)
def test_a_position_is_given_up_below_its_bid_less_the_fee(
    probability: float, bid: int, ask: int, outcome: Outcome | None
) -> None:
    assert given_up(Posterior(probability, 0.0, 0.0), Price(bid), Price(ask)) == outcome


@given(
    st.integers(100, 9_800),
    st.integers(1, 5),
    st.floats(0.02, 0.98),
    st.floats(-1.0, 1.0),
    st.floats(-1.0, 2.0),
    st.sampled_from([1, 10, 100]),
    st.sampled_from([0.0, 0.0175]),
)
def test_an_order_always_pays_its_costs_and_stays_on_its_side_of_the_book(
    bid: int, width: int, before: float, score: float, kappa: float, tick: int, maker: float
) -> None:
    grid = uniform_grid(Price(tick))
    low = grid.floor(Price(bid))
    high = Price(min(low + 100 * width, 9_900))
    if high <= low:
        return
    seen = NewsFacts(
        bid=low,
        ask=high,
        before=before,
        stories=(Signal(score=score, age=1.0),),
        grid=grid,
        maker_rate=maker,
    )
    rules = msgspec.structs.replace(RULES, min_sentiment=0.0)
    found = judge(seen, msgspec.structs.replace(CELL, kappa=kappa), rules)
    if not found.trades:
        assert found.code
        return
    assert found.price is not None
    assert found.edge is not None
    assert found.belief is not None
    assert found.edge >= rules.margin - 1e-6
    assert math.isclose(found.belief.lower_bound() - found.edge + rules.margin, found.cost or 0.0)
    is_yes = found.action in (NewsAction.TAKE_YES, NewsAction.POST_YES)
    yes = found.price if is_yes else 10_000 - found.price
    assert grid.is_valid(Price(yes))
    if found.action in (NewsAction.TAKE_YES, NewsAction.TAKE_NO):
        assert yes == (high if is_yes else low)
    else:
        assert low <= yes <= high
        assert yes != (high if is_yes else low)
        assert abs(yes - (low if is_yes else high)) <= 300
    assert is_yes == (kappa * score >= 0.0)
