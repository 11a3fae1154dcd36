"""Values edited where they stand, modes, limits and stops: what is sent, and what never is."""

from __future__ import annotations

import pytest
from textual import events

from kalshi_desk.core.reasons import Reason, ReasonCode
from kalshi_desk.core.strategy import Mode
from kalshi_desk.desk.automation import (
    CancelBacktest,
    DropStop,
    PreviewStop,
    RunBacktest,
    SetLimit,
    SetMode,
    SetParameter,
    SetStop,
    StopKind,
)
from kalshi_desk.desk.commands import Outcomes, Panic
from kalshi_desk.desk.frames import EventKind, Level
from kalshi_desk.tui.dialogs import ConfirmDialog
from kalshi_desk.tui.layout import ScreenName
from kalshi_desk.tui.screens.lab import LabScreen
from kalshi_desk.tui.screens.strategies import StrategiesScreen
from kalshi_desk.tui.stop_dialog import StopDialog
from kalshi_desk.tui.ticket_form import Stage
from kalshi_desk.tui.typed_dialog import TypedDialog
from tests.tui.conftest import MakeApp, Seconds
from tests.tui.driving import HELD, DeskPilot, noted, ready, see, shows, until
from tests.tui.machine import add_machine
from tests.tui.scripted import Engine, status

SIZE = (120, 40)


@pytest.fixture(autouse=True)
def _machine(engine: Engine) -> None:
    add_machine(engine)


async def parameters(pilot: DeskPilot) -> StrategiesScreen:
    """Go to the parameters of the first strategy."""
    app = await ready(pilot)
    await pilot.press("5")
    await see(pilot, "min_profit", "CPI in November")
    await pilot.press("tab")
    screen = app.nav.base
    assert isinstance(screen, StrategiesScreen)
    return screen


# --- parameters ------------------------------------------------------------------------


async def test_a_choice_says_which_keys_choose(make_app: MakeApp) -> None:
    async with make_app().run_test(size=SIZE) as pilot:
        await parameters(pilot)
        await pilot.press("end", "enter")
        await see(pilot, "Allowed:", "← → choose,")


async def test_a_parameter_is_set_where_it_stands(make_app: MakeApp, engine: Engine) -> None:
    async with make_app().run_test(size=SIZE) as pilot:
        await parameters(pilot)
        await pilot.press("enter")
        await see(pilot, "Allowed: a number from 0 to 10 $/contract. Enter sets it")
        await pilot.press(*"0.07", "enter")
        wanted = SetParameter(strategy="arbitrage", name="min_profit", value="0.07")
        await until(pilot, lambda: engine.commands == [wanted], "set")


@pytest.mark.parametrize("typed", ["99", "abc", "-1", ""])
async def test_a_wrong_value_is_refused_with_the_range_and_nothing_is_sent(
    make_app: MakeApp, engine: Engine, typed: str
) -> None:
    async with make_app().run_test(size=SIZE) as pilot:
        screen = await parameters(pilot)
        await pilot.press("enter", "ctrl+u", *typed.replace("-", "-"), "enter")
        await see(pilot, "min_profit can't be", "a number from 0 to 10")
        assert screen.parameters.edit is not None
        await pilot.press("escape")
        await see(pilot, "0.05")
        assert screen.parameters.edit is None
        assert screen.current.value == "parameters"
        assert engine.commands == []


async def test_what_has_few_values_is_chosen(make_app: MakeApp, engine: Engine) -> None:
    async with make_app().run_test(size=SIZE) as pilot:
        await parameters(pilot)
        await pilot.press("end", "enter", "right")
        await see(pilot, "‹ kelly ›", "one of depth, kelly, one contract")
        await pilot.press("enter")
        await until(pilot, lambda: engine.commands, "set")
        assert engine.commands == [
            SetParameter(strategy="arbitrage", name="size_by", value="kelly")
        ]


async def test_leaving_a_field_by_any_way_sets_nothing(make_app: MakeApp, engine: Engine) -> None:
    async with make_app().run_test(size=SIZE) as pilot:
        screen = await parameters(pilot)
        app = pilot.app
        for way in ("tab", "click", "screen"):
            await pilot.press("home", "enter", "7")
            assert screen.parameters.edit is not None, way
            if way == "tab":
                screen.step_pane(1)
                screen.step_pane(-1)
            elif way == "click":
                screen.parameters.move(1)
            else:
                screen.desk.go(ScreenName.RISK)
                await see(pilot, "Limits")
                await pilot.press("5")
                await until(pilot, lambda: app.screen is screen, "back")
            assert screen.parameters.edit is None, way
        assert engine.commands == []


