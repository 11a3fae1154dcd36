"""The News screen: what arrives stays calm, what is matched can be traded and corrected."""

from __future__ import annotations

import msgspec
import pytest

from kalshi_desk.core.news import FeedState, Polarity, ReaderState
from kalshi_desk.desk.frames import Row
from kalshi_desk.desk.service import CorrectMatch, LabelNews, SetFeed
from kalshi_desk.desk.service_frames import FeedRow, NewsRow
from kalshi_desk.tui.actions import Where
from kalshi_desk.tui.app import DeskApp
from kalshi_desk.tui.format import clock
from kalshi_desk.tui.market_picker import MarketPicker
from kalshi_desk.tui.screens.news import NewsScreen
from tests.tui.conftest import MakeApp, Seconds
from tests.tui.driving import HELD, DeskPilot, glass, noted, ready, see, shows, until
from tests.tui.headlines import add_news, feed, item, match, reader
from tests.tui.scripted import NOW_NS, SECOND, Engine

HOSTILE = "a [red]b[/red] [/ [@click=app.bell]c[/] \x1b[31md \u202e\u05d0\u05d1 [YES]?"


@pytest.fixture(autouse=True)
def _news(engine: Engine) -> None:
    add_news(engine)


async def on_news(pilot: DeskPilot) -> tuple[DeskApp, NewsScreen]:
    """Go to the screen and wait for its items."""
    app = await ready(pilot)
    await pilot.press("7")
    await see(pilot, "6 stories")
    screen = app.nav.base
    assert isinstance(screen, NewsScreen)
    return app, screen


async def test_new_items_come_in_above_and_leave_the_cursor(
    make_app: MakeApp, engine: Engine
) -> None:
    rows = {f"x{n}": item(f"x{n}", 10_000 + n) for n in range(100)}
    engine.rows["news"].update(rows)
    async with make_app().run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        await pilot.press("7")
        await see(pilot, "106 stories")
        screen = app.nav.base
        assert isinstance(screen, NewsScreen)
        table = screen.headlines
        await pilot.press(*["down"] * 3)
        for n in range(3):
            engine.put("news", f"new{n}", item(f"new{n}", 20 - n))
        await see(pilot, "109 stories", "Headline new2")
        assert table.cursor_key == "n-4"
        assert table.top == 0, "at the top one sees what arrives"
        await pilot.press("pagedown", "pagedown", "pagedown")
        await until(pilot, lambda: table.top > 0, "scrolled down")
        cursor, first = table.cursor_key, table.items[table.top]
        for n in range(4):
            engine.put("news", f"late{n}", item(f"late{n}", 9 - n))
        await see(pilot, "113 stories", "newer")
        assert (table.cursor_key, table.items[table.top]) == (cursor, first), "nothing moved"


async def test_enter_goes_to_the_markets_and_on_to_the_desk(make_app: MakeApp) -> None:
    async with make_app().run_test(size=(80, 24)) as pilot:
        app, screen = await on_news(pilot)
        await pilot.press("enter")
        await see(pilot, "Fed above 4.25% in December", "names Fed, rate, December")
        assert screen.current is Where.MATCHES
        await pilot.press("down", "enter")
        await until(pilot, lambda: app.screen is app.desk_screen, "the Desk")
        assert app.desk_screen.selected == "KXFED-26NOV23-T4"


async def test_what_followed_is_told_with_sign_and_arrow(make_app: MakeApp) -> None:
    async with make_app().run_test(size=(120, 40)) as pilot:
        _, screen = await on_news(pilot)
        await see(pilot, "▲ +0.62", "71% sure", "46.0¢", "49.0¢", "51.7%", "▼−1.8")
        await pilot.press("down")
        await see(pilot, "? unclear", "Other events fit as well")
        await pilot.press("down")
        await see(pilot, "your label", "You said so.", "2 · also gazette")
        await pilot.press("end")
        await see(pilot, "Not read yet: no tone.", "No market matches it; a adds one.")
        assert screen.row is not None
        assert screen.row.item_id == "n-6"


