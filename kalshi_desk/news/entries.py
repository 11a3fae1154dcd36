"""What stands in a feed, before it is known whether it is new."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

SECOND_NS = 1_000_000_000
MOST_ENTRIES = 300
"""Entries of one answer that are looked at, as the publisher orders them."""
_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC).timestamp()
_LATEST = datetime(2100, 1, 1, tzinfo=UTC).timestamp()


class UnreadableFeed(Exception):
    """An answer that holds no feed; its text says so to a person."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry in plain words; ``published_ns`` is the source's claim, 0 for none.

    ``key`` is what the source calls it by, as far as it does: its guid, else its link where
    that is its own.
    """

    key: str
    title: str
    summary: str = ""
    link: str = ""
    published_ns: int = 0


def claimed_ns(seconds: float) -> int:
    """Return seconds since the epoch in nanoseconds, 0 for a time that can't be meant."""
    return int(seconds) * SECOND_NS if _EARLIEST <= seconds <= _LATEST else 0


def with_own_keys(entries: list[Entry]) -> list[Entry]:
    """Return each entry once, under a key that no other entry of the answer has.

    A link or guid that several different entries share, such as that of the home page, says
    nothing; then the words tell them apart, and new words are a new entry.
    """
    words: dict[str, set[tuple[str, str]]] = {}
    for entry in entries:
        words.setdefault(entry.key, set()).add((entry.title, entry.summary))
    found: dict[str, Entry] = {}
    for entry in entries:
        if not entry.key or len(words[entry.key]) > 1:
            key = "\n".join((entry.key, entry.title, entry.summary))
            entry = msgspec.structs.replace(entry, key=key)
        found.setdefault(entry.key, entry)
    return list(found.values())
