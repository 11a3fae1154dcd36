"""Notifications: each event once to each chat, as loud as set, over restarts, floods and faults."""

from __future__ import annotations

import asyncio
import time

import pytest

from kalshi_desk.core.types import Money
from kalshi_desk.desk.frames import EventKind, Level
from kalshi_desk.telegram import courier
from kalshi_desk.telegram.memory import Memory
from kalshi_desk.telegram.settings import Category
from tests.telegram.conftest import ANNA, GROUP, Rig
from tests.telegram.fake_desk import NOW_NS, a_portfolio, a_status

REPEAT = "Perhaps sent before"


def texts(rig: Rig, chat: int = ANNA) -> str:
    return "\n".join(message.text for message in rig.server.to(chat))


async def test_an_event_is_told_once_to_every_chat(rig: Rig) -> None:
    rig.desk.say(
        EventKind.FILL,
        "Filled: buy 2 YES at 45¢",
        text="fee $0.02 taker",
        ticker="KXFED-T4",
        level=Level.GOOD,
    )
    for chat in (ANNA, GROUP):
        message = await rig.shown(chat, "Filled: buy 2 YES at 45¢")
        assert message.text.splitlines() == [
            "✓ Filled: buy 2 YES at 45¢ KXFED-T4",
            "fee $0.02 taker",
            "trades · practice · 14:13:20 UTC",
        ]
        assert not message.is_silent
    await rig.stop()
    await rig.start()
    rig.desk.say(EventKind.SYSTEM, "Something else")
    await rig.shown(ANNA, "Something else")
    assert texts(rig).count("Filled") == texts(rig, GROUP).count("Filled") == 1


async def test_what_happened_before_the_first_start_is_not_told(rig: Rig) -> None:
    await rig.stop()
    rig.kept.tables.clear()
    rig.desk.say(EventKind.FILL, "Filled: long ago")
    await rig.start()
    rig.desk.say(EventKind.FILL, "Filled: now")
    await rig.shown(ANNA, "Filled: now")
    assert "long ago" not in texts(rig)


async def test_what_happens_while_the_bridge_is_off_is_told_afterwards(rig: Rig) -> None:
    await rig.stop()
    for number in range(600):
        rig.desk.say(EventKind.FILL, f"Filled: number {number};")
    await rig.start()
    await rig.shown(ANNA, "number 599;")
    told = texts(rig)
    assert [told.count(f"number {number};") for number in range(600)] == [1] * 600
    assert len(rig.server.to(ANNA)) < 60, "a flood is gathered into few messages"


async def test_silent_and_off_are_obeyed(rig: Rig) -> None:
    rig.set(notify={"trades": "silent", "stops": "off"})
    rig.desk.say(EventKind.STOP, "Stop s1 set")
    rig.desk.say(EventKind.FILL, "Filled: softly")
    message = await rig.shown(ANNA, "Filled: softly")
    assert message.is_silent
    rig.desk.say(EventKind.SYSTEM, "Loud")
    message = await rig.shown(ANNA, "Loud")
    assert not message.is_silent
    assert "Stop s1" not in texts(rig)


@pytest.mark.parametrize("frequency", ["minute", "hour"])
async def test_what_is_gathered_waits_and_dangers_do_not(rig: Rig, frequency: str) -> None:
    rig.set(frequency=frequency)
    now_ns = time.time_ns()
    rig.desk.say(EventKind.FILL, "Filled: later", at_ns=now_ns)
    rig.desk.say(EventKind.RISK, "HALTED", level=Level.ERROR, at_ns=now_ns)
    await rig.shown(ANNA, "HALTED")
    assert "later" not in texts(rig)
    waiting = [n for n in Memory(rig.kept).notices(ANNA) if "later" in n.text]
    span_ns = {"minute": 60, "hour": 3_600}[frequency] * 10**9
    assert [n.due_ns % span_ns for n in waiting] == [0]
    assert 0 < waiting[0].due_ns - now_ns <= span_ns


async def test_compact_is_one_line_and_german_is_german(rig: Rig) -> None:
    rig.set(style="compact", language="de")
    rig.desk.say(EventKind.FILL, "Filled: buy 2 YES at 45¢", text="fee", ticker="M")
    message = await rig.shown(ANNA, "Ausgeführt")
    assert message.text == "· Ausgeführt: Kauf 2 YES zu 45¢ M"


