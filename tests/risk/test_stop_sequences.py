"""Stops under random histories: books, fills, refusals, lost answers, restarts, a trading hand."""

from __future__ import annotations

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from kalshi_desk.core.stops import StopKind, StopRecord, StopState
from kalshi_desk.core.types import BookSide, Count, Price
from kalshi_desk.risk.stops import (
    SECOND,
    ExitFate,
    Step,
    StopMachine,
    StopRules,
    StopView,
)

RULES = StopRules()


class _Exit(msgspec.Struct):
    """An exit order in the world: what it asks for, what it sold, whether it is over."""

    count: int
    sold: int = 0
    is_open: bool = True


class StopInTheWorld(RuleBasedStateMachine):
    """The machine and a small world of its own that knows the truth.

    ``journal`` is the record kept last; a restart builds the machine from it alone.
    """

    def __init__(self) -> None:
        super().__init__()
        self.now_ns = SECOND
        self.held = 0
        self.bid: int | None = 5_000
        self.spread = 100
        self.can_send = True
        self.exits: dict[str, _Exit] = {}
        self.is_dropped = False

    @initialize(kind=st.sampled_from(StopKind), held=st.integers(1, 500))
    def begin(self, kind: StopKind, held: int) -> None:
        self.held = held
        is_timed = kind is StopKind.TIME
        self.journal = StopRecord(
            stop_id="s",
            ticker="A",
            kind=kind,
            side=BookSide.BID,
            count=Count(held),
            entry=Price(5_000),
            level=None if is_timed else Price(4_500),
            distance=Price(500),
            best=Price(5_000),
            until_ns=20 * SECOND if is_timed else 0,
        )
        self.machine = StopMachine(self.journal, RULES)

    def open_exits(self) -> list[_Exit]:
        return [order for order in self.exits.values() if order.is_open]

    def look(self, *, is_update: bool) -> None:
        mine = self.exits.get(self.machine.record.exit_id)
        claimed = sum(order.count - order.sold for order in self.open_exits())
        view = StopView(
            now_ns=self.now_ns,
            position=Count(self.held),
            is_known=True,
            cannot_send="" if self.can_send else "no connection",
            bid=None if self.bid is None else Price(self.bid),
            ask=None if self.bid is None else Price(self.bid + self.spread),
            free=Count(max(0, self.held - claimed)),
            is_obstructed=False,
            is_selling=bool(self.open_exits()),
            exit=None if mine is None else ExitFate(mine.is_open, Count(mine.sold)),
        )
        self.carry_out(self.machine.advance(view, is_update=is_update))

    def carry_out(self, step: Step) -> None:
        if step.is_changed:
            self.journal = self.machine.record
        if step.sell:
            number = self.machine.record.exits + 1
            name = f"x{number}"
            assert name not in self.exits
            self.machine.send(name, number, self.now_ns)
            self.journal = self.machine.record
            self.exits[name] = _Exit(int(step.sell))

    @rule(seconds=st.integers(1, 40))
    def wait(self, seconds: int) -> None:
        self.now_ns += seconds * SECOND
        self.look(is_update=False)

    @rule(
        bid=st.one_of(st.none(), st.integers(1, 98).map(lambda cents: 100 * cents)),
        spread=st.sampled_from([100, 200, 900]),
        milliseconds=st.integers(0, 5_000),
    )
    def quote(self, bid: int | None, spread: int, milliseconds: int) -> None:
        self.now_ns += milliseconds * 1_000_000
        self.bid, self.spread = bid, spread
        self.look(is_update=True)

    @precondition(lambda self: self.open_exits())
    @rule(share=st.floats(0, 1), is_over=st.booleans())
    def trade(self, share: float, is_over: bool) -> None:
        """An exit sells some, and may be over: filled, expired, refused or cancelled by panic."""
        order = self.open_exits()[0]
        part = min(int((order.count - order.sold) * share), self.held)
        order.sold += part
        self.held -= part
        order.is_open = not is_over and order.sold < order.count
        self.look(is_update=False)

    @rule(change=st.integers(-200, 200))
    def hand(self, change: int) -> None:
        """A person buys more, or sells what no exit is selling."""
        claimed = sum(order.count - order.sold for order in self.open_exits())
        if self.held:
            self.held = max(claimed, self.held + change)
        self.look(is_update=False)

    @rule(can=st.booleans())
    def connect(self, can: bool) -> None:
        self.can_send = can

    @rule()
    def restart(self) -> None:
        self.machine = StopMachine(self.journal, RULES)
        self.look(is_update=False)

    @rule()
    def restart_before_the_intent(self) -> None:
        """SIGKILL after the record and before the intent: nothing was sent."""
        kept = self.machine.record
        if kept.state is StopState.EXITING:
            order = self.exits.get(kept.exit_id)
            if order is not None and order.is_open and not order.sold:
                del self.exits[kept.exit_id]
        self.machine = StopMachine(self.journal, RULES)
        self.look(is_update=False)

    @precondition(lambda self: self.machine.record.state.is_live)
    @rule()
    def refused(self) -> None:
        """The gate refuses: no order came to be."""
        kept = self.machine.record
        if kept.state is StopState.EXITING and kept.exit_id in self.exits:
            if self.exits[kept.exit_id].sold or not self.exits[kept.exit_id].is_open:
                return
            del self.exits[kept.exit_id]
            self.carry_out(self.machine.refuse("collar", self.now_ns))

    @invariant()
    def never_more_than_one_exit(self) -> None:
        assert len(self.open_exits()) <= 1

    @invariant()
    def never_more_than_is_held(self) -> None:
        assert sum(order.count - order.sold for order in self.open_exits()) <= self.held

    @invariant()
    def protects_until_nothing_is_held(self) -> None:
        if self.held:
            assert self.journal.state.is_live
            assert self.machine.record == self.journal

    def teardown(self) -> None:
        """In a market that trades, whatever has fired ends with nothing held."""
        if not self.held or not self.machine.record.state.is_firing:
            return
        self.can_send, self.bid, self.spread = True, 4_000, 100
        for _ in range(200):
            self.wait(31)
            for order in self.open_exits():
                self.held -= order.count - order.sold
                order.sold, order.is_open = order.count, False
            if not self.held:
                break
        self.look(is_update=False)
        assert not self.held
        assert self.machine.record.state is StopState.DONE


TestStopInTheWorld = StopInTheWorld.TestCase
TestStopInTheWorld.settings = settings(max_examples=150, stateful_step_count=60, deadline=None)
