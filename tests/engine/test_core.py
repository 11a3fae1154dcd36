"""The trading core alone: events in, effects out, the same ones every time."""

from __future__ import annotations

import random
from collections.abc import Iterable

import msgspec
import pytest

from kalshi_desk.core.events import (
    AccountRead,
    BookDelta,
    BookSnapshot,
    CancelAnswered,
    CancelFailed,
    ConnectionChanged,
    CoreEvent,
    FillReported,
    LinkState,
    MarketsListed,
    OrderAnswered,
    OrderLookedUp,
    OrderRefused,
    OrderReported,
    OrderUnknown,
    TimerFired,
)
from kalshi_desk.core.reasons import ReasonCode
from kalshi_desk.core.records import (
    Balance,
    ExchangePosition,
    Fill,
    Market,
    Order,
    OrderIntent,
    OrderState,
    Settlement,
)
from kalshi_desk.core.types import (
    Action,
    BookSide,
    Count,
    Outcome,
    Price,
    TimeInForce,
    parse_count,
    parse_money,
    parse_price,
)
from kalshi_desk.desk.commands import (
    Answer,
    CancelAll,
    CancelOrder,
    Command,
    Flatten,
    LeaveLive,
    LeaveOrders,
    Outcomes,
    Panic,
    PlaceOrder,
    Preview,
    PreviewOrder,
    Resume,
    StopEngine,
)
from kalshi_desk.engine.core import TradingCore
from kalshi_desk.engine.effects import (
    CancelEverything,
    Effect,
    ForgetLive,
    GiveAnswer,
    KeepIntent,
    LookUp,
    Notify,
    ReadAccount,
    SendCancel,
    SendOrder,
    StopShell,
)
from kalshi_desk.engine.inputs import CommandReceived
from kalshi_desk.engine.preview import reply_to
from kalshi_desk.engine.state import CoreSettings

SECOND = 1_000_000_000
START = 1_800_000_000 * SECOND


class Bench:
    """A core with two markets at 47/48, ten thousand dollars, and a clock in the hand."""

    def __init__(self, venue: str = "practice", settings: CoreSettings | None = None) -> None:
        self.core = TradingCore(settings or CoreSettings(venue=venue))
        self.now_ns = START
        self.log: list[Effect] = []
        markets = (
            Market(ticker="A", event_ticker="E", mutually_exclusive=True),
            Market(ticker="B", event_ticker="E", mutually_exclusive=True),
        )
        self.take(MarketsListed(markets))
        self.take(ConnectionChanged(LinkState.LIVE))
        self.take(self.reading())
        for ticker in "AB":
            self.take(self.book(ticker))

    def book(self, ticker: str) -> BookSnapshot:
        return BookSnapshot(
            ticker,
            ((parse_price("0.47"), parse_count("412")), (parse_price("0.46"), parse_count("980"))),
            ((parse_price("0.48"), parse_count("310")), (parse_price("0.49"), parse_count("890"))),
        )

    def reading(self, orders: Iterable[Order] = (), **held: str) -> AccountRead:
        return AccountRead(
            orders=tuple(orders),
            fills=(),
            positions=tuple(
                ExchangePosition(ticker=t, position=parse_count(n)) for t, n in held.items()
            ),
            settlements=(),
            balance=Balance(cash=self.core.state.ledger.cash or parse_money("10000")),
            asked_ns=self.now_ns,
        )

    def take(self, event: CoreEvent) -> list[Effect]:
        self.now_ns += 1_000_000
        effects = self.core.step(event, self.now_ns)
        self.log.extend(effects)
        return effects

    def do(self, command: Command, name: str = "cmd") -> list[Effect]:
        return self.take(CommandReceived(name, command))

    def wait(self, seconds: float) -> list[Effect]:
        self.now_ns += int(seconds * SECOND)
        return self.take(TimerFired())

    def buy(
        self,
        count: str = "10",
        price: str = "0.48",
        *,
        ticker: str = "A",
        action: Action = Action.BUY,
        outcome: Outcome = Outcome.YES,
        tif: TimeInForce = TimeInForce.GTC,
        name: str = "cmd",
    ) -> list[Effect]:
        return self.do(
            PlaceOrder(
                ticker=ticker,
                action=action,
                outcome=outcome,
                count=parse_count(count),
                price=parse_price(price),
                time_in_force=tif,
            ),
            name,
        )

    def hold(self, count: str = "10", price: str = "0.48", ticker: str = "A") -> None:
        """Buy and be filled."""
        intent = sent(self.buy(count, price, ticker=ticker, name=f"hold-{ticker}"))[0]
        self.take(OrderAnswered(intent.client_order_id, f"o-{ticker}", intent.count, Count(0)))
        self.take(FillReported(fill_of(intent, f"o-{ticker}")))
        self.now_ns += SECOND


