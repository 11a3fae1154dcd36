"""Forecast quality on a fixed table, recalibration, and what a corrected price is worth."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_desk.quant.calibration import (
    Calibration,
    Horizon,
    edge,
    horizon_of,
    hurdle_probability,
    implied_win_rate,
    recalibrate,
    return_on_stake,
    wins_per_loss,
)
from kalshi_desk.quant.forecasts import (
    brier_score,
    decompose,
    fit_calibration,
    log_loss,
    reliability_curve,
    skill,
)

FORECASTS = np.repeat([0.1, 0.3, 0.5, 0.7, 0.9], 10)
OUTCOMES = np.concatenate([np.arange(10) < wins for wins in (1, 2, 6, 8, 9)]).astype(float)


def test_scores_of_a_table() -> None:
    assert brier_score(FORECASTS, OUTCOMES) == pytest.approx(0.154)
    assert log_loss(FORECASTS, OUTCOMES) == pytest.approx(0.479116, abs=5e-7)
    parts = decompose(FORECASTS, OUTCOMES)
    assert parts.reliability == pytest.approx(0.006)
    assert parts.resolution == pytest.approx(0.1016)
    assert parts.uncertainty == pytest.approx(0.2496)
    assert parts.calibration_error == pytest.approx(0.06)
    assert skill(0.18, 0.19) == pytest.approx(0.052632, abs=5e-7)


def test_slope_and_intercept_of_a_table() -> None:
    found = fit_calibration(FORECASTS, OUTCOMES)
    assert found.intercept == pytest.approx(0.1285, abs=5e-5)
    assert found.slope == pytest.approx(1.1655, abs=5e-5)
    clustered = fit_calibration(FORECASTS, OUTCOMES, np.arange(50) // 5)
    assert clustered.slope == pytest.approx(found.slope)
    assert clustered.slope_error != pytest.approx(found.slope_error, rel=1e-3)


@given(st.lists(st.tuples(st.sampled_from([0.05, 0.2, 0.5, 0.8, 0.95]), st.booleans()), min_size=1))
def test_brier_is_reliability_less_resolution_plus_uncertainty(
    pairs: list[tuple[float, bool]],
) -> None:
    forecasts, outcomes = zip(*pairs, strict=True)
    parts = decompose(forecasts, outcomes)
    total = parts.reliability - parts.resolution + parts.uncertainty
    assert brier_score(forecasts, outcomes) == pytest.approx(total)


def test_a_planted_slope_is_found_within_its_error() -> None:
    random = np.random.default_rng(12)
    prices = random.uniform(0.05, 0.95, 5000)
    truth = recalibrate(prices, Calibration(slope=1.5), weight=1.0)
    found = fit_calibration(prices, (random.random(5000) < truth).astype(float))
    assert abs(found.slope - 1.5) < 3 * found.slope_error
    assert abs(found.intercept) < 3 * found.intercept_error
    assert 0.01 < found.slope_error < 0.1


def test_what_bounds_no_slope_is_refused() -> None:
    with pytest.raises(ValueError, match="differ"):
        fit_calibration([0.5, 0.5, 0.5], [0, 1, 0])
    with pytest.raises(ArithmeticError, match="separate"):
        fit_calibration([0.1, 0.2, 0.8, 0.9], [0, 0, 1, 1])


def test_a_reliability_curve_shows_its_doubt() -> None:
    curve = reliability_curve(FORECASTS, OUTCOMES)
    assert [point.frequency for point in curve] == pytest.approx([0.1, 0.2, 0.6, 0.8, 0.9])
    assert all(point.low < point.frequency < point.high for point in curve)
    assert [point.count for point in curve] == [10] * 5


@pytest.mark.parametrize(
    ("price", "full", "shrunk"),
    [
        (0.05, 0.00455, 0.02778),
        (0.1, 0.01762, 0.06580),
        (0.3, 0.17501, 0.26442),
        (0.5, 0.5, 0.5),
        (0.7, 0.82499, 0.73558),
        (0.85, 0.95986, 0.89037),
        (0.95, 0.99545, 0.97222),
    ],
)
def test_recalibration(price: float, full: float, shrunk: float) -> None:
    proven, young = Calibration(slope=1.83, events=200), Calibration(slope=1.83, events=199)
    assert float(recalibrate(price, proven)) == pytest.approx(full, abs=5e-6)
    assert float(recalibrate(price, young)) == pytest.approx(shrunk, abs=5e-6)


@pytest.mark.parametrize(
    ("slope", "price", "taker", "maker"),
    [
        (1.05, 0.6, -1.687, 0.564),
        (1.05, 0.9, -0.156, 1.282),
        (1.15, 0.7, 0.644, 2.728),
        (1.15, 0.8, 1.522, 3.336),
        (1.15, 0.95, 0.926, 2.136),
        (1.32, 0.8, 4.576, 6.390),
    ],
)
def test_edge_of_buying_the_favourite(
    slope: float, price: float, taker: float, maker: float
) -> None:
    chance = float(recalibrate(price, Calibration(slope=slope), weight=1.0))
    assert 100 * edge(chance, price + 0.005) == pytest.approx(taker, abs=5.1e-4)
    assert 100 * edge(chance, price - 0.005, 0.0175) == pytest.approx(maker, abs=5.1e-4)


def test_published_win_rates() -> None:
    assert return_on_stake(0.0418, 0.05) == pytest.approx(-0.1640, abs=5e-5)
    assert return_on_stake(0.0418, 0.05, 0.07) == pytest.approx(-0.2161, abs=5e-5)
    assert return_on_stake(0.98, 0.95) == pytest.approx(0.0316, abs=5e-5)
    assert return_on_stake(0.98, 0.95, 0.07) == pytest.approx(0.0280, abs=5e-5)
    assert implied_win_rate(0.01, -0.41) == pytest.approx(0.00590)
    assert implied_win_rate(0.01, 0.23) == pytest.approx(0.01230)


@pytest.mark.parametrize(("days", "chance"), [(7, 0.972969), (30, 0.976032), (180, 0.996005)])
def test_money_locked_up_needs_more(days: float, chance: float) -> None:
    assert hurdle_probability(0.97, days, 0.05) == pytest.approx(chance, abs=5e-7)


@pytest.mark.parametrize(("cost", "wins"), [(0.9, 9.0), (0.95, 19.0), (0.97, 32.333), (0.99, 99.0)])
def test_one_loss_takes_many_wins(cost: float, wins: float) -> None:
    assert wins_per_loss(cost) == pytest.approx(wins, abs=5e-4)


@pytest.mark.parametrize(
    ("hours", "cell"),
    [
        (0, Horizon.HOURS_6),
        (6, Horizon.HOURS_48),
        (48, Horizon.WEEK),
        (168, Horizon.MONTH),
        (1e4, Horizon.LONG),
    ],
)
def test_horizons(hours: float, cell: Horizon) -> None:
    assert horizon_of(hours) is cell
    with pytest.raises(ValueError):
        horizon_of(math.nan)
