"""The drift canary in a running desk: silent on the practice exchange, heard when it changes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from kalshi_desk.core.drift import DriftKind
from kalshi_desk.core.reasons import ReasonCode
from kalshi_desk.core.types import Price, TimeInForce
from kalshi_desk.desk.commands import CancelOrder, Flatten, Outcomes, Resume
from kalshi_desk.engine.shell import EngineShell
from tests.arbiter.recording import recording
from tests.seams.contract import desk_on, order, quoted, status, until

pytestmark = [pytest.mark.long, pytest.mark.timeout(120)]
CREATE = "/trade-api/v2/portfolio/events/orders"


@pytest.fixture
def exchange(tmp_path: Path) -> Iterator[dict[str, Any]]:
    """A practice exchange of one test's own."""
    command = [sys.executable, "-m", "kalshi_desk", "exchange", "--port", "0", "--seed", "7"]
    process = subprocess.Popen(
        [*command, "--json", "--home", str(tmp_path / "home")], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    yield json.loads(process.stdout.readline())
    process.terminate()
    process.wait(15)
    process.stdout.close()


async def until_tradable(shell: EngineShell) -> None:
    await until(lambda: status(shell).link.value == "live" and quoted(shell) is not None)


async def until_checked(shell: EngineShell) -> None:
    await until(lambda: status(shell).drift_checked_ns > 0, 40)


async def buy_one(shell: EngineShell) -> str:
    """Buy a contract at whatever is asked, somewhere, and return where."""
    for attempt in range(9):
        row = quoted(shell)
        if row is None or row.yes_ask is None:
            continue
        order_now = order(row, "1", row.yes_ask, TimeInForce.IOC)
        bought = await shell.submit(f"buy-{attempt}", order_now)
        if bought.orders and bought.orders[0].filled:
            return row.ticker
    raise AssertionError("nobody sold")


@pytest.mark.parametrize("venue", ["practice", "demo", "live"])
async def test_the_practice_exchange_gives_nothing_to_find(
    venue: str, exchange: dict[str, Any], tmp_path: Path
) -> None:
    async with desk_on(venue, exchange, tmp_path) as shell:
        await until_tradable(shell)
        row = quoted(shell)
        assert row is not None
        assert row.yes_ask is not None
        await shell.submit("buy", order(row, "1", row.yes_ask, TimeInForce.IOC))
        rests = await shell.submit("rest", order(row, "2", Price(100), TimeInForce.GTC))
        await shell.submit("cancel", CancelOrder(order=rests.orders[0].order_id))
        await shell.submit("flatten", Flatten(ticker=row.ticker))
        await until_checked(shell)
        view = status(shell)
        assert [finding.text for finding in view.drift] == []
        assert (view.drift_problem, view.risk.value) == ("", "ACTIVE")


async def test_a_paper_desk_looks_at_the_public_answers(
    exchange: dict[str, Any], tmp_path: Path
) -> None:
    async with desk_on("paper", exchange, tmp_path) as shell:
        await until_checked(shell)
        assert (status(shell).drift, status(shell).drift_problem) == ((), "")


async def test_a_word_nobody_knows_in_a_market_leaves_only_reductions(
    exchange: dict[str, Any], tmp_path: Path
) -> None:
    def alter(method: str, path: str, body: bytes) -> bytes:
        return body.replace(b'"market_type":"binary"', b'"market_type":"ternary"')

    with recording(exchange["rest"], alter) as proxy:
        async with desk_on("demo", {**exchange, "rest": proxy.url}, tmp_path) as shell:
            await until_tradable(shell)
            await until(lambda: status(shell).risk.value == "REDUCING")
            (finding,) = status(shell).drift
            assert finding.text == "market.market_type says 'ternary', known are binary, scalar"
            row = quoted(shell)
            assert row is not None
            denied = await shell.submit("buy", order(row, "1", Price(100), TimeInForce.GTC))
            assert [reason.code for reason in denied.reasons] == [ReasonCode.REDUCING]
            assert finding.text in denied.reasons[0].text
            assert not any(seen.method == "POST" for seen in proxy.seen)


async def test_an_end_announced_in_a_good_answer_leaves_only_reductions_until_resumed(
    exchange: dict[str, Any], tmp_path: Path
) -> None:
    is_ending = False

    def alter(method: str, path: str, body: bytes) -> bytes:
        if not (is_ending and method == "POST" and path == CREATE):
            return body
        answer = msgspec.json.decode(body)
        return msgspec.json.encode({**answer, "deprecation": "use /v3 from January on"})

    with recording(exchange["rest"], alter) as proxy:
        async with desk_on("demo", {**exchange, "rest": proxy.url}, tmp_path) as shell:
            await until_tradable(shell)
            row = quoted(shell)
            assert row is not None
            rests = await shell.submit("rest", order(row, "2", Price(100), TimeInForce.GTC))
            await until_checked(shell)
            is_ending = True
            held = await buy_one(shell)
            await until(lambda: status(shell).risk.value == "REDUCING")
            assert "answer to an order.deprecation" in status(shell).risk_reason

            denied = await shell.submit("more", order(row, "1", Price(200), TimeInForce.GTC))
            assert [reason.code for reason in denied.reasons] == [ReasonCode.REDUCING]
            canceled = await shell.submit("cancel", CancelOrder(order=rests.orders[0].order_id))
            assert canceled.orders[0].state == "canceled"
            closed = await shell.submit("close", Flatten(ticker=held))
            assert closed.outcome is Outcomes.DONE, closed
            assert shell.core.state.positions.get(held).count == 0

            await shell.submit("resume", Resume())
            again = await shell.submit("again", order(row, "1", Price(200), TimeInForce.GTC))
            assert again.outcome is Outcomes.DONE, again
            assert status(shell).risk.value == "ACTIVE"


async def test_a_socket_that_went_quiet_is_found_and_its_books_are_sent_anew(
    exchange: dict[str, Any], tmp_path: Path
) -> None:
    def fault(count: int) -> None:
        sent = {"kind": "drop", "count": count}
        httpx.post(f"{exchange['admin']}/fault", json=sent, timeout=10).raise_for_status()

    async with desk_on("demo", exchange, tmp_path) as shell:
        await until_tradable(shell)
        canary = shell.venue._session.feed.canary  # type: ignore[attr-defined]
        fault(10**9)
        for _ in range(5):
            await canary.look(shell.take)
            if status(shell).drift:
                break
        stale = {finding.field for finding in status(shell).drift}
        assert {finding.kind for finding in status(shell).drift} == {DriftKind.STALE}
        assert status(shell).risk.value == "REDUCING"
        live = shell.core.state.markets.by_ticker
        assert not any(live[ticker].is_fresh for ticker in stale)
        fault(-(10**9))  # takes back what is left to drop
        await until(lambda: all(live[ticker].is_fresh for ticker in stale))
