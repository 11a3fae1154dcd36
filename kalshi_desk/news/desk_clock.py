"""The desk's clock inside the worker: as the engine last said it, and carried on."""

from __future__ import annotations

import time
from collections.abc import Callable


class DeskClock:
    """Tells the engine's time, which may run faster than the wall's."""

    def __init__(self, real_ns: Callable[[], int] = time.monotonic_ns) -> None:
        self._real_ns = real_ns
        self._said_ns = time.time_ns()
        self._at_ns = real_ns()
        self.speed = 1.0

    def set(self, now_ns: int, speed: float) -> None:
        """Take the engine's word."""
        self._said_ns, self._at_ns, self.speed = now_ns, self._real_ns(), speed

    def now_ns(self) -> int:
        """Return nanoseconds since the epoch as the desk counts them."""
        return self._said_ns + int((self._real_ns() - self._at_ns) * self.speed)
