"""LIVE is typed in words, remembered visibly, and gone at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from kalshi_desk.core.errors import Refuse, Stop
from kalshi_desk.store.live_switch import (
    PHRASE,
    is_live_on,
    live_since,
    need_live,
    switch_path,
    turn_live_off,
    turn_live_on,
)
from kalshi_desk.store.paths import Home, open_home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = open_home(str(tmp_path))
    made.prepare()
    return made


@pytest.mark.parametrize("typed", ["", "yes", "y", "trade real", "trade real money!"])
def test_anything_but_the_phrase_leaves_it_off(home: Home, typed: str) -> None:
    with pytest.raises(Refuse) as refusal:
        turn_live_on(home, typed, 0)
    assert PHRASE in refusal.value.todo
    assert not is_live_on(home)
    with pytest.raises(Stop):
        need_live(home)


def test_the_phrase_is_remembered_until_it_is_switched_off(home: Home) -> None:
    turn_live_on(home, f"  {PHRASE.upper()} ", 1_800_000_000)
    assert live_since(home) == "2027-01-15T08:00:00+00:00"
    need_live(home)
    turn_live_off(home)
    turn_live_off(home)
    assert not is_live_on(home)


def test_a_damaged_file_is_off(home: Home) -> None:
    turn_live_on(home, PHRASE, 0)
    switch_path(home).write_text("{")
    assert not is_live_on(home)
