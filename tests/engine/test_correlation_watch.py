"""The gate's correlation: estimated from hours that two events lived through together."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_desk.core.events import BarsKnown, MarketsListed
from kalshi_desk.core.records import Fill, Market
from kalshi_desk.core.strategy import Bar
from kalshi_desk.core.types import BookSide, Count, Money, Price
from kalshi_desk.engine.correlation_watch import (
    EVENTS_A_BEAT,
    HALF_LIFE_HOURS,
    HOUR_NS,
    CorrelationWatch,
    correlations,
)
from kalshi_desk.engine.state import CoreSettings, CoreState
from kalshi_desk.quant.correlation import co_movement, ewma_correlations

HOURS = 60


def walk(seed: int, *, follows: list[int] | None = None) -> list[int]:
    """Return hourly prices of a walk, or of one that makes the same steps as another."""
    chance = random.Random(seed)
    prices = [5_000]
    for number in range(HOURS):
        step = chance.choice((-100, 0, 100))
        if follows is not None:
            step = follows[number + 1] - follows[number]
        prices.append(min(9_000, max(1_000, prices[-1] + step)))
    return prices


def bars(prices: list[int]) -> tuple[Bar, ...]:
    return tuple(
        Bar(start_ns=n * HOUR_NS, open=Price(p), high=Price(p), low=Price(p), close=Price(p))
        for n, p in enumerate(prices)
    )


def bought(ticker: str, at_ns: int) -> Fill:
    return Fill(
        trade_id="t",
        order_id="o",
        ticker=ticker,
        side=BookSide.BID,
        price=Price(5_000),
        count=Count(1_000),
        fee=Money(0),
        is_taker=True,
        executed_ns=at_ns,
    )


def line(prices: list[int]) -> list[float]:
    return [price / 10_000 for price in prices]


def test_what_moves_together_is_found_and_what_does_not_is_not() -> None:
    first = walk(1)
    lines = {
        "SAME": line(first),
        "TWIN": line(walk(0, follows=first)),
        "OPPOSITE": line([10_000 - price for price in first]),
        "OTHER": line(walk(2)),
        "STILL": line([5_000] * (HOURS + 1)),
    }
    found = correlations(lines, {"SAME"})
    assert found[frozenset(("SAME", "TWIN"))] == pytest.approx(1.0, abs=0.01)
    assert found[frozenset(("SAME", "OPPOSITE"))] == pytest.approx(1.0, abs=0.01)
    assert found[frozenset(("SAME", "OTHER"))] < 0.5
    assert all("SAME" in pair and "STILL" not in pair for pair in found)


def test_without_two_lines_there_is_nothing_to_say() -> None:
    assert correlations({}, {"A"}) == {}
    assert correlations({"A": line(walk(1))}, {"A"}) == {}
    assert correlations({"A": line(walk(1)), "B": line(walk(2))}, {"C"}) == {}


@given(seeds=st.lists(st.integers(0, 10**6), min_size=2, max_size=6))
def test_some_rows_are_those_of_the_whole_matrix(seeds: list[int]) -> None:
    prices = np.array([line(walk(seed)) for seed in seeds])
    changes = np.diff(np.log(prices / (1 - prices)), axis=1).T
    whole = np.abs(ewma_correlations(changes, HALF_LIFE_HOURS))
    rows = list(range(0, len(seeds), 2))
    found = co_movement(prices, HALF_LIFE_HOURS, rows)
    moved = np.ptp(changes, axis=0) > 0.0
    assert found[:, moved] == pytest.approx(whole[np.ix_(rows, moved)], abs=1e-9, nan_ok=True)


def test_many_events_take_several_beats_and_the_old_estimate_stands_meanwhile() -> None:
    state = CoreState(CoreSettings())
    state.now_ns = HOURS * HOUR_NS + HOUR_NS
    names = [f"E{n}" for n in range(EVENTS_A_BEAT + 1)]
    listed = tuple(Market(ticker=f"{event}-1", event_ticker=event) for event in names)
    state.markets.apply(MarketsListed(listed), state.now_ns)
    for n, event in enumerate(names):
        state.markets.apply(BarsKnown(f"{event}-1", bars(walk(n))), state.now_ns)
    state.positions.book_fill(bought("E0-1", state.now_ns))
    state.exposures.refresh()
    before = {frozenset(("E0", "E1")): 0.5}
    state.exposures.correlations = before
    watch = CorrelationWatch(state)
    watch.beat()
    assert state.exposures.correlations is before
    watch.beat()
    assert set(state.exposures.correlations) == {frozenset(("E0", other)) for other in names[1:]}


def test_it_looks_once_an_hour_and_only_while_something_is_at_risk() -> None:
    state = CoreState(CoreSettings())
    state.now_ns = HOURS * HOUR_NS + HOUR_NS
    first = walk(1)
    listed = tuple(
        Market(ticker=f"{event}-1", event_ticker=event, series_ticker=event, category=event)
        for event in ("A", "B")
    )
    state.markets.apply(MarketsListed(listed), state.now_ns)
    for event, prices in (("A", first), ("B", walk(0, follows=first))):
        state.markets.apply(BarsKnown(f"{event}-1", bars(prices)), state.now_ns)
    watch = CorrelationWatch(state)
    watch.beat()
    assert state.exposures.correlations == {}

    state.positions.book_fill(bought("A-1", state.now_ns))
    state.exposures.refresh()
    watch.beat()
    pair = frozenset(("A", "B"))
    assert state.exposures.correlations[pair] == pytest.approx(1.0, abs=0.01)

    # Unrelated kinds of events: only the estimate can bring the limit of 0.7 into play.
    ((_, rho),) = state.exposures.kin_of("B", "B", "B")
    assert rho == pytest.approx(0.55, abs=0.02)

    state.exposures.correlations = {}
    watch.beat()
    assert state.exposures.correlations == {}
    state.now_ns += HOUR_NS
    watch.beat()
    assert pair in state.exposures.correlations
