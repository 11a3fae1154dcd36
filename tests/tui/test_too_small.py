"""A Desk too small to be read takes no key but those that leave it."""

from __future__ import annotations

import pytest
from textual import events

from kalshi_desk.tui.dialogs import ConfirmDialog, QuitDialog, room_for
from kalshi_desk.tui.settings import ExitChoice
from kalshi_desk.tui.ticket_form import Stage
from tests.tui.conftest import MakeApp, Seconds
from tests.tui.driving import ready, see, shows, until
from tests.tui.scripted import Engine, order, position

TINY = (60, 15)


@pytest.mark.parametrize(
    "keys", ["b 1 0 enter enter", "C enter", "X enter", "colon p a n i c enter"]
)
async def test_no_key_trades_out_of_sight(
    make_app: MakeApp, engine: Engine, seconds: Seconds, keys: str
) -> None:
    async with make_app().run_test(size=TINY) as pilot:
        app = await ready(pilot)
        for key in keys.split():
            seconds.value += 1
            await pilot.press(key)
        await pilot.pause()
        app.post_message(events.Paste("panic"))
        await pilot.resize_terminal(120, 40)
        await see(pilot, "Ticket")
        assert app.screen is app.desk_screen
        assert not app.desk_screen.bar.display
        assert not app.desk_screen.ticket.form.is_open
        assert engine.commands == engine.queries == []


async def test_an_armed_ticket_is_disarmed(
    make_app: MakeApp, engine: Engine, seconds: Seconds
) -> None:
    async with make_app().run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        await pilot.press("b", "enter")
        form = app.desk_screen.ticket.form
        await until(pilot, lambda: form.stage is Stage.ARMED, "armed")
        await pilot.resize_terminal(*TINY)
        await until(pilot, lambda: form.stage is Stage.EDIT, "disarmed")
        seconds.value += 1
        await pilot.press("enter", "enter")
        await pilot.resize_terminal(120, 40)
        await see(pilot, "Enter arms")
        assert form.armed is None
        assert engine.commands == []


async def test_a_confirmation_steps_back(
    make_app: MakeApp, engine: Engine, seconds: Seconds
) -> None:
    async with make_app().run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        await pilot.press("X")
        await until(pilot, lambda: isinstance(app.screen, ConfirmDialog), "the dialog")
        await pilot.resize_terminal(*TINY)
        await until(pilot, lambda: app.screen is app.desk_screen, "the Desk")
        seconds.value += 1
        await pilot.press("enter")
        assert engine.commands == []


@pytest.mark.parametrize(
    ("size", "choice"), [(TINY, ExitChoice.FLATTEN), ((50, 9), ExitChoice.DETACH)]
)
async def test_one_leaves_by_what_can_be_read(
    make_app: MakeApp, seconds: Seconds, size: tuple[int, int], choice: ExitChoice
) -> None:
    app = make_app()
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: app.is_connected, "connected")
        await pilot.press("ctrl+q")
        await until(pilot, lambda: isinstance(app.screen, QuitDialog), "the dialog")
        await pilot.pause()
        assert shows(pilot, "Stop, flatten") == (choice is ExitChoice.FLATTEN)
        seconds.value += 1
        await pilot.press("f", "enter")
    assert app.return_value is choice


@pytest.mark.parametrize("size", [(80, 24), (60, 20)])
@pytest.mark.parametrize(
    ("key", "last"),
    [("x", "Enter does it"), ("X", "Enter does it"), ("ctrl+q", "Enter leaves")],
)
async def test_a_long_list_never_hides_the_answers(
    make_app: MakeApp, engine: Engine, size: tuple[int, int], key: str, last: str
) -> None:
    for at in range(30):
        engine.rows["orders"][f"c-{at}"] = order(engine.world, client_order_id=f"c-{at}")
    for ticker in list(engine.world.rows)[:12]:
        engine.rows["positions"][ticker] = position(engine.world, ticker)
    async with make_app().run_test(size=size) as pilot:
        await ready(pilot)
        await pilot.press(key)
        await see(pilot, last, " more")


def test_facts_that_do_not_fit_say_so() -> None:
    facts = ["A sentence that is wrapped:", "  one that is listed and cut", "  two", "", "  three"]
    assert room_for(facts, 60, 5) == facts
    assert room_for(facts, 16, 6)[:3] == ["A sentence that", "is wrapped:", "  one that is l…"]
    assert room_for(facts, 60, 3) == [*facts[:2], "  … 3 more lines"]
    assert room_for(facts, 60, 0) == []
