"""The journal's tables of the machine: baskets, and what shadow and paper strategies traded."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

from kalshi_desk.core.news import NewsItem
from kalshi_desk.core.records import Fill
from kalshi_desk.core.strategy import Observation
from kalshi_desk.core.types import BookSide, Count, Money, Price
from kalshi_desk.store.entries import BasketEntry, PaperFillEntry, PaperSettlementEntry
from kalshi_desk.store.news_table import put_news
from kalshi_desk.store.observations import put_observation

Rows = Callable[[str, tuple[object, ...]], list[Any]]


def _put_basket(db: sqlite3.Connection, entry: BasketEntry) -> None:
    db.execute(
        "INSERT OR REPLACE INTO baskets VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            entry.basket_id,
            entry.strategy,
            entry.stage,
            int(entry.is_over),
            entry.started_ns,
            entry.updated_ns,
            entry.legging_loss,
            entry.record,
        ),
    )


def _put_paper_fill(db: sqlite3.Connection, entry: PaperFillEntry) -> None:
    fill = entry.fill
    db.execute(
        "INSERT OR IGNORE INTO paper_fills VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            entry.strategy,
            fill.trade_id,
            entry.mode,
            fill.order_id,
            fill.client_order_id,
            fill.ticker,
            fill.side.value,
            fill.price,
            fill.count,
            fill.fee,
            int(fill.is_taker),
            fill.executed_ns,
            entry.cell,
            entry.holds_until_ns,
        ),
    )


def _put_paper_settlement(db: sqlite3.Connection, entry: PaperSettlementEntry) -> None:
    db.execute(
        "INSERT OR IGNORE INTO paper_settlements VALUES (?, ?, ?, ?)",
        (entry.ticker, entry.result, entry.value, entry.settled_ns),
    )


MACHINE_WRITERS: dict[type, Callable[[sqlite3.Connection, Any], None]] = {
    BasketEntry: _put_basket,
    PaperFillEntry: _put_paper_fill,
    PaperSettlementEntry: _put_paper_settlement,
    Observation: put_observation,
    NewsItem: put_news,
}


def read_baskets(rows: Rows, *, ended: int) -> list[bytes]:
    """Return every basket under way and the newest ``ended`` others, oldest first."""
    found = rows(
        """SELECT record, updated_ns, basket_id FROM baskets WHERE is_over = 0
           UNION ALL
           SELECT * FROM (SELECT record, updated_ns, basket_id FROM baskets WHERE is_over = 1
                          ORDER BY updated_ns DESC, basket_id DESC LIMIT ?)
           ORDER BY 2, 3""",
        (ended,),
    )
    return [bytes(row[0]) for row in found]


def read_paper_fills(rows: Rows) -> list[PaperFillEntry]:
    """Return every simulated execution, oldest first."""
    return [
        PaperFillEntry(
            strategy=row[0],
            mode=row[2],
            fill=Fill(
                trade_id=row[1],
                order_id=row[3],
                client_order_id=row[4],
                ticker=row[5],
                side=BookSide(row[6]),
                price=Price(row[7]),
                count=Count(row[8]),
                fee=Money(row[9]),
                is_taker=bool(row[10]),
                executed_ns=row[11],
            ),
            cell=row[12],
            holds_until_ns=row[13],
        )
        for row in rows("SELECT * FROM paper_fills ORDER BY at_ns, strategy, trade_id", ())
    ]


def read_paper_settlements(rows: Rows) -> list[PaperSettlementEntry]:
    """Return every payout of simulated positions, oldest first."""
    return [
        PaperSettlementEntry(ticker=row[0], result=row[1], value=Price(row[2]), settled_ns=row[3])
        for row in rows("SELECT * FROM paper_settlements ORDER BY settled_ns, ticker", ())
    ]