def sent(effects: list[Effect]) -> list[OrderIntent]:
    return [effect.intent for effect in effects if isinstance(effect, SendOrder)]


def answer(effects: list[Effect]) -> Answer | None:
    found = [effect.answer for effect in effects if isinstance(effect, GiveAnswer)]
    return found[-1] if found else None


def fill_of(intent: OrderIntent, order_id: str, trade: str = "t", price: str = "") -> Fill:
    return Fill(
        trade_id=f"{trade}-{intent.client_order_id}",
        order_id=order_id,
        client_order_id=intent.client_order_id,
        ticker=intent.ticker,
        side=intent.side,
        price=parse_price(price) if price else intent.price,
        count=intent.count,
        fee=parse_money("0.0175"),
        is_taker=True,
        executed_ns=START,
    )


def order_of(intent: OrderIntent, order_id: str, state: OrderState, remaining: int = 0) -> Order:
    return Order(
        order_id=order_id,
        client_order_id=intent.client_order_id,
        ticker=intent.ticker,
        side=intent.side,
        price=intent.price,
        initial_count=intent.count,
        filled=Count(0),
        remaining=Count(remaining),
        state=state,
    )


def test_an_intent_is_kept_before_its_order_is_sent_and_the_answer_waits_for_the_fill() -> None:
    bench = Bench()
    effects = bench.buy()
    kinds = [type(effect) for effect in effects]
    assert kinds.index(KeepIntent) < kinds.index(SendOrder)
    intent = sent(effects)[0]
    assert (
        answer(bench.take(OrderAnswered(intent.client_order_id, "o", Count(1000), Count(0))))
        is None
    )
    said = answer(bench.take(FillReported(fill_of(intent, "o"))))
    assert said is not None
    assert said.outcome is Outcomes.DONE
    assert (said.orders[0].filled, said.orders[0].remaining) == (1000, 0)
    position = bench.core.state.positions.get("A")
    assert (position.count, position.fees) == (1000, parse_money("0.0175"))
    assert bench.core.state.ledger.cash == parse_money("10000") - parse_money("4.8175")


def test_a_lost_fill_is_asked_for_and_does_not_hold_the_answer_for_ever() -> None:
    bench = Bench()
    intent = sent(bench.buy())[0]
    bench.take(OrderAnswered(intent.client_order_id, "o", Count(1000), Count(0)))
    effects = bench.wait(2)
    said = answer(effects)
    assert said is not None
    assert said.orders[0].filled == 1000
    assert bench.core.state.effective_position("A") == 1000
    assert [type(e) for e in bench.wait(3)].count(ReadAccount) == 1


def test_a_fill_told_three_times_counts_once() -> None:
    bench = Bench()
    bench.hold()
    fill = fill_of(bench.core.state.recent[-1], "o-A")
    assert bench.take(FillReported(fill)) == []
    assert bench.core.state.positions.get("A").count == 1000


