"""Orders and baskets of strategies that may not trade any more do not stay where they are."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from kalshi_desk.core.events import (
    BookSnapshot,
    CancelAnswered,
    FillReported,
    OrderAnswered,
    OrderLookedUp,
    OrderUnknown,
)
from kalshi_desk.core.records import Fill, OrderIntent, OrderState
from kalshi_desk.core.strategy import Mode
from kalshi_desk.core.types import Count, Money
from kalshi_desk.desk.automation import SetMode
from kalshi_desk.desk.commands import LeaveOrders, StopEngine
from kalshi_desk.engine.core import TradingCore
from kalshi_desk.engine.effects import KeepIntent, KeepOrder, SendOrder, StopShell
from kalshi_desk.engine.inputs import StrategiesDeclared
from kalshi_desk.engine.restore import journal_order, restore
from kalshi_desk.engine.state import CoreSettings
from kalshi_desk.store.entries import MetaEntry
from kalshi_desk.store.journal import Journal
from tests.engine.basket_world import BasketWorld, tiles
from tests.engine.strategy_world import GTC, INFO, StrategyWorld, signal


def resting(ttl_s: int = 0) -> tuple[StrategyWorld, OrderIntent]:
    world = StrategyWorld()
    world.decide([signal("M0", price=3_900, time_in_force=GTC, ttl_s=ttl_s)])
    [intent] = world.sent
    world.take(OrderAnswered(intent.client_order_id, "o1", Count(0), intent.count))
    return world, intent


def start_again(world: StrategyWorld, path: Path, venue: str, *, auto: str = "on") -> None:
    """Start another core on what the first one wrote down."""
    journal = Journal(path / "journal.db", durable=False)
    for effect in world.effects:
        if isinstance(effect, KeepIntent):
            journal.append_intent(effect.intent, world.now_ns)
        elif isinstance(effect, KeepOrder):
            order = world.core.state.orders.by_client_id[effect.client_order_id]
            journal.write([journal_order(order)])
    journal.write([MetaEntry(key="auto", value=auto), MetaEntry(key="mode:mine", value="trade")])
    world.core = TradingCore(CoreSettings(venue=venue))
    restore(world.core.state, journal, world.now_ns)
    journal.close()
    world.effects.clear()
    world.open()


def test_a_start_on_live_takes_back_what_strategies_left_resting(tmp_path: Path) -> None:
    world, _ = resting()
    start_again(world, tmp_path, "live")
    assert not world.core.state.auto
    world.wait()
    assert world.canceled == ["o1"]


@pytest.mark.parametrize("venue", ["practice", "paper", "demo"])
def test_where_auto_is_remembered_an_order_rests_on(tmp_path: Path, venue: str) -> None:
    world, _ = resting()
    start_again(world, tmp_path, venue)
    world.wait()
    world.take(StrategiesDeclared((INFO,)))
    world.wait(2)
    assert world.canceled == []


def test_an_order_of_a_strategy_whose_file_is_gone_is_canceled(tmp_path: Path) -> None:
    world, _ = resting()
    start_again(world, tmp_path, "practice")
    world.wait()
    world.take(StrategiesDeclared(()))
    world.take(StrategiesDeclared((INFO.__class__(name="other"),)))
    world.wait()
    assert world.canceled == ["o1"]


def test_an_order_ends_in_time_though_another_engine_sent_it(tmp_path: Path) -> None:
    world, _ = resting(ttl_s=60)
    start_again(world, tmp_path, "practice")
    world.take(StrategiesDeclared((INFO,)))
    world.wait(62)
    assert world.canceled == []
    world.wait(2)
    assert world.canceled == ["o1"]


def test_a_cancel_that_fails_is_sent_again_and_not_too_often(tmp_path: Path) -> None:
    world, intent = resting()
    start_again(world, tmp_path, "live")
    for _ in range(10):
        world.wait(0.2)
    assert world.canceled == ["o1"]
    order = world.core.state.orders.by_client_id[intent.client_order_id]
    order.is_canceling = False
    for _ in range(10):
        world.wait(0.2)
    assert world.canceled == ["o1", "o1"]


def test_a_halt_takes_resting_orders_of_strategies_back_and_no_others() -> None:
    world, _ = resting()
    world.core.account.halt("a test says so")
    world.wait()
    assert world.canceled == ["o1"]
    assert world.core.state.auto


def test_a_basket_buys_no_more_while_auto_is_off(tmp_path: Path) -> None:
    world = BasketWorld(tmp_path / "journal.db")
    for ticker, ask in zip("ABC", (25, 30, 35), strict=True):
        world.show(ticker, ask - 2, ask)
    assert world.start(tiles()) is None
    world.fill()
    bought = len(world.sent)
    world.auto = False
    world.kill()
    for _ in range(6):
        world.wait(1)
        world.look_up_all()
        world.show("B", 28, 30)
    assert [intent.reduce_only for intent in world.sent[bought:]] == [True]


def test_what_traded_but_is_not_booked_yet_counts_as_being_in() -> None:
    world = StrategyWorld()
    world.decide([signal("M0")])
    [intent] = world.sent
    world.take(OrderAnswered(intent.client_order_id, "o1", intent.count, Count(0)))
    state = world.core.state.orders.by_client_id[intent.client_order_id].state
    assert state is OrderState.EXECUTED
    world.decide([signal("M0", price=4_100)])
    assert world.codes == ["already_in"]
    assert len([e for e in world.effects if isinstance(e, SendOrder)]) == 1


def test_a_mode_that_ends_trading_takes_an_unresolved_order_back_once_it_is_found() -> None:
    world = StrategyWorld()
    world.decide([signal("M0", price=3_900, time_in_force=GTC)])
    [intent] = world.sent
    world.take(OrderUnknown(intent.client_order_id, "no answer"))
    world.command(SetMode(strategy="mine", mode=Mode.OFF))
    order = world.core.state.orders.by_client_id[intent.client_order_id]
    found = msgspec.structs.replace(journal_order(order), order_id="o9", state=OrderState.RESTING)
    world.take(OrderLookedUp(intent.client_order_id, found))
    world.wait(1)
    assert world.canceled == ["o9"]


@pytest.mark.parametrize("orders", [LeaveOrders.CANCEL, LeaveOrders.FLATTEN])
def test_an_engine_that_stops_sends_nothing_new(orders: LeaveOrders) -> None:
    world, intent = resting()
    world.wait(61)
    world.books()
    world.command(StopEngine(orders=orders))
    world.decide([signal("M1")])
    assert world.codes == ["stopping"]
    assert world.sent == [intent]
    world.take(CancelAnswered("o1", intent.count))
    assert any(isinstance(effect, StopShell) for effect in world.effects)


def test_strategies_go_on_when_the_engine_could_not_stop() -> None:
    world, _ = resting()
    world.command(StopEngine(orders=LeaveOrders.CANCEL))
    world.wait(16)
    assert not any(isinstance(effect, StopShell) for effect in world.effects)
    assert not world.core.state.is_stopping


def test_strategies_go_on_when_nothing_could_be_flattened() -> None:
    world = StrategyWorld()
    world.decide([signal("M0")])
    [intent] = world.sent
    world.take(OrderAnswered(intent.client_order_id, "o1", intent.count, Count(0)))
    fill = Fill(
        trade_id="t1",
        order_id="o1",
        ticker="M0",
        side=intent.side,
        price=intent.price,
        count=intent.count,
        fee=Money(20_000),
        is_taker=True,
        executed_ns=world.now_ns,
    )
    world.take(FillReported(fill))
    world.take(BookSnapshot("M0", (), ()))
    world.command(StopEngine(orders=LeaveOrders.FLATTEN))
    assert not any(isinstance(effect, StopShell) for effect in world.effects)
    assert not world.core.state.is_stopping
