"""Orders step by step: market, side, size, price, preview, confirmation; and every way out."""

from __future__ import annotations

import pytest

from kalshi_desk.core.reasons import Reason, ReasonCode
from kalshi_desk.core.types import Action, Count, MarketStatus, Outcome, Price
from kalshi_desk.desk.commands import CancelAll, CancelOrder, Flatten, PlaceOrder
from kalshi_desk.telegram.picker import MOST_SESSIONS, Sessions
from tests.telegram.bot_server import Message
from tests.telegram.conftest import ANNA, GROUP, VERA, Rig
from tests.telegram.fake_desk import a_market, a_position
from tests.telegram.test_confirming import ORDER

MARKETS = {
    "KXFED": a_market("KXFED", volume=Count(500)),
    "KXRAIN": a_market("KXRAIN", title="Rain in Oslo?", is_starred=True),
    "KXOLD": a_market("KXOLD", status=MarketStatus.CLOSED),
}


async def tap(rig: Rig, page: Message, label: str, words: str) -> Message:
    rig.server.tap(ANNA, page, label)
    await rig.until(lambda: words in page.text)
    return page


async def test_buying_by_taps_ends_in_the_same_confirmation(rig: Rig) -> None:
    rig.desk.topics["markets"] = dict(MARKETS)
    page = await rig.asks("/buy", "Which market?")
    assert page.labels[0].startswith("★ 47¢"), "what is starred comes first"
    assert not any("KXOLD" in label for label in page.labels)
    await tap(rig, page, "KXFED", "Which side?")
    assert page.labels[:2] == ["YES 47¢ (44¢)", "NO 56¢ (53¢)"]
    await tap(rig, page, "NO", "How many contracts of NO?")
    await tap(rig, page, "10", "at which price?")
    assert page.labels[:3] == ["At once: 56¢", "In between: 54¢", "Wait in line: 53¢"]
    await tap(rig, page, "Wait in line", "The button is valid")
    assert "Buy 10 NO of KXFED at 53¢" in page.text
    assert len(rig.server.to(ANNA)) == 1
    await tap(rig, page, "Buy", "Done.")
    assert rig.desk.orders == [
        PlaceOrder(
            ticker="KXFED",
            action=Action.BUY,
            outcome=Outcome.NO,
            count=Count(1_000),
            price=Price(5_300),
        )
    ]


async def test_a_second_tap_on_the_last_choice_leaves_the_confirmation_alone(rig: Rig) -> None:
    rig.desk.topics["markets"] = dict(MARKETS)
    page = await rig.asks("/buy", "Which market?")
    await tap(rig, page, "KXFED", "Which side?")
    await tap(rig, page, "YES", "How many")
    await tap(rig, page, "10", "at which price?")
    data = page.button("At once")
    for _ in range(2):
        rig.server.tap(ANNA, page, "", data=data)
    await rig.until(lambda: len(rig.server.notes) == 5)
    assert page.labels == ["✔ Buy", "✖ Cancel"]
    assert "Expired" not in "".join(page.texts)


async def test_words_can_be_typed_at_each_step(rig: Rig) -> None:
    rig.desk.topics["markets"] = dict(MARKETS)
    page = await rig.asks("/buy", "Which market?")
    rig.server.write(ANNA, "oslo rain")
    await rig.until(lambda: "“oslo rain”" in page.text)
    assert [label for label in page.labels if "Rain" in label] == page.labels[:1]
    await tap(rig, page, "Rain in Oslo", "Which side?")
    for typed, words in (
        ("perhaps", "must be yes or no"),
        ("yes", "How many contracts of YES?"),
        ("$20", "$20 of YES: at which price?"),
        ("many", 'The price "many" must be a number of cents'),
        ("0", "more than 0 and less than 100"),
        ("45.5", "Buy 10 YES of KXRAIN at 45.5¢"),
    ):
        rig.server.write(ANNA, typed)
        assert await rig.shown(ANNA, words) is page
    assert len(rig.server.to(ANNA)) == 1


async def test_a_size_that_means_nothing_is_asked_for_again(rig: Rig) -> None:
    rig.desk.topics["markets"] = dict(MARKETS)
    page = await rig.asks("/buy", "Which market?")
    await tap(rig, page, "KXFED", "Which side?")
    await tap(rig, page, "YES", "How many")
    rig.server.write(ANNA, "lots")
    await rig.until(lambda: "lots of YES: at which price?" in page.text)
    rig.desk.query_fails = (Reason(ReasonCode.BAD_SIZE, "lots is no size."),)
    rig.server.tap(ANNA, page, "At once")
    await rig.until(lambda: "lots is no size." in page.text and "How many" in page.text)


