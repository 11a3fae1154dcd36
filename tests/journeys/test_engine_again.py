"""An engine killed under an open screen comes back by itself; a stopped one when it is wanted."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kalshi_desk.store.paths import open_home
from kalshi_desk.store.presence import EnginePhase, engine_phase
from tests.journeys.seat import (
    a_market,
    end_all,
    engine_pid,
    leave,
    listed,
    processes_of,
)
from tests.journeys.terminal import open_desk
from tests.running_desk import shell, wait_until

pytestmark = pytest.mark.long

STARTED_S = 40.0
LONGER_THAN_A_START_S = 4.0


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    """A home of its own; nothing runs on it afterwards."""
    yield tmp_path / "home"
    end_all(tmp_path / "home")


def engines_of(root: Path) -> list[int]:
    """Return the engine processes of a home."""
    return [
        process.pid
        for process in processes_of(root)
        if process.cmdline()[2:4] == ["kalshi_desk.cli.main", "engine"]
    ]


def test_a_killed_engine_comes_back_on_both_screens_halted_as_it_was(root: Path) -> None:
    home = open_home(str(root))
    with open_desk(root) as one, open_desk(root) as other:
        one.wait_for("ACTIVE", STARTED_S)
        other.wait_for("ACTIVE", STARTED_S)
        ticker = a_market(home)
        bought = shell(home, "buy", ticker, "yes", "2", "@", "2")
        assert bought.returncode == 0, bought.stderr
        one.wait_for("Orders 1")
        first = engine_pid(home)
        os.kill(first, signal.SIGKILL)
        one.wait_for("Starting it again (1 of 3).")
        for screen in (one, other):
            screen.wait_for("Engine started again", STARTED_S)
            screen.wait_for(
                lambda seen: "Orders 1" in seen and "not reachable" not in seen, STARTED_S
            )
        second = engine_pid(home)
        assert second != first
        # Both screens start one; the one that comes second finds the lock taken and ends.
        wait_until(lambda: engines_of(root) == [second])
        assert [row["remaining"] for row in listed(home, "orders")] == ["2.00"]

        assert shell(home, "panic").returncode == 0
        one.wait_for("HALTED")
        os.kill(second, signal.SIGKILL)
        one.wait_for("Starting it again (2 of 3).")
        one.wait_for(
            lambda seen: "HALTED (panic)" in seen and "not reachable" not in seen, STARTED_S
        )
        assert listed(home, "orders") == []
        assert leave(other, "d") == 0
        assert leave(one, "c") == 0


def test_a_stopped_engine_stays_stopped_until_its_key(root: Path) -> None:
    home = open_home(str(root))
    with open_desk(root) as desk:
        desk.wait_for("ACTIVE", STARTED_S)
        first = engine_pid(home)
        assert shell(home, "stop").returncode == 0
        desk.wait_for("E starts it again; Ctrl+Q leaves.")
        # Nothing could be waited for: what is shown is that nothing happens.
        time.sleep(LONGER_THAN_A_START_S)
        assert engine_phase(home) is EnginePhase.ABSENT
        desk.press("E")
        desk.wait_for("Engine started again", STARTED_S)
        assert engine_pid(home) != first
        desk.wait_for("ACTIVE")
        assert leave(desk, "c") == 0
