"""Realised and expected volatility: fixtures to the printed digits, identities, ratios."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_desk.quant.logit import (
    clipped_logit,
    logit,
    martingale_drift,
    price_sd,
    sigmoid,
)
from kalshi_desk.quant.movement import excess_test, movement, noise_variance
from kalshi_desk.quant.volatility import (
    fit_volume_constant,
    move_score,
    parkinson_variance,
    realised,
    release_sd,
    release_variance,
    trading_variance,
    variance_ratio,
)

PATH = [0.40, 0.41, 0.405, 0.42, 0.43, 0.60, 0.59, 0.61, 0.605, 0.62]
PRICES = st.lists(st.floats(0.0, 1.0), min_size=3, max_size=30)


def test_realised_measures() -> None:
    found = realised(PATH)
    assert found.variance == pytest.approx(0.493165, abs=5e-7)
    assert found.bipower == pytest.approx(0.119912, abs=5e-7)
    assert found.jump_share == pytest.approx(0.756852, abs=5e-7)
    assert found.ewma == pytest.approx(0.02414718, abs=5e-9)
    assert found.price_variance == pytest.approx(0.030100, abs=5e-7)
    assert found.price_share == pytest.approx(0.125417, abs=5e-7)
    assert parkinson_variance(0.40, 0.62) == pytest.approx(0.288917, abs=5e-7)


def test_a_price_that_stands_still_has_no_variance() -> None:
    found = realised([0.4, 0.4, 0.4])
    assert (found.variance, found.jump_share, found.ewma) == (0.0, 0.0, 0.0)
    assert math.isnan(realised([0.0, 0.0, 0.0]).price_share)


@pytest.mark.parametrize(
    ("price", "left", "hours", "cents"),
    [(0.5, 24, 1, 10.2062), (0.5, 168, 1, 3.8576), (0.5, 720, 24, 9.1287), (0.2, 24, 1, 8.1650)],
)
def test_expected_deviation(price: float, left: float, hours: float, cents: float) -> None:
    assert 100 * release_sd(price, left, hours) == pytest.approx(cents, abs=5e-5)


def test_expected_variance_with_trading_and_at_the_deadline() -> None:
    assert 100 * release_sd(0.05, 24) == pytest.approx(4.4488, abs=5e-5)
    found = trading_variance(0.4, 48, 0.03, 500, constant=0.12)
    assert found == pytest.approx(0.00516785, abs=5e-9)
    assert release_variance(0.5, 0.5, 1.0) == pytest.approx(0.25)


def test_the_volume_constant_is_found_again() -> None:
    random = np.random.default_rng(3)
    release = random.uniform(1e-5, 1e-4, 4000)
    spreads, volumes = random.uniform(0.02, 0.08, 4000), random.uniform(10, 2000, 4000)
    variance = release + 0.3 * np.log1p(volumes) * spreads**2 / 4
    changes = random.normal(0.0, np.sqrt(variance))
    assert fit_volume_constant(changes, release, spreads, volumes) == pytest.approx(0.3, abs=0.03)


QUIET = [0.40, 0.40, 0.405, 0.40, 0.40, 0.395, 0.40, 0.40, 0.405, 0.40, 0.40, 0.40]
BUSY = [0.40, 0.44, 0.39, 0.45, 0.41, 0.46, 0.40, 0.44, 0.39, 0.43, 0.40, 0.42]


@pytest.mark.parametrize(
    ("bars", "last", "ratio", "score"),
    [(QUIET, 0.54, 0.0140, 4.2291), (BUSY, 0.56, 2.0707, 4.2006), (QUIET, 0.42, 0.0140, 0.6042)],
)
def test_variance_ratio_and_move_score(
    bars: list[float], last: float, ratio: float, score: float
) -> None:
    # The ratio looks at the bars before the last, one hour earlier.
    assert variance_ratio(bars, 241) == pytest.approx(ratio, abs=5e-5)
    assert move_score([*bars, last], 240, 0.02) == pytest.approx(score, abs=5e-5)


def test_movement_of_a_path() -> None:
    found = movement([0.30, 0.34, 0.29, 0.45, 0.52, 0.47, 0.60])
    assert found.movement == pytest.approx(0.054)
    assert found.reduction == pytest.approx(-0.030)
    assert found.excess == pytest.approx(0.084)


@given(PRICES)
def test_excess_is_the_profit_of_holding_one_minus_two_p(prices: list[float]) -> None:
    price = np.array(prices)
    profit = float(((1 - 2 * price[:-1]) * np.diff(price)).sum())
    assert movement(prices).excess == pytest.approx(profit, abs=1e-12)


def fair_paths(random: np.random.Generator, events: int = 500, steps: int = 60) -> np.ndarray:
    """Return fair prices of "a random walk ends above a level", from .30 to 0 or 1."""
    from scipy.special import ndtr

    walk = random.standard_normal((events, steps)).cumsum(axis=1)
    walk = np.hstack([np.zeros((events, 1)), walk])
    left = np.arange(steps, -1, -1.0)
    level = 0.5244005 * math.sqrt(steps)
    with np.errstate(divide="ignore"):
        return np.asarray(ndtr((walk - level) / np.sqrt(left)))


def test_fair_prices_move_as_much_as_they_learn() -> None:
    paths = fair_paths(np.random.default_rng(1))
    total = float((np.diff(paths, axis=1) ** 2).sum(axis=1).mean())
    assert total == pytest.approx(0.21, abs=3 * 0.1 / math.sqrt(500))
    assert abs(excess_test(list(paths), noise=0.0).z) < 3.0


def test_planted_overreaction_and_underreaction_are_found() -> None:
    paths = fair_paths(np.random.default_rng(2))
    moved = np.diff(paths, axis=1, prepend=paths[:, :1])
    over = np.clip(paths + 0.35 * moved, 0, 1)
    over[:, -1] = paths[:, -1]
    assert excess_test(list(over), noise=0.0).z > 10.0
    assert excess_test(list(over), noise=0.0).ratio > 1.3
    under = paths.copy()
    for step in range(1, paths.shape[1] - 1):
        under[:, step] = under[:, step - 1] + 0.36 * (paths[:, step] - under[:, step - 1])
    assert excess_test(list(under), noise=0.0).z < -10.0
    assert excess_test(list(under), noise=0.0).ratio < 0.75


def test_quote_noise_looks_like_excess_until_it_is_taken_away() -> None:
    random = np.random.default_rng(4)
    paths = 0.5 + np.zeros((400, 61)) + 0.01 * random.standard_normal((400, 61))
    assert noise_variance(list(paths)) == pytest.approx(1e-4, rel=0.05)
    raw, corrected = excess_test(list(paths), noise=0.0), excess_test(list(paths))
    assert raw.mean / 60 == pytest.approx(0.000200, rel=0.05)
    assert raw.z > 30.0
    assert abs(corrected.z) < 3.0


def test_logit_moves_in_cents_and_their_drift() -> None:
    found = 100 * price_sd(0.20, [0.5, 0.2, 0.05])
    assert found.tolist() == pytest.approx([5.0, 3.2, 0.95])
    assert float(martingale_drift(0.8, 0.1)) == pytest.approx(0.003)


@given(st.floats(-700, 700), st.floats(1e-9, 1 - 1e-9))
def test_logit_and_sigmoid_undo_each_other(log_odds: float, chance: float) -> None:
    assert 0.0 <= float(sigmoid(log_odds)) <= 1.0
    assert float(sigmoid(logit(chance))) == pytest.approx(chance, rel=1e-9)
    assert abs(float(clipped_logit(chance))) <= math.log(49) + 1e-9


@pytest.mark.parametrize("bad", [[0.5], [0.5, 1.1, 0.5], [0.5, math.nan, 0.5]])
def test_what_is_no_path_is_refused(bad: list[float]) -> None:
    with pytest.raises(ValueError):
        realised(bad)
