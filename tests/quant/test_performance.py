"""Sharpe ratios with their doubts, drawdowns, win rates: the papers' numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_desk.quant.performance import (
    best_of_useless,
    bet_sharpe,
    bets_needed,
    deflated_sharpe,
    drawdown,
    expected_shortfall,
    least_track_record,
    moments,
    probabilistic_sharpe,
    sharpe,
    sharpe_error,
    sortino,
    win_rate,
)


def test_probabilistic_sharpe_of_the_paper() -> None:
    assert probabilistic_sharpe(0.458, 24) == pytest.approx(0.9817, abs=5e-5)
    found = probabilistic_sharpe(0.458, 24, skew=-2.448, kurtosis=10.164)
    assert found == pytest.approx(0.9134, abs=5e-5)


def test_deflated_sharpe_of_the_paper() -> None:
    trial_sd = math.sqrt(0.5 / 250)
    assert best_of_useless(100, trial_sd) == pytest.approx(0.1132, abs=5e-5)
    found = deflated_sharpe(
        2.5 / math.sqrt(250), 1250, trials=100, trial_sd=trial_sd, skew=-3, kurtosis=10
    )
    assert found == pytest.approx(0.9004, abs=5e-5)


@pytest.mark.parametrize(
    ("trials", "best"), [(1, 0.0), (10, 1.575), (50, 2.276), (100, 2.531), (1000, 3.255)]
)
def test_the_best_of_useless_strategies_looks_good(trials: int, best: float) -> None:
    assert best_of_useless(trials) == pytest.approx(best, abs=5e-4)


def test_the_best_of_useless_strategies_is_simulated_too() -> None:
    best = np.random.default_rng(8).standard_normal((4000, 50)).max(axis=1)
    assert best.mean() == pytest.approx(best_of_useless(50), abs=0.04)


def test_least_track_record() -> None:
    daily = 1 / math.sqrt(252)
    assert least_track_record(daily) == pytest.approx(684.1, abs=0.05)
    assert least_track_record(2 * daily, skew=-3, kurtosis=20) == pytest.approx(248.7, abs=0.05)
    assert least_track_record(daily, benchmark=daily) == math.inf


@pytest.mark.parametrize(
    ("cost", "edge", "bets"),
    [
        (0.5, 0.02, 3859),
        (0.5, 0.05, 613),
        (0.9, 0.02, 1138),
        (0.05, 0.01, 3488),
        (0.95, 0.01, 2375),
    ],
)
def test_bets_needed(cost: float, edge: float, bets: int) -> None:
    # The published numbers use quantiles rounded to four digits, which may add one bet.
    assert bets - 1 <= bets_needed(cost, edge) <= bets


@pytest.mark.parametrize(
    ("probability", "cost", "ratio"),
    [
        (0.52, 0.5, 0.04003),
        (0.60, 0.5673, 0.06675),
        (0.97, 0.953325, 0.09775),
        (0.1, 0.0745, 0.085),
    ],
)
def test_sharpe_of_one_bet(probability: float, cost: float, ratio: float) -> None:
    assert bet_sharpe(probability, cost) == pytest.approx(ratio, abs=5.1e-6)


def test_sharpe_sortino_and_moments_of_returns() -> None:
    returns = [0.02, -0.01, 0.03, 0.0]
    assert sharpe(returns) == pytest.approx(0.01 / np.std(returns, ddof=1))
    assert sortino(returns) == pytest.approx(0.01 / 0.005)
    assert sortino([0.01, 0.02]) == math.inf
    assert sharpe([0.01, 0.01]) == 0.0
    skew, kurtosis = moments(np.random.default_rng(0).standard_normal(20_000))
    assert skew == pytest.approx(0.0, abs=0.06)
    assert kurtosis == pytest.approx(3.0, abs=0.12)
    assert moments([1.0, 1.0, 1.0, 1.0]) == (0.0, 3.0)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=50))
def test_drawdown_is_what_the_worst_pair_of_days_says(values: list[float]) -> None:
    found = drawdown(values)
    pairs = [max(values[: index + 1]) - value for index, value in enumerate(values)]
    assert found.depth == pytest.approx(max(pairs))
    assert 0 <= found.length < len(values)
    assert (found.length > 0) == (found.depth > 0)
    assert found.share >= 0.0


@pytest.mark.parametrize(
    ("curve", "depth", "share", "length"),
    [
        ([100, 120, 90, 110, 130, 125], 30, 0.25, 2),
        ([100, 101, 102], 0, 0, 0),
        ([100, 90, 95, 96], 10, 0.1, 3),
        ([100], 0, 0, 0),
    ],
)
def test_drawdowns(curve: list[float], depth: float, share: float, length: int) -> None:
    found = drawdown(curve)
    assert (found.depth, found.share) == (depth, pytest.approx(share))
    assert found.length == length


def test_a_win_rate_means_nothing_without_its_break_even() -> None:
    found = win_rate([0.05, 0.05, 0.05, -0.95, 0.0])
    assert found.rate == 0.75
    assert found.break_even == pytest.approx(0.95)
    assert found.trades == 4
    with pytest.raises(ValueError, match="no trade"):
        win_rate([0.0])


def test_impossible_moments_are_refused() -> None:
    with pytest.raises(ValueError, match="no distribution"):
        sharpe_error(1.0, 10, skew=5.0, kurtosis=1.0)
    with pytest.raises(ValueError):
        bets_needed(0.5, 0.0)


def test_the_shortfall_of_a_sample_is_that_of_its_distribution() -> None:
    """o06: four bets of .55, 55 dollars to win 45; the worst 5 per cent lose 202.013 each."""
    sample: list[float] = []
    for lost in range(5):
        share = math.comb(4, lost) * 0.45**lost * 0.55 ** (4 - lost)
        sample += [45.0 * (4 - lost) - 55.0 * lost] * round(100_000 * share)
    assert expected_shortfall(sample) == pytest.approx(202.013, abs=0.01)
    assert expected_shortfall(range(-100, 0)) == pytest.approx(98.0)
    assert expected_shortfall(range(-30, 0)) == pytest.approx((30 + 0.5 * 29) / 1.5)
    assert expected_shortfall([3.0]) == -3.0
