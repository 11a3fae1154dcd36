"""News as rows of the journal: an item under a known id replaces what was known of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

import msgspec

from kalshi_desk.core.news import NewsItem

Rows = Callable[[str, tuple[object, ...]], list[Any]]
_decode = msgspec.msgpack.Decoder(NewsItem).decode


def put_news(database: sqlite3.Connection, item: NewsItem) -> None:
    """Write one item; its newest words, matches and label stand."""
    database.execute(
        "INSERT OR REPLACE INTO news VALUES (?, ?, ?, ?)",
        (item.item_id, item.cluster, item.first_seen_ns, msgspec.msgpack.encode(item)),
    )


def read_news(rows: Rows, *, since_ns: int = 0, limit: int = 100_000) -> list[NewsItem]:
    """Return the newest items first seen since a time, oldest first."""
    found = rows(
        "SELECT body FROM news WHERE first_seen_ns >= ? ORDER BY first_seen_ns DESC, item_id "
        "LIMIT ?",
        (since_ns, limit),
    )
    return [_decode(row[0]) for row in reversed(found)]
