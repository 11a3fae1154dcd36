"""The journal's tables, their version, and the way from older versions to this one."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from kalshi_desk.core.errors import Stop

APPLICATION_ID = 0x6B646A31
"""Marks our files among SQLite files: "kdj1"."""

_HEADER = b"SQLite format 3\0"
_HEADER_BYTES = 100
_USER_VERSION_AT = 60
_APPLICATION_ID_AT = 68

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE intents (
        client_order_id TEXT PRIMARY KEY,
        ticker TEXT NOT NULL,
        side TEXT NOT NULL,
        price INTEGER NOT NULL,
        count INTEGER NOT NULL,
        command_id TEXT NOT NULL,
        created_ns INTEGER NOT NULL,
        at_ns INTEGER NOT NULL,
        record BLOB NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX intents_by_command ON intents (command_id);
    CREATE TABLE orders (
        key TEXT PRIMARY KEY,
        client_order_id TEXT NOT NULL,
        order_id TEXT NOT NULL,
        ticker TEXT NOT NULL,
        side TEXT NOT NULL,
        price INTEGER NOT NULL,
        initial_count INTEGER NOT NULL,
        filled INTEGER NOT NULL,
        remaining INTEGER NOT NULL,
        state TEXT NOT NULL,
        created_ns INTEGER NOT NULL,
        updated_ns INTEGER NOT NULL,
        reason TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX orders_by_state ON orders (state);
    CREATE TABLE fills (
        trade_id TEXT PRIMARY KEY,
        order_id TEXT NOT NULL,
        client_order_id TEXT NOT NULL,
        ticker TEXT NOT NULL,
        side TEXT NOT NULL,
        price INTEGER NOT NULL,
        count INTEGER NOT NULL,
        fee INTEGER NOT NULL,
        is_taker INTEGER NOT NULL,
        executed_ns INTEGER NOT NULL,
        post_position INTEGER
    ) WITHOUT ROWID;
    CREATE INDEX fills_by_time ON fills (executed_ns, trade_id);
    CREATE TABLE settlements (
        ticker TEXT PRIMARY KEY,
        result TEXT NOT NULL,
        value INTEGER NOT NULL,
        revenue INTEGER NOT NULL,
        settled_ns INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE events (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        at_ns INTEGER NOT NULL,
        kind TEXT NOT NULL,
        level TEXT NOT NULL,
        title TEXT NOT NULL,
        text TEXT NOT NULL,
        ticker TEXT NOT NULL
    );
    CREATE TABLE commands (
        command_id TEXT PRIMARY KEY,
        at_ns INTEGER NOT NULL,
        command BLOB NOT NULL,
        answer BLOB
    ) WITHOUT ROWID;
    CREATE TABLE meta (
        key TEXT PRIMARY KEY,
        value TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE equity (
        at_ns INTEGER PRIMARY KEY,
        equity INTEGER NOT NULL
    );
    """,
    # Both sides of one trade may be ours: a fill is known by its trade and its order.
    """
    CREATE TABLE fills_by_order (
        trade_id TEXT NOT NULL,
        order_id TEXT NOT NULL,
        client_order_id TEXT NOT NULL,
        ticker TEXT NOT NULL,
        side TEXT NOT NULL,
        price INTEGER NOT NULL,
        count INTEGER NOT NULL,
        fee INTEGER NOT NULL,
        is_taker INTEGER NOT NULL,
        executed_ns INTEGER NOT NULL,
        post_position INTEGER,
        PRIMARY KEY (trade_id, order_id)
    ) WITHOUT ROWID;
    INSERT INTO fills_by_order
        SELECT trade_id, order_id, client_order_id, ticker, side, price, count, fee,
               is_taker, executed_ns, post_position FROM fills;
    DROP TABLE fills;
    ALTER TABLE fills_by_order RENAME TO fills;
    CREATE INDEX fills_by_time ON fills (executed_ns, trade_id, order_id);
    """,
    """
    CREATE TABLE stops (
        stop_id TEXT PRIMARY KEY,
        ticker TEXT NOT NULL,
        state TEXT NOT NULL,
        is_live INTEGER NOT NULL,
        updated_ns INTEGER NOT NULL,
        record BLOB NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX stops_by_time ON stops (is_live, updated_ns);
    """,
    # What each fill should have cost, and equity with what came from outside left out.
    """
    CREATE TABLE predicted_fees (
        trade_id TEXT NOT NULL,
        order_id TEXT NOT NULL,
        direct INTEGER NOT NULL,
        non_direct INTEGER NOT NULL,
        direct_left INTEGER NOT NULL,
        non_direct_left INTEGER NOT NULL,
        PRIMARY KEY (trade_id, order_id)
    ) WITHOUT ROWID;
    ALTER TABLE equity ADD COLUMN flows INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE equity ADD COLUMN growth REAL NOT NULL DEFAULT 1.0;
    ALTER TABLE equity ADD COLUMN peak REAL NOT NULL DEFAULT 1.0;
    """,
    # Baskets under way, and what shadow and paper strategies traded.
    """
    CREATE TABLE baskets (
        basket_id TEXT PRIMARY KEY,
        strategy TEXT NOT NULL,
        stage TEXT NOT NULL,
        is_over INTEGER NOT NULL,
        started_ns INTEGER NOT NULL,
        updated_ns INTEGER NOT NULL,
        legging_loss INTEGER NOT NULL,
        record BLOB NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX baskets_by_time ON baskets (is_over, updated_ns);
    CREATE TABLE paper_fills (
        strategy TEXT NOT NULL,
        trade_id TEXT NOT NULL,
        mode TEXT NOT NULL,
        order_id TEXT NOT NULL,
        client_order_id TEXT NOT NULL,
        ticker TEXT NOT NULL,
        side TEXT NOT NULL,
        price INTEGER NOT NULL,
        count INTEGER NOT NULL,
        fee INTEGER NOT NULL,
        is_taker INTEGER NOT NULL,
        at_ns INTEGER NOT NULL,
        cell TEXT NOT NULL,
        holds_until_ns INTEGER NOT NULL,
        PRIMARY KEY (strategy, trade_id)
    ) WITHOUT ROWID;
    CREATE TABLE paper_settlements (
        ticker TEXT PRIMARY KEY,
        result TEXT NOT NULL,
        value INTEGER NOT NULL,
        settled_ns INTEGER NOT NULL
    ) WITHOUT ROWID;
    """,
    # What was measured for the proof of a strategy's cells, once for each source.
    """
    CREATE TABLE observations (
        strategy TEXT NOT NULL,
        cell TEXT NOT NULL,
        event_ticker TEXT NOT NULL,
        key TEXT NOT NULL,
        source TEXT NOT NULL,
        value REAL NOT NULL,
        at_ns INTEGER NOT NULL,
        PRIMARY KEY (strategy, cell, event_ticker, key)
    ) WITHOUT ROWID;
    """,
    # What an observation answers to, and the news it was measured on.
    """
    ALTER TABLE observations ADD COLUMN score REAL NOT NULL DEFAULT 0;
    CREATE TABLE news (
        item_id TEXT PRIMARY KEY,
        cluster TEXT NOT NULL,
        first_seen_ns INTEGER NOT NULL,
        body BLOB NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX news_by_time ON news (first_seen_ns);
    """,
)
"""One script a version, each from the version before it; never changed once released."""

