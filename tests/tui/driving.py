"""Drives the app in a test: waits for conditions, never for time, and reads the glass.

The apps of these tests have no interval of their own: waiting turns the pump.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from textual.pilot import Pilot

from kalshi_desk.tui.app import DeskApp
from kalshi_desk.tui.settings import ExitChoice
from tests.tui.scripted import HELD

TIMEOUT_S = 10.0

DeskPilot = Pilot[ExitChoice]


async def until(pilot: DeskPilot, condition: Callable[[], object], what: str = "") -> None:
    """Wait until a condition holds; fail with the screen in the message."""
    async with asyncio.timeout(TIMEOUT_S) as limit:
        try:
            while not condition():
                if isinstance(pilot.app, DeskApp):
                    pilot.app.beat()
                await pilot.pause(0.01)
        except asyncio.CancelledError:
            if limit.expired():
                pytest_text = "\n".join(glass(pilot.app))
                raise AssertionError(f"never happened: {what}\n{pytest_text}") from None
            raise


async def ready(pilot: DeskPilot) -> DeskApp:
    """Wait until prices and the ladder of the held market are on the glass."""
    app = pilot.app
    assert isinstance(app, DeskApp)
    await until(pilot, lambda: app.desk_screen.ladder.book is not None, "a ladder")
    await until(pilot, lambda: app.board.chart(app.desk_screen.selected) is not None, "a chart")
    await pilot.pause()
    return app


def glass(app: object) -> list[str]:
    """Return the lines of text that the terminal shows."""
    assert isinstance(app, DeskApp)
    lines = app.screen._compositor.render_strips()
    return ["".join(segment.text for segment in strip) for strip in lines]


def shows(pilot: DeskPilot, text: str) -> bool:
    """Return whether a text is somewhere on the glass."""
    return any(text in line for line in glass(pilot.app))


async def see(pilot: DeskPilot, *texts: str) -> None:
    """Wait until every text is on the glass."""
    for text in texts:
        await until(pilot, lambda text=text: shows(pilot, text), text)


async def noted(pilot: DeskPilot, text: str) -> None:
    """Wait until a note with this text was shown."""
    app = pilot.app
    await until(
        pilot,
        lambda: any(text in f"{note.title} {note.message}" for note in app._notifications),
        text,
    )


__all__ = ["HELD", "DeskPilot", "glass", "noted", "ready", "see", "shows", "until"]
