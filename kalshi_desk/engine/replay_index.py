"""A first pass over a recording: its span, its markets, and grids inferred where none are told."""

from __future__ import annotations

from pathlib import Path

import msgspec

from kalshi_desk.core.errors import Refuse
from kalshi_desk.core.events import MarketsListed
from kalshi_desk.core.fees import FeeRule
from kalshi_desk.core.grid import uniform_grid
from kalshi_desk.core.records import Event, Market
from kalshi_desk.core.text import clean
from kalshi_desk.core.types import MarketStatus, Price
from kalshi_desk.engine.tape import listing
from kalshi_desk.kalshi.convert import UNKNOWN_FEE
from kalshi_desk.kalshi.decode import BookFeed
from kalshi_desk.store.recording import RecordedMeta, read_frames

_TICKER_CHARACTERS = 200


class RecordingIndex(msgspec.Struct, frozen=True, kw_only=True):
    """What a replay must know before it starts; times are nanoseconds since the epoch."""

    start_ns: int
    end_ns: int
    frames: int
    listed: MarketsListed


def not_a_recording(path: Path | str, lines: int) -> Refuse:
    """Return the refusal of a file in which nothing can be read."""
    return Refuse(
        f"{path} is not a recording: none of its {lines} lines can be read.",
        code="not_a_recording",
        todo="Recordings end in .jsonl.zst and captures in .jsonl.gz, one frame a line.",
    )


def index_recording(path: Path | str) -> RecordingIndex:
    """Read a recording once, at full speed.

    Raises ``Refuse`` when the file is missing or nothing in it can be read.
    """
    feed = BookFeed()
    markets: dict[str, Market] = {}
    events: dict[str, Event] = {}
    start_ns = end_ns = frames = lines = 0
    for record in read_frames(path):
        lines += 1
        if isinstance(record, RecordedMeta):
            if record.kind == "markets":
                # What can't be read is inferred like the markets of a foreign capture.
                told = listing(record) or MarketsListed(())
                markets.update((market.ticker, market) for market in told.markets)
                events.update((event.event_ticker, event) for event in told.events)
            elif record.kind == "connection":
                feed.begin_connection(yes_prices=bool(record.content.get("yes_prices")))
            continue
        if record.problem or record.is_outgoing:
            continue
        frames += 1
        start_ns = start_ns or record.recv_ns
        end_ns = max(end_ns, record.recv_ns)
        feed.apply(record.frame)
    if not frames:
        raise not_a_recording(path, lines)
    for ticker, book in feed.books.items():
        if ticker not in markets:
            markets[ticker] = inferred(ticker, book.step)
    listed = MarketsListed(tuple(markets.values()), tuple(events.values()))
    return RecordingIndex(start_ns=start_ns, end_ns=end_ns, frames=frames, listed=listed)


def inferred(ticker: str, step: int) -> Market:
    """Describe a market of a foreign capture by what was seen of it."""
    title = clean(ticker, _TICKER_CHARACTERS)
    return Market(
        ticker=ticker,
        event_ticker=ticker.rpartition("-")[0] or ticker,
        title=title,
        status=MarketStatus.ACTIVE,
        grid=uniform_grid(Price(step), inferred=True),
        fee=FeeRule(fee_type=UNKNOWN_FEE),
    )
