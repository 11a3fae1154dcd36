"""Chances of the ways in which markets settle together, from the chance of each market alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from kalshi_desk.quant.arrays import FloatArray

MOST_ROUNDS = 60
CLOSE = 1e-6
_LEAST = 1e-6


def state_chances(states: Sequence[frozenset[str]], wins: Mapping[str, float]) -> tuple[float, ...]:
    """Return a chance for each state such that every market wins as often as ``wins`` says.

    ``states`` are the sets of markets that may win together.  Where at most one wins the
    answer is direct, scaled down when the chances of all exceed 1.  Else of all answers the
    one nearest to independence is taken, by iterative proportional fitting (Deming and
    Stephan 1940); chances that contradict the states are met as nearly as its rounds bring
    them.  Raises ``ValueError`` without a state.
    """
    if not states:
        raise ValueError("chances need at least one state")
    if all(len(winners) <= 1 for winners in states):
        return _exclusive(states, wins)
    names = list(wins)
    table = np.array([[name in winners for winners in states] for name in names], dtype=bool)
    target = np.clip([wins[name] for name in names], _LEAST, 1.0 - _LEAST)
    chances: FloatArray = np.where(table, target[:, None], 1.0 - target[:, None]).prod(axis=0)
    total = float(chances.sum())
    chances = chances / total if total > 0.0 else np.full(len(states), 1.0 / len(states))
    for _ in range(MOST_ROUNDS):
        furthest = 0.0
        for row, aim in zip(table, target, strict=True):
            has = float(chances[row].sum())
            if not 0.0 < has < 1.0:
                continue
            furthest = max(furthest, abs(has - aim))
            chances = chances * np.where(row, aim / has, (1.0 - aim) / (1.0 - has))
        chances = chances / chances.sum()
        if furthest < CLOSE:
            break
    return tuple(float(one) for one in chances)


def _exclusive(states: Sequence[frozenset[str]], wins: Mapping[str, float]) -> tuple[float, ...]:
    found = [wins[next(iter(one))] if one else 0.0 for one in states]
    total = sum(found)
    if frozenset() in states and total < 1.0:
        found[states.index(frozenset())] = 1.0 - total
        return tuple(found)
    if not total:
        return tuple(1.0 / len(states) for _ in states)
    return tuple(one / total for one in found)