async def test_panic_works_while_a_number_is_typed(
    make_app: MakeApp, engine: Engine, seconds: Seconds
) -> None:
    async with make_app().run_test(size=SIZE) as pilot:
        await parameters(pilot)
        await pilot.press("enter", "7", "X")
        await see(pilot, "PANIC")
        seconds.value += 1
        await pilot.press("enter")
        await until(pilot, lambda: engine.commands == [Panic()], "panic")


async def test_a_pasted_value_enters_nothing(make_app: MakeApp, engine: Engine) -> None:
    async with make_app().run_test(size=SIZE) as pilot:
        screen = await parameters(pilot)
        await pilot.press("enter")
        pilot.app.post_message(events.Paste("0.5\n0.6\n"))
        await see(pilot, "0.5▏")
        assert screen.parameters.edit is not None
        assert engine.commands == []


async def test_what_the_engine_refuses_is_said_and_the_old_value_stands(
    make_app: MakeApp, engine: Engine
) -> None:
    engine.answer_outcome = Outcomes.REFUSED
    engine.refusals = (Reason(ReasonCode.BAD_COMMAND, "The settings file can't be written."),)
    async with make_app().run_test(size=SIZE) as pilot:
        await parameters(pilot)
        await pilot.press("enter", "1", "enter")
        await see(pilot, "min_profit was not set. The settings file can't be written.", "0.05")


async def test_the_reasons_follow_the_strategy(make_app: MakeApp, engine: Engine) -> None:
    async with make_app().run_test(size=SIZE) as pilot:
        await parameters(pilot)
        await pilot.press("shift+tab", "down")
        await see(pilot, "Parameters of volatility", "It has left nothing alone", "window")
        assert not shows(pilot, "CPI in November")
        await pilot.press("up")
        await see(pilot, "CPI in November", "below costs", "$0.011", "$0.050")


# --- modes -----------------------------------------------------------------------------


async def test_a_mode_that_sends_nothing_is_set_at_once(
    make_app: MakeApp, engine: Engine, seconds: Seconds
) -> None:
    async with make_app().run_test(size=SIZE) as pilot:
        await parameters(pilot)
        await pilot.press("m")
        await see(pilot, "Mode of arbitrage", "decides and is scored")
        seconds.value += 1
        await pilot.press("s", "enter")
        wanted = SetMode(strategy="arbitrage", mode=Mode.SHADOW)
        await until(pilot, lambda: engine.commands == [wanted], "set")


async def test_trade_asks_first_and_names_the_venue(
    make_app: MakeApp, engine: Engine, seconds: Seconds
) -> None:
    async with make_app().run_test(size=(80, 24)) as pilot:
        app = await ready(pilot)
        await pilot.press("5")
        await see(pilot, "volatility")
        await pilot.press("down", "m")
        seconds.value += 1
        await pilot.press("t", "enter")
        await see(pilot, "volatility TRADES", "orders to PRACTICE, on the", "Its record")
        assert isinstance(app.screen, ConfirmDialog)
        assert engine.commands == []
        await pilot.press("enter")
        assert engine.commands == [], "a held Enter sets nothing"
        seconds.value += 1
        await pilot.press("enter")
        wanted = SetMode(strategy="volatility", mode=Mode.TRADE)
        await until(pilot, lambda: engine.commands == [wanted], "set")


@pytest.mark.parametrize("line", ["mode", "typed"])
async def test_trade_with_real_money_needs_a_word(
    make_app: MakeApp, engine: Engine, seconds: Seconds, line: str
) -> None:
    engine.rows["status"][""] = status(venue="live")
    async with make_app().run_test(size=SIZE) as pilot:
        app = await ready(pilot)
        if line == "typed":
            app.desk_screen.common.account.ask_mode("volatility", Mode.TRADE)
        else:
            await pilot.press("5")
            await see(pilot, "volatility")
            await pilot.press("down", "m")
            seconds.value += 1
            await pilot.press("t", "enter")
        await see(pilot, "LIVE, with REAL MONEY", "Type TRADE to confirm")
        assert isinstance(app.screen, TypedDialog)
        seconds.value += 1
        await pilot.press("enter", "enter")
        assert engine.commands == []
        await pilot.press(*"TRADE", "enter")
        wanted = SetMode(strategy="volatility", mode=Mode.TRADE)
        await until(pilot, lambda: engine.commands == [wanted], "set")


