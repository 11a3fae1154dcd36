"""A token bucket: so many calls at once, and so many a second in the long run."""

from __future__ import annotations

import math
from collections.abc import Callable


class Bucket:
    """Holds at most ``burst`` calls and gains ``rate`` a second of ``clock``, seconds."""

    def __init__(self, rate: float, burst: int, clock: Callable[[], float]) -> None:
        self._rate = rate
        self._burst = float(burst)
        self._clock = clock
        self._left = float(burst)
        self._seen_s = clock()

    def wait_s(self) -> int:
        """Take one call; return 0 when it may go on, else whole seconds to wait before."""
        now_s = self._clock()
        gained = max(0.0, now_s - self._seen_s) * self._rate
        self._left, self._seen_s = min(self._burst, self._left + gained), now_s
        if self._left >= 1.0:
            self._left -= 1.0
            return 0
        return max(1, math.ceil((1.0 - self._left) / self._rate))
