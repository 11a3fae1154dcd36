"""A ladder of thresholds read as the distribution of the quantity underneath.

The price of "above K" is the survival function at K (Breeden and Litzenberger 1978 for
digitals).  Quotes that are not monotone are pooled by weighted isotonic regression.
"""

from __future__ import annotations

import msgspec
import numpy as np
import numpy.typing as npt

from kalshi_desk.quant.arrays import FloatArray, probabilities, same_length, vector


class LadderDistribution(msgspec.Struct, frozen=True):
    """The distribution that a ladder implies.

    ``survival``: chance of more than each strike, never rising.  ``masses``: chance of each
    piece, below the first strike first, one more than strikes.  ``points``: the middle of
    each piece; the two open ones are taken to be as wide as their neighbours.
    """

    strikes: FloatArray
    survival: FloatArray
    masses: FloatArray
    points: FloatArray

    @property
    def mean(self) -> float:
        """The expected value, in the unit of the strikes."""
        return float(self.masses @ self.points)

    @property
    def sd(self) -> float:
        """The standard deviation, in the unit of the strikes."""
        return float(np.sqrt(self.masses @ (self.points - self.mean) ** 2))

    @property
    def median(self) -> float:
        """The value exceeded with even odds, straight between strikes."""
        first, last = self.strikes[0], self.strikes[-1]
        edges = np.concatenate(
            [
                [2.0 * first - self.strikes[1]],
                self.strikes,
                [2.0 * last - self.strikes[-2]],
            ]
        )
        reached = np.concatenate([[0.0], np.cumsum(self.masses)])
        after = int(np.searchsorted(reached, 0.5))
        share = (0.5 - reached[after - 1]) / (reached[after] - reached[after - 1])
        return float(edges[after - 1] + share * (edges[after] - edges[after - 1]))

    @property
    def entropy(self) -> float:
        """The entropy of the pieces in nats: 0 for certainty."""
        held = self.masses[self.masses > 0.0]
        return float(-(held @ np.log(held)))


def isotonic_survival(mids: npt.ArrayLike, weights: npt.ArrayLike) -> FloatArray:
    """Return the nearest sequence that never rises (weighted pool of adjacent violators)."""
    from scipy.optimize import isotonic_regression

    value, weight = probabilities(mids, "mids"), vector(weights, "weights")
    same_length("ladder", value, weight)
    if (weight <= 0.0).any():
        raise ValueError("weights: every weight must be positive")
    found = isotonic_regression(value, weights=weight, increasing=False)
    return np.asarray(np.clip(found.x, 0.0, 1.0), dtype=np.float64)


def ladder_distribution(
    strikes: npt.ArrayLike, mids: npt.ArrayLike, spreads: npt.ArrayLike
) -> LadderDistribution:
    """Return the distribution of a ladder of "above" markets.

    Strikes rise; ``mids`` and ``spreads`` in dollars, one per strike; a mid weighs one over
    its squared spread.  Raises ``ValueError`` for fewer than two strikes, strikes that
    don't rise, or a spread that is not positive.
    """
    strike = vector(strikes, "strikes", least=2)
    spread = vector(spreads, "spreads", least=2)
    same_length("ladder", strike, spread)
    if (np.diff(strike) <= 0.0).any() or (spread <= 0.0).any():
        raise ValueError("strikes must rise and spreads be positive")
    survival = isotonic_survival(mids, 1.0 / spread**2)
    masses = -np.diff(np.concatenate([[1.0], survival, [0.0]]))
    half = np.diff(strike) / 2.0
    points = np.concatenate([[strike[0] - half[0]], strike[:-1] + half, [strike[-1] + half[-1]]])
    return LadderDistribution(strike, survival, np.maximum(0.0, masses), points)
