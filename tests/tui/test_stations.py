"""Going from screen to screen: keys, words, what is asked of the engine, and what is left armed."""

from __future__ import annotations

import pytest

from kalshi_desk.desk.automation import SetAuto
from kalshi_desk.desk.commands import Panic
from kalshi_desk.tui.dialogs import ConfirmDialog
from kalshi_desk.tui.layout import Pane, ScreenName
from kalshi_desk.tui.ticket_form import Stage
from kalshi_desk.tui.typed_dialog import TypedDialog
from tests.tui.conftest import MakeApp, Seconds
from tests.tui.driving import HELD, glass, ready, see, until
from tests.tui.machine import add_machine, strategies
from tests.tui.scripted import Engine, ScriptedLink, status
from tests.tui.service import add_service

OTHERS = [
    ("2", ScreenName.MARKETS, "All markets"),
    ("5", ScreenName.STRATEGIES, "Strategies"),
    ("6", ScreenName.RISK, "Limits"),
    ("4", ScreenName.PORTFOLIO, "Gross to net"),
    ("7", ScreenName.NEWS, "News is off"),
    ("8", ScreenName.LAB, "Backtests"),
    ("9", ScreenName.LOG, "Log"),
]


@pytest.fixture(autouse=True)
def _machine(engine: Engine) -> None:
    add_machine(engine)
    add_service(engine)


@pytest.mark.parametrize(("digit", "name", "title"), OTHERS)
@pytest.mark.parametrize(
    "size",
    [
        (80, 24),
        *(pytest.param(size, marks=pytest.mark.long) for size in ((60, 20), (120, 40), (200, 55))),
    ],
)
async def test_digits_and_words_go_there_and_back(
    make_app: MakeApp, digit: str, name: ScreenName, title: str, size: tuple[int, int]
) -> None:
    async with make_app().run_test(size=size) as pilot:
        app = await ready(pilot)
        await pilot.press(digit)
        await see(pilot, title, "PRACTICE", "? help")
        assert app.nav.base.NAME is name
        await pilot.press("1")
        await until(pilot, lambda: app.screen is app.desk_screen, "the Desk")
        await pilot.press("colon", *f"goto {name.value}", "enter")
        await see(pilot, title)
        await pilot.press("colon", *"goto desk", "enter")
        await until(pilot, lambda: app.screen is app.desk_screen, "the Desk")


@pytest.mark.parametrize(
    ("letter", "name"),
    [
        ("m", "markets"),
        ("a", "portfolio"),
        ("s", "strategies"),
        ("r", "risk"),
        ("n", "news"),
        ("b", "lab"),
        ("j", "log"),
    ],
)
async def test_g_and_a_letter(make_app: MakeApp, letter: str, name: str) -> None:
    async with make_app().run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        await pilot.press("g")
        await see(pilot, "l ladder", "m Markets", "n News", "b Lab", "j Log")
        await pilot.press(letter)
        await until(pilot, lambda: name == app.nav.base.NAME, name)
        await pilot.press("g", "o")
        await until(pilot, lambda: app.screen is app.desk_screen, "the Desk")
        assert app.desk_screen.current is Pane.ORDERS
        await pilot.press("g", letter)
        await until(pilot, lambda: name == app.nav.base.NAME, name)
        await pilot.press("g", "d")
        await until(pilot, lambda: app.screen is app.desk_screen, "the Desk")


async def test_the_jumps_of_the_desk_are_as_before(make_app: MakeApp) -> None:
    async with make_app().run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        for key, pane in (("l", "ladder"), ("p", "positions"), ("e", "events"), ("d", "quotes")):
            await pilot.press("g", key)
            assert app.desk_screen.current == pane
            assert app.screen is app.desk_screen