@pytest.mark.parametrize(
    ("action", "outcome", "price", "side", "yes_price"),
    [
        (Action.BUY, Outcome.YES, "0.48", BookSide.BID, "0.48"),
        (Action.BUY, Outcome.NO, "0.53", BookSide.ASK, "0.47"),
        (Action.SELL, Outcome.YES, "0.47", BookSide.ASK, "0.47"),
    ],
)
def test_the_mappings_to_the_one_book(
    action: Action, outcome: Outcome, price: str, side: BookSide, yes_price: str
) -> None:
    bench = Bench()
    bench.hold()
    intent = sent(bench.buy(action=action, outcome=outcome, price=price, name="next"))[0]
    assert (intent.side, intent.price) == (side, parse_price(yes_price))


def test_selling_no_that_is_held_bids_at_the_complement() -> None:
    bench = Bench()
    first = sent(bench.buy(outcome=Outcome.NO, price="0.53"))[0]
    bench.take(OrderAnswered(first.client_order_id, "o", Count(1000), Count(0)))
    bench.take(FillReported(fill_of(first, "o")))
    sale = sent(bench.buy(action=Action.SELL, outcome=Outcome.NO, price="0.52", name="s"))[0]
    assert (sale.side, sale.price) == (BookSide.BID, parse_price("0.48"))


def test_a_sale_of_more_than_is_held_is_refused_with_the_numbers() -> None:
    bench = Bench()
    bench.hold()
    said = answer(bench.buy("10.01", "0.50", action=Action.SELL, name="s"))
    assert said is not None
    assert said.reasons[0].code is ReasonCode.NOTHING_TO_CLOSE
    assert (said.reasons[0].seen, said.reasons[0].needed) == ("10", "10.01")


def test_a_refusal_of_the_exchange_ends_the_order() -> None:
    bench = Bench()
    intent = sent(bench.buy())[0]
    said = answer(
        bench.take(OrderRefused(intent.client_order_id, "insufficient_balance", "no cash"))
    )
    assert said is not None
    assert said.outcome is Outcomes.REFUSED
    assert said.reasons[0].text == "no cash"
    assert bench.core.state.orders.open_orders() == []


def test_every_attempt_has_a_client_order_id_of_its_own() -> None:
    bench = Bench()
    names = set()
    for attempt in ("first", "second", "third"):
        intent = sent(bench.buy(tif=TimeInForce.FOK, name=attempt))[0]
        names.add(intent.client_order_id)
        code = "fill_or_kill_insufficient_resting_volume"
        said = answer(bench.take(OrderRefused(intent.client_order_id, code, "killed")))
        assert said is not None
        assert said.outcome is Outcomes.REFUSED
        assert not bench.core.state.orders.unresolved("A"), "a killed order is no unknown one"
        bench.now_ns += SECOND
    assert len(names) == 3


def test_selling_no_while_yes_is_held_is_not_a_reduction() -> None:
    bench = Bench()
    bench.hold()
    effects = bench.buy(
        "1", "0.52", action=Action.SELL, outcome=Outcome.NO, tif=TimeInForce.IOC, name="s"
    )
    assert sent(effects) == []
    said = answer(effects)
    assert said is not None
    assert said.reasons[0].code is ReasonCode.NOTHING_TO_CLOSE


def test_an_unknown_outcome_locks_the_market_until_it_is_looked_up() -> None:
    bench = Bench()
    intent = sent(bench.buy())[0]
    effects = bench.take(OrderUnknown(intent.client_order_id, "timed out"))
    said = answer(effects)
    assert said is not None
    assert said.outcome is Outcomes.UNKNOWN
    assert any(isinstance(effect, LookUp) for effect in effects)
    bench.now_ns += SECOND
    refused = answer(bench.buy("3", name="again"))
    assert refused is not None
    assert [r.code for r in refused.reasons] == [ReasonCode.UNRESOLVED]
    assert sent(bench.buy("3", ticker="B", name="elsewhere"))
    bench.take(OrderLookedUp(intent.client_order_id, None))
    assert bench.core.state.orders.unresolved("A"), "absence proves nothing while reads lag"
    bench.now_ns += 6 * SECOND
    bench.take(OrderLookedUp(intent.client_order_id, None))
    assert not bench.core.state.orders.unresolved("A")
    assert sent(bench.buy("3", name="free"))


