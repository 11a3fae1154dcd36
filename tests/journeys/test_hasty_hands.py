"""Keys that come in one burst, as from a paste, a macro or a slow line: none sends an order."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kalshi_desk.tui.ticket_form import ARM_GUARD_S
from tests.journeys.seat import MARGIN_S, a_market, leave, listed, select_market
from tests.journeys.terminal import Terminal, open_desk
from tests.running_desk import RunningDesk, running_desk

pytestmark = pytest.mark.long

ESCAPE_ENTER = "\x1b\r"
BROKEN = """
import sys
from kalshi_desk.cli.main import main
from kalshi_desk.tui.look_keys import LookKeys
LookKeys.theme = lambda self: {}["broken"]
sys.exit(main(["--home", sys.argv[1]]))
"""


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDesk]:
    """One engine for all terminals of this file."""
    with running_desk(tmp_path_factory.mktemp("hasty") / "home") as running:
        yield running


@pytest.fixture
def terminal(desk: RunningDesk) -> Iterator[Terminal]:
    """The desk on a market that one could trade in."""
    root = desk.home.root
    assert root is not None
    with open_desk(Path(root)) as opened:
        opened.wait_for("ACTIVE")
        select_market(opened, a_market(desk.home))
        yield opened
        assert leave(opened, "d") == 0


def arm(terminal: Terminal) -> None:
    """Arm an order that would rest, and wait until the ticket listens."""
    terminal.press("b", "1", "tab", "1")
    terminal.wait_for("Enter arms · Esc closes")
    terminal.press("enter")
    terminal.wait_for("BUY 1 YES at 1¢")
    terminal.wait_for("Enter sends · Esc back")
    time.sleep(ARM_GUARD_S + MARGIN_S)


def test_escape_and_enter_in_one_read_take_an_armed_order_back(
    desk: RunningDesk, terminal: Terminal
) -> None:
    arm(terminal)
    terminal.press(ESCAPE_ENTER)
    terminal.wait_for("Enter arms · Esc closes")
    terminal.press(ESCAPE_ENTER)
    terminal.wait_for("a second Enter sends.")
    assert listed(desk.home, "orders") == []


def test_escape_and_enter_in_one_read_do_not_panic(desk: RunningDesk, terminal: Terminal) -> None:
    terminal.press("X")
    terminal.wait_for("Enter does it")
    time.sleep(ARM_GUARD_S + MARGIN_S)
    terminal.press(ESCAPE_ENTER)
    terminal.wait_for(lambda seen: "Enter does it" not in seen, what="the dialog closes")
    assert desk.shell("status")["risk"] == "ACTIVE"


def test_a_command_written_at_once_is_whole(desk: RunningDesk, terminal: Terminal) -> None:
    ticker = a_market(desk.home)
    for size in range(2, 8):
        terminal.press(f":buy {ticker} yes {size} @ 1\r")
        terminal.wait_for(f"BUY {size} YES at 1¢")
        terminal.press("escape")
        terminal.wait_for("Enter arms · Esc closes")
        terminal.press("escape")
        terminal.wait_for("a second Enter sends.")
    assert listed(desk.home, "orders") == []


def test_a_search_written_at_once_is_whole(desk: RunningDesk, terminal: Terminal) -> None:
    ticker = a_market(desk.home)
    for _ in range(3):
        terminal.press(f"/{ticker}\r")
        terminal.wait_for(f"“{ticker}”", what="the search in the table's head")
        terminal.press("escape")
        terminal.wait_for(lambda seen: f"“{ticker}”" not in seen, what="no search")


def test_a_terminal_too_small_to_read_takes_no_order(desk: RunningDesk, terminal: Terminal) -> None:
    arm(terminal)
    terminal.resize(60, 15)
    terminal.wait_for("This terminal is 60x15")
    terminal.press("enter", "b", "1", "enter")
    time.sleep(ARM_GUARD_S + MARGIN_S)
    terminal.press("enter", "ctrl+q")
    terminal.wait_for("Enter leaves", what="the last key, so that all before it are read")
    terminal.press("escape")
    terminal.wait_for(lambda seen: "Enter leaves" not in seen, what="the dialog closes")
    terminal.resize(120, 40)
    terminal.wait_for("Enter arms · Esc closes")
    terminal.press("escape")
    terminal.wait_for("a second Enter sends.")
    assert listed(desk.home, "orders") == listed(desk.home, "fills") == []


def test_a_fault_of_the_screen_is_a_sentence_and_the_traceback_is_kept(desk: RunningDesk) -> None:
    command = [sys.executable, "-c", BROKEN, str(desk.home.root)]
    with Terminal(command) as broken:
        broken.wait_for("ACTIVE")
        broken.press("\x1bOQ")  # F2
        assert broken.wait_end() == 1
        assert "failed through a fault of its own" in broken.text
        assert "run kalshi-desk again" in broken.text
        assert "Traceback" not in broken.text
        assert broken.is_restored
    assert "KeyError: 'broken'" in desk.home.cli_log.read_text()
