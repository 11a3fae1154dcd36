"""Correlations people look at: estimated in slices, shrunk, with intervals and a flag."""

from __future__ import annotations

import msgspec
import numpy as np

from kalshi_desk.core.events import MarketsListed
from kalshi_desk.desk.service_frames import CorrelationRow
from kalshi_desk.engine.correlation_view import CorrelationView
from kalshi_desk.engine.state import CoreSettings, CoreState
from kalshi_desk.engine.topics import build
from tests.strategies.views import NOW, hours, snapshot


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
