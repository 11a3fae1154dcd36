"""How long a strategy holds, and that it is in a market where a person trades too."""

from __future__ import annotations

import msgspec
import pytest

from kalshi_desk.core.events import CancelAnswered, CancelFailed, FillReported, OrderAnswered
from kalshi_desk.core.records import Fill, OrderIntent
from kalshi_desk.core.strategy import Ending, Mode, SignalLeg
from kalshi_desk.core.types import Action, BookSide, Count, Money, Outcome, Price, TimeInForce
from kalshi_desk.desk.automation import SetMode
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


def gives_up(outcome: Outcome = Outcome.YES, ticker: str = "M0") -> Ending:
    return Ending(ticker=ticker, outcome=outcome, text="worth less than its bid")


def test_what_a_strategy_gives_up_is_sold_and_nothing_else() -> None:
    world = StrategyWorld()
    world.decide([signal("M0")])
    fill(world, world.sent[0])
    by_hand(world)
    before = len(world.sent)
    world.decide(endings=[gives_up(Outcome.NO), gives_up(ticker="M1"), gives_up(ticker="NONE")])
    world.wait(3)
    assert len(world.sent) == before
    world.decide(endings=[gives_up()])
    world.wait(1)
    [sold] = world.sent[before:]
    assert (sold.side, sold.count, sold.reduce_only) == (BookSide.ASK, Count(100), True)
    # Told again while the sale is on its way, nothing is sold twice.
    world.decide(endings=[gives_up()])
    fill(world, sold)
    world.decide(endings=[gives_up()])
    world.wait(3)
    assert len(world.sent) == before + 1


def test_no_is_given_up_as_no() -> None:
    world = StrategyWorld()
    leg = SignalLeg(ticker="M0", side=BookSide.ASK, price=Price(3_800), count=Count(100))
    world.decide([msgspec.structs.replace(signal("M0"), legs=(leg,))])
    fill(world, world.sent[0])
    world.decide(endings=[gives_up()])
    world.wait(1)
    assert len(world.sent) == 1
    world.decide(endings=[gives_up(Outcome.NO)])
    world.wait(1)
    sold = world.sent[1]
    assert (sold.side, sold.count, sold.reduce_only) == (BookSide.BID, Count(100), True)


def test_a_strategy_that_may_not_trade_gives_nothing_up() -> None:
    world = StrategyWorld()
    world.decide([signal("M0")])
    fill(world, world.sent[0])
    world.command(SetMode(strategy="mine", mode=Mode.PAPER))
    world.decide(endings=[gives_up()])
    world.wait(3)
    assert len(world.sent) == 1


@pytest.mark.parametrize("mode", [Mode.SHADOW, Mode.PAPER])
def test_on_paper_too_what_is_given_up_is_sold(mode: Mode) -> None:
    world = StrategyWorld(mode)
    world.decide([signal("M0")])
    paper = world.core.paper
    assert paper.position("mine", "M0").count == 100
    world.decide(endings=[gives_up(Outcome.NO)])
    world.wait(1)
    assert paper.position("mine", "M0").count == 100
    world.decide(endings=[gives_up()])
    world.wait(1)
    assert paper.position("mine", "M0").count == 0
    assert not world.sent


def bid_that_rests(world: StrategyWorld) -> str:
    """Let the strategy post a bid for YES of M0 and return the order's id."""
    world.decide([signal("M0", price=3_800, time_in_force=GTC, post_only=True, ttl_s=600)])
    sent = world.sent[-1].client_order_id
    world.take(OrderAnswered(sent, f"o-{sent}", Count(0), Count(100)))
    return f"o-{sent}"


def test_a_bid_for_what_is_given_up_is_taken_back_until_it_is_gone() -> None:
    world = StrategyWorld()
    order_id = bid_that_rests(world)
    world.decide(endings=[gives_up(Outcome.NO), gives_up(ticker="M1")])
    world.wait(1)
    assert world.canceled == []
    world.decide(endings=[gives_up()])
    assert world.canceled == [order_id]
    world.take(CancelFailed(order_id, "busy", is_gone=False))
    world.wait(3)
    assert world.canceled == [order_id, order_id]
    world.take(CancelAnswered(order_id, Count(100)))
    world.wait(3)
    assert world.canceled == [order_id, order_id]
    assert len(world.sent) == 1


def test_what_a_person_bids_there_stays() -> None:
    world = StrategyWorld()
    order = PlaceOrder(
        ticker="M0",
        action=Action.BUY,
        outcome=Outcome.YES,
        price=Price(3_800),
        count=Count(300),
    )
    world.command(order)
    sent = world.sent[-1].client_order_id
    world.take(OrderAnswered(sent, f"o-{sent}", Count(0), Count(300)))
    world.decide(endings=[gives_up()])
    world.wait(3)
    assert world.canceled == []


@pytest.mark.parametrize(("mode", "left"), [(Mode.SHADOW, 1), (Mode.PAPER, 0)])
def test_on_paper_a_bid_is_taken_back_and_in_shadow_it_meets_its_fate(
    mode: Mode, left: int
) -> None:
    world = StrategyWorld(mode)
    world.decide([signal("M0", price=3_800, time_in_force=GTC, post_only=True, ttl_s=600)])
    assert len(world.core.paper.open_orders("mine")) == 1
    world.decide(endings=[gives_up()])
    assert len(world.core.paper.open_orders("mine")) == left


def test_an_ending_that_names_no_market_switches_the_strategy_off() -> None:
    world = StrategyWorld()
    world.decide(endings=[gives_up(ticker="")])
    assert "no market" in world.state.fault
