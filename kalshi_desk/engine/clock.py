"""The clocks of the engine: the wall, and a scaled clock shared by all processes."""

from __future__ import annotations

import time


class WallClock:
    """Real time."""

    speed: float = 1.0

    def now_ns(self) -> int:
        """Return nanoseconds since the epoch."""
        return time.time_ns()


class ScaledClock:
    """Time that began at ``origin_ns`` and runs ``speed`` times as fast as the wall.

    At speed 1 with the wall's own origin it is the wall clock.
    """

    def __init__(self, origin_ns: int, speed: float) -> None:
        if speed <= 0:
            raise ValueError("the speed of a clock must be above zero")
        self.speed = speed
        self._origin_ns = origin_ns
        self._started_ns = time.monotonic_ns()

    def now_ns(self) -> int:
        """Return nanoseconds since the epoch, as this clock has it."""
        return self._origin_ns + int((time.monotonic_ns() - self._started_ns) * self.speed)
