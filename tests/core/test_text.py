"""Text from outside can't steer a terminal."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from kalshi_desk.core.text import MOST_MARKS, clean


def test_escape_sequences_and_overrides_lose_their_power() -> None:
    assert clean("a\x1b[31mred\x07\u202eevil\u200b\nb") == "a[31mredevil b"
    assert clean(None) == ""
    assert clean("[red]x[/]") == "[red]x[/]"


@given(st.text())
def test_nothing_invisible_survives(text: str) -> None:
    assert not {unicodedata.category(char) for char in clean(text)} & {"Cc", "Cf", "Cs", "Zl"}


def test_length_is_bounded() -> None:
    assert len(clean("x" * 100_000)) == 4_000


def test_a_pile_of_accents_is_thinned_and_languages_are_not() -> None:
    assert clean("F" + "\u0301" * 200 + "ed") == "F" + "\u0301" * MOST_MARKS + "ed"
    for word in ("Việt Nam", "שָׁלוֹם", "हिन्दी", "ภาษาไทยที่", "ẹ̀kọ́"):
        assert clean(word) == word
