"""The Markets screen: places, search, filters, presets, stars, and opening one on the Desk."""

from __future__ import annotations

import msgspec
import pytest
from textual.widgets import Static

from kalshi_desk.core.events import LinkState
from kalshi_desk.core.records import Market
from kalshi_desk.core.types import Count
from kalshi_desk.desk.commands import Outcomes, Star
from kalshi_desk.desk.service import SetSetting
from kalshi_desk.tui.actions import Where
from kalshi_desk.tui.app import DeskApp
from kalshi_desk.tui.screens.markets import MarketsScreen
from tests.tui.conftest import MakeApp, Seconds
from tests.tui.driving import HELD, DeskPilot, noted, ready, see, shows, until
from tests.tui.scripted import NOW_NS, SECOND, Engine, status

HOSTILE = "a [red]b[/red] [/ [@click=app.bell]c[/] \x1b[31md \u202e\u05d0\u05d1 [YES]?"


async def on_markets(pilot: DeskPilot) -> tuple[DeskApp, MarketsScreen]:
    """Go to the screen and wait for its first answers."""
    app = await ready(pilot)
    await pilot.press("2")
    await see(pilot, "All markets")
    screen = app.nav.base
    assert isinstance(screen, MarketsScreen)
    await until(pilot, lambda: screen.found.rows, "rows")
    return app, screen


async def test_from_the_top_down_to_a_market_and_back_up(make_app: MakeApp, engine: Engine) -> None:
    async with make_app().run_test(size=(120, 40)) as pilot:
        app, screen = await on_markets(pilot)
        await pilot.press(*["down"] * 4)
        await see(pilot, "Economics    ", "18 closing first")
        await pilot.press("enter")
        await see(pilot, "Markets › Economics", "Fed decision in Decem")
        await pilot.press("down", "down")
        await until(pilot, lambda: len(screen.found.items) == 6, "the Fed's markets")
        await pilot.press("l", "down", "l")
        await see(pilot, "Markets › Economics › Fed decision")
        assert screen.current is Where.FOUND
        await until(pilot, lambda: screen.found.rows and screen.row, "rows")
        assert screen.row is not None
        assert screen.row.event_ticker == "KXFED-26NOV23"
        await pilot.press("h", "backspace")
        await until(pilot, lambda: screen.here.names == ("Economics",), "up")
        await until(pilot, lambda: screen.places.cursor_key == "KXFED", "where one came from")
        await pilot.press("escape", "escape")
        await until(pilot, lambda: screen.places.cursor_key == "Economics", "the top")
        assert app.nav.base is screen


async def test_a_search_looks_everywhere_and_shows_where(make_app: MakeApp) -> None:
    async with make_app().run_test(size=(120, 40)) as pilot:
        _, screen = await on_markets(pilot)
        await pilot.press("slash", *"best pict")
        await see(pilot, "Markets · best pict", "7 best match")
        await until(pilot, lambda: len(screen.places.rows) == 2, "one category")
        await pilot.press("enter", "o")
        await see(pilot, "7 closing first")
        assert screen.current is Where.FOUND
        await pilot.press("escape")
        await see(pilot, "65 closing first")
        await pilot.press("slash", *"nothing like it", "enter")
        await see(pilot, "No market fits nothing like it.", "z ends search and filter")
        await pilot.press("z")
        await see(pilot, "65 closing first")


async def test_enter_opens_a_market_on_the_desk(make_app: MakeApp) -> None:
    async with make_app().run_test(size=(80, 24)) as pilot:
        app, _ = await on_markets(pilot)
        await pilot.press("slash", *"3.75%", "enter")
        await see(pilot, "1 best match")
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is app.desk_screen, "the Desk")
        assert app.desk_screen.selected == "KXFED-26NOV23-T2"
        await pilot.press("2")
        await see(pilot, "1 best match")


async def test_a_star_is_a_command_and_shows_when_the_engine_says_so(
    make_app: MakeApp, engine: Engine
) -> None:
    async with make_app().run_test(size=(120, 40)) as pilot:
        _, screen = await on_markets(pilot)
        await pilot.press("tab", "down", "space")
        await until(pilot, lambda: engine.commands, "a star")
        ticker = screen.found.cursor_key
        assert engine.commands == [Star(ticker=ticker, starred=True)]
        row = msgspec.structs.replace(engine.world.rows[ticker], is_starred=True)
        engine.world.rows[ticker] = row
        screen.pages.again()
        await see(pilot, "★")
        await pilot.press("space")
        await until(pilot, lambda: len(engine.commands) == 2, "the star off")
        assert engine.commands[1] == Star(ticker=ticker, starred=False)


async def test_lines_of_the_filter(make_app: MakeApp) -> None:
    async with make_app().run_test(size=(120, 40)) as pilot:
        _, screen = await on_markets(pilot)
        await pilot.press("f", "down", "enter", *"soon", "enter")
        await see(pilot, "is no length of time; write 30m")
        await pilot.press("escape", "enter", *"1d", "enter")
        await see(pilot, "Markets · closes<1d", "18 closing first")
        await pilot.press(*["down"] * 5, "enter")
        await see(pilot, "closes<1d mine")
        await until(pilot, lambda: len(screen.found.items) == 0, "nothing is mine")
        await pilot.press("z")
        await see(pilot, "65 closing first")


