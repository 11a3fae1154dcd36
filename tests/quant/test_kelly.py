"""Kelly of one contract: the published numbers, and never a stake without an edge."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_desk.core.types import COUNT_SCALE, MONEY_SCALE, Count, Money, Outcome
from kalshi_desk.quant.costs import unit_cost
from kalshi_desk.quant.kelly import (
    best_side,
    chance_of_falling_to,
    drawdown_exponent,
    drawdown_fraction,
    growth,
    growth_ratio,
    kelly_count,
    kelly_fraction,
    shrinkage,
)

PROBABILITY = st.floats(0.0, 1.0)
COST = st.floats(0.001, 1.2)


@pytest.mark.parametrize(
    ("probability", "ask", "rate", "fraction", "growth_bp"),
    [
        (0.60, 0.55, 0.07, 0.075519, 21.8947),
        (0.60, 0.55, 0.0, 0.111111, 50.9361),
        (0.60, 0.55, 0.0175, 0.102472, 42.5577),
        (0.10, 0.07, 0.07, 0.027493, 42.7062),
        (0.97, 0.95, 0.07, 0.357258, 35.5965),
        (0.56, 0.55, 0.07, 0.0, 0.0),
    ],
)
def test_stake_and_growth(
    probability: float, ask: float, rate: float, fraction: float, growth_bp: float
) -> None:
    cost = unit_cost(ask, rate)
    stake = kelly_fraction(probability, cost)
    assert stake == pytest.approx(fraction, abs=5e-7)
    assert 1e4 * growth(stake, probability, cost) == pytest.approx(growth_bp, abs=5e-5)


def test_a_quarter_of_kelly_in_contracts() -> None:
    cost = unit_cost(0.55)
    exact = 0.25 * kelly_fraction(0.6, cost) * 1000 / cost
    assert exact == pytest.approx(33.2784, abs=5e-5)
    assert kelly_count(0.6, cost, Money(1000 * MONEY_SCALE)) == 33 * COUNT_SCALE
    fine = kelly_count(0.6, cost, Money(1000 * MONEY_SCALE), step=Count(1))
    assert fine == 3327


@given(PROBABILITY, COST, st.floats(0.0, 0.5))
def test_no_edge_no_stake_and_never_above_the_cap(
    probability: float, cost: float, error: float
) -> None:
    equity = Money(10_000 * MONEY_SCALE)
    count = kelly_count(probability, cost, equity, error_sd=error, step=Count(1))
    assert count >= 0
    assert count / COUNT_SCALE * cost <= 0.02 * 10_000 + 1e-6
    if probability <= cost:
        assert count == 0
        assert kelly_fraction(probability, cost) == 0.0


@given(st.floats(0.01, 0.99), st.floats(0.01, 0.99), st.floats(0.0, 0.999))
def test_no_other_stake_grows_faster(probability: float, cost: float, other: float) -> None:
    best = growth(kelly_fraction(probability, cost), probability, cost)
    assert best >= 0.0
    assert growth(other, probability, cost) <= best + 1e-12


@pytest.mark.parametrize("multiplier", [-1.0, 0.0, math.nan])
def test_a_multiplier_can_only_reduce(multiplier: float) -> None:
    equity = Money(1000 * MONEY_SCALE)
    assert kelly_count(0.9, 0.5, equity, multiplier=multiplier) == 0
    assert kelly_count(0.9, 0.5, equity, multiplier=9.0) == kelly_count(0.9, 0.5, equity)
    assert kelly_count(0.9, 0.5, Money(-5)) == 0


@pytest.mark.parametrize(("p", "c"), [(1.1, 0.5), (-0.1, 0.5), (math.nan, 0.5), (0.5, 0.0)])
def test_what_is_no_probability_or_cost_is_refused(p: float, c: float) -> None:
    with pytest.raises(ValueError):
        kelly_fraction(p, c)


def test_no_is_the_same_bet_seen_from_the_other_side() -> None:
    yes = best_side(0.60, 0.53, 0.55)
    no = best_side(0.40, 0.45, 0.47)
    assert yes is not None
    assert no is not None
    assert (yes.outcome, no.outcome) == (Outcome.YES, Outcome.NO)
    assert yes.fraction == pytest.approx(no.fraction)
    assert yes.fraction == pytest.approx(0.075519, abs=5e-7)


@pytest.mark.parametrize("probability", [0.513, 0.54, 0.567])
def test_inside_the_band_nothing_is_bought(probability: float) -> None:
    assert best_side(probability, 0.53, 0.55) is None
    assert best_side(probability, None, None) is None


@pytest.mark.parametrize(
    ("multiple", "ratio", "half"),
    [(1.0, 1.0, 0.5), (0.5, 0.75, 0.125), (0.25, 0.4375, 0.0078125), (0.1, 0.19, 0.00000191)],
)
def test_less_than_kelly_grows_slower_and_falls_rarer(
    multiple: float, ratio: float, half: float
) -> None:
    assert growth_ratio(multiple) == pytest.approx(ratio)
    assert chance_of_falling_to(0.5, multiple) == pytest.approx(half, abs=5e-9)


@pytest.mark.parametrize(
    ("edge", "error", "factor"),
    [(0.05, 0.02, 0.862069), (0.05, 0.05, 0.5), (0.03, 0.05, 0.264706), (0.02, 0.04, 0.2)],
)
def test_shrinkage(edge: float, error: float, factor: float) -> None:
    assert shrinkage(edge, error) == pytest.approx(factor, abs=5e-7)
    assert shrinkage(edge, 0.0) == 1.0
    assert shrinkage(-edge, error) == 0.0


def test_under_estimate_error_half_the_stake_grows_faster_than_the_whole() -> None:
    """The estimate is the truth .60 plus noise of .05, at a cost of .55 (Gauss-Hermite)."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(100)
    estimates = np.clip(0.60 + 0.05 * nodes, 0.0, 0.95)
    expected = {
        k: 1e4
        * sum(
            w * growth(k * kelly_fraction(p, 0.55), 0.60, 0.55)
            for p, w in zip(estimates, weights / weights.sum(), strict=True)
        )
        for k in (1.0, 0.5, 0.25)
    }
    assert expected[1.0] == pytest.approx(10.246, abs=0.5)
    assert expected[0.5] == pytest.approx(30.556, abs=0.2)
    assert expected[0.25] == pytest.approx(21.334, abs=0.1)


