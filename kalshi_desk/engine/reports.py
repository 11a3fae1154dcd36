"""What the exchange says about our orders, merged into their life and told to the faces."""

from __future__ import annotations

from kalshi_desk.core.events import (
    CancelAnswered,
    CancelFailed,
    OrderAnswered,
    OrderLookedUp,
    OrderRefused,
    OrderUnknown,
)
from kalshi_desk.core.records import OrderState
from kalshi_desk.desk.frames import EventKind, Level
from kalshi_desk.engine.account import Account
from kalshi_desk.engine.door import Door
from kalshi_desk.engine.effects import KeepOrder
from kalshi_desk.engine.outbox import Outbox
from kalshi_desk.engine.state import CoreState
from kalshi_desk.execution.orders import ManagedOrder
from kalshi_desk.risk.gate import cents, contracts

PROOF_AGE_NS = 5_000_000_000


class Reports:
    """Takes answers and look-ups, in whatever order they come."""

    def __init__(self, state: CoreState, outbox: Outbox, account: Account, door: Door) -> None:
        self._state = state
        self._outbox = outbox
        self._account = account
        self._door = door

    def answered(self, event: OrderAnswered) -> None:
        """The exchange took an order."""
        state = self._state
        order = state.orders.answered(
            event.client_order_id, event.order_id, event.filled, event.remaining, state.now_ns
        )
        if order is None:
            return
        self._outbox.do(KeepOrder(order.client_order_id))
        if order.state is OrderState.RESTING and not order.filled:
            self._say(EventKind.ORDER, Level.INFO, "Order rests", order)

    def refused(self, event: OrderRefused) -> None:
        """The exchange did not place an order."""
        order = self._state.orders.refused(event.client_order_id, event.text, self._state.now_ns)
        if order is not None:
            self._outbox.do(KeepOrder(order.client_order_id))
            self._say(EventKind.REJECTED, Level.ERROR, "Rejected by the exchange", order)

    def unknown(self, event: OrderUnknown) -> None:
        """Nobody knows whether an order was placed: lock its market and look it up."""
        order = self._state.orders.unknown(event.client_order_id, event.text, self._state.now_ns)
        if order is not None:
            self._outbox.do(KeepOrder(order.client_order_id))
            if order.state is OrderState.UNRESOLVED:
                self._say(EventKind.UNRESOLVED, Level.ERROR, "Order outcome UNKNOWN", order)
                self._door.look_up(order)

    def looked_up(self, event: OrderLookedUp) -> None:
        """A look-up came back; absence is believed only once the lists have caught up."""
        state = self._state
        known = state.orders.by_client_id.get(event.client_order_id)
        if event.order is not None:
            self._account.order(event.order)
        elif (
            known is not None
            and known.state is OrderState.UNRESOLVED
            and not known.order_id
            and not known.booked
            and state.now_ns - max(known.created_ns, known.unknown_ns) > PROOF_AGE_NS
        ):
            state.orders.never_placed(known.client_order_id, state.now_ns)
            self._outbox.do(KeepOrder(known.client_order_id))
            self._say(EventKind.UNRESOLVED, Level.GOOD, "Order was never placed", known)

    def cancel_answered(self, event: CancelAnswered) -> None:
        """The exchange took the rest of an order off the book."""
        known = self._state.orders.known(event.order_id)
        was_open = known is not None and known.state.is_open
        order = self._state.orders.canceled(event.order_id, event.reduced_by, self._state.now_ns)
        if order is not None and was_open:
            self._outbox.do(KeepOrder(order.client_order_id))
            if order.state is OrderState.UNRESOLVED:
                self._say(EventKind.UNRESOLVED, Level.WARNING, "Order off the book", order)
                self._door.look_up(order, force=True)
            else:
                self._say(EventKind.ORDER, Level.INFO, f"Order {order.state.value}", order)

    def cancel_failed(self, event: CancelFailed) -> None:
        """A cancel did not take: a 404 proves nothing, so the order is looked up."""
        order = self._state.orders.known(event.order_id)
        if order is None:
            return
        order.is_canceling = False
        if not event.is_gone:
            order.reason = event.text
        self._door.look_up(order, force=True)

    def _say(self, kind: EventKind, level: Level, title: str, order: ManagedOrder) -> None:
        reason = f": {order.reason}" if order.reason else ""
        self._outbox.say(
            self._state.now_ns,
            kind,
            level,
            title,
            f"{order.action.value} {contracts(order.count)} {order.outcome.upper()} "
            f"at {cents(order.outcome_price)}{reason}",
            order.ticker,
        )
