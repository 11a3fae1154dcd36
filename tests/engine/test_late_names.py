"""What readings, look-ups and strangers say late or twice never counts twice."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from kalshi_desk.core.events import (
    AccountRead,
    CancelAnswered,
    FillReported,
    MarketStatusChanged,
    OrderAnswered,
    OrderLookedUp,
    OrderReported,
    OrderUnknown,
    TimerFired,
)
from kalshi_desk.core.records import Fill, Order, OrderIntent, OrderState, Settlement
from kalshi_desk.core.types import (
    PRICE_ONE,
    Action,
    BookSide,
    Count,
    MarketStatus,
    Money,
    Outcome,
    Price,
    TimeInForce,
    parse_count,
    parse_money,
    parse_price,
)
from kalshi_desk.desk.commands import CancelOrder, LeaveLive, Panic, Resume
from kalshi_desk.engine.core import TradingCore
from kalshi_desk.engine.effects import Effect, LookUp, Notify, ReadAccount, SendOrder
from kalshi_desk.engine.restore import journal_order, restore
from kalshi_desk.engine.state import CoreSettings, CoreState
from kalshi_desk.store.journal import Journal
from tests.engine.test_core import SECOND, START, Bench, sent


def fill_by_rest(order_id: str, count: str, trade_id: str = "t1") -> Fill:
    """A fill as a reading tells it: without our client id."""
    return Fill(
        trade_id=trade_id,
        order_id=order_id,
        ticker="A",
        side=BookSide.BID,
        price=parse_price("0.48"),
        count=parse_count(count),
        fee=Money(0),
        is_taker=True,
        executed_ns=START,
    )


def report(
    intent: OrderIntent, state: OrderState, filled: str, remaining: str, initial: str = "10"
) -> Order:
    return Order(
        order_id="X1",
        client_order_id=intent.client_order_id,
        ticker="A",
        side=intent.side,
        price=intent.price,
        initial_count=parse_count(initial),
        filled=parse_count(filled),
        remaining=parse_count(remaining),
        state=state,
        created_ns=START,
    )


def reading(bench: Bench, fills: tuple[Fill, ...], *orders: Order, **held: str) -> AccountRead:
    return msgspec.structs.replace(bench.reading(orders, **held), fills=fills)


def with_payout(
    bench: Bench,
    revenue: str,
    *fills: Fill,
    result: str = "yes",
    value: Price = PRICE_ONE,
) -> AccountRead:
    paid = Settlement(
        ticker="A", result=result, value=value, revenue=parse_money(revenue), settled_ns=START
    )
    return msgspec.structs.replace(bench.reading(), settlements=(paid,), fills=fills)


def is_surprised(effects: list[Effect]) -> bool:
    return any(
        isinstance(effect, Notify) and "not what the desk expected" in effect.event.title
        for effect in effects
    )


def unknown_buy(bench: Bench) -> OrderIntent:
    intent = sent(bench.buy("10", "0.48"))[0]
    bench.take(OrderUnknown(intent.client_order_id, "no answer"))
    return intent


@pytest.mark.parametrize("is_listed", [True, False])
def test_a_fill_read_before_its_order_has_a_name_counts_once(is_listed: bool) -> None:
    bench = Bench()
    intent = unknown_buy(bench)
    done = report(intent, OrderState.EXECUTED, "10", "0")
    fills = (fill_by_rest("X1", "10"),)
    bench.take(reading(bench, fills, *([done] if is_listed else []), A="10"))
    bench.take(OrderLookedUp(intent.client_order_id, done))
    bench.take(reading(bench, fills, A="10"))
    state = bench.core.state
    assert state.effective_position("A") == parse_count("10")
    bench.do(Panic(), "panic")
    assert not sent(bench.buy("20", "0.47", action=Action.SELL, name="too-much"))


def test_a_reading_names_its_orders_before_their_fills_are_said_and_booked() -> None:
    bench = Bench()
    intent = sent(bench.buy("10", "0.52", outcome=Outcome.NO))[0]
    bench.take(OrderUnknown(intent.client_order_id, "no answer"))
    fill = msgspec.structs.replace(fill_by_rest("X1", "10"), side=BookSide.ASK)
    done = report(intent, OrderState.EXECUTED, "10", "0")
    bench.take(reading(bench, (fill,), done, A="-10"))
    state = bench.core.state
    assert state.positions.get("A").origin == intent.origin
    assert (state.effective_position("A"), state.orders.unbooked()) == (parse_count("-10"), [])


def test_an_order_of_another_program_that_ended_while_we_were_away_ends_here_too() -> None:
    bench = Bench()
    foreign = Order(
        order_id="WEB-ORDER-1",
        client_order_id="",
        ticker="A",
        side=BookSide.BID,
        price=parse_price("0.40"),
        initial_count=parse_count("10"),
        filled=Count(0),
        remaining=parse_count("10"),
        state=OrderState.RESTING,
        created_ns=START,
    )
    bench.take(bench.reading([foreign]))
    bench.wait(100)
    looked = [e for e in bench.take(bench.reading()) if isinstance(e, LookUp)]
    # Its own id stands for the client id that it lacks; the broker looks for both.
    assert looked[0].client_order_id == foreign.order_id
    ended = msgspec.structs.replace(foreign, remaining=Count(0), state=OrderState.CANCELED)
    bench.take(OrderLookedUp(looked[0].client_order_id, ended))
    assert bench.core.state.orders.open_orders() == []


def test_a_part_filled_order_found_resting_counts_its_fill_once() -> None:
    bench = Bench()
    intent = unknown_buy(bench)
    rests = report(intent, OrderState.RESTING, "4", "6")
    bench.take(reading(bench, (fill_by_rest("X1", "4"),), rests, A="4"))
    bench.take(OrderLookedUp(intent.client_order_id, rests))
    assert bench.core.state.effective_position("A") == parse_count("4")


def test_a_fill_kept_before_a_crash_counts_once_after_it(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.sqlite3", durable=False)
    bench = Bench()
    intent = sent(bench.buy("10", "0.48"))[0]
    journal.append_intent(intent, START)
    journal.write([fill_by_rest("X1", "10")])
    state = CoreState(CoreSettings(venue="practice"))
    restore(state, journal, START)
    state.orders.reported(report(intent, OrderState.EXECUTED, "10", "0"), START)
    journal.close()
    assert state.positions.get("A").count == parse_count("10")
    assert state.effective_position("A") == parse_count("10")


def test_an_order_that_filled_was_placed_whatever_a_list_says() -> None:
    bench = Bench()
    intent = unknown_buy(bench)
    named = msgspec.structs.replace(fill_by_rest("X1", "1"), client_order_id=intent.client_order_id)
    bench.take(FillReported(named))
    bench.now_ns += 60 * SECOND
    bench.take(OrderLookedUp(intent.client_order_id, None))
    assert bench.core.state.orders.by_client_id[intent.client_order_id].state.is_open


def test_absence_is_proven_by_lists_complete_after_the_last_moment_of_sending() -> None:
    bench = Bench()
    intent = sent(bench.buy("10", "0.48"))[0]
    bench.now_ns += 14 * SECOND
    effects = bench.take(OrderUnknown(intent.client_order_id, "no answer"))
    looked = [effect for effect in effects if isinstance(effect, LookUp)]
    assert (looked[0].since_ns, looked[0].until_ns) == (intent.created_ns, bench.now_ns)
    bench.take(OrderLookedUp(intent.client_order_id, None))
    order = bench.core.state.orders.by_client_id[intent.client_order_id]
    assert order.state is OrderState.UNRESOLVED
    bench.now_ns += 6 * SECOND
    bench.take(OrderLookedUp(intent.client_order_id, None))
    assert order.state is OrderState.REJECTED


@pytest.mark.parametrize("is_known_unknown", [True, False])
def test_an_order_of_a_crash_was_on_its_way_until_the_next_start(
    tmp_path: Path, is_known_unknown: bool
) -> None:
    journal = Journal(tmp_path / "journal.sqlite3", durable=False)
    bench = Bench()
    intent = sent(bench.buy("10", "0.48"))[0]
    journal.append_intent(intent, intent.created_ns)
    if is_known_unknown:
        bench.take(OrderUnknown(intent.client_order_id, "no answer"))
        order = bench.core.state.orders.by_client_id[intent.client_order_id]
        journal.write([journal_order(order)])
    # It left late and the engine died: seven seconds old, its request may still be under way.
    start_ns = intent.created_ns + 7 * SECOND
    core = TradingCore(CoreSettings(venue="practice"))
    restore(core.state, journal, start_ns)
    journal.close()
    order = core.state.orders.by_client_id[intent.client_order_id]
    effects = core.step(TimerFired(), start_ns + SECOND)
    looked = [effect for effect in effects if isinstance(effect, LookUp)]
    assert (looked[0].since_ns, looked[0].until_ns) == (intent.created_ns, start_ns)
    core.step(OrderLookedUp(intent.client_order_id, None), start_ns + SECOND)
    assert order.state is OrderState.UNRESOLVED
    core.step(OrderLookedUp(intent.client_order_id, None), start_ns + 6 * SECOND)
    assert order.state is OrderState.REJECTED


def test_what_was_taken_off_from_outside_has_not_traded() -> None:
    bench = Bench()
    intent = sent(bench.buy("10", "0.40"))[0]
    bench.take(OrderAnswered(intent.client_order_id, "X1", Count(0), parse_count("10")))
    bench.take(OrderReported(report(intent, OrderState.RESTING, "0", "6")))
    bench.do(CancelOrder(order="X1"), "cancel")
    bench.take(CancelAnswered("X1", parse_count("6")))
    assert bench.core.state.effective_position("A") == 0


def test_a_decrease_told_after_the_cancel_leaves_no_phantom_fill() -> None:
    bench = Bench()
    bench.take(FillReported(fill_by_rest("F1", "10")))
    intent = sent(bench.buy("10", "0.47", action=Action.SELL))[0]
    bench.take(OrderAnswered(intent.client_order_id, "X1", Count(0), parse_count("10")))
    bench.do(CancelOrder(order="X1"), "cancel")
    effects = bench.take(CancelAnswered("X1", parse_count("6")))
    assert any(isinstance(effect, LookUp) for effect in effects)
    state = bench.core.state
    assert state.effective_position("A") == parse_count("10")
    # Until it is known what became of the other four, only six are surely left to sell.
    assert not sent(bench.buy("7", "0.47", action=Action.SELL, name="too-much"))
    bench.take(OrderReported(report(intent, OrderState.RESTING, "0", "6")))
    assert state.orders.open_orders() == state.orders.unbooked() == []
    assert state.effective_position("A") == parse_count("10")
    bench.wait(1)
    assert sent(bench.buy("10", "0.47", action=Action.SELL, name="all"))


def test_no_panic_and_no_resume_bring_live_back_once_it_is_off() -> None:
    bench = Bench("live")
    bench.do(LeaveLive(), "off")
    bench.do(Panic(), "panic")
    bench.do(Resume(), "resume")
    effects = bench.buy("10", "0.48", tif=TimeInForce.IOC, name="after")
    assert not [effect for effect in effects if isinstance(effect, SendOrder)]


def test_a_payout_that_is_not_what_was_held_is_said_loudly() -> None:
    bench = Bench()
    bench.take(FillReported(fill_by_rest("F1", "10")))
    effects = bench.take(with_payout(bench, "30"))
    assert is_surprised(effects)
    assert bench.core.state.positions.get("A").realized == parse_money("25.20")
    assert asked_again(bench.wait(5))
    # The fill that was missed comes after the payout, which covered it.
    cash = bench.core.state.ledger.cash
    assert cash is not None
    bench.take(with_payout(bench, "30", fill_by_rest("F1", "20", "t2")))
    assert bench.core.state.positions.get("A").count == 0
    assert bench.core.state.positions.get("A").realized == parse_money("15.60")
    assert bench.core.state.ledger.cash == cash - parse_money("9.60")


def test_a_payout_of_what_the_desk_never_held_is_said_loudly() -> None:
    bench = Bench()
    assert is_surprised(bench.take(with_payout(bench, "30")))


@pytest.mark.parametrize(("revenue", "is_loud"), [("4.56", False), ("4.70", True)])
def test_a_scalar_payout_may_differ_by_its_rounded_value(revenue: str, is_loud: bool) -> None:
    bench = Bench()
    bench.take(FillReported(fill_by_rest("F1", "10")))
    effects = bench.take(with_payout(bench, revenue, result="scalar", value=parse_price("0.45")))
    assert is_surprised(effects) is is_loud
    assert bench.core.state.positions.get("A").realized == parse_money(revenue) - 4_800_000


@pytest.mark.parametrize(("theirs", "is_halted"), [("30", True), ("0", False)])
def test_only_a_payout_under_way_explains_a_position_of_a_decided_market(
    theirs: str, is_halted: bool
) -> None:
    bench = Bench()
    bench.take(FillReported(fill_by_rest("F1", "10")))
    bench.take(MarketStatusChanged(ticker="A", status=MarketStatus.DETERMINED))
    held = {} if theirs == "0" else {"A": theirs}
    for _ in range(6):
        bench.wait(5)
        bench.take(bench.reading(**held))
    assert bool(bench.core.state.halted_why) is is_halted


def asked_again(effects: list[Effect]) -> bool:
    return any(isinstance(effect, ReadAccount) for effect in effects)


def test_the_account_is_read_again_every_minute_for_what_makes_no_gap() -> None:
    bench = Bench()
    bench.take(bench.reading())
    assert not asked_again(bench.wait(55))
    assert asked_again(bench.wait(10))
    assert not asked_again(bench.wait(5))


def test_a_fill_that_ends_at_another_position_has_the_account_read_again() -> None:
    bench = Bench()
    fill = msgspec.structs.replace(fill_by_rest("F1", "10"), post_position=parse_count("10"))
    bench.take(FillReported(fill))
    assert not asked_again(bench.wait(10))
    other = msgspec.structs.replace(fill_by_rest("F1", "1", "t2"), post_position=parse_count("26"))
    bench.take(FillReported(other))
    assert asked_again(bench.wait(5))
