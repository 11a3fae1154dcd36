"""A replay gives the events of the live stream at recorded times, and obeys its controls."""

import asyncio
import contextlib

import pytest

from kalshi_desk.core.book import OrderBook
from kalshi_desk.core.errors import Refuse
from kalshi_desk.core.events import (
    BookDelta,
    BookSnapshot,
    BookStale,
    ConnectionChanged,
    FeedsReported,
    LinkState,
    MarketsListed,
    NewsArrived,
)
from kalshi_desk.core.news import NewsItem, ReaderReport, ReaderState, Tier
from kalshi_desk.core.records import Market
from kalshi_desk.core.types import BookSide, format_count, format_price
from kalshi_desk.engine.recorder import EngineRecorder
from kalshi_desk.engine.replay_feed import ReplayFeed
from kalshi_desk.engine.replay_scan import scan
from kalshi_desk.store.recording import FrameRecorder
from tests.kalshi.frame_maker import snapshot, subscribed
from tests.replay.capture_maker import START_NS, STEP_NS, capture_lines, frames_of, write_capture

DEADLINE_S = 10


class Desk:
    """Applies events to books, as the core would, and wakes whoever waits for them."""

    def __init__(self):
        self.events = []
        self.books = {}
        self.stale = set()
        self._grown = asyncio.Event()

    def __call__(self, event):
        self.events.append(event)
        if isinstance(event, BookSnapshot):
            book = self.books[event.ticker] = OrderBook()
            for side, levels in ((BookSide.BID, event.bids), (BookSide.ASK, event.asks)):
                for price, size in levels:
                    book.set_level(side, price, size)
            self.stale.discard(event.ticker)
        elif isinstance(event, BookDelta):
            self.books[event.ticker].add(event.side is BookSide.BID, event.price, event.delta)
        elif isinstance(event, BookStale):
            self.stale.update(event.tickers)
        self._grown.set()

    async def until(self, condition):
        async with asyncio.timeout(DEADLINE_S):
            while not condition():
                self._grown.clear()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._grown.wait(), 0.02)

    def shown(self, ticker):
        book = self.books[ticker]
        bid, ask = book.bid, book.ask
        return (
            None if bid is None else (format_price(bid), format_count(book.bid_size)),
            None if ask is None else (format_price(ask), format_count(book.ask_size)),
            len(book.levels(BookSide.BID)) + len(book.levels(BookSide.ASK)),
        )


def scanned(path, ticker):
    book = scan(path).markets[ticker]
    return (
        book.best_bid and (book.best_bid, book.bid_size),
        book.best_ask and (book.best_ask, book.ask_size),
        book.levels,
    )


@contextlib.asynccontextmanager
async def playing(feed):
    desk = Desk()
    task = asyncio.create_task(feed.run(desk))
    try:
        yield desk
        if task.done():
            task.result()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
def capture(tmp_path):
    return write_capture(tmp_path / "c.jsonl.gz", capture_lines(frames_of(4, deltas=100)))


async def test_playing_to_the_end_gives_the_books_of_the_scan(capture):
    feed = ReplayFeed(capture, speed=100)
    async with playing(feed) as desk:
        await desk.until(lambda: feed.position.ended)
        for ticker in desk.books:
            assert desk.shown(ticker) == scanned(capture, ticker)
    assert len(desk.books) == 6
    assert feed.position.fraction == 1.0
    assert {ticker[-1] for ticker in desk.stale} == {"0"}


async def test_markets_of_a_foreign_capture_are_inferred_and_marked(capture):
    feed = ReplayFeed(capture, paused=True)
    async with playing(feed) as desk:
        await desk.until(
            lambda: any(
                isinstance(e, ConnectionChanged) and e.state is LinkState.LIVE for e in desk.events
            )
        )
    listed = next(event for event in desk.events if isinstance(event, MarketsListed))
    market = next(market for market in listed.markets if market.ticker == "A-1-0")
    assert (market.title, market.event_ticker) == ("A-1-0", "A-1")
    assert market.grid.inferred
    assert market.grid.finest == 10
    assert not market.fee.is_known


async def test_a_paused_replay_moves_by_steps_only(capture):
    feed = ReplayFeed(capture, paused=True)
    async with playing(feed) as desk:
        await desk.until(lambda: feed.position.total_frames > 0)
        assert feed.position.frames == 0
        feed.step(4)
        await desk.until(lambda: feed.position.frames == 4)
        assert feed.now_ns() == START_NS + 3 * STEP_NS
        assert sum(isinstance(event, BookSnapshot) for event in desk.events) == 1
        assert feed.position.paused


async def test_recorded_time_runs_with_the_speed(capture):
    steady = [0]
    feed = ReplayFeed(capture, steady_ns=lambda: steady[0])
    async with playing(feed) as desk:
        await desk.until(lambda: feed.position.frames == 1)
        steady[0] = 5 * STEP_NS
        feed.set_speed(10)
        await desk.until(lambda: feed.position.frames >= 2)
        before = feed.position.frames
        steady[0] += 3 * STEP_NS
        feed.set_speed(10)
        await desk.until(lambda: feed.position.frames > before)
        assert feed.now_ns() <= START_NS + 35 * STEP_NS
        feed.pause()
        steady[0] += 10**12
        held = feed.now_ns()
        assert feed.now_ns() == held


