"""A change of the exchange's answers in the core: said once, heeded at once, left by a person."""

from __future__ import annotations

from kalshi_desk.core.drift import DriftFinding, DriftKind
from kalshi_desk.core.events import (
    BookDelta,
    BookStale,
    CancelAnswered,
    DriftReported,
    OrderAnswered,
)
from kalshi_desk.core.reasons import ReasonCode
from kalshi_desk.core.types import BookSide, Count, Price, parse_count
from kalshi_desk.desk.commands import CancelOrder, Flatten, Outcomes, Panic, Resume
from kalshi_desk.desk.frames import DeskEvent, EventKind, Level, RiskState
from kalshi_desk.engine.effects import Effect, Notify, SendCancel
from kalshi_desk.engine.rows import status_row
from tests.engine.test_core import Bench, answer, sent

FROZEN = DriftFinding(
    kind=DriftKind.WORD,
    field="order.status",
    seen="frozen",
    expected="canceled, executed, resting",
    touches_money=True,
)
NEW = DriftFinding(kind=DriftKind.NEW, field="market.color", seen="the text 'red'")


def said(effects: list[Effect]) -> list[DeskEvent]:
    return [effect.event for effect in effects if isinstance(effect, Notify)]


def test_a_finding_that_touches_money_refuses_new_exposure_and_names_the_field() -> None:
    bench = Bench()
    events = said(bench.take(DriftReported((FROZEN,))))
    assert [(e.kind, e.level) for e in events] == [(EventKind.RISK, Level.ERROR)] * 2
    assert events[0].text == ("Order.status says 'frozen', known are canceled, executed, resting.")
    denied = answer(bench.buy(name="more"))
    assert denied is not None
    (reason,) = denied.reasons
    assert (reason.code, reason.seen, reason.needed) == (
        ReasonCode.REDUCING,
        "REDUCING",
        "ACTIVE",
    )
    for part in ("order.status says 'frozen'", "reduce a position", "newer", "resume"):
        assert part in reason.text
    view = status_row(bench.core.state, 1)
    assert (view.risk, view.drift) == (RiskState.REDUCING, (FROZEN,))
    assert view.risk_reason == FROZEN.text


def test_the_same_finding_is_said_once() -> None:
    bench = Bench()
    assert said(bench.take(DriftReported((FROZEN, NEW))))
    assert said(bench.take(DriftReported((FROZEN, NEW), is_whole=True))) == []


def test_reductions_and_cancels_pass() -> None:
    bench = Bench()
    bench.hold("5")
    resting = sent(bench.buy(price="0.40", name="rest"))[0]
    bench.take(OrderAnswered(resting.client_order_id, "o-1", Count(0), Count(1000)))
    bench.take(DriftReported((FROZEN,)))
    effects = bench.do(CancelOrder(order="o-1"), "cancel")
    assert any(isinstance(effect, SendCancel) for effect in effects)
    bench.take(CancelAnswered("o-1", Count(1000)))
    (exit_order,) = sent(bench.do(Flatten(ticker="A"), "flat"))
    assert (exit_order.side, exit_order.count) == (BookSide.ASK, parse_count("5"))


def test_resume_lets_orders_pass_until_something_else_is_found() -> None:
    bench = Bench()
    bench.take(DriftReported((FROZEN,)))
    done = answer(bench.do(Resume(), "r"))
    assert done is not None
    assert (done.outcome, done.text) == (Outcomes.DONE, "ACTIVE")
    bench.take(DriftReported((FROZEN,)))
    assert sent(bench.buy(name="again"))
    assert status_row(bench.core.state, 1).risk is RiskState.ACTIVE
    other = DriftFinding(kind=DriftKind.MISSING, field="fill.fee_cost", touches_money=True)
    bench.take(DriftReported((FROZEN, other)))
    view = status_row(bench.core.state, 1)
    assert (view.risk, view.risk_reason) == (RiskState.REDUCING, "fill.fee_cost is missing")
    assert view.drift == (FROZEN, other)


def test_halted_is_stronger_and_both_reasons_are_shown() -> None:
    bench = Bench()
    bench.do(Panic(), "p")
    bench.take(DriftReported((FROZEN,)))
    view = status_row(bench.core.state, 1)
    assert view.risk is RiskState.HALTED
    assert view.risk_reason == f"panic; {FROZEN.text}"
    said_by_resume = said(bench.do(Resume(), "r"))
    assert said_by_resume[0].text == f"was: panic; {FROZEN.text}"
    assert status_row(bench.core.state, 1).risk is RiskState.ACTIVE


def test_new_fields_are_told_quietly_in_one_event() -> None:
    bench = Bench()
    many = tuple(
        DriftFinding(kind=DriftKind.NEW, field=f"market.f{n}", seen="a list") for n in range(20)
    )
    (event,) = said(bench.take(DriftReported((NEW, *many))))
    assert (event.kind, event.level) == (EventKind.SYSTEM, Level.INFO)
    assert "market.color is new (it holds the text 'red')" in event.text
    assert event.text.endswith("and 13 more. None of it touches money.")
    assert sent(bench.buy())


def test_a_check_that_can_not_be_made_is_said_once_until_it_was_made() -> None:
    bench = Bench()
    failed = DriftReported(problem="/markets could not be read: The exchange hung up.")
    (event,) = said(bench.take(failed))
    assert "could not be read" in event.text
    assert said(bench.take(failed)) == []
    view = status_row(bench.core.state, 1)
    assert (view.drift_problem, view.drift_checked_ns) == (failed.problem, 0)
    bench.take(DriftReported((NEW,)))
    assert status_row(bench.core.state, 1).drift_problem == failed.problem
    bench.take(DriftReported(is_whole=True))
    view = status_row(bench.core.state, 1)
    assert (view.drift_problem, view.drift_checked_ns) == ("", bench.now_ns)
    assert said(bench.take(failed))


def test_the_top_of_a_book_is_told_only_while_it_may_be_traded_on() -> None:
    bench = Bench()
    state = bench.core.state
    before = state.book_top("A")
    assert before is not None
    assert (before.bid, before.ask) == ((4_700, 41_200), (4_800, 31_000))
    bench.take(BookDelta("A", BookSide.BID, Price(4_000), Count(100)))
    after = state.book_top("A")
    assert after is not None
    assert after.shows(before)
    assert after != before
    bench.take(BookStale(("A",), "gap"))
    assert state.book_top("A") is None
    assert state.book_top("nowhere") is None
