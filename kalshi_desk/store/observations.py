"""Measurements for the proof of strategies' cells, as rows of the journal."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

from kalshi_desk.core.strategy import Observation

Rows = Callable[[str, tuple[object, ...]], list[Any]]


def put_observation(database: sqlite3.Connection, one: Observation) -> None:
    """Write one; a second one of the same cell and source changes nothing.

    Without a source it is told apart by its time.
    """
    key = one.source or str(one.at_ns)
    database.execute(
        "INSERT OR IGNORE INTO observations VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            one.strategy,
            one.cell,
            one.event_ticker,
            key,
            one.source,
            one.value,
            one.at_ns,
            one.score,
        ),
    )


def read_observations(rows: Rows) -> list[Observation]:
    """Return all of them, oldest first."""
    found = rows(
        "SELECT strategy, cell, event_ticker, source, value, at_ns, score FROM observations "
        "ORDER BY at_ns, strategy, cell, event_ticker, key",
        (),
    )
    return [
        Observation(
            strategy=row[0],
            cell=row[1],
            event_ticker=row[2],
            source=row[3],
            value=row[4],
            at_ns=row[5],
            score=row[6],
        )
        for row in found
    ]
