"""Kelly staking of several contracts at once: exclusive outcomes, any event, correlated bets.

Sources: Smoczynski and Tomkins 2010 for exclusive outcomes; the log-optimal portfolio over
the admissible states for everything else; Busseti, Ryu and Boyd 2016 (arXiv 1603.06183) for
the drawdown constraint.  Costs include fees, as everywhere.
"""

from __future__ import annotations

import msgspec
import numpy as np
import numpy.typing as npt

from kalshi_desk.quant.arrays import FloatArray, probabilities, same_length, vector
from kalshi_desk.quant.kelly import drawdown_exponent

_RUIN = 1e-9
_TINY = 1e-7


class ExclusiveStakes(msgspec.Struct, frozen=True):
    """Shares of the bankroll on each YES, and the share kept as cash.

    ``reserve`` is also the wealth left when no held outcome wins, and the ratio of
    probability to cost that an outcome must beat to be held.
    """

    stakes: FloatArray
    reserve: float


class EventStakes(msgspec.Struct, frozen=True):
    """Contracts of each leg per dollar of bankroll, and the expected log growth per bet."""

    contracts: FloatArray
    growth: float


def exclusive_stakes(chances: npt.ArrayLike, costs: npt.ArrayLike) -> ExclusiveStakes:
    """Return the growth-optimal stakes on YES of outcomes of which at most one happens.

    ``chances`` and ``costs`` have one value per outcome.  An outcome may be held at a loss
    of its own, because it hedges the others.  Raises ``ValueError`` when the probabilities
    sum to more than 1 or a cost is not positive.
    """
    chance = probabilities(chances, "probabilities")
    cost = vector(costs, "costs")
    same_length("outcomes", chance, cost)
    if (cost <= 0.0).any():
        raise ValueError("costs: every cost must be positive")
    if chance.sum() > 1.0 + _RUIN:
        raise ValueError("probabilities of exclusive outcomes can't sum to more than 1")
    stakes = np.zeros_like(chance)
    held: list[int] = []
    reserve, left_chance, left_cost = 1.0, 1.0, 1.0
    for index in np.argsort(-chance / cost, kind="stable"):
        if chance[index] <= reserve * cost[index] or left_cost <= cost[index]:
            break
        left_chance = max(0.0, left_chance - chance[index])
        left_cost -= cost[index]
        reserve = left_chance / left_cost
        held.append(int(index))
    stakes[held] = chance[held] - reserve * cost[held]
    return ExclusiveStakes(stakes, float(reserve))


def event_stakes(
    payoffs: npt.ArrayLike,
    costs: npt.ArrayLike,
    chances: npt.ArrayLike,
    *,
    drawdown: tuple[float, float] | None = None,
) -> EventStakes:
    """Return the growth-optimal holding of legs over the states of an event.

    ``payoffs`` has a row per leg and a column per state, in dollars per contract; ``costs``
    one value per leg, ``chances`` one per state, summing to 1.  Nothing is borrowed and
    nothing sold short: NO is a leg of its own.  ``drawdown`` is a level and a chance: the
    bankroll then falls to that level with a smaller probability.  Raises ``ValueError`` for
    arrays that don't fit and ``ArithmeticError`` when the optimiser fails.
    """
    pay = np.asarray(payoffs, dtype=np.float64)
    cost = vector(costs, "costs")
    chance = probabilities(chances, "probabilities")
    if pay.shape != (len(cost), len(chance)) or not np.isfinite(pay).all():
        raise ValueError("payoffs: a finite number for each leg and state is needed")
    if (cost <= 0.0).any() or abs(float(chance.sum()) - 1.0) > _TINY:
        raise ValueError("costs must be positive and probabilities sum to 1")
    exponent = drawdown_exponent(*drawdown) if drawdown is not None else None
    returns = pay / cost[:, None] - 1.0
    stakes = _maximise(returns, chance, exponent)
    stakes[stakes < _TINY] = 0.0
    return EventStakes(stakes / cost, _expected_log(stakes, returns, chance))


