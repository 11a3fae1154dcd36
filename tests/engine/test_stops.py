"""Stops through the trading core: kept before sent, sent once, and never given up."""

from __future__ import annotations

import pytest

from kalshi_desk.core.events import (
    BookDelta,
    BookSnapshot,
    BookStale,
    CancelAnswered,
    FillReported,
    MarketsListed,
    OrderAnswered,
    OrderLookedUp,
    OrderRefused,
    OrderReported,
    OrderUnknown,
)
from kalshi_desk.core.grid import Band, Grid
from kalshi_desk.core.records import Fill, Market, OrderIntent, OrderState
from kalshi_desk.core.stops import StopRecord, StopState
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
from kalshi_desk.desk.automation import DropStop, SetStop, StopKind
from kalshi_desk.desk.commands import Flatten, Outcomes, Panic, StopEngine
from kalshi_desk.desk.frames import EventKind
from kalshi_desk.engine.door import order_id_of
from kalshi_desk.engine.effects import (
    Effect,
    GiveAnswer,
    KeepIntent,
    KeepStop,
    LookUp,
    Notify,
    SendCancel,
    SendOrder,
)
from tests.engine.test_core import SECOND, Bench, answer, fill_of, order_of, sent


class StopBench(Bench):
    """A bench that holds ten YES of A bought at 48 cents, bid 47 and offered at 48."""

    def __init__(self, *, holds: bool = True) -> None:
        super().__init__()
        if holds:
            self.hold()

    def protect(self, kind: StopKind = StopKind.FIXED, amount: str = "20%") -> StopRecord:
        self.now_ns += SECOND
        name = f"protect-{kind.value}-{self.now_ns}"
        said = answer(self.do(SetStop(ticker="A", kind=kind, amount=amount), name))
        assert said is not None
        assert said.outcome is Outcomes.DONE, said.reasons
        return self.stop(kind)

    def stop(self, kind: StopKind = StopKind.FIXED) -> StopRecord:
        found = [m.record for m in self.core.state.stops.by_id.values() if m.record.kind is kind]
        return max(found, key=lambda record: record.created_ns)

    def quote(
        self, bid: str, ask: str, *, seconds: float = 0, size: str = "500", ticker: str = "A"
    ) -> list[Effect]:
        self.now_ns += int(seconds * SECOND)
        many = parse_count(size)
        return self.take(
            BookSnapshot(ticker, ((parse_price(bid), many),), ((parse_price(ask), many),))
        )

    def fall(self, bid: str = "0.38", ask: str = "0.39", size: str = "500") -> list[Effect]:
        """Let the price stand where the stop triggers."""
        self.quote(bid, ask, seconds=1, size=size)
        return self.quote(bid, ask, seconds=3, size=size)

    def answered(self, intent: OrderIntent, filled: Count, price: str = "") -> list[Effect]:
        """The exchange answers an IOC order, then tells its fill."""
        order_id = f"o-{intent.client_order_id[:8]}"
        effects = self.take(OrderAnswered(intent.client_order_id, order_id, filled, Count(0)))
        if not filled:
            return effects
        fill = fill_of(intent, order_id, price=price)
        more = self.take(
            FillReported(
                Fill(**{**{f: getattr(fill, f) for f in fill.__struct_fields__}, "count": filled})
            )
        )
        return [*effects, *more]


def exits(effects: list[Effect]) -> list[OrderIntent]:
    return [intent for intent in sent(effects) if intent.origin == "stop"]


def words(effects: list[Effect]) -> str:
    found = [e.event for e in effects if isinstance(e, Notify) and e.event.kind is EventKind.STOP]
    return " | ".join(f"{event.title}: {event.text}" for event in found)


def test_a_stop_is_kept_before_its_exit_and_fires_once() -> None:
    bench = StopBench()
    record = bench.protect()
    assert record.level == parse_price("0.384")
    effects = bench.fall()
    kinds = [type(effect) for effect in effects]
    assert kinds.index(KeepStop) < kinds.index(KeepIntent) < kinds.index(SendOrder)
    kept = [effect.record for effect in effects if isinstance(effect, KeepStop)]
    assert [r.state for r in kept] == [StopState.TRIGGERED, StopState.EXITING]
    (intent,) = exits(effects)
    assert intent.client_order_id == kept[-1].exit_id
    assert intent.client_order_id == order_id_of(f"stop/{record.stop_id}/1")
    assert (intent.side, intent.price, intent.count) == (BookSide.ASK, 3_800, 1_000)
    assert intent.time_in_force is TimeInForce.IOC
    assert intent.reduce_only
    assert not exits(bench.fall())
    assert not exits(bench.wait(60))
    bench.answered(intent, Count(1_000))
    assert bench.stop().state is StopState.DONE
    assert bench.core.state.positions.get("A").count == 0
    assert not exits(bench.fall())
    assert bench.core.state.stops.cooling("A", bench.now_ns)


