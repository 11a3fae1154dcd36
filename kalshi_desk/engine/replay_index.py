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
                _read_markets(record, markets, events)
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
            markets[ticker] = _inferred(ticker, book.step)
    listed = MarketsListed(tuple(markets.values()), tuple(events.values()))
    return RecordingIndex(start_ns=start_ns, end_ns=end_ns, frames=frames, listed=listed)


def _read_markets(
    record: RecordedMeta, markets: dict[str, Market], events: dict[str, Event]
) -> None:
    """Take the recorder's descriptions; what can't be read is inferred like a foreign one."""
    try:
        listed = msgspec.convert(record.content, _Listed)
    except msgspec.ValidationError:
        return
    markets.update((market.ticker, market) for market in listed.markets)
    events.update((event.event_ticker, event) for event in listed.events)


class _Listed(msgspec.Struct):
    markets: tuple[Market, ...] = ()
    events: tuple[Event, ...] = ()


def _inferred(ticker: str, step: int) -> Market:
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