def test_an_unknown_order_that_rests_is_found_under_its_client_id() -> None:
    bench = Bench()
    intent = sent(bench.buy(price="0.40"))[0]
    bench.take(OrderUnknown(intent.client_order_id, "timed out"))
    report = order_of(intent, "o", OrderState.RESTING, 1000)
    bench.take(OrderLookedUp(intent.client_order_id, report))
    assert bench.core.state.orders.by_client_id[intent.client_order_id].state is OrderState.RESTING


def test_cancel_answers_only_when_the_order_is_over() -> None:
    bench = Bench()
    intent = sent(bench.buy(price="0.40"))[0]
    bench.take(OrderAnswered(intent.client_order_id, "o", Count(0), Count(1000)))
    effects = bench.do(CancelOrder(order="o"), "c")
    assert answer(effects) is None
    assert [e.order_id for e in effects if isinstance(e, SendCancel)] == ["o"]
    said = answer(bench.take(CancelAnswered("o", Count(1000))))
    assert said is not None
    assert (said.command_id, said.outcome) == ("c", Outcomes.DONE)


def test_a_cancel_that_finds_nothing_is_looked_up_not_believed() -> None:
    bench = Bench()
    intent = sent(bench.buy(price="0.40"))[0]
    bench.take(OrderAnswered(intent.client_order_id, "o", Count(0), Count(1000)))
    bench.do(CancelAll(), "c")
    effects = bench.take(CancelFailed("o", "not found", is_gone=True))
    assert answer(effects) is None
    assert any(isinstance(effect, LookUp) for effect in effects)
    executed = msgspec.structs.replace(
        order_of(intent, "o", OrderState.EXECUTED), filled=Count(1000)
    )
    said = answer(bench.take(OrderReported(executed)))
    assert said is not None
    assert said.outcome is Outcomes.REFUSED
    assert "filled" in said.reasons[0].text


@pytest.mark.parametrize(
    ("reason", "title"),
    [("Trade", "Order canceled"), ("", "Order canceled"), ("Expired", "Order canceled (Expired)")],
)
def test_a_cancel_names_its_reason_and_not_that_of_a_fill_before(reason: str, title: str) -> None:
    bench = Bench()
    intent = sent(bench.buy(price="0.40"))[0]
    bench.take(OrderAnswered(intent.client_order_id, "o", Count(0), Count(1000)))
    canceled = msgspec.structs.replace(
        order_of(intent, "o", OrderState.CANCELED), reason=reason, filled=Count(500)
    )
    effects = bench.take(OrderReported(canceled))
    assert [effect.event.title for effect in effects if isinstance(effect, Notify)] == [title]


def test_a_cancel_that_failed_on_the_way_is_sent_again_until_it_is_proven() -> None:
    bench = Bench()
    intent = sent(bench.buy(price="0.40"))[0]
    bench.take(OrderAnswered(intent.client_order_id, "o", Count(0), Count(1000)))
    bench.do(CancelOrder(order="o"), "c")
    bench.take(CancelFailed("o", "timed out", is_gone=False))
    again = bench.wait(1.5)
    assert [e.order_id for e in again if isinstance(e, SendCancel)] == ["o"]
    assert not any(isinstance(e, SendCancel) for e in bench.wait(1.5)), "one is on its way"
    said = answer(bench.take(CancelAnswered("o", Count(1000))))
    assert said is not None
    assert said.outcome is Outcomes.DONE