def test_deltas_trigger_it_too_and_other_markets_cost_it_nothing() -> None:
    bench = StopBench()
    bench.protect(amount="1.5c")
    bench.quote("0.47", "0.48")
    bench.take(BookDelta("A", BookSide.BID, Price(4_700), Count(-50_000)))
    bench.take(BookDelta("A", BookSide.BID, Price(4_600), Count(50_000)))
    assert bench.stop().state is StopState.ARMED
    bench.now_ns += 4 * SECOND
    assert bench.take(BookDelta("B", BookSide.BID, Price(4_600), Count(100))) == []
    (intent,) = exits(bench.take(BookDelta("A", BookSide.BID, Price(4_600), Count(100))))
    assert intent.price == 4_600


def test_a_stale_book_triggers_nothing() -> None:
    bench = StopBench()
    bench.protect()
    bench.quote("0.38", "0.39", seconds=1)
    bench.take(BookStale(("A",)))
    assert not exits(bench.wait(60))
    assert not exits(bench.quote("0.38", "0.39"))
    assert exits(bench.quote("0.38", "0.39", seconds=3))


def test_a_no_position_sells_no_at_the_complement() -> None:
    bench = StopBench(holds=False)
    intent = sent(bench.buy(outcome=Outcome.NO, price="0.53"))[0]
    bench.take(OrderAnswered(intent.client_order_id, "o", Count(1000), Count(0)))
    bench.take(FillReported(fill_of(intent, "o")))
    record = bench.protect(amount="5c")
    assert (record.side, record.entry, record.level) == (BookSide.ASK, 5_300, 4_800)
    (leaving,) = exits(bench.fall("0.52", "0.53"))
    assert (leaving.side, leaving.price) == (BookSide.BID, 5_300)
    assert (leaving.action, leaving.outcome) == (Action.SELL, Outcome.NO)
    assert leaving.reduce_only


def test_an_exit_goes_as_deep_as_it_needs_but_not_past_the_floor() -> None:
    bench = StopBench()
    bench.protect()
    levels = tuple(
        (parse_price(price), parse_count(size))
        for price, size in (("0.38", "2"), ("0.36", "4"), ("0.30", "90"))
    )
    book = BookSnapshot("A", levels, ((Price(3_900), Count(100)),))
    bench.now_ns += SECOND
    bench.take(book)
    bench.now_ns += 3 * SECOND
    (intent,) = exits(bench.take(book))
    assert intent.price == 3_400
    bench.answered(intent, Count(600), price="0.36")
    assert bench.stop().state is StopState.PART
    (rest,) = exits(bench.wait(1))
    assert rest.count == 400


@pytest.mark.parametrize("why", ["panic", "the exchange answers otherwise"])
def test_halted_and_reducing_let_an_exit_pass(why: str) -> None:
    bench = StopBench()
    bench.protect()
    if why == "panic":
        bench.do(Panic(), "panic")
        assert bench.core.state.halted_why
    else:
        bench.core.state.drift.reducing_why = why
    assert exits(bench.fall())


def test_an_exit_price_is_on_the_grid() -> None:
    grid = Grid(
        (
            Band(Price(0), Price(1_000), Price(10)),
            Band(Price(1_000), Price(9_000), Price(100)),
            Band(Price(9_000), Price(10_000), Price(10)),
        )
    )
    bench = StopBench(holds=False)
    bench.take(MarketsListed((Market(ticker="A", event_ticker="E", grid=grid),)))
    bench.hold()
    record = bench.protect(amount="21%")
    assert record.level is not None
    assert record.level % 100
    (intent,) = exits(bench.fall("0.35", "0.36", size="3"))
    assert grid.is_valid(intent.price)
    assert intent.price == 3_300


def test_a_resting_sale_is_cancelled_before_the_exit_so_that_nothing_is_sold_twice() -> None:
    bench = StopBench()
    resting = sent(bench.buy("10", "0.60", action=Action.SELL, name="profit"))[0]
    bench.take(OrderAnswered(resting.client_order_id, "o2", Count(0), Count(1000)))
    bench.protect()
    effects = bench.fall()
    assert not exits(effects)
    assert [e.order_id for e in effects if isinstance(e, SendCancel)] == ["o2"]
    (intent,) = exits(bench.take(CancelAnswered("o2", Count(1000))))
    assert intent.count == 1000


def test_flatten_while_a_stop_sells_does_not_sell_again() -> None:
    bench = StopBench()
    bench.protect()
    (intent,) = exits(bench.fall())
    bench.do(Flatten(ticker="A"), "flat")
    assert sent(bench.wait(5)) == []
    bench.answered(intent, Count(1000))
    assert bench.core.state.effective_position("A") == 0
    assert [i for i in sent(bench.log) if i.side is BookSide.ASK] == [intent]


