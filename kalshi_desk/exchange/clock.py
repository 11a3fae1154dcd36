"""The exchange's scaled clock: an origin, a speed, and jumps that only the administrator makes."""

from __future__ import annotations

import time
from collections.abc import Callable


class Clock:
    """Maps real elapsed time to exchange time.

    ``signing_ns`` leaves administrator jumps out, so that members who sign with the same
    origin and speed are still believed after one.  ``anchor_ns`` is the real time at which
    it shows its origin, now when left out.
    """

    def __init__(
        self,
        origin_ns: int,
        speed: float = 1.0,
        real_ns: Callable[[], int] = time.monotonic_ns,
        anchor_ns: int | None = None,
    ) -> None:
        self._origin_ns = origin_ns
        self._speed = speed
        self._real_ns = real_ns
        self._anchor_ns = real_ns() if anchor_ns is None else anchor_ns
        self.advanced_ns = 0

    @property
    def speed(self) -> float:
        """Exchange seconds per real second."""
        return self._speed

    def signing_ns(self) -> int:
        """Return the time that signatures are checked against."""
        elapsed = self._real_ns() - self._anchor_ns
        return self._origin_ns + int(elapsed * self._speed)

    def now_ns(self) -> int:
        """Return the exchange's time, jumps included."""
        return self.signing_ns() + self.advanced_ns

    def advance(self, seconds: float) -> None:
        """Jump forward."""
        self.advanced_ns += int(seconds * 1_000_000_000)
