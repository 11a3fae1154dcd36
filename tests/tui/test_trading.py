"""Keys become commands, and only the commands that the screen spelled out before."""

from __future__ import annotations

import pytest
from textual import events

from kalshi_desk.core.reasons import Reason, ReasonCode
from kalshi_desk.core.types import Action, BookSide, Count, Outcome, TimeInForce
from kalshi_desk.desk.commands import (
    CancelAll,
    CancelOrder,
    Flatten,
    LeaveLive,
    Outcomes,
    Panic,
    PlaceOrder,
    Resume,
    Star,
)
from kalshi_desk.tui.layout import Pane
from kalshi_desk.tui.ticket_form import Stage
from tests.tui.conftest import MakeApp, Seconds
from tests.tui.driving import HELD, ready, see, shows, until
from tests.tui.scripted import Engine, order, position, status


async def test_buying_takes_six_keys_and_sends_what_was_shown(
    make_app: MakeApp, engine: Engine, seconds: Seconds
) -> None:
    async with make_app().run_test(size=(120, 40), notifications=True) as pilot:
        app = await ready(pilot)
        await pilot.press("b", "4", "0", "0", "enter")
        form = app.desk_screen.ticket.form
        await until(pilot, lambda: form.stage is Stage.ARMED, "armed")
        ask = engine.world.rows[HELD].yes_ask
        assert ask is not None
        await see(pilot, f"BUY 400 YES at {ask // 100}¢", "Enter sends · Esc back")
        assert engine.commands == []
        seconds.value += 0.2
        await pilot.press("enter")
        await until(pilot, lambda: engine.commands, "a command")
        assert engine.commands == [
            PlaceOrder(
                ticker=HELD, action=Action.BUY, outcome=Outcome.YES, count=Count(400_00), price=ask
            )
        ]
        await until(pilot, lambda: form.stage is Stage.IDLE, "closed")
        assert app.desk_screen.current is Pane.QUOTES


async def test_a_held_enter_key_does_not_trade(
    make_app: MakeApp, engine: Engine, seconds: Seconds
) -> None:
    async with make_app().run_test(size=(120, 40), notifications=True) as pilot:
        app = await ready(pilot)
        await pilot.press("b", "enter")
        form = app.desk_screen.ticket.form
        await until(pilot, lambda: form.stage is Stage.ARMED, "armed")
        for _ in range(5):
            seconds.value += 0.029
            await pilot.press("enter")
        assert form.stage is Stage.ARMED
        assert engine.commands == []
        await pilot.press("escape")
        assert form.stage is Stage.EDIT
        await pilot.press("escape")
        assert not form.is_open
        assert engine.commands == []


@pytest.mark.parametrize(("key", "outcome"), [("b", Outcome.YES), ("n", Outcome.NO)])
async def test_no_costs_one_dollar_minus_the_bid(
    make_app: MakeApp, engine: Engine, seconds: Seconds, key: str, outcome: Outcome
) -> None:
    async with make_app().run_test(size=(120, 40), notifications=True) as pilot:
        app = await ready(pilot)
        await pilot.press(key, "enter")
        form = app.desk_screen.ticket.form
        await until(pilot, lambda: form.stage is Stage.ARMED, "armed")
        seconds.value += 1
        await pilot.press("enter")
        await until(pilot, lambda: engine.commands, "a command")
        row, sent = engine.world.rows[HELD], engine.commands[0]
        assert isinstance(sent, PlaceOrder)
        assert sent.outcome is outcome
        assert row.yes_ask is not None
        assert row.yes_bid is not None
        expected = row.yes_ask if outcome is Outcome.YES else 10_000 - row.yes_bid
        assert sent.price == expected


async def test_selling_offers_what_is_held_and_nothing_when_nothing_is(
    make_app: MakeApp, engine: Engine
) -> None:
    async with make_app().run_test(size=(120, 40), notifications=True) as pilot:
        app = await ready(pilot)
        await pilot.press("s")
        form = app.desk_screen.ticket.form
        assert (form.action, form.outcome, form.size_text) == (Action.SELL, Outcome.YES, "120")
        await pilot.press("escape", "down", "s")
        await see(pilot, "You hold nothing in this market")
        assert not form.is_open


async def test_refusals_are_shown_in_words_and_nothing_is_armed(
    make_app: MakeApp, engine: Engine
) -> None:
    engine.refusals = (Reason(ReasonCode.BALANCE, "That needs $205.42 and there is $8.00."),)
    async with make_app().run_test(size=(120, 40), notifications=True) as pilot:
        app = await ready(pilot)
        await pilot.press("b", "enter")
        await see(pilot, "That needs $205.42", "refused")
        assert app.desk_screen.ticket.form.stage is Stage.EDIT
        await pilot.press("enter", "enter")
        assert engine.commands == []


