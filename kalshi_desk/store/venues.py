"""Where this home has traded: the venue of its last engine, and what its journals say."""

from __future__ import annotations

import sqlite3

import msgspec

from kalshi_desk.core.errors import DeskError
from kalshi_desk.store.files import write_whole
from kalshi_desk.store.journal import Journal
from kalshi_desk.store.paths import Home

TRADED = ("live", "demo", "practice", "paper")
"""The venues that take orders, those with the most at stake first."""


class LastVenue(msgspec.Struct, frozen=True, kw_only=True):
    """The venue that the last engine of a home traded on."""

    venue: str


def remember_venue(home: Home, venue: str) -> None:
    """Keep the venue of an engine that starts, for when it is gone; raises ``Stop``."""
    write_whole(home.last_venue_path, msgspec.json.encode(LastVenue(venue=venue)))


def last_venue(home: Home) -> str | None:
    """Return the venue that the last engine traded on, None when it is not known."""
    try:
        venue = msgspec.json.decode(home.last_venue_path.read_bytes(), type=LastVenue).venue
    except (OSError, msgspec.MsgspecError):
        return None
    return venue if venue in TRADED else None


def journaled_venues(home: Home) -> list[str]:
    """Return the venues that have a journal."""
    return [venue for venue in TRADED if home.journal_path(venue).exists()]


def venues_with_open_orders(home: Home) -> list[str]:
    """Return the venues whose journal holds orders that may still trade.

    A journal that can't be read proves nothing, so that its venue is among them.
    """
    return [venue for venue in journaled_venues(home) if _may_have_open_orders(home, venue)]


def _may_have_open_orders(home: Home, venue: str) -> bool:
    try:
        journal = Journal(home.journal_path(venue), durable=False)
        try:
            return bool(journal.orders(only_open=True) or journal.open_intents())
        finally:
            journal.close()
    except (DeskError, OSError, ValueError, sqlite3.Error, msgspec.MsgspecError):
        return True
