"""Pictures of the screen on frames that a real engine gave; made on Python 3.11 only.

``pytest tests/tui/test_pictures.py --snapshot-update`` makes them anew; look at them then.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable

import pytest
from textual.pilot import Pilot

from kalshi_desk.tui.app import DeskApp
from kalshi_desk.tui.settings import ExitChoice, TuiSettings
from tests.tui.driving import HELD, ready, see, until
from tests.tui.machine import add_machine
from tests.tui.recording import RecordedLink, load
from tests.tui.scripted import NOW_NS, Engine, ScriptedLink
from tests.tui.service import add_service

SnapCompare = Callable[..., bool]
SIZES = [(80, 24), (120, 40)]


@pytest.fixture(autouse=True)
def _one_python(request: pytest.FixtureRequest) -> None:
    updating = request.config.getoption("--snapshot-update", default=False)
    if updating and sys.version_info[:2] != (3, 11):
        pytest.fail("pictures are made on Python 3.11 only")


def desk(theme: str = "desk-dark") -> DeskApp:
    """Return the app on the recording."""
    recording = load()
    link = RecordedLink(recording)
    app = DeskApp(
        lambda: link,
        settings=TuiSettings(rate_hz=0, theme=theme, start_ticker=recording.ticker),
        now=lambda: link.now_ns,
        clock_s=lambda: 100.0,
    )
    app.animation_level = "none"
    return app


async def shown(pilot: Pilot[ExitChoice]) -> None:
    """Wait until everything is on the glass."""
    await ready(pilot)
    await pilot.pause()


@pytest.mark.parametrize("size", SIZES, ids=["80x24", "120x40"])
def test_desk(snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    assert snap_compare(desk(), terminal_size=size, run_before=shown)


@pytest.mark.parametrize("size", SIZES, ids=["80x24", "120x40"])
def test_ticket(snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    async def armed(pilot: Pilot[ExitChoice]) -> None:
        app = await ready(pilot)
        await pilot.press("b", "4", "0", "0", "enter")
        form = app.desk_screen.ticket.form
        await until(pilot, lambda: form.armed is not None or form.reasons, "an answer")
        await pilot.pause()

    assert snap_compare(desk(), terminal_size=size, run_before=armed)


@pytest.mark.parametrize("theme", ["desk-light", "desk-green-red", "desk-mono"])
def test_themes(snap_compare: SnapCompare, theme: str) -> None:
    assert snap_compare(desk(theme), terminal_size=(120, 40), run_before=shown)


def test_no_color(snap_compare: SnapCompare, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert snap_compare(desk(), terminal_size=(80, 24), run_before=shown)


def test_one_pane(snap_compare: SnapCompare) -> None:
    assert snap_compare(desk(), terminal_size=(60, 20), run_before=shown)


def test_full_width(snap_compare: SnapCompare) -> None:
    assert snap_compare(desk(), terminal_size=(200, 55), run_before=shown)


def test_leaving(snap_compare: SnapCompare) -> None:
    async def asked(pilot: Pilot[ExitChoice]) -> None:
        await ready(pilot)
        await pilot.press("ctrl+q")
        await pilot.pause()

    assert snap_compare(desk(), terminal_size=(120, 40), run_before=asked)


def machine(theme: str = "desk-dark") -> DeskApp:
    """Return the app on a scripted engine that tells about the machine too."""
    engine = Engine()
    add_machine(engine)
    add_service(engine)
    app = DeskApp(
        lambda: ScriptedLink(engine),
        settings=TuiSettings(rate_hz=0, theme=theme, start_ticker=HELD),
        now=lambda: NOW_NS,
        clock_s=lambda: 100.0,
    )
    app.animation_level = "none"
    return app


def on(digit: str, *keys: str, seen: str) -> Callable[[Pilot[ExitChoice]], Awaitable[None]]:
    """Return a step that goes to a screen, presses keys and waits until a text is there."""

    async def going(pilot: Pilot[ExitChoice]) -> None:
        await ready(pilot)
        await pilot.press(digit, *keys)
        await see(pilot, seen)
        await pilot.pause()

    return going


SCREENS = {
    "strategies": on("5", seen="min_profit"),
    "risk": on("6", seen="BREACHED"),
    "portfolio": on("4", seen="Nov 22"),
    "lab": on("8", "down", seen="arbitrage"),
    "log": on("9", "tab", seen="AUTO on #35"),
}


@pytest.mark.parametrize("size", SIZES, ids=["80x24", "120x40"])
@pytest.mark.parametrize("name", SCREENS)
def test_screens(snap_compare: SnapCompare, name: str, size: tuple[int, int]) -> None:
    assert snap_compare(machine(), terminal_size=size, run_before=SCREENS[name])


@pytest.mark.parametrize("name", ["risk", "portfolio"])
def test_screens_without_colour(snap_compare: SnapCompare, name: str) -> None:
    app = machine("desk-mono")
    assert snap_compare(app, terminal_size=(120, 40), run_before=SCREENS[name])