async def test_selling_offers_what_is_held_and_all_of_it(rig: Rig) -> None:
    rig.desk.topics["markets"] = {"KXFED": a_market("KXFED", position=Count(-700))}
    rig.desk.topics["positions"] = {"KXFED": a_position("KXFED", -700)}
    page = await rig.asks("/sell", "Which market?")
    await tap(rig, page, "7 NO", "How many contracts of NO?")
    assert page.labels[:2] == ["7", "3"]
    await tap(rig, page, "7", "at which price?")
    assert page.labels[0] == "At once: 53¢"
    await tap(rig, page, "At once", "The button is valid")
    await tap(rig, page, "Sell", "Done.")
    (order,) = rig.desk.orders
    assert (order.action, order.outcome, order.price) == (Action.SELL, Outcome.NO, 5_300)


async def test_one_can_go_back_and_out_at_every_step(rig: Rig) -> None:
    rig.desk.topics["markets"] = dict(MARKETS)
    page = await rig.asks("/buy", "Which market?")
    await tap(rig, page, "KXFED", "Which side?")
    await tap(rig, page, "Back", "Which market?")
    await tap(rig, page, "KXFED", "Which side?")
    await tap(rig, page, "YES", "How many")
    await tap(rig, page, "Back", "Which side?")
    await tap(rig, page, "Cancel", "Cancelled, nothing was sent.")
    assert page.labels == []
    assert rig.desk.submitted == []


async def test_a_restart_makes_its_buttons_expired(rig: Rig) -> None:
    rig.desk.topics["markets"] = dict(MARKETS)
    page = await rig.asks("/buy", "Which market?")
    await rig.stop()
    await rig.start()
    await tap(rig, page, "KXFED", "Expired, nothing was sent.")
    await rig.until(lambda: rig.server.notes)
    assert rig.server.notes[-1]["text"] == "This button has expired. Nothing was sent."


async def test_another_persons_picker_is_not_mine(rig: Rig) -> None:
    rig.set(users={str(ANNA): "trade", str(VERA): "trade"})
    rig.desk.topics["markets"] = dict(MARKETS)
    page = await rig.asks("/buy", "Which market?", chat=GROUP)
    rig.server.tap(VERA, page, "KXFED")
    await rig.until(lambda: rig.server.notes)
    assert rig.server.notes[0]["text"] == "This button belongs to somebody else."
    assert "Which market?" in page.text


@pytest.mark.parametrize(
    ("typed", "label", "command"),
    [
        ("/cancel", "Buy 3 YES", CancelOrder(order="o-1")),
        ("/cancel", "All orders", CancelAll()),
        ("/flatten", "1 YES M", Flatten(ticker="M")),
        ("/flatten", "Close everything", Flatten()),
    ],
)
async def test_cancel_and_flatten_are_picked_and_confirmed(
    rig: Rig, typed: str, label: str, command: object
) -> None:
    rig.desk.topics = {"orders": {"c": ORDER}, "positions": {"M": a_position("M", 100)}}
    page = await rig.asks(typed, "which")
    await tap(rig, page, label, "The button is valid")
    await tap(rig, page, "Yes", "Done.")
    assert [sent for _, sent in rig.desk.submitted] == [command]


async def test_with_nothing_open_there_is_nothing_to_pick(rig: Rig) -> None:
    page = await rig.asks("/cancel", "No order is open.")
    assert page.labels == ["✖ Cancel"]
    await rig.asks("/flatten", "Nothing is held.")


async def test_mine_and_starred_markets_come_before_the_busy_ones(rig: Rig) -> None:
    rig.desk.topics["markets"] = {
        "BUSY": a_market("BUSY", volume=Count(900)),
        "STAR": a_market("STAR", is_starred=True),
        "MINE": a_market("MINE", position=Count(100)),
        "SLOW": a_market("SLOW", volume=Count(1)),
    }
    page = await rig.asks("/buy", "Which market?")
    assert [label.rpartition("Will ")[2][:4] for label in page.labels[:4]] == [
        *("MINE", "STAR", "BUSY", "SLOW")
    ]


def test_the_oldest_of_too_many_sessions_goes() -> None:
    sessions = Sessions()
    first = sessions.begin("buy", 1, 1)
    for person in range(2, MOST_SESSIONS + 2):
        last = sessions.begin("buy", person, 1)
    assert sessions.find(first.session_id) is None
    assert sessions.find(last.session_id) is last


def test_a_new_picker_ends_the_one_before_of_the_same_person() -> None:
    sessions = Sessions()
    first = sessions.begin("buy", 1, 1)
    second = sessions.begin("sell", 1, 1)
    assert sessions.find(first.session_id) is None
    assert sessions.typing(1, 1) is second
    assert sessions.typing(1, 2) is None
