"""The settings overlay: looked through, searched, changed in place, refused in words."""

from __future__ import annotations

import sys
from collections.abc import Callable

import msgspec
import pytest

from kalshi_desk.desk.commands import Panic
from kalshi_desk.desk.service import SetSetting
from kalshi_desk.tui.settings_overlay import SettingsOverlay
from tests.tui.driving import DeskPilot, glass, ready, see, shows, until
from tests.tui.scripted import Engine
from tests.tui.settings_desk import HOSTILE, PATH, Keeper, app_with

SnapCompare = Callable[..., bool]
SIZES = [(80, 24), (120, 40)]


@pytest.fixture(autouse=True)
def _one_python(request: pytest.FixtureRequest) -> None:
    updating = request.config.getoption("--snapshot-update", default=False)
    if updating and sys.version_info[:2] != (3, 11):
        pytest.fail("pictures are made on Python 3.11 only")


@pytest.fixture
def keeper() -> Keeper:
    return Keeper()


async def opened(pilot: DeskPilot) -> SettingsOverlay:
    """Open the overlay and wait for the settings."""
    await ready(pilot)
    await pilot.press("comma")
    await see(pilot, "position_percent")
    assert isinstance(pilot.app.screen, SettingsOverlay)
    return pilot.app.screen


async def search(pilot: DeskPilot, words: str) -> None:
    """Search for words and go to the list."""
    await pilot.press("slash", *("space" if char == " " else char for char in words), "enter")


async def type_over(pilot: DeskPilot, text: str) -> None:
    """Open the value under the cursor, write over it and enter it."""
    names = {" ": "space", "=": "equals_sign", "/": "slash", ".": "full_stop", "-": "minus"}
    await pilot.press("enter", "ctrl+u", *(names.get(char, char) for char in text), "enter")


def sent(engine: Engine) -> list[SetSetting]:
    return [command for command in engine.commands if isinstance(command, SetSetting)]


async def test_it_shows_value_source_and_help(engine: Engine, keeper: Keeper) -> None:
    async with app_with(engine, keeper).run_test(size=(120, 40)) as pilot:
        overlay = await opened(pilot)
        await see(pilot, PATH, "environment", "Limits and sizes")
        assert overlay.table.select("risk.daily_loss_percent")
        await see(pilot, "It comes from the environment.", "default 2")
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(pilot.app.screen, SettingsOverlay))


async def test_a_value_is_changed_in_place(engine: Engine, keeper: Keeper) -> None:
    async with app_with(engine, keeper).run_test(size=(80, 24)) as pilot:
        overlay = await opened(pilot)
        await search(pilot, "position_percent")
        assert overlay.table.cursor_key == "risk.position_percent"
        await type_over(pilot, "7.5")
        await until(pilot, lambda: overlay.table.every["risk.position_percent"].value == "7.5")
        assert sent(engine) == [SetSetting(name="risk.position_percent", value="7.5")]
        await see(pilot, "7.5")


async def test_an_empty_value_takes_the_default(engine: Engine, keeper: Keeper) -> None:
    async with app_with(engine, keeper).run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        await search(pilot, "position_percent")
        await type_over(pilot, "")
        await until(pilot, lambda: sent(engine))
        assert sent(engine) == [SetSetting(name="risk.position_percent", value="")]


async def test_what_is_unchanged_is_not_sent(engine: Engine, keeper: Keeper) -> None:
    async with app_with(engine, keeper).run_test(size=(80, 24)) as pilot:
        overlay = await opened(pilot)
        await search(pilot, "position_percent")
        await pilot.press("enter", "enter")
        await until(pilot, lambda: overlay.table.edit is None)
        await pilot.press("enter", "9", "escape")
        await until(pilot, lambda: overlay.table.edit is None)
        assert sent(engine) == []


async def test_a_refusal_keeps_what_was_typed(engine: Engine, keeper: Keeper) -> None:
    keeper.refuse = lambda command: "risk.position_percent can't be '200'; allowed is 0.1 to 100."
    async with app_with(engine, keeper).run_test(size=(80, 24)) as pilot:
        overlay = await opened(pilot)
        await search(pilot, "position_percent")
        await type_over(pilot, "200")
        await until(pilot, lambda: overlay.table.edit is not None and overlay.table.edit.problem)
        assert overlay.table.edit is not None
        assert overlay.table.edit.text == "200"
        assert "allowed is 0.1 to 100" in overlay.table.detail_text()
        assert overlay.table.every["risk.position_percent"].value == "5"


