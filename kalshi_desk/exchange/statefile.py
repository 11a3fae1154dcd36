"""The one file an exchange survives in: a snapshot and the commands since, in SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from kalshi_desk.exchange.commands import Command
from kalshi_desk.exchange.pieces import Piece, join
from kalshi_desk.exchange.refusals import Refusal
from kalshi_desk.exchange.rules import Rules
from kalshi_desk.exchange.snapshot import Snapshot
from kalshi_desk.exchange.venue import STATE_FORMAT, Venue, VenueState

_APPLICATION_ID = 0x6B646578
_TIDIED_AT_ONCE = 10
_SCHEMA = """
CREATE TABLE IF NOT EXISTS snapshot (id INTEGER PRIMARY KEY CHECK (id = 1), state BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS log (
    seq INTEGER PRIMARY KEY, step INTEGER NOT NULL, ts_ns INTEGER NOT NULL, command BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS piece (
    generation INTEGER NOT NULL, number INTEGER NOT NULL, data BLOB NOT NULL,
    PRIMARY KEY (generation, number)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS progress (id INTEGER PRIMARY KEY CHECK (id = 1), step INTEGER NOT NULL);
"""


class StateError(Exception):
    """The state file cannot be used; the text says why and what to do."""


class StateFile:
    """Durable state of one running exchange; holds the file for itself while open."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._encoder = msgspec.msgpack.Encoder()
        try:
            self._db = sqlite3.connect(path, isolation_level=None, timeout=0.2)
            self._open()
        except sqlite3.OperationalError as error:
            raise StateError(_explain(path, error)) from error
        except sqlite3.DatabaseError as error:
            raise StateError(_foreign(path)) from error

    def _open(self) -> None:
        db = self._db
        db.execute("PRAGMA locking_mode=EXCLUSIVE")
        self._check_ours()
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=NORMAL")
        db.execute("BEGIN EXCLUSIVE")
        db.execute(f"PRAGMA application_id={_APPLICATION_ID}")
        db.execute(f"PRAGMA user_version={STATE_FORMAT}")
        db.execute("COMMIT")
        db.executescript(_SCHEMA)
        self._begun: int = db.execute("SELECT coalesce(max(generation), 0) FROM piece").fetchone()[
            0
        ]
        self._generation = 0

    def _check_ours(self) -> None:
        """Refuse, before anything is written, a file of a newer version or another program."""
        db = self._db
        version = db.execute("PRAGMA user_version").fetchone()[0]
        owner = db.execute("PRAGMA application_id").fetchone()[0]
        tables = db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if tables and owner != _APPLICATION_ID:
            db.close()
            raise StateError(_foreign(self.path))
        if version > STATE_FORMAT:
            db.close()
            raise StateError(
                f"{self.path} was written by a newer version (format {version}):"
                " update kalshi-desk or name another file"
            )

    def load(self, rules: Rules) -> Venue | None:
        """Return the exchange as it was, replayed to its last step, or None for a new file."""
        row = self._db.execute("SELECT state FROM snapshot").fetchone()
        if row is None:
            return None
        try:
            head = msgspec.msgpack.decode(row[0], type=VenueState)
            state = join(head, self._pieces(head.generation))
            commands = [
                (step, ts_ns, msgspec.msgpack.decode(data, type=Command))
                for step, ts_ns, data in self._db.execute(
                    "SELECT step, ts_ns, command FROM log ORDER BY seq"
                )
            ]
        except msgspec.MsgspecError as error:
            raise StateError(
                f"{self.path} cannot be read ({error}): move it away to start anew"
            ) from error
        progress = self._db.execute("SELECT step FROM progress").fetchone()
        venue = Venue(state, rules)
        replay(venue, commands, progress[0] if progress else 0)
        venue.adopt_catalog()
        return venue

    def _pieces(self, generation: int) -> Iterator[Piece]:
        """Read the pieces of a snapshot in order, and forget those that belong to none."""
        self._generation = generation
        self._write(("DELETE FROM piece WHERE generation != ?", (generation,)))
        rows = self._db.execute(
            "SELECT data FROM piece WHERE generation = ? ORDER BY number", (generation,)
        )
        decode = msgspec.msgpack.Decoder(Piece).decode
        return (decode(data) for (data,) in rows)

    def save(self, venue: Venue) -> None:
        """Write a snapshot and forget the commands before it."""
        snapshot = self.begin(venue)
        snapshot.encode()
        while not self.write_some(snapshot):
            pass

    def begin(self, venue: Venue) -> Snapshot:
        """Begin a snapshot; until it is encoded the exchange must not change."""
        last = self._db.execute("SELECT coalesce(max(seq), 0) FROM log").fetchone()[0]
        self._begun += 1
        self._write(("INSERT OR REPLACE INTO progress VALUES (1, ?)", (venue.step_number,)))
        return Snapshot(venue.state(), self._begun, last)

    def write_some(self, snapshot: Snapshot) -> bool:
        """Write the next part of an encoded snapshot; return whether it counts from now on.

        With the last part the commands before the snapshot are forgotten, and until then the
        one before it holds.
        """
        rows = snapshot.next_rows()
        if rows:
            self._write(*(("INSERT INTO piece VALUES (?, ?, ?)", row) for row in rows))
            return False
        self._write(
            ("INSERT OR REPLACE INTO snapshot VALUES (1, ?)", (snapshot.head,)),
            ("DELETE FROM log WHERE seq <= ?", (snapshot.log_seq,)),
        )
        self._generation = snapshot.generation
        return True

    def tidy(self) -> bool:
        """Take a few rows of earlier snapshots off the file; return whether none were left."""
        rows = self._db.execute(
            "SELECT generation, number FROM piece WHERE generation < ? LIMIT ?",
            (self._generation, _TIDIED_AT_ONCE),
        ).fetchall()
        self._write(
            *(("DELETE FROM piece WHERE generation = ? AND number = ?", row) for row in rows)
        )
        return len(rows) < _TIDIED_AT_ONCE

    def log(self, step: int, ts_ns: int, command: Command) -> None:
        """Keep a command before it is applied; raises ``StateError`` when that fails."""
        row = (step, ts_ns, self._encoder.encode(command))
        self._write(("INSERT INTO log (step, ts_ns, command) VALUES (?, ?, ?)", row))

    def reached(self, step: int) -> None:
        """Keep how far the exchange has come, before anybody is told."""
        self._write(("INSERT OR REPLACE INTO progress VALUES (1, ?)", (step,)))

    def _write(self, *statements: tuple[str, tuple[Any, ...]]) -> None:
        """Run statements in one transaction."""
        try:
            with self._db:
                self._db.execute("BEGIN")
                for text, values in statements:
                    self._db.execute(text, values)
        except sqlite3.Error as error:
            raise StateError(
                f"{self.path} cannot be written ({error}): free some space or check its permissions"
            ) from error

    def close(self) -> None:
        """Release the file."""
        self._db.close()


def replay(venue: Venue, commands: list[tuple[int, int, Command]], last_step: int) -> None:
    """Bring an exchange forward through logged commands, then to its last step."""
    for step, ts_ns, command in commands:
        _steps_to(venue, step)
        try:
            venue.apply(command, ts_ns)
        except Refusal:
            continue
        finally:
            venue.take_notices()
            venue.take_dirty()
    _steps_to(venue, last_step)


def _steps_to(venue: Venue, step: int) -> None:
    while venue.step_number < step:
        venue.step()
        venue.take_notices()
        venue.take_dirty()


def _foreign(path: Path) -> str:
    return f"{path} is not a practice exchange state file: move it away or name another file"


def _explain(path: Path, error: sqlite3.OperationalError) -> str:
    if "locked" in str(error):
        return f"{path} is in use by another practice exchange: stop that one or name another file"
    return f"{path} cannot be opened ({error}): check the folder and its permissions"