@pytest.mark.parametrize(
    ("level", "chance", "fraction"),
    [(0.5, 0.05, 0.028518), (0.7, 0.1, 0.020372), (0.8, 0.1, 0.013428), (0.9, 0.1, 0.006654)],
)
def test_stake_that_bounds_the_drawdown(level: float, chance: float, fraction: float) -> None:
    found = drawdown_fraction(0.60, unit_cost(0.55), level=level, chance=chance)
    assert found == pytest.approx(fraction, abs=1e-6)


def test_drawdown_exponent() -> None:
    assert drawdown_exponent(0.7, 0.1) == pytest.approx(6.4557, abs=5e-5)


@given(st.floats(0.02, 1.0), st.floats(0.01, 0.98), st.floats(0.05, 0.99), st.floats(0.0001, 0.99))
def test_a_bounded_drawdown_never_stakes_more_than_kelly(
    probability: float, cost: float, level: float, chance: float
) -> None:
    stake = drawdown_fraction(probability, cost, level=level, chance=chance)
    assert 0.0 <= stake <= kelly_fraction(probability, cost)
    if probability > cost + 1e-3:
        assert stake > 0.0


def test_simulated_bankrolls_keep_the_bound() -> None:
    cost = unit_cost(0.55)
    random = np.random.default_rng(7)
    wins = random.random((1500, 3000)) < 0.60
    fell = {}
    for name, stake in (
        ("bounded", drawdown_fraction(0.60, unit_cost(0.55), level=0.7, chance=0.1)),
        ("quarter", 0.25 * kelly_fraction(0.60, unit_cost(0.55))),
        ("full", kelly_fraction(0.60, unit_cost(0.55))),
    ):
        won, lost = math.log1p(stake * (1 - cost) / cost), math.log1p(-stake)
        lowest = np.where(wins, won, lost).cumsum(axis=1).min(axis=1)
        fell[name] = float((lowest < math.log(0.7)).mean())
    error = 3 * math.sqrt(0.1 * 0.9 / 1500)
    assert fell["bounded"] == pytest.approx(0.0957, abs=error)
    assert fell["quarter"] == pytest.approx(0.0766, abs=error)
    assert fell["full"] == pytest.approx(0.6753, abs=2 * error)
