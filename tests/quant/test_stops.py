"""Stops on a fair price: closed forms to the printed digits and against a walk."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_desk.quant.stops import (
    executed_before_jump,
    fixed_stop,
    losing_trade,
    model_exit,
    time_stop_hours,
    trailing_survival,
    volatility_distance,
)


@pytest.mark.parametrize(
    ("entry", "stop", "hit", "cents", "share", "winners"),
    [
        (0.50, 0.35, 0.769231, 1.9942, 3.988, 0.538462),
        (0.50, 0.25, 0.666667, 1.5417, 3.083, 0.333333),
        (0.70, 0.49, 0.588235, 1.6172, 2.310, 0.411765),
        (0.30, 0.21, 0.886076, 1.9151, 6.384, 0.620253),
        (0.85, 0.70, 0.500000, 1.2350, 1.453, 0.411765),
    ],
)
def test_fixed_stops(
    entry: float, stop: float, hit: float, cents: float, share: float, winners: float
) -> None:
    found = fixed_stop(entry, stop)
    assert found.hit == pytest.approx(hit, abs=5e-7)
    assert 100 * found.expected_cost == pytest.approx(cents, abs=5e-5)
    assert 100 * found.stake_share == pytest.approx(share, abs=5e-4)
    assert found.winners_stopped == pytest.approx(winners, abs=5e-7)


@given(st.floats(0.02, 0.98), st.floats(0.01, 0.99))
def test_a_stop_neither_wins_nor_loses_before_costs(entry: float, share: float) -> None:
    stop = entry * share
    found = fixed_stop(entry, stop, half_spread=0.0, rate=0.0)
    kept = 1.0 - found.hit
    assert found.expected_cost == 0.0
    assert kept * (1 - entry) - found.hit * (entry - stop) == pytest.approx(0.0, abs=1e-12)
    assert 0.0 <= found.winners_stopped <= found.hit <= 1.0


@pytest.mark.parametrize(
    ("entry", "distance", "tick", "survives"),
    [
        (0.5, 0.10, 0.0, 0.006738),
        (0.5, 0.20, 0.0, 0.082085),
        (0.8, 0.10, 0.0, 0.135335),
        (0.5, 0.10, 0.01, 0.008519),
    ],
)
def test_trailing_stops(entry: float, distance: float, tick: float, survives: float) -> None:
    assert trailing_survival(entry, distance, tick=tick) == pytest.approx(survives, abs=5e-7)


def test_a_walk_on_the_grid_survives_as_often() -> None:
    random, paths = np.random.default_rng(5), 4000
    price, peak = np.full(paths, 80), np.full(paths, 80)
    alive = np.full(paths, True)
    while (going := alive & (price < 100)).any():
        price[going] += random.choice([-1, 1], size=int(going.sum()))
        np.maximum(peak, price, out=peak)
        alive &= price > peak - 10
    expected = trailing_survival(0.8, 0.10, tick=0.01)
    error = 3 * math.sqrt(expected * (1 - expected) / paths)
    assert alive.mean() == pytest.approx(expected, abs=error)


@pytest.mark.parametrize(("share", "chance"), [(0.25, 0.5769), (0.5, 0.3846), (0.75, 0.1923)])
def test_jumps_pass_a_stop(share: float, chance: float) -> None:
    assert executed_before_jump(0.50, 0.35, share) == pytest.approx(chance, abs=5e-5)
    assert 100 * losing_trade(0.50, 0.35, 0.75) == pytest.approx(41.8981, abs=5e-5)


@pytest.mark.parametrize(
    ("price", "left", "horizon", "cents"),
    [(0.5, 168, 24, 37.796), (0.5, 48, 6, 35.355), (0.8, 72, 12, 32.660)],
)
def test_volatility_distance(price: float, left: float, horizon: float, cents: float) -> None:
    assert 100 * volatility_distance(price, left, horizon) == pytest.approx(cents, abs=5e-4)


def test_model_and_time_stops() -> None:
    assert model_exit(0.4824, 0.50)
    assert not model_exit(0.4826, 0.50)
    assert time_stop_hours(3.0) == 12.0


@pytest.mark.parametrize(("entry", "stop"), [(0.5, 0.5), (0.5, 0.6), (0.5, 0.0), (1.0, 0.5)])
def test_what_is_no_stop_is_refused(entry: float, stop: float) -> None:
    with pytest.raises(ValueError):
        fixed_stop(entry, stop)
    with pytest.raises(ValueError):
        time_stop_hours(0.0)
