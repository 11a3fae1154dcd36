"""From frame bytes to books: decoding, sequence check and the freshness of every book.

``FrameReader`` is the one decoder of the desk.  ``BookFeed`` applies its frames straight
to order books; ``translate`` turns the same frames into events of the core.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec

from kalshi_desk.core.book import OrderBook
from kalshi_desk.core.types import (
    PRICE_SCALE,
    BookSide,
    Count,
    Price,
    format_price,
    parse_count,
    parse_price,
)
from kalshi_desk.kalshi.frames import (
    DeltaBody,
    DeltaFrame,
    ErrorFrame,
    Frame,
    Levels,
    OtherFrame,
    SnapshotFrame,
    SubscribedFrame,
)

_MEMO_LIMIT = 65_536
_PROBLEMS_KEPT = 20

decode = msgspec.json.Decoder(Frame).decode
_decode_any = msgspec.json.Decoder(OtherFrame).decode

UNREADABLE = (msgspec.MsgspecError, ValueError, RecursionError)

Message = Frame | OtherFrame


@dataclass(slots=True, frozen=True)
class LostBooks:
    """Books that can't be trusted any more, all of one subscription.

    ``is_gap`` tells a missing frame from a subscription that simply began anew.
    """

    sid: int
    tickers: frozenset[str]
    why: str
    is_gap: bool


OnLost = Callable[[LostBooks], None]


ValueT = TypeVar("ValueT", bound=int)


class Memo(dict[str, ValueT]):
    """Integers by their wire text, parsed at first sight; emptied when it grows too large."""

    __slots__ = ("_parse",)

    def __init__(self, parse: Callable[[str], ValueT]) -> None:
        super().__init__()
        self._parse = parse

    def __missing__(self, text: str) -> ValueT:
        value = self._parse(text)
        if len(self) >= _MEMO_LIMIT:
            self.clear()
        self[text] = value
        return value


def _yes_price(text: str) -> Price:
    price = parse_price(text)
    if not 0 <= price <= PRICE_SCALE:
        raise ValueError(f"price is not between 0 and 1 dollar: {text!r}")
    return price


def _no_price(text: str) -> Price:
    return Price(PRICE_SCALE - _yes_price(text))


YES_PRICES = Memo(_yes_price)
NO_PRICES = Memo(_no_price)
COUNTS = Memo(parse_count)
for _ticks in range(PRICE_SCALE + 1):
    YES_PRICES[format_price(Price(_ticks))] = Price(_ticks)
    NO_PRICES[format_price(Price(_ticks))] = Price(PRICE_SCALE - _ticks)


@dataclass(slots=True)
class FrameCounts:
    """What went through a reader; ``problems`` names the first frames that can't be read."""

    frames: int = 0
    snapshots: int = 0
    deltas: int = 0
    duplicates: int = 0
    gaps: int = 0
    errors: int = 0
    unreadable: int = 0
    without_book: int = 0
    unknown_types: dict[str, int] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


