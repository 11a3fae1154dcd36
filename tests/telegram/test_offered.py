"""The bridge sends what it says that it offers, each by the line that it names."""

from __future__ import annotations

from functools import partial
from typing import get_args

import pytest

from kalshi_desk.core.types import Count, Price
from kalshi_desk.desk.automation import StopKind, StopPreview
from kalshi_desk.desk.commands import Command, Panic, Query
from kalshi_desk.desk.service import MarketsPage, SettingsPage
from kalshi_desk.desk.verbs import USAGE
from kalshi_desk.telegram.handling import PICKED
from kalshi_desk.telegram.offered import OFFERED
from tests.telegram.bot_server import Message
from tests.telegram.conftest import ANNA, Rig
from tests.telegram.fake_desk import a_market, a_position
from tests.telegram.test_confirming import LIMIT, ORDER

REAL_NAMES = {"NAME": "open_positions", "TICKER": "KXFED", "ORDER": "o-1", "VALUE": "3"}


def typed(line: str) -> str:
    return " ".join(REAL_NAMES.get(word, word) for word in line.split())


@pytest.fixture
def ready(rig: Rig) -> Rig:
    rig.desk.topics = {
        "limits": {"open_positions": LIMIT},
        "orders": {"c": ORDER},
        "positions": {"KXFED": a_position("KXFED", 100)},
        "markets": {"KXFED": a_market("KXFED")},
    }
    stop = StopPreview(
        ticker="KXFED", kind=StopKind.FIXED, count=Count(100), level=Price(4_000), chance=None,
        expected_cost=None, winners_stopped=None, worst_exit=None, text="",
    )  # fmt: skip
    rig.desk.replies = {
        "PreviewStop": stop,
        "AskSettings": SettingsPage(path="", rows=()),
        "AskMarkets": MarketsPage(total=1, rows=(a_market("KXFED"),)),
    }
    return rig


async def test_each_line_sends_the_command_it_stands_for(ready: Rig) -> None:
    for kind in (kind for kind in OFFERED if kind in get_args(Command)):
        ready.desk.submitted.clear()
        ready.desk.panics = 0
        page = await ready.asks(typed(OFFERED[kind]), "")
        if page.labels:
            assert ready.desk.submitted == []
            ready.server.tap(ANNA, page, page.labels[0])
        assert await ready.shown(ANNA, "Done.", page.number - 1) is page
        sent = [type(command) for _, command in ready.desk.submitted]
        assert (sent or [Panic] * ready.desk.panics) == [kind]


def has_changed(page: Message, seen: int) -> bool:
    return len(page.texts) > seen


async def test_each_line_asks_the_query_it_stands_for(ready: Rig) -> None:
    for kind in (kind for kind in OFFERED if kind in get_args(Query)):
        line = OFFERED[kind]
        page = await ready.asks(f"{line} KXFED fixed" if line == "/protect" else line, "")
        for label in ("47¢", "YES", "5", "At once"):
            if kind.__name__ == "PreviewOrder":
                seen = len(page.texts)
                ready.server.tap(ANNA, page, label)
                await ready.until(partial(has_changed, page, seen))
        assert kind in {type(query) for query in ready.desk.asked}
        ready.desk.asked.clear()


async def test_every_verb_of_the_desk_is_a_command_here(ready: Rig) -> None:
    for verb in USAGE:
        page = await ready.asks(f"/{verb}", "")
        is_right = verb in PICKED or verb in ("panic", "resume")
        assert ("That is not how to" in page.text) is not is_right
        assert "no command" not in page.text
