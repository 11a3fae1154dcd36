"""Correlations people look at: estimated in slices, shrunk, with intervals and a flag."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from kalshi_desk.core.events import MarketsListed, MarketStatusChanged
from kalshi_desk.core.types import Count, MarketStatus
from kalshi_desk.desk.service_frames import CorrelationRow
from kalshi_desk.engine.correlation_view import CorrelationView
from kalshi_desk.engine.state import CoreSettings, CoreState
from kalshi_desk.engine.topics import build
from kalshi_desk.market.bars import MarketBars
from tests.strategies.views import NOW, hours, snapshot


def desk(closes: dict[str, list[int]], **fields: object) -> CoreState:
    state = CoreState(CoreSettings())
    for name, line in closes.items():
        market = msgspec.structs.replace(snapshot(name, 1, 2).market, **fields)  # type: ignore[arg-type]
        state.markets.apply(MarketsListed((market,)), NOW)
        state.markets.by_ticker[name].bars.put_before(hours(line), NOW)
    state.now_ns = NOW
    return state


def shown_after(view: CorrelationView, state: CoreState, *seconds: float) -> set[str]:
    for after_s in seconds:
        state.now_ns = NOW + round(after_s * 1e9)
        view.beat()
    return set(build(state, "correlations") or {})


def test_what_has_ended_is_left_out_however_much_it_was_traded() -> None:
    rng = np.random.default_rng(3)
    lines = {name: (5_000 + rng.integers(-500, 500, 90)).tolist() for name in "ABC"}
    state = desk(lines)
    ended = state.markets.by_ticker["A"]
    ended.volume = Count(10**9)
    state.markets.apply(MarketStatusChanged("A", MarketStatus.FINALIZED, result="yes"), NOW)
    assert shown_after(CorrelationView(state), state, 0, 0.2, 0.4) == {"B C"}


def test_while_there_are_no_hours_it_looks_once_a_minute_and_makes_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    state = desk({"A": [5_000] * 10, "B": [5_000] * 10})
    made: list[int] = []
    monkeypatch.setattr(MarketBars, "shown", lambda bars, now_ns: made.append(now_ns))
    looked: list[int] = []
    count = MarketBars.hours
    monkeypatch.setattr(
        MarketBars, "hours", lambda bars, now_ns: (looked.append(now_ns), count(bars, now_ns))[1]
    )
    view = CorrelationView(state)
    assert shown_after(view, state, 0, 0.2, 0.4, 59.0) == set()
    assert (made, len(looked)) == ([], 2)
    shown_after(view, state, 61.0)
    assert len(looked) == 4


def test_markets_that_move_together_are_flagged_and_strangers_are_not() -> None:
    rng = np.random.default_rng(2)
    steps = rng.normal(0, 0.1, (3, 90))
    steps[1] = steps[0] + rng.normal(0, 0.03, 90)
    closes = np.round(10_000 / (1 + np.exp(-steps.cumsum(axis=1)))).astype(int)
    state = CoreState(CoreSettings())
    markets = [
        msgspec.structs.replace(snapshot(name, 1, 2).market, category=kind)
        for name, kind in (("A", "X"), ("B", "X"), ("C", "Y"))
    ]
    state.markets.apply(MarketsListed(tuple(markets)), NOW)
    for name, line in zip("ABC", closes.tolist(), strict=True):
        state.markets.by_ticker[name].bars.put_before(hours(line), NOW)
    state.now_ns = NOW
    view = CorrelationView(state)
    for _ in range(3):
        view.beat()
    rows = build(state, "correlations") or {}
    assert set(rows) == {"A B", "A C", "B C"}
    together, apart = rows["A B"], rows["A C"]
    assert isinstance(together, CorrelationRow)
    assert isinstance(apart, CorrelationRow)
    assert together.is_found
    assert together.low < together.estimate < together.high
    assert abs(together.shrunk - (together.estimate + 0.3) / 2) < 1e-12
    assert abs(apart.shrunk - (apart.estimate + 0.1) / 2) < 1e-12
    assert not apart.is_found