def test_a_stop_waits_while_a_flatten_sells() -> None:
    bench = StopBench()
    bench.protect()
    bench.quote("0.38", "0.39", seconds=1)
    (flat,) = sent(bench.do(Flatten(ticker="A"), "flat"))
    assert flat.origin == "flatten"
    assert not exits(bench.quote("0.38", "0.39", seconds=3))
    (intent,) = exits(bench.take(OrderAnswered(flat.client_order_id, "o3", Count(400), Count(0))))
    assert intent.count == 600


def test_our_own_bid_is_no_price_that_we_could_sell_at() -> None:
    bench = StopBench()
    bench.protect()
    own = sent(bench.buy("50", "0.40", name="more"))[0]
    bench.take(OrderAnswered(own.client_order_id, "o2", Count(0), Count(5_000)))
    levels = ((Price(4_000), Count(5_000)), (Price(3_800), Count(20_000)))
    book = BookSnapshot("A", levels, ((Price(4_100), Count(100)),))
    bench.take(book)
    bench.now_ns += 3 * SECOND
    effects = bench.take(book)
    assert bench.stop().state is StopState.TRIGGERED
    assert [e.order_id for e in effects if isinstance(e, SendCancel)] == ["o2"]
    bench.take(BookDelta("A", BookSide.BID, Price(4_000), Count(-5_000)))
    (intent,) = exits(bench.take(CancelAnswered("o2", Count(5_000))))
    assert intent.price == 3_800


def test_only_what_no_other_order_closes_is_sold_when_a_cancel_does_not_take() -> None:
    bench = StopBench()
    resting = sent(bench.buy("4", "0.60", action=Action.SELL, name="profit"))[0]
    bench.take(OrderAnswered(resting.client_order_id, "o2", Count(0), Count(400)))
    bench.protect()
    assert not exits(bench.fall())
    assert not exits(bench.wait(2.9))
    (intent,) = exits(bench.wait(0.2))
    assert intent.count == 600


def test_another_stop_waits_for_the_exit_even_when_more_was_bought() -> None:
    bench = StopBench()
    bench.protect()
    bench.protect(StopKind.TIME, "1m")
    (first,) = exits(bench.fall())
    more = sent(bench.buy("5", "0.39", name="more"))[0]
    bench.answered(more, Count(500))
    assert bench.core.state.effective_position("A") == 1_500
    assert not exits(bench.wait(70))
    assert bench.stop(StopKind.TIME).state is StopState.TRIGGERED
    (second,) = exits([*bench.answered(first, Count(1_000)), *bench.wait(2)])
    assert second.count == 500


def test_a_flatten_that_meets_an_exit_says_so_and_sells_nothing() -> None:
    bench = StopBench()
    resting = sent(bench.buy("1", "0.40", name="low"))[0]
    bench.take(OrderAnswered(resting.client_order_id, "o2", Count(0), Count(100)))
    bench.protect()
    bench.quote("0.38", "0.39", seconds=1)
    bench.do(Flatten(ticker="A"), "flat")
    for _ in range(4):
        bench.quote("0.38", "0.39", seconds=2)
    (intent,) = exits(bench.log)
    effects = bench.take(CancelAnswered("o2", Count(100)))
    said = answer(effects)
    assert said is not None
    assert "Another order closes A just now" in said.reasons[0].text
    assert not sent(effects)
    bench.answered(intent, Count(1000))
    assert bench.core.state.positions.get("A").count == 0


def test_stopping_the_engine_says_that_stops_rest() -> None:
    bench = StopBench()
    bench.protect()
    said = answer(bench.do(StopEngine(), "stop"))
    assert said is not None
    assert "Stops that rest until the next start: 1" in said.text


def test_panic_cancels_an_exit_and_protection_goes_on() -> None:
    bench = StopBench()
    bench.protect()
    (first,) = exits(bench.fall())
    bench.take(OrderUnknown(first.client_order_id, "timed out"))
    bench.do(Panic(), "panic")
    assert not exits(bench.wait(4))
    report = order_of(first, "o9", OrderState.CANCELED)
    bench.take(OrderReported(report))
    assert bench.stop().state is StopState.TRIGGERED
    (second,) = exits(bench.wait(2))
    assert second.client_order_id != first.client_order_id
    assert second.count == 1000


def test_an_unknown_exit_is_looked_up_and_no_second_one_is_sent_before() -> None:
    bench = StopBench()
    bench.protect()
    (first,) = exits(bench.fall())
    effects = bench.take(OrderUnknown(first.client_order_id, "timed out"))
    assert any(isinstance(effect, LookUp) for effect in effects)
    for _ in range(20):
        assert not exits(bench.wait(1))
    bench.take(OrderLookedUp(first.client_order_id, None))
    assert exits(bench.wait(2))


