"""What the engine counts of itself: refusals of the gate, reconnects, and its loop's lag."""

from __future__ import annotations

import asyncio
import time

import pytest

from kalshi_desk.core.events import ConnectionChanged, LinkState
from kalshi_desk.desk.service_frames import HealthRow
from kalshi_desk.engine.core import TradingCore
from kalshi_desk.engine.health import WINDOW_S, LoopWatch
from kalshi_desk.engine.main import _beside as beside
from kalshi_desk.engine.state import CoreSettings
from kalshi_desk.engine.topics import build
from tests.engine.test_core import Bench


def health(core: TradingCore) -> HealthRow:
    rows = build(core.state, "health")
    assert rows is not None
    row = rows[""]
    assert isinstance(row, HealthRow)
    return row


def test_refusals_of_the_gate_are_counted_by_their_code() -> None:
    bench = Bench()
    assert health(bench.core).refusals == {}
    bench.buy("1000000", name="a")
    bench.buy("1000000", name="b")
    counted = health(bench.core).refusals
    assert counted["bad_size"] == 2
    bench.buy("1", name="c")
    assert health(bench.core).refusals == counted


def test_reconnects_are_counted_and_the_first_connection_is_none() -> None:
    core = TradingCore(CoreSettings())
    assert health(core).reconnects == 0
    for number, state in enumerate(
        [LinkState.LIVE, LinkState.LIVE, LinkState.LOST, LinkState.LIVE, LinkState.LOST]
    ):
        core.step(ConnectionChanged(state), number)
    assert health(core).reconnects == 1


def test_the_worst_lag_of_a_minute_is_kept_and_then_forgotten() -> None:
    core = TradingCore(CoreSettings())
    watch = LoopWatch(core.state)
    assert health(core).worst_loop_lag_ms is None
    for at_s, lag_s in ((0.0, 0.001), (1.0, 0.5), (2.0, 0.002), (3.0, 0.1)):
        watch.add(at_s, lag_s)
    assert (health(core).loop_lag_ms, health(core).worst_loop_lag_ms) == (100.0, 500.0)
    watch.add(1.0 + WINDOW_S + 0.1, 0.003)
    assert health(core).worst_loop_lag_ms == 100.0
    watch.add(3.0 + WINDOW_S + 0.1, 0.001)
    assert health(core).worst_loop_lag_ms == 3.0


async def test_a_loop_that_is_held_up_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kalshi_desk.engine.health.LOOK_S", 0.01)
    core = TradingCore(CoreSettings())
    task = asyncio.create_task(LoopWatch(core.state).run())
    await asyncio.sleep(0.03)
    time.sleep(0.1)  # noqa: ASYNC251
    while (health(core).worst_loop_lag_ms or 0.0) < 50:
        await asyncio.sleep(0.01)
    task.cancel()


async def test_work_beside_the_trading_that_ends_by_a_fault_is_written_down(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def work() -> None:
        raise KeyError("gone")

    task = beside("the news", work())
    await asyncio.wait({task})
    await asyncio.sleep(0)
    assert "the news ended by a fault" in caplog.text
    assert "KeyError" in caplog.text
    forever = beside("the guests", asyncio.sleep(99))
    forever.cancel()
    await asyncio.wait({forever})
    await asyncio.sleep(0)
    assert "the guests" not in caplog.text
