"""The question how to leave shows what is open now, and whether the machine goes on."""

from __future__ import annotations

from tests.tui.conftest import MakeApp
from tests.tui.driving import ready, see
from tests.tui.scripted import Engine, position, status


async def test_it_follows_what_happens_meanwhile(make_app: MakeApp, engine: Engine) -> None:
    engine.rows["positions"].clear()
    engine.rows["orders"].clear()
    async with make_app().run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        await pilot.press("ctrl+q")
        await see(pilot, "No open orders, no positions.")
        ticker = next(iter(engine.world.rows))
        engine.put("positions", ticker, position(engine.world, ticker))
        await see(pilot, "Positions (1):")
    assert engine.commands == []


async def test_it_says_that_the_machine_trades_on(make_app: MakeApp, engine: Engine) -> None:
    engine.rows["status"][""] = status(auto_running=2, auto_total=5, auto_on=True)
    async with make_app().run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        await pilot.press("ctrl+q")
        await see(pilot, "AUTO is on (strategies in mode trade: 2)")
    assert engine.commands == []
