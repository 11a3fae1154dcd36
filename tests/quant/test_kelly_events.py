"""Kelly of several contracts: closed form against the optimiser, hedges, correlation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kalshi_desk.quant.costs import unit_cost
from kalshi_desk.quant.kelly import drawdown_fraction, kelly_fraction
from kalshi_desk.quant.kelly_events import (
    event_stakes,
    exclusive_stakes,
    joint_chances,
    reduce_correlated,
)

CHANCES = np.array([0.45, 0.30, 0.15])
COSTS = unit_cost(np.array([0.40, 0.27, 0.16]))
COST_OF_55 = unit_cost(0.55)


def yes_legs(chances: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return payoffs of YES legs over one state a winner and one without, and chances."""
    count = len(chances)
    return np.hstack([np.eye(count), np.zeros((count, 1))]), np.append(chances, 1 - chances.sum())


def test_exclusive_outcomes() -> None:
    found = exclusive_stakes(CHANCES, COSTS)
    assert COSTS.tolist() == pytest.approx([0.416800, 0.283797, 0.169408], abs=5e-7)
    assert found.stakes.tolist() == pytest.approx([0.129372, 0.081686, 0.019681], abs=5e-7)
    assert found.reserve == pytest.approx(0.769260, abs=5e-7)
    assert found.stakes.sum() == pytest.approx(0.230740, abs=5e-7)
    alone = sum(kelly_fraction(p, c) for p, c in zip(CHANCES, COSTS, strict=True))
    assert alone == pytest.approx(0.079551, abs=5e-7)
    assert kelly_fraction(CHANCES[2], COSTS[2]) == 0.0


def test_the_optimiser_agrees_with_the_closed_form() -> None:
    payoffs, chances = yes_legs(CHANCES)
    found = event_stakes(payoffs, COSTS, chances)
    closed = exclusive_stakes(CHANCES, COSTS)
    assert (found.contracts * COSTS).tolist() == pytest.approx(closed.stakes.tolist(), abs=1e-5)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.floats(0.01, 0.3), st.floats(0.02, 0.5)), min_size=1, max_size=3))
def test_exclusive_stakes_agree_with_the_optimiser(pairs: list[tuple[float, float]]) -> None:
    chances, costs = np.array(pairs).T
    closed = exclusive_stakes(chances, costs)
    assert (closed.stakes >= 0.0).all()
    assert closed.stakes.sum() <= 1.0 + 1e-9
    payoffs, weights = yes_legs(chances)
    found = event_stakes(payoffs, costs, weights)
    wealth = 1.0 + closed.stakes / costs @ payoffs - closed.stakes.sum()
    assert found.growth <= float(weights @ np.log(wealth)) + 1e-7
    assert found.growth == pytest.approx(float(weights @ np.log(wealth)), abs=1e-6)


def test_certain_partition_is_staked_whole() -> None:
    found = exclusive_stakes([0.6, 0.4], [0.5, 0.3])
    assert found.stakes.tolist() == pytest.approx([0.6, 0.4])
    assert found.reserve == pytest.approx(0.0)


def test_nothing_is_staked_where_nothing_pays() -> None:
    assert not exclusive_stakes([0.3, 0.3], [0.31, 0.35]).stakes.any()
    found = event_stakes([[1.0, 0.0]], [0.55], [0.5, 0.5])
    assert not found.contracts.any()
    assert found.growth == 0.0


def test_yes_and_no_legs_of_an_event() -> None:
    bids, asks = np.array([0.38, 0.31, 0.18]), np.array([0.40, 0.33, 0.20])
    winners = np.hstack([np.eye(3), np.zeros((3, 1))])
    payoffs = np.empty((6, 4))
    payoffs[0::2], payoffs[1::2] = winners, 1.0 - winners
    costs = np.empty(6)
    costs[0::2], costs[1::2] = unit_cost(asks), unit_cost(1.0 - bids)
    found = event_stakes(payoffs, costs, [0.45, 0.27, 0.20, 0.08])
    expected = [0.10799, 0.0, 0.0, 0.05648, 0.0, 0.0]
    assert found.contracts.tolist() == pytest.approx(expected, abs=1e-4)
    assert 1e4 * found.growth == pytest.approx(24.9837, abs=1e-3)


@pytest.mark.parametrize(
    ("correlation", "each"),
    [(-0.5, 0.15860), (0.0, 0.07518), (0.3, 0.05781), (0.6, 0.04707), (0.9, 0.03973), (1, 0.03777)],
)
def test_two_correlated_bets(correlation: float, each: float) -> None:
    chances = joint_chances(0.60, 0.60, correlation)
    found = event_stakes([[1, 1, 0, 0], [1, 0, 1, 0]], [COST_OF_55, COST_OF_55], chances)
    stakes = found.contracts * COST_OF_55
    assert stakes.mean() == pytest.approx(each, abs=1e-4)


def test_rule_of_thumb_for_correlated_bets() -> None:
    stake = kelly_fraction(0.60, unit_cost(0.55))
    found = reduce_correlated([stake, stake, 0.0], [[1, 0.6, 0.9], [0.6, 1, 0], [0.9, 0, 1]])
    assert found.tolist() == pytest.approx([0.04720, 0.04720, 0.0], abs=5e-6)
    hedged = reduce_correlated([0.1, 0.05], [[1, -0.9], [-0.9, 1]])
    assert hedged.tolist() == [0.1, 0.05]


def test_impossible_correlations_are_refused() -> None:
    with pytest.raises(ValueError, match="correlation"):
        joint_chances(0.9, 0.1, 0.9)
    with pytest.raises(ValueError, match="square"):
        reduce_correlated([0.1, 0.1], [[1.0]])


def test_drawdown_constraint_agrees_with_the_one_bet_form() -> None:
    found = event_stakes([[1, 0]], [COST_OF_55], [0.6, 0.4], drawdown=(0.7, 0.1))
    bound = drawdown_fraction(0.60, COST_OF_55, level=0.7, chance=0.1)
    assert found.contracts[0] * COST_OF_55 == pytest.approx(bound, abs=1e-5)


@pytest.mark.parametrize(
    ("chances", "costs"), [([0.7, 0.4], [0.5, 0.5]), ([0.5], [0.0]), ([0.5, 0.2], [0.3])]
)
def test_what_does_not_fit_is_refused(chances: list[float], costs: list[float]) -> None:
    with pytest.raises(ValueError):
        exclusive_stakes(chances, costs)