def test_an_unknown_exit_that_had_sold_ends_the_stop() -> None:
    bench = StopBench()
    bench.protect()
    (first,) = exits(bench.fall())
    bench.take(OrderUnknown(first.client_order_id, "timed out"))
    found = order_of(first, "o9", OrderState.EXECUTED)
    values = {f: getattr(found, f) for f in found.__struct_fields__}
    bench.take(
        OrderLookedUp(first.client_order_id, type(found)(**{**values, "filled": Count(1000)}))
    )
    assert bench.stop().state is StopState.DONE
    assert not exits(bench.wait(60))


def test_exits_that_sell_nothing_widen_to_the_collar_and_get_loud() -> None:
    bench = StopBench()
    bench.protect()
    (intent,) = exits(bench.fall(size="3"))
    prices = []
    for _ in range(5):
        prices.append(intent.price)
        assert intent.price >= 3_800 - bench.core.state.settings.collar
        bench.take(OrderRefused(intent.client_order_id, "busy", "the exchange is busy"))
        (intent,) = exits(bench.wait(31))
    assert prices == [3_400, 3_400, 3_400, 2_800, 2_800]
    assert "as far as the collar allows" in words(bench.log)


def test_a_refusal_of_the_gate_is_loud_and_tried_again() -> None:
    bench = StopBench()
    bench.protect()
    bench.quote("0.38", "0.39", seconds=1)
    bench.now_ns += 3 * SECOND
    sale = bench.buy("10", "0.38", action=Action.SELL, tif=TimeInForce.IOC, name="hand")
    bench.take(OrderRefused(sent(sale)[0].client_order_id, "busy", "busy"))
    effects = bench.quote("0.38", "0.39")
    assert not exits(effects)
    assert "The gate refuses the exit: The same order was sent" in words(effects)
    kept = [effect.record for effect in effects if isinstance(effect, KeepStop)]
    assert kept[-1].state is StopState.TRIGGERED
    assert exits(bench.wait(1))


def test_two_stops_of_one_market_share_one_exit() -> None:
    bench = StopBench()
    bench.protect()
    bench.protect(StopKind.TIME, "1m")
    (intent,) = exits(bench.fall())
    for _ in range(70):
        assert not exits(bench.wait(1))
    bench.answered(intent, Count(1000))
    bench.wait(1)
    assert {bench.stop(kind).state for kind in (StopKind.FIXED, StopKind.TIME)} == {StopState.DONE}


def test_a_stop_ends_with_its_position() -> None:
    bench = StopBench()
    bench.protect()
    sale = sent(bench.buy("10", "0.47", action=Action.SELL, name="out"))[0]
    bench.answered(sale, Count(1000))
    effects = bench.wait(1)
    assert bench.stop().state is StopState.DONE
    assert "the position is gone" in words(effects)


def test_a_stop_can_be_replaced_and_taken_away() -> None:
    bench = StopBench()
    first = bench.protect()
    second = bench.protect(amount="6c")
    machines = bench.core.state.stops.by_id
    assert machines[first.stop_id].record.state is StopState.DROPPED
    said = answer(bench.do(DropStop(stop_id=second.stop_id[:4]), "drop"))
    assert said is not None
    assert said.outcome is Outcomes.DONE
    assert not exits(bench.fall())
    said = answer(bench.do(DropStop(stop_id=second.stop_id), "again"))
    assert said is not None
    assert "There is no stop" in said.reasons[0].text


def test_the_answer_waits_for_the_journal() -> None:
    bench = StopBench()
    effects = bench.do(SetStop(ticker="A", kind=StopKind.FIXED, amount="20%"), "p")
    given = [effect for effect in effects if isinstance(effect, GiveAnswer)]
    assert given[0].kept_stop == bench.stop()
    kinds = [type(effect) for effect in effects]
    assert kinds.index(KeepStop) < kinds.index(GiveAnswer)


def test_the_expected_exit_of_an_unread_account_is_not_guessed() -> None:
    bench = StopBench()
    bench.protect()
    bench.core.state.has_account = False
    assert not exits(bench.fall())
    assert bench.stop().state is StopState.TRIGGERED
    assert exits(bench.take(bench.reading(A="10")))


def test_a_filled_exit_books_the_money_once() -> None:
    bench = StopBench()
    before = bench.core.state.ledger.cash
    assert before is not None
    bench.protect()
    (intent,) = exits(bench.fall())
    bench.answered(intent, Count(1000))
    assert bench.core.state.ledger.cash == before + parse_money("3.7825")
