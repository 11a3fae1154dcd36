"""A day at the desk in a terminal: trade by keyboard, lose the screen, lose the engine, go on."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from kalshi_desk.store.paths import open_home
from tests.journeys.seat import (
    a_market,
    administer,
    buy_yes,
    end_all,
    engine_pid,
    exchange_record,
    leave,
    listed,
    processes_of,
    select_market,
    send_armed,
    settled,
)
from tests.journeys.terminal import open_desk
from tests.running_desk import is_alive, wait_until

pytestmark = pytest.mark.long

STARTED_S = 40.0


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    """A home of its own; nothing runs on it afterwards."""
    yield tmp_path / "home"
    end_all(tmp_path / "home")


def is_trading(seen: str) -> bool:
    """Whether the desk shows an account and live prices."""
    return "ACTIVE" in seen and "equity $" in seen and bool(re.search(r"\d¢ +\d+¢", seen))


def has_ten(seen: str) -> bool:
    """Whether the positions tab shows the ten contracts, and one order rests."""
    return bool(re.search(r"\b10 YES\b.*manual", seen)) and "Orders 1" in seen


def test_a_day(root: Path) -> None:
    """Trade, lose the screen, lose the engine, come back to the same account, and leave."""
    home = open_home(str(root))
    with open_desk(root) as desk:
        desk.wait_for("Waiting for the engine", STARTED_S)
        desk.wait_for(is_trading, STARTED_S, "live prices")
        ticker = a_market(home)
        select_market(desk, ticker)
        buy_yes(desk)
        desk.wait_for("Filled: buy")
        desk.wait_for(lambda seen: re.search(r"Positions 1 .*Fills [1-9]", seen), what="the fill")
        desk.press("@")
        desk.wait_for(f": alert {ticker} >")
        desk.press("escape", ":")
        desk.wait_for("buy TICKER yes 10 @ 45")
        desk.press(f"buy {ticker} yes 5 @ 2", "enter")
        send_armed(desk, "BUY 5 YES at 2¢")
        desk.wait_for(has_ten, what="position and resting order")
        # With the crowd at rest nothing moves the account: every figure must come back.
        administer(home, "pause")
        positions = settled(home, "positions")
        orders, fills = listed(home, "orders"), listed(home, "fills")
        assert [row["ticker"] for row in positions] == [ticker]
        assert positions[0]["position"] == "10.00"
        engine = engine_pid(home)
        desk.kill()

    assert is_alive(engine)
    assert [_lasting(row) for row in listed(home, "orders")] == [_lasting(row) for row in orders]

    with open_desk(root, "--no-restart") as desk:
        desk.wait_for(has_ten, what="the position after the screen was killed")
        assert engine_pid(home) == engine
        os.kill(engine, signal.SIGKILL)
        desk.wait_for(lambda seen: "Engine not reachable" in seen and "E starts it again" in seen)
        desk.press("b")
        desk.wait_for("BUY YES")
        desk.press("escape")
        assert administer(home, "health")["step"] > 0
        mine = [row for row in administer(home, "ledger")["accounts"] if ticker in row["positions"]]
        assert any(row["resting_orders"] == 1 for row in mine)
        assert leave(desk, "d") == 0
        assert desk.is_restored

    with open_desk(root) as desk:
        desk.wait_for(has_ten, STARTED_S, "the position after the engine was killed")
        again = engine_pid(home)
        assert again != engine
        wait_until(lambda: listed(home, "positions") == positions)
        assert [_lasting(row) for row in listed(home, "orders")] == [
            _lasting(row) for row in orders
        ]
        assert listed(home, "fills") == fills
        administer(home, "resume")
        exchange = int(exchange_record(home)["pid"])
        assert is_alive(exchange)
        assert leave(desk, "c") == 0
        assert desk.is_restored
    gone, left = psutil.wait_procs(processes_of(root), timeout=10)
    assert left == [], gone
    assert not is_alive(again)
    assert not is_alive(exchange)


def _lasting(row: dict[str, object]) -> dict[str, object]:
    """Return what of an order survives; when it was last heard of, and its queue, do not."""
    passing = {"ahead", "updated_time"}
    return {name: value for name, value in row.items() if name not in passing}
