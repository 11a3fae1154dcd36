"""What a person does at the desk in tests: pick a market, fill the ticket, leave, look around."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import msgspec
import psutil

from kalshi_desk.desk.client import LinkClient
from kalshi_desk.desk.frames import Row
from kalshi_desk.store.paths import Home, open_home
from kalshi_desk.store.presence import find_engine, read_token
from kalshi_desk.tui.ticket_form import ARM_GUARD_S
from tests.journeys.terminal import Terminal
from tests.running_desk import shell

MARGIN_S = 0.1


def listed(home: Home, name: str) -> list[dict[str, Any]]:
    """Return a list of the desk, as the shell prints it."""
    done = shell(home, name, "--json")
    assert done.returncode == 0, done.stderr
    rows: list[dict[str, Any]] = json.loads(done.stdout)
    return rows


def rows_of(home: Home, topic: str) -> dict[str, Row]:
    """Return the rows of a topic, asked over the link without a process of its own."""

    async def pull() -> dict[str, Row]:
        record = find_engine(home)
        assert record is not None, "no engine runs"
        client = LinkClient(record.link, read_token(record), "test")
        await client.connect()
        try:
            return (await client.pull((topic,))).changed.get(topic, {})
        finally:
            await client.close()

    return asyncio.run(pull())


def settled(home: Home, name: str) -> list[dict[str, Any]]:
    """Return a list once it reads the same twice."""
    before = listed(home, name)
    for _ in range(20):
        now = listed(home, name)
        if now == before:
            return now
        before = now
    raise AssertionError(f"{name} never come to rest: {before}")


def a_market(home: Home) -> str:
    """Return a market in cents with a price on both sides, far from its ends and its close."""
    for row in listed(home, "markets"):
        if row["status"] != "active" or None in (row["yes_bid"], row["yes_ask"]):
            continue
        bid, ask = (Decimal(row[name]) * 100 for name in ("yes_bid", "yes_ask"))
        whole = bid == int(bid) and ask == int(ask)
        if whole and bid > 20 and ask < 80 and ask - bid <= 5 and Decimal(row["yes_ask_size"]) > 20:
            return str(row["ticker"])
    raise AssertionError("the crowd makes no market to trade in")


def select_market(terminal: Terminal, ticker: str) -> None:
    """Find a market by its ticker and put the cursor on it."""
    terminal.press("/")
    terminal.wait_for("words of a title")
    terminal.press(ticker, "enter")
    terminal.wait_for(f"{ticker} · closes", what=f"the ladder of {ticker}")


def send_armed(terminal: Terminal, order: str) -> None:
    """Press Enter on a ticket armed with an order, once it listens again, and see it close."""
    terminal.wait_for(lambda seen: order in seen and "Enter sends" in seen, what=f"armed: {order}")
    time.sleep(ARM_GUARD_S + MARGIN_S)
    terminal.press("enter")
    terminal.wait_for(lambda seen: "a second Enter sends." in seen, what="the ticket closes")


def buy_yes(terminal: Terminal) -> None:
    """Buy ten YES of the selected market, a few cents above the best offer to be sure of them."""
    terminal.press("b")
    terminal.wait_for("BUY YES")
    terminal.press("=", "=", "=", "=")
    terminal.wait_for("fills now")
    terminal.wait_for("Enter arms · Esc closes")
    terminal.press("enter")
    send_armed(terminal, "BUY 10 YES at")


def leave(terminal: Terminal, letter: str) -> int:
    """Quit with one of the choices and return the exit code."""
    terminal.press("ctrl+q")
    terminal.wait_for("Enter leaves")
    time.sleep(ARM_GUARD_S + MARGIN_S)
    terminal.press(letter, "enter")
    return terminal.wait_end()


def engine_pid(home: Home) -> int:
    """Return the process that serves a home."""
    return int(msgspec.json.decode(home.ready_path.read_bytes())["pid"])


def exchange_record(home: Home) -> dict[str, Any]:
    """Return where the practice exchange of a home can be reached."""
    record: dict[str, Any] = msgspec.json.decode(home.exchange_ready_path.read_bytes())
    return record


def administer(home: Home, name: str, **fields: Any) -> dict[str, Any]:
    """Ask something of the practice exchange's administrator."""
    address = f"{exchange_record(home)['address']['admin']}/{name}"
    answer = (
        httpx.get(address, timeout=10)
        if name in {"ledger", "health"}
        else httpx.post(address, json=fields, timeout=10)
    )
    answer.raise_for_status()
    found: dict[str, Any] = answer.json()
    return found


def processes_of(root: Path) -> list[psutil.Process]:
    """Return every process that was started with this home."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            alive = process.status() != psutil.STATUS_ZOMBIE
            if alive and any(str(root) in word for word in process.cmdline()):
                found.append(process)
    return found


def end_all(root: Path) -> None:
    """End what a test left on a home, by force."""
    home = open_home(str(root))
    with suppress(OSError, msgspec.MsgspecError, ProcessLookupError, KeyError):
        os.kill(engine_pid(home), signal.SIGTERM)
    _, alive = psutil.wait_procs(processes_of(root), timeout=10)
    for process in alive:
        with suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(alive, timeout=5)