async def test_few_possible_values_are_chosen(engine: Engine, keeper: Keeper) -> None:
    async with app_with(engine, keeper).run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        await search(pilot, "log.level")
        await pilot.press("enter", "right", "enter")
        await until(pilot, lambda: sent(engine))
        assert sent(engine) == [SetSetting(name="log.level", value="warning")]


async def test_an_entry_of_a_table_is_written_with_its_name(engine: Engine, keeper: Keeper) -> None:
    async with app_with(engine, keeper).run_test(size=(80, 24)) as pilot:
        overlay = await opened(pilot)
        assert overlay.table.select("telegram.users")
        await type_over(pilot, "12")
        await see(pilot, "NAME = VALUE")
        assert sent(engine) == []
        await pilot.press("escape")
        await type_over(pilot, "12 = view")
        await until(pilot, lambda: sent(engine))
        assert sent(engine) == [SetSetting(name="telegram.users.12", value="view")]


async def test_a_key_that_would_do_two_things_is_refused(engine: Engine, keeper: Keeper) -> None:
    async with app_with(engine, keeper).run_test(size=(80, 24)) as pilot:
        overlay = await opened(pilot)
        assert overlay.table.select("tui.keymap")
        await type_over(pilot, "buy_yes = n")
        await see(pilot, "would do both")
        assert overlay.table.edit is not None
        assert sent(engine) == []


@pytest.mark.parametrize("name", ["keys.demo", "telegram.server"])
async def test_secrets_and_what_is_changed_by_hand_do_not_open(
    engine: Engine, keeper: Keeper, name: str
) -> None:
    async with app_with(engine, keeper).run_test(size=(120, 40)) as pilot:
        overlay = await opened(pilot)
        assert overlay.table.select(name)
        await pilot.press("enter", "9", "enter")
        assert overlay.table.edit is None
        assert sent(engine) == []
        await see(pilot, "neither set nor shown" if name == "keys.demo" else "by hand only")


async def test_search_finds_by_words_of_help_and_shows_all_again(
    engine: Engine, keeper: Keeper
) -> None:
    async with app_with(engine, keeper).run_test(size=(80, 24)) as pilot:
        overlay = await opened(pilot)
        every = len(overlay.table.rows)
        await search(pilot, "halts desk")
        assert list(overlay.table.rows) == ["risk.daily_loss_percent"]
        await pilot.press("escape")
        assert len(overlay.table.rows) == every
        await pilot.press("slash", *"zzzz")
        await see(pilot, "No setting holds")


async def test_hostile_values_are_plain_text(engine: Engine, keeper: Keeper) -> None:
    row = keeper.rows["tui.theme"]
    keeper.rows["tui.theme"] = msgspec.structs.replace(
        row, value=HOSTILE, default=HOSTILE, help=HOSTILE * 50, choices=(), source=HOSTILE
    )
    keeper.rows["log.level"] = msgspec.structs.replace(
        keeper.rows["log.level"], value="9" * 100_000, name="x." + "y" * 9_000
    )
    keeper.warnings = (HOSTILE,)
    async with app_with(engine, keeper).run_test(size=(80, 24)) as pilot:
        overlay = await opened(pilot)
        for name in ("tui.theme", "x." + "y" * 9_000):
            assert overlay.table.select(name)
            await pilot.press("enter")
            await pilot.pause()
            lines = glass(pilot.app)
            assert not any(char in line for line in lines for char in "\x1b\x07\u202e")
            await pilot.press("escape")
        assert overlay.table.select("tui.theme")
        await see(pilot, "[red]boom[/red]")


async def test_without_an_answer_it_says_so_and_asks_again(engine: Engine, keeper: Keeper) -> None:
    async with app_with(engine, keeper).run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        engine.is_up = False
        await pilot.press("comma")
        await see(pilot, "does not answer")
        engine.is_up = True
        await until(pilot, lambda: pilot.app.is_connected)  # type: ignore[attr-defined]
        await pilot.press("r")
        await see(pilot, "position_percent")


