"""Confirmations: for one person, one chat, one venue and a short time, and worth one command."""

from __future__ import annotations

import time

import msgspec
import pytest

from kalshi_desk.core.errors import Retry, Stop, Unknown
from kalshi_desk.core.reasons import Reason, ReasonCode
from kalshi_desk.core.strategy import Mode
from kalshi_desk.core.types import Action, BookSide, Count, Outcome, Price, TimeInForce
from kalshi_desk.desk.automation import SetAuto, SetLimit, SetMode
from kalshi_desk.desk.automation_frames import LimitRow, LimitUnit
from kalshi_desk.desk.commands import (
    Answer,
    CancelAll,
    CancelOrder,
    Command,
    Flatten,
    PlaceOrder,
    Resume,
)
from kalshi_desk.desk.frames import OrderRow
from kalshi_desk.telegram.memory import Memory
from kalshi_desk.telegram.records import ConfirmationState
from tests.telegram.bot_server import Message
from tests.telegram.conftest import ANNA, GROUP, VERA, Rig
from tests.telegram.fake_desk import NOW_NS, a_market, a_position

BUY = "/buy KXFED-T4 yes 10 @ 45.5"


async def ask(rig: Rig, text: str = BUY, words: str = "The button is valid") -> Message:
    return await rig.asks(text, words)


def age(rig: Rig, seconds: int) -> None:
    """Make every confirmation on disk so much older than it is."""
    memory = Memory(rig.kept)
    for known in memory.confirmations(ConfirmationState.OPEN):
        made = known.created_ns - seconds * 10**9
        ends = known.expires_ns - seconds * 10**9
        memory.keep(msgspec.structs.replace(known, created_ns=made, expires_ns=ends))


async def test_an_order_is_shown_with_its_costs_and_sent_once_confirmed(rig: Rig) -> None:
    rig.desk.topics["markets"] = {"KXFED-T4": a_market("KXFED-T4")}
    asked = await ask(rig)
    for words in (
        *("Buy 10 YES of KXFED-T4 at 45.5¢", "Will KXFED-T4 happen? · Above 4"),
        *("Now 6 at 45.2¢ on average, 4 stay", "Fees now $0.02, at worst $0.07"),
        *("Can lose $4.57, can win $5.43", "Break-even at 45.7%", "Then held: 10 YES"),
        *("practice exchange", "valid for 60 s"),
    ):
        assert words in asked.text
    assert asked.labels == ["✔ Buy", "✖ Cancel"]
    assert rig.desk.submitted == []
    assert "markets" not in rig.desk.pulled, "all rows would hold the engine's loop"
    rig.server.tap(ANNA, asked, "Buy")
    await rig.until(lambda: "Done." in asked.text)
    assert rig.desk.orders == [
        PlaceOrder(
            ticker="KXFED-T4",
            action=Action.BUY,
            outcome=Outcome.YES,
            count=Count(1_000),
            price=Price(4_550),
        )
    ]
    assert asked.labels == []
    assert "KXFED-T4: 10 filled, 0 left, executed" in asked.text


async def test_a_double_tap_is_one_command(rig: Rig) -> None:
    asked = await ask(rig)
    rig.desk.slow_s = 0.1
    data = asked.button("Buy")
    for _ in range(3):
        rig.server.tap(ANNA, asked, "", data=data)
    await rig.until(lambda: "Done." in asked.text)
    rig.server.tap(ANNA, asked, "", data=data)
    await rig.until(lambda: len(rig.server.notes) == 4)
    assert len(rig.desk.orders) == 1
    said = sorted(note["text"] for note in rig.server.notes)
    assert said == [
        *["It is being carried out already."] * 2,
        "Sent to the desk.",
        "This button was used already.",
    ]


async def test_cancel_sends_nothing_for_ever(rig: Rig) -> None:
    asked = await ask(rig)
    data = asked.button("Buy")
    rig.server.tap(ANNA, asked, "Cancel")
    await rig.until(lambda: "Cancelled, nothing was sent." in asked.text)
    rig.server.tap(ANNA, asked, "", data=data)
    await rig.until(lambda: "has expired" in rig.server.notes[-1]["text"])
    assert rig.desk.submitted == []


async def test_nobody_else_may_press_it(rig: Rig) -> None:
    rig.set(users={str(ANNA): "trade", str(VERA): "trade"})
    asked = await rig.asks(BUY, "The button is valid", chat=GROUP)
    rig.server.tap(VERA, asked, "Buy")
    await rig.until(lambda: rig.server.notes)
    assert rig.server.notes[0]["text"] == "This button belongs to somebody else."
    assert rig.desk.submitted == []
    rig.server.tap(ANNA, asked, "Buy")
    await rig.until(lambda: rig.desk.orders)


