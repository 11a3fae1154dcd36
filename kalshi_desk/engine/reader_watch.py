"""Tells people when news stops being read, when it goes on, and when it keeps stopping."""

from __future__ import annotations

from kalshi_desk.core.news import ReaderReport, ReaderState
from kalshi_desk.desk.frames import EventKind, Level
from kalshi_desk.engine.outbox import Outbox
from kalshi_desk.engine.state import CoreState

GIVE_UP = 5
"""After so many ends in a row nobody is told of each: it is tried only now and then."""
_MEANWHILE = "Until then no news is read, and the strategy news does nothing."


class ReaderWatch:
    """Says each change once; a reader that keeps ending is back only when it has lived a while."""

    def __init__(self, state: CoreState, outbox: Outbox) -> None:
        self._state = state
        self._outbox = outbox
        self._is_lost = False

    def moved(self, before: ReaderReport | None, now: ReaderReport | None) -> None:
        """Tell what has changed between two reports."""
        if now is None:
            return
        self._model(before, now)
        if now.state is ReaderState.OFF:
            self._is_lost = False
        elif now.state is ReaderState.DOWN:
            was_down = before is not None and before.state is ReaderState.DOWN
            ends_before = before.ends if before is not None else 0
            if not was_down or now.ends > ends_before:
                self._lost(now)
        elif now.is_reading and self._is_lost and now.ends < GIVE_UP:
            self._is_lost = False
            self._say(Level.GOOD, "News is read again", "")

    def _model(self, before: ReaderReport | None, now: ReaderReport) -> None:
        fault_before = "" if before is None else before.model_fault
        if now.model_fault and now.model_fault != fault_before:
            self._say(Level.WARNING, "The trained classifier is not used", now.model_fault)
        if before is not None and before.model and now.model != before.model:
            self._say(Level.INFO, f"News is scored by {now.model}", "")

    def _lost(self, reader: ReaderReport) -> None:
        text = f"{reader.text[:1].upper()}{reader.text[1:]}. {_MEANWHILE}"
        if reader.ends < GIVE_UP:
            self._say(Level.WARNING, "News is no longer read", text)
        elif reader.ends == GIVE_UP:
            self._say(Level.ERROR, "The reader of news keeps ending", text)
        self._is_lost = True

    def _say(self, level: Level, title: str, text: str) -> None:
        self._outbox.say(self._state.now_ns, EventKind.SYSTEM, level, title, text)
