"""What the screen shows at every size and in every state, and that outside text stays text."""

from __future__ import annotations

import msgspec
import pytest

from kalshi_desk.core.events import LinkState
from kalshi_desk.core.types import MarketStatus
from kalshi_desk.desk.commands import AskRules, ReplayControl, ReplayStep
from kalshi_desk.desk.frames import EventKind, Level, RiskState
from kalshi_desk.tui.layout import Pane
from kalshi_desk.tui.settings import ExitChoice
from tests.tui.conftest import MakeApp, Seconds
from tests.tui.driving import HELD, glass, noted, ready, see, shows, until
from tests.tui.scripted import Engine, fill, order, position, replay_view, status

HOSTILE = "a [red]b[/red] [/ [@click=app.bell]c[/] \x1b[31md [YES]?"
SHOWN = "a [red]b[/red] [/ [@click=app.bell]c[/]"


async def test_the_first_frame_comes_before_the_engine_and_says_so(
    make_app: MakeApp, engine: Engine
) -> None:
    engine.is_up = False
    async with make_app().run_test(size=(80, 24)) as pilot:
        await see(pilot, "Waiting for the engine", "Ctrl+Q quits.")
        engine.is_up = True
        await see(pilot, "PRACTICE", "equity $10,234.50", "ACTIVE")


async def test_what_the_engine_waits_for_is_said(make_app: MakeApp, engine: Engine) -> None:
    engine.rows["markets"].clear()
    engine.rows["status"][""] = status(
        link=LinkState.CONNECTING, waiting_for="waiting for the exchange to start", equity=None
    )
    async with make_app().run_test(size=(120, 40)) as pilot:
        await see(pilot, "waiting for the exchange to start")


async def test_a_lost_engine_dims_and_comes_back(make_app: MakeApp, engine: Engine) -> None:
    async with make_app().run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        engine.is_up = False
        await see(
            pilot,
            "Engine not reachable: orders live on.",
            "Start it with: kalshi-desk. Numbers are old.",
            "late: engine not reachable",
        )
        assert app.desk_screen.ladder.has_class("-late")
        assert shows(pilot, "120 YES")
        engine.is_up = True
        engine.pid = 5000
        await until(pilot, lambda: not app.desk_screen.banner.text, "no banner")
        assert not app.desk_screen.ladder.has_class("-late")


