"""The engine is killed between any two effects of a firing stop: it sells exactly once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec
import pytest

from kalshi_desk.core.errors import Stop
from kalshi_desk.core.events import (
    ConnectionChanged,
    FillReported,
    LinkState,
    MarketsListed,
    OrderAnswered,
    OrderLookedUp,
    OrderRefused,
)
from kalshi_desk.core.records import Market, OrderIntent, OrderState
from kalshi_desk.core.stops import StopKind, StopState
from kalshi_desk.core.types import BookSide, Count, Price
from kalshi_desk.desk.automation import SetStop
from kalshi_desk.desk.commands import Outcomes
from kalshi_desk.engine import keeper
from kalshi_desk.engine.core import TradingCore
from kalshi_desk.engine.effects import (
    Effect,
    KeepFill,
    KeepIntent,
    KeepOrder,
    KeepStop,
    LookUp,
    SendOrder,
)
from kalshi_desk.engine.restore import journal_order, restore
from kalshi_desk.engine.state import CoreSettings
from kalshi_desk.store.entries import Entry
from kalshi_desk.store.journal import Journal
from tests.engine.test_core import SECOND, fill_of, order_of
from tests.engine.test_shell import BUY, ScriptedVenue, running
from tests.engine.test_stops import StopBench, exits, words


class World:
    """A journal on disk and an exchange that remembers the orders that reached it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.reached: list[OrderIntent] = []
        self.bench = StopBench(holds=False)
        self.journal = Journal(path, durable=False)
        self.done = 0

    def perform(self, effects: list[Effect]) -> None:
        state = self.bench.core.state
        for effect in effects:
            if isinstance(effect, KeepIntent):
                self.journal.append_intent(effect.intent, self.bench.now_ns)
            elif isinstance(effect, KeepStop):
                self.journal.write([effect.record])
            elif isinstance(effect, KeepFill):
                self.journal.write([effect.fill])
            elif isinstance(effect, KeepOrder):
                order = state.orders.by_client_id[effect.client_order_id]
                self.journal.write([journal_order(order)])
            elif isinstance(effect, SendOrder) and effect.intent.origin == "stop":
                self.reached.append(effect.intent)

    def catch_up(self) -> None:
        """Perform what the bench has logged since the last time."""
        fresh, self.done = self.bench.log[self.done :], len(self.bench.log)
        self.perform(fresh)

    def restart(self) -> None:
        """Kill the engine and start another on the same journal."""
        self.journal.close()
        self.journal = Journal(self.path, durable=False)
        bench = self.bench
        bench.core = TradingCore(CoreSettings(venue="practice"))
        bench.now_ns += SECOND
        restore(bench.core.state, self.journal, bench.now_ns)
        self.done = len(bench.log)
        bench.take(MarketsListed((Market(ticker="A", event_ticker="E"),)))
        bench.take(ConnectionChanged(LinkState.LIVE))
        bench.take(bench.reading(A="10"))
        bench.quote("0.38", "0.39")
        self.catch_up()

    def answer_look_ups(self, effects: list[Effect]) -> None:
        """Say what became of an order: one that reached the exchange has sold all."""
        for effect in effects:
            if not isinstance(effect, LookUp):
                continue
            found = [i for i in self.reached if i.client_order_id == effect.client_order_id]
            order = None
            if found:
                order = msgspec.structs.replace(
                    order_of(found[0], "o-x", OrderState.EXECUTED), filled=found[0].count
                )
            self.bench.take(OrderLookedUp(effect.client_order_id, order))
            if found:
                fill = msgspec.structs.replace(fill_of(found[0], "o-x"), count=found[0].count)
                self.bench.take(FillReported(fill))


