"""Implied volatility with two roots, one and none; ladders as distributions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_desk.quant.implied import (
    digital_price,
    digital_vega,
    gaussian_implied_sd,
    highest_digital_price,
    implied_volatilities,
)
from kalshi_desk.quant.ladders import isotonic_survival, ladder_distribution

DAY = 1 / 365
SPOT = 100_000.0


def test_above_the_spot_a_price_implies_two_volatilities() -> None:
    price = digital_price(SPOT, 102_000, 0.45, DAY)
    assert price == pytest.approx(0.196966, abs=5e-7)
    roots = implied_volatilities(price, SPOT, 102_000, DAY)
    assert roots == pytest.approx((0.45, 32.124262), abs=5e-7)
    assert digital_vega(SPOT, 102_000, 0.45, DAY) == pytest.approx(0.510989, abs=5e-7)


def test_below_the_spot_one_and_too_dear_none() -> None:
    price = digital_price(SPOT, 98_000, 0.45, DAY)
    assert price == pytest.approx(0.801207, abs=5e-7)
    assert implied_volatilities(price, SPOT, 98_000, DAY) == pytest.approx((0.45,))
    assert implied_volatilities(0.55, SPOT, 102_000, DAY) == ()
    assert implied_volatilities(0.0, SPOT, 102_000, DAY) == ()
    assert highest_digital_price(SPOT, 102_000) == pytest.approx(0.421127, abs=5e-7)
    assert highest_digital_price(SPOT, 98_000) == 1.0


@given(st.floats(0.05, 3.0), st.floats(0.8, 1.25), st.floats(0.001, 1.0), st.floats(-0.1, 0.1))
def test_the_volatility_put_in_is_among_those_found(
    volatility: float, ratio: float, years: float, rate: float
) -> None:
    price = digital_price(SPOT, SPOT * ratio, volatility, years, rate=rate)
    if not 1e-6 < price < 1 - 1e-6:
        return
    roots = implied_volatilities(price, SPOT, SPOT * ratio, years, rate=rate)
    for root in roots:
        again = digital_price(SPOT, SPOT * ratio, root, years, rate=rate)
        assert again == pytest.approx(price, abs=1e-9)
    # Where the two roots meet a rounding error separates them from the truth, or hides them.
    peak = highest_digital_price(SPOT, SPOT * ratio, rate=rate, years=years)
    if price < peak - 1e-6:
        assert min(abs(root / volatility - 1.0) for root in roots) < 1e-3


def test_gaussian_quantities() -> None:
    assert gaussian_implied_sd(0.22, 71.2, 73.5) == pytest.approx(2.978529, abs=5e-7)
    assert gaussian_implied_sd(0.60, 71.2, 73.5) is None
    assert gaussian_implied_sd(0.5, 71.2, 73.5) is None


def test_a_ladder_as_a_distribution() -> None:
    found = ladder_distribution(
        [3.0, 3.1, 3.2, 3.3, 3.4],
        [0.97, 0.86, 0.55, 0.58, 0.12],
        [0.02, 0.02, 0.04, 0.02, 0.02],
    )
    assert found.survival.tolist() == pytest.approx([0.97, 0.86, 0.574, 0.574, 0.12])
    assert found.masses.tolist() == pytest.approx([0.03, 0.11, 0.286, 0.0, 0.454, 0.12])
    assert found.mean == pytest.approx(3.259800, abs=5e-7)
    assert found.sd == pytest.approx(0.138578, abs=5e-7)
    assert found.median == pytest.approx(3.316300, abs=5e-7)
    assert found.entropy == pytest.approx(1.318938, abs=5e-7)


def test_a_median_beyond_the_strikes_lies_in_the_open_piece() -> None:
    low = ladder_distribution([1.0, 2.0], [0.4, 0.2], [0.02, 0.02])
    assert low.median == pytest.approx(0.5 / 0.6)
    high = ladder_distribution([1.0, 2.0], [0.9, 0.8], [0.02, 0.02])
    assert high.median == pytest.approx(2.375)


QUOTES = st.lists(
    st.tuples(st.floats(0.0, 1.0), st.floats(0.01, 0.2), st.floats(0.01, 5.0)),
    min_size=2,
    max_size=12,
)


@given(QUOTES)
def test_any_quotes_give_a_distribution(quotes: list[tuple[float, float, float]]) -> None:
    mids, spreads, steps = (np.array(column) for column in zip(*quotes, strict=True))
    strikes = np.cumsum(steps)
    found = ladder_distribution(strikes, mids, spreads)
    assert (np.diff(found.survival) <= 1e-12).all()
    assert found.masses.sum() == pytest.approx(1.0)
    assert (found.masses >= 0.0).all()
    edge = float(steps.max())
    assert strikes[0] - edge <= found.median <= strikes[-1] + edge
    assert found.points[0] - 1e-9 <= found.mean <= found.points[-1] + 1e-9
    assert 0.0 <= found.entropy <= np.log(len(found.masses)) + 1e-9


@given(QUOTES)
def test_pooling_keeps_what_is_monotone_and_the_weighted_mean(
    quotes: list[tuple[float, float, float]],
) -> None:
    mids, spreads, _ = (np.array(column) for column in zip(*quotes, strict=True))
    weights = 1.0 / spreads**2
    found = isotonic_survival(mids, weights)
    assert float(found @ weights) == pytest.approx(float(mids @ weights))
    falling = np.sort(mids)[::-1]
    assert isotonic_survival(falling, weights).tolist() == pytest.approx(falling.tolist())


def test_what_is_no_ladder_is_refused() -> None:
    with pytest.raises(ValueError, match="rise"):
        ladder_distribution([1.0, 1.0], [0.5, 0.4], [0.01, 0.01])
    with pytest.raises(ValueError, match="at least 2"):
        ladder_distribution([1.0], [0.5], [0.01])
