"""The client against the practice exchange, over its sockets: everything the desk relies on."""

import asyncio
import contextlib
import json
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import uuid

import pytest

from kalshi_desk.core.book import OrderBook
from kalshi_desk.core.errors import Stop
from kalshi_desk.core.events import (
    AccountRead,
    BalanceReported,
    BookDelta,
    BookSnapshot,
    BookStale,
    CancelAnswered,
    CancelFailed,
    ConnectionChanged,
    FillReported,
    LinkState,
    MarketsListed,
    MarketStatusChanged,
    OrderAnswered,
    OrderLookedUp,
    OrderRefused,
    OrderReported,
    OrderUnknown,
    QueueReported,
    UsageReported,
)
from kalshi_desk.core.fees import fill_fee, trade_fee
from kalshi_desk.core.records import OrderIntent, OrderState
from kalshi_desk.core.types import BookSide, Count, MarketStatus, Price, TimeInForce
from kalshi_desk.kalshi.broker import KalshiBroker
from kalshi_desk.kalshi.environment import practice
from kalshi_desk.kalshi.rest import RestClient
from kalshi_desk.kalshi.signing import Signer, load_private_key
from kalshi_desk.kalshi.venue import KalshiFeed

pytestmark = pytest.mark.long

DEADLINE_S = 30


class WallClock:
    def now_ns(self):
        return time.time_ns()


def start_exchange(*options):
    process = subprocess.Popen(
        [sys.executable, "-m", "kalshi_desk.exchange.main", "--seed", "7", "--json", *options],
        stdout=subprocess.PIPE,
        text=True,
    )
    line = process.stdout.readline()
    if not line:
        pytest.fail("the practice exchange did not start")
    return process, json.loads(line)