def test_flatten_cancels_first_and_then_sells_what_is_held_within_the_collar() -> None:
    bench = Bench()
    bench.hold("10")
    rest = sent(bench.buy("5", "0.60", action=Action.SELL, name="rest"))[0]
    bench.take(OrderAnswered(rest.client_order_id, "r", Count(0), Count(500)))
    effects = bench.do(Flatten(ticker="A"), "f")
    assert sent(effects) == []
    out = sent(bench.take(CancelAnswered("r", Count(500))))[0]
    assert (out.side, out.price, out.count) == (BookSide.ASK, parse_price("0.47"), 1000)
    assert out.reduce_only
    assert out.time_in_force is TimeInForce.IOC
    bench.take(OrderAnswered(out.client_order_id, "x", Count(1000), Count(0)))
    said = answer(bench.take(FillReported(fill_of(out, "x"))))
    assert said is not None
    assert (said.command_id, said.outcome) == ("f", Outcomes.DONE)
    assert bench.core.state.positions.get("A").count == 0


def test_flatten_without_a_buyer_keeps_the_position_and_says_so() -> None:
    bench = Bench()
    bench.hold("10")
    bench.take(BookSnapshot("A", (), ((parse_price("0.48"), parse_count("1")),)))
    said = answer(bench.do(Flatten(), "f"))
    assert said is not None
    assert said.reasons[0].code is ReasonCode.NO_EXIT


def test_panic_halts_cancels_and_is_done_only_when_a_later_reading_proves_it() -> None:
    bench = Bench()
    intent = sent(bench.buy(price="0.40"))[0]
    bench.take(OrderAnswered(intent.client_order_id, "o", Count(0), Count(1000)))
    early = bench.reading()
    effects = bench.do(Panic(), "p")
    assert any(isinstance(effect, CancelEverything) for effect in effects)
    bench.take(CancelAnswered("o", Count(1000)))
    assert answer(bench.take(early)) is None
    still = bench.reading([order_of(intent, "o2", OrderState.RESTING, 500)])
    assert answer(bench.take(still)) is None
    again = bench.wait(1.5)
    assert any(isinstance(effect, ReadAccount) for effect in again)
    bench.take(CancelAnswered("o2", Count(500)))
    said = answer(bench.take(bench.reading()))
    assert said is not None
    assert (said.command_id, said.outcome) == ("p", Outcomes.DONE)
    denied = answer(bench.buy(name="no"))
    assert denied is not None
    assert denied.reasons[0].code is ReasonCode.HALTED
    bench.do(Resume(), "r")
    assert sent(bench.buy("2", name="yes"))


def test_leaving_live_halts_and_no_resume_brings_it_back() -> None:
    bench = Bench("live")
    effects = bench.do(LeaveLive(), "l")
    assert any(isinstance(effect, ForgetLive) for effect in effects)
    denied = answer(bench.buy(name="no"))
    assert denied is not None
    assert denied.reasons[0].code is ReasonCode.HALTED
    refused = answer(bench.do(Resume(), "r"))
    assert refused is not None
    assert refused.outcome is Outcomes.REFUSED
    assert bench.core.state.halted_why
    elsewhere = answer(Bench().do(LeaveLive(), "l"))
    assert elsewhere is not None
    assert elsewhere.outcome is Outcomes.REFUSED


def test_a_panic_that_can_not_be_proven_says_unknown() -> None:
    bench = Bench()
    bench.do(Panic(), "p")
    said = answer(bench.wait(16))
    assert said is not None
    assert said.outcome is Outcomes.UNKNOWN


def test_stop_and_cancel_stops_only_after_the_cancels_are_proven() -> None:
    bench = Bench()
    intent = sent(bench.buy(price="0.40"))[0]
    bench.take(OrderAnswered(intent.client_order_id, "o", Count(0), Count(1000)))
    effects = bench.do(StopEngine(orders=LeaveOrders.CANCEL), "s")
    assert not any(isinstance(effect, StopShell) for effect in effects)
    effects = bench.take(CancelAnswered("o", Count(1000)))
    assert isinstance(effects[-1], StopShell)


