"""The paper venue: Kalshi's public data, and orders that fill on its books without it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction

from kalshi_desk.core.errors import DeskError
from kalshi_desk.core.events import (
    CancelAnswered,
    CancelFailed,
    ConnectionChanged,
    CoreEvent,
    LinkState,
    MarketsListed,
    OrderAnswered,
    OrderLookedUp,
    OrderRefused,
)
from kalshi_desk.core.ports import Clock, EventSink, Feed
from kalshi_desk.core.records import Market, OrderIntent, OrderState
from kalshi_desk.core.types import MarketStatus
from kalshi_desk.engine.book_broker import BookBroker
from kalshi_desk.engine.book_broker import PaperAccount as PaperAccount
from kalshi_desk.engine.state import CoreState
from kalshi_desk.engine.universe import Universe
from kalshi_desk.engine.venue_actions import VenueActions
from kalshi_desk.execution.paper import PaperOrder
from kalshi_desk.kalshi.polling import PollingFeed

MAX_WATCHED = 100
"""One request of books a round, unasked; more are added when a ladder opens."""


_EVERYBODY = Fraction(10**12)
"""A restored order stands last; the first book says how many that are."""


class PaperVenue(VenueActions):
    """A feed of real books with a broker of our own in front of it."""

    def __init__(
        self,
        feed: Feed,
        clock: Clock,
        state: CoreState,
        account: PaperAccount,
        keep: Callable[[], set[str]],
    ) -> None:
        self.broker = self
        self._feed = feed
        self._clock = clock
        self._state = state
        self._keep = keep
        self._universe = Universe(keep)
        self._desk = BookBroker(state, account, clock.now_ns)
        self._sink: EventSink = lambda event: None
        self._watching: set[asyncio.Task[None]] = set()
        self._watched: set[str] = set()

    async def run(self, sink: EventSink) -> None:
        """Deliver events until cancelled."""
        self._sink = self._desk.sink = sink
        self._restore()
        await self._feed.run(self._take)

    def _restore(self) -> None:
        """Put back the orders that rested when the engine last stopped."""
        self._desk.paper.next_id = self._clock.now_ns() // 1_000
        for order in self._state.orders.open_orders():
            intent = OrderIntent(
                client_order_id=order.client_order_id,
                ticker=order.ticker,
                side=order.side,
                price=order.price,
                count=order.count,
                command_id=order.command_id,
                created_ns=order.created_ns,
                expires_ns=order.expires_ns,
            )
            if order.state is OrderState.RESTING:
                self._desk.paper.resting[order.order_id] = PaperOrder(
                    intent,
                    order.order_id,
                    int(order.remaining),
                    _EVERYBODY,
                    filled=int(order.filled),
                )

    def _take(self, event: CoreEvent) -> None:
        """Let the event reach the core first, then see what it does to our orders."""
        if isinstance(event, ConnectionChanged) and event.state is LinkState.LIVE:
            self._sink(self._desk.reading())
        if isinstance(event, MarketsListed):
            event = self._universe.take(event)
        self._sink(event)
        self._desk.after(event)
        if isinstance(event, MarketsListed):
            self._follow(event.markets)

    def _follow(self, markets: Sequence[Market]) -> None:
        """Follow what one owns, what is starred and what trades most."""
        mine = self._keep()
        active = [m for m in markets if m.status is MarketStatus.ACTIVE]
        active.sort(key=lambda m: (m.ticker not in mine, -m.volume, m.ticker))
        fresh = [m.ticker for m in active if m.ticker not in self._watched]
        fresh = fresh[: max(0, MAX_WATCHED - len(self._watched))]
        if fresh:
            self._watched.update(fresh)
            task = asyncio.create_task(self._feed.watch(fresh))
            self._watching.add(task)
            task.add_done_callback(self._watching.discard)

    @property
    def unlisted(self) -> Mapping[str, Market]:
        """Open markets of the exchange that the desk does not follow."""
        return self._universe.left_out

    async def watch(self, tickers: Sequence[str]) -> None:
        """Follow more books; a market that was left out of the listing is read anew first."""
        unlisted = [ticker for ticker in tickers if ticker in self._universe.left_out]
        if unlisted and isinstance(self._feed, PollingFeed):
            with contextlib.suppress(DeskError):
                await self._feed.describe(unlisted)
        self._watched.update(tickers)
        await self._feed.watch(tickers)

    async def send(self, intent: OrderIntent) -> OrderAnswered | OrderRefused:
        """Fill on the book as it stands, or rest in its queue."""
        answer, fills = self._desk.place(intent)
        asyncio.get_running_loop().call_soon(self._desk.tell, fills)
        return answer

    async def cancel(self, order_id: str, ticker: str) -> CancelAnswered | CancelFailed:
        """Take an order off."""
        return self._desk.cancel(order_id)

    async def look_up(
        self, client_order_id: str, ticker: str, since_ns: int, until_ns: int
    ) -> OrderLookedUp | None:
        """Find an order; paper orders that do not rest are over or were never placed."""
        return self._desk.look_up(client_order_id)

    async def cancel_everything(self) -> None:
        """Take every order off."""
        self._desk.cancel_everything()

    async def read_account(self) -> None:
        """Tell the account as it stands."""
        self._sink(self._desk.reading())