# --- limits and stops ------------------------------------------------------------------


async def test_a_limit_is_set_where_it_stands(make_app: MakeApp, engine: Engine) -> None:
    async with make_app().run_test(size=SIZE) as pilot:
        await ready(pilot)
        await pilot.press("6")
        await see(pilot, "Largest event", "✗ BREACHED", "! near", "no gauge", "1 breached")
        await pilot.press("down", "enter", *"3%")
        await see(pilot, "Allowed: a number from 0.1 to 100 in per cent (2 means 2 %).")
        await pilot.press("escape")
        assert engine.commands == []
        await pilot.press("enter", *"3%", "enter")
        await until(pilot, lambda: engine.commands == [SetLimit(name="max_event", value="3%")], "")


async def test_a_stop_is_dropped_after_asking(
    make_app: MakeApp, engine: Engine, seconds: Seconds
) -> None:
    async with make_app().run_test(size=SIZE) as pilot:
        await ready(pilot)
        await pilot.press("6")
        await see(pilot, "● armed", "◐ part filled", "3h 0m")
        await pilot.press("c")
        assert engine.commands == []
        await pilot.press("tab", "tab", "c")
        await see(pilot, "DROP STOP", "fixed loss at 37¢, 120 contracts")
        seconds.value += 1
        await pilot.press("enter")
        await until(pilot, lambda: engine.commands == [DropStop(stop_id="s-1")], "dropped")


async def protecting(pilot: DeskPilot) -> StopDialog:
    """Open the dialog on the position."""
    app = await ready(pilot)
    await pilot.press("g", "p", "p")
    await see(pilot, "Protect a position", "lets go at")
    assert isinstance(app.screen, StopDialog)
    return app.screen


async def test_a_stop_shows_its_cost_before_it_is_armed_and_set(
    make_app: MakeApp, engine: Engine, seconds: Seconds
) -> None:
    async with make_app().run_test(size=(80, 24)) as pilot:
        dialog = await protecting(pilot)
        await see(pilot, "34.0%", "21.0%", "1.4¢", "$50.12", "120 YES")
        await pilot.press("right", *"5c")
        await until(pilot, lambda: dialog.form.is_current, "an answer")
        await pilot.press("enter")
        await see(pilot, "SET TRAILING STOP at 37¢ (5c)", "Enter sets it")
        await pilot.press("enter")
        assert engine.commands == [], "a held Enter sets nothing"
        seconds.value += 1
        await pilot.press("enter")
        wanted = SetStop(ticker=HELD, kind=StopKind.TRAILING, amount="5c")
        await until(pilot, lambda: engine.commands == [wanted], "set")
        await until(pilot, lambda: not isinstance(pilot.app.screen, StopDialog), "closed")
        asked = [query for query in engine.queries if isinstance(query, PreviewStop)]
        assert asked[-1] == PreviewStop(ticker=HELD, kind=StopKind.TRAILING, amount="5c")


async def test_a_changed_stop_is_disarmed(
    make_app: MakeApp, engine: Engine, seconds: Seconds
) -> None:
    async with make_app().run_test(size=SIZE) as pilot:
        dialog = await protecting(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: dialog.form.stage is Stage.ARMED, "armed")
        seconds.value += 1
        await pilot.press("9", "escape")
        assert dialog.form.armed is None
        assert engine.commands == []


async def test_a_stop_that_the_engine_will_not_have_is_never_armed(
    make_app: MakeApp, engine: Engine, seconds: Seconds
) -> None:
    engine.refusals = (Reason(ReasonCode.BAD_COMMAND, "A stop of 0 sells at once."),)
    async with make_app().run_test(size=SIZE) as pilot:
        await ready(pilot)
        await pilot.press("g", "p", "p")
        await see(pilot, "A stop of 0 sells at once.")
        for _ in range(3):
            seconds.value += 1
            await pilot.press("enter")
        assert engine.commands == []