async def test_only_the_topics_of_the_screen_in_sight_are_asked_for(
    make_app: MakeApp, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[set[str]] = []
    pull = ScriptedLink.pull

    async def noted(link: ScriptedLink, topics: tuple[str, ...], *at: int) -> object:
        asked.append(set(topics))
        return await pull(link, topics, *at)

    monkeypatch.setattr(ScriptedLink, "pull", noted)
    async with make_app().run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        always = {"status", "positions", "orders", "fills", "strategies"}
        assert not set().union(*asked) - always - {"markets", f"book:{HELD}", f"chart:{HELD}"}
        await pilot.press("6")
        await see(pilot, "Largest event")
        asked.clear()
        for _ in range(10):
            frames = app.pump.frames
            await until(pilot, lambda frames=frames: app.pump.frames > frames, "a frame")
        assert set().union(*asked) == always | {"limits", "exposure", "stops", "correlations"}


async def test_what_changed_while_the_desk_was_out_of_sight_is_there_again(
    make_app: MakeApp, engine: Engine
) -> None:
    async with make_app().run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        await pilot.press("5")
        await see(pilot, "Why not")
        engine.tick(60)
        engine.put("status", "", status(equity=None))
        await until(pilot, lambda: app.board.status and app.board.status.equity is None, "a frame")
        assert app.board.markets != engine.world.rows
        await pilot.press("1")
        await until(pilot, lambda: app.board.markets == engine.world.rows, "new prices")
        await until(pilot, lambda: app.desk_screen.markets.rows == engine.world.rows, "shown")


async def test_an_armed_ticket_is_disarmed_when_its_screen_is_left(
    make_app: MakeApp, engine: Engine, seconds: Seconds
) -> None:
    async with make_app().run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        form = app.desk_screen.ticket.form
        await pilot.press("b", "enter")
        await until(pilot, lambda: form.stage is Stage.ARMED, "armed")
        app.go(ScreenName.RISK)
        await see(pilot, "Limits")
        assert form.armed is None
        seconds.value += 1
        await pilot.press("enter", "escape", "1", "enter")
        await until(pilot, lambda: app.screen is app.desk_screen, "the Desk")
        await pilot.pause()
        assert engine.commands == []


async def test_a_ticket_that_waits_for_its_answer_is_not_armed_out_of_sight(
    make_app: MakeApp, engine: Engine
) -> None:
    async with make_app().run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        form = app.desk_screen.ticket.form
        await pilot.press("b")
        form.size_text, form.wants_arm = "7", True
        app.go(ScreenName.RISK)
        await see(pilot, "Limits")
        app.desk_screen.trade.ask_preview()
        await until(pilot, lambda: form.is_current, "an answer")
        assert form.armed is None


@pytest.mark.parametrize(("digit", "name", "title"), OTHERS)
async def test_panic_works_on_every_screen(
    make_app: MakeApp,
    engine: Engine,
    seconds: Seconds,
    digit: str,
    name: ScreenName,
    title: str,
) -> None:
    async with make_app().run_test(size=(80, 24)) as pilot:
        app = await ready(pilot)
        await pilot.press(digit)
        await see(pilot, title)
        await pilot.press("X")
        await see(pilot, "PANIC", "BUY 60 YES")
        await pilot.press("enter")
        assert engine.commands == []
        seconds.value += 1
        await pilot.press("enter")
        await until(pilot, lambda: engine.commands == [Panic()], "panic")
        assert app.nav.base.NAME is name


async def test_auto_off_is_at_once_and_on_names_who_would_trade(
    make_app: MakeApp, engine: Engine, seconds: Seconds
) -> None:
    async with make_app().run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        await pilot.press("A")
        await until(pilot, lambda: engine.commands == [SetAuto(on=False)], "off")
        engine.put("status", "", status(auto_total=1))
        await until(pilot, lambda: not app.board.is_auto_on, "off")
        await pilot.press("A")
        await see(pilot, "AUTO ON, PRACTICE", "Would trade (1)", "arbitrage  Static", "Would not")
        assert isinstance(app.screen, ConfirmDialog)
        seconds.value += 1
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.desk_screen, "the Desk")
        assert len(engine.commands) == 1
        await pilot.press("A")
        seconds.value += 1
        await pilot.press("enter")
        await until(pilot, lambda: engine.commands[1:] == [SetAuto(on=True)], "on")


