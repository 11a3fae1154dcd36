"""The one beat of the screen: asks for news only when the last news is on the glass.

Measured: a terminal that stops reading blocks Textual's event loop once its writer has
30 writes queued; a beat that skips while more than three wait never gets that far.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

MAX_QUEUED_WRITES = 3
SLOW_FRAME_S = 0.040
MAX_DIVIDER = 8
_QUICK_FRAMES_TO_RECOVER = 8
_BEHIND_DIVIDER = 4


def writer_backlog(driver: Any) -> int:
    """Return how many writes wait for the terminal; 0 when Textual hides it from us.

    The queue is a private attribute of Textual, read nowhere else; a test fails when a
    new version moves it.
    """
    thread = getattr(driver, "_writer_thread", None)
    queue = getattr(thread, "_queue", None)
    try:
        return int(queue.qsize()) if queue is not None else 0
    except (AttributeError, TypeError, ValueError, NotImplementedError):
        return 0


class FramePump:
    """Decides on every beat whether to ask for the next frame.

    ``tick`` is called by the app's only interval, ``asked`` and ``drawn`` around a frame.
    """

    def __init__(self, backlog: Callable[[], int], clock_s: Callable[[], float]) -> None:
        self._backlog = backlog
        self._clock_s = clock_s
        self._ticks = 0
        self._quick = 0
        self._began_s: float | None = None
        self._in_flight = False
        self.divider = 1
        self.skipped = 0
        self.frames = 0

    @property
    def is_behind(self) -> bool:
        """Whether the screen shows news later than it would like to."""
        return self.divider >= _BEHIND_DIVIDER or self._backlog() > MAX_QUEUED_WRITES

    def tick(self) -> bool:
        """Return whether to ask for a frame on this beat."""
        self._ticks += 1
        if self._backlog() > MAX_QUEUED_WRITES:
            self.skipped += 1
            return False
        return not self._in_flight and self._ticks % self.divider == 0

    def asked(self) -> None:
        """Note that a frame was asked for: no second one until it is drawn."""
        self._in_flight = True

    def began(self) -> None:
        """Note that a frame has come and is being drawn."""
        self._began_s = self._clock_s()

    def drawn(self) -> None:
        """Note that the frame is on the glass and adapt the rate to what it cost."""
        self._in_flight = False
        self.frames += 1
        if self._began_s is None:
            return
        took_s = self._clock_s() - self._began_s
        self._began_s = None
        if took_s > SLOW_FRAME_S:
            self.divider = min(self.divider * 2, MAX_DIVIDER)
            self._quick = 0
            return
        self._quick += 1
        if self._quick >= _QUICK_FRAMES_TO_RECOVER and self.divider > 1:
            self.divider //= 2
            self._quick = 0

    def hurry(self) -> None:
        """Ask on the very next beat: a person waits for what a key did."""
        self._ticks = -1

    def lost(self) -> None:
        """Note that the frame asked for will not come."""
        self._in_flight = False
        self._began_s = None
