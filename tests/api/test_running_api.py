"""The API beside a real engine: the screen's numbers, its own death, and the engine's."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from kalshi_desk.desk.client import LinkClient
from kalshi_desk.desk.frames import EventKind, Frame, PositionRow, StatusView
from kalshi_desk.desk.service_frames import GuestRow
from kalshi_desk.engine.guest_house import listen
from kalshi_desk.store.presence import find_engine, read_token
from tests.journeys.seat import listed
from tests.running_desk import RunningDesk, end, is_alive, shell, start_engine, wait_until

TOPICS = ("status", "positions", "guests")


class Caller:
    """A program that uses the API of a running desk."""

    def __init__(self, desk: RunningDesk) -> None:
        self.desk = desk
        token = desk.home.api_token_path.read_text().strip()
        self.client = httpx.Client(
            base_url=desk.ready["api"],
            # Each call on a connection of its own: a process may end between two of them.
            headers={"Authorization": f"Bearer {token}", "Connection": "close"},
            trust_env=False,
            verify=False,
            timeout=20,
        )

    def get(self, path: str) -> Any:
        answer = self.client.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def frame(self) -> Frame:
        """Return what a screen would be shown now."""

        async def pull() -> Frame:
            record = find_engine(self.desk.home)
            assert record is not None
            client = LinkClient(record.link, read_token(record), "test")
            await client.connect()
            try:
                return await client.pull(TOPICS, 0, 0)
            finally:
                await client.close()

        return asyncio.run(pull())

    def guest(self) -> GuestRow:
        row = self.frame().changed["guests"]["api"]
        assert isinstance(row, GuestRow)
        return row


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDesk]:
    """A desk with its API."""
    root = tmp_path_factory.mktemp("api") / "home"
    root.mkdir()
    with listen(0) as free:
        port = free.getsockname()[1]
    (root / "settings.toml").write_text(f"[api]\nport = {port}\n")
    running = start_engine(root, api=True)
    assert running.ready["api"] == f"http://127.0.0.1:{port}/api"
    yield running
    end(running)


@pytest.fixture(scope="module")
def caller(desk: RunningDesk) -> Caller:
    return Caller(desk)


def test_the_ready_line_says_where_and_the_token_is_private(
    desk: RunningDesk, caller: Caller
) -> None:
    assert desk.home.api_token_path.stat().st_mode & 0o077 == 0
    # Callers that came before the process served have waited and were not turned away.
    assert caller.get("/health")["status"] == "healthy"
    assert shell(desk.home, "api", "url").stdout.strip() == desk.ready["api"]
    token = shell(desk.home, "api", "token").stdout.strip()
    assert caller.client.headers["authorization"] == f"Bearer {token}"
    wait_until(lambda: caller.guest().state == "running")
    assert caller.guest().text == desk.ready["api"]


def test_its_numbers_are_those_of_the_screen(desk: RunningDesk, caller: Caller) -> None:
    market = next(
        row
        for row in listed(desk.home, "markets")
        if row["yes_ask"] and 0.1 < float(row["yes_ask"]) < 0.9 and float(row["yes_ask_size"]) > 9
    )
    cents = round(float(market["yes_ask"]) * 100)
    bought = desk.shell("buy", market["ticker"], "yes", "5", "@", str(cents + 2), "--ioc")
    assert float(bought["filled"]) > 0

    def facts(frame: Frame) -> tuple[Any, ...]:
        status = frame.changed["status"][""]
        assert isinstance(status, StatusView)
        rows = frame.changed["positions"].values()
        held = [row for row in rows if isinstance(row, PositionRow) and row.position]
        return (
            (status.equity, status.buying_power, status.day_pnl),
            [
                (r.ticker, r.position, r.average_price, r.market_price, r.unrealized_pnl)
                for r in held
            ],
        )

    for _ in range(200):
        before = facts(caller.frame())
        time.sleep(0.11)  # what the API shows may be so old
        balance, positions = caller.get("/balance"), caller.get("/positions")
        if facts(caller.frame()) == before:
            break
    else:
        raise AssertionError("prices never stood still")
    (equity, power, day), held = before
    assert balance["totalEquity"] == equity / 1_000_000
    assert balance["available"] == power / 1_000_000
    assert balance["todayPnL"] == day / 1_000_000
    assert [
        (
            row["eventId"],
            round(row["quantity"] * 100),
            round(row["entryPrice"] * 10_000),
            None if row["currentPrice"] is None else round(row["currentPrice"] * 10_000),
            None if row["pnl"] is None else round(row["pnl"] * 1_000_000),
        )
        for row in positions
    ] == held
    assert caller.get("/status")["tradesCount"] >= 1


def test_it_turns_auto_and_changes_limits_like_every_face(
    desk: RunningDesk, caller: Caller
) -> None:
    assert caller.client.post("/start-trading").json()["success"] is True
    assert caller.get("/status")["trading"] is True
    assert caller.client.post("/stop-trading").json()["success"] is True
    assert caller.get("/status")["trading"] is False
    changed = caller.client.post("/config", json={"maxPositionSize": 0.12})
    assert changed.status_code == 200, changed.text
    wait_until(lambda: "position_percent = 12" in desk.home.settings_path.read_text())
    assert caller.get("/config")["maxPositionSize"] == 0.12


def test_a_killed_api_comes_back_on_its_port_and_the_engine_does_not_notice(
    desk: RunningDesk, caller: Caller
) -> None:
    wait_until(lambda: caller.guest().state == "running")
    first = caller.guest()
    os.kill(first.pid, signal.SIGKILL)
    # At once: this call waits in the backlog of the socket that the engine holds.
    assert caller.get("/health")["status"] == "healthy"
    wait_until(lambda: caller.guest().state == "running")
    second = caller.guest()
    assert (second.pid != first.pid, second.restarts) == (True, first.restarts + 1)
    assert second.text == desk.ready["api"]
    assert desk.process.poll() is None
    # The market and the strategies may say something between.
    told = [event.title for event in caller.frame().events if event.kind is EventKind.GUEST]
    assert told[-2:] == ["The API has ended", "The API is back"]
    assert 'guest_restarts_total{guest="api"} 1.0' in caller.client.get("/metrics").text


@pytest.mark.long
def test_a_panic_goes_past_a_frozen_engine(desk: RunningDesk, caller: Caller) -> None:
    market = next(row for row in listed(desk.home, "markets") if row["yes_bid"])
    desk.shell("buy", market["ticker"], "yes", "3", "@", "1", "--post-only")
    desk.process.send_signal(signal.SIGSTOP)
    try:
        answer = caller.client.post("/panic", timeout=60)
        assert answer.status_code == 200
        assert "so the exchange was asked itself" in answer.json()["message"]
        mine = next(one for one in desk.ledger()["accounts"] if one["name"] == "desk")
        assert mine["resting_orders"] == 0
    finally:
        desk.process.send_signal(signal.SIGCONT)
    wait_until(lambda: listed(desk.home, "orders") == [])


def test_the_api_ends_with_a_killed_engine_and_the_next_one_has_its_port(
    desk: RunningDesk, caller: Caller
) -> None:
    wait_until(lambda: caller.guest().state == "running")
    guest = caller.guest()
    desk.kill()
    wait_until(lambda: not is_alive(guest.pid), 5)
    port = int(desk.ready["api"].split(":")[2].partition("/")[0])
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=2)
    assert shell(desk.home, "api", "url").returncode == 3
    again = start_engine(desk.home.data.parent, api=True)
    desk.process = again.process
    assert again.ready["api"] == desk.ready["api"]
    # The same token and the same address: whoever called before goes on.
    assert caller.get("/health")["pythonBot"] == "running"
    assert caller.get("/status")["tradesCount"] >= 0
