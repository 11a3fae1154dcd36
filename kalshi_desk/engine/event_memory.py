"""The newest events in memory, the older ones in the journal, for faces that ask since a number."""

from __future__ import annotations

from collections import deque

from kalshi_desk.desk.frames import DeskEvent, EventKind, Level
from kalshi_desk.desk.protocol import MAX_EVENTS_PER_FRAME
from kalshi_desk.store.entries import EventEntry
from kalshi_desk.store.journal import Journal

KEPT_EVENTS = 2_000


class EventMemory:
    """Ordered events; ``last_seq`` is the number of the newest."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._events: deque[DeskEvent] = deque(maxlen=KEPT_EVENTS)
        self.last_seq = journal.last_event_seq()

    def add(self, event: DeskEvent) -> EventEntry:
        """Remember an event and return what the journal is to keep of it."""
        self._events.append(event)
        self.last_seq = event.seq
        return EventEntry(
            seq=event.seq,
            at_ns=event.at_ns,
            kind=event.kind.value,
            level=event.level.value,
            title=event.title,
            text=event.text,
            ticker=event.ticker,
        )

    def since(self, seq: int) -> tuple[DeskEvent, ...]:
        """Return the events after a number, oldest first, as many as a frame may hold."""
        if seq >= self.last_seq:
            return ()
        if self._events and self._events[0].seq <= seq + 1:
            found = [event for event in self._events if event.seq > seq]
            return tuple(found[:MAX_EVENTS_PER_FRAME])
        return tuple(
            DeskEvent(
                seq=entry.seq,
                at_ns=entry.at_ns,
                kind=EventKind(entry.kind),
                level=Level(entry.level),
                title=entry.title,
                text=entry.text,
                ticker=entry.ticker,
            )
            for entry in self._journal.events_since(seq, MAX_EVENTS_PER_FRAME)
        )
