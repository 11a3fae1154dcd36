"""Numbers read as a trader expects, and say no more and no less than they know."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_desk.core.types import MONEY_SCALE, PRICE_ONE, parse_count, parse_money
from kalshi_desk.tui import format as f
from tests.tui.scripted import NOW_NS, SECOND

prices = st.integers(min_value=1, max_value=PRICE_ONE - 1)
moneys = st.integers(min_value=-(10**15), max_value=10**15)
counts = st.integers(min_value=-(10**11), max_value=10**11)


@pytest.mark.parametrize(
    ("price", "places", "text"),
    [
        (4700, 0, "47¢"),
        (4750, 0, "47.5¢"),
        (4700, 1, "47.0¢"),
        (5, 0, "0.05¢"),
        (810, 1, "8.1¢"),
        (9999, 0, "99.99¢"),
        (None, 1, "—"),
    ],
)
def test_cents(price: int | None, places: int, text: str) -> None:
    assert f.cents(price, places) == text


@given(prices, st.integers(min_value=0, max_value=2))
def test_cents_never_lose_a_digit(price: int, places: int) -> None:
    assert parse_count(f.cents(price, places, sign=False)) == price


@given(prices)
def test_no_price_is_the_rest_of_a_dollar(price: int) -> None:
    assert f.other(f.other(price)) == price  # type: ignore[arg-type]
    assert price + f.other(price) == PRICE_ONE  # type: ignore[arg-type]


@given(moneys)
def test_signed_money_is_right_to_half_a_cent(micro: int) -> None:
    text = f.signed_money(micro)
    assert text[0] in "+−$"
    value = parse_money(text.replace("−", "-").replace("$", "").replace(",", ""))
    assert abs(value - micro) <= MONEY_SCALE // 200
    assert (text[0] == "−") == (value < 0)
    assert text[1 if text[0] in "+−" else 0] == "$"


@pytest.mark.parametrize(
    ("micro", "text"),
    [
        (34_200_000, "▲ +$34.20"),
        (-1_130_000, "▼ −$1.13"),
        (0, "$0.00"),
        (-4_000, "$0.00"),
        (None, "—"),
    ],
)
def test_a_profit_has_arrow_and_sign(micro: int | None, text: str) -> None:
    assert f.pnl(micro) == text


@given(counts)
def test_counts_can_be_read_back(value: int) -> None:
    assert parse_count(f.count(value).replace("−", "-").replace(",", "")) == value


@given(counts, st.integers(min_value=5, max_value=12))
def test_short_counts_fit_and_never_promise_more(value: int, width: int) -> None:
    text = f.short_count(value, width)
    assert len(text) <= width
    if text[-1] in "kMB":
        unit = {"k": 10**3, "M": 10**6, "B": 10**9}[text[-1]]
        shown = float(text[:-1].replace("−", "-").replace(",", "")) * unit * 100
        assert abs(shown) <= abs(value)


@pytest.mark.parametrize(
    ("left_s", "text"),
    [
        (35, "35s"),
        (250, "4m 10s"),
        (7_500, "2h 5m"),
        (266_400, "3d 2h"),
        (0, "now"),
        (-100, "past"),
        (90 * 86_400, "Feb 20"),
        (900 * 86_400, "May 2029"),
    ],
)
def test_time_left_is_relative_when_near_and_a_date_when_far(left_s: int, text: str) -> None:
    at = NOW_NS + left_s * SECOND
    if left_s > 60 * 86_400:
        assert not f.until(at, NOW_NS)[0].isdigit()
    else:
        assert f.until(at, NOW_NS) == text


def test_changes_and_positions() -> None:
    assert f.change(120) == "▲+1.2"
    assert f.change(-40) == "▼−0.4"
    assert f.change(0) == "0"
    assert f.position(120_00) == "120 YES"
    assert f.position(-30_50) == "30.50 NO"
    assert f.average(4627) == "46.3¢"
    assert f.percent(4936) == "49.4%"  # type: ignore[arg-type]
    assert f.age(40) == "40ms"
    assert f.age(2_400) == "2.4s"


def test_clocks_name_their_zone() -> None:
    assert f.clock(NOW_NS).endswith((" ET", " UTC"))
    assert f.clock(NOW_NS, zone="UTC", seconds=False).endswith(" UTC")