async def test_a_kill_in_the_middle_of_sending_repeats_only_that_and_says_so(rig: Rig) -> None:
    rig.desk.say(EventKind.FILL, "Filled: one")
    await rig.shown(ANNA, "Filled: one")
    await rig.shown(GROUP, "Filled: one")
    rig.server.hang_on = "Filled: two"
    rig.desk.say(EventKind.FILL, "Filled: two")
    await rig.until(lambda: "Filled: two" in texts(rig) + texts(rig, GROUP))
    rig.desk.say(EventKind.FILL, "Filled: three")
    await rig.until(lambda: any("three" in n.text for n in Memory(rig.kept).notices()))
    await rig.kill()
    rig.server.hang_on = ""
    await rig.start()
    await rig.shown(ANNA, "Filled: three")
    await rig.shown(GROUP, "Filled: three")
    both = texts(rig) + texts(rig, GROUP)
    assert both.count("Filled: one") == both.count("Filled: three") == 2
    assert both.count("Filled: two") == 3, "once more where it was on its way"
    assert both.count(REPEAT) == 1
    (marked,) = (m for c in (ANNA, GROUP) for m in rig.server.to(c) if REPEAT in m.text)
    assert "two" in marked.text
    assert "three" not in marked.text


async def test_a_429_is_waited_out_and_nothing_is_lost_or_doubled(rig: Rig) -> None:
    rig.server.floods = [1, 1]
    for number in range(5):
        rig.desk.say(EventKind.FILL, f"Filled: number {number};")
    await rig.shown(ANNA, "number 4;")
    await rig.shown(GROUP, "number 4;")
    assert rig.server.early == 0, "nothing came before its time"
    for chat in (ANNA, GROUP):
        assert [texts(rig, chat).count(f"number {n};") for n in range(5)] == [1] * 5
        assert REPEAT not in texts(rig, chat)


async def test_a_server_that_fails_may_have_it_and_the_repetition_says_so(rig: Rig) -> None:
    rig.set(chats={str(ANNA): "trade"})
    rig.server.fail = [(502, "Bad Gateway")]
    rig.desk.say(EventKind.FILL, "Filled: once")
    message = await rig.shown(ANNA, "Filled: once")
    assert REPEAT in message.text


async def test_a_chat_that_is_gone_holds_up_no_other_and_is_reported_once(rig: Rig) -> None:
    rig.server.gone = {GROUP}
    rig.desk.say(EventKind.FILL, "Filled: one")
    rig.desk.say(EventKind.FILL, "Filled: two")
    await rig.shown(ANNA, "Filled: two")
    said = await rig.until(
        lambda: [c for _, c in rig.desk.submitted if "can't be reached" in getattr(c, "title", "")]
    )
    assert len(said) == 1
    await rig.until(lambda: [n.chat for n in Memory(rig.kept).notices()] == [GROUP, GROUP])
    rig.server.gone = set()
    await rig.asks("/status", "Equity", chat=GROUP)
    await rig.shown(GROUP, "Filled: two")


