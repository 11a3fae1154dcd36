"""Makes ``screenshots/*.png`` from the running engine and practice exchange on a seeded home.

::

    python -m tests.screenshots [--seconds 60] [--only NAME]

It needs the font Fira Code, because a picture in another font has other widths.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import resvg_py
from textual.pilot import Pilot

from kalshi_desk.cli.link import EngineLink
from kalshi_desk.desk.automation import RunBacktest
from kalshi_desk.desk.automation_frames import LabRow
from kalshi_desk.desk.commands import Outcomes
from kalshi_desk.store.paths import Home
from kalshi_desk.tui.app import DeskApp
from kalshi_desk.tui.settings import ExitChoice, TuiSettings
from kalshi_desk.tui.ticket_form import ARM_GUARD_S, Stage
from tests.running_desk import running_desk
from tests.tui.trading_day import trade_a_little

FOLDER = Path(__file__).parents[1] / "screenshots"
FONT_FILE = "FiraCode-Regular.*"
FONT_FOLDERS = (
    Path("/usr/share/fonts"),
    Path("/usr/local/share/fonts"),
    Path("/Library/Fonts"),
    Path.home() / ".local/share/fonts",
    Path.home() / ".fonts",
    Path.home() / "Library/Fonts",
)
NO_FONT = """The font Fira Code is not installed, and pictures in another font come out wrong.
Install it and run this again: apt install fonts-firacode, or brew install font-fira-code."""
WAIT_S = 30.0
SETTLE_S = 1.5

Step = Callable[[Pilot[ExitChoice]], Awaitable[None]]


async def look(pilot: Pilot[ExitChoice]) -> None:
    """Press nothing."""


async def arm(pilot: Pilot[ExitChoice]) -> None:
    """Fill the ticket and arm it."""
    await pilot.press("b", "4", "0", "0", "enter")
    app = pilot.app
    assert isinstance(app, DeskApp)
    form = app.desk_screen.ticket.form
    await _until(pilot, lambda: form.stage is Stage.ARMED or bool(form.reasons))


def press(*keys: str) -> Step:
    """Return a step that presses keys."""

    async def pressing(pilot: Pilot[ExitChoice]) -> None:
        await pilot.press(*keys)
        await pilot.pause(ARM_GUARD_S)

    return pressing


@dataclass(frozen=True)
class Shot:
    """One picture: its name, size of the terminal, theme, and what is done before."""

    name: str
    size: tuple[int, int]
    step: Step = look
    theme: str = "desk-dark"


SHOTS = (
    Shot("desk-80x24", (80, 24)),
    Shot("desk-120x40", (120, 40)),
    Shot("desk-200x55", (200, 55)),
    Shot("ticket-80x24", (80, 24), arm),
    Shot("ticket-120x40", (120, 40), arm),
    Shot("light-120x40", (120, 40), theme="desk-light"),
    Shot("one-pane-60x20", (60, 20)),
    Shot("orders-120x40", (120, 40), press("g", "o")),
    Shot("panic-120x40", (120, 40), press("X")),
    Shot("markets-80x24", (80, 24), press("2")),
    Shot("markets-120x40", (120, 40), press("2", "down", "down")),
    Shot("news-80x24", (80, 24), press("7")),
    Shot("news-120x40", (120, 40), press("7")),
    Shot("strategies-80x24", (80, 24), press("5")),
    Shot("strategies-120x40", (120, 40), press("5")),
    Shot("risk-80x24", (80, 24), press("6")),
    Shot("risk-120x40", (120, 40), press("6")),
    Shot("portfolio-80x24", (80, 24), press("4")),
    Shot("portfolio-120x40", (120, 40), press("4")),
    Shot("lab-80x24", (80, 24), press("8")),
    Shot("lab-120x40", (120, 40), press("8")),
    Shot("log-80x24", (80, 24), press("9")),
    Shot("log-120x40", (120, 40), press("9")),
    Shot("settings-80x24", (80, 24), press("comma")),
    Shot("settings-120x40", (120, 40), press("comma")),
    Shot("leave-120x40", (120, 40), press("ctrl+q")),
    Shot("help-120x40", (120, 40), press("question_mark")),
)


def find_font() -> Path:
    """Return the folder of Fira Code; ends the program with what to install when it is missing."""
    for folder in FONT_FOLDERS:
        for file in folder.rglob(FONT_FILE) if folder.is_dir() else ():
            return file.parent
    sys.exit(NO_FONT)


async def _until(pilot: Pilot[ExitChoice], condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT_S):
        while not condition():
            await pilot.pause(0.05)


async def take(home: Home, shot: Shot, ticker: str, fonts: Path) -> None:
    """Attach a screen to the engine, do what the shot asks for, and write its picture."""
    app = DeskApp(
        lambda: EngineLink(home, None, "screenshots"),
        settings=TuiSettings(rate_hz=4, theme=shot.theme, start_ticker=ticker),
    )
    async with app.run_test(size=shot.size) as pilot:
        await _until(pilot, lambda: app.board.book(ticker) is not None)
        await _until(pilot, lambda: app.board.chart(ticker) is not None)
        await shot.step(pilot)
        await pilot.pause(SETTLE_S)
        svg = app.export_screenshot(title="kalshi-desk", simplify=True)
    picture = resvg_py.svg_to_bytes(
        svg_string=svg,
        font_dirs=[str(fonts)],
        font_family="Fira Code",
        monospace_family="Fira Code",
    )
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{shot.name}.png").write_bytes(bytes(picture))
    print(f"screenshots/{shot.name}.png")


async def backtest(link: EngineLink) -> None:
    """Run a strategy over what the engine has recorded so far."""
    answer = await link.submit(RunBacktest(strategy="arbitrage", recording="newest"))
    assert answer.outcome is Outcomes.DONE, answer
    async with asyncio.timeout(WAIT_S):
        while True:
            frame = await link.pull(("lab",), 0, 0)
            rows = frame.changed.get("lab", {}).values()
            if any(isinstance(row, LabRow) and row.state == "done" for row in rows):
                return
            await asyncio.sleep(0.2)


async def take_all(home: Home, seconds: float, only: str, fonts: Path) -> None:
    """Trade a little, let the market move for so long, and take the pictures."""
    link = EngineLink(home, None, "screenshots")
    await link.connect()
    ticker = await trade_a_little(link)
    await asyncio.sleep(seconds)
    if "lab" in only or not only:
        await backtest(link)
    await link.close()
    for shot in SHOTS:
        if only in shot.name:
            await take(home, shot, ticker, fonts)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--only", default="", help="part of the names of the pictures to make")
    chosen = parser.parse_args()
    fonts = find_font()
    with (
        tempfile.TemporaryDirectory(prefix="desk-") as folder,
        running_desk(Path(folder), news=True) as desk,
    ):
        asyncio.run(take_all(desk.home, chosen.seconds, chosen.only, fonts))


if __name__ == "__main__":
    main()
