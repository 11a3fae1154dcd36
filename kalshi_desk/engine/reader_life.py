"""The life of the process that reads news, as the engine sees it from its end of the pipe."""

from __future__ import annotations

from datetime import UTC, datetime

from kalshi_desk.core.news import ReaderReport, ReaderState
from kalshi_desk.core.ports import Clock
from kalshi_desk.engine.reader_watch import GIVE_UP
from kalshi_desk.news.messages import UNTRAINED

FIRST_RESTART_S = 1.0
LAST_RESTART_S = 60.0
STEADY_S = 300.0
"""A reader that ran so long is started again as if nothing had happened before."""


class ReaderLife:
    """Knows since when news is read or not, and how long to wait before the next start."""

    def __init__(
        self,
        clock: Clock,
        *,
        first_restart_s: float = FIRST_RESTART_S,
        last_restart_s: float = LAST_RESTART_S,
    ) -> None:
        self._clock = clock
        self._first_restart_s = first_restart_s
        self._last_restart_s = last_restart_s
        self._state = ReaderState.OFF
        self._since_ns = clock.now_ns()
        self._text = ""
        self.ends = 0
        self.model = UNTRAINED
        self.model_fault = ""

    @property
    def report(self) -> ReaderReport:
        """Return it as faces and strategies see it."""
        return ReaderReport(
            state=self._state,
            since_ns=self._since_ns,
            ends=self.ends,
            text=self._text,
            model=self.model,
            model_fault=self.model_fault,
        )

    @property
    def why_not(self) -> str:
        """Return since when and why no news is read, empty while it is, or is not to be."""
        if self._state is not ReaderState.DOWN:
            return ""
        since = datetime.fromtimestamp(self._since_ns // 1_000_000_000, UTC)
        return f"not read since {since:%H:%M:%S} UTC: {self._text}"

    @property
    def is_reading(self) -> bool:
        """Whether news is read now."""
        return self._state is ReaderState.READING

    def off(self) -> None:
        """Nothing is to be read."""
        self._become(ReaderState.OFF, "no feed is switched on")
        self.ends = 0

    def starts(self) -> None:
        """News is to be read from now on; nothing new where it is, or where that has failed."""
        if self._state is ReaderState.OFF:
            self._become(ReaderState.STARTING, "the reader of news is starting")

    def reads(self) -> None:
        """It has told of its feeds: it reads."""
        self._become(ReaderState.READING, "")

    def hangs(self, why: str) -> None:
        """It is there and says nothing."""
        self._become(ReaderState.DOWN, why)

    def ended(self, why: str, lived_s: float) -> float:
        """It has ended by itself or by force; return how long to wait before the next start."""
        self.ends = 1 if lived_s > STEADY_S else self.ends + 1
        pause_s = self._last_restart_s
        if self.ends < GIVE_UP:
            pause_s = min(self._first_restart_s * 2 ** (self.ends - 1), pause_s)
        self._become(ReaderState.DOWN, f"{why}; it starts again in {pause_s:g} s")
        return pause_s

    def steady(self, lived_s: float) -> bool:
        """Forget earlier ends once it has lived long; return whether there was anything."""
        if not self.ends or lived_s <= STEADY_S or self._state is not ReaderState.READING:
            return False
        self.ends = 0
        return True

    def _become(self, state: ReaderState, text: str) -> None:
        # Starting and being down are both a time without news: it does not begin anew.
        silent = (ReaderState.STARTING, ReaderState.DOWN)
        if state is not self._state and not (state in silent and self._state in silent):
            self._since_ns = self._clock.now_ns()
        self._state, self._text = state, text
