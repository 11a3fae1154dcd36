"""What becomes of signals: shown, traded on paper, or sent through the one door."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import msgspec

from kalshi_desk.core.events import LinkState
from kalshi_desk.core.reasons import Reason
from kalshi_desk.core.records import OrderIntent, OrderState
from kalshi_desk.core.strategy import Decision, Ending, Mode, Signal, SignalLeg, Why
from kalshi_desk.core.types import Action, BookSide, Outcome, TimeInForce
from kalshi_desk.engine.basket_desk import BasketDesk
from kalshi_desk.engine.door import Door
from kalshi_desk.engine.holdings import Holdings
from kalshi_desk.engine.paper_desk import PaperDesk
from kalshi_desk.engine.pending import Goal, Pending
from kalshi_desk.engine.state import CoreState
from kalshi_desk.engine.stop_desk import PEOPLE
from kalshi_desk.engine.strategy_state import StrategyState
from kalshi_desk.execution.orders import ManagedOrder

BAR_NS = 60_000_000_000
"""How long a candidate is left alone after the exchange rejected an order of it."""
EXPIRY_SLACK_NS = 3_000_000_000
"""How long the exchange has to end an order by itself before the desk cancels it."""
SECOND_NS = 1_000_000_000
MOST_ACTED = 100
"""How many signals of one look are sized and sent: each takes most of a millisecond."""


class Sized(msgspec.Struct, frozen=True, kw_only=True):
    """A signal's legs with the counts that sizing allows, or why it allows none."""

    legs: tuple[SignalLeg, ...] = ()
    text: str = ""
    why: Why | None = None


@dataclass(slots=True)
class Desks:
    """Those that acting relies on: simulation, baskets, sizes, and exits in time.

    ``size`` counts what the gate would let through, ``stake`` what the strategy wants.
    """

    paper: PaperDesk
    baskets: BasketDesk
    size: Callable[[str, Signal], Sized]
    stake: Callable[[str, Signal], Sized]
    begin_basket: Callable[[str, Signal, tuple[SignalLeg, ...]], tuple[Reason, ...] | None]
    holdings: Holdings


