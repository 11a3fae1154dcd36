"""A practice day at ten times the wall's speed: orders are believed, and a kill keeps the time."""

from __future__ import annotations

import time
from pathlib import Path

import httpx
import msgspec
import pytest

from kalshi_desk.engine.clock import ScaledClock
from tests.running_desk import running_desk, start_engine, wait_until

pytestmark = pytest.mark.long


def test_a_scaled_desk_trades_and_comes_back_after_a_kill(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text("[practice]\nspeed = 10\n")
    with running_desk(tmp_path) as desk:
        clock = msgspec.json.decode(desk.home.practice_clock_path.read_bytes(), type=ScaledClock)
        market = next(row for row in desk.shell("markets") if _is_dear(row))
        desk.shell("buy", market["ticker"], "yes", "3", "@", "1")
        before = [(row["ticker"], row["remaining"]) for row in desk.shell("orders")]
        assert before == [(market["ticker"], "3.00")]
        desk.kill()
        again = start_engine(tmp_path)
        desk.process, desk.ready = again.process, again.ready
        kept = msgspec.json.decode(desk.home.practice_clock_path.read_bytes(), type=ScaledClock)
        assert kept == clock
        wait_until(lambda: [(r["ticker"], r["remaining"]) for r in desk.shell("orders")] == before)
        address = desk.exchange["address"]["admin"]
        shown_ns = httpx.get(f"{address}/health", timeout=10).json()["now_ms"] * 1_000_000
        assert abs(shown_ns - clock.now_ns()) < 5_000_000_000
        assert shown_ns > time.time_ns()


def _is_dear(row: dict[str, str]) -> bool:
    return row["yes_bid"] is not None and float(row["yes_bid"]) > 0.2
