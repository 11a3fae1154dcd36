"""Losses of the day and from the highest equity: halted, reducing, resumed, and over a restart."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from kalshi_desk.core.events import (
    BookSnapshot,
    ConnectionChanged,
    LinkState,
    MarketsListed,
    OrderAnswered,
)
from kalshi_desk.core.reasons import ReasonCode
from kalshi_desk.core.records import Balance, Market
from kalshi_desk.core.types import Count, parse_count, parse_money, parse_price
from kalshi_desk.desk.commands import Outcomes, Panic, Resume
from kalshi_desk.desk.frames import EventKind, RiskState
from kalshi_desk.engine.core import TradingCore
from kalshi_desk.engine.effects import Effect, KeepIntent, KeepMeta, Notify, SendCancel
from kalshi_desk.engine.limit_rows import limit_rows
from kalshi_desk.engine.restore import restore
from kalshi_desk.engine.rows import status_row
from kalshi_desk.engine.state import CoreSettings
from kalshi_desk.portfolio.positions import Position
from kalshi_desk.store.entries import MetaEntry
from kalshi_desk.store.journal import Journal
from tests.engine.test_core import SECOND, Bench, answer, sent

DAY_S = 86_400


def losing_bench(**limits: float) -> Bench:
    """A bench of $10,000 that holds 700 contracts worth about $320, with loose worst cases."""
    bench = Bench()
    state = bench.core.state
    wide = dict.fromkeys(("event_percent", "position_percent"), 100.0)
    state.settings.limits = msgspec.structs.replace(state.settings.limits, **{**wide, **limits})
    bench.wait(0.2)
    bench.hold("700", "0.48", ticker="A")
    bench.wait(0.2)
    return bench


def price(bench: Bench, bid: str, ticker: str = "A") -> None:
    """Let the best bid of a market be this, with enough behind it to sell everything."""
    bids = ((parse_price(bid), parse_count("5000")),)
    asks = ((parse_price("0.60"), parse_count("5000")),)
    bench.take(BookSnapshot(ticker, bids, asks))


def fall(bench: Bench, bid: str) -> list[Effect]:
    """Let the price fall and stay there; return what the desk does about it."""
    price(bench, bid)
    first = bench.wait(0.2)
    return first + bench.wait(2.1) + bench.wait(0.2)


def said(effects: list[Effect], title: str = "") -> list[str]:
    return [
        effect.event.text
        for effect in effects
        if isinstance(effect, Notify)
        and effect.event.kind is EventKind.RISK
        and title in effect.event.title
    ]


def test_a_day_that_loses_two_per_cent_halts_and_takes_opening_orders_off() -> None:
    bench = losing_bench()
    resting = sent(bench.buy("10", "0.10", ticker="B", name="rest"))[0]
    bench.take(OrderAnswered(resting.client_order_id, "o-B", Count(0), resting.count))
    price(bench, "0.30")
    assert bench.core.state.halted_why == "", "fifteen of thirty cents are no two per cent"
    effects = fall(bench, "0.18")
    assert "the day has lost 2." in bench.core.state.halted_why
    assert any(isinstance(e, SendCancel) and e.order_id == "o-B" for e in effects)
    assert any(isinstance(e, KeepMeta) and e.key == "halted" and e.value for e in effects)
    assert status_row(bench.core.state, 1).risk is RiskState.HALTED


def test_one_jumpy_book_halts_nothing_but_opens_nothing_either() -> None:
    bench = losing_bench()
    price(bench, "0.10")
    bench.wait(0.2)
    denied = answer(bench.buy("1", ticker="B", name="now"))
    assert denied is not None
    assert [reason.code for reason in denied.reasons] == [ReasonCode.DAILY_LOSS]
    price(bench, "0.47")
    bench.wait(0.2)
    assert bench.wait(3) is not None
    assert bench.core.state.halted_why == ""
    assert sent(bench.buy("1", ticker="B", name="later"))


def test_after_resume_it_stays_quiet_until_the_loss_grows_by_a_quarter_of_the_limit() -> None:
    bench = losing_bench()
    fall(bench, "0.16")
    assert bench.core.state.halted_why
    done = answer(bench.do(Resume(), "r"))
    assert done is not None
    assert done.outcome is Outcomes.DONE
    fall(bench, "0.14")
    assert bench.core.state.halted_why == ""
    assert sent(bench.buy("1", ticker="B", name="again"))
    fall(bench, "0.05")
    assert "the day has lost" in bench.core.state.halted_why


def test_another_day_begins_with_its_own_limit() -> None:
    bench = losing_bench()
    fall(bench, "0.16")
    bench.do(Resume(), "r")
    raised = bench.core.state.guards.halt.raised_to
    assert raised > 2.5
    bench.wait(DAY_S)
    bench.wait(0.2)
    assert bench.core.state.guards.halt.raised_to == 0.0
    assert bench.core.state.halted_why == ""


def test_the_softer_daily_limit_leaves_reductions_and_ends_by_itself_or_by_a_person() -> None:
    bench = losing_bench(daily_loss_percent=10.0, daily_loss_reducing_percent=1.0)
    effects = fall(bench, "0.28")
    assert said(effects, "REDUCING")
    view = status_row(bench.core.state, 1)
    assert (view.risk, view.risk_reason[:16]) == (RiskState.REDUCING, "the day has lost")
    denied = answer(bench.buy("1", ticker="B", name="more"))
    assert denied is not None
    assert [reason.code for reason in denied.reasons] == [ReasonCode.DAILY_LOSS]
    done = answer(bench.do(Resume(), "r"))
    assert done is not None
    assert done.text == "ACTIVE"
    assert sent(bench.buy("1", ticker="B", name="then"))
    fall(bench, "0.20")
    assert status_row(bench.core.state, 1).risk is RiskState.REDUCING
    fall(bench, "0.47")
    assert status_row(bench.core.state, 1).risk is RiskState.ACTIVE


def test_a_drawdown_halts_and_a_deposit_is_no_gain() -> None:
    bench = losing_bench(
        daily_loss_percent=100.0, daily_loss_reducing_percent=100.0, drawdown_percent=2.0
    )
    state = bench.core.state
    before = state.peak_equity
    assert before is not None
    assert state.ledger.cash is not None
    paid_in = Balance(cash=state.ledger.cash + parse_money("1000"))
    for _ in range(3):
        bench.take(msgspec.structs.replace(bench.reading(A="700"), balance=paid_in))
        bench.wait(3.5)
    assert state.peak_equity == before + parse_money("1000")
    assert state.halted_why == ""
    fall(bench, "0.14")
    assert "below its highest" in state.halted_why


def test_a_panic_keeps_its_reason_and_resume_acknowledges_the_loss_too() -> None:
    bench = losing_bench()
    bench.do(Panic(), "p")
    fall(bench, "0.16")
    assert bench.core.state.halted_why == "panic"
    bench.do(Resume(), "r")
    bench.wait(3)
    assert bench.wait(3) is not None
    assert bench.core.state.halted_why == ""


def test_a_limit_that_comes_near_is_said_once_until_it_was_far() -> None:
    bench = losing_bench()
    effects = fall(bench, "0.24")
    assert len(said(effects, "Daily loss, HALTS: 8")) == 1
    assert said(fall(bench, "0.235"), "Daily loss, HALTS") == []
    fall(bench, "0.40")
    assert len(said(fall(bench, "0.24"), "Daily loss, HALTS: 8")) == 1


def test_what_a_person_has_looked_at_and_the_peak_outlive_the_engine(tmp_path: Path) -> None:
    bench = losing_bench()
    fall(bench, "0.16")
    bench.do(Resume(), "r")
    bench.wait(1)
    journal = Journal(tmp_path / "journal.sqlite3", durable=False)
    kept = [effect for effect in bench.log if isinstance(effect, KeepMeta)]
    journal.write([MetaEntry(key=one.key, value=one.value or None) for one in kept])
    core = TradingCore(CoreSettings())
    restore(core.state, journal, bench.now_ns)
    old = bench.core.state
    assert core.state.guards == old.guards
    assert core.state.halted_why == ""
    assert core.state.peak_equity == pytest.approx(old.peak_equity, rel=1 / 2_000)
    journal.close()


def test_a_day_opens_and_a_loss_counts_only_once_what_is_held_has_books() -> None:
    bench = Bench()
    core = TradingCore(CoreSettings())
    core.state.positions.by_ticker["A"] = Position("A", parse_count("700"), parse_money("336"))
    bench.core = core
    bench.take(MarketsListed((Market(ticker="A", last_price=parse_price("0.90")),)))
    bench.take(ConnectionChanged(LinkState.LIVE))
    bench.take(bench.reading(A="700"))
    bench.wait(0.2)
    assert (core.state.opening_equity, core.state.peak_equity) == (None, None)
    bench.take(bench.book("A"))
    bench.wait(0.2)
    equity = core.state.equity()
    assert equity is not None
    assert equity < parse_money("10330")
    assert core.state.opening_equity == core.state.peak_equity == equity


def test_books_that_never_come_are_not_waited_for_for_ever() -> None:
    bench = Bench()
    core = TradingCore(CoreSettings())
    core.state.positions.by_ticker["A"] = Position("A", parse_count("700"), parse_money("336"))
    bench.core = core
    bench.take(MarketsListed((Market(ticker="A"),)))
    bench.take(bench.reading(A="700"))
    bench.wait(0.2)
    assert core.state.opening_equity is None
    bench.wait(31)
    assert core.state.opening_equity == parse_money("10336")


def test_orders_of_the_last_minute_count_after_a_restart(tmp_path: Path) -> None:
    bench = losing_bench()
    bench.wait(61)
    bench.buy("10", "0.10", ticker="B", name="newer")
    journal = Journal(tmp_path / "journal.sqlite3", durable=False)
    for effect in bench.log:
        if isinstance(effect, KeepIntent):
            journal.append_intent(effect.intent, effect.intent.created_ns)
    assert len(journal.intents()) == 2
    core = TradingCore(CoreSettings())
    restore(core.state, journal, bench.now_ns)
    core.state.now_ns = bench.now_ns
    assert limit_rows(core.state)["orders_per_minute"].used == 1
    core.state.now_ns += 60 * SECOND
    assert limit_rows(core.state)["orders_per_minute"].used == 0
    journal.close()


def test_every_limit_is_a_gauge_with_what_is_used() -> None:
    bench = losing_bench()
    bench.now_ns += SECOND
    bench.buy("10", "0.10", ticker="B", name="rest")
    rows = limit_rows(bench.core.state)
    assert rows["open_positions"].used == 2
    assert rows["resting_orders"].used == 1
    assert rows["orders_per_minute"].used == 2
    largest = rows["position_percent"]
    assert largest.used == bench.core.state.exposures.lines["A"].edges.loss
    assert largest.allowed == pytest.approx(parse_money("10000"), rel=0.01)
    assert rows["kelly_fraction"].used is None
    assert rows["kelly_fraction"].allowed == 2_500
    assert not any(row.is_breached for row in rows.values())
    price(bench, "0.10")
    assert limit_rows(bench.core.state)["daily_loss_percent"].is_breached