class FrameReader:
    """Decodes frames, checks the sequence of each subscription, and knows which books hold.

    ``no_prices`` maps the texts of NO levels to YES prices; it depends on the encoding
    that the connection was opened with.  ``fresh`` holds the tickers whose book has a
    snapshot and no gap since.
    """

    __slots__ = ("_on_lost", "_resume", "_tickers", "counts", "fresh", "next_seq", "no_prices")

    def __init__(self, *, yes_prices: bool, on_lost: OnLost | None = None) -> None:
        self.counts = FrameCounts()
        self.fresh: set[str] = set()
        self.no_prices = NO_PRICES
        self._on_lost = on_lost
        self.next_seq: dict[int, int] = {}
        self._resume: dict[int, int] = {}
        self._tickers: dict[int, set[str]] = {}
        self.begin_connection(yes_prices=yes_prices)

    def begin_connection(self, *, yes_prices: bool) -> None:
        """Forget all subscriptions; every book needs a new snapshot."""
        self.no_prices = YES_PRICES if yes_prices else NO_PRICES
        self.next_seq.clear()
        self._resume.clear()
        self._tickers.clear()
        self.fresh.clear()

    def read(self, data: bytes) -> Message | None:
        """Return the decoded frame, or None when it is a duplicate or can't be read."""
        self.counts.frames += 1
        try:
            message: Message = decode(data)
        except UNREADABLE as error:
            other = self.explain(data, error)
            if other is None:
                return None
            message = other
        seq = message.seq
        if self.next_seq.get(message.sid) == seq:
            self.next_seq[message.sid] = seq + 1
        elif not self.is_next(message):
            return None
        if type(message) is DeltaFrame:
            self.counts.deltas += 1
        else:
            self.note(message)
        return message

    def is_next(self, message: Message) -> bool:
        """Check and advance the sequence; False for a duplicate, which must be dropped."""
        seq = message.seq
        if seq:
            sid = message.sid
            if self.next_seq.get(sid) == seq:
                self.next_seq[sid] = seq + 1
            elif not self._accepts(sid, seq):
                self.counts.duplicates += 1
                return False
        return True

    def reject(self, message: Message, why: str) -> None:
        """Count a frame whose payload makes no sense, and take its sequence number back."""
        if message.seq:
            self.next_seq[message.sid] = message.seq
        if isinstance(message, SnapshotFrame):
            self.fresh.discard(message.msg.market_ticker)
        self._name_problem(f"{type(message).__name__}: {why}")

    def drop_subscription(self, sid: int, why: str) -> None:
        """Forget a subscription that ended; its books are lost."""
        tickers = frozenset(self._tickers.pop(sid, ()))
        self.next_seq.pop(sid, None)
        self._resume.pop(sid, None)
        self._lose(LostBooks(sid, tickers, why, is_gap=True))

    def distrust(self, tickers: Iterable[str], why: str) -> None:
        """Give up books that seem right but are not: they need new snapshots."""
        self._lose(LostBooks(0, frozenset(tickers) & self.fresh, why, is_gap=True))

    def tickers_of(self, sid: int) -> frozenset[str]:
        """Return the tickers whose snapshots came under a subscription."""
        return frozenset(self._tickers.get(sid, ()))

    def note(self, message: Message) -> None:
        """Count a frame that is no delta, and keep what it says of subscriptions and books."""
        if isinstance(message, SnapshotFrame):
            self.counts.snapshots += 1
            ticker = message.msg.market_ticker
            if self._resume.pop(message.sid, None) is not None and message.seq == 1:
                self._begin_anew(message.sid)
            self.fresh.add(ticker)
            self._tickers.setdefault(message.sid, set()).add(ticker)
        elif isinstance(message, SubscribedFrame):
            sid = message.msg.sid
            if sid in self.next_seq:
                self._resume[sid] = self.next_seq[sid]
            self.next_seq[sid] = 1
        elif isinstance(message, ErrorFrame):
            self.counts.errors += 1
        elif isinstance(message, OtherFrame):
            kinds = self.counts.unknown_types
            kinds[message.type] = kinds.get(message.type, 0) + 1

    def _begin_anew(self, sid: int) -> None:
        """A recorded connection ended: its books stand still from here on."""
        tickers = frozenset(self._tickers.pop(sid, ()))
        if tickers:
            self._lose(LostBooks(sid, tickers, "a new connection began", is_gap=False))

    def _accepts(self, sid: int, seq: int) -> bool:
        """Take a number out of order; False for a duplicate.

        After ``subscribed`` the numbers begin at 1 on a new subscription, or go on when
        the channel was open already.
        """
        expected = self.next_seq.get(sid)
        before = self._resume.pop(sid, None)
        if expected is not None and seq == expected - 1:
            return False
        self.next_seq[sid] = seq + 1
        if expected is None or seq == before:
            return True
        self.counts.gaps += 1
        why = f"frame {expected} expected, {seq} came"
        self._lose(LostBooks(sid, self.tickers_of(sid), why, is_gap=True))
        return True

    def _lose(self, lost: LostBooks) -> None:
        self.fresh -= lost.tickers
        if self._on_lost is not None:
            self._on_lost(lost)

    def explain(self, data: bytes, error: Exception) -> OtherFrame | None:
        """Tell a frame of an unknown type from one that can't be read, which is counted."""
        try:
            other = _decode_any(data)
        except UNREADABLE:
            self._name_problem(str(error))
            return None
        if other.type in _KNOWN_TYPES:
            self._name_problem(f"{other.type}: {error}")
            return None
        return other

    def _name_problem(self, why: str) -> None:
        self.counts.unreadable += 1
        if len(self.counts.problems) < _PROBLEMS_KEPT:
            self.counts.problems.append(f"frame {self.counts.frames}: {why}")


_KNOWN_TYPES = frozenset(kind.__struct_config__.tag for kind in Frame.__args__)


