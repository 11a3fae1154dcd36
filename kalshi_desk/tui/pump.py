"""The one beat of the screen: asks for news only when the last news is on the glass.

Measured: a terminal that stops reading blocks Textual's event loop once its writer has
30 writes queued; a beat that skips while more than three wait never gets that far.

What a frame may cost is a share of the time between two of them, so that keys find the loop
free; a costly frame halves the rate, and what is cheap at twice the rate doubles it again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kalshi_desk.tui.settings import LOCAL_HZ

MAX_QUEUED_WRITES = 3
MOST_OF_TIME = 0.32
"""The share of the time that drawing may take: 40 ms of a frame at eight a second."""
MAX_DIVIDER = 8
BEHIND_S, BEHIND_FRAMES = 0.75, 2.5
"""How old what is on the glass may be: so many seconds, or intervals where those are longer."""
_QUICK_FRAMES_TO_RECOVER = 8
_MARGIN = 0.8


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

    ``tick`` is called by the app's only interval of ``interval_s``, ``asked`` and ``drawn``
    around a frame.  All of it is real time, whatever clock the practice exchange has.
    """

    def __init__(
        self,
        backlog: Callable[[], int],
        clock_s: Callable[[], float],
        interval_s: float = 1 / LOCAL_HZ,
    ) -> None:
        self._backlog = backlog
        self._clock_s = clock_s
        self._ticks = 0
        self._quick = 0
        self._asked_s = 0.0
        self._began_s: float | None = None
        self._shown_s: float | None = None
        self.interval_s = interval_s
        self._in_flight = False
        self.divider = 1
        self.skipped = 0
        self.frames = 0

    def every(self, rate_hz: float) -> float:
        """Take the rate that a person chose; return the seconds between two beats, 0 for none."""
        if rate_hz <= 0:
            return 0.0
        self.interval_s = 1 / rate_hz
        return self.interval_s

    @property
    def is_behind(self) -> bool:
        """Whether what is on the glass is old, or waits for a terminal that does not read."""
        if self._backlog() > MAX_QUEUED_WRITES:
            return True
        if self._shown_s is None:
            return False
        most_s = max(BEHIND_S, BEHIND_FRAMES * self.interval_s)
        return self._clock_s() - self._shown_s > most_s

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
        self._asked_s = self._clock_s()

    def began(self) -> None:
        """Note that a frame has come and is being drawn."""
        self._began_s = self._clock_s()

    def drawn(self) -> None:
        """Note that the frame is on the glass and adapt the rate to what it cost."""
        self._in_flight = False
        self.frames += 1
        self._shown_s = self._asked_s
        if self._began_s is None:
            return
        took_s = self._clock_s() - self._began_s
        self._began_s = None
        allowed_s = MOST_OF_TIME * self.interval_s * self.divider
        if took_s > allowed_s:
            self.divider = min(self.divider * 2, MAX_DIVIDER)
            self._quick = 0
            return
        # At twice the rate there is half the time.
        self._quick = self._quick + 1 if took_s <= _MARGIN * allowed_s / 2 else 0
        if self._quick >= _QUICK_FRAMES_TO_RECOVER and self.divider > 1:
            self.divider //= 2
            self._quick = 0

    def hurry(self) -> None:
        """Ask on the very next beat: a person waits for what a key did."""
        self._ticks = -1

    def lost(self) -> None:
        """Note that the frame asked for will not come."""
        self._in_flight = False
        self._began_s = self._shown_s = None