def stop_exchange(process):
    process.send_signal(signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(DEADLINE_S)
    process.kill()
    process.wait()
    process.stdout.close()


@pytest.fixture(scope="module")
def exchange():
    process, ready = start_exchange("--port", "0")
    yield ready
    stop_exchange(process)


def admin(ready, name, **fields):
    request = urllib.request.Request(
        f"{ready['admin']}/{name}", json.dumps(fields).encode(), method="POST"
    )
    with urllib.request.urlopen(request, timeout=DEADLINE_S) as answer:
        return json.load(answer)


class Session:
    """Feed and broker of one desk on the exchange, with the books its events make."""

    def __init__(self, ready, since_ns=0):
        clock = WallClock()
        environment = practice(ready["rest"], ready["ws"])
        signer = Signer(ready["key_id"], load_private_key(ready["private_key_path"]))
        self.rest = RestClient(environment, signer, clock)
        self.feed = KalshiFeed(environment, signer, self.rest, clock, account_since_ns=since_ns)
        self.broker = KalshiBroker(self.rest, clock)
        self.events = []
        self.books = {}
        self.stale = set()
        self.task = None

    def take(self, event):
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

    def of(self, kind, after=0):
        return [event for event in self.events[after:] if isinstance(event, kind)]

    def state(self):
        changes = self.of(ConnectionChanged)
        return changes[-1].state if changes else None

    async def until(self, condition, what):
        try:
            async with asyncio.timeout(DEADLINE_S):
                while not condition():
                    if self.task.done():
                        self.task.result()
                    await asyncio.sleep(0.02)
        except TimeoutError:
            pytest.fail(f"waited in vain for {what}")

    def markets(self):
        return {
            market.ticker: market for listed in self.of(MarketsListed) for market in listed.markets
        }

    def two_sided(self):
        """Return an active market whose book has three levels on both sides."""
        for ticker, market in sorted(self.markets().items()):
            book = self.books.get(ticker)
            if market.status is MarketStatus.ACTIVE and book and not self.closes_soon(market):
                levels = [len(book.levels(side)) for side in BookSide]
                if min(levels) >= 3 and book.best_ask - book.best_bid >= 100:
                    return market, book
        return None

    @staticmethod
    def closes_soon(market):
        return market.close_ns - time.time_ns() < 600 * 10**9


@contextlib.asynccontextmanager
async def live(ready, since_ns=0, watching=True):
    session = Session(ready, since_ns)
    session.task = asyncio.create_task(session.feed.run(session.take))
    try:
        await session.until(lambda: session.state() is LinkState.LIVE, "the feed to be live")
        if watching:
            await session.feed.watch(sorted(session.markets()))
            await session.until(session.two_sided, "a market with two sides")
        yield session
    finally:
        session.task.cancel()
        await asyncio.gather(session.task, return_exceptions=True)
        await session.rest.close()


def intent(market, side, price, count=500, **more):
    return OrderIntent(
        client_order_id=str(uuid.uuid4()),
        ticker=market.ticker,
        side=side,
        price=Price(price),
        count=Count(count),
        created_ns=time.time_ns(),
        **more,
    )


async def test_the_feed_comes_up_in_order_with_everything_described(exchange):
    async with live(exchange, watching=False) as session:
        kinds = [type(event) for event in session.events]
        assert kinds.index(MarketsListed) < kinds.index(AccountRead)
        assert session.state() is LinkState.LIVE
        markets = session.markets()
        assert len(markets) >= 60
        for market in markets.values():
            assert market.title
            assert market.event_ticker
            assert market.close_ns > 0
            assert not market.grid.inferred
            assert market.fee.is_known
        listed = session.of(MarketsListed)[0]
        assert {m.event_ticker for m in markets.values()} <= {
            event.event_ticker for event in listed.events
        }
        assert len({market.grid for market in markets.values()}) > 1
        await session.until(lambda: session.of(UsageReported), "usage")
        assert session.of(UsageReported)[0].write_capacity > 0


async def test_a_marketable_order_fills_with_the_fee_that_the_desk_expects(exchange):
    async with live(exchange) as session:
        market, book = session.two_sided()
        order = intent(market, BookSide.BID, book.best_ask, 100, time_in_force=TimeInForce.IOC)
        answer = await session.broker.send(order)
        assert isinstance(answer, OrderAnswered)
        await session.until(lambda: session.of(FillReported), "the fill")
        fill = session.of(FillReported)[0].fill
        assert (fill.order_id, fill.client_order_id) == (answer.order_id, order.client_order_id)
        assert (fill.side, fill.is_taker, fill.ticker) == (BookSide.BID, True, market.ticker)
        fee = trade_fee(market.fee, fill.price, fill.count, is_taker=True)
        assert fill.fee == fill_fee(fee, -fill.price * fill.count).net
        await session.until(lambda: session.of(BalanceReported), "the balance")
        await session.until(
            lambda: any(
                event.order.state is OrderState.EXECUTED for event in session.of(OrderReported)
            ),
            "the order's end",
        )


async def test_a_restarted_desk_reads_its_fills_and_position_again(exchange):
    async with live(exchange) as session:
        market, book = session.two_sided()
        before = session.of(AccountRead)[0]
        order = intent(market, BookSide.ASK, book.best_bid, 200, time_in_force=TimeInForce.IOC)
        answer = await session.broker.send(order)
        await session.until(lambda: session.of(FillReported), "the fill")
        fill = session.of(FillReported)[0].fill
    async with live(exchange, watching=False) as again:
        read = again.of(AccountRead)[0]
        assert fill.trade_id in {known.trade_id for known in read.fills}
        assert answer.order_id in {known.order_id for known in read.orders}
        assert len(read.fills) > len(before.fills)
        assert read.since_ns == 0
        (position,) = [p for p in read.positions if p.ticker == market.ticker]
        assert position.position == fill.post_position
    async with live(exchange, since_ns=time.time_ns(), watching=False) as recent:
        assert recent.of(AccountRead)[0].since_ns > 0


async def test_a_resting_order_queues_is_found_and_is_canceled_once(exchange):
    async with live(exchange) as session:
        market, book = session.two_sided()
        price = book.levels(BookSide.BID)[2][0]
        order = intent(market, BookSide.BID, price, post_only=True)
        answer = await session.broker.send(order)
        assert (answer.filled, answer.remaining) == (0, 500)
        await session.until(
            lambda: any(answer.order_id in event.ahead for event in session.of(QueueReported)),
            "the queue position",
        )
        made_ns = order.created_ns
        found = await session.broker.look_up(order.client_order_id, market.ticker, made_ns, made_ns)
        assert isinstance(found, OrderLookedUp)
        assert found.order.order_id == answer.order_id
        canceled = await session.broker.cancel(answer.order_id, market.ticker)
        assert canceled == CancelAnswered(answer.order_id, 500)
        again = await session.broker.cancel(answer.order_id, market.ticker)
        assert isinstance(again, CancelFailed)
        assert again.is_gone
        await session.until(
            lambda: any(
                event.order.state is OrderState.CANCELED for event in session.of(OrderReported)
            ),
            "the cancel on the stream",
        )


async def test_refusals_name_their_reason_and_place_nothing(exchange):
    async with live(exchange) as session:
        market, book = session.two_sided()
        broker = session.broker
        ask = book.best_ask
        cases = {
            "invalid_price": intent(market, BookSide.BID, 4703),
            "insufficient_balance": intent(market, BookSide.ASK, 9900, 10**9),
            "invalid_order": intent(market, BookSide.BID, 9900, 100, post_only=True),
            "fill_or_kill_insufficient_resting_volume": intent(
                market, BookSide.BID, ask, 10**7, time_in_force=TimeInForce.FOK
            ),
        }
        for code, order in cases.items():
            answer = await broker.send(order)
            assert isinstance(answer, OrderRefused), code
            assert answer.code == code
            assert "Nothing was ordered." in answer.text
        first = intent(market, BookSide.BID, book.levels(BookSide.BID)[2][0], 100)
        placed = await broker.send(first)
        assert isinstance(await broker.send(first), OrderUnknown)
        await broker.cancel(placed.order_id, market.ticker)
        assert not session.of(FillReported)


async def test_streamed_books_equal_those_read_by_rest(exchange):
    async with live(exchange) as session:
        admin(exchange, "pause")
        try:
            tickers = sorted(session.books)

            async def differing():
                books = await session.rest.orderbooks(tickers)
                assert len(books) == len(tickers)
                return [
                    read.ticker
                    for read in books
                    if [list(read.bids), list(read.asks)]
                    != [session.books[read.ticker].levels(side) for side in BookSide]
                ]

            async with asyncio.timeout(DEADLINE_S):
                while await differing():
                    await asyncio.sleep(0.1)
        finally:
            admin(exchange, "resume")
        assert session.feed.stream.gaps == 0
        assert session.feed.stream.unreadable == 0


async def test_a_payout_is_read_into_the_account(exchange):
    async with live(exchange) as session:
        market, book = session.two_sided()
        order = intent(market, BookSide.BID, book.best_ask, 300, time_in_force=TimeInForce.IOC)
        await session.broker.send(order)
        await session.until(lambda: session.of(FillReported), "the fill")
        mark = len(session.events)
        admin(exchange, "resolve", ticker=market.ticker, result="yes")
        await session.until(
            lambda: any(
                event.ticker == market.ticker and event.status is MarketStatus.DETERMINED
                for event in session.of(MarketStatusChanged, mark)
            ),
            "the result",
        )
        admin(exchange, "advance", seconds=120)

        def paid():
            return [
                settlement
                for read in session.of(AccountRead, mark)
                for settlement in read.settlements
                if settlement.ticker == market.ticker
            ]

        await session.until(paid, "the payout")
        settlement = paid()[0]
        assert (settlement.result, settlement.value) == ("yes", 10_000)
        assert settlement.revenue >= 0


async def test_markets_that_appear_later_are_described_and_followed(exchange):
    async with live(exchange) as session:
        known = set(session.markets())
        admin(exchange, "advance", seconds=900)

        def newcomers():
            return [
                market
                for ticker, market in session.markets().items()
                if ticker not in known and market.status is MarketStatus.ACTIVE
            ]

        await session.until(newcomers, "a market that was not there before")
        market = newcomers()[0]
        assert market.fee.is_known
        assert market.title
        await session.feed.watch([market.ticker])
        await session.until(lambda: market.ticker in session.books, "its book")
        over = [
            event.ticker
            for event in session.of(MarketStatusChanged)
            if event.status is MarketStatus.FINALIZED
        ]
        assert over
        await session.until(
            lambda: not set(over) & session.feed.stream.watched, "finished markets to be left"
        )
        assert session.feed.stream.refusals == []


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


async def test_an_exchange_that_is_killed_and_comes_back_is_followed_again(tmp_path):
    options = ("--port", str(free_port()), "--ws-port", str(free_port()), "--home", str(tmp_path))
    process, ready = start_exchange(*options)
    try:
        async with live(ready) as session:
            market, book = session.two_sided()
            order = intent(market, BookSide.BID, book.levels(BookSide.BID)[2][0])
            answer = await session.broker.send(order)
            process.kill()
            process.wait()
            await session.until(lambda: session.state() is LinkState.LOST, "the loss")
            assert session.stale == set(session.books)
            refused = await session.broker.send(intent(market, BookSide.BID, 100))
            assert isinstance(refused, OrderRefused)
            assert refused.code == "not_sent"
            process.stdout.close()
            process, _ = await asyncio.to_thread(start_exchange, *options)
            mark = len(session.events)
            await session.until(lambda: session.of(AccountRead, mark), "the account")
            await session.until(lambda: session.state() is LinkState.LIVE, "the feed to be live")
            read = session.of(AccountRead, mark)[-1]
            assert answer.order_id in {known.order_id for known in read.orders}
            await session.until(lambda: market.ticker not in session.stale, "the book")
            assert session.feed.stream.reconnects >= 1
    finally:
        stop_exchange(process)


async def test_a_wrong_key_is_refused_in_words(exchange, tmp_path):
    stranger = {**exchange, "key_id": str(uuid.uuid4())}
    session = Session(stranger)
    with pytest.raises(Stop, match="does not know this API key"):
        await asyncio.wait_for(session.feed.run(session.take), DEADLINE_S)
    assert session.state() is LinkState.REFUSED
    await session.rest.close()


async def test_rsa_keys_are_taken_too():
    process, ready = start_exchange("--port", "0", "--key-type", "rsa")
    try:
        async with live(ready, watching=False) as session:
            assert session.of(AccountRead)[0].balance.cash > 0
    finally:
        stop_exchange(process)
