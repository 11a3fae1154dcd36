"""Do prices move more than they learn?  The movement test of Augenblick and Rabin (QJE 2021).

For fair beliefs movement ``sum dp^2`` equals the fall of ``p (1 - p)`` on average.  Their
difference is the profit of holding ``1 - 2p`` contracts all the way: positive where fading
moves pays, negative where prices move too little and drift to the ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

import msgspec
import numpy as np
import numpy.typing as npt

from kalshi_desk.quant.arrays import FloatArray, probabilities, vector


class Movement(msgspec.Struct, frozen=True):
    """Movement and uncertainty reduction of one path, in squared dollars."""

    movement: float
    reduction: float

    @property
    def excess(self) -> float:
        """Movement beyond what was learnt; 0 on average for fair prices."""
        return self.movement - self.reduction


class ExcessTest(msgspec.Struct, frozen=True):
    """The mean excess over events, its z score, and movement over reduction.

    ``noise_variance`` is what was subtracted, per quote, in squared dollars.
    """

    mean: float
    z: float
    ratio: float
    events: int
    noise_variance: float


def movement(prices: npt.ArrayLike) -> Movement:
    """Return the movement of one path of prices, oldest first."""
    price = probabilities(prices, "prices", least=2)
    moved = np.diff(price)
    first, last = float(price[0]), float(price[-1])
    return Movement(float(moved @ moved), first * (1.0 - first) - last * (1.0 - last))


def noise_variance(paths: Sequence[npt.ArrayLike]) -> float:
    """Return the variance of independent quote noise, pooled over paths, at least 0.

    Noise makes successive changes cancel: their autocovariance at lag one is minus its
    variance.  True overreaction does the same at that lag, so what is left after taking
    this away is a cautious measure.
    """
    products, count = 0.0, 0
    for path in paths:
        moved = np.diff(vector(path, "prices"))
        if len(moved) > 1:
            products += float(moved[1:] @ moved[:-1])
            count += len(moved) - 1
    return max(0.0, -products / count) if count else 0.0


def excess_test(paths: Sequence[npt.ArrayLike], *, noise: float | None = None) -> ExcessTest:
    """Test the mean excess movement over events, one value per event.

    ``paths``: one list of prices per event, to its settlement.  Independent noise adds
    ``2 noise`` per step, which is taken away; by default its variance is estimated from
    the paths, pass 0 for none.  Raises ``ValueError`` for fewer than two events.
    """
    if len(paths) < 2:
        raise ValueError("at least two events are needed")
    removed = noise_variance(paths) if noise is None else noise
    found = [movement(path) for path in paths]
    steps = np.array([len(np.asarray(path)) - 1 for path in paths], dtype=np.float64)
    movements: FloatArray = np.array([one.movement for one in found]) - 2.0 * removed * steps
    reductions = np.array([one.reduction for one in found])
    excess = movements - reductions
    error = float(excess.std(ddof=1)) / sqrt(len(excess))
    mean, reduced = float(excess.mean()), float(reductions.sum())
    return ExcessTest(
        mean=mean,
        z=mean / error if error > 0.0 else 0.0,
        ratio=float(movements.sum()) / reduced if reduced > 0.0 else float("nan"),
        events=len(excess),
        noise_variance=removed,
    )