async def test_presets_are_chosen_kept_and_dropped(make_app: MakeApp, engine: Engine) -> None:
    async with make_app(presets={"mine-own": "fed spread<3"}).run_test(size=(120, 40)) as pilot:
        _, screen = await on_markets(pilot)
        await pilot.press("w")
        await noted(pilot, "There is no filter to keep")
        await pilot.press("f", "enter", "left", "enter")
        await see(pilot, "Markets · fed spread<3", "6 best match", "mine-own")
        await pilot.press("c")
        await until(pilot, lambda: engine.commands, "forgotten")
        assert engine.commands == [SetSetting(name="tui.presets.mine-own", value="")]
        await until(pilot, lambda: "mine-own" not in screen.form.own, "gone")
        await pilot.press("w", *"Fed close", "enter")
        await until(pilot, lambda: len(engine.commands) == 2, "kept")
        assert engine.commands[1] == SetSetting(name="tui.presets.fed-close", value="fed spread<3")
        await until(pilot, lambda: screen.form.preset == "fed-close", "chosen")
        await pilot.press("w", *"a.b", "enter")
        await noted(pilot, "a.b is no name for a preset")
        engine.answer_outcome = Outcomes.REFUSED
        await pilot.press("w", *"other", "enter")
        await see(pilot, "The preset other was not kept.")
        assert "other" not in screen.form.own


async def test_prices_move_in_place_and_rows_stay(
    make_app: MakeApp, engine: Engine, seconds: Seconds
) -> None:
    async with make_app().run_test(size=(120, 40)) as pilot:
        _, screen = await on_markets(pilot)
        await pilot.press("tab", "o", "down", "down")
        await see(pilot, "65 most traded")
        before, cursor = [str(key) for key in screen.found.items], screen.found.cursor_key
        row = engine.world.rows[cursor]
        assert row.yes_bid is not None
        new = msgspec.structs.replace(row, yes_bid=row.yes_bid + 100, volume=Count(9 * 10**9))
        engine.world.rows[cursor] = new
        seconds.value += 1.5
        await until(pilot, lambda: screen.found.rows[cursor].yes_bid == new.yes_bid, "a new bid")
        assert [str(key) for key in screen.found.items] == before
        engine.listing.state.now_ns += 120 * SECOND
        seconds.value += 1.5
        await until(
            pilot, lambda: [str(key) for key in screen.found.items] != before, "the slow beat"
        )
        assert screen.found.cursor_key == cursor, "the cursor keeps its market"


async def test_what_the_desk_does_not_follow_is_found_and_followed(
    make_app: MakeApp, engine: Engine
) -> None:
    far = Market(ticker="KXFAR-1", title="Far away?", close_ns=NOW_NS + 90_000 * SECOND)
    engine.listing.beyond = {far.ticker: far}
    engine.listing.note = "The desk follows 65 of 66 open markets."
    async with make_app().run_test(size=(120, 40)) as pilot:
        app, screen = await on_markets(pilot)
        await see(pilot, "The desk follows 65 of 66 open markets.")
        await pilot.press("slash", *"far away", "enter")
        await see(pilot, "Far away?", "does not follow this market")
        assert screen.is_beyond
        await pilot.press("d")
        await noted(pilot, "The desk does not follow it")
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is app.desk_screen, "the Desk")
        assert f"book:{far.ticker}" in app.desk_screen.topics
        assert app.desk_screen.selected == HELD
        row = msgspec.structs.replace(engine.world.rows[HELD], ticker=far.ticker, position=Count(0))
        engine.world.rows[far.ticker] = row
        engine.world.fair[far.ticker], engine.world.steps[far.ticker] = 5_000, 100
        engine.put("markets", far.ticker, row)
        await until(pilot, lambda: app.desk_screen.selected == far.ticker, "followed")
        assert app.desk_screen.awaited == ""


async def test_rules_and_the_ticker(make_app: MakeApp) -> None:
    async with make_app().run_test(size=(120, 40)) as pilot:
        app, _ = await on_markets(pilot)
        await see(pilot, "If it happens, the market resolves to Yes.")
        await pilot.press("tab", "y")
        await noted(pilot, "Copied")
        assert app.clipboard.startswith("KX")
        await pilot.press("d")
        await until(pilot, lambda: app.screen is not app.nav.base, "the sheet")
        await until(
            pilot, lambda: "resolves" in str(app.screen.query_one(Static).render()), "rules"
        )


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 40), (200, 55)])
async def test_no_number_is_cut(make_app: MakeApp, size: tuple[int, int]) -> None:
    async with make_app().run_test(size=size) as pilot:
        _, screen = await on_markets(pilot)
        screen.focus_pane(Where.FOUND)
        await see(pilot, "closing first", "22h 34m")
        await pilot.pause()
        for column, width in screen.found.fitted():
            if not column.flex and column.right:
                for row in screen.found.rows.values():
                    assert len(column.cell(row).text) <= width, (column.title, row)


async def test_outside_text_stays_text(make_app: MakeApp, engine: Engine) -> None:
    row = engine.world.rows[HELD]
    engine.world.rows.clear()
    engine.world.rows[HELD] = msgspec.structs.replace(
        row, title=HOSTILE + "x" * 4_000, subtitle=HOSTILE, category=HOSTILE
    )
    async with make_app().run_test(size=(120, 40)) as pilot:
        _, screen = await on_markets(pilot)
        await see(pilot, "a [red]b[/red] [/ [@click")
        await pilot.press("down", "enter", "down", "enter")
        await until(pilot, lambda: len(screen.here.names) == 2, "down")
        await pilot.pause()
        assert not shows(pilot, "\x1b")
        assert not shows(pilot, "\u202e")


async def test_it_says_how_late_and_why_nothing_is_there(make_app: MakeApp, engine: Engine) -> None:
    engine.world.rows.clear()
    engine.rows["status"][""] = status(link=LinkState.CONNECTING, waiting_for="reading the markets")
    async with make_app().run_test(size=(80, 24)) as pilot:
        app = pilot.app
        assert isinstance(app, DeskApp)
        await until(pilot, lambda: app.board.status is not None, "a frame")
        await pilot.press("2")
        await see(pilot, "late: reading the markets", "reading the markets")