async def test_a_refused_answer_keeps_the_ticket_with_the_reason(
    make_app: MakeApp, engine: Engine, seconds: Seconds
) -> None:
    async with make_app().run_test(size=(120, 40), notifications=True) as pilot:
        app = await ready(pilot)
        await pilot.press("b", "enter")
        form = app.desk_screen.ticket.form
        await until(pilot, lambda: form.stage is Stage.ARMED, "armed")
        engine.answer_outcome = Outcomes.REFUSED
        engine.refusals = (Reason(ReasonCode.HALTED, "The desk is halted."),)
        seconds.value += 1
        await pilot.press("enter")
        await see(pilot, "The desk is halted.")
        assert form.stage is Stage.EDIT


async def test_the_engine_dying_under_an_order_says_so(
    make_app: MakeApp, engine: Engine, seconds: Seconds
) -> None:
    async with make_app().run_test(size=(120, 40), notifications=True) as pilot:
        app = await ready(pilot)
        await pilot.press("b", "enter")
        form = app.desk_screen.ticket.form
        await until(pilot, lambda: form.stage is Stage.ARMED, "armed")
        engine.is_up = False
        seconds.value += 1
        await pilot.press("enter")
        await see(pilot, "Engine not reachable")
        assert engine.commands == []
        assert not form.is_open


async def test_moving_away_disarms(make_app: MakeApp, seconds: Seconds) -> None:
    async with make_app().run_test(size=(120, 40), notifications=True) as pilot:
        app = await ready(pilot)
        await pilot.press("b", "enter")
        form = app.desk_screen.ticket.form
        await until(pilot, lambda: form.stage is Stage.ARMED, "armed")
        seconds.value += 1
        await pilot.click("#ladder", offset=(5, 1))
        assert form.stage is Stage.EDIT


async def test_order_type_and_price_steps(
    make_app: MakeApp, engine: Engine, seconds: Seconds
) -> None:
    async with make_app().run_test(size=(120, 40), notifications=True) as pilot:
        app = await ready(pilot)
        await pilot.press("b", "o", "minus", "right_square_bracket", "enter")
        form = app.desk_screen.ticket.form
        await until(pilot, lambda: form.stage is Stage.ARMED, "armed")
        seconds.value += 1
        await pilot.press("enter")
        await until(pilot, lambda: engine.commands, "a command")
        sent, ask = engine.commands[0], engine.world.rows[HELD].yes_ask
        assert isinstance(sent, PlaceOrder)
        assert ask is not None
        assert (sent.time_in_force, sent.price, sent.count) == (TimeInForce.IOC, ask - 100, 2000)


async def test_ladder_keys_aim_at_the_book(make_app: MakeApp, engine: Engine) -> None:
    async with make_app().run_test(size=(120, 40), notifications=True) as pilot:
        app = await ready(pilot)
        form = app.desk_screen.ticket.form
        row = engine.world.rows[HELD]
        assert row.yes_bid is not None
        assert row.yes_ask is not None
        for key, price in (("t", row.yes_ask), ("m", row.yes_bid), ("i", row.yes_bid + 100)):
            await pilot.press("g", "l", key)
            assert form.price == price
            await pilot.press("escape")
        app.desk_screen.focus_pane(Pane.LADDER)
        await pilot.press("down", "down", "b")
        assert form.price == row.yes_bid - 200


async def test_cancelling(make_app: MakeApp, engine: Engine) -> None:
    async with make_app().run_test(size=(120, 40), notifications=True) as pilot:
        app = await ready(pilot)
        await pilot.press("g", "o", "c")
        await until(pilot, lambda: len(engine.commands) == 1, "cancel from the orders")
        await pilot.press("g", "d", "c")
        await until(pilot, lambda: len(engine.commands) == 2, "cancel from the table")
        bid = engine.world.rows[HELD].yes_bid
        assert bid is not None
        app.desk_screen.focus_pane(Pane.LADDER)
        await pilot.press("down", "c", "v")
        await until(pilot, lambda: len(engine.commands) == 4, "cancel on the ladder")
        assert engine.commands == [
            CancelOrder(order="c-1"),
            CancelOrder(order="c-1"),
            CancelAll(ticker=HELD, price=bid - 100),
            CancelAll(ticker=HELD, side=BookSide.BID),
        ]


