"""Collects the effects of one step and numbers the events that faces will see."""

from __future__ import annotations

from kalshi_desk.desk.frames import DeskEvent, EventKind, Level
from kalshi_desk.engine.effects import Effect, Notify


class Outbox:
    """The effects asked for so far in this step, in order."""

    def __init__(self, next_event_seq: int) -> None:
        self.effects: list[Effect] = []
        self._next_seq = next_event_seq

    def do(self, effect: Effect) -> None:
        """Ask for an effect."""
        self.effects.append(effect)

    def say(
        self,
        at_ns: int,
        kind: EventKind,
        level: Level,
        title: str,
        text: str = "",
        ticker: str = "",
    ) -> None:
        """Tell every face something that happened once."""
        event = DeskEvent(
            seq=self._next_seq,
            at_ns=at_ns,
            kind=kind,
            level=level,
            title=title,
            text=text,
            ticker=ticker,
        )
        self._next_seq += 1
        self.do(Notify(event))

    def take(self) -> list[Effect]:
        """Return what was asked for and begin anew."""
        taken, self.effects = self.effects, []
        return taken