# --- portfolio and lab -----------------------------------------------------------------


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_plots_are_tables_too(make_app: MakeApp, size: tuple[int, int]) -> None:
    async with make_app().run_test(size=size) as pilot:
        await ready(pilot)
        await pilot.press("4")
        await see(pilot, "equity, $", "Nov 22", "$10,000")
        await pilot.press(*"vv" if size[0] == 80 else "v")
        await see(pilot, "drawdown", "change", "Nov 22 12:43")
        await pilot.press("v")
        await see(pilot, "equity, $")


async def test_parts_turn_with_arrows_and_a_key(make_app: MakeApp) -> None:
    async with make_app().run_test(size=SIZE) as pilot:
        await ready(pilot)
        await pilot.press("4")
        await see(pilot, "P&L by strategy", "▲ +$262.80", "60.7%", "55.2%", "0.11", "+$0.50 than")
        await pilot.press("o")
        await see(pilot, "P&L by event", "High in New York")
        await pilot.press("shift+tab", "right", "right")
        await see(pilot, "P&L by role", "maker", "taker")


async def test_a_backtest_is_started_with_what_was_typed(make_app: MakeApp, engine: Engine) -> None:
    async with make_app().run_test(size=SIZE) as pilot:
        app = await ready(pilot)
        await pilot.press("8")
        await see(pilot, "42%", "2m 11s", "✗ failed", "New run")
        await pilot.press("r")
        await see(pilot, "Not started. Choose a strategy first.")
        await pilot.press("enter", "down", "enter", "down", "enter", "ctrl+u", "enter", "r")
        await see(pilot, "Name a recording, or dates")
        await pilot.press("enter", "down", "enter")
        await pilot.press("down", "enter", *"tomorrow", "enter")
        await see(pilot, "is no date")
        await pilot.press("ctrl+u", *"2026-11-16", "enter", "end", "enter", *"windw=9", "enter")
        await see(pilot, "There is no windw; there are window, threshold, hold.")
        await pilot.press("ctrl+u", *"window=9", "enter", "r")
        assert isinstance(app.nav.base, LabScreen)
        wanted = RunBacktest(
            strategy="volatility",
            recording="practice-20261116T000000Z.jsonl.zst",
            start="2026-11-16",
            capital="10000",
            fill_model="queue-averse",
            parameters={"window": "9"},
        )
        await until(pilot, lambda: engine.commands == [wanted], "started")
        await see(pilot, "Started.")


async def test_a_run_is_cancelled_and_a_report_is_read(make_app: MakeApp, engine: Engine) -> None:
    async with make_app().run_test(size=SIZE) as pilot:
        await ready(pilot)
        await pilot.press("8")
        await see(pilot, "42% done, 2m 11s left; c cancels it.")
        await pilot.press("c")
        await until(pilot, lambda: engine.commands == [CancelBacktest(run_id="r-2")], "cancelled")
        await pilot.press("down")
        await see(pilot, "total return", "0.71%", "$10,071.24", "−$45.46", "maker")
        await pilot.press("c")
        assert len(engine.commands) == 1
        await pilot.press("enter", "end")
        await see(pilot, "Assumptions", "latency ms", "every cancel at our price stood behind us")
        await pilot.press("v")
        await see(pilot, "equity, $", "drawdown, %")


async def test_a_refusal_is_shown_once_though_answer_and_event_say_it(
    make_app: MakeApp, engine: Engine
) -> None:
    text = "The limit of open positions must be from 1 to 1000."
    engine.answer_outcome = Outcomes.REFUSED
    engine.refusals = (Reason(ReasonCode.BAD_COMMAND, text),)
    app = make_app()
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        for times in (1, 2):
            engine.tell(EventKind.DENIED, Level.WARNING, "Refused by the desk", text)
            app.send(SetLimit(name="open_positions", value="0"))
            engine.tell(EventKind.SYSTEM, Level.WARNING, f"Later {times}")
            await noted(pilot, f"Later {times}")
            await until(pilot, lambda times=times: len(engine.commands) == times, "sent")
            await pilot.pause()
            assert [note.message for note in app._notifications].count(text) == times


async def test_enter_goes_to_the_form_while_no_backtest_has_run(
    make_app: MakeApp, engine: Engine
) -> None:
    engine.rows["lab"] = {}
    app = make_app()
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await pilot.press("8")
        await see(pilot, "No backtest yet.")
        await pilot.press("enter", "enter")
        await see(pilot, "Allowed: arbitrage")
