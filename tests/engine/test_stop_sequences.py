"""A protected position under random histories of the whole core, with kills and lost answers.

The exchange here does not know "reduce only": that nothing is oversold is the desk's doing.
"""

from __future__ import annotations

import tempfile
from collections import deque
from dataclasses import dataclass
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from kalshi_desk.core.events import (
    AccountRead,
    CancelAnswered,
    ConnectionChanged,
    CoreEvent,
    FillReported,
    LinkState,
    MarketsListed,
    OrderAnswered,
    OrderLookedUp,
    OrderRefused,
    OrderUnknown,
)
from kalshi_desk.core.records import (
    Balance,
    ExchangePosition,
    Fill,
    Market,
    Order,
    OrderIntent,
    OrderState,
)
from kalshi_desk.core.types import (
    NO_MONEY,
    Action,
    BookSide,
    Count,
    Price,
    TimeInForce,
    format_count,
    format_price,
    parse_money,
)
from kalshi_desk.desk.automation import SetStop, StopKind
from kalshi_desk.desk.commands import Flatten, Outcomes, Panic, Resume
from kalshi_desk.engine.core import TradingCore
from kalshi_desk.engine.effects import (
    CancelEverything,
    Effect,
    KeepFill,
    KeepIntent,
    KeepOrder,
    KeepStop,
    LookUp,
    ReadAccount,
    SendCancel,
    SendOrder,
)
from kalshi_desk.engine.restore import journal_order, restore
from kalshi_desk.engine.state import CoreSettings
from kalshi_desk.store.journal import Journal
from tests.engine.test_core import SECOND, answer
from tests.engine.test_stops import StopBench

FATES = ("fine", "fine", "fine", "part", "refused", "lost on the way", "answer lost")


@dataclass
class Resting:
    """An order as the exchange knows it."""

    intent: OrderIntent
    filled: int = 0
    is_open: bool = True

    @property
    def order_id(self) -> str:
        return f"o-{self.intent.client_order_id}"

    def report(self) -> Order:
        left = self.intent.count - self.filled if self.is_open else 0
        state = OrderState.RESTING if self.is_open else OrderState.CANCELED
        if self.filled == self.intent.count:
            state = OrderState.EXECUTED
        return Order(
            order_id=self.order_id,
            client_order_id=self.intent.client_order_id,
            ticker="A",
            side=self.intent.side,
            price=self.intent.price,
            initial_count=self.intent.count,
            filled=Count(self.filled),
            remaining=Count(left),
            state=state,
        )