@pytest.mark.parametrize("cut", range(8))
def test_a_kill_anywhere_in_a_firing_stop_sells_once(tmp_path: Path, cut: int) -> None:
    world = World(tmp_path / "journal.sqlite3")
    bench = world.bench
    bench.hold()
    bench.protect()
    bench.quote("0.38", "0.39", seconds=1)
    world.catch_up()
    firing = bench.quote("0.38", "0.39", seconds=3)
    assert len(firing) < 8, "every place to cut is tried"
    world.perform(firing[:cut])
    world.restart()
    (machine,) = bench.core.state.stops.live()
    was_sent = [intent.client_order_id for intent in world.reached]
    for _ in range(60):
        world.answer_look_ups(bench.wait(1))
        world.answer_look_ups(bench.quote("0.38", "0.39"))
        world.catch_up()
        for intent in world.reached:
            order = bench.core.state.orders.by_client_id[intent.client_order_id]
            if order.state is OrderState.INTENT:
                bench.answered(intent, intent.count)
        world.catch_up()
    assert len(world.reached) == 1, was_sent
    assert bench.core.state.positions.get("A").count == 0
    assert bench.core.state.effective_position("A") == 0
    assert machine.record.state is StopState.DONE
    assert [stop.state for stop in world.journal.stops()] == [StopState.DONE]
    world.journal.close()


def test_an_exit_whose_record_was_lost_keeps_its_id_to_itself(tmp_path: Path) -> None:
    """The intent stands but the stop's last record does not: the next exit is another order."""
    world = World(tmp_path / "journal.sqlite3")
    bench = world.bench
    bench.hold()
    bench.protect()
    bench.quote("0.38", "0.39", seconds=1)
    world.catch_up()
    firing = bench.quote("0.38", "0.39", seconds=3)
    world.perform([effect for effect in firing if not isinstance(effect, KeepStop)])
    (first,) = world.reached
    world.reached.clear()
    world.restart()
    for _ in range(20):
        world.answer_look_ups(bench.wait(1))
        world.answer_look_ups(bench.quote("0.38", "0.39"))
        world.catch_up()
    (second,) = world.reached
    assert second.client_order_id != first.client_order_id
    world.journal.close()


def test_a_trailing_stop_remembers_its_best_price(tmp_path: Path) -> None:
    world = World(tmp_path / "journal.sqlite3")
    bench = world.bench
    bench.hold()
    bench.protect(StopKind.TRAILING, "5c")
    bench.quote("0.60", "0.61", seconds=1)
    bench.quote("0.60", "0.61", seconds=3)
    world.catch_up()
    world.restart()
    assert "Stops that protect: 1" in words(bench.wait(0))
    assert words(bench.wait(0)) == ""
    record = bench.stop(StopKind.TRAILING)
    assert (record.best, record.level) == (6_000, 5_500)
    assert exits([*bench.wait(0), *bench.fall("0.52", "0.53")])
    world.journal.close()


async def _until(is_true: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not is_true():
            await asyncio.sleep(0.01)


class HoldingVenue(ScriptedVenue):
    """Sells what it is asked for at once, so that there is something to protect."""

    def __init__(self) -> None:
        super().__init__()
        self.on_send = self.fill

    def fill(self, intent: OrderIntent) -> OrderAnswered | OrderRefused:
        fill = msgspec.structs.replace(fill_of(intent, "o"), price=Price(4_100))
        self._sink(FillReported(fill))
        return OrderAnswered(intent.client_order_id, "o", intent.count, Count(0))


async def test_a_stop_is_promised_once_the_journal_holds_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "RETRY_S", 0.0)
    command = SetStop(ticker="A", kind=StopKind.FIXED, amount="20%")
    async with running(tmp_path, HoldingVenue()) as (shell, _, journal):
        await shell.submit("buy", msgspec.structs.replace(BUY, price=Price(4_100)))
        said = await shell.submit("protect", command)
        assert said.outcome is Outcomes.DONE
        (kept,) = journal.stops()
        assert (kept.state, kept.side) == (StopState.ARMED, BookSide.BID)
        write = journal.write

        def full(entries: Iterable[Entry]) -> int:
            raise Stop("The disk is full.")

        monkeypatch.setattr(journal, "write", full)
        wider = msgspec.structs.replace(command, amount="30%")
        said = await shell.submit("wider", wider)
        assert said.outcome is Outcomes.UNKNOWN
        assert "the journal has failed" in said.text
        monkeypatch.setattr(journal, "write", write)
        await _until(lambda: [s.amount for s in journal.stops() if s.state.is_live] == ["30%"])
