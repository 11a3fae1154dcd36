"""The journal's tables about P&L: equity samples and the fees that were expected."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

from kalshi_desk.core.fees import PredictedFee
from kalshi_desk.core.types import Money
from kalshi_desk.store.entries import EquityEntry

HOUR_NS = 3_600_000_000_000
NEWEST_NS = 5 * HOUR_NS
WHOLE_NS = 7 * 24 * HOUR_NS
"""How long every sample is kept; of older hours only what a start reads."""
_COLUMNS = "SELECT at_ns, equity, flows, growth, peak"
# SQLite gives the other columns of the row in which max or min was found.
_QUERIES = (
    f"{_COLUMNS}, max(at_ns) FROM equity GROUP BY at_ns / {HOUR_NS}",
    f"{_COLUMNS}, min(growth / peak) FROM equity WHERE peak > 0 GROUP BY at_ns / {HOUR_NS}",
    f"{_COLUMNS} FROM equity WHERE at_ns > (SELECT max(at_ns) FROM equity) - {NEWEST_NS}",
)
Read = Callable[[str, tuple[object, ...]], list[Any]]


def writers(db: sqlite3.Connection) -> dict[type, Callable[[Any], None]]:
    """Return how each of these entries is written, inside the transaction of the journal."""

    def put_equity(sample: EquityEntry) -> None:
        values = (sample.at_ns, sample.equity, sample.flows, sample.growth, sample.peak)
        db.execute("INSERT OR REPLACE INTO equity VALUES (?, ?, ?, ?, ?)", values)

    def put_predicted(fee: PredictedFee) -> None:
        db.execute(
            "INSERT OR IGNORE INTO predicted_fees VALUES (?, ?, ?, ?, ?, ?)",
            (
                fee.trade_id,
                fee.order_id,
                fee.direct,
                fee.non_direct,
                fee.direct_left,
                fee.non_direct_left,
            ),
        )

    return {EquityEntry: put_equity, PredictedFee: put_predicted}


def thin_equity(db: sqlite3.Connection, kept: list[EquityEntry]) -> None:
    """Forget old samples but those kept, so that no start reads years of minutes."""
    if not kept:
        return
    before_ns = kept[-1].at_ns - WHOLE_NS
    db.execute("CREATE TEMP TABLE IF NOT EXISTS kept_equity (at_ns INTEGER PRIMARY KEY)")
    db.execute("DELETE FROM kept_equity")
    old = [(sample.at_ns,) for sample in kept if sample.at_ns < before_ns]
    db.executemany("INSERT INTO kept_equity VALUES (?)", old)
    db.execute(
        "DELETE FROM equity WHERE at_ns < ? AND at_ns NOT IN (SELECT at_ns FROM kept_equity)",
        (before_ns,),
    )


def predicted_fees(read: Read) -> dict[tuple[str, str], PredictedFee]:
    """Return every expected fee by trade and order id."""
    return {
        (row[0], row[1]): PredictedFee(
            trade_id=row[0],
            order_id=row[1],
            direct=Money(row[2]),
            non_direct=Money(row[3]),
            direct_left=Money(row[4]),
            non_direct_left=Money(row[5]),
        )
        for row in read("SELECT * FROM predicted_fees", ())
    }


def equity_track(read: Read) -> list[EquityEntry]:
    """Return what a start needs of the equity samples, oldest first.

    That is the last of each hour, the one deepest below its peak, and all of the newest
    hours: a sample a minute for years is too many to read.
    """
    rows = [row for query in _QUERIES for row in read(query, ())]
    found = {
        row[0]: EquityEntry(
            at_ns=row[0], equity=Money(row[1]), flows=Money(row[2]), growth=row[3], peak=row[4]
        )
        for row in rows
    }
    return [found[at_ns] for at_ns in sorted(found)]
