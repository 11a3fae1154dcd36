"""Panic without an engine: every venue on which orders may rest, and no giving up early."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from kalshi_desk.cli import panic_alone as alone
from kalshi_desk.core.errors import DeskError, Retry, Unknown
from kalshi_desk.core.records import Order, OrderState
from kalshi_desk.core.types import BookSide, Count, Price
from kalshi_desk.desk.commands import Outcomes
from kalshi_desk.store.journal import Journal
from kalshi_desk.store.paths import Home, open_home


def resting(order_id: str) -> Order:
    return Order(
        order_id=order_id,
        client_order_id=f"c-{order_id}",
        ticker="A",
        side=BookSide.BID,
        price=Price(4_700),
        initial_count=Count(100),
        filled=Count(0),
        remaining=Count(100),
        state=OrderState.RESTING,
        created_ns=1,
    )


class Exchange:
    """An account with resting orders at an exchange whose first calls may fail."""

    def __init__(self, *order_ids: str, failing: dict[str, list[DeskError]] | None = None) -> None:
        self.left = {order_id: resting(order_id) for order_id in order_ids}
        self.failing = failing or {}
        self.lag_ns = 0
        self.now_ns = 1_000
        self.http = SimpleNamespace(exchange_now_ns=self._now)

    def _now(self) -> int:
        self.now_ns += 1
        return self.now_ns

    def _fail(self, name: str) -> None:
        waiting = self.failing.get(name)
        if waiting:
            raise waiting.pop(0)

    async def cancel_all(self) -> None:
        self._fail("cancel_all")
        self.left.clear()

    async def cancel_order(self, order_id: str, ticker: str) -> None:
        self._fail("cancel_order")
        self.left.pop(order_id)

    async def user_data_timestamp(self) -> int:
        self._fail("read")
        return self._now() - self.lag_ns

    async def orders(self, status: str) -> list[Order]:
        self._fail("read")
        return list(self.left.values())


async def swept(exchange: Exchange) -> list[Order]:
    return await alone._cancel_and_verify(cast(Any, exchange))


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alone, "_PAUSE_S", 0.001)
    monkeypatch.setattr(alone, "VERIFY_S", 0.3)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    found = open_home(str(tmp_path / "home"))
    found.prepare()
    return found


def trade_on(home: Home, venue: str, *order_ids: str) -> None:
    journal = Journal(home.journal_path(venue), durable=False)
    journal.write([resting(order_id) for order_id in order_ids])
    journal.close()


def halted(home: Home, venue: str) -> str | None:
    journal = Journal(home.journal_path(venue), durable=False)
    try:
        return journal.halted_reason()
    finally:
        journal.close()


@pytest.mark.parametrize("call", ["cancel_all", "cancel_order", "read"])
async def test_what_fails_is_tried_again(call: str) -> None:
    trouble: list[DeskError] = [Retry("busy", code="busy"), Unknown("no answer", code="lost")]
    failing = {call: trouble}
    if call == "cancel_order":
        failing["cancel_all"] = [Retry("busy", code="busy")] * 3
    assert await swept(Exchange("a", "b", "c", failing=failing)) == []


async def test_what_can_not_be_read_is_not_called_done() -> None:
    with pytest.raises(Retry):
        await swept(Exchange("a", failing={"read": [Retry("busy", code="busy")] * 10_000}))


async def test_lists_that_stay_behind_prove_nothing() -> None:
    exchange = Exchange("a")
    exchange.lag_ns = 10**9
    with pytest.raises(Unknown):
        await swept(exchange)


async def test_every_venue_that_was_traded_on_is_covered_whatever_was_stopped_last(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    trade_on(home, "live", "left-on-live")
    trade_on(home, "practice", "left-on-practice")
    reached: dict[str, Exchange] = {}

    @asynccontextmanager
    async def reach(home: Home, venue: str, settings: object) -> AsyncIterator[Exchange]:
        reached[venue] = Exchange(f"left-on-{venue}")
        yield reached[venue]

    monkeypatch.setattr(alone, "_exchange", reach)
    answer = await alone.panic_alone(home)
    assert answer.outcome is Outcomes.DONE
    assert "live, practice" in answer.text
    assert [venue for venue, exchange in reached.items() if not exchange.left] == [
        "live",
        "practice",
    ]
    assert (halted(home, "live"), halted(home, "practice")) == ("panic", "panic")


async def test_one_venue_that_can_not_be_reached_leaves_it_undone_and_named(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    trade_on(home, "live", "x")
    trade_on(home, "practice", "y")

    @asynccontextmanager
    async def reach(home: Home, venue: str, settings: object) -> AsyncIterator[Exchange]:
        if venue == "live":
            raise Retry("Kalshi can't be reached.", code="not_sent")
        yield Exchange("y")

    monkeypatch.setattr(alone, "_exchange", reach)
    answer = await alone.panic_alone(home)
    assert answer.outcome is Outcomes.UNKNOWN
    assert "All orders on practice are canceled" in answer.text
    assert "live: Kalshi can't be reached." in answer.reasons[0].text


async def test_a_journal_that_is_broken_holds_no_cancel_up(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.journal_path("practice").write_bytes(b"this is no journal" * 500)
    exchange = Exchange("x")

    @asynccontextmanager
    async def reach(home: Home, venue: str, settings: object) -> AsyncIterator[Exchange]:
        yield exchange

    monkeypatch.setattr(alone, "_exchange", reach)
    answer = await alone.panic_alone(home)
    assert not exchange.left
    assert answer.outcome is Outcomes.UNKNOWN
    assert "HALTED could not be kept for practice" in answer.reasons[0].text
