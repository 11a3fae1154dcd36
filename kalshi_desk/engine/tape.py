"""What the lines of a recording mean: listings, the engine's own events, and what it decided."""

from __future__ import annotations

import msgspec

from kalshi_desk.core.events import MarketsListed
from kalshi_desk.core.records import Event, Market
from kalshi_desk.core.strategy import Observation
from kalshi_desk.engine.recorder import KeptEvent
from kalshi_desk.store.recording import RecordedMeta


class _Listed(msgspec.Struct):
    markets: tuple[Market, ...] = ()
    events: tuple[Event, ...] = ()


def kept_event(record: RecordedMeta) -> KeptEvent | None:
    """Return the event of an ``event`` line; None when this version can't read it."""
    try:
        event: KeptEvent = msgspec.convert(record.content.get("event"), KeptEvent)
    except msgspec.ValidationError:
        return None
    return event


def listing(record: RecordedMeta) -> MarketsListed | None:
    """Return the markets of a ``markets`` line; None when this version can't read it."""
    try:
        listed = msgspec.convert(record.content, _Listed)
    except msgspec.ValidationError:
        return None
    return MarketsListed(listed.markets, listed.events)


def observed(record: RecordedMeta) -> Observation | None:
    """Return what an ``observation`` line holds; None when this version can't read it."""
    try:
        return msgspec.convert(record.content.get("observation"), Observation)
    except msgspec.ValidationError:
        return None


def implied(record: RecordedMeta) -> tuple[tuple[str, str], ...]:
    """Return the relations that people had confirmed when a ``cycle`` line was written."""
    try:
        found = record.content.get("implications", ())
        return msgspec.convert(found, tuple[tuple[str, str], ...])
    except msgspec.ValidationError:
        return ()


def when(record: RecordedMeta) -> int:
    """Return the time of a line about the engine in nanoseconds, 0 where it has none."""
    moment = record.content.get("recv_ns", 0)
    return moment if isinstance(moment, int) else 0