async def test_a_jump_tells_every_book_and_going_back_decodes_again(capture):
    feed = ReplayFeed(capture, paused=True)
    async with playing(feed) as desk:
        await desk.until(lambda: feed.position.total_frames > 0)
        feed.jump(1.0)
        await desk.until(lambda: feed.position.ended)
        await desk.until(lambda: len(desk.books) == 3)
        for ticker in desk.books:
            assert ticker.endswith("-1")
            assert desk.shown(ticker) == scanned(capture, ticker)
        assert not any(isinstance(event, BookDelta) for event in desk.events)
        feed.jump(0.25)
        await desk.until(lambda: "A-1-0" in desk.books)
        assert feed.position.fraction == pytest.approx(0.25, abs=0.02)
        assert {ticker for ticker in desk.books if ticker not in desk.stale} == {
            "A-1-0",
            "A-2-0",
            "B-1-0",
        }
        feed.jump(0.0)
        await desk.until(lambda: feed.position.fraction == 0.0)


async def test_a_speed_out_of_range_is_refused(capture):
    feed = ReplayFeed(capture)
    for speed in (0.5, 101):
        with pytest.raises(Refuse, match="speed"):
            feed.set_speed(speed)


async def test_a_file_that_is_no_recording_is_refused(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"nothing\n")
    with pytest.raises(Refuse, match="is not a recording"):
        await ReplayFeed(path).run(lambda event: None)


async def test_our_recordings_carry_titles_and_their_own_price_encoding(tmp_path):
    recorder = FrameRecorder(tmp_path / "own.jsonl.zst")
    recorder.write_markets([Market(ticker="A", title="Will it rain?")], [])
    recorder.begin_connection(1, yes_prices=True, recv_ns=START_NS)
    recorder.record(START_NS, subscribed(), 1)
    recorder.record(START_NS + 1, snapshot(1, no=[("0.4800", "2.00")]), 1)
    recorder.close()
    feed = ReplayFeed(recorder.path, speed=100)
    async with playing(feed) as desk:
        await desk.until(lambda: feed.position.ended)
    assert desk.books["A"].best_ask == 4800
    listed = next(event for event in desk.events if isinstance(event, MarketsListed))
    assert [market.title for market in listed.markets] == ["Will it rain?"]


def told(desk):
    """Return the ids of news told so far, an arrival a list."""
    return [[i.item_id for i in e.items] for e in desk.events if isinstance(e, NewsArrived)]


def with_news(folder):
    """Record three frames a second apart, with news between them and after the last."""
    recorder = EngineRecorder(folder, "practice", START_NS, 100)
    recorder.begin_connection(1, START_NS)
    recorder.tap(START_NS, subscribed())

    def news(name, at_ns):
        item = NewsItem(
            item_id=name,
            feed="f",
            tier=Tier.PRESS,
            title=name,
            first_seen_ns=at_ns,
            cluster=name,
        )
        recorder.listen(NewsArrived((item,)), at_ns, of_frame=False)
        reader = ReaderReport(state=ReaderState.READING, since_ns=at_ns)
        recorder.listen(FeedsReported((), reader), at_ns + 1, of_frame=False)

    for number in range(3):
        at_ns = START_NS + number * 1_000_000_000
        recorder.tap(at_ns, snapshot(number + 1, no=[("0.4800", "2.00")]))
        news(f"n{number}", at_ns + 500_000_000)
    recorder.close()
    return recorder.path


async def test_news_is_told_when_it_was_known_and_not_before(tmp_path):
    feed = ReplayFeed(with_news(tmp_path), paused=True)
    async with playing(feed) as desk:
        await desk.until(lambda: feed.position.total_frames > 0)
        feed.step(2)
        await desk.until(lambda: feed.position.frames == 2)
        assert told(desk) == []
        feed.step()
        await desk.until(lambda: feed.position.frames == 3)
        assert told(desk) == [["n0"]]
        feed.set_speed(100)
        feed.resume()
        await desk.until(lambda: feed.position.ended)
        assert told(desk) == [["n0"], ["n1"], ["n2"]]
        since = [e.reader.since_ns for e in desk.events if isinstance(e, FeedsReported)]
        seconds = [(at_ns - START_NS) / 1e9 for at_ns in since]
        assert seconds == [0.5, 1.5, 2.5], "how the reader was comes with the news of then"


async def test_a_jump_tells_all_news_up_to_there_and_back_again_less(tmp_path):
    feed = ReplayFeed(with_news(tmp_path), paused=True)
    async with playing(feed) as desk:
        await desk.until(lambda: feed.position.total_frames > 0)
        feed.jump(1.0)
        await desk.until(lambda: bool(told(desk)))
        assert told(desk) == [["n0", "n1", "n2"]]
        feed.jump(0.6)
        await desk.until(lambda: len(told(desk)) == 2)
        assert told(desk)[-1] == ["n0"]
        last = [e.reader for e in desk.events if isinstance(e, FeedsReported)][-1]
        assert last is not None
        assert last.since_ns == START_NS + 500_000_000
        feed.jump(0.0)
        await desk.until(lambda: desk.events[-1] == FeedsReported(()))