@pytest.mark.parametrize(
    ("key", "shown", "command"),
    [
        ("C", "BUY 60 YES at", CancelAll(ticker=HELD)),
        ("x", "120 YES", Flatten(ticker=HELD)),
        ("X", "stays", Panic()),
        ("R", "takes orders again", Resume()),
    ],
)
async def test_sweeping_commands_list_what_will_happen_and_wait(
    make_app: MakeApp, engine: Engine, seconds: Seconds, key: str, shown: str, command: object
) -> None:
    if key == "X":
        shown = "HALTED until"
    async with make_app().run_test(size=(120, 40), notifications=True) as pilot:
        await ready(pilot)
        await pilot.press(key)
        await see(pilot, shown, "Enter does it")
        await pilot.press("enter")
        assert engine.commands == []
        seconds.value += 0.2
        await pilot.press("escape", key)
        await pilot.pause()
        seconds.value += 0.2
        await pilot.press("enter")
        await until(pilot, lambda: engine.commands, "a command")
        assert engine.commands == [command]


async def test_a_live_venue_says_real_money(make_app: MakeApp, engine: Engine) -> None:
    from tests.tui.scripted import status

    engine.rows["status"][""] = status(venue="live")
    async with make_app().run_test(size=(120, 40), notifications=True) as pilot:
        app = await ready(pilot)
        await see(pilot, "● LIVE")
        await pilot.press("b", "enter")
        form = app.desk_screen.ticket.form
        await until(pilot, lambda: form.stage is Stage.ARMED, "armed")
        await see(pilot, "REAL MONEY: BUY 10 YES")
        await pilot.press("escape", "escape", "X")
        await see(pilot, "REAL MONEY: PANIC")


async def test_the_command_line_arms_and_sends(
    make_app: MakeApp, engine: Engine, seconds: Seconds
) -> None:
    async with make_app().run_test(size=(120, 40), notifications=True) as pilot:
        app = await ready(pilot)
        await pilot.press("colon", *f"sell {HELD.lower()} no 5 @ 45.5 --ioc", "enter")
        form = app.desk_screen.ticket.form
        await until(pilot, lambda: form.stage is Stage.ARMED, "armed")
        await see(pilot, "SELL 5 NO at 45.5¢")
        seconds.value += 1
        await pilot.press("enter")
        await until(pilot, lambda: engine.commands, "a command")
        sent = engine.commands[0]
        assert isinstance(sent, PlaceOrder)
        assert (sent.action, sent.outcome, sent.price) == (Action.SELL, Outcome.NO, 4550)
        assert sent.time_in_force is TimeInForce.IOC


async def test_the_command_line_refuses_with_the_usage(make_app: MakeApp) -> None:
    async with make_app().run_test(size=(120, 40), notifications=True) as pilot:
        await ready(pilot)
        await pilot.press("colon", *"buy it all", "enter")
        await see(pilot, "That is not how to buy", "Usage")
        await pilot.press("colon", *"goto nowhere", "enter")
        await see(pilot, "Unknown market")
        await pilot.press("colon", *"cancel all NO-SUCH", "enter")
        await see(pilot, "NO-SUCH")
        await pilot.press("colon", *f"buy {HELD} yes 9999999999 @ 20", "enter")
        await see(pilot, "The count 9999999999 is")


async def test_completion_and_history(make_app: MakeApp) -> None:
    async with make_app().run_test(size=(120, 40), notifications=True) as pilot:
        app = await ready(pilot)
        await pilot.press("colon", *"goto kxoscar")
        bar = app.desk_screen.bar
        from textual.widgets import Input

        box = bar.query_one(Input)
        await until(pilot, lambda: box._suggestion, "a suggestion")
        await pilot.press("tab", "enter")
        assert app.desk_screen.selected.startswith("KXOSCARPIC")
        await pilot.press("colon", "up")
        assert box.value.lower() == f"goto {app.desk_screen.selected}".lower()
        await pilot.press("escape")
        assert not bar.display


async def test_starring_asks_the_engine(make_app: MakeApp, engine: Engine) -> None:
    async with make_app().run_test(size=(120, 40), notifications=True) as pilot:
        await ready(pilot)
        await pilot.press("space")
        await until(pilot, lambda: engine.commands, "a command")
        assert engine.commands == [Star(ticker=HELD, starred=True)]


async def test_an_unresolved_order_is_still_open(make_app: MakeApp, engine: Engine) -> None:
    engine.rows["orders"]["c-1"] = order(engine.world, state="unresolved")
    async with make_app().run_test(size=(120, 40), notifications=True) as pilot:
        await ready(pilot)
        await pilot.press("g", "o")
        await see(pilot, "unresolved")
        assert not shows(pilot, "No open order")