async def test_it_can_not_be_pressed_in_another_chat(rig: Rig) -> None:
    asked = await rig.asks(BUY, "The button is valid", chat=GROUP)
    menu = await rig.asks("/start", "kalshi-desk")
    rig.server.tap(ANNA, menu, "", data=asked.button("Buy"))
    await rig.until(lambda: rig.server.notes)
    assert rig.server.notes[0]["text"] == "This button belongs to somebody else."
    assert rig.desk.submitted == []


async def test_a_role_that_was_taken_away_confirms_nothing(rig: Rig) -> None:
    asked = await ask(rig)
    rig.set(users={str(ANNA): "view"}, chats={})
    rig.server.tap(ANNA, asked, "Buy")
    await rig.until(lambda: rig.server.notes)
    assert rig.server.notes[0]["text"] == "You may look, not trade."
    assert rig.desk.submitted == []


async def test_its_time_ends_by_itself(rig: Rig) -> None:
    rig.set(confirm_s=1)
    asked = await ask(rig)
    data = asked.button("Buy")
    await rig.until(lambda: "Expired, nothing was sent." in asked.text)
    assert asked.labels == []
    rig.server.tap(ANNA, asked, "", data=data)
    await rig.until(lambda: rig.server.notes)
    assert rig.desk.submitted == []


async def test_a_button_of_before_a_restart_works_within_its_time_and_once(rig: Rig) -> None:
    asked = await ask(rig)
    await rig.kill()
    await rig.start()
    data = asked.button("Buy")
    rig.server.tap(ANNA, asked, "", data=data)
    await rig.until(lambda: "Done." in asked.text)
    await rig.kill()
    await rig.start()
    rig.server.tap(ANNA, asked, "", data=data)
    await rig.until(lambda: rig.server.notes[-1]["text"] == "This button was used already.")
    assert len(rig.desk.orders) == 1


async def test_an_old_button_of_before_a_restart_answers_expired(rig: Rig) -> None:
    asked = await ask(rig)
    data = asked.button("Buy")
    await rig.kill()
    age(rig, 61)
    await rig.start()
    rig.server.tap(ANNA, asked, "", data=data)
    await rig.until(lambda: rig.server.notes)
    assert rig.server.notes[0]["text"] == "This button has expired. Nothing was sent."
    await rig.until(lambda: "Expired" in asked.text and asked.labels == [])
    assert rig.desk.submitted == []


async def test_a_button_that_nobody_remembers_answers_expired(rig: Rig) -> None:
    asked = await ask(rig)
    data = asked.button("Buy")
    await rig.kill()
    rig.kept.tables = {k: v for k, v in rig.kept.tables.items() if k[0] != "confirmations"}
    await rig.start()
    rig.server.tap(ANNA, asked, "", data=data)
    await rig.until(lambda: rig.server.notes)
    assert rig.server.notes[0]["text"] == "This button has expired. Nothing was sent."
    assert rig.desk.submitted == []


async def test_a_kill_after_the_press_is_finished_after_the_start_and_once(rig: Rig) -> None:
    asked = await ask(rig)
    rig.desk.slow_s = 30
    rig.server.tap(ANNA, asked, "Buy")
    await rig.until(lambda: "sent to the desk" in asked.text)
    await rig.kill()
    rig.desk.slow_s = 0
    await rig.start()
    await rig.until(lambda: "Done." in asked.text)
    assert len(rig.desk.orders) == 1


async def test_a_kill_after_the_desk_did_it_asks_under_the_same_id(rig: Rig) -> None:
    asked = await ask(rig)
    rig.desk.lose = [Unknown("The connection was lost.")]
    rig.server.tap(ANNA, asked, "Buy")
    await rig.until(lambda: rig.desk.orders)
    await rig.kill()
    await rig.start()
    await rig.until(lambda: "Done." in asked.text)
    assert len(rig.desk.orders) == 1


async def test_a_lost_answer_is_asked_for_again_under_the_same_id(rig: Rig) -> None:
    asked = await ask(rig)
    rig.desk.lose = [Unknown("The connection was lost."), Retry("gone", code="no_engine")]
    rig.server.tap(ANNA, asked, "Buy")
    await rig.until(lambda: "Done." in asked.text)
    assert len(rig.desk.orders) == 1


