"""What decides is readable whole at 120 columns: needed numbers, ranges, empty lists."""

from __future__ import annotations

from collections import Counter

from kalshi_desk.desk.automation_frames import WhyRow
from kalshi_desk.strategies.static_arbitrage import StaticArbitrage
from kalshi_desk.tui.confirm_auto import mode_facts
from tests.tui.conftest import MakeApp
from tests.tui.driving import ready, see
from tests.tui.machine import add_machine, strategies, strategy
from tests.tui.scripted import Engine


def why(candidate: str, title: str, seen: str, needed: str) -> WhyRow:
    return WhyRow(
        candidate=candidate,
        title=title,
        code="fees_exceed_edge",
        text="Fees eat the edge.",
        seen=seen,
        needed=needed,
        times=1,
        at_ns=0,
    )


async def test_a_reason_shows_both_numbers_and_its_market(
    make_app: MakeApp, engine: Engine
) -> None:
    add_machine(engine)
    events = Counter(row.event_ticker for row in engine.world.rows.values())
    ticker, row = next(
        (ticker, row)
        for ticker, row in engine.world.rows.items()
        if row.subtitle and events[row.event_ticker] > 1
    )
    engine.rows["why:arbitrage"] = {"a": why(ticker, row.title, "$1.00", "more than $1.54")}
    async with make_app().run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        await pilot.press("5")
        await see(pilot, "more than $1.54", row.subtitle, f"{ticker}: Fees eat the edge.")


async def test_the_range_and_default_of_a_parameter_are_whole(
    make_app: MakeApp, engine: Engine
) -> None:
    add_machine(engine)
    engine.rows["strategies"] = {
        **strategies(),
        "arbitrage": strategy("arbitrage", parameters=StaticArbitrage.parameters),
    }
    async with make_app().run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        await pilot.press("5")
        await see(pilot, "Allowed:", "default 500.")


async def test_why_pairs_are_empty_is_wrapped(make_app: MakeApp, engine: Engine) -> None:
    add_machine(engine)
    engine.rows["pairs"] = {}
    async with make_app().run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        await pilot.press("5", "shift+tab")
        await see(pilot, "No pair was tested yet.", "(least_hours)")


def test_going_to_trade_says_what_proof_means() -> None:
    for is_auto_on, when in ((True, "it starts at once."), (False, "it waits for A.")):
        last = mode_facts("harvester", None, "practice", is_auto_on=is_auto_on)[-1]
        assert when in last
        assert "A signal that lacks a proof is only shown." in last
