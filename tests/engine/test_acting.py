"""From a strategy's answer to orders: what is sent, what is left alone and why."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from kalshi_desk.core.events import (
    AccountRead,
    BookSnapshot,
    ConnectionChanged,
    FillReported,
    LinkState,
    MarketsListed,
    OrderAnswered,
    TimerFired,
)
from kalshi_desk.core.records import Market, Order, OrderIntent, OrderState
from kalshi_desk.core.strategy import Decision, Mode, Parameter, Signal, SignalLeg, Why
from kalshi_desk.core.types import Action, BookSide, Count, Money, Outcome, Price, TimeInForce
from kalshi_desk.desk.automation import SetAuto, SetImplication, SetMode, SetParameter
from kalshi_desk.desk.commands import Command, Flatten, Panic, PlaceOrder
from kalshi_desk.engine.effects import AskStrategy, Effect, SendCancel
from kalshi_desk.engine.inputs import (
    CommandReceived,
    StrategiesDeclared,
    StrategyDecided,
    StrategyFailed,
)
from kalshi_desk.engine.strategy_messages import StrategyInfo
from kalshi_desk.engine.strategy_state import TOO_YOUNG, StrategyState
from kalshi_desk.execution.baskets import Stage
from kalshi_desk.risk.limits import Limits
from tests.engine.basket_world import SECOND, BasketWorld, tiles

NAME = "arbitrage"
CENTS = (15, 20, 25)
WIDE = Limits(
    open_positions=100,
    position_percent=1_000.0,
    order_percent=1_000.0,
    market_percent=1_000.0,
    event_percent=1_000.0,
    category_percent=1_000.0,
    theme_percent=1_000.0,
    shortfall_percent=1_000.0,
    stress_shortfall_percent=1_000.0,
    settlement_day_percent=1_000.0,
    total_percent=1_000.0,
    correlation=1.0,
    daily_loss_percent=1_000.0,
    daily_loss_reducing_percent=1_000.0,
)


class ActingWorld(BasketWorld):
    """A desk with one strategy in mode trade and AUTO on; its answers come from the test."""

    def __init__(self, path: Path, *, venue: str = "practice") -> None:
        self.asked: list[AskStrategy] = []
        self.canceled: list[SendCancel] = []
        self.commands = 0
        super().__init__(path, limits=WIDE, venue=venue)
        for ticker, ask in zip("ABC", CENTS, strict=True):
            self.show(ticker, ask - 1, ask, size=2_000_000)
        self.declare()
        if venue == "live":
            self.command(SetAuto(on=True))

    def declare(self) -> None:
        budget = Parameter(name="budget", default=500, low=1, high=1_000, help="most")
        info = StrategyInfo(name=NAME, default_mode=Mode.TRADE, parameters=(budget,))
        self.take(StrategiesDeclared((info,)))

    def _do(self, effect: Effect) -> None:
        if isinstance(effect, AskStrategy):
            self.asked.append(effect)
        elif isinstance(effect, SendCancel):
            self.canceled.append(effect)
        else:
            super()._do(effect)

    @property
    def strategy(self) -> StrategyState:
        return self.core.state.strategies[NAME]

    def command(self, command: Command) -> None:
        self.commands += 1
        self.take(CommandReceived(f"command-{self.commands}", command))

    def wait(self, seconds: float) -> None:
        """Let time pass in which other markets of the exchange go on trading."""
        self.now_ns += int(seconds * SECOND)
        self.take(BookSnapshot("ELSEWHERE", (), ()))
        self.take(TimerFired())

    def look(self) -> AskStrategy:
        """Let time pass until the strategy is asked."""
        known = len(self.asked)
        self.wait(61)
        assert len(self.asked) == known + 1
        return self.asked[-1]

    def answer_look(
        self, look: AskStrategy, *signals: Signal, reasons: tuple[Why, ...] = ()
    ) -> None:
        decision = Decision(signals=signals, reasons=reasons, scanned=3)
        self.take(
            StrategyDecided(
                strategy=NAME,
                cycle=look.cycle,
                looked_ns=self.now_ns,
                took_ns=1,
                decision=decision,
            )
        )

    def decide(self, *signals: Signal, reasons: tuple[Why, ...] = ()) -> None:
        self.answer_look(self.look(), *signals, reasons=reasons)

    def resting(self, intent: OrderIntent) -> AccountRead:
        """Return the account as read after a start, with one order on the book."""
        order = Order(
            order_id="o-1",
            client_order_id=intent.client_order_id,
            ticker=intent.ticker,
            side=intent.side,
            price=intent.price,
            initial_count=intent.count,
            filled=Count(0),
            remaining=intent.count,
            state=OrderState.RESTING,
            created_ns=intent.created_ns,
            updated_ns=intent.created_ns,
        )
        return msgspec.structs.replace(self.reading(), orders=(order,))

    def fill_all(self) -> None:
        """Fill every order under way and those that follow, each in full."""
        while self.unanswered:
            intent = self.unanswered.pop(0)
            self.answer(self.exchange.place(intent, intent.count, self.meet(intent)))
            self.take(FillReported(self.exchange.fills[-1]))

    def codes(self) -> set[str]:
        return {code for _, code in self.strategy.reasons}


@pytest.fixture
def world(tmp_path: Path) -> ActingWorld:
    return ActingWorld(tmp_path / "journal.sqlite3")


def basket(
    count: int = 10, *, name: str = "E", least_count: int = 0, least_profit: int = 0
) -> Signal:
    """Return all YES of three tiles at 60 cents: 40 less fees, so 35 at least are certain."""
    pays = tuple(tuple(Price(10_000 * (a == b)) for b in range(3)) for a in range(3))
    return Signal(
        candidate=name,
        legs=tuple(tiles(count, cents=CENTS)),
        text="tiles",
        guaranteed=Money(350_000 * count),
        pays=pays,
        least_count=Count(least_count),
        least_profit=Money(least_profit),
    )


def single(side: BookSide = BookSide.BID, price: int = 2_500) -> Signal:
    leg = SignalLeg(ticker="A", side=side, price=Price(price), count=Count(500))
    return Signal(candidate="A", legs=(leg,), text="one", probability=0.4)


def test_a_basket_is_sent_once_and_whole(world: ActingWorld) -> None:
    look = world.look()
    world.answer_look(look, basket())
    world.answer_look(look, basket())
    world.fill_all()
    assert [intent.ticker for intent in world.sent] == ["A", "B", "C"]
    assert world.last().stage is Stage.COMPLETE
    assert world.core.baskets.in_flight() == []


def test_without_auto_nothing_is_sent_and_the_reason_says_so(world: ActingWorld) -> None:
    world.command(SetAuto(on=False))
    world.decide(basket(), single())
    assert world.sent == []
    assert world.codes() == {"auto_off"}


def test_a_second_basket_gets_only_what_the_first_will_leave(world: ActingWorld) -> None:
    """The first needs $6,300 of $10,000, of which its first leg's $1,500 are all that is sent."""
    others = tuple(
        Market(ticker=ticker, event_ticker="F", mutually_exclusive=True) for ticker in ("F1", "F2")
    )
    world.take(MarketsListed(others))
    for ticker in ("F1", "F2"):
        world.show(ticker, 39, 40, size=2_000_000)
    legs = tuple(
        SignalLeg(ticker=ticker, side=BookSide.BID, price=Price(4_000), count=Count(600_000))
        for ticker in ("F1", "F2")
    )
    pair = Signal(
        candidate="F",
        legs=legs,
        text="pair",
        guaranteed=Money(900_000_000),
        pays=((Price(10_000), Price(0)), (Price(0), Price(10_000))),
    )
    world.decide(basket(9_900), pair)
    first, second = world.flying
    assert 400_000 < second.legs[0].planned < 600_000
    world.fill_all()
    assert not world.flying
    assert world.core.baskets.completion_rate(NAME) == pytest.approx(3 / 4)
    for leg in (*first.legs, *second.legs):
        assert world.core.state.positions.get(leg.ticker).count == leg.planned
    assert 0 <= (world.core.state.ledger.cash or 0) < 20_000_000