async def test_once_in_doubt_no_other_failure_says_that_it_was_not_done(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = await ask(rig)
    failures = [Unknown("The connection was lost."), Stop("Another version.", code="old")]
    carry_out = rig.desk.submit

    async def submit(command: Command, command_id: str | None = None) -> Answer:
        if failures:
            raise failures.pop(0)
        return await carry_out(command, command_id)

    monkeypatch.setattr(rig.desk, "submit", submit)
    rig.server.tap(ANNA, asked, "Buy")
    await rig.until(lambda: "Done." in asked.text)
    assert len(rig.desk.orders) == 1


async def test_what_does_not_fit_into_the_message_follows_it(rig: Rig) -> None:
    rig.desk.refusals = tuple(
        Reason(ReasonCode.BAD_COMMAND, f"number {n} " + "x" * 500) for n in range(12)
    )
    asked = await rig.asks("/cancel all", "The button is valid")
    rig.server.tap(ANNA, asked, asked.labels[0])
    await rig.shown(ANNA, "number 11", after=asked.number)
    told = "\n".join(message.text for message in rig.server.to(ANNA))
    assert [told.count(f"number {n} ") for n in range(12)] == [1] * 12


async def test_what_was_pressed_and_is_too_old_after_a_start_is_said_to_be_unknown(
    rig: Rig,
) -> None:
    asked = await ask(rig)
    rig.desk.slow_s = 30
    rig.server.tap(ANNA, asked, "Buy")
    await rig.until(lambda: "sent to the desk" in asked.text)
    await rig.kill()
    memory = Memory(rig.kept)
    (known,) = memory.confirmations(ConfirmationState.SENT)
    memory.keep(msgspec.structs.replace(known, expires_ns=time.time_ns() - 1))
    rig.desk.slow_s = 0
    await rig.start()
    await rig.until(lambda: "It is not known here whether this was carried out" in asked.text)
    assert rig.desk.submitted == [], "nothing is sent after its time"


async def test_an_answer_that_can_not_be_sent_now_is_sent_later(rig: Rig) -> None:
    asked = await ask(rig)
    rig.server.floods = [31]
    rig.server.tap(ANNA, asked, "Buy")
    await rig.until(lambda: any("Done." in n.text for n in Memory(rig.kept).notices(ANNA)))
    assert len(rig.desk.orders) == 1
    await rig.kill()
    rig.server.calm()
    await rig.start()
    await rig.shown(ANNA, "KXFED-T4: 10 filled", after=asked.number)


async def test_no_engine_at_the_press_sends_nothing(rig: Rig) -> None:
    asked = await ask(rig)
    rig.desk.is_gone = True
    assert rig.bridge is not None
    await rig.until(lambda: rig.bridge and not rig.bridge._reach.venue)
    rig.server.tap(ANNA, asked, "Buy")
    await rig.until(lambda: "Not done" in asked.text)
    rig.desk.is_gone = False
    await rig.until(lambda: rig.bridge and rig.bridge._reach.venue)
    assert rig.desk.submitted == []


async def test_a_confirmation_of_one_venue_is_worth_nothing_on_another(rig: Rig) -> None:
    asked = await ask(rig)
    rig.desk.is_gone = True
    await rig.until(lambda: rig.bridge and not rig.bridge._reach.venue)
    rig.desk.venue, rig.desk.is_gone = "live", False
    await rig.until(lambda: rig.bridge and rig.bridge._reach.venue)
    rig.server.tap(ANNA, asked, "Buy")
    await rig.until(lambda: "the desk trades on live now" in asked.text)
    assert rig.desk.submitted == []


async def test_an_order_that_would_be_refused_has_no_button(rig: Rig) -> None:
    rig.desk.refusals = (Reason(ReasonCode.COLLAR, "Too far <through>."),)
    asked = await rig.asks(BUY, "The desk would refuse it: Too far <through>.")
    assert asked.labels == []
    rig.desk.query_fails = (Reason(ReasonCode.UNKNOWN_MARKET, "There is no market KXFED-T4."),)
    asked = await rig.asks(BUY, "There is no market")
    assert asked.labels == []


async def test_panic_takes_one_tap_and_needs_no_engine(rig: Rig) -> None:
    rig.desk.is_gone = True
    await rig.until(lambda: rig.bridge and not rig.bridge._reach.venue)
    asked = await rig.asks("/panic", "PANIC")
    assert asked.labels == ["‼ PANIC", "✖ Cancel"]
    assert rig.desk.panics == 0
    rig.server.tap(ANNA, asked, "PANIC")
    await rig.until(lambda: "All orders are canceled." in asked.text)
    assert rig.desk.panics == 1


async def test_a_slow_command_does_not_hold_up_a_panic(rig: Rig) -> None:
    asked = await ask(rig)
    rig.desk.slow_s = 30
    rig.server.tap(ANNA, asked, "Buy")
    await rig.until(lambda: "sent to the desk" in asked.text)
    panic = await rig.asks("/panic", "PANIC")
    rig.server.tap(ANNA, panic, "PANIC")
    await rig.until(lambda: rig.desk.panics == 1)
    await rig.kill()


async def test_a_panic_that_was_pressed_does_not_wait_for_telegram(rig: Rig) -> None:
    panic = await rig.asks("/panic", "PANIC")
    rig.server.floods = [20]
    rig.server.tap(ANNA, panic, "PANIC")
    await rig.until(lambda: rig.desk.panics == 1)
    await rig.kill()


async def test_an_order_that_was_pressed_goes_at_once_whatever_telegram_does(rig: Rig) -> None:
    asked = await ask(rig)
    rig.server.hang_on = "sent to the desk"
    rig.server.tap(ANNA, asked, "Buy")
    await rig.until(lambda: len(rig.desk.orders) == 1)
    await rig.kill()


async def test_stopping_needs_no_confirmation_and_starting_does(rig: Rig) -> None:
    await rig.asks("/stop_trading", "Done.")
    assert [command for _, command in rig.desk.submitted] == [SetAuto(on=False)]
    asked = await ask(rig, "/start_trading", "AUTO on")
    rig.server.tap(ANNA, asked, "Yes")
    await rig.until(lambda: "Done." in asked.text)
    assert [command for _, command in rig.desk.submitted] == [SetAuto(on=False), SetAuto(on=True)]


LIMIT = LimitRow(
    name="open_positions", title="Open positions", unit=LimitUnit.COUNT, used=2, allowed=10,
    setting="risk.open_positions", help="", is_breached=False, value="10",
)  # fmt: skip
ORDER = OrderRow(
    client_order_id="c", order_id="o-1", ticker="M", title="", action=Action.BUY,
    outcome=Outcome.YES, price=Price(200), side=BookSide.BID, yes_price=Price(200),
    count=Count(300),
    filled=Count(0), remaining=Count(300), state="resting", ahead=None, created_ns=NOW_NS,
    updated_ns=NOW_NS, origin="manual", reason="",
)  # fmt: skip


TYPED = [
    ("/limit open_positions 12", "10 becomes 12", SetLimit(name="open_positions", value="12")),
    ("/resume", "let orders pass again", Resume()),
    ("/strategy arb trade", "mode trade", SetMode(strategy="arb", mode=Mode.TRADE)),
    ("/cancel o-1", "Buy 3 YES at 2¢", CancelOrder(order="o-1")),
    ("/cancel all", "Cancel all orders on this venue", CancelAll()),
    ("/cancel all m", "Cancel all orders in M", CancelAll(ticker="M")),
    ("/flatten M", "M 1 YES, now 46.5¢ net, +$0.20", Flatten(ticker="M")),
    ("/flatten all", "Close 1 positions", Flatten()),
]


async def test_every_typed_command_says_what_it_does_before(rig: Rig) -> None:
    rig.desk.topics = {
        "limits": {"open_positions": LIMIT},
        "orders": {"c": ORDER},
        "positions": {"M": a_position("M", 100)},
    }
    for typed, words, command in TYPED:
        rig.desk.submitted.clear()
        asked = await ask(rig, typed, words)
        assert rig.desk.submitted == []
        rig.server.tap(ANNA, asked, "Yes")
        assert await rig.shown(ANNA, "Done.", asked.number - 1) is asked
        assert [sent for _, sent in rig.desk.submitted] == [command]


async def test_the_flags_of_an_order_are_said_and_kept(rig: Rig) -> None:
    asked = await rig.asks(f"{BUY} --ioc", "What does not fill at once is cancelled.")
    rig.server.tap(ANNA, asked, "Buy")
    await rig.until(lambda: rig.desk.orders)
    assert rig.desk.orders[0].time_in_force is TimeInForce.IOC


async def test_a_request_answered_twice_after_a_kill_makes_one_confirmation(rig: Rig) -> None:
    rig.server.hang_on = "Buy 10 YES"
    rig.server.write(ANNA, BUY)
    first = await rig.shown(ANNA, "The button is valid")
    await rig.kill()
    rig.server.hang_on = ""
    await rig.start()
    second = await rig.shown(ANNA, "The button is valid", after=first.number)
    assert first.button("Buy") == second.button("Buy")
    rig.server.tap(ANNA, first, "Buy")
    rig.server.tap(ANNA, second, "Buy")
    await rig.until(lambda: len(rig.server.notes) == 2)
    await rig.until(lambda: "Done." in second.text or "Done." in first.text)
    assert len(rig.desk.orders) == 1
