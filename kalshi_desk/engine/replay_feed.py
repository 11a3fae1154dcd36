"""A recording played as a feed: recorded time, pause, step, speed and jump."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec

from kalshi_desk.core.book import OrderBook
from kalshi_desk.core.errors import Refuse
from kalshi_desk.core.events import (
    BookDelta,
    BookSnapshot,
    BookStale,
    ConnectionChanged,
    CoreEvent,
    FeedsReported,
    LinkState,
    NewsArrived,
    TickerChanged,
)
from kalshi_desk.core.news import NewsItem
from kalshi_desk.core.ports import EventSink
from kalshi_desk.core.types import BookSide
from kalshi_desk.engine.replay_index import RecordingIndex, index_recording
from kalshi_desk.engine.tape import kept_event
from kalshi_desk.kalshi.decode import LostBooks
from kalshi_desk.kalshi.translate import MarketChanged, Translator
from kalshi_desk.store.recording import RecordedFrame, RecordedMeta, read_frames

MIN_SPEED = 1.0
MAX_SPEED = 100.0
_FRAMES_A_TURN = 256


class ReplayPosition(msgspec.Struct, frozen=True, kw_only=True):
    """Where a replay stands; ``fraction`` of recorded time is between 0 and 1."""

    position_ns: int
    start_ns: int
    end_ns: int
    fraction: float
    speed: float
    paused: bool
    ended: bool
    frames: int
    total_frames: int


class ReplayFeed:
    """Plays one recording with the events that the live stream would give.

    It is also the clock of its desk: ``now_ns`` is recorded time.  After a jump every
    book comes as a snapshot and all news so far at once; trades in between are not told.
    News and the health of feeds come with the frame after them, never earlier than known.
    """

    def __init__(
        self,
        path: Path | str,
        *,
        speed: float = MIN_SPEED,
        paused: bool = False,
        steady_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self.path = Path(path)
        self._steady_ns = steady_ns
        self._index: RecordingIndex | None = None
        self._sink: EventSink = lambda event: None
        self._records: Iterator[RecordedFrame | RecordedMeta] = iter(())
        self._next: RecordedFrame | None = None
        self._translator = self._new_translator()
        self._books: dict[str, OrderBook] = {}
        self._quotes: dict[str, TickerChanged] = {}
        self._news: dict[str, NewsItem] = {}
        self._feeds: FeedsReported | None = None
        self._next_news: list[NewsArrived | FeedsReported] = []
        self._position_ns = 0
        self._frames = 0
        self._speed = speed
        self._paused = paused
        self._steps = 0
        self._jump_ns: int | None = None
        self._anchor_ns = 0
        self._anchor_steady_ns = 0
        self._changed = asyncio.Event()
        self._silent = False

    async def load(self) -> RecordingIndex:
        """Read the recording once; raises ``Refuse`` when it is none."""
        if self._index is None:
            self._index = await asyncio.to_thread(index_recording, self.path)
            self._rewind()
        return self._index

    async def run(self, sink: EventSink) -> None:
        """Play until cancelled; at the end it waits for a jump."""
        sink(ConnectionChanged(LinkState.CONNECTING, "reading the recording"))
        index = await self.load()
        self._sink = sink
        sink(index.listed)
        sink(ConnectionChanged(LinkState.LIVE, f"replay of {self.path.name}"))
        self._anchor()
        while True:
            if self._jump_ns is not None:
                await self._jump()
            elif self._next is None or (self._paused and not self._steps):
                await self._wait(None)
            elif self._steps:
                self._step_once()
            else:
                await self._play()

    async def watch(self, tickers: Sequence[str]) -> None:
        """Do nothing: a recording plays all that it holds."""

    def now_ns(self) -> int:
        """Return recorded time: of the last frame, and going on with the speed."""
        if self._paused or self._next is None:
            return self._position_ns
        elapsed_ns = self._steady_ns() - self._anchor_steady_ns
        flowing_ns = self._anchor_ns + int(elapsed_ns * self._speed)
        return min(max(flowing_ns, self._position_ns), max(self._next.recv_ns, self._position_ns))

    @property
    def unreadable(self) -> int:
        """How many frames could not be read so far."""
        return self._translator.counts.unreadable

    @property
    def position(self) -> ReplayPosition:
        """Where the replay stands now."""
        index = self._index
        start_ns, end_ns = (index.start_ns, index.end_ns) if index else (0, 0)
        now_ns = self.now_ns()
        span_ns = end_ns - start_ns
        has_ended = index is not None and self._next is None
        fraction = (now_ns - start_ns) / span_ns if span_ns > 0 else float(has_ended)
        return ReplayPosition(
            position_ns=now_ns,
            start_ns=start_ns,
            end_ns=end_ns,
            fraction=min(max(fraction, 0.0), 1.0),
            speed=self._speed,
            paused=self._paused,
            ended=has_ended,
            frames=self._frames,
            total_frames=index.frames if index else 0,
        )

    def pause(self) -> None:
        """Stop recorded time."""
        self._position_ns = max(self._position_ns, self.now_ns())
        self._paused = True
        self._changed.set()

    def resume(self) -> None:
        """Let recorded time go on."""
        self._paused = False
        self._anchor()
        self._changed.set()

    def step(self, frames: int = 1) -> None:
        """Pause, and play this many frames at once."""
        self.pause()
        self._steps += frames
        self._changed.set()

    def set_speed(self, speed: float) -> None:
        """Play this many times as fast; raises ``Refuse`` outside 1 to 100."""
        if not MIN_SPEED <= speed <= MAX_SPEED:
            raise Refuse(
                f"A replay can't run at speed {speed:g}.",
                code="bad_speed",
                todo=f"Choose a speed from {MIN_SPEED:g} to {MAX_SPEED:g}.",
            )
        self._position_ns = max(self._position_ns, self.now_ns())
        self._speed = speed
        self._anchor()
        self._changed.set()

    def jump(self, fraction: float) -> None:
        """Go to a part of the recording, 0 being its beginning and 1 its end."""
        if self._index is not None:
            start_ns, end_ns = self._index.start_ns, self._index.end_ns
            self.jump_to(start_ns + int((end_ns - start_ns) * min(max(fraction, 0.0), 1.0)))

    def jump_to(self, time_ns: int) -> None:
        """Go to a recorded time."""
        self._jump_ns = time_ns
        self._steps = 0
        self._changed.set()

    async def _play(self) -> None:
        """Play all frames that are due, then wait for the next one or for a command."""
        for _ in range(_FRAMES_A_TURN):
            record = self._next
            if record is None or self._changed.is_set():
                break
            wait_ns = (record.recv_ns - self._anchor_ns) / self._speed - (
                self._steady_ns() - self._anchor_steady_ns
            )
            if wait_ns > 0:
                await self._wait(wait_ns / 1e9)
                return
            self._feed(record)
            self._advance()
        self._changed.clear()
        await asyncio.sleep(0)

    async def _wait(self, seconds: float | None) -> None:
        # Not wait_for, which on Python 3.11 forgets a cancellation that comes with the event.
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            return
        self._changed.clear()

    def _step_once(self) -> None:
        self._steps -= 1
        if self._next is not None:
            self._feed(self._next)
            self._advance()

    async def _jump(self) -> None:
        """Decode up to the wanted time without telling, then tell every book at once."""
        wanted_ns = self._jump_ns
        assert wanted_ns is not None
        self._jump_ns = None
        gone = tuple(sorted(self._books))
        if wanted_ns <= self._position_ns:
            self._rewind()
        self._silent = True
        try:
            turn = 0
            while self._next is not None and self._next.recv_ns <= wanted_ns:
                self._feed(self._next)
                self._advance()
                turn += 1
                if turn % _FRAMES_A_TURN == 0:
                    await asyncio.sleep(0)
        finally:
            self._silent = False
        self._position_ns = max(wanted_ns, self._index.start_ns if self._index else 0)
        if self._index is not None:
            self._position_ns = min(self._position_ns, self._index.end_ns)
        self._tell_all(gone)
        self._anchor()

    def _tell_all(self, gone: tuple[str, ...]) -> None:
        if gone:
            self._sink(BookStale(gone, "the replay jumped"))
        fresh = self._translator.reader.fresh
        for ticker, book in self._books.items():
            if ticker in fresh:
                bids = tuple(book.levels(BookSide.BID))
                asks = tuple(book.levels(BookSide.ASK))
                self._sink(BookSnapshot(ticker, bids, asks))
        for quote in self._quotes.values():
            self._sink(quote)
        if self._news:
            self._sink(NewsArrived(tuple(self._news.values())))
        self._sink(self._feeds or FeedsReported(()))

    def _feed(self, record: RecordedFrame) -> None:
        """Pass one frame through the live decoder."""
        self._position_ns = max(self._position_ns, record.recv_ns)
        self._frames += 1
        self._tell_news()
        _, event = self._translator.translate(record.frame)
        if event is None or isinstance(event, MarketChanged):
            return
        self._remember(event)
        if not self._silent:
            self._sink(event)

    def _remember(self, event: CoreEvent) -> None:
        """Keep what a jump must tell."""
        if isinstance(event, BookDelta):
            book = self._books[event.ticker]
            book.add(event.side is BookSide.BID, event.price, event.delta)
        elif isinstance(event, BookSnapshot):
            book = self._books.setdefault(event.ticker, OrderBook())
            book.clear()
            for price, size in event.bids:
                book.set_level(BookSide.BID, price, size)
            for price, size in event.asks:
                book.set_level(BookSide.ASK, price, size)
        elif isinstance(event, TickerChanged):
            self._quotes[event.ticker] = event

    def _advance(self) -> None:
        """Find the next incoming frame; a connection line says how prices are encoded."""
        for record in self._records:
            if isinstance(record, RecordedMeta):
                if record.kind == "connection":
                    self._begin_connection(bool(record.content.get("yes_prices")))
                elif record.kind == "event":
                    self._take_recorded(record)
            elif not record.problem and not record.is_outgoing:
                self._next = record
                return
        self._next = None
        self._tell_news()

    def _tell_news(self) -> None:
        for news in self._next_news:
            if isinstance(news, FeedsReported):
                self._feeds = news
            else:
                self._news.update((item.item_id, item) for item in news.items)
            if not self._silent:
                self._sink(news)
        self._next_news.clear()

    def _begin_connection(self, yes_prices: bool) -> None:
        lost = tuple(sorted(self._translator.reader.fresh))
        self._translator.reader.begin_connection(yes_prices=yes_prices)
        if lost and not self._silent:
            self._sink(BookStale(lost, "a new connection began"))

    def _take_recorded(self, record: RecordedMeta) -> None:
        """Lose the books that the recording engine lost, at the same point, and keep its news."""
        event = kept_event(record)
        if isinstance(event, NewsArrived | FeedsReported):
            self._next_news.append(event)
        elif isinstance(event, BookStale):
            reader = self._translator.reader
            reader.distrust(event.tickers or tuple(reader.fresh), event.why)

    def _rewind(self) -> None:
        self._records = read_frames(self.path)
        self._translator = self._new_translator()
        self._books.clear()
        self._quotes.clear()
        self._news.clear()
        self._feeds = None
        self._next_news.clear()
        self._frames = 0
        self._advance()
        self._position_ns = self._index.start_ns if self._index else 0

    def _new_translator(self) -> Translator:
        return Translator(yes_prices=False, on_lost=self._on_lost)

    def _on_lost(self, lost: LostBooks) -> None:
        if lost.tickers and not self._silent:
            self._sink(BookStale(tuple(sorted(lost.tickers)), lost.why))

    def _anchor(self) -> None:
        self._anchor_ns = self._position_ns
        self._anchor_steady_ns = self._steady_ns()
