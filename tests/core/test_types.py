"""Exact integers: what is read comes back, what can't be exact is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_desk.core.types import (
    Count,
    Money,
    Price,
    format_count,
    format_money,
    format_price,
    notional,
    parse_count,
    parse_money,
    parse_price,
)


@given(st.integers(-(10**12), 10**12))
def test_every_integer_survives_its_text(value: int) -> None:
    assert parse_price(format_price(Price(value))) == value
    assert parse_count(format_count(Count(value))) == value
    assert parse_money(format_money(Money(value))) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [("0.4700", 4700), (".5", 5000), ("1", 10000), ("-0.01", -100), ("0.12340000", 1234)],
)
def test_prices_are_read_exactly(text: str, value: int) -> None:
    assert parse_price(text) == value


@pytest.mark.parametrize(
    "text", ["", ".", "-", "1e3", "0x10", "1_000", "NaN", "inf", "0.12345", "1,0", "٣", "--1"]
)
def test_what_is_not_a_plain_decimal_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="price"):
        parse_price(text)


def test_price_times_count_is_money() -> None:
    assert notional(parse_price("0.4700"), parse_count("10.00")) == parse_money("4.70")
