"""One key table: no key does two things, all have handlers, help and footer come from it."""

from __future__ import annotations

from kalshi_desk.tui.actions import (
    ACTIONS,
    BY_ID,
    Where,
    clashes,
    in_footer,
    key_name,
    keys_of,
    screen_of,
    unknown_ids,
)
from kalshi_desk.tui.help_text import help_content
from kalshi_desk.tui.layout import Pane, ScreenName
from kalshi_desk.tui.navigator import make_screen
from tests.tui.conftest import MakeApp
from tests.tui.driving import glass, ready


def test_no_key_does_two_things_in_one_place() -> None:
    assert clashes({}) == []
    assert clashes({"buy_yes": "n"}) == ["n would do both buy_yes and buy_no"]
    assert unknown_ids({"buy_yes": "z", "sing": "a"}) == ["sing"]
    assert len(BY_ID) == len(ACTIONS)


async def test_every_action_has_a_handler_and_its_words(make_app: MakeApp) -> None:
    app = make_app()
    screens = {Where(name.value): make_screen(name, app) for name in ScreenName if name != "desk"}
    screens[Where.DESK] = app.desk_screen
    for action in ACTIONS:
        place = Where.DESK if action.where is Where.REPLAY else screen_of(action.where)
        for screen in screens.values() if place is Where.ANY else [screens[place]]:
            assert callable(screen.handler(action.id)), (action.id, screen)
        assert action.tooltip
        assert action.label


def test_help_names_every_action_with_the_persons_own_keys() -> None:
    text = help_content({"buy_yes": "f5"}, 400).plain
    for action in ACTIONS:
        assert action.tooltip in text
    assert "F5" in text
    assert "How to read the screen" in text


def test_the_footer_shows_what_matters_here() -> None:
    table = [action.id for action in in_footer(Pane.QUOTES.value, is_replay=False)]
    ladder = [action.id for action in in_footer(Pane.LADDER.value, is_replay=False)]
    ticket = [action.id for action in in_footer(Pane.TICKET.value, is_replay=False)]
    replay = [action.id for action in in_footer(Pane.QUOTES.value, is_replay=True)]
    assert table[:2] == ["help", "buy_yes"]
    assert "take" in ladder
    assert "take" not in table
    assert "order_kind" in ticket
    assert "sort" not in ticket
    assert "play" in replay
    assert "play" not in table


async def test_the_footer_never_cuts_a_key(make_app: MakeApp) -> None:
    async with make_app().run_test(size=(80, 24)) as pilot:
        app = await ready(pilot)
        for width in (80, 97, 120, 160):
            await pilot.resize_terminal(width, 30)
            await pilot.pause()
            line = glass(app)[-1]
            assert "…" not in line
            assert "? help" in line


def test_keys_are_written_as_on_the_keyboard() -> None:
    assert key_name("question_mark") == "?"
    assert key_name("b") == "b"
    assert keys_of(BY_ID["price_up"], {}) == ("plus", "equals_sign")
    assert keys_of(BY_ID["price_up"], {"price_up": "u, v"}) == ("u", "v")
