"""Public market data without a key: books and trades read again and again over REST."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from kalshi_desk.core.errors import DeskError, Refuse, Retry, Stop
from kalshi_desk.core.events import (
    BookSnapshot,
    BookStale,
    ConnectionChanged,
    ExchangeStatusReported,
    LinkState,
    MarketsListed,
    TickerChanged,
    TradePrinted,
)
from kalshi_desk.core.ports import Clock, EventSink, Sleep
from kalshi_desk.core.records import Market
from kalshi_desk.kalshi.canary import Canary
from kalshi_desk.kalshi.listing import Listing
from kalshi_desk.kalshi.rest import RestClient

POLL_S = 1.0
LISTING_S = 60.0
STATUS_S = 10.0
RETRY_S = 2.0
TRADES_PAGE = 1_000
LOOK_BACK_S = 2
_SECOND_NS = 1_000_000_000


class PollingFeed:
    """Implements ``Feed`` on the routes that need no signature.

    Books of watched markets are read whole, about once a second as far as the read
    budget allows, and told when they changed; trades are told once each.
    """

    def __init__(
        self,
        rest: RestClient,
        clock: Clock,
        *,
        series: Sequence[str] = (),
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._rest = rest
        self._clock = clock
        self._sleep = sleep
        self._listing = Listing(rest, clock, series)
        self._sink: EventSink = lambda event: None
        self._watched: dict[str, None] = {}
        self._books: dict[str, BookSnapshot] = {}
        self._seen_trades: set[str] = set()
        self._is_live = False
        self.canary = Canary(rest, watched=lambda: self._watched, sleep=sleep)

    async def run(self, sink: EventSink) -> None:
        """Deliver events until cancelled.  Raises ``Stop`` when public reads are refused."""
        self._sink = sink
        sink(ConnectionChanged(LinkState.CONNECTING, "reading the markets"))
        while True:
            try:
                await self._read_status()
                self._list(await self._listing.read_all())
                break
            except Retry as error:
                sink(ConnectionChanged(LinkState.CONNECTING, error.what))
                await self._sleep(RETRY_S)
            except Refuse as error:
                raise Stop(error.what, code=error.code, todo=error.todo) from None
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._poll_forever())
            tasks.create_task(self._refresh_forever())
            tasks.create_task(self.canary.run(sink))

    async def watch(self, tickers: Sequence[str]) -> None:
        """Read the books and trades of these markets too."""
        self._watched.update(dict.fromkeys(tickers))

    async def describe(self, tickers: Sequence[str]) -> None:
        """Read these markets and list them.  Raises ``DeskError``."""
        self._list(await self._listing.read(tickers))

    async def _poll_forever(self) -> None:
        while True:
            try:
                await self._poll_trades()
                await self._poll_books()
                self._say_live()
            except DeskError as error:
                self._say_lost(error)
                await self._sleep(RETRY_S)
            await self._sleep(POLL_S)

    async def _poll_books(self) -> None:
        for book in await self._rest.orderbooks(list(self._watched)):
            if self._books.get(book.ticker) != book:
                self._books[book.ticker] = book
                self._sink(book)

    async def _poll_trades(self) -> None:
        """Tell new trades of watched markets, oldest first; prints come before their books."""
        since_s = self._clock.now_ns() // _SECOND_NS - LOOK_BACK_S - int(POLL_S)
        trades = await self._rest.trades(limit=TRADES_PAGE, min_ts=since_s)
        is_first = not self._is_live
        for trade in reversed(trades):
            if trade.trade_id in self._seen_trades:
                continue
            if trade.ticker in self._watched and not is_first:
                self._sink(TradePrinted(trade))
        self._seen_trades = {trade.trade_id for trade in trades}

    async def _refresh_forever(self) -> None:
        """Keep status and watched markets current; the polling tells of failures."""
        waited_s = 0.0
        while True:
            await self._sleep(STATUS_S)
            waited_s += STATUS_S
            try:
                await self._read_status()
                if waited_s >= LISTING_S and self._watched:
                    waited_s = 0.0
                    self._list(await self._listing.read(list(self._watched)))
            except DeskError:
                continue

    async def _read_status(self) -> None:
        self._sink(ExchangeStatusReported(await self._rest.exchange_status()))

    def _list(self, listed: MarketsListed | None) -> None:
        if listed is None:
            return
        self._sink(listed)
        for market in listed.markets:
            self._sink(_ticker_of(market))

    def _say_live(self) -> None:
        if not self._is_live:
            self._is_live = True
            self.canary.glance(self._sink)
            self.canary.begin()
            self._sink(ConnectionChanged(LinkState.LIVE, "public data, read about once a second"))

    def _say_lost(self, error: DeskError) -> None:
        self._books.clear()
        self._sink(BookStale((), error.what))
        if self._is_live:
            self._is_live = False
            self._sink(ConnectionChanged(LinkState.LOST, error.what))


def _ticker_of(market: Market) -> TickerChanged:
    return TickerChanged(market.ticker, market.last_price, market.volume, market.open_interest)
