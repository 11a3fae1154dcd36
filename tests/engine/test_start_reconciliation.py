"""The first reading after a start: agreed or explained, or the desk opens HALTED."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from kalshi_desk.core.events import ConnectionChanged, LinkState, MarketsListed
from kalshi_desk.core.records import Fill, Market, Order, OrderState, Settlement
from kalshi_desk.core.types import BookSide, Count, MarketStatus, Price, parse_count, parse_money
from kalshi_desk.desk.commands import Outcomes, Resume
from kalshi_desk.desk.frames import EventKind, RiskState
from kalshi_desk.engine.core import TradingCore
from kalshi_desk.engine.effects import KeepMeta, Notify
from kalshi_desk.engine.restore import restore
from kalshi_desk.engine.rows import order_row, status_row
from kalshi_desk.engine.state import CoreSettings
from kalshi_desk.store.journal import Journal
from tests.engine.test_core import SECOND, START, Bench, answer, sent


def bought(count: str, trade: str = "t1") -> Fill:
    return Fill(
        trade_id=trade,
        order_id="o1",
        ticker="A",
        side=BookSide.BID,
        price=Price(4_800),
        count=parse_count(count),
        fee=parse_money("0.02"),
        is_taker=True,
        executed_ns=START,
    )


def restarted(tmp_path: Path, *fills: Fill) -> Bench:
    """A bench whose core was just restored and has read nothing yet."""
    journal = Journal(tmp_path / "journal.sqlite3", durable=False)
    journal.write(list(fills))
    bench = Bench()
    bench.core = TradingCore(CoreSettings(venue="practice"))
    restore(bench.core.state, journal, bench.now_ns)
    journal.close()
    bench.log.clear()
    bench.take(MarketsListed((Market(ticker="A"), Market(ticker="B"))))
    bench.take(ConnectionChanged(LinkState.LIVE))
    bench.take(bench.book("A"))
    return bench


def resting(count: str, side: BookSide = BookSide.BID) -> Order:
    return Order(
        order_id="o9",
        client_order_id="elsewhere",
        ticker="A",
        side=side,
        price=Price(4_700),
        initial_count=parse_count(count),
        filled=Count(0),
        remaining=parse_count(count),
        state=OrderState.RESTING,
        created_ns=START,
    )


def test_books_that_agree_open_active(tmp_path: Path) -> None:
    bench = restarted(tmp_path, bought("10"))
    bench.take(bench.reading(A="10"))
    assert status_row(bench.core.state, 1).risk is RiskState.ACTIVE


@pytest.mark.parametrize(("theirs", "text"), [("7", "7"), ("0", "0"), ("-3", "-3")])
def test_a_difference_at_the_first_reading_opens_halted(
    tmp_path: Path, theirs: str, text: str
) -> None:
    bench = restarted(tmp_path, bought("10"))
    bench.take(bench.reading(**({"A": theirs} if theirs != "0" else {})))
    view = status_row(bench.core.state, 1)
    assert view.risk is RiskState.HALTED
    assert f"first A: desk 10, exchange {text}" in view.risk_reason
    assert any(isinstance(e, KeepMeta) and e.key == "halted" and e.value for e in bench.log)
    done = answer(bench.do(Resume(), "r"))
    assert done is not None
    assert done.outcome is Outcomes.DONE


def test_a_fill_in_the_same_reading_explains_the_difference(tmp_path: Path) -> None:
    bench = restarted(tmp_path, bought("10"))
    later = msgspec.structs.replace(bench.reading(A="15"), fills=(bought("10"), bought("5", "t2")))
    bench.take(later)
    assert bench.core.state.halted_why == ""
    assert bench.core.state.positions.get("A").count == parse_count("15")


def test_an_order_that_may_be_filling_gets_more_readings(tmp_path: Path) -> None:
    bench = restarted(tmp_path, bought("10"))
    for _ in range(3):
        bench.take(bench.reading([resting("5")], A="13"))
        assert bench.core.state.halted_why == ""
        bench.now_ns += 5 * SECOND
    bench.take(bench.reading([resting("5")], A="13"))
    assert "desk 10, exchange 13" in bench.core.state.halted_why


def test_a_list_of_positions_older_than_that_of_fills_gets_more_readings(tmp_path: Path) -> None:
    bench = restarted(tmp_path, bought("10"))
    just = msgspec.structs.replace(bought("5", "t2"), executed_ns=bench.now_ns)
    old = msgspec.structs.replace(bench.reading(A="10"), fills=(just,), asked_ns=bench.now_ns)
    bench.take(old)
    assert bench.core.state.halted_why == ""
    assert "desk 15, exchange 10" in bench.core.state.differs
    for _ in range(3):
        bench.now_ns += 5 * SECOND
        bench.take(bench.reading(A="10"))
    assert "desk 15, exchange 10" in bench.core.state.halted_why


def test_an_old_fill_explains_no_difference(tmp_path: Path) -> None:
    bench = restarted(tmp_path, bought("10"))
    known = msgspec.structs.replace(bought("5", "t2"), executed_ns=bench.now_ns - 10 * SECOND)
    bench.take(
        msgspec.structs.replace(bench.reading(A="10"), fills=(known,), asked_ns=bench.now_ns)
    )
    assert "desk 15, exchange 10" in bench.core.state.halted_why


@pytest.mark.parametrize(
    "order", [resting("2"), resting("5", BookSide.ASK)], ids=["too small", "other way"]
)
def test_an_order_that_can_not_explain_it_does_not_help(tmp_path: Path, order: Order) -> None:
    bench = restarted(tmp_path, bought("10"))
    bench.take(bench.reading([order], A="13"))
    assert "desk 10, exchange 13" in bench.core.state.halted_why


def test_a_payout_that_one_side_has_booked_is_no_difference(tmp_path: Path) -> None:
    bench = restarted(tmp_path, bought("10"))
    determined = Market(ticker="A", status=MarketStatus.DETERMINED)
    bench.take(MarketsListed((determined,)))
    bench.take(bench.reading())
    assert bench.core.state.halted_why == ""
    paid = Settlement(
        ticker="A",
        result="yes",
        value=Price(10_000),
        revenue=parse_money("10"),
        settled_ns=bench.now_ns,
    )
    bench.take(msgspec.structs.replace(bench.reading(), settlements=(paid,)))
    assert bench.core.state.positions.get("A").count == 0


def test_a_foreign_order_is_adopted_marked_and_counts_at_the_gate(tmp_path: Path) -> None:
    bench = restarted(tmp_path, bought("10"))
    bench.take(bench.reading([resting("5")], A="10"))
    state = bench.core.state
    (order,) = state.orders.open_orders("A")
    assert order_row(state, order).origin == "foreign"
    found = [e.event for e in bench.log if isinstance(e, Notify)]
    assert any("another program" in e.title for e in found if e.kind is EventKind.ORDER)
    assert state.committed() > parse_money("2.35")
    state.exposures.refresh()
    assert state.exposures.lines["A"].edges.loss > parse_money("6.5")


def test_strategies_wait_while_positions_differ() -> None:
    bench = Bench()
    bench.take(bench.reading(A="7"))
    assert "desk 0, exchange 7" in bench.core.state.differs
    view = bench.core.state.gate_view("B")
    assert view.risk.differs
    assert sent(bench.buy("1", ticker="B")), "a person may trade on"
    bench.now_ns += 5 * SECOND
    bench.take(bench.reading())
    assert bench.core.state.differs == ""