async def test_a_chat_that_takes_nothing_for_very_long_is_told_how_many_it_missed(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(courier, "MOST_WAITING", 3)
    rig.server.gone = {GROUP}
    rig.desk.say(EventKind.FILL, "Filled: number 0;")
    await rig.until(
        lambda: [c for _, c in rig.desk.submitted if "can't be reached" in getattr(c, "title", "")]
    )
    for number in range(1, 5):
        rig.desk.say(EventKind.FILL, f"Filled: number {number};")
    await rig.shown(ANNA, "number 4;")
    await rig.until(lambda: len(Memory(rig.kept).notices(GROUP)) == 3)
    rig.server.gone = set()
    await rig.asks("/status", "Equity", chat=GROUP)
    message = await rig.shown(GROUP, "number 4;")
    assert message.text.startswith("▲ 2 older notifications were let go")
    assert "number 1;" not in message.text
    rig.desk.say(EventKind.FILL, "Filled: later")
    message = await rig.shown(GROUP, "Filled: later")
    assert "older" not in message.text


async def test_a_group_in_which_the_bot_may_not_write_loses_nothing(rig: Rig) -> None:
    rig.server.mute = {GROUP}
    rig.desk.say(EventKind.FILL, "Filled: one")
    await rig.shown(ANNA, "Filled: one")
    said = await rig.until(
        lambda: [c for _, c in rig.desk.submitted if "can't be reached" in getattr(c, "title", "")]
    )
    assert len(said) == 1
    rig.server.mute = set()
    await rig.asks("/status", "Equity", chat=GROUP)
    await rig.shown(GROUP, "Filled: one")


async def test_while_telegram_is_away_the_newest_wait_and_the_others_are_counted(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(courier, "MOST_WAITING", 3)
    rig.set(chats={str(ANNA): "trade"})
    rig.server.is_down = True
    rig.desk.say(EventKind.FILL, "Filled: number 0;")
    await rig.until(lambda: [n for n in Memory(rig.kept).notices(ANNA) if n.is_repeat])
    for number in range(1, 9):
        rig.desk.say(EventKind.FILL, f"Filled: number {number};")
    await rig.until(lambda: Memory(rig.kept).number(f"dropped:{ANNA}") == 6)
    rig.server.is_down = False
    message = await rig.shown(ANNA, "number 8;")
    assert message.text.startswith("▲ 6 older notifications were let go")


async def test_a_chat_taken_off_the_list_is_told_nothing_more(rig: Rig) -> None:
    rig.server.gone = {GROUP}
    rig.desk.say(EventKind.FILL, "Filled: secret")
    await rig.shown(ANNA, "Filled: secret")
    rig.set(chats={str(ANNA): "trade"})
    rig.server.gone = set()
    await rig.until(lambda: not Memory(rig.kept).notices(GROUP))
    assert rig.server.to(GROUP) == []


async def test_hostile_events_are_text(rig: Rig) -> None:
    bad = "</b><script>&amp; <i>" + "<" * 9_000 + "\u202eneve\u0000"
    rig.desk.say(EventKind.NEWS, bad, text=bad, ticker="M<b>")
    rig.set(notify={Category.NEWS.value: "on"})
    rig.desk.say(EventKind.NEWS, bad, text=bad * 3, ticker="M<b>")
    message = await rig.shown(ANNA, "><script>&amp; <i><<")
    assert "\u202e" not in message.text
    assert "M<b>" in message.text


async def test_a_new_journal_under_the_same_name_is_followed_from_its_beginning(rig: Rig) -> None:
    for number in range(5):
        rig.desk.say(EventKind.SYSTEM, f"old {number};")
    await rig.shown(ANNA, "old 4;")
    await rig.stop()
    rig.desk.events.clear()
    rig.desk.say(EventKind.SYSTEM, "new one;")
    await rig.start()
    await rig.shown(ANNA, "new one;")


async def test_each_venue_has_a_place_of_its_own_in_the_events(rig: Rig) -> None:
    for number in range(5):
        rig.desk.say(EventKind.SYSTEM, f"practice {number};")
    await rig.shown(ANNA, "practice 4;")
    await rig.stop()
    rig.desk.venue = "demo"
    await rig.start()
    rig.desk.say(EventKind.SYSTEM, "demo 5;")
    await rig.shown(ANNA, "demo 5;")
    assert texts(rig).count("practice 0;") == 1


async def test_a_new_engine_is_told_of_and_a_bridge_started_anew_is_not(rig: Rig) -> None:
    await rig.stop()
    await rig.start()
    rig.desk.say(EventKind.SYSTEM, "first;")
    await rig.shown(ANNA, "first;")
    assert "started anew" not in texts(rig)
    await rig.stop()
    rig.desk.pid = 78
    await rig.start()
    await rig.shown(ANNA, "The engine has started anew (practice, process 78)")


async def test_an_engine_that_stays_away_is_told_once(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kalshi_desk.telegram.watch.GONE_S", 0.2)
    rig.desk.is_gone = True
    await rig.shown(ANNA, "The engine does not answer.")
    await asyncio.sleep(0.3)
    rig.desk.is_gone = False
    await rig.shown(ANNA, "The engine has started anew")
    assert texts(rig).count("The engine does not answer.") == 1


async def test_a_group_that_becomes_another_chat_is_followed(rig: Rig) -> None:
    rig.set(chats={str(GROUP): "view"})
    rig.server.moves = {GROUP: -100_777}
    rig.desk.say(EventKind.FILL, "Filled: after the move")
    await rig.shown(-100_777, "Filled: after the move")
    said = [c for _, c in rig.desk.submitted if "new number" in getattr(c, "title", "")]
    assert len(said) == 1
    await rig.stop()
    await rig.start()
    rig.desk.say(EventKind.FILL, "Filled: later")
    await rig.shown(-100_777, "Filled: later")


async def test_milestones_of_the_day_are_told_once(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kalshi_desk.telegram.watch.PORTFOLIO_S", 0.0)
    rig.desk.topics["portfolio"] = {"": a_portfolio()}
    await rig.until(lambda: Memory(rig.kept).fact("told:practice"))
    gained = Money(210_000_000)
    rig.desk.status = a_status(
        equity=Money(10_000_000_000 + gained), day_pnl=gained, now_ns=NOW_NS + 10**9
    )
    rig.desk.topics["portfolio"] = {"": a_portfolio(equity=Money(10_000_000_000 + gained))}
    await rig.shown(ANNA, "The day has gained 2 %: +$210.00")
    await rig.shown(ANNA, "New highest equity: $10,210.00, +$210.00 since")
    await rig.stop()
    await rig.start()
    rig.desk.say(EventKind.SYSTEM, "Something else")
    await rig.shown(ANNA, "Something else")
    assert texts(rig).count("The day has gained") == texts(rig).count("New highest") == 1
