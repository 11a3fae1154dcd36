"""Filters of markets as text: read, written, and refused with what would be right."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_desk.core.types import Price
from kalshi_desk.desk.market_filter import USAGE, filter_text, parse_filter
from kalshi_desk.desk.service import MarketFilter

SECONDS = st.none() | st.integers(1, 10**7)
PRICES = st.none() | st.integers(0, 4_999).map(Price)


def test_all_terms() -> None:
    text = "Fed rate closes<7d volume>1.5k spread<2.5 price>20 price<80¢ mine STARRED exclusive"
    assert parse_filter(text) == MarketFilter(
        text="Fed rate",
        closes_within_s=7 * 86_400,
        min_volume=150_000,
        max_spread=Price(250),
        price_low=Price(2_000),
        price_high=Price(8_000),
        only_mine=True,
        only_starred=True,
        only_exclusive=True,
    )
    assert parse_filter("closed combos") == MarketFilter(only_active=False, with_combos=True)
    assert parse_filter("") == MarketFilter()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("closes<soon", "write 30m, 24h"),
        ("closes<0h", "write 30m, 24h"),
        ("closes>1h", "Write closes<1h"),
        ("volume<5", "Write volume>5"),
        ("volume>many", "write 1000 or 5k"),
        ("volume>-1", "write 1000"),
        ("volume>nan", "write 1000"),
        ("volume>1e999999", "write 1000"),
        ("spread<101", "cents from 0 to 100"),
        ("price>0.001", "cents from 0 to 100"),
        ("price>80 price<20", "No price"),
    ],
)
def test_what_is_wrong_is_said_with_what_is_right(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse_filter(text)


def test_words_that_look_like_nothing_are_searched_for() -> None:
    assert parse_filter("[/ price <80 mine?").text == "[/ price <80 mine?"


@given(
    SECONDS,
    st.none() | st.integers(0, 10**11),
    PRICES,
    PRICES,
    st.lists(st.booleans(), min_size=5, max_size=5),
)
def test_what_is_written_is_read_back(
    seconds: int | None,
    volume: int | None,
    spread: Price | None,
    low: Price | None,
    flags: list[bool],
) -> None:
    mine, starred, exclusive, active, combos = flags
    wanted = MarketFilter(
        text="some words",
        closes_within_s=seconds,
        min_volume=volume,
        max_spread=spread,
        price_low=low,
        price_high=Price(5_000),
        only_mine=mine,
        only_starred=starred,
        only_exclusive=exclusive,
        only_active=active,
        with_combos=combos,
    )
    assert parse_filter(filter_text(wanted)) == wanted


def test_usage_names_every_term() -> None:
    for term in ("closes", "volume", "spread", "price", "mine", "starred", "exclusive", "combos"):
        assert term in USAGE
