"""Stops inside the core: set and dropped by people, driven by books, time and order reports.

A change of a stop is kept before the exit it leads to; ids of stops and exits follow from
what asked for them, so that a restart finds what was on its way.  Exits pass the same gate
as every order.
"""

from __future__ import annotations

from uuid import UUID, uuid5

import msgspec

from kalshi_desk.core.errors import Refuse
from kalshi_desk.core.reasons import ReasonCode
from kalshi_desk.core.records import Fill
from kalshi_desk.core.stops import StopKind, StopRecord, StopState
from kalshi_desk.core.types import (
    PRICE_ONE,
    Action,
    BookSide,
    Count,
    Outcome,
    Price,
    TimeInForce,
)
from kalshi_desk.desk.automation import DropStop, SetStop
from kalshi_desk.desk.commands import Outcomes
from kalshi_desk.desk.frames import EventKind, Level
from kalshi_desk.engine.commanding import Commanding
from kalshi_desk.engine.door import Door, order_id_of
from kalshi_desk.engine.effects import KeepStop
from kalshi_desk.engine.outbox import Outbox
from kalshi_desk.engine.pending import Goal, Pending
from kalshi_desk.engine.state import CoreState
from kalshi_desk.engine.stop_plan import automatic_stop, cost_text, describe, plan_stop, stop_costs
from kalshi_desk.engine.stop_view import STOP_ORIGIN, stop_view
from kalshi_desk.market.live import LiveMarket
from kalshi_desk.portfolio.valuation import walk
from kalshi_desk.risk.stops import Said, Step, StopMachine, StopView

STOP_IDS = UUID("0d4d9f6c-6a5e-4f0b-8a43-6f7d8a3b7c21")
ID_SIGNS = 8
PEOPLE = frozenset({"", "manual", "flatten", "foreign", STOP_ORIGIN})
"""Origins of orders that no strategy sent."""
HEDGED = frozenset({"arbitrage"})
"""Origins whose positions are legs of a basket: to stop one leg would break the hedge."""
NEW_NS = 3_600_000_000_000
"""A fill read again later than this opens nothing new."""