def test_open_positions_count_the_legs_that_are_still_to_come(world: ActingWorld) -> None:
    world.core.state.settings.limits = msgspec.structs.replace(WIDE, open_positions=4)
    others = tuple(Market(ticker=ticker, event_ticker="F") for ticker in ("F1", "F2"))
    world.take(MarketsListed(others))
    for ticker in ("F1", "F2"):
        world.show(ticker, 39, 40)
    legs = tuple(
        SignalLeg(ticker=ticker, side=BookSide.BID, price=Price(4_000), count=Count(1_000))
        for ticker in ("F1", "F2")
    )
    pays = ((Price(10_000), Price(0)), (Price(0), Price(10_000)))
    pair = Signal(candidate="F", legs=legs, text="pair", guaranteed=Money(2_000_000), pays=pays)
    world.decide(basket(), pair)
    assert [record.events for record in world.flying] == [("E",)]
    assert ("F", "open_positions") in world.strategy.reasons
    world.fill_all()
    assert world.last().stage is Stage.COMPLETE


@pytest.mark.parametrize("limit", ["total_percent", "event_percent", "order_percent"])
@pytest.mark.parametrize("percent", [1.0, 1.31, 2.77, 5.09, 7.43])
def test_a_basket_as_large_as_a_limit_allows_is_completed(
    world: ActingWorld, limit: str, percent: float
) -> None:
    """Each leg lowers equity by spread and fees, and with it what the next one may cost."""
    world.core.state.settings.limits = msgspec.structs.replace(WIDE, **{limit: percent})
    world.decide(basket(9_000))
    assert 0 < world.flying[0].legs[0].planned < 900_000
    world.fill_all()
    assert world.last().stage is Stage.COMPLETE
    assert len(world.sent) == 3


