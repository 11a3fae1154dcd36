"""A clock that is set back by hours keeps neither an exit nor a cancel waiting."""

from __future__ import annotations

from kalshi_desk.core.events import CancelFailed, OrderAnswered, OrderUnknown
from kalshi_desk.core.types import Count
from kalshi_desk.desk.commands import CancelAll
from kalshi_desk.engine.effects import LookUp, SendCancel
from tests.engine.strategy_world import GTC, StrategyWorld, signal
from tests.engine.test_core import SECOND, sent
from tests.engine.test_stops import StopBench, exits

BACK_NS = 7_200 * SECOND


def test_a_stop_triggers_on_prices_that_stand_after_it() -> None:
    bench = StopBench()
    bench.protect()
    bench.quote("0.38", "0.39", seconds=1)
    bench.now_ns -= BACK_NS
    bench.quote("0.38", "0.39", seconds=1)
    assert exits(bench.quote("0.38", "0.39", seconds=3))


def test_an_exit_that_sold_nothing_is_tried_again_after_it() -> None:
    bench = StopBench()
    bench.protect()
    [intent] = exits(bench.fall())
    bench.answered(intent, Count(0))
    bench.now_ns -= BACK_NS
    assert exits([*bench.quote("0.38", "0.39"), *bench.wait(2)])


def test_a_cancel_is_sent_again_after_it() -> None:
    world = StrategyWorld()
    world.decide([signal("M0", price=3_900, time_in_force=GTC)])
    world.take(OrderAnswered(world.sent[0].client_order_id, "o1", Count(0), Count(100)))
    world.command(CancelAll())
    world.take(CancelFailed("o1", "lost", is_gone=False))
    world.now_ns -= BACK_NS
    world.wait()
    assert world.canceled == ["o1", "o1"]


def test_an_unknown_order_is_looked_up_after_it() -> None:
    bench = StopBench(holds=False)
    [intent] = sent(bench.buy("1", "0.48"))
    bench.take(OrderUnknown(intent.client_order_id, "no answer"))
    bench.now_ns -= BACK_NS
    assert any(isinstance(effect, LookUp) for effect in bench.wait(1))


def test_strategies_are_asked_after_it() -> None:
    world = StrategyWorld()
    world.decide()
    asked = world.state.cycle
    world.now_ns -= BACK_NS
    world.wait()
    assert world.state.cycle == asked + 1
    assert not [effect for effect in world.effects if isinstance(effect, SendCancel)]
