"""Commands inside the core: each is checked, carried out through one door, and answered once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from kalshi_desk.core.events import AccountRead
from kalshi_desk.core.reasons import Reason, ReasonCode
from kalshi_desk.core.records import OrderState, to_book
from kalshi_desk.core.stops import StopRecord
from kalshi_desk.core.types import Action, Count, TimeInForce
from kalshi_desk.desk.commands import (
    Answer,
    CancelAll,
    CancelOrder,
    Command,
    Flatten,
    LeaveLive,
    LeaveOrders,
    Outcomes,
    Panic,
    PlaceOrder,
    ReplayControl,
    Resume,
    Star,
    StopEngine,
)
from kalshi_desk.desk.frames import EventKind, Level
from kalshi_desk.engine.account import Account
from kalshi_desk.engine.answers import leftover, result_of, summary_of
from kalshi_desk.engine.door import Door, nothing_to_sell
from kalshi_desk.engine.effects import (
    CancelEverything,
    ForgetLive,
    GiveAnswer,
    KeepMeta,
    ReadAccount,
    SteerReplay,
    StopShell,
    WatchMarket,
)
from kalshi_desk.engine.inputs import CommandReceived
from kalshi_desk.engine.outbox import Outbox
from kalshi_desk.engine.pending import FILL_LIMIT_NS, Goal, Pending
from kalshi_desk.engine.risk_watch import acknowledge_losses
from kalshi_desk.engine.state import LIVE_OFF, CoreState
from kalshi_desk.execution.orders import ManagedOrder
from kalshi_desk.risk.gate import contracts

VERIFY_EVERY_NS = 1_000_000_000


class Commanding:
    """Carries commands out; what a command still waits for is a :class:`Pending`."""

    def __init__(self, state: CoreState, outbox: Outbox, account: Account, door: Door) -> None:
        self._state = state
        self._outbox = outbox
        self._account = account
        self._door = door
        self._pending: dict[str, Pending] = {}
        self.auto_off: Callable[[str], None] = lambda why: None
        """Turns automatic trading off; panic and leaving LIVE end it before anything else."""
        self.others: dict[type[object], Callable[[str, Any], None]] = {}
        """Who carries out the other commands, by their type."""

    def receive(self, event: CommandReceived) -> None:
        """Carry out a command; the shell has seen to it that its id is new."""
        command: Command = event.command
        name = event.command_id
        if isinstance(command, PlaceOrder):
            self._place(name, command)
        elif isinstance(command, CancelOrder):
            self._cancel(name, command)
        elif isinstance(command, CancelAll):
            self._cancel_all(name, command)
        elif isinstance(command, Flatten):
            self._flatten(name, command)
        elif isinstance(command, Panic):
            self._panic(name)
        elif isinstance(command, StopEngine):
            self._stop(name, command.orders)
        elif isinstance(command, Resume | LeaveLive | Star | ReplayControl):
            self._simple(name, command)
        elif type(command) in self.others:
            self.others[type(command)](name, command)
        else:
            self.refuse(name, ReasonCode.BAD_COMMAND, "This engine can't do that.")

    def _simple(self, name: str, command: Resume | LeaveLive | Star | ReplayControl) -> None:
        state = self._state
        if isinstance(command, LeaveLive):
            self._leave_live(name)
        elif isinstance(command, Resume):
            was = state.halted_why
            if was == LIVE_OFF:
                self.refuse(
                    name,
                    ReasonCode.HALTED,
                    "LIVE was switched off. Stop the desk, confirm with 'kalshi-desk live on', "
                    "and start it again.",
                )
                return
            why = "; ".join(filter(None, (was, state.reducing_why)))
            state.halted_why = ""
            for pending in self._pending.values():
                pending.is_open = False
            state.drift.acknowledge()
            acknowledge_losses(state, self._outbox)
            self._outbox.do(KeepMeta("halted", ""))
            if why:
                self._outbox.say(
                    state.now_ns, EventKind.RISK, Level.WARNING, "Resumed", f"was: {why}"
                )
            self.answer(name, Outcomes.DONE, "ACTIVE" if why else "The desk was not halted.")
        elif isinstance(command, Star):
            (state.starred.add if command.starred else state.starred.discard)(command.ticker)
            state.markets.touched.add(command.ticker)
            self._outbox.do(KeepMeta("starred", " ".join(sorted(state.starred))))
            if command.starred and command.ticker not in state.markets.by_ticker:
                self._outbox.do(WatchMarket(command.ticker))
            self.answer(name, Outcomes.DONE)
        elif state.replay is None:
            self.refuse(name, ReasonCode.BAD_COMMAND, "Nothing is being replayed.")
        else:
            self._outbox.do(SteerReplay(command))
            self.answer(name, Outcomes.DONE)

    def _leave_live(self, name: str) -> None:
        if self._state.settings.venue != "live":
            self.refuse(name, ReasonCode.BAD_COMMAND, "This desk is not LIVE.")
            return
        self._outbox.do(ForgetLive())
        self._account.halt(LIVE_OFF)
        self.auto_off(LIVE_OFF)
        self.answer(name, Outcomes.DONE, "LIVE is off. HALTED; orders and positions are kept.")

    def _place(self, name: str, command: PlaceOrder) -> None:
        side, price = to_book(
            command.outcome, buys=command.action is Action.BUY, price=command.price
        )
        closes = command.action is Action.SELL
        reasons = (
            nothing_to_sell(self._state, command.ticker, command.outcome, command.count)
            if closes
            else ()
        )
        if reasons:
            self._deny(name, command.ticker, reasons)
            return
        pending = Pending(name, Goal.PLACE, self._state.now_ns)
        self._door.submit(
            pending,
            ticker=command.ticker,
            side=side,
            price=price,
            count=command.count,
            action=command.action,
            outcome=command.outcome,
            time_in_force=command.time_in_force,
            post_only=command.post_only,
            reduce_only=closes and command.time_in_force is TimeInForce.IOC,
            origin=command.origin,
        )
        self._begin(pending)

    def _cancel(self, name: str, command: CancelOrder) -> None:
        order = self._state.orders.find(command.order)
        if order is None:
            self.refuse(
                name,
                ReasonCode.UNKNOWN_ORDER,
                f"There is no order {command.order}; 'kalshi-desk orders' lists them.",
            )
        elif not order.state.is_open:
            self.refuse(
                name, ReasonCode.UNKNOWN_ORDER, f"The order is already {order.state.value}."
            )
        else:
            self._cancel_these(Pending(name, Goal.CANCEL, self._state.now_ns), [order])

    def _cancel_all(self, name: str, command: CancelAll) -> None:
        chosen = [
            order
            for order in self._state.orders.open_orders(command.ticker)
            if command.side in (None, order.side) and command.price in (None, order.price)
        ]
        self._cancel_these(Pending(name, Goal.CANCEL, self._state.now_ns), chosen)

    def _cancel_these(self, pending: Pending, orders: list[ManagedOrder]) -> None:
        for order in orders:
            pending.orders.append(order.client_order_id)
            pending.waits.add(order.client_order_id)
            self._door.send_cancel(order)
        self._begin(pending)

    def _flatten(self, name: str, command: Flatten, stop: LeaveOrders | None = None) -> None:
        state = self._state
        held = [p.ticker for p in state.positions.held() if command.ticker in (None, p.ticker)]
        if command.ticker is not None and not held and not state.effective_position(command.ticker):
            self.refuse(
                name, ReasonCode.NOTHING_TO_CLOSE, f"There is no position in {command.ticker}."
            )
            return
        if command.ticker is not None and not held:
            held = [command.ticker]
        for ticker in held:
            state.stops.cool(ticker, state.now_ns)
        pending = Pending(name, Goal.FLATTEN, state.now_ns, tickers=held, then_stop=stop)
        chosen = [o for o in state.orders.open_orders() if stop or o.ticker in held]
        self._cancel_these(pending, chosen)

    def _panic(self, name: str) -> None:
        begun = (one for one in self._pending.values() if one.goal is Goal.PANIC and one.is_open)
        pending = next(begun, None)
        if pending is not None:
            # Another one would only make both wait longer for the same proof.
            pending.joined.append(name)
        else:
            self._account.halt("panic")
            self._outbox.do(CancelEverything())
            pending = Pending(name, Goal.PANIC, self._state.now_ns)
            pending.proven_after_ns = self._state.now_ns
            self._pending[name] = pending
            self._verify(pending)
        self.auto_off("panic")
        for order in self._state.orders.open_orders():
            if order.client_order_id not in pending.orders:
                pending.orders.append(order.client_order_id)
            if not order.is_canceling:
                self._door.send_cancel(order)

    def _verify(self, pending: Pending) -> None:
        pending.asked_ns = self._state.now_ns
        self._outbox.do(ReadAccount("panic: prove that nothing rests"))

    def _stop(self, name: str, orders: LeaveOrders) -> None:
        state = self._state
        state.is_stopping = orders is not LeaveOrders.LEAVE
        if orders is LeaveOrders.FLATTEN and (state.positions.held() or state.orders.open_orders()):
            self._flatten(name, Flatten(), stop=orders)
        elif orders is not LeaveOrders.LEAVE and state.orders.open_orders():
            pending = Pending(name, Goal.CANCEL, state.now_ns, then_stop=orders)
            self._cancel_these(pending, state.orders.open_orders())
        else:
            left = [f"{o.ticker} {contracts(o.remaining)}" for o in state.orders.open_orders()]
            stops = len(list(state.stops.live()))
            unwatched = f" Stops that rest until the next start: {stops}." if stops else ""
            text = f"Orders left: {', '.join(left) or 'none'}.{unwatched}"
            self.answer(name, Outcomes.DONE, text)
            self._outbox.do(StopShell())

    def account_read(self, event: AccountRead) -> None:
        """A complete reading may prove that a panic left nothing behind."""
        for pending in list(self._pending.values()):
            if pending.goal is not Goal.PANIC or event.asked_ns < pending.proven_after_ns:
                continue
            resting = [o for o in event.orders if o.state is OrderState.RESTING]
            if not resting and not self._state.orders.open_orders():
                del self._pending[pending.command_id]
                self._finish(pending, Outcomes.DONE, "All orders are canceled, verified. HALTED.")

    def settle(self) -> None:
        """Answer the commands whose orders have come to rest."""
        for pending in list(self._pending.values()):
            pending.waits = {c for c in pending.waits if self._is_awaited(pending, c)}
            if pending.waits or pending.goal is Goal.PANIC:
                continue
            if pending.goal is Goal.FLATTEN:
                self._exit(pending)
            else:
                self._conclude(pending)

    def _is_awaited(self, pending: Pending, client_id: str) -> bool:
        order = self._state.orders.by_client_id[client_id]
        if pending.goal in (Goal.CANCEL, Goal.FLATTEN):
            return order.state.is_open
        if order.state is OrderState.INTENT:
            return True
        if order.filled <= order.booked:
            return False
        if not pending.fill_deadline_ns:
            limit_ns = int(FILL_LIMIT_NS * self._state.settings.speed)
            pending.fill_deadline_ns = self._state.now_ns + limit_ns
        return self._state.now_ns < pending.fill_deadline_ns

    def _exit(self, pending: Pending) -> None:
        """All orders of these markets are proven over: close what is held."""
        pending.goal = Goal.EXIT
        for ticker in pending.tickers:
            self._door.exit_market(pending, ticker)
        if not pending.waits:
            self._conclude(pending)

    def _conclude(self, pending: Pending) -> None:
        self._pending.pop(pending.command_id, None)
        orders = [self._state.orders.by_client_id[c] for c in pending.orders]
        if any(order.state is OrderState.UNRESOLVED for order in orders):
            self._finish(pending, Outcomes.UNKNOWN, "The outcome of an order is unknown.")
            return
        rejected = [o for o in orders if o.state is OrderState.REJECTED]
        if pending.goal in (Goal.PLACE, Goal.EXIT):
            for order in rejected:
                pending.reasons.append(Reason(ReasonCode.EXCHANGE, order.reason))
        if pending.goal is Goal.EXIT:
            self._name_leftovers(pending)
        if pending.goal is Goal.CANCEL and any(o.state is OrderState.EXECUTED for o in orders):
            pending.reasons.append(
                Reason(ReasonCode.UNKNOWN_ORDER, "An order had filled before it could be canceled.")
            )
        outcome = Outcomes.REFUSED if pending.reasons else Outcomes.DONE
        if pending.reasons and not orders:
            self._state.is_stopping &= pending.then_stop is None
            self._deny(pending.command_id, "", tuple(pending.reasons))
            return
        self._finish(pending, outcome, summary_of(pending, orders))

    def _name_leftovers(self, pending: Pending) -> None:
        """Say what a flatten could not close: the book had no more within the collar."""
        for ticker in pending.tickers:
            left = self._state.effective_position(ticker)
            told = any(ticker in reason.text for reason in pending.reasons)
            if left and not told and not pending.reasons:
                pending.reasons.append(leftover(ticker, Count(abs(left))))

    def beat(self) -> None:
        """Look up what is unknown, verify panics, and answer what has waited too long."""
        state = self._state
        for order in state.orders.unresolved():
            self._door.look_up(order)
        for pending in list(self._pending.values()):
            if pending.goal in (Goal.CANCEL, Goal.FLATTEN):
                for client_id in sorted(pending.waits):
                    self._door.cancel_again(state.orders.by_client_id[client_id])
            if (
                pending.goal is Goal.PANIC
                and abs(state.now_ns - pending.asked_ns) > VERIFY_EVERY_NS * state.settings.speed
            ):
                for order in state.orders.open_orders():
                    self._door.send_cancel(order)
                self._verify(pending)
            if pending.is_late(state.now_ns, state.settings.speed):
                del self._pending[pending.command_id]
                self._finish(
                    pending,
                    Outcomes.UNKNOWN,
                    "It is not proven yet what became of every order; "
                    "look at 'orders' and at the exchange before you go on.",
                )
        self.settle()

    def _begin(self, pending: Pending) -> None:
        self._pending[pending.command_id] = pending
        self.settle()

    def _finish(self, pending: Pending, outcome: Outcomes, text: str) -> None:
        orders = [self._state.orders.by_client_id[c] for c in pending.orders]
        results = tuple(result_of(order) for order in orders)
        answer = Answer(
            command_id=pending.command_id,
            outcome=outcome,
            text=text,
            orders=results,
            reasons=tuple(pending.reasons),
        )
        for name in (pending.command_id, *pending.joined):
            self._outbox.do(GiveAnswer(msgspec.structs.replace(answer, command_id=name)))
        if pending.then_stop is not None:
            self._state.is_stopping = outcome is Outcomes.DONE
            if outcome is Outcomes.DONE:
                self._outbox.do(StopShell())

    def answer(
        self, name: str, outcome: Outcomes, text: str = "", *, kept_stop: StopRecord | None = None
    ) -> None:
        """Answer a command that is over, once the journal holds the stop it is about."""
        answer = Answer(command_id=name, outcome=outcome, text=text)
        self._outbox.do(GiveAnswer(answer, kept_stop))

    def refuse(self, name: str, code: ReasonCode, text: str) -> None:
        """Refuse a command, to its face and in the log."""
        self._deny(name, "", (Reason(code, text),))

    def _deny(self, name: str, ticker: str, reasons: tuple[Reason, ...]) -> None:
        self._outbox.say(
            self._state.now_ns,
            EventKind.DENIED,
            Level.WARNING,
            "Refused by the desk",
            " ".join(reason.text for reason in reasons),
            ticker,
        )
        self._outbox.do(
            GiveAnswer(Answer(command_id=name, outcome=Outcomes.REFUSED, reasons=reasons))
        )