@pytest.mark.parametrize(
    ("least_count", "least_profit", "code"),
    [(800, 0, "depth_below_minimum"), (0, 3_000_000, "edge_below_minimum")],
)
def test_a_basket_that_the_gate_makes_too_small_is_left(
    world: ActingWorld, least_count: int, least_profit: int, code: str
) -> None:
    world.core.state.settings.limits = msgspec.structs.replace(WIDE, order_percent=0.02)
    world.decide(basket(least_count=least_count, least_profit=least_profit))
    assert world.sent == []
    assert world.codes() == {code}
    world.decide(basket(least_count=700, least_profit=2_000_000))
    assert [leg.planned for leg in world.flying[0].legs] == [700] * 3


@pytest.mark.parametrize("limit", ["order_percent", "position_percent", "total_percent"])
def test_a_stake_that_the_gate_makes_smaller_is_traded(world: ActingWorld, limit: str) -> None:
    """A signal that the desk sizes names no count: the stake is what it is a part of."""
    world.core.state.settings.limits = msgspec.structs.replace(WIDE, **{limit: 0.2})
    leg = SignalLeg(ticker="C", side=BookSide.BID, price=Price(2_500), count=Count(0))
    world.decide(Signal(candidate="C", legs=(leg,), text="news", probability=0.6))
    assert world.strategy.fault == ""
    assert world.strategy.is_on
    [sent] = world.sent
    assert sent.ticker == "C"
    assert 0 < sent.count < 100_000


def test_after_auto_goes_off_a_lone_leg_is_sold_and_that_sale_is_not_canceled(
    world: ActingWorld,
) -> None:
    world.decide(basket())
    world.show("B", None, None)
    [first] = world.unanswered
    world.unanswered.clear()
    world.answer(world.exchange.place(first, first.count, world.meet(first)))
    world.take(FillReported(world.exchange.fills[-1]))
    assert world.flying[0].stage is Stage.COMPLETING
    world.command(SetAuto(on=False))
    [exit_order] = world.unanswered
    assert (exit_order.ticker, exit_order.reduce_only) == ("A", True)
    assert world.canceled == []
    assert world.look_ups == []
    world.fill_all()
    assert world.last().stage is Stage.UNWOUND
    assert world.core.state.positions.get("A").count == 0