def _expected_log(stakes: FloatArray, returns: FloatArray, chance: FloatArray) -> float:
    wealth = 1.0 + stakes @ returns
    live = chance > 0.0
    if (wealth[live] <= 0.0).any():
        return float("-inf")
    return float(chance[live] @ np.log(wealth[live]))


def _maximise(returns: FloatArray, chance: FloatArray, exponent: float | None) -> FloatArray:
    """Maximise the concave growth over stakes that are at least 0 and sum to at most 1."""
    from scipy.optimize import minimize

    def wealth(stakes: FloatArray) -> FloatArray:
        return np.maximum(1.0 + stakes @ returns, _RUIN)

    def loss(stakes: FloatArray) -> float:
        return -float(chance @ np.log(wealth(stakes)))

    def slope(stakes: FloatArray) -> FloatArray:
        return -(returns @ (chance / wealth(stakes)))

    legs = len(returns)
    bounds = [
        {
            "type": "ineq",
            "fun": lambda stakes: 1.0 - stakes.sum(),
            "jac": lambda stakes: -np.ones(legs),
        }
    ]
    if exponent is not None:
        bounds.append(
            {
                "type": "ineq",
                "fun": lambda stakes: -np.log(chance @ wealth(stakes) ** -exponent),
                "jac": lambda stakes: (
                    exponent
                    * (returns @ (chance * wealth(stakes) ** (-exponent - 1.0)))
                    / (chance @ wealth(stakes) ** -exponent)
                ),
            }
        )
    found = minimize(
        loss,
        np.full(legs, min(0.01, 0.1 / legs)),
        jac=slope,
        method="SLSQP",
        bounds=[(0.0, 1.0)] * legs,
        constraints=bounds,
        options={"ftol": 1e-15, "maxiter": 1000},
    )
    stakes = np.clip(np.asarray(found.x, dtype=np.float64), 0.0, 1.0)
    # Mode 8 is "no better point along the search line", which at this tolerance is the optimum.
    if found.status not in {0, 8} or not np.isfinite(stakes).all():
        raise ArithmeticError(f"no optimal stakes: {found.message}")
    return stakes if loss(stakes) <= 0.0 else np.zeros(legs)


def joint_chances(first: float, second: float, correlation: float) -> FloatArray:
    """Return the probabilities of (both, only first, only second, none) for two events.

    ``correlation`` is that of the two indicators (phi).  Raises ``ValueError`` when no joint
    distribution has it.
    """
    probabilities([first, second], "probabilities")
    spread = np.sqrt(first * (1.0 - first) * second * (1.0 - second))
    both = first * second + correlation * spread
    joint = np.array([both, first - both, second - both, 1.0 - first - second + both])
    if (joint < -_RUIN).any():
        raise ValueError(f"no two such events have a correlation of {correlation}")
    return np.asarray(np.clip(joint, 0.0, 1.0), dtype=np.float64)


def reduce_correlated(stakes: npt.ArrayLike, correlations: npt.ArrayLike) -> FloatArray:
    """Divide each stake by ``1 + sum_j rho_ij stake_j / stake_i`` over the others.

    The rule of thumb for bets of one theme: two equal stakes become ``f / (1 + rho)``.
    ``correlations`` is square.  A divisor never falls below 1: a hedge is no reason to
    stake more.  Raises ``ValueError`` for arrays that don't fit or a negative stake.
    """
    stake = vector(stakes, "stakes")
    matrix = np.array(correlations, dtype=np.float64)
    if matrix.shape != (len(stake), len(stake)) or not np.isfinite(matrix).all():
        raise ValueError("correlations: a square table with a row per stake is needed")
    if (stake < 0.0).any() or (np.abs(matrix) > 1.0).any():
        raise ValueError("stakes can't be negative, nor correlations beyond 1")
    np.fill_diagonal(matrix, 0.0)
    held = stake > 0.0
    divisor = np.ones_like(stake)
    divisor[held] = np.maximum(1.0, 1.0 + (matrix @ stake)[held] / stake[held])
    return np.asarray(stake / divisor, dtype=np.float64)