async def test_panic_works_over_it(engine: Engine, keeper: Keeper) -> None:
    async with app_with(engine, keeper).run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        await pilot.press("X")
        await see(pilot, "Enter does it")
        assert not any(isinstance(command, Panic) for command in engine.commands)


async def test_the_theme_is_worn_at_once(engine: Engine, keeper: Keeper) -> None:
    async with app_with(engine, keeper).run_test(size=(80, 24)) as pilot:
        overlay = await opened(pilot)
        before = pilot.app.theme
        assert overlay.table.select("tui.theme")
        await pilot.press("enter", "right", "enter")
        await until(pilot, lambda: pilot.app.theme != before)
        assert pilot.app.theme == sent(engine)[0].value


async def test_the_rate_is_kept_at_once(
    engine: Engine, keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSH_CONNECTION", raising=False)
    app = app_with(engine, keeper)
    rates: list[float] = []
    monkeypatch.setattr(app, "set_rate", rates.append)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        for value in ("20", "", "junk"):
            app.send(SetSetting(name="tui.rate_hz", value=value))
        app.send(SetSetting(name="tui.ssh_rate_hz", value="3"))
        await until(pilot, lambda: len(sent(engine)) == 4)
        await pilot.pause()
    assert rates == [0.0, 20.0, 8.0]


async def test_the_command_line_completes_names(engine: Engine, keeper: Keeper) -> None:
    async with app_with(engine, keeper).run_test(size=(80, 24)) as pilot:
        app = await ready(pilot)
        words = app.desk_screen.common.words
        assert words(["set"]) == []
        await until(pilot, lambda: "risk.position_percent" in words(["set"]))
        assert not any(name.startswith("keys.") for name in words(["set"]))
        assert keeper.asked == 1


async def test_the_command_line_sets_too(engine: Engine, keeper: Keeper) -> None:
    async with app_with(engine, keeper).run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("colon", *"set", "space", *"api", "full_stop", *"port", "space", *"0")
        await pilot.press("enter")
        await until(pilot, lambda: sent(engine))
        assert sent(engine) == [SetSetting(name="api.port", value="0")]


async def test_it_goes_when_the_terminal_gets_too_small(engine: Engine, keeper: Keeper) -> None:
    async with app_with(engine, keeper).run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        await pilot.resize_terminal(50, 15)
        await until(pilot, lambda: not isinstance(pilot.app.screen, SettingsOverlay))


# --- pictures ------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES, ids=["80x24", "120x40"])
def test_picture(
    snap_compare: SnapCompare, engine: Engine, keeper: Keeper, size: tuple[int, int]
) -> None:
    async def shown(pilot: DeskPilot) -> None:
        overlay = await opened(pilot)
        overlay.table.select("risk.daily_loss_percent")
        await pilot.pause()

    assert snap_compare(app_with(engine, keeper), terminal_size=size, run_before=shown)


@pytest.mark.parametrize("size", SIZES, ids=["80x24", "120x40"])
def test_picture_of_a_refusal(
    snap_compare: SnapCompare, engine: Engine, keeper: Keeper, size: tuple[int, int]
) -> None:
    keeper.refuse = lambda command: (
        "risk.position_percent can't be '200'; allowed is a number from 0.1 to 100 in per cent "
        "(2 means 2 %). Nothing was changed."
    )

    async def refused(pilot: DeskPilot) -> None:
        overlay = await opened(pilot)
        overlay.table.select("risk.position_percent")
        await type_over(pilot, "200")
        await until(pilot, lambda: overlay.table.edit is not None and overlay.table.edit.problem)
        pilot.app.clear_notifications()
        await pilot.pause()

    assert snap_compare(app_with(engine, keeper), terminal_size=size, run_before=refused)


def test_picture_of_a_search_in_light(
    snap_compare: SnapCompare, engine: Engine, keeper: Keeper
) -> None:
    async def searched(pilot: DeskPilot) -> None:
        await opened(pilot)
        await pilot.press("slash", *"telegram")
        assert shows(pilot, "users")
        await pilot.pause()

    app = app_with(engine, keeper, theme="desk-light")
    assert snap_compare(app, terminal_size=(80, 24), run_before=searched)
