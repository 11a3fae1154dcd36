"""Keys typed faster than the screen answers: each one counts once, and none blanks the Desk."""

from __future__ import annotations

import pytest
from textual import events
from textual.widgets import Input

from kalshi_desk.desk.commands import Panic
from kalshi_desk.tui.app import DeskApp
from kalshi_desk.tui.dialogs import ConfirmDialog, QuitDialog, TextSheet
from kalshi_desk.tui.palette import DeskPalette
from tests.tui.conftest import MakeApp, Seconds
from tests.tui.driving import DeskPilot, ready, until
from tests.tui.scripted import Engine

CHARACTERS = {"colon": ":", "space": " ", "slash": "/", "enter": "\r", "escape": "\x1b"}


def burst(app: DeskApp, *keys: str) -> None:
    """Type keys without waiting for what any of them does."""
    for key in keys:
        character = CHARACTERS.get(key, key if len(key) == 1 else None)
        app.post_message(events.Key(key, character))


async def opened(pilot: DeskPilot, seconds: Seconds, key: str, kind: type[object]) -> DeskApp:
    """Open something over the Desk and wait until it listens."""
    app = await ready(pilot)
    await pilot.press(key)
    await until(pilot, lambda: isinstance(app.screen, kind), kind.__name__)
    seconds.value += 1
    return app


@pytest.mark.parametrize(
    ("key", "kind", "last"),
    [
        ("X", ConfirmDialog, "enter"),
        ("X", ConfirmDialog, "escape"),
        ("x", ConfirmDialog, "enter"),
        ("ctrl+q", QuitDialog, "escape"),
        ("question_mark", TextSheet, "enter"),
        ("question_mark", TextSheet, "escape"),
        ("d", TextSheet, "q"),
        ("ctrl+p", DeskPalette, "escape"),
    ],
)
async def test_two_quick_answers_leave_the_desk_below(
    make_app: MakeApp, seconds: Seconds, key: str, kind: type[object], last: str
) -> None:
    async with make_app().run_test(size=(120, 40)) as pilot:
        app = await opened(pilot, seconds, key, kind)
        burst(app, last, last, last)
        await pilot.pause()
        await until(pilot, lambda: not isinstance(app.screen, kind), "closed")
        await pilot.pause()
        assert app.desk_screen in app.screen_stack


async def test_two_quick_enters_send_once(
    make_app: MakeApp, engine: Engine, seconds: Seconds
) -> None:
    async with make_app().run_test(size=(120, 40)) as pilot:
        app = await opened(pilot, seconds, "X", ConfirmDialog)
        burst(app, "enter", "enter")
        await until(pilot, lambda: app.screen is app.desk_screen, "the Desk")
        await until(pilot, lambda: engine.commands, "a command")
        await pilot.pause()
        assert engine.commands == [Panic()]


@pytest.mark.parametrize("key", ["pageup", "pagedown", "ctrl+end", "down", "enter"])
async def test_the_palette_bears_a_key_that_comes_at_once(make_app: MakeApp, key: str) -> None:
    async with make_app().run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        burst(app, "ctrl+p", key, key)
        await until(pilot, lambda: isinstance(app.screen, DeskPalette), "the palette")
        await pilot.press(key, "escape")
        await until(pilot, lambda: app.screen is app.desk_screen, "the Desk")


async def test_a_line_typed_at_once_is_whole_and_done_before_the_next_key(
    make_app: MakeApp, engine: Engine
) -> None:
    other = "KXOSCARPIC-26NOV23-T1"
    async with make_app().run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        burst(app, "colon", *"goto", "space", *other, "enter", "b", "7")
        form = app.desk_screen.ticket.form
        await until(pilot, lambda: form.size_text == "7", "the ticket")
        assert form.ticker == app.desk_screen.selected == other
        assert app.desk_screen.bar.history == [f"goto {other}"]


async def test_a_search_typed_at_once_is_whole_and_leaves_nothing_behind(
    make_app: MakeApp,
) -> None:
    async with make_app().run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        markets = app.desk_screen.markets
        burst(app, "slash", *"hamnet", "enter")
        await until(pilot, lambda: markets.search == "hamnet", "the search")
        burst(app, "slash", *"fed", "left", "backspace", "x", "enter")
        await until(pilot, lambda: markets.search == "fxd", "the words edited")
        burst(app, "slash", *"oscar", "escape")
        await until(pilot, lambda: not markets.search, "no search")
        await pilot.pause()
        assert not markets.search


@pytest.mark.parametrize("waits", [True, False])
async def test_a_paste_goes_to_the_line_and_enters_nothing(make_app: MakeApp, waits: bool) -> None:
    async with make_app().run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        burst(app, "colon")
        if waits:
            await pilot.pause()
        app.post_message(events.Paste("buy X yes 2 @ 20\nbuy Y yes 1 @ 1\n"))
        box = app.desk_screen.bar.query_one(Input)
        await until(pilot, lambda: box.value == "buy X yes 2 @ 20", "the first line")
        assert app.desk_screen.bar.display
        assert app.desk_screen.bar.history == []