def test_a_panic_keeps_the_leg_and_sends_nothing_more(world: ActingWorld) -> None:
    world.decide(basket())
    world.show("B", None, None)
    world.fill_all()
    sent = len(world.sent)
    world.command(Panic())
    assert not world.core.state.auto
    assert world.last().stage is Stage.RESIDUAL
    world.wait(5)
    assert len(world.sent) == sent
    assert world.core.state.positions.get("A").count == 1_000


def test_an_answer_that_was_asked_with_other_values_is_not_acted_on(world: ActingWorld) -> None:
    look = world.look()
    world.command(SetParameter(strategy=NAME, name="budget", value="10"))
    world.answer_look(look, basket())
    assert world.sent == []
    world.wait(0.2)
    assert world.asked[-1].values == {"budget": 10}
    world.answer_look(world.asked[-1], basket())
    assert len(world.sent) == 1


def test_a_relation_taken_back_is_not_traded_by_a_look_under_way(world: ActingWorld) -> None:
    world.command(SetImplication(cause="A", effect="B", holds=True))
    world.wait(0.2)
    look = world.asked[-1]
    assert look.implications == (("A", "B"),)
    world.command(SetImplication(cause="A", effect="B", holds=False))
    world.answer_look(look, basket())
    assert world.sent == []
    world.wait(0.2)
    assert world.asked[-1].implications == ()


def too_young(name: str) -> Why:
    return Why(candidate=name, code=TOO_YOUNG, text="wait")


def test_an_edge_has_lasted_since_it_was_first_named_without_a_break(world: ActingWorld) -> None:
    world.decide(reasons=(too_young("E"),))
    first = world.strategy.looked_ns
    world.decide(basket(name="E"), reasons=(too_young("F"),))
    assert world.look().since_ns == {"E": first, "F": world.strategy.looked_ns}
    world.answer_look(world.asked[-1])
    assert world.look().since_ns == {}


@pytest.mark.parametrize("how", ["off", "lost", "failed"])
def test_an_edge_that_nobody_watched_begins_again(world: ActingWorld, how: str) -> None:
    world.decide(reasons=(too_young("E"),))
    if how == "off":
        world.command(SetMode(strategy=NAME, mode=Mode.OFF))
    elif how == "lost":
        world.take(ConnectionChanged(LinkState.LOST))
        world.wait(1)
        world.take(ConnectionChanged(LinkState.LIVE))
        world.take(world.reading())
    else:
        cycle = world.look().cycle
        world.take(StrategyFailed(strategy=NAME, cycle=cycle, why="it raised"))
    if how != "lost":
        world.command(SetMode(strategy=NAME, mode=Mode.TRADE))
    assert world.look().since_ns == {}


def test_a_signal_never_closes_what_a_person_holds(world: ActingWorld) -> None:
    bought = PlaceOrder(
        ticker="A",
        action=Action.BUY,
        outcome=Outcome.YES,
        count=Count(500),
        price=Price(1_500),
        time_in_force=TimeInForce.IOC,
    )
    world.command(bought)
    world.fill_all()
    world.decide(single(BookSide.ASK, 1_400))
    assert world.codes() == {"other_side_held"}
    assert len(world.sent) == 1
    world.decide(single(BookSide.BID, 1_500))
    assert len(world.sent) == 2


def test_what_a_person_closed_is_not_bought_again_for_an_hour(world: ActingWorld) -> None:
    world.decide(single(BookSide.BID, 1_500))
    world.fill_all()
    world.command(Flatten(ticker="A"))
    world.fill_all()
    assert world.core.state.positions.get("A").count == 0
    sent = len(world.sent)
    world.decide(single(BookSide.BID, 1_500))
    assert world.codes() == {"cooling"}
    assert len(world.sent) == sent


def held_for(world: ActingWorld, seconds: int) -> Signal:
    until_ns = world.now_ns + seconds * SECOND
    return msgspec.structs.replace(single(price=1_500), holds_until_ns=until_ns)


