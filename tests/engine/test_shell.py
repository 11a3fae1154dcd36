"""The shell around the core: durable before sent, answered once, and honest when it fails."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from kalshi_desk.core.errors import Stop
from kalshi_desk.core.events import (
    AccountRead,
    BookSnapshot,
    CancelAnswered,
    CancelFailed,
    ConnectionChanged,
    LinkState,
    MarketsListed,
    OrderAnswered,
    OrderLookedUp,
    OrderRefused,
    OrderUnknown,
)
from kalshi_desk.core.ports import EventSink
from kalshi_desk.core.records import Balance, Fill, Market, OrderIntent, OrderState
from kalshi_desk.core.types import Action, BookSide, Count, Outcome, Price, parse_count, parse_money
from kalshi_desk.desk.automation import SetLimit
from kalshi_desk.desk.commands import (
    Answer,
    CancelAll,
    Outcomes,
    Panic,
    PlaceOrder,
    Preview,
    PreviewOrder,
    Resume,
    StopEngine,
)
from kalshi_desk.desk.frames import MarketRow, PositionRow
from kalshi_desk.engine import keeper
from kalshi_desk.engine.clock import WallClock
from kalshi_desk.engine.core import TradingCore
from kalshi_desk.engine.restore import restore
from kalshi_desk.engine.shell import EngineShell, VenueActions
from kalshi_desk.engine.state import CoreSettings
from kalshi_desk.store.entries import Entry
from kalshi_desk.store.journal import Journal

BUY = PlaceOrder(
    ticker="A",
    action=Action.BUY,
    outcome=Outcome.YES,
    count=parse_count("10"),
    price=Price(4_000),
)


class ScriptedVenue(VenueActions):
    """A venue with one market; ``on_send`` decides what becomes of an order."""

    def __init__(self) -> None:
        self.broker = self
        self.sent: list[OrderIntent] = []
        self.watched: list[str] = []
        self.everything_canceled = 0
        self.on_send: Callable[[OrderIntent], OrderAnswered | OrderRefused | OrderUnknown] = (
            lambda intent: OrderAnswered(intent.client_order_id, "o", Count(0), intent.count)
        )
        self._sink: EventSink = lambda event: None
        self.running = asyncio.Event()

    async def run(self, sink: EventSink) -> None:
        self._sink = sink
        sink(MarketsListed((Market(ticker="A"),)))
        await self.read_account()
        sink(ConnectionChanged(LinkState.LIVE))
        levels = ((Price(3_900), Count(1_000)),)
        sink(BookSnapshot("A", levels, ((Price(4_100), Count(1_000)),)))
        self.running.set()
        await asyncio.Event().wait()

    async def send(self, intent: OrderIntent) -> OrderAnswered | OrderRefused | OrderUnknown:
        self.sent.append(intent)
        return self.on_send(intent)

    async def cancel(self, order_id: str, ticker: str) -> CancelAnswered | CancelFailed:
        return CancelAnswered(order_id, parse_count("10"))

    async def look_up(
        self, client_id: str, ticker: str, since_ns: int, until_ns: int
    ) -> OrderLookedUp | None:
        return None

    async def cancel_everything(self) -> None:
        self.everything_canceled += 1

    async def watch(self, tickers: Sequence[str]) -> None:
        self.watched += tickers

    async def read_account(self) -> None:
        self._sink(
            AccountRead(
                orders=(),
                fills=(),
                positions=(),
                settlements=(),
                balance=Balance(cash=parse_money("1000")),
                asked_ns=WallClock().now_ns(),
            )
        )


@asynccontextmanager
async def running(
    path: Path, venue: ScriptedVenue | None = None
) -> AsyncIterator[tuple[EngineShell, ScriptedVenue, Journal]]:
    venue = venue or ScriptedVenue()
    journal = Journal(path / "journal.sqlite3", durable=False)
    core = TradingCore(CoreSettings(), next_event_seq=journal.last_event_seq() + 1)
    clock = WallClock()
    fills = restore(core.state, journal, clock.now_ns())
    shell = EngineShell(core, journal, clock, fills, save_starred=lambda starred: None)
    shell.venue = venue
    task = asyncio.create_task(shell.run(venue))
    await venue.running.wait()
    try:
        yield shell, venue, journal
    finally:
        shell.stopped.set()
        await task
        await shell.close()


async def test_an_intent_is_on_disk_before_the_broker_sees_it(tmp_path: Path) -> None:
    async with running(tmp_path) as (shell, venue, journal):
        kept: list[list[str]] = []

        def answer(intent: OrderIntent) -> OrderAnswered:
            kept.append([known.client_order_id for known in journal.intents()])
            return OrderAnswered(intent.client_order_id, "o", Count(0), intent.count)

        venue.on_send = answer
        said = await shell.submit("one", BUY)
        assert kept == [[venue.sent[0].client_order_id]]
        assert said.orders[0].state == "resting"


async def test_one_command_id_is_one_order_also_after_a_restart(tmp_path: Path) -> None:
    async with running(tmp_path) as (shell, venue, _):
        first, second = await asyncio.gather(shell.submit("one", BUY), shell.submit("one", BUY))
        third = await shell.submit("one", BUY)
        assert first == second == third
        assert len(venue.sent) == 1
    async with running(tmp_path) as (shell, venue, _):
        assert await shell.submit("one", BUY) == first
        assert venue.sent == []
        rows = shell.frame(("orders",), 0, 0).changed["orders"]
        assert len(rows) == 1


async def test_a_command_cut_off_by_a_crash_is_unknown_not_repeated(tmp_path: Path) -> None:
    async with running(tmp_path) as (_, _, journal):
        journal.append_command("cut", b"x", 1)
    async with running(tmp_path) as (shell, venue, _):
        said = await shell.submit("cut", BUY)
        assert said.outcome is Outcomes.UNKNOWN
        assert venue.sent == []


async def test_a_limit_is_kept_or_it_is_said_that_it_could_not_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(tmp_path) as (shell, _, _journal):
        kept: list[tuple[str, object]] = []
        monkeypatch.setattr(shell, "_save_setting", lambda *words: kept.append(words))
        said = await shell.submit("one", SetLimit(name="open_positions", value="3"))
        async with asyncio.timeout(10):
            while not kept:
                await asyncio.sleep(0.001)
        assert (said.outcome, kept) == (Outcomes.DONE, [("risk.open_positions", 3)])

        def full(name: str, value: object) -> None:
            raise Stop("The disk is full.")

        monkeypatch.setattr(shell, "_save_setting", full)
        said = await shell.submit("two", SetLimit(name="open_positions", value="4"))
        assert said.outcome is Outcomes.DONE
        assert shell.core.state.settings.limits.open_positions == 4
        async with asyncio.timeout(10):
            while not any(
                event.title == "risk.open_positions was not saved"
                for event in shell.frame(("status",), 0, 0).events
            ):
                await asyncio.sleep(0.001)


async def test_without_a_durable_intent_nothing_is_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(tmp_path) as (shell, venue, journal):

        def full(intent: OrderIntent, at_ns: int) -> None:
            raise Stop("The disk is full.")

        monkeypatch.setattr(journal, "append_intent", full)
        said = await shell.submit("one", BUY)
        assert said.outcome is Outcomes.REFUSED
        assert said.reasons[0].text == "The disk is full. Nothing was sent."
        assert venue.sent == []


async def test_panic_passes_a_journal_that_can_not_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(tmp_path) as (shell, venue, journal):

        def full(*_: object) -> bool:
            raise Stop("The disk is full.")

        monkeypatch.setattr(journal, "append_command", full)
        monkeypatch.setattr(journal, "write", full)
        said = await shell.submit("p", Panic())
        assert said.outcome is Outcomes.DONE
        assert venue.everything_canceled == 1
        with pytest.raises(Stop):
            await shell.submit("one", BUY)
        assert venue.sent == []


async def test_a_journal_that_failed_leaves_halted_once_it_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "RETRY_S", 0.0)
    async with running(tmp_path) as (shell, _, journal):
        write = journal.write
        failures = 0

        def full(entries: Iterable[Entry]) -> int:
            nonlocal failures
            failures += 1
            raise Stop("The disk is full.")

        monkeypatch.setattr(journal, "write", full)
        await shell.submit("one", BUY)
        await _until(lambda: failures > 2)
        assert "can't be written" in shell.core.state.halted_why
        monkeypatch.setattr(journal, "write", write)
        await _until(lambda: journal.halted_reason() == shell.core.state.halted_why)
    async with running(tmp_path) as (shell, _, _):
        assert "can't be written" in shell.core.state.halted_why
        await shell.submit("two", Resume())
    async with running(tmp_path) as (shell, _, _):
        assert shell.core.state.halted_why == ""


async def test_halted_that_is_still_owed_is_written_when_the_engine_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "RETRY_S", 1_000.0)
    async with running(tmp_path) as (shell, _, journal):
        with monkeypatch.context() as broken:

            def full(entries: Iterable[Entry]) -> int:
                raise Stop("The disk is full.")

            broken.setattr(journal, "write", full)
            await shell.submit("one", BUY)
            await _until(lambda: bool(shell.core.state.halted_why))
    again = Journal(tmp_path / "journal.sqlite3", durable=False)
    assert "can't be written" in (again.halted_reason() or "")
    again.close()


async def test_each_session_is_asked_for_the_books_that_faces_look_at(tmp_path: Path) -> None:
    async with running(tmp_path) as (shell, venue, _):
        for _ in range(2):
            shell.frame(("book:A",), 0, 0)
        await _until(lambda: venue.watched == ["A"])
        venue.sessions += 1
        for _ in range(2):
            shell.frame(("book:A",), 0, 0)
        await _until(lambda: venue.watched == ["A", "A"])


async def _until(is_true: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not is_true():
            await asyncio.sleep(0.01)


async def test_a_broker_that_fails_leaves_the_order_unresolved(tmp_path: Path) -> None:
    async with running(tmp_path) as (shell, venue, journal):

        def fail(intent: OrderIntent) -> OrderAnswered:
            raise RuntimeError("boom")

        venue.on_send = fail
        said = await shell.submit("one", BUY)
        assert said.outcome is Outcomes.UNKNOWN
    async with running(tmp_path) as (shell, _, journal):
        (order,) = shell.core.state.orders.unresolved()
        assert order.state is OrderState.UNRESOLVED
        assert [o.state for o in journal.orders()] == [OrderState.UNRESOLVED]


async def test_an_intent_without_an_answer_comes_back_unresolved(tmp_path: Path) -> None:
    async with running(tmp_path) as (_, _, journal):
        journal.append_intent(
            OrderIntent(
                client_order_id="lost",
                ticker="A",
                side=BookSide.BID,
                price=Price(4_000),
                count=parse_count("1"),
                command_id="x",
            ),
            1,
        )
    async with running(tmp_path) as (shell, _, _):
        assert [o.client_order_id for o in shell.core.state.orders.unresolved()] == ["lost"]


async def test_a_pull_brings_only_what_changed_since_the_last(tmp_path: Path) -> None:
    async with running(tmp_path) as (shell, _, _):
        first = shell.frame(("markets", "orders"), 0, 0)
        assert isinstance(first.changed["markets"]["A"], MarketRow)
        assert first.full == ("markets", "orders")
        still = shell.frame(("markets", "orders"), first.board_seq, first.event_seq)
        assert (still.changed, still.full, still.events) == ({}, (), ())
        await shell.submit("one", BUY)
        after = shell.frame(("markets", "orders"), first.board_seq, first.event_seq)
        assert set(after.changed) == {"orders"}
        assert [event.title for event in after.events] == ["Order rests"]
        old = shell.frame(("markets",), 10**9, 0)
        assert old.full == () or "A" in old.changed["markets"]


async def test_events_older_than_memory_come_from_the_journal(tmp_path: Path) -> None:
    async with running(tmp_path) as (shell, _, _):
        await shell.submit("one", BUY)
        await shell.submit("two", CancelAll())
        told = shell.frame((), 1, 0).events
    async with running(tmp_path) as (shell, _, _):
        again = shell.frame((), 1, 0).events
        assert again[: len(told)] == told
        assert [event.seq for event in again] == sorted({event.seq for event in again})


async def test_a_position_is_shown_before_its_market_is_known(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.sqlite3", durable=False)
    journal.write(
        [
            Fill(
                trade_id="t",
                order_id="o",
                ticker="ELSEWHERE",
                side=BookSide.BID,
                price=Price(4_000),
                count=parse_count("3"),
                fee=parse_money("0.05"),
                is_taker=True,
                executed_ns=1,
            )
        ]
    )
    journal.close()
    async with running(tmp_path) as (shell, _, _):
        row = shell.frame(("positions",), 0, 0).changed["positions"]["ELSEWHERE"]
        assert isinstance(row, PositionRow)
        assert (row.position, row.title, row.market_price) == (parse_count("3"), "ELSEWHERE", None)


async def test_stop_answers_before_it_ends(tmp_path: Path) -> None:
    async with running(tmp_path) as (shell, _, _):
        said: Answer = await shell.submit("s", StopEngine())
        assert said.outcome is Outcomes.DONE
        await asyncio.wait_for(shell.stopped.wait(), 1)


async def test_a_query_changes_nothing(tmp_path: Path) -> None:
    async with running(tmp_path) as (shell, venue, _):
        reply = await shell.ask(
            PreviewOrder(
                ticker="A",
                action=Action.BUY,
                outcome=Outcome.YES,
                size="$10",
                price=Price(4_100),
            )
        )
        assert isinstance(reply, Preview)
        assert reply.max_loss <= parse_money("10.01")
        assert venue.sent == []
