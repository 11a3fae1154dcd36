"""The journal: what was asked, what happened and what it means, durable in one SQLite file.

One writer per file.  Every method is safe from any thread and returns only after its
transaction is committed; none is meant for an event loop's own thread.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from kalshi_desk.core.errors import Stop
from kalshi_desk.core.fees import PredictedFee
from kalshi_desk.core.records import Fill, Order, OrderIntent, OrderState, Settlement
from kalshi_desk.core.stops import StopRecord
from kalshi_desk.core.strategy import Observation
from kalshi_desk.core.types import BookSide, Count, Money, Price
from kalshi_desk.store import folio_table
from kalshi_desk.store.entries import (
    HALTED_KEY,
    CommandAnswered,
    CommandRecord,
    Entry,
    EquityEntry,
    EventEntry,
    MetaEntry,
)
from kalshi_desk.store.files import PRIVATE_FILE, cannot_write
from kalshi_desk.store.machine import MACHINE_WRITERS
from kalshi_desk.store.observations import read_observations
from kalshi_desk.store.schema import check_version, migrate
from kalshi_desk.store.stop_table import STOPS_SINCE, put_stop, read_stop

MAX_EVENTS = 500
_BUSY_TIMEOUT_S = 5.0
_encode = msgspec.msgpack.Encoder().encode
_decode_intent = msgspec.msgpack.Decoder(OrderIntent).decode


class Journal:
    """The journal of one venue; ``durable`` makes every commit reach the disk itself.

    Raises ``Stop`` when the file is from a newer version, is no journal, or can't be
    written; the file is then as it was.
    """

    def __init__(self, path: Path, durable: bool) -> None:
        self.path = path
        self._lock = threading.RLock()
        check_version(path)
        try:
            self._db = sqlite3.connect(
                path, timeout=_BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
            )
        except sqlite3.Error as error:
            raise cannot_write(path, OSError(0, str(error))) from error
        try:
            with self._spoken_errors():
                self._db.execute("PRAGMA journal_mode = WAL")
                self._db.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
                migrate(self._db)
                path.chmod(PRIVATE_FILE)
        except Stop:
            self._db.close()
            raise
        self._writers: dict[type, Callable[[Any], None]] = {
            Order: self._put_order,
            Fill: self._put_fill,
            Settlement: self._put_settlement,
            EventEntry: self._put_event,
            CommandAnswered: self._put_answer,
            MetaEntry: self._put_meta,
            StopRecord: lambda record: put_stop(self._db, record),
            **folio_table.writers(self._db),
            **{kind: partial(put, self._db) for kind, put in MACHINE_WRITERS.items()},
        }

    def close(self) -> None:
        """Fold the write-ahead log into the file and close it."""
        with self._lock:
            self._db.close()

    def append_intent(self, intent: OrderIntent, at_ns: int) -> None:
        """Make an intent durable before it is sent.

        Raises ``Stop`` when it can't be written, and also for an id that was used before.
        """
        with self._transaction():
            self._db.execute(
                "INSERT INTO intents VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    intent.client_order_id,
                    intent.ticker,
                    intent.side.value,
                    intent.price,
                    intent.count,
                    intent.command_id,
                    intent.created_ns,
                    at_ns,
                    _encode(intent),
                ),
            )

    def append_command(self, command_id: str, command: bytes, at_ns: int) -> bool:
        """Make a command durable; False when the id is known already."""
        with self._transaction():
            cursor = self._db.execute(
                "INSERT OR IGNORE INTO commands VALUES (?, ?, ?, NULL)",
                (command_id, at_ns, command),
            )
            return cursor.rowcount == 1

    def write(self, entries: Iterable[Entry]) -> int:
        """Write many entries in one transaction and return the newest event's number.

        Orders replace their older state, a fill or a settlement that is known already
        changes nothing, events get rising numbers.
        """
        with self._transaction():
            for entry in entries:
                self._writers[type(entry)](entry)
            return self.last_event_seq()

    def append_event(self, event: EventEntry) -> int:
        """Write one event and return its number."""
        return self.write((event,))

    def set_meta(self, key: str, value: str | None) -> None:
        """Write a named value; None takes it away."""
        self.write((MetaEntry(key=key, value=value),))

    def set_halted(self, reason: str | None) -> None:
        """Leave HALTED for the next start with its reason, or lift it with None."""
        self.set_meta(HALTED_KEY, reason)

    def meta(self, key: str) -> str | None:
        """Return a named value."""
        row = self._row("SELECT value FROM meta WHERE key = ?", (key,))
        return None if row is None else str(row[0])

    def all_meta(self, prefix: str = "") -> dict[str, str]:
        """Return every named value whose name begins with ``prefix``."""
        rows = self.rows(
            "SELECT key, value FROM meta WHERE substr(key, 1, ?) = ?", (len(prefix), prefix)
        )
        return {str(key): str(value) for key, value in rows}

    def halted_reason(self) -> str | None:
        """Return why trading is HALTED, None when it is not."""
        return self.meta(HALTED_KEY) or None

    def open_intents(self) -> list[OrderIntent]:
        """Return intents whose order may still trade, or of which nothing was heard."""
        rows = self.rows(
            """SELECT i.record FROM intents i LEFT JOIN orders o ON o.key = i.client_order_id
               WHERE o.key IS NULL OR o.state IN ('intent', 'resting', 'unresolved')
               ORDER BY i.at_ns, i.client_order_id""",
            (),
        )
        return [_decode_intent(row[0]) for row in rows]

    def intents(self) -> list[OrderIntent]:
        """Return every intent ever, oldest first."""
        rows = self.rows("SELECT record FROM intents ORDER BY at_ns, client_order_id", ())
        return [_decode_intent(row[0]) for row in rows]

    def orders(self, *, only_open: bool = False) -> list[Order]:
        """Return the latest state of every order, oldest first."""
        states = "('intent', 'resting', 'unresolved')"
        where = f"WHERE state IN {states}" if only_open else ""
        return [
            Order(
                client_order_id=row[1],
                order_id=row[2],
                ticker=row[3],
                side=BookSide(row[4]),
                price=Price(row[5]),
                initial_count=Count(row[6]),
                filled=Count(row[7]),
                remaining=Count(row[8]),
                state=OrderState(row[9]),
                created_ns=row[10],
                updated_ns=row[11],
                reason=row[12],
            )
            for row in self.rows(f"SELECT * FROM orders {where} ORDER BY created_ns, key", ())
        ]

    def fills(self) -> list[Fill]:
        """Return every fill, oldest first."""
        return [
            Fill(
                trade_id=row[0],
                order_id=row[1],
                client_order_id=row[2],
                ticker=row[3],
                side=BookSide(row[4]),
                price=Price(row[5]),
                count=Count(row[6]),
                fee=Money(row[7]),
                is_taker=bool(row[8]),
                executed_ns=row[9],
                post_position=None if row[10] is None else Count(row[10]),
            )
            for row in self.rows("SELECT * FROM fills ORDER BY executed_ns, trade_id, order_id", ())
        ]

    def settlements(self) -> list[Settlement]:
        """Return every settlement, oldest first."""
        return [
            Settlement(
                ticker=row[0], result=row[1], value=row[2], revenue=row[3], settled_ns=row[4]
            )
            for row in self.rows("SELECT * FROM settlements ORDER BY settled_ns, ticker", ())
        ]

    def stops(self, since_ns: int = 0) -> list[StopRecord]:
        """Return every stop that protects, and those that ended since a time, oldest first."""
        return [read_stop(row) for row in self.rows(STOPS_SINCE, (since_ns,))]

    def events_since(self, seq: int, limit: int = MAX_EVENTS) -> list[EventEntry]:
        """Return events after ``seq`` in order, at most ``limit`` of them."""
        rows = self.rows(
            "SELECT seq, at_ns, kind, level, title, text, ticker FROM events "
            "WHERE seq > ? ORDER BY seq LIMIT ?",
            (seq, min(limit, MAX_EVENTS)),
        )
        return [
            EventEntry(
                seq=row[0],
                at_ns=row[1],
                kind=row[2],
                level=row[3],
                title=row[4],
                text=row[5],
                ticker=row[6],
            )
            for row in rows
        ]

    def last_event_seq(self) -> int:
        """Return the newest event's number, 0 when there is none."""
        row = self._row("SELECT coalesce(max(seq), 0) FROM events", ())
        return 0 if row is None else int(row[0])

    def command(self, command_id: str) -> CommandRecord | None:
        """Return a journaled command with its answer."""
        row = self._row(
            "SELECT command_id, at_ns, command, answer FROM commands WHERE command_id = ?",
            (command_id,),
        )
        if row is None:
            return None
        return CommandRecord(command_id=row[0], at_ns=row[1], command=row[2], answer=row[3])

    def command_answer(self, command_id: str) -> bytes | None:
        """Return the encoded answer to a command, None when none was given."""
        record = self.command(command_id)
        return None if record is None else record.answer

    def predicted_fees(self) -> dict[tuple[str, str], PredictedFee]:
        """Return what fills should have been charged, by trade and order id."""
        return folio_table.predicted_fees(self.rows)

    def equity_track(self) -> list[EquityEntry]:
        """Return the last equity sample of each hour and its deepest; forget older others."""
        found = folio_table.equity_track(self.rows)
        with self._transaction():
            folio_table.thin_equity(self._db, found)
        return found

    def equity_since(self, at_ns: int) -> list[tuple[int, Money]]:
        """Return equity samples from a time on, oldest first."""
        rows = self.rows(
            "SELECT at_ns, equity FROM equity WHERE at_ns >= ? ORDER BY at_ns", (at_ns,)
        )
        return [(int(row[0]), Money(row[1])) for row in rows]

    def observations(self) -> list[Observation]:
        """Return everything measured for the cells of strategies, oldest first."""
        return read_observations(self.rows)

    def _put_order(self, order: Order) -> None:
        self._db.execute(
            "INSERT OR REPLACE INTO orders VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                order.client_order_id or order.order_id,
                order.client_order_id,
                order.order_id,
                order.ticker,
                order.side.value,
                order.price,
                order.initial_count,
                order.filled,
                order.remaining,
                order.state.value,
                order.created_ns,
                order.updated_ns,
                order.reason,
            ),
        )

    def _put_fill(self, fill: Fill) -> None:
        self._db.execute(
            "INSERT OR IGNORE INTO fills VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                fill.trade_id,
                fill.order_id,
                fill.client_order_id,
                fill.ticker,
                fill.side.value,
                fill.price,
                fill.count,
                fill.fee,
                int(fill.is_taker),
                fill.executed_ns,
                fill.post_position,
            ),
        )

    def _put_settlement(self, settled: Settlement) -> None:
        self._db.execute(
            "INSERT OR IGNORE INTO settlements VALUES (?, ?, ?, ?, ?)",
            (
                settled.ticker,
                settled.result,
                settled.value,
                settled.revenue,
                settled.settled_ns,
            ),
        )

    def _put_event(self, event: EventEntry) -> None:
        self._db.execute(
            "INSERT INTO events (seq, at_ns, kind, level, title, text, ticker) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                event.seq or None,
                event.at_ns,
                event.kind,
                event.level,
                event.title,
                event.text,
                event.ticker,
            ),
        )

    def _put_answer(self, answered: CommandAnswered) -> None:
        self._db.execute(
            "UPDATE commands SET answer = ? WHERE command_id = ? AND answer IS NULL",
            (answered.answer, answered.command_id),
        )

    def _put_meta(self, entry: MetaEntry) -> None:
        if entry.value is None:
            self._db.execute("DELETE FROM meta WHERE key = ?", (entry.key,))
        else:
            self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (entry.key, entry.value))

    def rows(self, statement: str, values: tuple[object, ...] = ()) -> list[Any]:
        """Return all rows of a question about the file, for the readers beside this class."""
        with self._lock, self._spoken_errors():
            return self._db.execute(statement, values).fetchall()

    def _row(self, statement: str, values: tuple[object, ...]) -> Any:
        with self._lock, self._spoken_errors():
            return self._db.execute(statement, values).fetchone()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._lock, self._spoken_errors():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    @contextmanager
    def _spoken_errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise Stop(
                f"The journal {self.path} can't be used: {error}.",
                code="journal_failed",
                money="What it could not record was not sent.",
                todo="Free disk space or repair the file, then start again.",
            ) from error
