"""The Log screen: lines with a filter, alerts from keys and words, and how the desk is."""

from __future__ import annotations

import pytest

from kalshi_desk.desk.frames import EventKind, Level
from kalshi_desk.desk.service import AskLog, DropAlert, LogPage, SetAlert
from kalshi_desk.tui.app import DeskApp
from kalshi_desk.tui.format import zone_name
from kalshi_desk.tui.layout import ScreenName
from kalshi_desk.tui.screens.log import PAGE, LogScreen
from tests.tui.conftest import MakeApp, Seconds
from tests.tui.driving import DeskPilot, ready, see, shows, until
from tests.tui.scripted import HELD, Engine
from tests.tui.service import add_service, line


async def log_screen(pilot: DeskPilot) -> LogScreen:
    """Open the Log."""
    app = await ready(pilot)
    await pilot.press("9")
    screen = app.nav.base
    assert isinstance(screen, LogScreen)
    await until(pilot, lambda: screen.lines.rows, "lines")
    return screen


async def test_lines_alerts_and_health_are_there(make_app: MakeApp, engine: Engine) -> None:
    add_service(engine)
    async with make_app().run_test(size=(120, 40)) as pilot:
        await log_screen(pilot)
        await see(pilot, "AUTO on #35", "! raised", "✗ unread", "No token.", "127.0.0.1:3001")
        assert shows(pilot, "[bold]not markup[/bold] #34")
        assert not shows(pilot, "subscribed to")


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_the_zone_of_the_times_is_named(
    make_app: MakeApp, engine: Engine, size: tuple[int, int]
) -> None:
    add_service(engine)
    async with make_app().run_test(size=size) as pilot:
        await log_screen(pilot)
        await see(pilot, f"time {zone_name()} ")


async def test_new_lines_follow_and_a_cursor_elsewhere_stays(
    make_app: MakeApp, engine: Engine
) -> None:
    log = add_service(engine)
    async with make_app().run_test(size=(120, 40)) as pilot:
        screen = await log_screen(pilot)
        log.append(line(44))
        engine.tell(EventKind.SYSTEM, Level.INFO, "something")
        await see(pilot, "Filled: Bought 120 YES at 46¢ #44")
        assert screen.lines.cursor_key == str(log[-1].number)
        await pilot.press("up", "up")
        stays = screen.lines.cursor_key
        log.append(line(45))
        engine.tell(EventKind.SYSTEM, Level.INFO, "something else")
        newest = log[-1].number
        await until(pilot, lambda: screen.lines.newest == newest, "another line")
        assert screen.lines.cursor_key == stays


async def test_levels_and_words_are_asked_of_the_engine(make_app: MakeApp, engine: Engine) -> None:
    add_service(engine)
    async with make_app().run_test(size=(120, 40)) as pilot:
        await log_screen(pilot)
        await pilot.press("f")
        await see(pilot, "warning and worse")
        await until(pilot, lambda: not shows(pilot, "Connected #"), "fewer lines")
        await pilot.press("f", "f", "f")
        await see(pilot, "info and worse", "Connected #36")
        await pilot.press("slash", *"filled")
        await until(pilot, lambda: not shows(pilot, "AUTO on #"), "only fills")
        await pilot.press("enter")
        await see(pilot, "“filled”", "Filled: Bought 120 YES at 46¢ #38")
        await pilot.press("escape")
        await see(pilot, "AUTO on #35")
        await pilot.press("slash", *"nothing like it", "enter")
        await see(pilot, "No lines with “nothing like it”")


async def test_an_engine_that_reads_long_for_an_answer_is_asked_more_seldom(
    make_app: MakeApp, engine: Engine, seconds: Seconds
) -> None:
    add_service(engine)
    quick = engine.replies[AskLog]

    def slow(query: AskLog) -> LogPage:
        seconds.value += 0.5
        return quick(query)  # type: ignore[operator, no-any-return]

    async with make_app().run_test(size=(120, 40)) as pilot:
        board = (await log_screen(pilot)).desk.board
        engine.replies[AskLog] = slow  # type: ignore[assignment]
        await pilot.press("f")
        await see(pilot, "warning and worse")
        await until(pilot, lambda: not shows(pilot, "Connected #"), "fewer lines")

        def asked() -> int:
            return sum(isinstance(query, AskLog) for query in engine.queries)

        before = asked()
        for number in range(3):
            seconds.value += 2.0
            engine.tell(EventKind.SYSTEM, Level.WARNING, f"number {number}")
            await until(pilot, lambda: board.event_seq == len(engine.events), "the event")
        assert asked() == before
        seconds.value += 4.0
        engine.tell(EventKind.SYSTEM, Level.WARNING, "after ten seconds")
        await until(pilot, lambda: asked() == before + 1, "another question")


async def test_older_lines_come_when_one_stands_on_the_first(
    make_app: MakeApp, engine: Engine
) -> None:
    add_service(engine, lines=2 * PAGE)
    async with make_app().run_test(size=(120, 40)) as pilot:
        screen = await log_screen(pilot)
        first = screen.lines.oldest
        await pilot.press("home")
        await until(pilot, lambda: screen.lines.oldest < first, "older lines")
        assert any(isinstance(q, AskLog) and q.before == first for q in engine.queries)


async def test_an_alert_is_set_and_dropped_by_keys(make_app: MakeApp, engine: Engine) -> None:
    add_service(engine)
    async with make_app().run_test(size=(120, 40)) as pilot:
        await log_screen(pilot)
        await pilot.press("a", *"pnl < -50", "enter")
        await until(pilot, lambda: engine.commands, "a command")
        await pilot.press("tab", "c")
        await until(pilot, lambda: len(engine.commands) == 2, "another command")
        assert engine.commands == [SetAlert(rule="pnl < -50"), DropAlert(alert_id="a1")]


async def test_an_alert_of_the_market_selected_on_the_desk(
    make_app: MakeApp, engine: Engine
) -> None:
    async with make_app().run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        await pilot.press("at", *"62.5", "enter")
        await until(pilot, lambda: engine.commands, "a command")
        assert engine.commands == [SetAlert(rule=f"{HELD} > 62.5")]


@pytest.mark.parametrize("is_wanted", [True, False])
async def test_an_alert_rings_once_where_it_is_wanted(
    make_app: MakeApp, engine: Engine, monkeypatch: pytest.MonkeyPatch, *, is_wanted: bool
) -> None:
    rung: list[bool] = []
    monkeypatch.setattr(DeskApp, "bell", lambda self: rung.append(True))
    app = make_app(bell=is_wanted, alert_toast=is_wanted)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await ready(pilot)
        engine.tell(EventKind.ALERT, Level.WARNING, f"Alert a1: {HELD} > 60", "61.5¢")
        engine.tell(EventKind.FILL, Level.GOOD, "Filled")
        await see(pilot, "Filled")
        assert rung == [True] * is_wanted
        assert shows(pilot, "61.5¢") is is_wanted


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 40), (200, 55)])
async def test_it_fits_every_terminal(
    make_app: MakeApp, engine: Engine, size: tuple[int, int]
) -> None:
    add_service(engine)
    async with make_app().run_test(size=size) as pilot:
        screen = await log_screen(pilot)
        assert screen.NAME is ScreenName.LOG
        await see(pilot, "AUTO on #35", "? help")
        await pilot.press("tab")
        await see(pilot, "tell me when")
        await pilot.press("tab")
        await see(pilot, "connection")