SCHEMA_VERSION = len(MIGRATIONS)


def check_version(path: Path) -> None:
    """Refuse a file that is no journal, or one from a newer version, without touching it.

    Raises ``Stop``.
    """
    try:
        with path.open("rb") as stream:
            head = stream.read(_HEADER_BYTES)
    except FileNotFoundError:
        return
    except OSError as error:
        raise Stop(
            f"Can't read the journal {path}: {error.strerror}.",
            code="journal_unreadable",
            money="Your positions at the exchange are not affected.",
            todo="Give yourself permission to read it, or choose another folder with --home DIR.",
        ) from error
    if not head:
        return
    mark, version = 0, 0
    if len(head) == _HEADER_BYTES and head.startswith(_HEADER):
        mark, version = _marks(path, head)
    if mark != APPLICATION_ID:
        raise Stop(
            f"{path} is not a journal of this program; it was left as it is.",
            code="journal_foreign",
            money="Your positions at the exchange are not affected.",
            todo="Move the file away and start again.",
        )
    if version > SCHEMA_VERSION:
        raise Stop(
            f"The journal {path} was written by a newer kalshi-desk "
            f"(version {version}, this one knows {SCHEMA_VERSION}); it was left as it is.",
            code="journal_newer",
            money="Your positions at the exchange are not affected.",
            todo="Upgrade kalshi-desk, or choose another folder with --home DIR.",
        )


def _has_wal(path: Path) -> bool:
    wal = path.with_name(path.name + "-wal")
    return wal.exists() and wal.stat().st_size > 0


def _marks(path: Path, head: bytes) -> tuple[int, int]:
    """Return application id and version: from the header, or by SQLite while a WAL hides them."""
    if not _has_wal(path):
        return _integer(head, _APPLICATION_ID_AT), _integer(head, _USER_VERSION_AT)
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    try:
        mark = int(connection.execute("PRAGMA application_id").fetchone()[0])
        return mark, int(connection.execute("PRAGMA user_version").fetchone()[0])
    finally:
        connection.close()


def _integer(head: bytes, offset: int) -> int:
    return int.from_bytes(head[offset : offset + 4], "big")


def migrate(connection: sqlite3.Connection) -> None:
    """Bring an open journal to this version, one whole version at a time."""
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version == 0:
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    for number in range(version, SCHEMA_VERSION):
        connection.executescript(
            f"BEGIN IMMEDIATE; {MIGRATIONS[number]} PRAGMA user_version = {number + 1}; COMMIT;"
        )
