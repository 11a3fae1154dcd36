"""How likely the best of many strategies is best by luck, and how often many tests mislead.

Sources: Bailey, Borwein, Lopez de Prado and Zhu 2017 (probability of backtest overfitting
by combinatorially symmetric cross-validation); Benjamini and Hochberg 1995.
"""

from __future__ import annotations

from itertools import combinations

import msgspec
import numpy as np
import numpy.typing as npt

from kalshi_desk.quant.arrays import BoolArray, FloatArray, probabilities

BLOCKS = 8


class Overfitting(msgspec.Struct, frozen=True):
    """The probability of backtest overfitting, and the splits it was counted over.

    ``logits``: for each split the log-odds of the rank, among all, that the winner of one
    half has in the other; at or below 0 it was no better than the middle.
    """

    probability: float
    logits: FloatArray


def backtest_overfitting(returns: npt.ArrayLike, *, blocks: int = BLOCKS) -> Overfitting:
    """Return how often the best strategy in one half is below the median in the other.

    ``returns``: a row per period, a column per strategy; rows that don't fill a whole block
    are left out at the start.  Raises ``ValueError`` for an odd number of blocks, fewer
    than two strategies or fewer than two rows a block.
    """
    table = np.asarray(returns, dtype=np.float64)
    if blocks < 2 or blocks % 2:
        raise ValueError("an even number of blocks is needed")
    if table.ndim != 2 or table.shape[1] < 2 or len(table) < 2 * blocks:
        raise ValueError("at least two strategies and two rows a block are needed")
    if not np.isfinite(table).all():
        raise ValueError("returns: every number must be finite")
    rows = len(table) // blocks
    parts = table[len(table) - rows * blocks :].reshape(blocks, rows, -1)
    sums, squares = parts.sum(axis=1), (parts**2).sum(axis=1)
    half = rows * blocks // 2
    logits = []
    for chosen in combinations(range(blocks), blocks // 2):
        left = [block for block in range(blocks) if block not in chosen]
        inside = _ratio(sums[list(chosen)].sum(axis=0), squares[list(chosen)].sum(axis=0), half)
        outside = _ratio(sums[left].sum(axis=0), squares[left].sum(axis=0), half)
        best = int(np.argmax(inside))
        below = float(
            (outside < outside[best]).sum() + 0.5 * ((outside == outside[best]).sum() - 1)
        )
        rank = (below + 1.0) / (table.shape[1] + 1.0)
        logits.append(np.log(rank / (1.0 - rank)))
    found = np.array(logits, dtype=np.float64)
    return Overfitting(float((found <= 0.0).mean()), found)


def benjamini_hochberg(p_values: npt.ArrayLike, q: float = 0.10) -> BoolArray:
    """Return which tests to believe so that at most a share ``q`` of them is false.

    One value per test, in the order given; pass every test that was made, not only the good
    ones.
    """
    p_value = probabilities(p_values, "p values", least=0)
    order = np.argsort(p_value, kind="stable")
    count = len(p_value)
    passing = np.flatnonzero(p_value[order] <= q * np.arange(1, count + 1) / max(count, 1))
    believed = np.zeros(count, dtype=np.bool_)
    if len(passing):
        believed[order[: passing[-1] + 1]] = True
    return believed


def adjusted_p_values(p_values: npt.ArrayLike) -> FloatArray:
    """Return the smallest ``q`` at which each test is believed (Benjamini-Hochberg)."""
    p_value = probabilities(p_values, "p values", least=0)
    order = np.argsort(p_value, kind="stable")
    count = len(p_value)
    scaled = p_value[order] * count / np.arange(1, count + 1)
    falling = np.minimum.accumulate(scaled[::-1])[::-1]
    adjusted = np.empty(count)
    adjusted[order] = np.minimum(falling, 1.0)
    return adjusted


def _ratio(sums: FloatArray, squares: FloatArray, count: int) -> FloatArray:
    mean = sums / count
    variance = np.maximum(squares / count - mean**2, 0.0)
    return np.asarray(mean / np.sqrt(np.where(variance > 0.0, variance, np.inf)))
