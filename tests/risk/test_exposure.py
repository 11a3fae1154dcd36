"""Worst cases against brute force, and sizes as people type them."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_desk.core.errors import Refuse
from kalshi_desk.core.types import BookSide, Count, Money, Price, parse_count, parse_money
from kalshi_desk.risk.exposure import Exposed, Resting, Stake, worst_case
from kalshi_desk.risk.sizing import read_size

EVENTS = {"A": ("E", True), "B": ("E", True), "C": ("F", False), "D": ("F", False)}
STAKES = st.builds(
    lambda t, c, v: Stake(t, EVENTS[t][0], EVENTS[t][1], Count(c), Money(v)),
    st.sampled_from("ABCD"),
    st.integers(-100, 100),
    st.integers(0, 900_000),
)
RESTING = st.builds(
    lambda t, s, p, n: Resting(t, EVENTS[t][0], EVENTS[t][1], s, Price(p), Count(n), Money(p % 7)),
    st.sampled_from("ABCD"),
    st.sampled_from(list(BookSide)),
    st.integers(1, 9_999),
    st.integers(1, 100),
)


@given(st.lists(st.one_of(STAKES, RESTING), max_size=8))
def test_the_worst_case_is_the_worst_of_all_outcomes(items: list[Exposed]) -> None:
    worst = 0
    for a, b, c, d in product((False, True), repeat=4):
        if a and b:
            continue
        wins = {"A": a, "B": b, "C": c, "D": d}
        worst = min(worst, sum(item.change(wins[item.ticker]) for item in items))
    assert worst_case(items) == worst


def test_no_in_two_markets_that_exclude_each_other_can_not_lose_both() -> None:
    stakes = [
        Stake("A", "E", True, Count(-100), Money(600_000)),
        Stake("B", "E", True, Count(-100), Money(700_000)),
    ]
    assert worst_case(stakes) == parse_money("-0.30")


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("400", "400"),
        ("1,000", "1000"),
        ("0.5", "0.5"),
        ("$200", "400"),
        ("5%", "1000"),
        ("k75", "5000"),
        ("k40", "0"),
    ],
)
def test_sizes_as_people_type_them(text: str, count: str) -> None:
    """At 50 cents without a fee and with 10,000 dollars of equity."""
    found = read_size(text, Price(5_000), Money(0), parse_money("10000"))
    assert found == parse_count(count)


@pytest.mark.parametrize("text", ["", "ten", "$", "k", "k0", "k100", "1e3", "%", "0.005"])
def test_a_size_that_can_not_be_read_says_what_can(text: str) -> None:
    with pytest.raises(Refuse) as refusal:
        read_size(text, Price(5_000), Money(0), parse_money("10000"))
    assert "Kelly" in refusal.value.todo


@pytest.mark.parametrize("text", ["999999999999", "$999999999999", "9" * 30])
def test_a_size_that_no_order_can_mean_is_refused(text: str) -> None:
    with pytest.raises(Refuse) as refusal:
        read_size(text, Price(5_000), Money(0), parse_money("10000"))
    assert "more than 1,000,000,000 contracts" in refusal.value.what
