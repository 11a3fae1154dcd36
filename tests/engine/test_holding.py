"""How long a strategy holds, and that it is in a market where a person trades too."""

from __future__ import annotations

from kalshi_desk.core.events import FillReported, OrderAnswered
from kalshi_desk.core.records import Fill, OrderIntent
from kalshi_desk.core.types import Action, BookSide, Count, Money, Outcome, Price, TimeInForce
from kalshi_desk.desk.commands import PlaceOrder
from tests.engine.strategy_world import GTC, SECOND, START, StrategyWorld, signal

HOUR_NS = 3_600 * SECOND
UNTIL = START + 2 * HOUR_NS


def fill(world: StrategyWorld, intent: OrderIntent) -> None:
    order_id = f"o-{intent.client_order_id}"
    world.take(OrderAnswered(intent.client_order_id, order_id, intent.count, Count(0)))
    told = Fill(
        trade_id=f"t-{intent.client_order_id}",
        order_id=order_id,
        ticker=intent.ticker,
        side=intent.side,
        price=intent.price,
        count=intent.count,
        fee=Money(20_000),
        is_taker=True,
        executed_ns=world.now_ns,
    )
    world.take(FillReported(told))


def by_hand(world: StrategyWorld) -> None:
    order = PlaceOrder(
        ticker="M0",
        action=Action.BUY,
        outcome=Outcome.YES,
        price=Price(4_000),
        count=Count(300),
        time_in_force=TimeInForce.IOC,
    )
    world.command(order)
    fill(world, world.sent[-1])


def test_a_resting_order_ends_no_later_than_what_it_would_hold() -> None:
    world = StrategyWorld()
    world.decide([signal("M0", price=3_900, time_in_force=GTC, ttl_s=86_400, holds_until_ns=UNTIL)])
    assert world.sent[0].expires_ns == UNTIL


def test_a_signal_whose_time_is_over_sends_nothing() -> None:
    world = StrategyWorld()
    world.decide([signal("M0", holds_until_ns=START)])
    assert world.codes == ["over"]
    assert not world.sent


def test_what_a_person_holds_in_the_same_market_is_not_sold_with_it() -> None:
    world = StrategyWorld()
    world.decide([signal("M0", holds_until_ns=UNTIL)])
    fill(world, world.sent[0])
    by_hand(world)
    world.wait(2 * 3_600)
    world.books()
    world.wait(3)
    [*_, sold] = world.sent
    assert (sold.side, sold.count, sold.reduce_only) == (BookSide.ASK, Count(100), True)


def test_a_strategy_is_still_in_after_a_person_bought_more() -> None:
    world = StrategyWorld()
    world.decide([signal("M0")])
    fill(world, world.sent[0])
    by_hand(world)
    world.decide([signal("M0")])
    assert world.codes == ["already_in"]