class DeskUnderFire(RuleBasedStateMachine):
    """A desk with one protected position, its journal, and the exchange's truth."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "journal.sqlite3"
        self.journal = Journal(self.path, durable=False)
        self.bench = StopBench(holds=False)
        self.orders: dict[str, Resting] = {}
        self.fills: list[Fill] = []
        self.position = 0
        self.bid = 4_700
        self.fate = "fine"
        self.queue: deque[CoreEvent] = deque()
        self.done = len(self.bench.log)
        self.was_flat = self.bought_anew = False
        self.names = 0

    def settle(self) -> None:
        """Carry out what the core has asked for since the last time."""
        while self.done < len(self.bench.log):
            effect = self.bench.log[self.done]
            self.done += 1
            self.perform(effect)

    def perform(self, effect: Effect) -> None:
        if isinstance(effect, KeepIntent):
            self.journal.append_intent(effect.intent, self.bench.now_ns)
        elif isinstance(effect, KeepStop):
            self.journal.write([effect.record])
        elif isinstance(effect, KeepFill):
            self.journal.write([effect.fill])
        elif isinstance(effect, KeepOrder):
            known = self.bench.core.state.orders.by_client_id[effect.client_order_id]
            self.journal.write([journal_order(known)])
        elif isinstance(effect, SendOrder):
            self.receive(effect.intent)
        elif isinstance(effect, SendCancel):
            order = next(o for o in self.orders.values() if o.order_id == effect.order_id)
            left = order.report().remaining
            order.is_open = False
            self.queue.append(CancelAnswered(effect.order_id, left))
        elif isinstance(effect, CancelEverything):
            for order in self.orders.values():
                order.is_open = False
        elif isinstance(effect, LookUp):
            found = self.orders.get(effect.client_order_id)
            report = None if found is None else found.report()
            self.queue.append(OrderLookedUp(effect.client_order_id, report))
        elif isinstance(effect, ReadAccount):
            self.queue.append(self.reading())

    def reading(self) -> AccountRead:
        held = (ExchangePosition(ticker="A", position=Count(self.position)),)
        return AccountRead(
            orders=tuple(order.report() for order in self.orders.values()),
            fills=tuple(self.fills),
            positions=held if self.position else (),
            settlements=(),
            balance=Balance(cash=parse_money("10000")),
            asked_ns=self.bench.now_ns,
        )

    def receive(self, intent: OrderIntent) -> None:
        name, fate, self.fate = intent.client_order_id, self.fate, "fine"
        if fate == "refused":
            self.queue.append(OrderRefused(name, "busy", "busy"))
            return
        if fate == "lost on the way":
            self.queue.append(OrderUnknown(name, "timed out"))
            return
        order = self.orders[name] = Resting(intent)
        is_sale = intent.side is BookSide.ASK
        crosses = intent.price <= self.bid if is_sale else intent.price >= self.bid + 100
        if crosses:
            self.trade(order, intent.count // 2 if fate == "part" else intent.count)
        if intent.time_in_force is not TimeInForce.GTC or order.filled == intent.count:
            order.is_open = False
        if fate == "answer lost":
            self.queue.append(OrderUnknown(name, "timed out"))
        else:
            report = order.report()
            self.queue.append(
                OrderAnswered(name, order.order_id, Count(order.filled), report.remaining)
            )

    def trade(self, order: Resting, count: int) -> None:
        if not count:
            return
        # What is bought after all was sold is a new position, and no stop of the old one's.
        self.bought_anew |= self.was_flat and order.intent.side is BookSide.BID
        order.filled += count
        order.is_open = order.filled < order.intent.count
        self.position += order.intent.side.sign * count
        self.was_flat |= self.position <= 0
        fill = Fill(
            trade_id=f"t{len(self.fills)}",
            order_id=order.order_id,
            client_order_id=order.intent.client_order_id,
            ticker="A",
            side=order.intent.side,
            price=order.intent.price,
            count=Count(count),
            fee=NO_MONEY,
            is_taker=True,
            executed_ns=self.bench.now_ns,
        )
        self.fills.append(fill)
        self.queue.append(FillReported(fill))

    def take(self, event: CoreEvent) -> None:
        self.bench.take(event)
        self.settle()

    def name(self) -> str:
        self.names += 1
        return f"hand-{self.names}"

    @initialize(kind=st.sampled_from([StopKind.FIXED, StopKind.TRAILING, StopKind.TIME]))
    def begin(self, kind: StopKind) -> None:
        self.bench.buy("10", "0.48", name="first")
        self.settle()
        self.deliver()
        amount = "1m" if kind is StopKind.TIME else "5c"
        said = answer(self.bench.do(SetStop(ticker="A", kind=kind, amount=amount), "protect"))
        assert said is not None
        assert said.outcome is Outcomes.DONE
        self.settle()

    @rule()
    def deliver(self) -> None:
        while self.queue:
            self.take(self.queue.popleft())

    @rule()
    def deliver_one(self) -> None:
        if self.queue:
            self.take(self.queue.popleft())

    @rule(cents=st.integers(20, 70), seconds=st.sampled_from([0, 1, 4]))
    def quote(self, cents: int, seconds: int) -> None:
        self.bid = 100 * cents
        self.bench.quote(
            format_price(Price(self.bid)), format_price(Price(self.bid + 100)), seconds=seconds
        )
        self.settle()

    @rule(seconds=st.sampled_from([0.2, 1, 3, 31]))
    def wait(self, seconds: float) -> None:
        self.bench.wait(seconds)
        self.settle()

    @rule(fate=st.sampled_from(FATES))
    def next_order(self, fate: str) -> None:
        self.fate = fate

    @rule(
        count=st.integers(1, 1_200),
        distance=st.integers(-3, 4),
        tif=st.sampled_from([TimeInForce.GTC, TimeInForce.IOC]),
    )
    def sell_by_hand(self, count: int, distance: int, tif: TimeInForce) -> None:
        price = format_price(Price(self.bid + 100 * distance))
        many = format_count(Count(count))
        self.bench.buy(many, price, action=Action.SELL, tif=tif, name=self.name())
        self.settle()

    @rule(count=st.integers(1, 500))
    def buy_by_hand(self, count: int) -> None:
        price = format_price(Price(self.bid + 100))
        self.bench.buy(format_count(Count(count)), price, tif=TimeInForce.IOC, name=self.name())
        self.settle()

    @rule(share=st.floats(0, 1))
    def resting_trades(self, share: float) -> None:
        for order in self.orders.values():
            if order.is_open:
                self.trade(order, int((order.intent.count - order.filled) * share))

    @rule(what=st.sampled_from(["panic", "flatten", "resume"]))
    def order_the_desk(self, what: str) -> None:
        command = {"panic": Panic(), "flatten": Flatten(ticker="A"), "resume": Resume()}[what]
        self.bench.do(command, self.name())
        self.settle()

    @rule()
    def kill_and_restart(self) -> None:
        bench = self.bench
        self.journal.close()
        self.journal = Journal(self.path, durable=False)
        self.queue.clear()
        bench.core = TradingCore(CoreSettings(venue="practice"))
        restore(bench.core.state, self.journal, bench.now_ns)
        bench.now_ns += SECOND
        self.take(MarketsListed((Market(ticker="A", event_ticker="E"),)))
        self.take(ConnectionChanged(LinkState.LIVE))
        self.take(self.reading())
        self.quote(self.bid // 100, 0)

    @invariant()
    def nothing_is_ever_oversold(self) -> None:
        assert self.position >= 0

    @invariant()
    def one_exit_at_a_time(self) -> None:
        orders = self.bench.core.state.orders.open_orders("A")
        assert sum(order.origin == "stop" for order in orders) <= 1
        mine = [o for o in self.orders.values() if o.intent.origin == "stop"]
        assert sum(order.is_open for order in mine) <= 1

    @invariant()
    def what_was_never_flat_is_protected(self) -> None:
        if self.position > 0 and not self.was_flat:
            assert list(self.bench.core.state.stops.live())
            assert any(stop.state.is_live for stop in self.journal.stops())

    def teardown(self) -> None:
        """Once the exchange behaves, whatever has fired ends with nothing held."""
        firing = [m for m in self.bench.core.state.stops.live() if m.record.state.is_firing]
        if firing:
            for _ in range(60):
                self.fate = "fine"
                self.deliver()
                self.quote(45, 4)
                self.wait(31)
                self.deliver()
            live = list(self.bench.core.state.stops.live())
            assert not [m for m in live if m.record.state.is_firing]
            assert self.bought_anew or (self.position, live) == (0, [])
            assert self.bench.core.state.positions.get("A").count == self.position
        self.journal.close()
        self.folder.cleanup()


TestDeskUnderFire = DeskUnderFire.TestCase
TestDeskUnderFire.settings = settings(max_examples=40, stateful_step_count=50, deadline=None)
