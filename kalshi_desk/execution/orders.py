"""Every order of the account and the state machine it goes through.

Reports come from three places in any order (answers, the stream, readings), so they are
merged: counts never go back, an order that is over stays over, and an unknown outcome
is a state of its own until a look-up ends it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from kalshi_desk.core.records import Fill, Order, OrderIntent, OrderState
from kalshi_desk.core.types import (
    NO_COUNT,
    NO_MONEY,
    Action,
    BookSide,
    Count,
    Money,
    Outcome,
    Price,
    TimeInForce,
    complement,
    notional,
)

FOREIGN = "foreign"


@dataclass(slots=True)
class ManagedOrder:
    """One order: what was asked for and where it stands.

    ``action`` and ``outcome`` are how a person asked; side and price are in YES.
    """

    client_order_id: str
    ticker: str
    side: BookSide
    price: Price
    count: Count
    action: Action
    outcome: Outcome
    state: OrderState = OrderState.INTENT
    order_id: str = ""
    filled: Count = NO_COUNT
    remaining: Count = NO_COUNT
    booked: Count = NO_COUNT
    ahead: Count | None = None
    time_in_force: TimeInForce = TimeInForce.GTC
    origin: str = "manual"
    command_id: str = ""
    reason: str = ""
    created_ns: int = 0
    updated_ns: int = 0
    fees: Money = NO_MONEY
    turnover: Money = NO_MONEY
    """YES price times count of what is booked, without fees."""
    is_canceling: bool = False
    unknown_ns: int = 0
    """When its outcome became unknown: it may have reached the exchange up to then."""
    expires_ns: int = 0
    taken_off: Count | None = None
    """What a cancel took off the book while it is not known what became of the rest."""

    @property
    def outcome_price(self) -> Price:
        """The price of the outcome as the person asked for it."""
        return self.price if self.outcome is Outcome.YES else complement(self.price)

    def book(self, count: int, fees: int, turnover: int) -> None:
        """Add executions to what is booked; the state is the business of the caller."""
        self.booked = Count(self.booked + count)
        self.fees = Money(self.fees + fees)
        self.turnover = Money(self.turnover + turnover)


class Orders:
    """All orders by client id, found by exchange id or market too."""

    def __init__(self) -> None:
        self.by_client_id: dict[str, ManagedOrder] = {}
        self._client_ids: dict[str, str] = {}
        self._open: dict[str, set[str]] = defaultdict(set)
        self._unbooked: set[str] = set()
        self._nameless: dict[str, tuple[int, int, int]] = {}
        self.touched: set[str] = set()

    def known(self, name: str) -> ManagedOrder | None:
        """Return an order by either id."""
        return self.by_client_id.get(self._client_ids.get(name, name))

    def find(self, name: str) -> ManagedOrder | None:
        """Return an order by either id, or by an unambiguous beginning of at least six signs."""
        found = self.known(name)
        if found is not None or len(name) < 6:
            return found
        matches = {
            order.client_order_id
            for order in self.by_client_id.values()
            if order.client_order_id.startswith(name) or order.order_id.startswith(name)
        }
        return self.by_client_id[matches.pop()] if len(matches) == 1 else None

    def open_orders(self, ticker: str | None = None) -> list[ManagedOrder]:
        """Return what may still trade, oldest first."""
        tickers: Iterable[str] = list(self._open) if ticker is None else [ticker]
        found = [
            self.by_client_id[client_id]
            for name in tickers
            for client_id in self._open.get(name, ())
        ]
        return sorted(found, key=lambda order: (order.created_ns, order.client_order_id))

    def open_by_ticker(self) -> dict[str, list[ManagedOrder]]:
        """Return what may still trade by market, in each oldest first."""
        by_client_id = self.by_client_id
        found = {}
        for ticker, names in self._open.items():
            orders = [by_client_id[name] for name in names]
            if len(orders) > 1:
                orders.sort(key=lambda order: (order.created_ns, order.client_order_id))
            found[ticker] = orders
        return found

    def open_count(self) -> int:
        """Return how many orders may still trade."""
        return sum(map(len, self._open.values()))

    def unresolved(self, ticker: str | None = None) -> list[ManagedOrder]:
        """Return orders whose outcome nobody knows."""
        return [o for o in self.open_orders(ticker) if o.state is OrderState.UNRESOLVED]

    def unbooked(self) -> list[ManagedOrder]:
        """Return our orders that traded more than the fills seen so far."""
        return [self.by_client_id[client_id] for client_id in self._unbooked]

    def add_intent(self, intent: OrderIntent) -> ManagedOrder:
        """Take an order that is about to be sent."""
        order = ManagedOrder(
            client_order_id=intent.client_order_id,
            ticker=intent.ticker,
            side=intent.side,
            price=intent.price,
            count=intent.count,
            action=intent.action,
            outcome=intent.outcome,
            remaining=intent.count,
            time_in_force=intent.time_in_force,
            origin=intent.origin,
            command_id=intent.command_id,
            created_ns=intent.created_ns,
            updated_ns=intent.created_ns,
            expires_ns=intent.expires_ns,
        )
        return self.restore(order)

    def restore(self, order: ManagedOrder) -> ManagedOrder:
        """Put an order back as the journal remembers it."""
        self.by_client_id[order.client_order_id] = order
        if order.order_id:
            self._client_ids[order.order_id] = order.client_order_id
        self._file(order)
        return order

    def answered(
        self, client_id: str, order_id: str, filled: Count, remaining: Count, now_ns: int
    ) -> ManagedOrder | None:
        """Merge the exchange's answer to a create; what does not rest is over."""
        order = self.by_client_id.get(client_id)
        if order is None:
            return None
        self._name(order, order_id)
        order.filled = Count(max(order.filled, filled))
        if order.state.is_open:
            order.remaining = Count(min(remaining, max(0, order.count - order.filled)))
            order.state = self._after(order)
        return self._stamp(order, now_ns)

    def refused(self, client_id: str, reason: str, now_ns: int) -> ManagedOrder | None:
        """The exchange definitely did not place the order."""
        return self._end(client_id, OrderState.REJECTED, reason, now_ns)

    def unknown(self, client_id: str, reason: str, now_ns: int) -> ManagedOrder | None:
        """Nobody knows what became of the order."""
        order = self.by_client_id.get(client_id)
        if order is None or order.state is not OrderState.INTENT:
            return order
        order.state = OrderState.UNRESOLVED
        order.reason = reason
        order.unknown_ns = now_ns
        return self._stamp(order, now_ns)

    def never_placed(self, client_id: str, now_ns: int) -> ManagedOrder | None:
        """A complete list does not hold the order: it was never placed."""
        return self._end(client_id, OrderState.REJECTED, "the exchange never received it", now_ns)

    def canceled(self, order_id: str, reduced_by: Count, now_ns: int) -> ManagedOrder | None:
        """The exchange took the rest of an order off the book.

        Where it took off another count than was known to rest, the difference has traded
        or was taken off from outside: the order is UNRESOLVED, and the difference counts
        as still trading, until a fill, a report or a look-up says which.
        """
        order = self.known(order_id)
        if order is None:
            return None
        order.is_canceling = False
        if order.state.is_open and order.taken_off is None:
            rested = min(order.remaining, max(0, order.count - order.filled))
            is_clear = reduced_by == rested
            order.remaining = Count(max(0, rested - reduced_by))
            if is_clear:
                order.state = self._after(order)
            else:
                order.state, order.taken_off = OrderState.UNRESOLVED, reduced_by
                order.reason = "canceled; what of it traded before is looked up"
        return self._stamp(order, now_ns)

    def reported(self, report: Order, now_ns: int) -> ManagedOrder:
        """Merge what the stream or a reading says; adopt an order that is not ours."""
        client_id = self._client_ids.get(report.order_id) or report.client_order_id
        order = self.by_client_id.get(client_id) if client_id else None
        if order is None:
            order = self._adopt(report, client_id or report.order_id)
        self._name(order, report.order_id)
        if order.taken_off is not None and report.state.is_open:
            self._report_before_cancel(order, report, order.taken_off)
            return self._stamp(order, now_ns)
        if order.taken_off is not None:
            order.reason = ""
        order.filled = Count(max(order.filled, report.filled))
        if order.state.is_open or order.state is OrderState.REJECTED:
            order.price, order.count = report.price, report.initial_count or order.count
            order.remaining = Count(min(report.remaining, max(0, order.count - order.filled)))
            order.state = report.state
            if report.state is OrderState.RESTING and not order.remaining:
                order.state = OrderState.EXECUTED
            order.reason = report.reason or ("" if order.state.is_open else order.reason)
        return self._stamp(order, now_ns)

    def name(self, report: Order) -> None:
        """Learn the exchange's id of an order of ours, and nothing else of a report."""
        order = self.by_client_id.get(report.client_order_id)
        if order is not None:
            self._name(order, report.order_id)
            self._file(order)

    def filled(self, fill: Fill, now_ns: int) -> ManagedOrder | None:
        """Count a new fill against its order; the caller sees to it that it is new."""
        order = self.known(fill.order_id) or self.by_client_id.get(fill.client_order_id)
        if order is None:
            self.keep_nameless(fill)
            return None
        self._name(order, fill.order_id)
        order.book(fill.count, fill.fee, notional(fill.price, fill.count))
        fresh = max(0, order.booked - order.filled)
        order.filled = Count(order.filled + fresh)
        if order.taken_off is not None:
            self._explain(order, Count(max(0, order.remaining - fresh)))
        elif order.state.is_open and order.state is not OrderState.UNRESOLVED:
            order.remaining = Count(max(0, min(order.remaining, order.count - order.filled)))
            if not order.remaining:
                order.state = OrderState.EXECUTED
        return self._stamp(order, now_ns)

    def keep_nameless(self, fill: Fill) -> None:
        """Remember a fill of an order that nobody has named yet: it may turn out to be ours.

        Readings tell fills without our client id, and may tell them before the order.
        """
        count, fees, turnover = self._nameless.get(fill.order_id, (0, 0, 0))
        self._nameless[fill.order_id] = (
            count + fill.count,
            fees + fill.fee,
            turnover + notional(fill.price, fill.count),
        )

    def _adopt(self, report: Order, client_id: str) -> ManagedOrder:
        order = ManagedOrder(
            client_order_id=client_id,
            ticker=report.ticker,
            side=report.side,
            price=report.price,
            count=report.initial_count,
            action=Action.BUY,
            outcome=Outcome.YES if report.side is BookSide.BID else Outcome.NO,
            remaining=report.remaining,
            origin=FOREIGN,
            created_ns=report.created_ns,
        )
        return self.restore(order)

    def _name(self, order: ManagedOrder, order_id: str) -> None:
        if order_id and not order.order_id:
            order.order_id = order_id
            self._client_ids[order_id] = order.client_order_id
            order.book(*self._nameless.pop(order_id, (0, 0, 0)))
            order.filled = Count(max(order.filled, order.booked))

    def _report_before_cancel(self, order: ManagedOrder, report: Order, taken_off: Count) -> None:
        """Merge a report from before a cancel: the order does not rest any more.

        What it says rested then, less what the cancel took off, is all that is unexplained.
        """
        order.filled = Count(max(order.filled, report.filled))
        self._explain(order, Count(min(order.remaining, max(0, report.remaining - taken_off))))

    def _explain(self, order: ManagedOrder, left: Count) -> None:
        # A cancel that took off more than was known to rest is explained by a report alone.
        was, order.remaining = order.remaining, left
        if was and not left:
            order.state, order.reason = self._after(order), ""

    def _after(self, order: ManagedOrder) -> OrderState:
        if order.remaining > 0:
            return OrderState.RESTING
        return OrderState.EXECUTED if order.filled >= order.count else OrderState.CANCELED

    def _end(
        self, client_id: str, state: OrderState, reason: str, now_ns: int
    ) -> ManagedOrder | None:
        order = self.by_client_id.get(client_id)
        if order is None or not order.state.is_open:
            return order
        order.state, order.reason, order.remaining = state, reason, NO_COUNT
        return self._stamp(order, now_ns)

    def _stamp(self, order: ManagedOrder, now_ns: int) -> ManagedOrder:
        order.updated_ns = now_ns
        if not order.state.is_open:
            order.ahead = None
            order.is_canceling = False
            order.taken_off = None
        self._file(order)
        return order

    def _file(self, order: ManagedOrder) -> None:
        self.touched.add(order.client_order_id)
        if order.filled > order.booked and order.command_id:
            self._unbooked.add(order.client_order_id)
        else:
            self._unbooked.discard(order.client_order_id)
        if order.state.is_open:
            self._open[order.ticker].add(order.client_order_id)
        elif order.ticker in self._open:
            self._open[order.ticker].discard(order.client_order_id)
            if not self._open[order.ticker]:
                del self._open[order.ticker]
