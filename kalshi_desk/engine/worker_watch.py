"""Tells whether a look of the strategy worker is over its time: of the processor, not the wall.

On a busy machine the worker, which gives way to everything else, may wait for long without
doing anything wrong; what stands still for ever is ended all the same.
"""

from __future__ import annotations

import contextlib
import time

DEADLINE_S = 1.0
"""Processor time that a look may take."""
PATIENCE_S = 10.0
"""Wall time that a look may take."""
LEAST_WAIT_S = 0.05


class WorkerWatch:
    """Measures one process from the moment of each question."""

    def __init__(self, deadline_s: float = DEADLINE_S, patience_s: float = PATIENCE_S) -> None:
        self.deadline_s = deadline_s
        self.patience_s = max(patience_s, deadline_s)
        self._pid = 0
        self._began_s = 0.0
        self._used_before_s: float | None = None

    def begin(self, pid: int) -> None:
        """Begin to count for a process."""
        self._pid, self._began_s = pid, time.monotonic()
        self._used_before_s = _processor_s(pid)

    def seconds_left(self) -> float:
        """Return how long to wait before looking again, 0 when the look is over its time."""
        waited_s = time.monotonic() - self._began_s
        now_s = _processor_s(self._pid)
        if now_s is None or self._used_before_s is None or waited_s >= self.patience_s:
            return 0.0
        left_s = self.deadline_s - (now_s - self._used_before_s)
        return max(left_s, LEAST_WAIT_S) if left_s > 0.0 else 0.0

    def why(self) -> str:
        """Say which of the two limits was passed."""
        waited_s = time.monotonic() - self._began_s
        if self.deadline_s < self.patience_s <= waited_s:
            return f"it did not answer within {self.patience_s:g} s"
        return f"it took longer than {self.deadline_s:g} s"


def _processor_s(pid: int) -> float | None:
    """Return the processor time of a process so far, None when nobody can tell."""
    import psutil

    with contextlib.suppress(psutil.Error, OSError):
        times = psutil.Process(pid).cpu_times()
        return float(times.user + times.system)
    return None
