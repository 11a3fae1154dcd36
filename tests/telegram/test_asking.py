"""People ask the bridge: who may, what they see, and how it is refreshed in place."""

from __future__ import annotations

import pytest

from kalshi_desk.core.reasons import Reason, ReasonCode
from kalshi_desk.core.types import Count
from kalshi_desk.desk.service import GuestSays
from kalshi_desk.telegram.machine_views import ACTING, LOOKING, LOOKING_TOO
from tests.telegram.conftest import ANNA, EVE, GROUP, VERA, Rig
from tests.telegram.fake_desk import a_position, a_status

MENU = [
    *("📊 Status", "💵 Balance", "📦 Positions", "📈 Performance"),
    *("▶ Start", "⏹ Stop", "⚙ Settings", "❔ Help"),
]


async def test_the_menu_has_eight_buttons_and_each_leads_on(rig: Rig) -> None:
    menu = await rig.asks("/start", "kalshi-desk")
    assert menu.labels == MENU
    assert "practice exchange, no real money" in menu.text
    for label, words in (("Status", "AUTO is off"), ("Balance", "Cash $9,000.00")):
        rig.server.tap(ANNA, menu, label)
        page = await rig.shown(ANNA, words)
        assert page.number == menu.number, "it is changed in place"
        rig.server.tap(ANNA, page, "Menu")
        await rig.until(lambda: menu.labels == MENU)
    assert len(rig.server.to(ANNA)) == 1


async def test_a_refresh_changes_the_same_message_or_nothing(rig: Rig) -> None:
    page = await rig.asks("/status", "Equity $10,000.00")
    rig.server.tap(ANNA, page, "Refresh")
    await rig.until(lambda: rig.server.unmodified == 1)
    rig.desk.status = a_status(open_orders=3)
    rig.server.tap(ANNA, page, "Refresh")
    await rig.until(lambda: "Open orders: 3" in page.text)
    assert len(rig.server.to(ANNA)) == 1
    await rig.until(lambda: len(rig.server.notes) == 2)


async def test_every_page_can_be_looked_at_by_those_who_only_look(rig: Rig) -> None:
    for name in (*LOOKING, *LOOKING_TOO):
        page = await rig.asks(f"/{name}", "", user=VERA)
        assert page.text.strip()
        assert "That did not work" not in page.text, name


async def test_who_only_looks_can_change_nothing(rig: Rig) -> None:
    for name in (*ACTING, "limit open_positions 3", "set tui.theme x", "resume"):
        page = await rig.asks(f"/{name}", "", user=VERA)
        assert page.text == "You may look, not trade.", name
    assert rig.desk.submitted == []


async def test_strangers_get_nothing_and_are_reported_once_an_hour(rig: Rig) -> None:
    for text in ("/start", "/status", "hello", "/panic"):
        rig.server.write(EVE, text)
        rig.server.write(EVE, text, GROUP)
    await rig.asks("/status", "Equity")
    assert rig.server.to(EVE) == rig.server.to(GROUP) == []
    said = [word for _, word in rig.desk.submitted if isinstance(word, GuestSays)]
    assert len(said) == 2, "once for each place"
    assert f"User {EVE}" in said[0].text


async def test_a_strangers_tap_on_a_groups_button_does_nothing(rig: Rig) -> None:
    menu = await rig.asks("/start", "kalshi-desk", chat=GROUP)
    rig.server.tap(EVE, menu, "Status")
    rig.server.tap(ANNA, menu, "Balance")
    await rig.shown(GROUP, "Cash")
    await rig.until(lambda: rig.server.notes)
    assert len(rig.server.notes) == 1


async def test_in_a_group_the_persons_role_counts(rig: Rig) -> None:
    await rig.asks("/stop_trading", "Done", chat=GROUP)
    assert len(rig.desk.submitted) == 1
    await rig.asks("/stop_trading", "You may look", user=VERA, chat=GROUP)
    assert len(rig.desk.submitted) == 1


async def test_a_group_that_is_not_listed_gets_nothing_from_those_who_are(rig: Rig) -> None:
    rig.server.write(ANNA, "/status", -999)
    await rig.asks("/status", "Equity")
    assert rig.server.to(-999) == []


