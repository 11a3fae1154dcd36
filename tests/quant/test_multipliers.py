"""Multipliers stay between 0 and 1 and fall when a reason to trade less grows."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_desk.quant.multipliers import (
    drawdown_multiplier,
    liquidity_multiplier,
    record_multiplier,
    size_multiplier,
    time_multiplier,
    volatility_multiplier,
)


@pytest.mark.parametrize(
    ("drawdown", "ratio", "hours", "bound", "expected"),
    [
        (0.05, 1.6, 48.0, 0.1, 0.375),
        (0.21, 1.6, 48.0, 0.1, 0.0),
    ],
)
def test_product(
    drawdown: float, ratio: float, hours: float, bound: float, expected: float
) -> None:
    found = size_multiplier(
        drawdown=drawdown,
        variance_ratio=ratio,
        depth=240,
        need=100,
        hours_left=hours,
        mean_pnl_lower_bound=bound,
    )
    assert found == pytest.approx(expected)


def test_little_time_and_a_bad_record() -> None:
    found = size_multiplier(
        drawdown=0, variance_ratio=1, depth=900, need=100, hours_left=3, mean_pnl_lower_bound=-0.1
    )
    assert found == pytest.approx(0.25)


@pytest.mark.parametrize(
    ("drawdown", "expected"), [(0, 1), (0.05, 0.75), (0.10, 0.5), (0.15, 0.25), (0.20, 0)]
)
def test_drawdown_throttle(drawdown: float, expected: float) -> None:
    assert drawdown_multiplier(drawdown) == pytest.approx(expected)


@given(st.floats(allow_infinity=True, allow_nan=True))
def test_each_stays_between_nothing_and_all(value: float) -> None:
    for multiplier in (
        drawdown_multiplier(value),
        volatility_multiplier(value),
        liquidity_multiplier(value, 100.0),
        time_multiplier(value),
        record_multiplier(value),
    ):
        assert 0.0 <= multiplier <= 1.0


def test_what_is_not_known_counts_as_the_worst() -> None:
    assert drawdown_multiplier(math.nan) == 0.0
    assert volatility_multiplier(math.nan) == 0.0
    assert record_multiplier(None) == 0.5