async def test_a_person_may_start_a_lost_engine(
    make_app: MakeApp, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    async with make_app().run_test(size=(120, 40), notifications=True) as pilot:
        app = await ready(pilot)
        await pilot.press("E")
        await noted(pilot, "The engine runs already.")
        engine.is_up = False
        await see(pilot, "Engine not reachable")
        await pilot.press("E")
        await noted(pilot, "There is no engine to start here.")
        monkeypatch.setattr(app, "_starter", lambda: asked.append(1))
        await pilot.press("6", "E")
        await until(pilot, lambda: asked, "asked")
        assert asked == [1]
        assert engine.commands == []


async def test_a_stale_book_says_how_late_it_is(make_app: MakeApp, engine: Engine) -> None:
    book = engine.world.book(HELD)
    engine.rows[f"book:{HELD}"] = {
        "": msgspec.structs.replace(book, is_fresh=False, stale_reason="gap in the stream")
    }
    async with make_app().run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        await see(pilot, "late: gap in the stream")


@pytest.mark.parametrize(
    ("venue", "word"),
    [("practice", "PRACTICE"), ("paper", "PAPER"), ("demo", "DEMO"), ("live", "● LIVE")],
)
async def test_the_venue_is_a_word(
    make_app: MakeApp, engine: Engine, venue: str, word: str
) -> None:
    engine.rows["status"][""] = status(venue=venue)
    async with make_app().run_test(size=(80, 24)) as pilot:
        await see(pilot, f" {word} ", "equity $10,234.50", "▲ +$34.20", "AUTO 0/0", "ACTIVE")


async def test_resizing_down_and_up(make_app: MakeApp) -> None:
    async with make_app().run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        await pilot.resize_terminal(60, 15)
        await see(pilot, "the desk needs 60x20", "Ctrl+Q quits")
        await pilot.resize_terminal(70, 22)
        await see(pilot, "Markets", "Events")
        await pilot.press("tab")
        await see(pilot, "asks")
        assert not shows(pilot, "chg")
        await pilot.press("g", "f")
        await see(pilot, "BOT 120 YES")
        await pilot.resize_terminal(80, 24)
        await see(pilot, "market", "asks", "BOT 120 YES")
        await pilot.resize_terminal(120, 40)
        await see(pilot, "Ticket", "my fills")
        await pilot.resize_terminal(200, 55)
        await see(pilot, "volume", "bid size", "unrealized", "BOT 120 YES")
        assert app.desk_screen.current is Pane.FILLS


async def test_no_price_is_ever_cut(make_app: MakeApp, engine: Engine) -> None:
    row = engine.world.rows[HELD]
    quotes = {f"{price // 100}¢" for price in (row.yes_bid, row.yes_ask) if price is not None}
    async with make_app().run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        for width in (60, 79, 80, 100, 119, 120, 159, 160, 200):
            await pilot.resize_terminal(width, 30)
            app.desk_screen.focus_pane(Pane.QUOTES)
            await pilot.pause()
            line = next(text for text in glass(app) if "▸" in text and "4.00%" in text)
            assert all(quote in line for quote in quotes), (width, line)


async def test_small_screen_shows_ticket_beside_the_book(make_app: MakeApp) -> None:
    async with make_app().run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("b")
        await see(pilot, "max loss", "break-even", "asks", "Enter arms")
        assert not shows(pilot, "Markets")
        await pilot.press("escape")
        await see(pilot, "Markets")


async def test_search_narrows_as_one_types(make_app: MakeApp) -> None:
    async with make_app().run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        await pilot.press("slash", *"best hamnet")
        await see(pilot, "“best hamnet” 1")
        await pilot.press("enter")
        assert app.desk_screen.selected == "KXOSCARPIC-26NOV23-T1"
        await pilot.press("escape")
        assert app.desk_screen.markets.search == ""


async def test_sorting_and_filters(make_app: MakeApp) -> None:
    async with make_app().run_test(size=(200, 55)) as pilot:
        app = await ready(pilot)
        await pilot.press("o", "o")
        await see(pilot, "by volume")
        rows = app.desk_screen.markets
        volumes = [rows.rows[str(item)].volume for item in rows.items]
        assert volumes == sorted(volumes, reverse=True)
        await pilot.press("f", "f")
        await see(pilot, "my positions 1")


async def test_rows_do_not_jump_while_prices_move(make_app: MakeApp, engine: Engine) -> None:
    async with make_app().run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        await pilot.press("o", "o", "o")
        before = list(app.desk_screen.markets.items)
        for _ in range(5):
            engine.tick(40)
            seq = engine.seq
            await until(pilot, lambda seq=seq: app.board.board_seq == seq, "the tick")
        assert app.desk_screen.markets.items == before


async def test_a_changed_price_flashes_for_two_frames(make_app: MakeApp, engine: Engine) -> None:
    async with make_app().run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        table = app.desk_screen.markets
        row = engine.world.rows[HELD]
        assert row.yes_bid is not None
        engine.put("markets", HELD, msgspec.structs.replace(row, yes_bid=row.yes_bid + 100))
        await until(pilot, lambda: HELD in table._flash, "a flash")
        assert table._flash[HELD]["bid"][0] == "flash-up"
        await until(pilot, lambda: HELD not in table._flash, "no flash")


async def test_mouse(make_app: MakeApp) -> None:
    async with make_app().run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        screen = app.desk_screen
        at = next(n for n, line in enumerate(glass(app)) if "4.25%" in line)
        await pilot.click("#markets", offset=(3, at - 1))
        assert screen.selected == "KXFED-26NOV23-T4"
        await until(pilot, lambda: screen.ladder.book.ticker == screen.selected, "its ladder")
        await pilot.click("#ladder", offset=(10, 8))
        aimed = screen.ladder.cursor
        assert screen.current is Pane.LADDER
        await pilot.press("b")
        await pilot.click("#ladder", offset=(10, 10))
        assert screen.ticket.form.price is not None
        assert aimed is not None
        assert screen.ticket.form.price == aimed - 200
        await pilot.press("escape", "escape")
        await pilot.click("#tabs-left", offset=(18, 0))
        assert screen.current is Pane.ORDERS


async def test_the_ladder_stands_still_while_one_aims(make_app: MakeApp, engine: Engine) -> None:
    async with make_app().run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        ladder = app.desk_screen.ladder
        await pilot.press("right", "down")
        cursor, before = ladder.cursor, ladder._rows[ladder._top].price
        for _ in range(6):
            engine.world.fair[HELD] += 200
            engine.world.move(HELD)
            bid = engine.world.rows[HELD].yes_bid
            await until(pilot, lambda bid=bid: ladder.book.best_bid == bid, "the new bid")
        assert (ladder.cursor, ladder._rows[ladder._top].price) == (cursor, before)
        await pilot.press("z")
        assert ladder.cursor == ladder.book.best_bid


async def test_every_fill_and_reject_is_a_note_and_a_line(
    make_app: MakeApp, engine: Engine
) -> None:
    async with make_app().run_test(size=(120, 40), notifications=True) as pilot:
        await ready(pilot)
        engine.tell(EventKind.FILL, Level.GOOD, "Filled", "BUY 10 YES at 48¢")
        engine.tell(EventKind.REJECTED, Level.ERROR, "Rejected", "The market is closed.")
        await see(pilot, "BUY 10 YES at 48¢", "The market is closed.")
        await pilot.press("g", "e")
        await see(pilot, "✓ Filled: BUY 10 YES", "✗ Rejected: The market")


async def test_history_is_listed_but_not_announced(make_app: MakeApp, engine: Engine) -> None:
    engine.tell(EventKind.FILL, Level.GOOD, "Filled", "yesterday")
    async with make_app().run_test(size=(120, 40), notifications=True) as pilot:
        await ready(pilot)
        assert not shows(pilot, "yesterday")
        await pilot.press("g", "e")
        await see(pilot, "Filled: yesterday")


async def test_halted_is_a_banner(make_app: MakeApp, engine: Engine) -> None:
    engine.rows["status"][""] = status(risk=RiskState.HALTED, risk_reason="panic by a person")
    async with make_app().run_test(size=(120, 40)) as pilot:
        await see(
            pilot, "HALTED (panic by a person): only orders that close positions pass. R resumes."
        )


async def test_reducing_is_a_banner_that_names_the_field(make_app: MakeApp, engine: Engine) -> None:
    engine.rows["status"][""] = status(
        risk=RiskState.REDUCING, risk_reason="order.status says 'frozen'"
    )
    async with make_app().run_test(size=(120, 40)) as pilot:
        await see(
            pilot,
            "REDUCING, only orders that close positions pass (R resumes): "
            "order.status says 'frozen'",
        )


async def test_outside_text_is_shown_as_it_is(make_app: MakeApp, engine: Engine) -> None:
    row = msgspec.structs.replace(engine.world.rows[HELD], title=HOSTILE, subtitle="")
    engine.rows["markets"] = {HELD: row}
    engine.world.rows = {HELD: row}
    engine.rows["positions"] = {HELD: position(engine.world)}
    engine.rows["orders"] = {"c-1": order(engine.world, reason=HOSTILE)}
    engine.rows["fills"] = {"t-1": fill(engine.world)}
    engine.rows["status"][""] = status(exchange_text=HOSTILE, notice=HOSTILE)
    async with make_app().run_test(size=(200, 55), notifications=True) as pilot:
        await ready(pilot)
        engine.tell(EventKind.REJECTED, Level.ERROR, HOSTILE, HOSTILE)
        for key in ("m", "p", "o", "f", "e"):
            await pilot.press("g", key)
            await see(pilot, SHOWN)
        await pilot.press("s")
        await see(pilot, "SELL YES")
        await pilot.press("escape", "g", "d", "d")
        await see(pilot, "If it happens", SHOWN)
        await pilot.press("escape", "x")
        await see(pilot, "Enter does it", SHOWN)
        await pilot.press("escape", "ctrl+q")
        await see(pilot, "Leave the desk", SHOWN)
        assert not any("\x1b" in line for line in glass(pilot.app))


async def test_rules_and_help_are_read_and_left(make_app: MakeApp, engine: Engine) -> None:
    async with make_app().run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        await pilot.press("d")
        await see(pilot, "the market resolves to Yes")
        assert AskRules(ticker=HELD) in engine.queries
        await pilot.press("escape", "question_mark")
        await see(pilot, "buy YES", "Open the ticket to buy YES")
        await pilot.press("escape")
        await until(pilot, lambda: not shows(pilot, "Open the ticket to buy YES"), "no help")


@pytest.mark.parametrize(
    ("letter", "choice"),
    [
        ("d", ExitChoice.DETACH),
        ("l", ExitChoice.LEAVE),
        ("c", ExitChoice.CANCEL),
        ("f", ExitChoice.FLATTEN),
    ],
)
async def test_leaving_asks_and_lists_what_is_open(
    make_app: MakeApp, seconds: Seconds, letter: str, choice: ExitChoice
) -> None:
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("ctrl+q")
        await see(pilot, "Leave the desk", "Open orders (1)", "Positions (1)", "Detach")
        await pilot.press(letter, "enter")
        assert app.return_value is None
        seconds.value += 0.2
        await pilot.press("enter")
    assert app.return_value is choice


async def test_leaving_can_be_taken_back(make_app: MakeApp) -> None:
    async with make_app().run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("f10")
        await see(pilot, "Leave the desk")
        await pilot.press("escape")
        await until(pilot, lambda: not shows(pilot, "Leave the desk"), "the desk")


async def test_a_replay_is_steered(make_app: MakeApp, engine: Engine) -> None:
    engine.rows["status"][""] = status(replay=replay_view())
    async with make_app().run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        await see(pilot, " REPLAY ", "playing", "2x", "25.0%", "1,200 of 4,800 frames")
        await pilot.press("p", "full_stop", "greater_than_sign", "less_than_sign")
        await pilot.press("J", "5", "0", "enter")
        await until(pilot, lambda: len(engine.commands) == 5, "five commands")
        assert engine.commands == [
            ReplayControl(step=ReplayStep.PAUSE),
            ReplayControl(step=ReplayStep.STEP, value=1),
            ReplayControl(step=ReplayStep.SPEED, value=4.0),
            ReplayControl(step=ReplayStep.SPEED, value=1.0),
            ReplayControl(step=ReplayStep.JUMP, value=50.0),
        ]


async def test_settled_markets_leave_the_table_unless_held(
    make_app: MakeApp, engine: Engine
) -> None:
    async with make_app().run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        table = app.desk_screen.markets
        for ticker in (HELD, "KXFED-26NOV23-T4"):
            row = engine.rows["markets"][ticker]
            engine.put(
                "markets", ticker, msgspec.structs.replace(row, status=MarketStatus.FINALIZED)
            )
        await until(pilot, lambda: "KXFED-26NOV23-T4" not in table.items, "gone")
        assert HELD in table.items


async def test_own_keys_replace_those_of_the_table(make_app: MakeApp) -> None:
    async with make_app(keymap={"buy_yes": "f5"}).run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        await see(pilot, "F5 buy YES")
        await pilot.press("b")
        assert not app.desk_screen.ticket.form.is_open
        await pilot.press("f5")
        assert app.desk_screen.ticket.form.is_open


async def test_a_wrong_key_map_or_theme_is_said_and_not_fatal(make_app: MakeApp) -> None:
    app = make_app(keymap={"buy_yes": "n"}, theme="nonsense")
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await ready(pilot)
        await see(pilot, "would do both", "nonsense")
        assert app.theme == "desk-dark"


async def test_the_palette_finds_actions_and_markets(make_app: MakeApp) -> None:
    async with make_app().run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        await pilot.press("ctrl+p", *"hamnet")
        await see(pilot, "KXOSCARPIC-26NOV23-T1")
        await pilot.press("enter")
        await until(pilot, lambda: app.desk_screen.selected == "KXOSCARPIC-26NOV23-T1", "selected")
