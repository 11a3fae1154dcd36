"""Errors that respect clusters and blocks; multiple tests; overfitting."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_desk.quant.overfitting import (
    adjusted_p_values,
    backtest_overfitting,
    benjamini_hochberg,
)
from kalshi_desk.quant.resampling import (
    cluster_mean,
    event_bootstrap,
    log_score_gain,
    stationary_bootstrap,
    wilson_interval,
)


def test_clustered_error_by_hand() -> None:
    found = cluster_mean([1.0, 2.0, 3.0, 6.0], ["a", "a", "b", "b"])
    assert found.mean == 3.0
    # Residuals sum to -3 and +3: sqrt(2/1 * 18) / 4.
    assert found.error == pytest.approx(1.5)
    assert found.t == pytest.approx(2.0)
    assert found.p_value == pytest.approx(0.295167, abs=5e-7)


def test_clustered_error_is_that_of_statsmodels() -> None:
    from statsmodels.api import OLS

    random = np.random.default_rng(9)
    groups = np.repeat(np.arange(12), 5)
    values = random.standard_normal(60) + random.standard_normal(12)[groups]
    fitted = OLS(values, np.ones(60)).fit(cov_type="cluster", cov_kwds={"groups": groups})
    found = cluster_mean(values, groups)
    assert found.error == pytest.approx(fitted.bse[0])
    # The interval by Student's t with eleven degrees of freedom: t(0.95, 11) = 1.795885.
    assert found.lower_bound() == pytest.approx(found.mean - 1.795885 * found.error, abs=1e-6)
    assert found.lower_bound(0.99) < found.lower_bound(0.90)


def test_clustering_can_not_be_done_with_one_event() -> None:
    with pytest.raises(ValueError, match="at least two"):
        cluster_mean([1.0, 2.0], ["a", "a"])


def test_blocks_widen_the_interval_of_a_series_that_hangs_together() -> None:
    random = np.random.default_rng(10)
    noise = random.standard_normal(250)
    series = np.convolve(noise, np.ones(5) / 5, mode="same")
    low, high = stationary_bootstrap(series, block=10, seed=1)
    plain_low, plain_high = stationary_bootstrap(series, block=1, seed=1)
    assert high - low > 1.5 * (plain_high - plain_low)
    assert low < series.mean() < high
    assert stationary_bootstrap(series, block=10, seed=1) == (low, high)
    expected = 2 * 1.645 * series.std() / np.sqrt(250)
    assert plain_high - plain_low == pytest.approx(expected, rel=0.1)


def test_whole_events_are_drawn_again() -> None:
    values, events = np.repeat([-1.0, 1.0], 50), np.repeat([0, 1], 50)
    assert event_bootstrap(values, events) == (-1.0, 1.0)
    low, high = event_bootstrap(values, np.arange(100))
    assert -0.25 < low < 0 < high < 0.25


@given(st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_holds_the_rate_and_stays_inside(case: tuple[int, int]) -> None:
    wins, count = case
    low, high = wilson_interval(wins, count)
    assert 0.0 <= low <= wins / count + 1e-12
    assert wins / count - 1e-12 <= high <= 1.0
    assert high - low > 0.0


def test_log_score_gain_against_the_market() -> None:
    random = np.random.default_rng(11)
    truth = random.uniform(0.2, 0.8, 600)
    outcomes = (random.random(600) < truth).astype(float)
    market = np.clip(truth + random.normal(0, 0.15, 600), 0.05, 0.95)
    events = np.repeat(np.arange(150), 4)
    found = log_score_gain(truth, market, outcomes, events)
    assert found.mean > 0.0
    assert found.t > 1.65
    assert log_score_gain(market, market, outcomes, events).t == 0.0
    with pytest.raises(ValueError, match="strictly"):
        log_score_gain([1.0, 0.5], [0.5, 0.5], [1, 0], [0, 1])


P_VALUES = [
    *(0.0001, 0.0021, 0.0049, 0.0095, 0.0201, 0.0278, 0.0298, 0.0644),
    *(0.1200, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000),
]


def test_false_discoveries_are_held_to_their_share() -> None:
    assert np.flatnonzero(benjamini_hochberg(P_VALUES, 0.10)).tolist() == list(range(7))
    assert np.flatnonzero(benjamini_hochberg(P_VALUES, 0.05)).tolist() == list(range(4))
    assert benjamini_hochberg([]).tolist() == []


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=40), st.floats(0.01, 0.5))
def test_a_smaller_p_value_is_believed_when_a_larger_one_is(
    p_values: list[float], q: float
) -> None:
    believed = benjamini_hochberg(p_values, q)
    array = np.array(p_values)
    if believed.any():
        assert believed[array <= array[believed].max()].all()
    assert (benjamini_hochberg(p_values, q / 2) <= believed).all()
    assert (believed >= (array <= q / len(array))).all()
    adjusted = adjusted_p_values(p_values)
    assert (adjusted >= array - 1e-12).all()
    close = np.isclose(adjusted, q)
    assert ((adjusted <= q) == believed)[~close].all()


def test_overfitting_of_noise_is_a_coin_and_of_skill_is_none() -> None:
    found = [
        backtest_overfitting(np.random.default_rng(seed).standard_normal((400, 20)))
        for seed in range(20)
    ]
    assert len(found[0].logits) == 70
    assert 0.4 <= np.mean([one.probability for one in found]) <= 0.6
    skilled = np.random.default_rng(0).standard_normal((800, 20))
    skilled[:, 3] += 0.2
    assert backtest_overfitting(skilled).probability < 0.1
    skilled[:, 3] += 0.3
    assert backtest_overfitting(skilled).probability == 0.0


def test_overfitting_needs_halves_and_rivals() -> None:
    with pytest.raises(ValueError, match="even"):
        backtest_overfitting(np.zeros((100, 3)), blocks=7)
    with pytest.raises(ValueError, match="two strategies"):
        backtest_overfitting(np.zeros((100, 1)))
    assert backtest_overfitting(np.zeros((100, 3))).probability == 1.0