async def test_keys_typed_at_once_land_where_the_first_one_led(
    make_app: MakeApp, engine: Engine
) -> None:
    async with make_app().run_test(size=(120, 40), notifications=True) as pilot:
        app = await ready(pilot)
        screen = app.desk_screen
        for key in ("b", "4", "0", "0"):
            app.post_message(events.Key(key, key))
        await until(pilot, lambda: screen.ticket.form.size_text == "400", "400")
        for key in ("escape", "colon", "b", "u", "y", "space", "x", "enter"):
            character = {"colon": ":", "space": " "}.get(key, key if len(key) == 1 else None)
            app.post_message(events.Key(key, character))
        await see(pilot, "That is not how to buy")
        assert not screen.ticket.form.is_open
        assert screen.bar.history == ["buy x"]
        for key in ("g", "p"):
            app.post_message(events.Key(key, key))
        await until(pilot, lambda: screen.current is Pane.POSITIONS, "the positions")
        assert engine.commands == []


@pytest.mark.parametrize("key", ["x", "s", "b", "n", "enter"])
async def test_a_key_on_a_position_trades_that_position(
    make_app: MakeApp, engine: Engine, seconds: Seconds, key: str
) -> None:
    world = engine.world
    other = next(t for t in sorted(world.rows) if t not in {HELD, *engine.rows["positions"]})
    engine.rows["positions"][other] = position(world, other)
    async with make_app().run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        screen = app.desk_screen
        assert screen.select(HELD)
        await pilot.press("g", "p")
        assert screen.positions.select(other)
        assert screen.selected == HELD
        await pilot.press(key)
        if key != "x":
            await until(pilot, lambda: screen.ticket.form.is_open, "the ticket")
            assert screen.ticket.form.ticker == screen.selected == other
            return
        await see(pilot, "Enter does it")
        seconds.value += 1
        await pilot.press("enter")
        await until(pilot, lambda: engine.commands, "a command")
        assert engine.commands == [Flatten(ticker=other)]


async def test_an_alert_on_a_position_is_about_its_market(
    make_app: MakeApp, engine: Engine
) -> None:
    other = next(t for t in sorted(engine.world.rows) if t != HELD)
    engine.rows["positions"][other] = position(engine.world, other)
    async with make_app().run_test(size=(120, 40)) as pilot:
        screen = (await ready(pilot)).desk_screen
        assert screen.select(HELD)
        await pilot.press("g", "p")
        assert screen.positions.select(other)
        await pilot.press("@")
        await see(pilot, f"alert {other} >")


async def test_cancelling_all_on_an_order_means_its_market(
    make_app: MakeApp, engine: Engine, seconds: Seconds
) -> None:
    other = next(t for t in sorted(engine.world.rows) if t != HELD)
    engine.rows["orders"]["c-9"] = order(engine.world, other, client_order_id="c-9")
    async with make_app().run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        screen = app.desk_screen
        assert screen.select(HELD)
        await pilot.press("g", "o")
        assert screen.orders.select("c-9")
        await pilot.press("C")
        await see(pilot, "Enter does it")
        seconds.value += 1
        await pilot.press("enter")
        await until(pilot, lambda: engine.commands, "a command")
        assert engine.commands == [CancelAll(ticker=other)]


async def test_one_key_ends_live_and_means_nothing_elsewhere(
    make_app: MakeApp, engine: Engine
) -> None:
    engine.rows["status"][""] = status(venue="live")
    async with make_app().run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        await see(pilot, "LIVE")
        await pilot.press("L")
        await until(pilot, lambda: engine.commands, "a command")
        assert engine.commands == [LeaveLive()]
    engine.commands.clear()
    engine.rows["status"][""] = status()
    async with make_app().run_test(size=(120, 40), notifications=True) as pilot:
        await ready(pilot)
        await pilot.press("L")
        await see(pilot, "This desk is not LIVE")
        assert engine.commands == []


async def test_keys_typed_fast_open_the_ticket_where_the_cursor_went(
    make_app: MakeApp, engine: Engine
) -> None:
    async with make_app().run_test(size=(120, 40)) as pilot:
        app = await ready(pilot)
        screen = app.desk_screen
        before = screen.selected
        for key in ("down", "down", "down", "b"):
            app.post_message(events.Key(key, key if len(key) == 1 else None))
        await until(pilot, lambda: screen.ticket.form.is_open, "the ticket")
        await pilot.pause()
        assert screen.selected == screen.markets.cursor_key != before
        assert screen.ticket.form.is_open
        assert screen.ticket.form.ticker == screen.selected