def test_a_position_ends_when_its_signal_said_also_after_a_kill(world: ActingWorld) -> None:
    world.decide(held_for(world, 200))
    world.fill_all()
    assert world.core.state.positions.get("A").count == 500
    world.wait(20)
    assert len(world.sent) == 1
    world.kill()
    world.declare()
    world.wait(200)
    [exit_order] = world.unanswered
    assert (exit_order.ticker, exit_order.count, exit_order.side) == ("A", 500, BookSide.ASK)
    assert (exit_order.reduce_only, exit_order.origin) == (True, NAME)
    world.fill_all()
    world.wait(5)
    assert world.core.state.positions.get("A").count == 0
    assert len(world.sent) == 2
    assert world.core.state.holds == {}


def test_what_a_person_holds_there_is_not_sold_with_it(world: ActingWorld) -> None:
    world.decide(held_for(world, 100))
    world.fill_all()
    mine = PlaceOrder(
        ticker="A",
        action=Action.BUY,
        outcome=Outcome.YES,
        count=Count(300),
        price=Price(1_500),
        time_in_force=TimeInForce.IOC,
    )
    world.command(mine)
    world.fill_all()
    world.wait(101)
    assert world.unanswered[0].count == 500
    world.fill_all()
    world.wait(5)
    assert world.core.state.positions.get("A").count == 300
    assert world.unanswered == []


@pytest.mark.parametrize("how", ["auto", "mode", "panic"])
def test_a_position_is_kept_where_the_machine_may_not_trade(world: ActingWorld, how: str) -> None:
    world.decide(held_for(world, 100))
    world.fill_all()
    if how == "auto":
        world.command(SetAuto(on=False))
    elif how == "mode":
        world.command(SetMode(strategy=NAME, mode=Mode.PAPER))
    else:
        world.command(Panic())
    world.wait(300)
    assert world.unanswered == []
    assert world.core.state.positions.get("A").count == 500


def test_an_exit_that_nobody_takes_is_tried_again(world: ActingWorld) -> None:
    world.decide(held_for(world, 100))
    world.fill_all()
    world.show("A", None, 15)
    world.wait(101)
    assert world.unanswered == []
    world.show("A", 12, 15)
    world.wait(3)
    assert [intent.count for intent in world.unanswered] == [500]


def test_auto_off_takes_orders_of_a_strategy_that_is_not_there_off_the_book(
    world: ActingWorld,
) -> None:
    rests = msgspec.structs.replace(
        single(price=1_300), time_in_force=TimeInForce.GTC, post_only=True
    )
    world.decide(rests)
    [intent] = world.unanswered
    world.unanswered.clear()
    world.take(OrderAnswered(intent.client_order_id, "o-1", Count(0), intent.count))
    world.kill()
    world.take(world.resting(intent))
    assert world.core.state.strategies == {}
    world.command(SetAuto(on=False))
    assert [cancel.order_id for cancel in world.canceled] == ["o-1"]


@pytest.mark.parametrize(("venue", "side"), [("practice", BookSide.BID), ("live", BookSide.ASK)])
def test_where_auto_is_not_remembered_a_restart_finishes_no_basket(
    tmp_path: Path, venue: str, side: BookSide
) -> None:
    world = ActingWorld(tmp_path / "journal.sqlite3", venue=venue)
    world.decide(basket())
    world.show("B", None, None)
    world.fill_all()
    world.kill()
    world.show("B", 19, 20)
    world.wait(1)
    [order] = world.unanswered
    assert (order.side, order.ticker) == (side, "B" if side is BookSide.BID else "A")


def test_orders_that_a_killed_engine_left_are_canceled_where_auto_is_not_remembered(
    tmp_path: Path,
) -> None:
    world = ActingWorld(tmp_path / "journal.sqlite3", venue="live")
    rests = msgspec.structs.replace(
        single(price=1_300), time_in_force=TimeInForce.GTC, post_only=True
    )
    world.decide(rests)
    [intent] = world.unanswered
    world.unanswered.clear()
    world.take(OrderAnswered(intent.client_order_id, "o-1", Count(0), intent.count))
    world.auto = False
    world.kill()
    world.take(world.resting(intent))
    assert world.canceled == []
    world.wait(0.2)
    assert [cancel.order_id for cancel in world.canceled] == ["o-1"]