async def test_with_real_money_auto_needs_a_word(
    make_app: MakeApp, engine: Engine, seconds: Seconds
) -> None:
    engine.rows["status"][""] = status(venue="live")
    async with make_app().run_test(size=(80, 24)) as pilot:
        app = await ready(pilot)
        await pilot.press("A")
        await see(pilot, "REAL MONEY: AUTO ON, LIVE", "Type TRADE to confirm")
        assert isinstance(app.screen, TypedDialog)
        seconds.value += 1
        await pilot.press("enter", *"trad", "enter", "x", "enter")
        assert engine.commands == []
        await pilot.press("backspace", "e", "enter")
        await until(pilot, lambda: engine.commands == [SetAuto(on=True)], "on")


async def test_a_typed_order_opens_the_ticket_of_the_desk(
    make_app: MakeApp, engine: Engine
) -> None:
    async with make_app().run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        await pilot.press("5")
        await see(pilot, "Why not")
        await pilot.press("colon", *f"buy {HELD} yes 10 @ 45", "enter")
        await until(pilot, lambda: app.screen is app.desk_screen, "the Desk")
        await until(pilot, lambda: app.desk_screen.ticket.form.stage is Stage.ARMED, "armed")
        assert engine.commands == []
        await pilot.press("6")
        assert app.screen is app.desk_screen, "a digit is typed into the ticket"


async def test_no_key_of_a_screen_too_small_does_anything(
    make_app: MakeApp, engine: Engine, seconds: Seconds
) -> None:
    async with make_app().run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        await pilot.press("5", "tab", "enter", "9")
        await until(pilot, lambda: app.nav.base.NAME == "strategies", "the screen")
        await pilot.resize_terminal(60, 15)
        await see(pilot, "the desk needs 60x20")
        for key in ("enter", "m", "X", "A", "enter", "1"):
            seconds.value += 1
            await pilot.press(key)
        await pilot.resize_terminal(120, 40)
        await see(pilot, "Why not")
        assert app.screen is app.nav.base
        assert app.nav.base.NAME == "strategies"
        assert engine.commands == []


async def test_a_lost_engine_dims_every_screen(make_app: MakeApp, engine: Engine) -> None:
    async with make_app().run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        await pilot.press("6")
        await see(pilot, "BREACHED")
        engine.is_up = False
        await see(pilot, "Engine not reachable", "late: engine not reachable")
        engine.is_up = True
        engine.rows["limits"].pop("max_event")
        engine.pid = 5000
        await until(pilot, lambda: not app.nav.base.banner.text, "no banner")
        await until(pilot, lambda: not any("BREACHED" in line for line in glass(app)), "new rows")


async def test_outside_text_stays_text_on_every_screen(make_app: MakeApp, engine: Engine) -> None:
    hostile = "a [red]b[/red] [/ [@click=app.bell]c[/] \x1b[31md [YES]?"
    rows = strategies()
    import msgspec

    changed = {"title": hostile, "help": hostile, "fault": hostile, "proof": hostile}
    engine.rows["strategies"] = {
        "arbitrage": msgspec.structs.replace(rows["arbitrage"], **changed)  # type: ignore[type-var]
    }
    engine.rows["limits"] = {
        key: msgspec.structs.replace(row, title=hostile, help=hostile)  # type: ignore[type-var]
        for key, row in engine.rows["limits"].items()
    }
    async with make_app().run_test(size=(160, 45)) as pilot:
        await ready(pilot)
        await pilot.press("5")
        await see(pilot, "a [red]b[/red] [/ [@click")
        await pilot.press("6")
        await see(pilot, "a [red]b[/red] [/ [@click")
        await pilot.press("A")
        await until(pilot, lambda: engine.commands, "off")
        engine.put("status", "", status())
        await pilot.press("A")
        await until(pilot, lambda: "\x1b" not in "".join(glass(pilot.app)), "no escapes")
