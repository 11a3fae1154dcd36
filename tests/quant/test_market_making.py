"""Quotes and fill economics of a maker: printed numbers, limits and fits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_desk.quant.market_making import (
    adverse_markouts,
    asymptotic_quotes,
    fill_edge,
    fit_intensity,
    incentive_score,
    indifference_price,
    inventory_quotes,
    least_half_spread,
    logit_quotes,
)


@pytest.mark.parametrize(
    ("price", "inventory", "left", "horizon", "reservation", "bid", "ask"),
    [
        (0.5, 0, 168, 24, 0.50000, 0.48, 0.52),
        (0.5, 200, 168, 24, 0.49643, 0.48, 0.51),
        (0.5, -200, 168, 24, 0.50357, 0.49, 0.52),
        (0.9, 200, 24, 6, 0.89775, 0.88, 0.91),
        (0.1, 0, 24, 6, 0.10000, 0.08, 0.12),
    ],
)
def test_quotes_lean_against_the_inventory(
    price: float,
    inventory: float,
    left: float,
    horizon: float,
    reservation: float,
    bid: float,
    ask: float,
) -> None:
    found = inventory_quotes(price, inventory, left, horizon)
    assert found.reservation == pytest.approx(reservation, abs=5e-6)
    assert found.half_spread == pytest.approx(0.01001, abs=5e-6)
    assert found.bid == pytest.approx(bid)
    assert found.ask == pytest.approx(ask)


@given(st.floats(0.0, 1.0), st.floats(-5000, 5000), st.floats(0.5, 500), st.floats(0.5, 100))
def test_quotes_never_leave_the_grid(
    price: float, inventory: float, left: float, horizon: float
) -> None:
    found = inventory_quotes(price, inventory, left, horizon)
    for quote in (found.bid, found.ask):
        assert quote is None or 0.01 - 1e-9 <= quote <= 0.99 + 1e-9
    if found.bid is not None and found.ask is not None:
        assert found.bid <= found.reservation - found.half_spread + 1e-9
        assert found.ask >= found.reservation + found.half_spread - 1e-9


@pytest.mark.parametrize(
    ("inventory", "exact", "linear"),
    [(0, 0.499938, 0.499937), (200, 0.474958, 0.474938), (-200, 0.524917, 0.524938)],
)
def test_indifference_to_settlement(inventory: float, exact: float, linear: float) -> None:
    assert indifference_price(0.5, inventory) == pytest.approx(exact, abs=5e-7)
    assert 0.5 - (inventory + 0.5) * 5e-4 * 0.25 == pytest.approx(linear, abs=6e-7)


@pytest.mark.parametrize(
    ("price", "quotes"),
    [
        (0.5, (0.46755, 0.48750, 0.50750)),
        (0.9, (0.88768, 0.89541, 0.90267)),
        (0.97, (0.96598, 0.96851, 0.97086)),
    ],
)
def test_logit_quotes_stay_inside(price: float, quotes: tuple[float, ...]) -> None:
    assert logit_quotes(price, 100, 5e-4, 0.08) == pytest.approx(quotes, abs=5e-6)


@pytest.mark.parametrize(
    ("sigma", "half", "skew"),
    [(0.5, 1.49196, 0.22420), (1.0, 1.60405, 0.44839), (2.0, 1.82825, 0.89679)],
)
def test_asymptotic_quotes(sigma: float, half: float, skew: float) -> None:
    found = asymptotic_quotes(0.05, 0.7, 0.5, sigma)
    assert (found.c1, found.c2) == pytest.approx((1.37986, 0.44839), abs=5e-6)
    assert (found.half_spread, found.skew) == pytest.approx((half, skew), abs=5e-6)


@pytest.mark.parametrize(
    ("half", "markout", "price", "rate", "cents"),
    [
        (0.5, 0.3, 0.5, 0.0, 0.2000),
        (0.5, 0.3, 0.5, 0.0175, -0.2375),
        (1.0, 0.8, 0.3, 0.0175, -0.1675),
        (0.5, 0.5, 0.9, 0.0, 0.0),
    ],
)
def test_what_a_fill_earns(
    half: float, markout: float, price: float, rate: float, cents: float
) -> None:
    found = fill_edge(half / 100, markout / 100, price, rate=rate)
    assert 100 * found == pytest.approx(cents, abs=5e-5)
    least = least_half_spread(0.004, 0.5, rate=0.0175)
    assert 100 * least == pytest.approx(0.8375)


def test_markouts_are_what_went_against_us() -> None:
    found = adverse_markouts([1, -1, 1], [0.5, 0.5, 0.5], [0.48, 0.51, 0.53])
    assert found.tolist() == pytest.approx([0.02, 0.01, -0.03])
    with pytest.raises(ValueError, match="signs"):
        adverse_markouts([2], [0.5], [0.5])


def test_arrivals_by_depth_are_found_again() -> None:
    depths = np.arange(1, 8)
    exact = fit_intensity(depths, 40.57 * np.exp(-0.638 * depths))
    assert (exact.scale, exact.decay) == pytest.approx((40.57, 0.638))
    random = np.random.default_rng(13)
    counts = random.poisson(100 * 40.57 * np.exp(-0.638 * depths))
    noisy = fit_intensity(depths, counts, exposure=100)
    assert (noisy.scale, noisy.decay) == pytest.approx((40.57, 0.638), rel=0.05)
    rising = fit_intensity(depths, np.exp(0.3 * depths))
    assert rising.decay == pytest.approx(-0.3)
    with pytest.raises(ValueError, match="spread"):
        fit_intensity([1, 2], [5, 0])


def test_incentive_share_counts_what_reaches_the_target() -> None:
    mine, total = incentive_score([300, 300, 900], [150, 0, 900], target=750, discount=0.5)
    assert mine == pytest.approx(150 + 150 * 0.25)
    assert total == pytest.approx(300 + 150 + 150 * 0.25)
    assert incentive_score([300, 450], [150, 0], target=750, discount=0.5) == (150, 525)
