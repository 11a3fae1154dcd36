"""One question for every slip of the hand: in verbs, settings, variables and alerts."""

from __future__ import annotations

import re

import pytest

from kalshi_desk.core.errors import Refuse
from kalshi_desk.core.nearest import did_you_mean, meant, nearest
from kalshi_desk.desk.verbs import parse
from kalshi_desk.store.setting_schema import place_of


def test_the_nearest_word_is_asked_for_and_a_far_one_is_not() -> None:
    known = {"buy": 1, "sell": 2}
    assert did_you_mean("bye", known) == " Did you mean buy?"
    assert did_you_mean("zzz", known) == ""
    assert nearest("sel", known) == ["sell"]
    assert did_you_mean("sel", known, near=0.99) == ""
    assert meant(["a.x", "b.x"]) == " Did you mean a.x or b.x?"
    assert meant([]) == ""


@pytest.mark.parametrize(
    ("typed", "question"),
    [
        (lambda: parse("bye FED yes 1 @ 1"), "Did you mean buy?"),
        (lambda: place_of("risk.colar_cents"), "Did you mean risk.collar_cents?"),
    ],
)
def test_faces_ask_in_the_same_words(typed: object, question: str) -> None:
    assert callable(typed)
    with pytest.raises(Refuse, match=re.escape(question)):
        typed()
