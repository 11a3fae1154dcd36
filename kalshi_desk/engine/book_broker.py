"""A paper account at work: orders that fill on the books of a core, settled and reported.

Synchronous and without a clock of its own: the paper venue and the backtest both stand
around it, and what it reports they tell the core.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from kalshi_desk.core.events import (
    AccountRead,
    BookDelta,
    BookSnapshot,
    CancelAnswered,
    CancelFailed,
    CoreEvent,
    FillReported,
    MarketsListed,
    MarketStatusChanged,
    OrderAnswered,
    OrderLookedUp,
    OrderRefused,
    OrderReported,
    QueueReported,
    TradePrinted,
)
from kalshi_desk.core.ports import EventSink
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
from kalshi_desk.core.types import NO_MONEY, PRICE_ONE, Count, MarketStatus, Money, Price
from kalshi_desk.engine.state import CoreState
from kalshi_desk.execution.paper import PaperBroker
from kalshi_desk.market.live import LiveMarket
from kalshi_desk.portfolio.positions import Positions

_WHOLE_RESULTS = {"yes": PRICE_ONE, "no": Price(0)}


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


class BookBroker:
    """The broker and the account behind it; ``sink`` hears what happens to our orders."""

    def __init__(
        self,
        state: CoreState,
        account: PaperAccount,
        now_ns: Callable[[], int],
        sink: EventSink = lambda event: None,
        broker: PaperBroker | None = None,
    ) -> None:
        self.sink = sink
        self.paper = broker or PaperBroker()
        self._state = state
        self._account = account
        self._now_ns = now_ns

    def after(self, event: CoreEvent) -> None:
        """See what an event that the core has just taken does to our orders."""
        if self.paper.resting:
            self._expire()
        if isinstance(event, BookDelta):
            if event.delta < 0:
                self.paper.on_delta(event.ticker, event.side, event.price, event.delta)
        elif isinstance(event, TradePrinted):
            self._print(event)
        elif isinstance(event, BookSnapshot):
            live = self._state.markets.get(event.ticker)
            if live is not None:
                self.paper.on_book(event.ticker, live.book)
            self._tell_queue(event.ticker)
        elif isinstance(event, MarketsListed):
            for market in event.markets:
                if market.status is not MarketStatus.ACTIVE:
                    self._end_market(market.ticker)
        elif isinstance(event, MarketStatusChanged):
            self._end_market(event.ticker)

    def _print(self, event: TradePrinted) -> None:
        trade = event.trade
        live = self._state.markets.get(trade.ticker)
        if live is None or not self.paper.resting:
            return
        rule, now_ns = live.market.fee, self._now_ns()
        self.tell(
            self.paper.on_print(
                trade.ticker, trade.price, trade.count, trade.taker_side, rule, now_ns
            )
        )

    def _expire(self) -> None:
        """End resting orders whose time is over."""
        now_ns = self._now_ns()
        for order in list(self.paper.resting.values()):
            if 0 < order.intent.expires_ns <= now_ns:
                del self.paper.resting[order.order_id]
                self.sink(OrderReported(self.paper.report(order, OrderState.CANCELED, now_ns)))

    def tell(self, fills: Sequence[Fill]) -> None:
        """Book fills and report them."""
        for fill in fills:
            self._account.book(fill)
            self.sink(FillReported(fill))

    def _tell_queue(self, ticker: str) -> None:
        ahead = {
            order.order_id: Count(int(order.ahead))
            for order in self.paper.resting.values()
            if order.intent.ticker == ticker
        }
        if ahead:
            self.sink(QueueReported(ahead))

    def _end_market(self, ticker: str) -> None:
        """Take our orders off a market that no longer trades, and pay out what is decided."""
        live = self._state.markets.get(ticker)
        if live is None or live.market.status is MarketStatus.ACTIVE:
            return
        now_ns = self._now_ns()
        for order in list(self.paper.resting.values()):
            if order.intent.ticker == ticker:
                del self.paper.resting[order.order_id]
                self.sink(OrderReported(self.paper.report(order, OrderState.CANCELED, now_ns)))
        value = _value_of(live.market)
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
            self.sink(self.reading())

    def reading(self) -> AccountRead:
        """Return the account as it stands."""
        now_ns = self._now_ns()
        return AccountRead(
            orders=tuple(
                self.paper.report(order, OrderState.RESTING, now_ns)
                for order in self.paper.resting.values()
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

    def place(self, intent: OrderIntent) -> tuple[OrderAnswered | OrderRefused, tuple[Fill, ...]]:
        """Fill on the book as it stands, or rest in its queue; the fills are still to be told."""
        live = self._state.markets.get(intent.ticker)
        refusal = _why_not(live)
        if live is None or refusal:
            return OrderRefused(intent.client_order_id, "paper", refusal), ()
        placed = self.paper.place(intent, live.book, live.market.fee, self._now_ns())
        if placed.refusal:
            return OrderRefused(intent.client_order_id, "invalid_order", placed.refusal), ()
        filled = Count(sum(fill.count for fill in placed.fills))
        answer = OrderAnswered(intent.client_order_id, placed.order_id, filled, placed.rests)
        return answer, placed.fills

    def cancel(self, order_id: str) -> CancelAnswered | CancelFailed:
        """Take an order off."""
        left = self.paper.cancel(order_id)
        if left is None:
            return CancelFailed(order_id, "no such order rests", is_gone=True)
        return CancelAnswered(order_id, left)

    def look_up(self, client_order_id: str) -> OrderLookedUp:
        """Find an order; those that do not rest are over or were never placed."""
        found: Order | None = None
        for order in self.paper.resting.values():
            if client_order_id in (order.intent.client_order_id, order.order_id):
                found = self.paper.report(order, OrderState.RESTING, self._now_ns())
        return OrderLookedUp(client_order_id, found)

    def cancel_everything(self) -> None:
        """Take every order off."""
        for order_id in list(self.paper.resting):
            left = self.paper.cancel(order_id)
            self.sink(CancelAnswered(order_id, left or Count(0)))


def _value_of(market: Market) -> Price | None:
    """Return what one YES contract became: as told, or as a whole result implies."""
    if market.settlement_value is not None:
        return market.settlement_value
    return _WHOLE_RESULTS.get(market.result)


def _why_not(live: LiveMarket | None) -> str:
    if live is None:
        return "The market is not known."
    if not live.book.is_valid:
        return f"The book is not current ({live.stale_reason}); paper fills need one."
    if not live.market.fee.is_known:
        return "The fee of this market is not known, so a fill could not be priced."
    return ""