class Acting:
    """Turns the signals of one look into orders, or into reasons why not."""

    def __init__(self, state: CoreState, door: Door, desks: Desks) -> None:
        self._state = state
        self._door = door
        self._desks = desks
        self._sent: dict[str, tuple[str, str]] = {}
        self._withdrawn: set[str] = set()

    def act(self, strategy: StrategyState, decision: Decision, cycle: int) -> None:
        """Give up what is no longer wanted, then act on every signal in its order.

        What is not done leaves a reason.
        """
        for ending in decision.endings:
            self._give_up(strategy, ending)
        for number, signal in enumerate(decision.signals):
            if number < MOST_ACTED or strategy.mode is not Mode.TRADE:
                reasons = self._act_on(strategy, signal, number)
            else:
                text = f"{MOST_ACTED} signals of one look are acted on; this one is number"
                reasons = (_why(signal, "too_many", f"{text} {number + 1}"),)
            strategy.note(reasons, self._state.now_ns)

    def _act_on(self, strategy: StrategyState, signal: Signal, number: int) -> tuple[Why, ...]:
        name, now_ns = strategy.info.name, self._state.now_ns
        if strategy.barred.get(signal.candidate, 0) > now_ns:
            text = "the exchange rejected an order of it within the last minute"
            return (_why(signal, "barred", text),)
        mode = Mode.SHADOW if signal.unproven else strategy.mode
        if mode is Mode.TRADE:
            return self._trade(name, signal, number)
        return (*signal.unproven, *self._on_paper(name, mode, signal, number))

    def _give_up(self, strategy: StrategyState, ending: Ending) -> None:
        """Let what the strategy holds or bids for of an outcome end, on paper and for real."""
        state, name, ticker = self._state, strategy.info.name, ending.ticker
        self._desks.paper.give_up(name, ticker, ending.outcome)
        if not strategy.is_trading:
            return
        for order in state.orders.open_orders(ticker):
            # What is not wanted must not be bought meanwhile.  Legs of baskets are the baskets'.
            is_entry = order.command_id.startswith(f"{name}-") and order.action is Action.BUY
            if is_entry and order.outcome is ending.outcome:
                self._withdrawn.add(order.client_order_id)
                self._door.cancel_again(order)
        parts = state.folio.parts.by_ticker.get(ticker)
        part = None if parts is None else parts.owners.get(name)
        if parts is None or part is None or not part.count:
            return
        is_meant = (parts.whole.count > 0) == (ending.outcome is Outcome.YES)
        until_ns = state.holds.get((name, ticker), 0)
        if is_meant and not 0 < until_ns <= state.now_ns:
            self._desks.holdings.note(name, ticker, state.now_ns)

    # --- on paper ------------------------------------------------------------------------

    def _on_paper(self, name: str, mode: Mode, signal: Signal, number: int) -> tuple[Why, ...]:
        paper = self._desks.paper
        if any(self._is_simulated(name, leg.ticker) for leg in signal.legs):
            return (_already_in(signal),)
        sized = self._desks.stake(name, signal)
        if sized.why is not None:
            return (sized.why,)
        refusals = []
        for index, leg in enumerate(sized.legs):
            intent = self._intent(name, signal, leg, f"{mode}-{number}-{index}")
            placed = paper.place(name, mode, intent, signal, self._state.now_ns)
            if placed.refusal:
                refusals.append(
                    Why(candidate=signal.candidate, code="simulated", text=placed.refusal)
                )
        return tuple(refusals)

    def _is_simulated(self, name: str, ticker: str) -> bool:
        paper = self._desks.paper
        rests = any(order.ticker == ticker for order in paper.open_orders(name))
        return rests or bool(paper.position(name, ticker).count)

    def _intent(self, name: str, signal: Signal, leg: SignalLeg, suffix: str) -> OrderIntent:
        now_ns = self._state.now_ns
        return OrderIntent(
            client_order_id=f"{name}-{now_ns}-{suffix}",
            ticker=leg.ticker,
            side=leg.side,
            price=leg.price,
            count=leg.count,
            time_in_force=signal.time_in_force,
            post_only=signal.post_only,
            outcome=_outcome(leg.side),
            origin=name,
            created_ns=now_ns,
            expires_ns=self._expiry(signal),
        )

    # --- for real ------------------------------------------------------------------------

    def _trade(self, name: str, signal: Signal, number: int) -> tuple[Why, ...]:
        state = self._state
        if not state.auto:
            return (_why(signal, "auto_off", "AUTO is off"),)
        if state.is_stopping:
            return (_why(signal, "stopping", "the engine is being stopped"),)
        if any(state.stops.cooling(leg.ticker, state.now_ns) for leg in signal.legs):
            text = "a stop or a person left this market less than an hour ago"
            return (_why(signal, "cooling", text),)
        if 0 < signal.holds_until_ns <= state.now_ns:
            return (_why(signal, "over", "its time is over"),)
        if signal.is_basket and signal.guaranteed is None:
            text = "its legs guarantee nothing together, and one could trade alone: only simulated"
            return (_why(signal, "no_guarantee", text),)
        if not signal.is_basket and self._is_in(name, signal.legs[0].ticker):
            return (_already_in(signal),)
        if not signal.is_basket and self._would_close(signal.legs[0]):
            text = "the other outcome is held here; buying this one would close that position"
            return (Why(candidate=signal.candidate, code="other_side_held", text=text),)
        sized = self._desks.size(name, signal)
        if sized.why is not None:
            return (sized.why,)
        if signal.is_basket:
            return _whys(signal, self._desks.begin_basket(name, signal, sized.legs) or ())
        return self._send(name, signal, sized.legs[0], number)

    def _send(self, name: str, signal: Signal, leg: SignalLeg, number: int) -> tuple[Why, ...]:
        state = self._state
        # The time makes the id new for ever: cycles begin again with every start.
        pending = Pending(f"{name}-{state.now_ns}-{number}", Goal.PLACE, state.now_ns)
        self._door.submit(
            pending,
            ticker=leg.ticker,
            side=leg.side,
            price=leg.price,
            count=leg.count,
            action=Action.BUY,
            outcome=_outcome(leg.side),
            time_in_force=signal.time_in_force,
            post_only=signal.post_only,
            origin=name,
            expires_ns=self._expiry(signal),
        )
        for client_id in pending.orders:
            self._sent[client_id] = (name, signal.candidate)
            self._desks.holdings.note(name, leg.ticker, signal.holds_until_ns)
        return _whys(signal, pending.reasons)

    def _is_in(self, name: str, ticker: str) -> bool:
        state = self._state
        # What traded and is not booked yet is held as much as what is.
        orders = [*state.orders.open_orders(ticker), *state.orders.unbooked()]
        mine = any(order.origin == name and order.ticker == ticker for order in orders)
        # A person may have traded here since: whose the contracts are, the parts know.
        parts = state.folio.parts.by_ticker.get(ticker)
        part = None if parts is None else parts.owners.get(name)
        return mine or (part is not None and bool(part.count))

    def _would_close(self, leg: SignalLeg) -> bool:
        """Whether an order would sell what somebody else holds: to close is never a signal's."""
        return self._state.effective_position(leg.ticker) * leg.side.sign < 0

    def _expiry(self, signal: Signal) -> int:
        """Return when a resting order ends: after its time, or with what it would hold."""
        if signal.time_in_force is not TimeInForce.GTC:
            return 0
        ends = [self._state.now_ns + signal.ttl_s * SECOND_NS] if signal.ttl_s else []
        ends += [signal.holds_until_ns] if signal.holds_until_ns else []
        return min(ends, default=0)

    # --- taking back ---------------------------------------------------------------------

    def at_work(self) -> set[str]:
        """Return whose orders are open and whose baskets are under way."""
        ordering = {order.origin for order in self._state.orders.open_orders()}
        buying = {record.strategy for record in self._desks.baskets.in_flight()}
        return (ordering | buying) - PEOPLE

    def withdraw(self, name: str) -> None:
        """Cancel a strategy's open orders, and go on until each is proven over."""
        self._desks.paper.cancel_all(name)
        for order in self._state.orders.open_orders():
            if order.origin == name:
                self._withdrawn.add(order.client_order_id)
                self._door.send_cancel(order)
        # Last: what baskets now send to get out of a leg must not be canceled with the rest.
        self._desks.baskets.abandon(name)

    def beat(self) -> None:
        """Cancel what may not rest any more, again what does not go, and see rejections."""
        self._clear()
        self._desks.holdings.beat()
        for client_id in sorted(self._withdrawn):
            order = self._state.orders.by_client_id[client_id]
            if order.state.is_open:
                self._door.cancel_again(order)
            else:
                self._withdrawn.discard(client_id)
        for client_id, (name, candidate) in list(self._sent.items()):
            order = self._state.orders.by_client_id[client_id]
            if order.state is OrderState.REJECTED:
                self._state.strategies[name].barred[candidate] = self._state.now_ns + BAR_NS
            if not order.state.is_open:
                del self._sent[client_id]

    def _clear(self) -> None:
        """Take back what no strategy answers for: also what an earlier engine left behind."""
        if self._state.link is not LinkState.LIVE:
            return
        for order in self._state.orders.open_orders():
            is_mine = order.command_id.startswith(f"{order.origin}-")
            if not is_mine or order.client_order_id in self._withdrawn:
                continue
            if self._is_overdue(order) or not self._may_trade(order.origin):
                self._withdrawn.add(order.client_order_id)
                self._door.send_cancel(order)
        for basket in self._desks.baskets.in_flight():
            if not basket.is_abandoned and not self._may_trade(basket.strategy):
                self._desks.baskets.abandon(basket.strategy)

    def _may_trade(self, name: str) -> bool:
        """Whether orders of a strategy may rest; before any has declared itself nobody knows."""
        state = self._state
        if not state.auto or state.halted_why or state.is_stopping:
            return False
        strategy = state.strategies.get(name)
        return not state.strategies if strategy is None else strategy.is_trading

    def count(self, strategy: StrategyState) -> None:
        """Note how the strategy stands on paper and how many of its baskets are under way."""
        name = strategy.info.name
        strategy.paper_trades, strategy.paper_pnl = self._desks.paper.pnl(name)
        strategy.baskets = len(self._desks.baskets.in_flight(name))

    def _is_overdue(self, order: ManagedOrder) -> bool:
        return 0 < order.expires_ns < self._state.now_ns - EXPIRY_SLACK_NS


def _why(signal: Signal, code: str, text: str) -> Why:
    return Why(candidate=signal.candidate, code=code, text=text)


def _outcome(side: BookSide) -> Outcome:
    return Outcome.YES if side is BookSide.BID else Outcome.NO


def _whys(signal: Signal, reasons: Iterable[Reason]) -> tuple[Why, ...]:
    return tuple(
        Why(
            candidate=signal.candidate,
            code=reason.code.value,
            text=reason.text,
            seen=reason.seen,
            needed=reason.needed,
        )
        for reason in reasons
    )


def _already_in(signal: Signal) -> Why:
    text = "the strategy has an order or a position here already"
    return _why(signal, "already_in", text)
