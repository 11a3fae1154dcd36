"""The one door for orders: gate, durable intent, broker; and the way cancels go out."""

from __future__ import annotations

from uuid import UUID, uuid5

from kalshi_desk.core.reasons import Reason, ReasonCode
from kalshi_desk.core.records import OrderIntent
from kalshi_desk.core.types import (
    PRICE_ONE,
    Action,
    BookSide,
    Count,
    Outcome,
    Price,
    TimeInForce,
)
from kalshi_desk.engine.effects import KeepIntent, LookUp, SendCancel, SendOrder
from kalshi_desk.engine.outbox import Outbox
from kalshi_desk.engine.pending import Pending
from kalshi_desk.engine.state import CoreState
from kalshi_desk.execution.orders import ManagedOrder
from kalshi_desk.portfolio.valuation import walk
from kalshi_desk.risk.gate import contracts, examine

ORDER_IDS = UUID("6b8f4a0e-5d0c-4c5e-9a55-2f1f6d1f4a10")
LOOK_UP_EVERY_NS = 1_500_000_000
CANCEL_EVERY_NS = 1_000_000_000


class Door:
    """Every order of the desk is created in :meth:`submit`, whoever asks."""

    def __init__(self, state: CoreState, outbox: Outbox) -> None:
        self._state = state
        self._outbox = outbox
        self._looked_ns: dict[str, int] = {}
        self._canceled_ns: dict[str, int] = {}

    def submit(
        self,
        pending: Pending,
        *,
        ticker: str,
        side: BookSide,
        price: Price,
        count: Count,
        action: Action,
        outcome: Outcome,
        time_in_force: TimeInForce = TimeInForce.GTC,
        post_only: bool = False,
        reduce_only: bool = False,
        origin: str = "manual",
        expires_ns: int = 0,
    ) -> None:
        """Gate, durable intent, broker: the only place where an order comes into being."""
        state = self._state
        intent = OrderIntent(
            client_order_id=order_id_of(pending.command_id, len(pending.orders)),
            ticker=ticker,
            side=side,
            price=price,
            count=count,
            time_in_force=time_in_force,
            post_only=post_only,
            reduce_only=reduce_only,
            action=action,
            outcome=outcome,
            origin=origin,
            command_id=pending.command_id,
            created_ns=state.now_ns,
            expires_ns=expires_ns,
        )
        reasons = examine(intent, state.gate_view(ticker))
        if reasons:
            pending.reasons.extend(reasons)
            state.health.refused(reasons)
            return
        state.recent.append(intent)
        state.messages.append(state.now_ns)
        state.orders.add_intent(intent)
        pending.orders.append(intent.client_order_id)
        pending.waits.add(intent.client_order_id)
        self._outbox.do(KeepIntent(intent))
        self._outbox.do(SendOrder(intent))

    def send_cancel(self, order: ManagedOrder) -> None:
        """Cancel an order; one without a known id, or off the book already, is looked up."""
        if not order.order_id or order.taken_off is not None:
            self.look_up(order)
            return
        order.is_canceling = True
        self._state.messages.append(self._state.now_ns)
        self._canceled_ns[order.client_order_id] = self._state.now_ns
        self._state.orders.touched.add(order.client_order_id)
        self._outbox.do(SendCancel(order.order_id, order.ticker))

    def cancel_again(self, order: ManagedOrder) -> None:
        """Repeat a cancel that failed; to repeat it is harmless, to give it up is not."""
        last = self._canceled_ns.get(order.client_order_id, 0)
        wait_ns = CANCEL_EVERY_NS * self._state.settings.speed
        # A clock that was set back must not keep a cancel waiting.
        if not order.is_canceling and abs(self._state.now_ns - last) >= wait_ns:
            self.send_cancel(order)

    def look_up(self, order: ManagedOrder, *, force: bool = False) -> None:
        """Ask what became of an order, not more often than a look-up takes."""
        last = self._looked_ns.get(order.client_order_id, 0)
        wait_ns = LOOK_UP_EVERY_NS * self._state.settings.speed
        if not force and abs(self._state.now_ns - last) < wait_ns:
            return
        self._looked_ns[order.client_order_id] = self._state.now_ns
        # Only a list that is complete to well after the last moment of sending proves absence.
        until_ns = max(order.created_ns, order.unknown_ns)
        self._outbox.do(LookUp(order.client_order_id, order.ticker, order.created_ns, until_ns))

    def exit_market(
        self,
        pending: Pending,
        ticker: str,
        *,
        most: Count | None = None,
        origin: str = "flatten",
    ) -> None:
        """Send what closes a position, or ``most`` of it, at once and within the collar."""
        state = self._state
        position = state.effective_position(ticker)
        live = state.markets.get(ticker)
        if not position or live is None:
            return
        side = BookSide.ASK if position > 0 else BookSide.BID
        # A stop may be selling the same position just now; what it takes is not ours to sell.
        size = Count(abs(position) - state.resting_reducing(ticker, position))
        size = size if most is None else min(size, most)
        if size <= 0:
            text = f"Another order closes {ticker} just now; ask again once it is over."
            pending.reasons.append(Reason(ReasonCode.NO_EXIT, text))
            return
        touch = live.book.bid if side is BookSide.ASK else live.book.ask
        if touch is None or not live.book.is_valid:
            pending.reasons.append(
                Reason(
                    ReasonCode.NO_EXIT,
                    f"Nobody takes the other side of {ticker} now "
                    f"({live.stale_reason or 'that side of the book is empty'}); "
                    "the position is kept.",
                )
            )
            return
        grid = live.market.grid
        limit = Price(touch + side.sign * state.settings.collar)
        limit = Price(min(max(limit, grid.finest), PRICE_ONE - grid.finest))
        limit = grid.floor(limit) if side is BookSide.BID else grid.ceil(limit)
        if live.market.fee.is_known:
            found = walk(live.book, side, size, live.market.fee, limit=limit)
            limit = found.limit if found.limit is not None and found.count >= size else limit
        self.submit(
            pending,
            ticker=ticker,
            side=side,
            price=limit,
            count=size,
            action=Action.SELL,
            outcome=Outcome.YES if position > 0 else Outcome.NO,
            time_in_force=TimeInForce.IOC,
            reduce_only=True,
            origin=origin,
        )


def order_id_of(command_id: str, number: int = 0) -> str:
    """Return the client id of a command's order: the same after a restart."""
    return str(uuid5(ORDER_IDS, f"{command_id}/{number}"))


def nothing_to_sell(
    state: CoreState, ticker: str, outcome: Outcome, count: Count
) -> tuple[Reason, ...]:
    """Refuse a sale of more than is held: it would open the other outcome unasked."""
    if state.markets.get(ticker) is None:
        return ()
    position = state.effective_position(ticker)
    signed = position if outcome is Outcome.YES else -position
    free = max(0, signed - state.resting_reducing(ticker, position))
    if count <= free:
        return ()
    other = "NO" if outcome is Outcome.YES else "YES"
    return (
        Reason(
            ReasonCode.NOTHING_TO_CLOSE,
            f"You hold {contracts(Count(max(0, signed)))} {outcome.upper()} here, "
            f"{contracts(Count(free))} of them free to sell. "
            f"To bet the other way, buy {other}.",
            contracts(Count(free)),
            contracts(count),
        ),
    )
