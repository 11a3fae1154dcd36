"""Where a home has traded is known also when no engine is left to ask."""

from __future__ import annotations

from pathlib import Path

import pytest

from kalshi_desk.core.records import OrderState
from kalshi_desk.store.journal import Journal
from kalshi_desk.store.paths import Home, open_home
from kalshi_desk.store.venues import (
    journaled_venues,
    last_venue,
    remember_venue,
    venues_with_open_orders,
)
from tests.store.test_journal import an_intent, an_order


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = open_home(str(tmp_path))
    made.prepare()
    return made


def test_the_last_venue_is_remembered(home: Home) -> None:
    assert last_venue(home) is None
    remember_venue(home, "practice")
    remember_venue(home, "live")
    assert last_venue(home) == "live"


@pytest.mark.parametrize("content", [b"", b"{", b'{"venue": "elsewhere"}', b'{"venue": 1}'])
def test_a_damaged_file_names_no_venue(home: Home, content: bytes) -> None:
    home.last_venue_path.write_bytes(content)
    assert last_venue(home) is None


@pytest.mark.parametrize("state", list(OrderState))
def test_a_venue_counts_while_an_order_on_it_may_trade(home: Home, state: OrderState) -> None:
    journal = Journal(home.journal_path("demo"), durable=False)
    journal.write([an_order(state)])
    journal.close()
    assert journaled_venues(home) == ["demo"]
    assert venues_with_open_orders(home) == (["demo"] if state.is_open else [])


def test_an_intent_of_which_nothing_was_heard_may_trade(home: Home) -> None:
    Journal(home.journal_path("paper"), durable=False).close()
    journal = Journal(home.journal_path("live"), durable=False)
    journal.append_intent(an_intent(), at_ns=6)
    journal.close()
    assert venues_with_open_orders(home) == ["live"]


def test_a_journal_that_can_not_be_read_counts(home: Home) -> None:
    home.journal_path("live").write_bytes(b"x" * 5000)
    assert venues_with_open_orders(home) == ["live"]