def test_stop_and_leave_names_the_orders_left() -> None:
    bench = Bench()
    intent = sent(bench.buy(price="0.40"))[0]
    bench.take(OrderAnswered(intent.client_order_id, "o", Count(0), Count(1000)))
    effects = bench.do(StopEngine(), "s")
    said = answer(effects)
    assert said is not None
    assert "A 10" in said.text
    assert isinstance(effects[-1], StopShell)


def test_a_position_that_differs_halts_after_several_readings() -> None:
    bench = Bench()
    for _ in range(4):
        assert not bench.core.state.halted_why
        bench.now_ns += 5 * SECOND
        bench.take(bench.reading(A="7"))
    assert "first A: desk 0, exchange 7" in bench.core.state.halted_why


def test_settlement_pays_once_and_the_worst_case_knows_that_outcomes_exclude() -> None:
    bench = Bench()
    for ticker in "AB":
        intent = sent(
            bench.buy(outcome=Outcome.NO, price="0.53", ticker=ticker, name=f"n{ticker}")
        )[0]
        bench.take(OrderAnswered(intent.client_order_id, f"o{ticker}", Count(1000), Count(0)))
        bench.take(FillReported(fill_of(intent, f"o{ticker}")))
    state = bench.core.state
    value = sum(state.value_of(p) for p in state.positions.held())
    assert state.worst_case() == parse_money("10") - value
    cash = state.ledger.cash
    assert cash is not None
    settled = Settlement(
        ticker="A",
        result="no",
        value=Price(0),
        revenue=parse_money("10"),
        settled_ns=bench.now_ns,
    )
    for _ in range(2):
        bench.take(msgspec.structs.replace(bench.reading(B="-10"), settlements=(settled,)))
    assert state.ledger.cash == cash + parse_money("10")
    assert state.positions.get("A").count == 0


def test_the_preview_splits_as_the_sketch_does() -> None:
    bench = Bench()
    reply = reply_to(
        bench.core.state,
        PreviewOrder(
            ticker="A",
            action=Action.BUY,
            outcome=Outcome.YES,
            size="400",
            price=parse_price("0.48"),
        ),
    )
    assert isinstance(reply, Preview)
    assert (reply.fills_now, reply.rests) == (parse_count("310"), parse_count("90"))
    assert reply.average_now == parse_price("0.48")
    assert reply.fee_now == parse_money("5.42")
    assert reply.max_loss == parse_money("197.42")
    assert reply.max_win == parse_money("202.58")
    assert reply.break_even == parse_price("0.4936")
    assert reply.refusals == ()


def random_day(seed: int) -> list[tuple[CoreEvent, int]]:
    rng = random.Random(seed)
    bench = Bench()
    events: list[tuple[CoreEvent, int]] = []
    step = bench.core.step

    def tapped(event: CoreEvent, now_ns: int) -> list[Effect]:
        events.append((event, now_ns))
        return step(event, now_ns)

    bench.core.step = tapped  # type: ignore[method-assign]
    for number in range(200):
        ticker = rng.choice("AB")
        kind = rng.randrange(6)
        if kind < 2:
            delta = Count(rng.randrange(-300, 300))
            side = rng.choice(list(BookSide))
            bench.take(BookDelta(ticker, side, Price(rng.randrange(40, 55) * 100), delta))
        elif kind < 4:
            price = f"0.{rng.randrange(40, 56)}"
            for intent in sent(bench.buy("3", price, ticker=ticker, name=f"n{number}")):
                filled = Count(rng.choice([0, 100, 300]))
                left = Count(300 - filled)
                bench.take(OrderAnswered(intent.client_order_id, f"o{number}", filled, left))
                if filled:
                    part = msgspec.structs.replace(fill_of(intent, f"o{number}"), count=filled)
                    bench.take(FillReported(part))
        elif kind == 4:
            bench.do(CancelAll(ticker=ticker), f"c{number}")
        else:
            bench.wait(rng.random())
    return events