class StopDesk:
    """Drives every stop of the state's :class:`StopBook`."""

    def __init__(
        self, state: CoreState, outbox: Outbox, door: Door, commanding: Commanding
    ) -> None:
        self._state = state
        self._outbox = outbox
        self._door = door
        self._commanding = commanding
        self._is_awake = False
        commanding.others[SetStop] = self._set
        commanding.others[DropStop] = self._drop

    def book(self, ticker: str) -> None:
        """The book of a protected market changed."""
        for machine in tuple(self._state.stops.by_ticker.get(ticker, ())):
            self._advance(machine, is_update=True)

    def beat(self) -> None:
        """Time passes: time stops, exits to try again, positions that are gone."""
        if not self._is_awake and self._state.has_account:
            self._wake()
        for machine in self._state.stops.live():
            self._advance(machine)

    def settle(self) -> None:
        """Orders or fills were told of: exits may be over."""
        for machine in self._state.stops.live():
            if machine.record.state is not StopState.ARMED:
                self._advance(machine)

    def filled(self, fill: Fill) -> None:
        """A strategy's fill may open a position that is to be protected without asking."""
        state = self._state
        order = state.orders.known(fill.order_id)
        position = state.positions.get(fill.ticker)
        if not state.stops.rules.is_automatic or order is None:
            return
        if order.origin in PEOPLE | HEDGED:
            return
        name = _stop_id(f"{fill.trade_id}/{fill.order_id}")
        is_old = state.now_ns - fill.executed_ns > NEW_NS or name in state.stops.by_id
        if is_old or not position.count or fill.side is not position.side:
            return
        known = state.stops.of_kind(fill.ticker, StopKind.FIXED)
        if known is not None and not (
            known.record.is_automatic and known.record.state is StopState.ARMED
        ):
            return
        record = automatic_stop(state, position)
        if record is None:
            text = f"No fixed stop fits {fill.ticker}; set one by hand."
            self._say(fill.ticker, Said("A strategy's position is not protected", text))
            return
        if known is not None:
            self._end(known, "moved with the entry")
        self._begin(record, name)

    def _wake(self) -> None:
        """Say what protects since the start: nothing did while no engine ran."""
        self._is_awake = True
        live = [machine.record for machine in self._state.stops.live()]
        if live:
            text = ", ".join(f"{r.stop_id} {r.ticker} ({r.state.value})" for r in live)
            self._say("", Said(f"Stops that protect: {len(live)}", text, is_bad=False))

    def _set(self, name: str, command: SetStop) -> None:
        state = self._state
        if not state.settings.can_trade:
            self._commanding.refuse(name, ReasonCode.READ_ONLY_VENUE, state.settings.read_only_why)
            return
        try:
            record = plan_stop(state, command.ticker, command.kind, command.amount)
        except Refuse as refusal:
            self._commanding.refuse(name, ReasonCode(refusal.code), str(refusal))
            return
        known = state.stops.of_kind(command.ticker, command.kind)
        if known is not None and known.record.state is not StopState.ARMED:
            self._commanding.refuse(
                name,
                ReasonCode.BAD_COMMAND,
                f"The stop {known.record.stop_id} is selling now; take it away first with "
                f"'unprotect {known.record.stop_id}'.",
            )
            return
        costs = cost_text(stop_costs(state, record))
        if known is not None:
            self._end(known, "replaced")
        machine = self._begin(record, _stop_id(name))
        text = f"Stop {machine.record.stop_id}. {describe(record)} {costs}".strip()
        self._commanding.answer(name, Outcomes.DONE, text, kept_stop=machine.record)

    def _drop(self, name: str, command: DropStop) -> None:
        machine = self._state.stops.find(command.stop_id)
        if machine is None or not machine.record.state.is_live:
            self._commanding.refuse(
                name,
                ReasonCode.BAD_COMMAND,
                f"There is no stop {command.stop_id}; 'kalshi-desk stops' lists them.",
            )
            return
        was = machine.record.state
        self._end(machine, "taken away by a person")
        text = f"Stop {machine.record.stop_id} is gone; {machine.record.ticker} has one less."
        if was is StopState.EXITING:
            text += " Its exit order had been sent already and may still sell."
        self._commanding.answer(name, Outcomes.DONE, text, kept_stop=machine.record)

    def _begin(self, record: StopRecord, name: str) -> StopMachine:
        machine = self._state.stops.add(msgspec.structs.replace(record, stop_id=name))
        self._keep(machine)
        self._say(record.ticker, Said(f"Stop {name} set", describe(record), is_bad=False))
        return machine

    def _end(self, machine: StopMachine, why: str) -> None:
        machine.drop(why, self._state.now_ns)
        self._keep(machine)
        said = Said(f"Stop {machine.record.stop_id} dropped", why, is_bad=False)
        self._say(machine.record.ticker, said)

    def _advance(self, machine: StopMachine, *, is_update: bool = False) -> None:
        view = stop_view(self._state, machine.record)
        step = machine.advance(view, is_update=is_update)
        self._carry_out(machine, step, view)

    def _carry_out(self, machine: StopMachine, step: Step, view: StopView) -> None:
        record = machine.record
        for said in step.said:
            self._say(record.ticker, said)
        if step.is_changed:
            self._keep(machine)
        if step.clears:
            for order in self._state.orders.open_orders(record.ticker):
                if order.origin != STOP_ORIGIN:
                    self._door.cancel_again(order)
        if step.sell:
            self._sell(machine, step, view)

    def _sell(self, machine: StopMachine, step: Step, view: StopView) -> None:
        """Keep that an exit goes out, then let it out through the one door."""
        state, record = self._state, machine.record
        live = state.markets.get(record.ticker)
        if live is None:
            return
        limit = self._limit(live, record.side, step)
        number = record.exits + 1
        while order_id_of(_command_id(record, number)) in state.orders.by_client_id:
            # A crash may have lost the record of an exit whose intent stands.
            number += 1
        pending = Pending(_command_id(record, number), Goal.PLACE, state.now_ns)
        machine.send(order_id_of(pending.command_id), number, state.now_ns)
        self._keep(machine)
        self._door.submit(
            pending,
            ticker=record.ticker,
            side=record.side.opposite,
            price=limit,
            count=step.sell,
            action=Action.SELL,
            outcome=Outcome.YES if record.side is BookSide.BID else Outcome.NO,
            time_in_force=TimeInForce.IOC,
            reduce_only=True,
            origin=STOP_ORIGIN,
        )
        if pending.reasons:
            why = " ".join(reason.text for reason in pending.reasons)
            self._carry_out(machine, machine.refuse(why, state.now_ns), view)

    def _limit(self, live: LiveMarket, side: BookSide, step: Step) -> Price:
        """Return the YES limit of an exit: as deep as the size needs, not past floor and collar."""
        state, book, grid = self._state, live.book, live.market.grid
        leaves = side.opposite
        touch = book.best_bid if side is BookSide.BID else book.best_ask
        lowest = touch + leaves.sign * state.settings.collar
        if step.floor is not None:
            floor = step.floor if side is BookSide.BID else PRICE_ONE - step.floor
            lowest = max(lowest, floor) if side is BookSide.BID else min(lowest, floor)
        lowest = min(max(lowest, grid.finest), PRICE_ONE - grid.finest)
        limit = grid.ceil(Price(lowest)) if side is BookSide.BID else grid.floor(Price(lowest))
        own = state.own_sizes(live.market.ticker, Count(side.sign))
        if live.market.fee.is_known:
            found = walk(book, leaves, step.sell, live.market.fee, limit=limit, own=own)
            if found.limit is not None and found.count >= step.sell:
                limit = found.limit
        return limit

    def _keep(self, machine: StopMachine) -> None:
        self._state.stops.note(machine)
        self._outbox.do(KeepStop(machine.record))

    def _say(self, ticker: str, said: Said) -> None:
        level = Level.ERROR if said.is_bad else Level.INFO
        self._outbox.say(self._state.now_ns, EventKind.STOP, level, said.title, said.text, ticker)


def _command_id(record: StopRecord, number: int) -> str:
    return f"stop/{record.stop_id}/{number}"


def _stop_id(cause: str) -> str:
    """Return the id of a stop that something asked for: short enough to be typed."""
    return uuid5(STOP_IDS, cause).hex[:ID_SIGNS]