async def test_corrections_and_labels_are_commands(
    make_app: MakeApp, engine: Engine, seconds: Seconds
) -> None:
    async with make_app().run_test(size=(120, 40)) as pilot:
        app, screen = await on_news(pilot)
        await pilot.press("enter", "p")
        await until(pilot, lambda: len(engine.commands) == 1, "flipped")
        await pilot.press("down", "c")
        await until(pilot, lambda: len(engine.commands) == 2, "dropped")
        await pilot.press("plus", "minus", "0")
        await until(pilot, lambda: len(engine.commands) == 5, "labels")
        assert engine.commands == [
            CorrectMatch(item_id="n-1", ticker=HELD, polarity=Polarity.AGAINST),
            CorrectMatch(item_id="n-1", ticker="KXFED-26NOV23-T4", polarity=None),
            *(LabelNews(item_id="n-1", label=label) for label in (1, -1, 0)),
        ]
        await pilot.press("a", *"gas 3.05")
        await until(pilot, lambda: isinstance(app.screen, MarketPicker), "the picker")
        await see(pilot, "1 found", "$3.05")
        await pilot.press("enter")
        await see(pilot, "▲ for", "▼ against")
        seconds.value += 1
        await pilot.press("a", "enter")
        await until(pilot, lambda: len(engine.commands) == 6, "added")
        assert engine.commands[5] == CorrectMatch(
            item_id="n-1", ticker="KXGAS-26NOV23-T2", polarity=Polarity.AGAINST
        )
        assert app.screen is screen


async def test_corrections_work_from_the_headlines_where_the_market_is_clear(
    make_app: MakeApp, engine: Engine
) -> None:
    async with make_app().run_test(size=(120, 40)) as pilot:
        _, screen = await on_news(pilot)
        assert screen.current is Where.HEADLINES
        await see(pilot, "flip", "not this")
        await pilot.press("p")
        await until(pilot, lambda: len(engine.commands) == 1, "flipped")
        await pilot.press("tab", "c")
        await until(pilot, lambda: len(engine.commands) == 2, "dropped from the story")
        await pilot.press("shift+tab", "end", "p")
        await noted(pilot, "No market selected")
        assert engine.commands == [
            CorrectMatch(item_id="n-1", ticker=HELD, polarity=Polarity.AGAINST),
            CorrectMatch(item_id="n-1", ticker=HELD, polarity=None),
        ]


async def test_a_hasty_key_corrects_the_headline_of_now(make_app: MakeApp, engine: Engine) -> None:
    async with make_app().run_test(size=(120, 40)) as pilot:
        _, screen = await on_news(pilot)
        # Both before the screen could hear that the cursor has moved.
        screen.headlines.move(1)
        screen.action_run("flip_match")
        await until(pilot, lambda: engine.commands, "told")
        assert engine.commands == [
            CorrectMatch(item_id="n-2", ticker="KXHIGHNY-26NOV23-T2", polarity=Polarity.UNKNOWN)
        ]


async def test_of_several_markets_out_of_sight_none_is_corrected(
    make_app: MakeApp, engine: Engine
) -> None:
    async with make_app().run_test(size=(80, 24)) as pilot:
        _, screen = await on_news(pilot)
        screen.focus_pane(Where.STORY)
        screen.focus_pane(Where.HEADLINES)
        await pilot.pause()
        assert not screen.matches.display
        await pilot.press("c")
        await noted(pilot, "2 markets match: which of them?")
        assert engine.commands == []
        await pilot.press("down", "c")
        await until(pilot, lambda: engine.commands, "the only one")
        assert engine.commands == [
            CorrectMatch(item_id="n-2", ticker="KXHIGHNY-26NOV23-T2", polarity=None)
        ]
        await pilot.press("up", "enter", "p")
        await until(pilot, lambda: len(engine.commands) == 2, "in sight now")


async def test_the_picker_takes_nothing_that_was_not_found(
    make_app: MakeApp, engine: Engine
) -> None:
    async with make_app().run_test(size=(80, 24)) as pilot:
        app, screen = await on_news(pilot)
        await pilot.press("a", "enter", *"zzzz", "enter")
        await see(pilot, "No market has these words.")
        await pilot.press("enter")
        assert isinstance(app.screen, MarketPicker)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is screen, "left")
        assert engine.commands == []


async def test_feeds_are_switched_and_shown_alone(make_app: MakeApp, engine: Engine) -> None:
    async with make_app().run_test(size=(120, 40)) as pilot:
        _, screen = await on_news(pilot)
        screen.focus_pane(Where.FEEDS)
        await see(
            pilot,
            "1 failing 4 of 7 answer · classifier 2026-11-20",
            "It did not answer within 10 s.",
        )
        await pilot.press("s", "end", "s")
        await until(pilot, lambda: len(engine.commands) == 2, "switched")
        assert engine.commands == [SetFeed(feed="stats", on=False), SetFeed(feed="mine", on=True)]
        await pilot.press("home", "down", "enter")
        await see(pilot, "from fed", "1 stories", "● Federal Reserve")
        await pilot.press("escape", "escape")
        await see(pilot, "6 stories")


