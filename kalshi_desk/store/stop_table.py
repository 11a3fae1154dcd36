"""Stops in the journal: the newest record of each, whole, beside what one searches by."""

from __future__ import annotations

import sqlite3
from typing import Any

import msgspec

from kalshi_desk.core.stops import StopRecord

STOPS_SINCE = (
    "SELECT record FROM stops WHERE is_live OR updated_ns >= ? ORDER BY updated_ns, stop_id"
)
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(StopRecord).decode


def put_stop(connection: sqlite3.Connection, record: StopRecord) -> None:
    """Write a stop in the transaction that is open; it replaces the older record."""
    connection.execute(
        "INSERT OR REPLACE INTO stops VALUES (?, ?, ?, ?, ?, ?)",
        (
            record.stop_id,
            record.ticker,
            record.state.value,
            int(record.state.is_live),
            record.updated_ns,
            _encode(record),
        ),
    )


def read_stop(row: tuple[Any, ...]) -> StopRecord:
    """Return the stop of a row of :data:`STOPS_SINCE`."""
    return _decode(row[0])
