"""The clock of the engine: the wall's."""

from __future__ import annotations

import time


class WallClock:
    """Real time."""

    def now_ns(self) -> int:
        """Return nanoseconds since the epoch."""
        return time.time_ns()