async def test_search_and_filter(make_app: MakeApp) -> None:
    async with make_app().run_test(size=(120, 40)) as pilot:
        await on_news(pilot)
        await pilot.press("f")
        await see(pilot, "with a market 3 stories")
        await pilot.press("f")
        await see(pilot, "with one of mine 1 stories")
        await pilot.press("f", "slash", *"storm")
        await see(pilot, "“storm” 1 stories")
        await pilot.press("enter", "slash", *"no such", "enter")
        await see(pilot, "No story fits “no such”.", "Esc shows all of them again.")
        await pilot.press("escape")
        await see(pilot, "6 stories")


async def test_the_link_is_text_and_can_be_copied(make_app: MakeApp) -> None:
    async with make_app().run_test(size=(120, 40)) as pilot:
        app, _ = await on_news(pilot)
        await see(pilot, "https://news.example/n-1")
        await pilot.press("y")
        await noted(pilot, "https://news.example/n-1")
        assert app.clipboard == "https://news.example/n-1"


async def test_hostile_headlines_are_plain_text(make_app: MakeApp, engine: Engine) -> None:
    row = engine.rows["news"]["n-1"]
    assert isinstance(row, NewsRow)
    long = HOSTILE + "x" * 4_000
    engine.rows["news"]["n-1"] = msgspec.structs.replace(
        row, title=long, summary=long, link=f"https://e.example/{long}", feed=HOSTILE,
        scored_by=HOSTILE, matches=(match(HELD, title=long, why=long),),
    )  # fmt: skip
    bad = feed(HOSTILE, HOSTILE, FeedState.FAILING, text=long, url=long)
    engine.rows["feeds"][HOSTILE] = bad
    async with make_app().run_test(size=(120, 40)) as pilot:
        await on_news(pilot)
        await see(pilot, "a [red]b[/red] [/ [@click")
        await pilot.press("tab", "pagedown", "tab", "tab")
        await pilot.pause()
        assert not shows(pilot, "\x1b")
        assert not shows(pilot, "\u202e")
        assert all(len(line) <= 120 for line in glass(pilot.app))


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ({}, "News is off, or has no feed."),
        ({"a": feed("a", "A", FeedState.OFF)}, "In Feeds, s switches one on."),
        (
            {"a": feed("a", "Ay", FeedState.FAILING, text="It answered 403.")},
            "No feed answers. Ay: It answered 403.",
        ),
    ],
)
async def test_why_there_is_nothing(
    make_app: MakeApp, engine: Engine, rows: dict[str, FeedRow], said: str
) -> None:
    kept: dict[str, Row] = dict(rows)
    engine.rows["news"], engine.rows["feeds"] = {}, kept
    async with make_app().run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("7")
        await see(pilot, said)


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_that_no_news_is_read_stands_above_the_items_and_goes_again(
    make_app: MakeApp, engine: Engine, size: tuple[int, int]
) -> None:
    why = "its process ended; it starts again in 1 s"
    since_ns = NOW_NS - 90 * SECOND
    async with make_app().run_test(size=size) as pilot:
        _, screen = await on_news(pilot)
        assert not shows(pilot, "not read")
        engine.put("reader", "", reader(ReaderState.DOWN, since_ns=since_ns, text=why, ends=1))
        waiting = f"not read since 12:00:00 UTC: {why}"
        engine.rows["feeds"] = {"fed": feed("fed", "Fed", FeedState.WAITING, text=waiting)}
        said = f"✗ not read since {clock(since_ns)}"
        await see(pilot, f"{said}  6 stories")
        screen.focus_pane(Where.FEEDS)
        await see(pilot, waiting[:50], "· waiting")
        assert sum(said in line for line in glass(pilot.app)) == 2, "above the feeds too"
        engine.put("reader", "", reader())
        await until(pilot, lambda: not shows(pilot, said), "it reads again")


async def test_an_empty_screen_says_that_nobody_reads(make_app: MakeApp, engine: Engine) -> None:
    engine.rows["news"] = {}
    down = reader(ReaderState.DOWN, text="it has said nothing for 30 s")
    engine.rows["reader"] = {"": down}
    async with make_app().run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("7")
        await see(pilot, "No news is being read: it has said nothing for 30 s.", "the log say more")
        engine.put("reader", "", reader(ReaderState.OFF, text="no feed is switched on"))
        await see(pilot, f"○ off since {clock(down.report.since_ns)}")
