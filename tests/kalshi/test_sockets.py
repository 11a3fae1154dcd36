"""A stream over several sockets, against a practice exchange that allows few markets on one."""

import asyncio
import contextlib
import time

from kalshi_desk.core.book import OrderBook
from kalshi_desk.core.events import BookDelta, BookSnapshot, BookStale, FillReported
from kalshi_desk.core.records import OrderIntent
from kalshi_desk.core.types import BookSide, Count, Price, TimeInForce
from kalshi_desk.kalshi.environment import practice
from kalshi_desk.kalshi.rest import RestClient
from kalshi_desk.kalshi.signing import Signer, load_private_key
from kalshi_desk.kalshi.stream import Stream
from tests.kalshi.test_against_exchange import WallClock, start_exchange, stop_exchange

DEADLINE_S = 30
LIMIT = 12


class Books:
    """Books made of the events of a stream, and which socket's word was last."""

    def __init__(self):
        self.books = {}
        self.stale = set()
        self.fills = []

    def take(self, event):
        if isinstance(event, BookSnapshot):
            book = self.books.setdefault(event.ticker, OrderBook())
            book.clear()
            for side, levels in ((BookSide.BID, event.bids), (BookSide.ASK, event.asks)):
                for price, size in levels:
                    book.set_level(side, price, size)
            self.stale.discard(event.ticker)
        elif isinstance(event, BookDelta):
            self.books[event.ticker].add(event.side is BookSide.BID, event.price, event.delta)
        elif isinstance(event, BookStale):
            self.stale.update(event.tickers)
        elif isinstance(event, FillReported):
            self.fills.append(event.fill)


async def until(condition, task):
    async with asyncio.timeout(DEADLINE_S):
        while not condition():
            if task.done():
                task.result()
            await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def crowded_exchange():
    process, ready = start_exchange(
        "--port", "0", "--history-min", "2", "--rule", f"markets_per_subscription={LIMIT}"
    )
    environment = practice(ready["rest"], ready["ws"])
    signer = Signer(ready["key_id"], load_private_key(ready["private_key_path"]))
    rest = RestClient(environment, signer, WallClock())
    try:
        yield environment, signer, rest
    finally:
        await rest.close()
        stop_exchange(process)


async def test_markets_beyond_the_limit_are_followed_on_more_sockets_once_each():
    async with crowded_exchange() as (environment, signer, rest):
        markets = await rest.markets(status="open")
        lasting = [m for m in markets if m.close_ns > time.time_ns() + 600 * 10**9]
        tickers = [market.ticker for market in lasting][:30]
        stream, books = Stream(environment, signer, WallClock()), Books()
        task = asyncio.create_task(stream.run(books.take))
        try:
            await stream.watch(tickers)
            await until(lambda: books.books.keys() >= set(tickers) and not books.stale, task)
            assert stream.watched == set(tickers)
            assert stream.sockets >= 3
            assert stream.gaps == 0
            late = [market.ticker for market in lasting][30:34]
            await stream.watch(late)
            await until(lambda: books.books.keys() >= set(late), task)
            await stream.forget(tickers[:6])
            assert stream.watched == set(tickers[6:] + late)
            before = stream.sockets
            await stream.watch(tickers[:3])
            await until(lambda: stream.watched >= set(tickers[:3]), task)
            assert stream.sockets == before
            await trade_is_told_once(rest, books, tickers[10], task)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def trade_is_told_once(rest, books, ticker, task):
    """Own fills come over the first socket only, whichever socket carries the market."""
    ask = books.books[ticker].ask
    intent = OrderIntent(
        client_order_id=f"once-{time.time_ns()}",
        ticker=ticker,
        side=BookSide.BID,
        price=Price(min(ask + 500, 9900)),
        count=Count(100),
        time_in_force=TimeInForce.IOC,
    )
    await rest.create_order(intent)
    await until(lambda: books.fills, task)
    assert len({fill.trade_id for fill in books.fills}) == len(books.fills)
