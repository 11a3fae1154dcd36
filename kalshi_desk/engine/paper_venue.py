"""The paper venue: Kalshi's public data, and orders that fill on its books without it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from fractions import Fraction

import msgspec

from kalshi_desk.core.events import (
    AccountRead,
    BookDelta,
    BookSnapshot,
    CancelAnswered,
    CancelFailed,
    ConnectionChanged,
    CoreEvent,
    FillReported,
    LinkState,
    MarketsListed,
    MarketStatusChanged,
    OrderAnswered,
    OrderLookedUp,
    OrderRefused,
    OrderReported,
    QueueReported,
    TradePrinted,
)
from kalshi_desk.core.ports import Clock, EventSink, Feed
from kalshi_desk.core.records import (
    Balance,
    ExchangePosition,
    Fill,
    Market,
    Order,
    OrderIntent,
    OrderState,
    Settlement,
)
from kalshi_desk.core.types import NO_MONEY, Count, MarketStatus, Money
from kalshi_desk.engine.shell import VenueActions
from kalshi_desk.engine.state import CoreState
from kalshi_desk.engine.universe import trim
from kalshi_desk.execution.paper import PaperBroker, PaperOrder
from kalshi_desk.market.live import LiveMarket
from kalshi_desk.portfolio.positions import Positions

MAX_WATCHED = 100
"""One request of books a round, unasked; more are added when a ladder opens."""


_EVERYBODY = Fraction(10**12)
"""A restored order stands last; the first book says how many that are."""


class PaperAccount:
    """Cash and positions of the paper account, from the fills and settlements it made."""

    def __init__(self, opening: Money) -> None:
        self.cash = opening
        self.positions = Positions()
        self.settlements: dict[str, Settlement] = {}

    def book(self, fill: Fill) -> None:
        """Book a fill."""
        self.cash = Money(self.cash + (self.positions.book_fill(fill) or 0))

    def settle(self, settlement: Settlement) -> bool:
        """Pay a market out once, what is held of it; return whether anything was held."""
        held = self.positions.get(settlement.ticker)
        if not held.count:
            return False
        settlement = msgspec.structs.replace(settlement, revenue=held.payout(settlement.value))
        self.cash = Money(self.cash + (self.positions.book_settlement(settlement) or 0))
        self.settlements[settlement.ticker] = settlement
        return True


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
        self._account = account
        self._keep = keep
        self._paper = PaperBroker()
        self._sink: EventSink = lambda event: None
        self._watching: set[asyncio.Task[None]] = set()
        self._watched: set[str] = set()

    async def run(self, sink: EventSink) -> None:
        """Deliver events until cancelled."""
        self._sink = sink
        self._restore()
        await self._feed.run(self._take)

    def _restore(self) -> None:
        """Put back the orders that rested when the engine last stopped."""
        self._paper.next_id = self._clock.now_ns() // 1_000
        for order in self._state.orders.open_orders():
            intent = OrderIntent(
                client_order_id=order.client_order_id,
                ticker=order.ticker,
                side=order.side,
                price=order.price,
                count=order.count,
                command_id=order.command_id,
                created_ns=order.created_ns,
            )
            if order.state is OrderState.RESTING:
                self._paper.resting[order.order_id] = PaperOrder(
                    intent,
                    order.order_id,
                    int(order.remaining),
                    _EVERYBODY,
                    filled=int(order.filled),
                )

    def _take(self, event: CoreEvent) -> None:
        """Let the event reach the core first, then see what it does to our orders."""
        if isinstance(event, ConnectionChanged) and event.state is LinkState.LIVE:
            self._sink(self._reading())
        if isinstance(event, MarketsListed):
            event = trim(event, self._keep())
        self._sink(event)
        now_ns = self._clock.now_ns()
        if isinstance(event, TradePrinted):
            trade = event.trade
            live = self._state.markets.get(trade.ticker)
            if live is not None:
                fills = self._paper.on_print(
                    trade.ticker,
                    trade.price,
                    trade.count,
                    trade.taker_side,
                    live.market.fee,
                    now_ns,
                )
                self._tell(fills)
        elif isinstance(event, BookDelta):
            self._paper.on_delta(event.ticker, event.side, event.price, event.delta)
        elif isinstance(event, BookSnapshot):
            live = self._state.markets.get(event.ticker)
            if live is not None:
                self._paper.on_book(event.ticker, live.book)
            self._tell_queue(event.ticker)
        elif isinstance(event, MarketsListed):
            self._follow(event.markets)
        elif isinstance(event, MarketStatusChanged):
            self._end_market(event.ticker)

    def _tell(self, fills: Sequence[Fill]) -> None:
        for fill in fills:
            self._account.book(fill)
            self._sink(FillReported(fill))

    def _tell_queue(self, ticker: str) -> None:
        ahead = {
            order.order_id: Count(int(order.ahead))
            for order in self._paper.resting.values()
            if order.intent.ticker == ticker
        }
        if ahead:
            self._sink(QueueReported(ahead))

    def _follow(self, markets: Sequence[Market]) -> None:
        """Follow what one owns, what is starred and what trades most; settle what is over."""
        for market in markets:
            if market.status is not MarketStatus.ACTIVE:
                self._end_market(market.ticker)
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

    def _end_market(self, ticker: str) -> None:
        """Take our orders off a market that no longer trades, and pay out what is decided."""
        live = self._state.markets.get(ticker)
        if live is None or live.market.status is MarketStatus.ACTIVE:
            return
        now_ns = self._clock.now_ns()
        for order in list(self._paper.resting.values()):
            if order.intent.ticker == ticker:
                del self._paper.resting[order.order_id]
                self._sink(OrderReported(self._paper.report(order, OrderState.CANCELED, now_ns)))
        value = live.market.settlement_value
        if value is None or live.market.status is not MarketStatus.FINALIZED:
            return
        settlement = Settlement(
            ticker=ticker,
            result=live.market.result,
            value=value,
            revenue=NO_MONEY,
            settled_ns=now_ns,
        )
        if self._account.settle(settlement):
            self._sink(self._reading())

    def _reading(self) -> AccountRead:
        now_ns = self._clock.now_ns()
        return AccountRead(
            orders=tuple(
                self._paper.report(order, OrderState.RESTING, now_ns)
                for order in self._paper.resting.values()
            ),
            fills=(),
            positions=tuple(
                ExchangePosition(ticker=p.ticker, position=p.count)
                for p in self._account.positions.held()
            ),
            settlements=tuple(self._account.settlements.values()),
            balance=Balance(cash=self._account.cash, reported_ns=now_ns),
            asked_ns=now_ns,
        )

    async def watch(self, tickers: Sequence[str]) -> None:
        """Follow more books."""
        self._watched.update(tickers)
        await self._feed.watch(tickers)

    async def send(self, intent: OrderIntent) -> OrderAnswered | OrderRefused:
        """Fill on the book as it stands, or rest in its queue."""
        live = self._state.markets.get(intent.ticker)
        refusal = _why_not(live)
        if live is None or refusal:
            return OrderRefused(intent.client_order_id, "paper", refusal)
        placed = self._paper.place(intent, live.book, live.market.fee, self._clock.now_ns())
        if placed.refusal:
            return OrderRefused(intent.client_order_id, "invalid_order", placed.refusal)
        filled = Count(sum(fill.count for fill in placed.fills))
        asyncio.get_running_loop().call_soon(self._tell, placed.fills)
        return OrderAnswered(intent.client_order_id, placed.order_id, filled, placed.rests)

    async def cancel(self, order_id: str, ticker: str) -> CancelAnswered | CancelFailed:
        """Take an order off."""
        left = self._paper.cancel(order_id)
        if left is None:
            return CancelFailed(order_id, "no such order rests", is_gone=True)
        return CancelAnswered(order_id, left)

    async def look_up(
        self, client_order_id: str, ticker: str, since_ns: int, until_ns: int
    ) -> OrderLookedUp | None:
        """Find an order; paper orders that do not rest are over or were never placed."""
        found: Order | None = None
        for order in self._paper.resting.values():
            if client_order_id in (order.intent.client_order_id, order.order_id):
                found = self._paper.report(order, OrderState.RESTING, self._clock.now_ns())
        return OrderLookedUp(client_order_id, found)

    async def cancel_everything(self) -> None:
        """Take every order off."""
        for order_id in list(self._paper.resting):
            left = self._paper.cancel(order_id)
            self._sink(CancelAnswered(order_id, left or Count(0)))

    async def read_account(self) -> None:
        """Tell the account as it stands."""
        self._sink(self._reading())


def _why_not(live: LiveMarket | None) -> str:
    if live is None:
        return "The market is not known."
    if not live.book.is_valid:
        return f"The book is not current ({live.stale_reason}); paper fills need one."
    if not live.market.fee.is_known:
        return "The fee of this market is not known, so a fill could not be priced."
    return ""
