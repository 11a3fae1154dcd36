"""A recording at full speed through the live decoder and books: counts and final books."""

from __future__ import annotations

from pathlib import Path

import msgspec

from kalshi_desk.core.book import OrderBook
from kalshi_desk.core.types import (
    PRICE_SCALE,
    BookSide,
    Price,
    format_count,
    format_price,
)
from kalshi_desk.engine.replay_index import not_a_recording
from kalshi_desk.kalshi.decode import BookFeed
from kalshi_desk.store.recording import RecordedMeta, read_frames

_PROBLEMS_KEPT = 20


class BookFigures(msgspec.Struct, frozen=True, kw_only=True):
    """The final book of one market: dollars and contracts as strings, null when absent.

    ``stale`` is set, and shown, only when the book stopped at a gap.
    """

    best_bid: str | None
    best_ask: str | None
    bid_size: str | None
    ask_size: str | None
    levels: int
    stale: bool = False


class ReplayFigures(msgspec.Struct, frozen=True, kw_only=True):
    """What a headless replay prints; ``problems`` names what could not be read."""

    frames: int
    snapshots: int
    deltas: int
    gaps: int
    errors: int
    unreadable: int
    crossed_instants: int
    markets: dict[str, BookFigures]
    unknown_types: dict[str, int] = {}
    problems: tuple[str, ...] = ()

    def to_json(self) -> dict[str, object]:
        """Return the object that ``replay --headless --json`` prints."""
        shown: dict[str, object] = {
            name: getattr(self, name)
            for name in (
                "frames",
                "snapshots",
                "deltas",
                "gaps",
                "errors",
                "unreadable",
                "crossed_instants",
            )
        }
        shown["markets"] = {
            ticker: _book_to_json(book) for ticker, book in sorted(self.markets.items())
        }
        return shown


def _book_to_json(book: BookFigures) -> dict[str, object]:
    shown: dict[str, object] = {
        "best_bid": book.best_bid,
        "best_ask": book.best_ask,
        "bid_size": book.bid_size,
        "ask_size": book.ask_size,
        "levels": book.levels,
    }
    if book.stale:
        shown["stale"] = True
    return shown


def scan(path: Path | str) -> ReplayFigures:
    """Run a recording through decoder and books as fast as it goes.

    Raises ``Refuse`` when the file is missing or no line of it can be read.
    """
    feed = BookFeed()
    apply = feed.apply
    frames = crossed = readable = 0
    lines: list[str] = []
    bad_lines = 0
    for record in read_frames(path):
        if isinstance(record, RecordedMeta):
            readable += 1
            if record.kind == "connection":
                feed.begin_connection(yes_prices=bool(record.content.get("yes_prices")))
            continue
        if record.is_outgoing:
            continue
        frames += 1
        if record.problem:
            bad_lines += 1
            feed.count_unread()
            if len(lines) < _PROBLEMS_KEPT:
                lines.append(f"frame {frames} (line {record.line}): {record.problem}")
            continue
        readable += 1
        book = apply(record.frame)
        if book is not None and PRICE_SCALE > book.best_ask <= book.best_bid > 0:
            crossed += 1
    if not readable:
        raise not_a_recording(path, frames)
    counts = feed.counts
    return ReplayFigures(
        frames=frames,
        snapshots=counts.snapshots,
        deltas=counts.deltas,
        gaps=counts.gaps,
        errors=counts.errors,
        unreadable=bad_lines + counts.unreadable,
        crossed_instants=crossed,
        markets={
            ticker: _figures(book, ticker in feed.gapped) for ticker, book in feed.books.items()
        },
        unknown_types=dict(counts.unknown_types),
        problems=(*lines, *counts.problems)[:_PROBLEMS_KEPT],
    )


def _figures(book: OrderBook, is_stale: bool) -> BookFigures:
    bid, ask = book.bid, book.ask
    return BookFigures(
        best_bid=None if bid is None else format_price(Price(bid)),
        best_ask=None if ask is None else format_price(Price(ask)),
        bid_size=None if bid is None else format_count(book.bid_size),
        ask_size=None if ask is None else format_count(book.ask_size),
        levels=len(book.levels(BookSide.BID)) + len(book.levels(BookSide.ASK)),
        stale=is_stale,
    )
