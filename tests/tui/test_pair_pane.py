"""The pairs that the pair screen measured stand where the reasons of its strategy would."""

from __future__ import annotations

import pytest

from kalshi_desk.desk.frames import Row
from kalshi_desk.desk.service_frames import PairRow
from tests.tui.conftest import MakeApp
from tests.tui.driving import glass, ready, see, until
from tests.tui.machine import add_machine, strategy
from tests.tui.scripted import Engine

WHY = "It has not come apart far enough. 0.40, needed at least 2.50"


def pairs(*tickers: str) -> dict[str, Row]:
    """Return one pair with a signal, one that is tied, one that is not."""
    one, two, three = tickers
    rows = [
        PairRow(
            first=first,
            second=second,
            hours=96,
            beta=0.91,
            p_value=p_value,
            is_found=is_found,
            half_life_h=6.4 if is_found else None,
            z=z,
            why_not=why,
        )
        for first, second, p_value, is_found, z, why in (
            (one, two, 0.0004, True, 0.4, WHY),
            (one, three, 0.0001, True, -3.1, ""),
            (two, three, 0.31, False, None, "Too many pairs were tested for so weak a tie."),
        )
    ]
    return {f"{row.first} {row.second}": row for row in rows}


@pytest.fixture(autouse=True)
def _pairs(engine: Engine) -> None:
    add_machine(engine)
    engine.rows["strategies"] = {
        "pairs": strategy("pairs", title="Pairs", help="Looks for two markets."),
        **engine.rows["strategies"],
    }


@pytest.mark.parametrize("size", [(120, 40), (200, 55)])
async def test_pairs_stand_in_place_of_reasons(
    make_app: MakeApp, engine: Engine, size: tuple[int, int]
) -> None:
    engine.rows["pairs"] = pairs(*sorted(engine.world.rows)[:3])
    async with make_app().run_test(size=size) as pilot:
        await ready(pilot)
        await pilot.press("5")
        await see(pilot, "arbitrage", "Pairs tested in this hour")
        await see(pilot, "−3.10", "A signal, in shadow")
        lines = glass(pilot.app)
        signal, tied, loose = (
            next(n for n, line in enumerate(lines) if mark in line)
            for mark in ("◆  −3.10", "●  +0.40", "·      —")
        )
        assert signal < tied < loose
        await pilot.press("tab", "tab", "tab")
        await see(pilot, "Why not: what pairs left alone")
        await pilot.press("tab")
        await see(pilot, "Pairs tested in this hour")
        await pilot.press("down")
        await see(pilot, "It has not come apart")
        await pilot.press("tab", "down")
        await see(pilot, "Why not: what arbitrage left alone")


async def test_without_pairs_it_says_what_it_takes(make_app: MakeApp, engine: Engine) -> None:
    engine.rows["pairs"] = {}
    async with make_app().run_test(size=(80, 24)) as pilot:
        app = await ready(pilot)
        await pilot.press("5", "tab", "tab", "tab", "tab")
        await until(pilot, lambda: app.nav.base.place == "pairs", "the pane")
        await see(pilot, "No pair was tested yet.")