def read_delta(body: DeltaBody, no_prices: Memo[Price]) -> tuple[BookSide, Price, Count]:
    """Return side, YES price and signed change of a delta; raises ``ValueError``."""
    side = body.side
    if side == "yes":
        return BookSide.BID, YES_PRICES[body.price_dollars], COUNTS[body.delta_fp]
    if side == "no":
        return BookSide.ASK, no_prices[body.price_dollars], COUNTS[body.delta_fp]
    raise ValueError(f"side is neither yes nor no: {side!r}")


def read_levels(levels: Levels | None, prices: Memo[Price]) -> list[tuple[Price, Count]]:
    """Return the levels of one side in YES prices, as they came; raises ``ValueError``."""
    return [(prices[price], COUNTS[size]) for price, size in levels or ()]


class BookFeed:
    """Applies frames straight to order books: the fast way, without events.

    ``books`` holds every market that had a snapshot; ``gapped`` those whose book has
    been untrustworthy since a gap.
    """

    __slots__ = ("_frames", "_next_seq", "_others", "books", "gapped", "reader")

    def __init__(self, *, yes_prices: bool = False) -> None:
        self.books: dict[str, OrderBook] = {}
        self.gapped: set[str] = set()
        self.reader = FrameReader(yes_prices=yes_prices, on_lost=self._on_lost)
        self._next_seq = self.reader.next_seq
        self._frames = 0
        self._others = 0

    @property
    def counts(self) -> FrameCounts:
        """What went through so far."""
        counts = self.reader.counts
        counts.frames = self._frames
        counts.deltas = self._frames - self._others
        return counts

    def count_unread(self) -> None:
        """Count a frame that never reached the decoder, so that numbers stay those of lines."""
        self._frames += 1
        self._others += 1

    def apply(self, data: bytes) -> OrderBook | None:
        """Take one frame; returns the book that changed, with its best levels known."""
        self._frames += 1
        try:
            message = decode(data)
        except UNREADABLE as error:
            return self._apply_other(self._explain(data, error))
        if type(message) is not DeltaFrame:
            return self._apply_other(message)
        seq = message.seq
        if self._next_seq.get(message.sid) == seq:
            self._next_seq[message.sid] = seq + 1
        elif not self.reader.is_next(message):
            return None
        body = message.msg
        book = self.books.get(body.market_ticker)
        if book is None or not book.is_valid:
            self.reader.counts.without_book += 1
            return None
        side = body.side
        try:
            if side == "yes":
                book.add(True, YES_PRICES[body.price_dollars], COUNTS[body.delta_fp])
            elif side == "no":
                no_prices = self.reader.no_prices
                book.add(False, no_prices[body.price_dollars], COUNTS[body.delta_fp])
            else:
                raise ValueError(f"side is neither yes nor no: {side!r}")
        except ValueError as error:
            self._reject(message, error)
            return None
        return book

    def _explain(self, data: bytes, error: Exception) -> OtherFrame | None:
        self.reader.counts.frames = self._frames
        return self.reader.explain(data, error)

    def _reject(self, message: Message, error: ValueError) -> None:
        self.reader.counts.frames = self._frames
        self.reader.reject(message, str(error))

    def _apply_other(self, message: Message | None) -> OrderBook | None:
        self._others += 1
        if message is None or not self.reader.is_next(message):
            return None
        self.reader.note(message)
        return self._replace(message) if isinstance(message, SnapshotFrame) else None

    def begin_connection(self, *, yes_prices: bool) -> None:
        """Keep the books to look at, but trust none before its next snapshot."""
        self.reader.begin_connection(yes_prices=yes_prices)
        for book in self.books.values():
            book.is_valid = False

    def _replace(self, message: SnapshotFrame) -> OrderBook | None:
        body = message.msg
        try:
            bids = read_levels(body.yes_dollars_fp, YES_PRICES)
            asks = read_levels(body.no_dollars_fp, self.reader.no_prices)
        except ValueError as error:
            self._reject(message, error)
            return None
        book = self.books.get(body.market_ticker)
        if book is None:
            book = self.books[body.market_ticker] = OrderBook()
        book.clear()
        for price, size in bids:
            book.set_level(BookSide.BID, price, size)
        for price, size in asks:
            book.set_level(BookSide.ASK, price, size)
        book.is_valid = True
        self.gapped.discard(body.market_ticker)
        return book

    def _on_lost(self, lost: LostBooks) -> None:
        for ticker in lost.tickers & self.books.keys():
            self.books[ticker].is_valid = False
            if lost.is_gap:
                self.gapped.add(ticker)