async def test_commands_for_another_bot_are_not_ours(rig: Rig) -> None:
    rig.server.write(ANNA, "/status@other_bot", GROUP)
    await rig.asks("/balance@Desk_Test_Bot", "Cash", chat=GROUP)
    assert len(rig.server.to(GROUP)) == 1


async def test_an_anonymous_administrator_and_a_bot_are_strangers(rig: Rig) -> None:
    anonymous = {"id": 1087968824, "is_bot": True, "first_name": "Group"}
    rig.server.write(ANNA, "/status", GROUP, **{"from": anonymous})
    await rig.asks("/balance", "Cash", chat=GROUP)
    assert len(rig.server.to(GROUP)) == 1


async def test_a_list_is_leafed_through_in_place(rig: Rig) -> None:
    rig.desk.topics["positions"] = {
        f"M{at:02}": a_position(f"M{at:02}", 100 * (at + 1)) for at in range(20)
    }
    page = await rig.asks("/positions", "Page 1 of 3")
    assert "M07" in page.text
    assert "M08" not in page.text
    rig.server.tap(ANNA, page, "▶")
    await rig.until(lambda: "Page 2 of 3" in page.text and "M08" in page.text)
    rig.server.tap(ANNA, page, "▶")
    await rig.until(lambda: "Page 3 of 3" in page.text)
    assert [label for label in page.labels if label in "◀▶"] == ["◀"]


@pytest.mark.parametrize(
    ("text", "words"), [("/why " + "é" * 40, "é"), ("/status " + "x" * 900, "")]
)
async def test_what_is_typed_may_be_longer_than_a_button_holds(
    rig: Rig, text: str, words: str
) -> None:
    page = await rig.asks(text, words or "Equity")
    assert [label.split()[-1] for label in page.labels] == ["Menu"]


async def test_hostile_titles_are_shown_as_text(rig: Rig) -> None:
    bad = "<b>x</b> & <a href='http://e.vil'>/panic</a> \u202eevil @boss " + "y" * 10_000
    rig.desk.topics["positions"] = {"M": a_position("M", 100, title=bad)}
    page = await rig.asks("/positions", "> & <a href=")
    assert "\u202e" not in page.text
    assert "/panic" not in page.text, "a joiner keeps it from being a command to tap"
    assert len(page.text) < 4_096


async def test_numbers_that_are_not_known_are_dashes(rig: Rig) -> None:
    rig.desk.status = a_status(equity=None, cash=None, day_pnl=None, buying_power=None)
    page = await rig.asks("/balance", "Cash —")
    assert "None" not in page.text


async def test_an_engine_that_is_gone_is_told_and_its_return_too(rig: Rig) -> None:
    rig.desk.is_gone = True
    page = await rig.asks("/positions", "The engine does not answer")
    assert "Orders at the exchange stand as they are" in page.text or "orders at" in page.text
    rig.desk.is_gone = False
    await rig.until(lambda: rig.bridge and rig.bridge._reach.venue)
    await rig.asks("/status", "Equity")


async def test_the_desks_refusal_is_told_with_its_reason(rig: Rig) -> None:
    rig.desk.refusals = (Reason(ReasonCode.HALTED, "The desk is <HALTED>."),)
    page = await rig.asks("/stop_trading", "Refused")
    assert "halted: The desk is <HALTED>." in page.text


async def test_german_is_spoken_where_it_is_set(rig: Rig) -> None:
    rig.set(language="de")
    page = await rig.asks("/status", "Vermögen $10,000.00")
    assert "Übungsbörse, kein echtes Geld" in page.text
    assert "⟳ Aktualisieren" in page.labels


async def test_commands_are_announced_to_telegram(rig: Rig) -> None:
    names = [command["command"] for command in rig.server.commands]
    assert names == ["start", *LOOKING, *LOOKING_TOO, *ACTING]
    assert all(1 <= len(command["description"]) <= 256 for command in rig.server.commands)


async def test_a_position_of_zero_is_no_position(rig: Rig) -> None:
    rig.desk.topics["positions"] = {"M": a_position("M", Count(0))}
    await rig.asks("/positions", "There is nothing")


async def test_what_is_no_command_is_said_to_be_none(rig: Rig) -> None:
    await rig.asks("/nonsense", "There is no command /")
    await rig.asks("/", "There is no command")
    page = await rig.asks("/buy KXFED maybe", "That is not how to buy")
    assert "buy TICKER yes|no COUNT @ CENTS" in page.text
