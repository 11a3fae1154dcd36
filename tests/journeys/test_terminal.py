"""What terminals do to a desk: they vanish, come in twos, shrink, and stop reading."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kalshi_desk.desk.client import LinkClient
from kalshi_desk.store.presence import find_engine, read_token
from tests.journeys.seat import a_market, leave, listed
from tests.journeys.terminal import open_desk
from tests.running_desk import RunningDesk, running_desk, wait_until

pytestmark = pytest.mark.long

FROZEN_S = 5.0
STALL_S = 1.5
"""Far below the 5 s for which the terminal reads nothing, far above what a busy machine adds."""


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDesk]:
    """One engine for all terminals of this file."""
    with running_desk(tmp_path_factory.mktemp("terminal") / "home") as running:
        yield running


def home_of(desk: RunningDesk) -> Path:
    """Return the folder that the desk runs on."""
    assert desk.home.root is not None
    return desk.home.root


def shows_prices(seen: str) -> bool:
    """Whether live prices stand on the screen."""
    return "ACTIVE" in seen and bool(re.search(r"\d¢ +\d+(\.\d)?¢", seen))


def test_a_terminal_that_disappears_and_a_second_desk(desk: RunningDesk) -> None:
    root = home_of(desk)
    with open_desk(root) as first, open_desk(root) as second:
        first.wait_for(shows_prices)
        second.wait_for(shows_prices)
        assert second.process.pid != first.process.pid
        first.disappear()
        wait_until(lambda: first.process.poll() is not None)
        assert desk.process.poll() is None
        clock = re.search(r"\d\d:\d\d:\d\d ET", second.text)
        assert clock is not None
        second.wait_for(lambda seen: clock[0] not in seen, what="the other desk's clock goes on")
        assert desk.shell("status")["engine_pid"] == desk.process.pid
        assert leave(second, "d") == 0
        assert second.is_restored
    assert desk.process.poll() is None


def test_a_window_that_shrinks_and_grows(desk: RunningDesk) -> None:
    with open_desk(home_of(desk)) as terminal:
        terminal.wait_for(shows_prices)
        for columns, rows in ((60, 15), (50, 10)):
            terminal.resize(columns, rows)
            seen = terminal.wait_for(f"This terminal is {columns}x{rows}")
            assert "Ctrl+Q quits" in seen
            assert "¢" not in seen
        terminal.resize(70, 22)
        terminal.wait_for(lambda seen: shows_prices(seen) and "Lad" in seen, what="one pane")
        terminal.resize(120, 40)
        seen = terminal.wait_for(
            lambda seen: shows_prices(seen) and "Ticket" in seen and "Positions" in seen,
            what="all panes",
        )
        assert "This terminal is" not in seen
        assert leave(terminal, "d") == 0


async def pulls_while(desk: RunningDesk, seconds: float) -> list[float]:
    """Pull from the engine all the time and return how long each answer took."""
    record = find_engine(desk.home)
    assert record is not None
    client = LinkClient(record.link, read_token(record), "test")
    await client.connect()
    took: list[float] = []
    try:
        end = time.monotonic() + seconds
        while (began := time.monotonic()) < end:
            await client.pull(("status", "markets"))
            took.append(time.monotonic() - began)
            await asyncio.sleep(0.02)
    finally:
        await client.close()
    return took


def test_a_terminal_that_stops_reading(desk: RunningDesk) -> None:
    """The engine trades on while nobody reads the screen, and the screen catches up."""
    with open_desk(home_of(desk)) as terminal:
        terminal.wait_for(shows_prices)
        ticker = a_market(desk.home)
        terminal.freeze()
        wait_until(lambda: not terminal.is_being_read)
        before = terminal.received
        began = time.monotonic()
        done = desk.shell("buy", ticker, "yes", "3", "@", "2")
        assert done["remaining"] == "3.00"
        took = asyncio.run(pulls_while(desk, FROZEN_S - (time.monotonic() - began)))
        assert terminal.received == before
        assert max(took) < STALL_S, f"the engine stalled for {max(took):.2f} s"
        assert len(took) > 20
        terminal.thaw()
        terminal.wait_for("Orders 1")
        assert [row["remaining"] for row in listed(desk.home, "orders")] == ["3.00"]
        assert leave(terminal, "d") == 0
        assert terminal.is_restored
    desk.shell("cancel", "all")
