"""How the engine itself is doing: since when, what it refused, how late its loop runs.

Nothing here is decided on; it is shown, and the loop's lag is put in by the shell's clock.
"""

from __future__ import annotations

import asyncio
from collections import deque

from kalshi_desk.desk.frames import Row
from kalshi_desk.desk.service_frames import HealthRow
from kalshi_desk.engine.state import CoreState
from kalshi_desk.engine.topics import WHOLE

LOOK_S = 0.1
WINDOW_S = 60.0


class LoopWatch:
    """Measures how much later than asked the loop comes back."""

    def __init__(self, state: CoreState) -> None:
        self._state = state
        self._lags: deque[tuple[float, float]] = deque()

    async def run(self) -> None:
        """Measure until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            before = loop.time()
            await asyncio.sleep(LOOK_S)
            now = loop.time()
            self.add(now, max(0.0, now - before - LOOK_S))

    def add(self, now_s: float, lag_s: float) -> None:
        """Take one measured lag; the worst of the last minute is kept with it."""
        lags = self._lags
        # Only what may still become the worst is kept: each later one is smaller.
        while lags and lags[-1][1] <= lag_s:
            lags.pop()
        lags.append((now_s, lag_s))
        while lags[0][0] < now_s - WINDOW_S:
            lags.popleft()
        health = self._state.health
        health.lag_ms, health.worst_lag_ms = lag_s * 1_000, lags[0][1] * 1_000


def health_rows(state: CoreState, _rest: str = "") -> dict[str, Row]:
    """Build the topic ``health``."""
    health = state.health
    row = HealthRow(
        started_ns=health.started_ns,
        refusals=dict(health.refusals),
        reconnects=max(0, health.connects - 1),
        loop_lag_ms=health.lag_ms,
        worst_loop_lag_ms=health.worst_lag_ms,
    )
    return {"": row}


WHOLE["health"] = health_rows
