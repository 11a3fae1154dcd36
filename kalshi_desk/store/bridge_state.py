"""What the Telegram bridge must not forget, in one small SQLite file: tables of named records.

The bridge knows what the records mean; here they are bytes that are on disk when a write returns.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path

from kalshi_desk.core.errors import Stop
from kalshi_desk.store.files import PRIVATE_FILE, cannot_write

_SCHEMA = """
CREATE TABLE IF NOT EXISTS kept (
    tab TEXT NOT NULL,
    name TEXT NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (tab, name)
) WITHOUT ROWID
"""


class BridgeState:
    """The open file; raises ``Stop`` when it can't be used."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            # Its messages are as private as the account: nobody else may ever read the file.
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, PRIVATE_FILE))
        except OSError as error:
            raise cannot_write(path, error) from error
        self._base = sqlite3.connect(path, isolation_level=None)
        try:
            self._base.execute("PRAGMA journal_mode=WAL")
            self._base.execute("PRAGMA synchronous=FULL")
            self._base.execute(_SCHEMA)
        except sqlite3.Error as error:
            self._base.close()
            raise self._failed(error) from error

    def read(self, table: str) -> dict[str, bytes]:
        """Return all records of a table by name."""
        try:
            rows = self._base.execute("SELECT name, body FROM kept WHERE tab = ?", (table,))
            return dict(rows.fetchall())
        except sqlite3.Error as error:
            raise self._failed(error) from error

    def write(
        self, puts: Mapping[tuple[str, str], bytes], drops: Sequence[tuple[str, str]] = ()
    ) -> None:
        """Put and drop records in one step; they are on disk when this returns."""
        try:
            self._base.execute("BEGIN IMMEDIATE")
            self._base.executemany("DELETE FROM kept WHERE tab = ? AND name = ?", drops)
            self._base.executemany(
                "INSERT OR REPLACE INTO kept VALUES (?, ?, ?)",
                [(*key, body) for key, body in puts.items()],
            )
            self._base.execute("COMMIT")
        except sqlite3.Error as error:
            with contextlib.suppress(sqlite3.Error):
                self._base.execute("ROLLBACK")
            raise self._failed(error) from error

    def close(self) -> None:
        """Let go of the file."""
        self._base.close()

    def _failed(self, error: sqlite3.Error) -> Stop:
        return Stop(
            f"The bridge can't use its memory {self._path}: {error}.",
            code="no_write",
            money="The bridge stops; the engine and its orders go on.",
            todo="Free the disk, or move the file away: open confirmations and messages that "
            "wait are then forgotten.",
        )
