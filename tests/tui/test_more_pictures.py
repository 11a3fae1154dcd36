"""Pictures of the Markets and the News screen; made like those in ``test_pictures``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from textual.pilot import Pilot

from kalshi_desk.core.records import Market
from kalshi_desk.core.types import Count
from kalshi_desk.tui.app import DeskApp
from kalshi_desk.tui.settings import ExitChoice, TuiSettings
from tests.tui.driving import HELD, see
from tests.tui.headlines import add_news
from tests.tui.machine import add_machine
from tests.tui.scripted import NOW_NS, SECOND, Engine, ScriptedLink
from tests.tui.test_pictures import SIZES, SnapCompare, _one_python, on

__all__ = ["_one_python"]

Step = Callable[[Pilot[ExitChoice]], Awaitable[None]]
NOTE = (
    "The desk follows 2,000 of 41,233 open markets: the most traded, and yours. A search finds "
    "the others by title and ticker; a star follows one."
)


def desk(theme: str = "desk-dark") -> DeskApp:
    """Return the app on a scripted engine with news, and with markets that it does not follow."""
    engine = Engine()
    add_machine(engine)
    add_news(engine)
    far = [f"KXFEDCHAIR-27-{name}" for name in ("A", "B", "C")]
    engine.listing.beyond = {
        ticker: Market(
            ticker=ticker,
            title="Who will chair the Fed in 2027?",
            subtitle=f"Candidate {ticker[-1]}",
            volume=Count(n * 10**6),
            close_ns=NOW_NS + 40 * 86_400 * SECOND,
        )
        for n, ticker in enumerate(far)
    }
    app = DeskApp(
        lambda: ScriptedLink(engine),
        settings=TuiSettings(rate_hz=0, theme=theme, start_ticker=HELD),
        now=lambda: NOW_NS,
        clock_s=lambda: 100.0,
    )
    app.animation_level = "none"
    engine.listing.note = NOTE
    return app


def then(first: Step, *keys: str, seen: str) -> Step:
    """Return a step that goes on with keys until a text is there."""

    async def going(pilot: Pilot[ExitChoice]) -> None:
        await first(pilot)
        await pilot.press(*keys)
        await see(pilot, seen)
        await pilot.pause()

    return going


MARKETS = on("2", seen="65 closing first")
NEWS = on("7", seen="6 stories")
SCREENS = {
    "markets": MARKETS,
    "place": then(MARKETS, *["down"] * 4, "enter", "down", "down", seen="6 closing first"),
    "search": then(MARKETS, "slash", *"fed", "enter", seen="9 best match"),
    "news": NEWS,
    "picker": then(NEWS, "a", *"gas", seen="5 found"),
}


@pytest.mark.parametrize("size", SIZES, ids=["80x24", "120x40"])
@pytest.mark.parametrize("name", SCREENS)
def test_more_screens(snap_compare: SnapCompare, name: str, size: tuple[int, int]) -> None:
    assert snap_compare(desk(), terminal_size=size, run_before=SCREENS[name])


@pytest.mark.parametrize("name", ["markets", "news"])
def test_wide(snap_compare: SnapCompare, name: str) -> None:
    assert snap_compare(desk("desk-light"), terminal_size=(200, 55), run_before=SCREENS[name])


@pytest.mark.parametrize("name", ["search", "news"])
def test_without_colour(snap_compare: SnapCompare, name: str) -> None:
    assert snap_compare(desk("desk-mono"), terminal_size=(120, 40), run_before=SCREENS[name])
