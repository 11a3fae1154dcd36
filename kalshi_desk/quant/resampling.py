"""Uncertainty of a mean when observations hang together: clusters, blocks, few bets.

Sources: cluster-robust variance (Liang and Zeger 1986); the stationary bootstrap of
Politis and Romano 1994; Wilson 1927 for proportions; Diebold and Mariano 1995.
"""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist

import msgspec
import numpy as np
import numpy.typing as npt

from kalshi_desk.quant.arrays import FloatArray, probabilities, same_length, vector

DRAWS = 2000
_CELLS = 1_000_000


class ClusterMean(msgspec.Struct, frozen=True):
    """A mean with a standard error that treats clusters, not rows, as independent."""

    mean: float
    error: float
    clusters: int
    count: int

    @property
    def t(self) -> float:
        """The mean in standard errors; 0 where there is no error to divide by."""
        return self.mean / self.error if self.error > 0.0 else 0.0

    @property
    def p_value(self) -> float:
        """The two-sided p value with one degree of freedom fewer than clusters."""
        from scipy.special import stdtr

        return float(2.0 * stdtr(self.clusters - 1, -abs(self.t)))

    def lower_bound(self, level: float = 0.90) -> float:
        """Return the lower end of the two-sided interval of the mean at this level."""
        from scipy.special import stdtrit

        reach = stdtrit(self.clusters - 1, (1.0 + level) / 2.0)
        return self.mean - float(reach) * self.error


def cluster_mean(values: npt.ArrayLike, clusters: npt.ArrayLike) -> ClusterMean:
    """Return the mean and ``sqrt(G/(G-1) sum_g (sum residuals)^2) / N``.

    ``clusters`` has a label per value, such as the event.  Raises ``ValueError`` for fewer
    than two clusters: then nothing is known about the error.
    """
    value = vector(values, "values", least=2)
    labels, index = np.unique(np.asarray(clusters), return_inverse=True)
    same_length("clusters", value, index)
    if len(labels) < 2:
        raise ValueError("clusters: at least two are needed")
    mean = float(value.mean())
    sums = np.bincount(index, weights=value - mean)
    groups = len(labels)
    error = sqrt(groups / (groups - 1) * float(sums @ sums)) / len(value)
    return ClusterMean(mean, error, groups, len(value))


def stationary_bootstrap(
    values: npt.ArrayLike,
    *,
    block: float = 5.0,
    draws: int = DRAWS,
    level: float = 0.90,
    seed: int = 0,
) -> tuple[float, float]:
    """Return the interval of the mean of a series whose neighbours hang together.

    Blocks have random lengths with mean ``block``; 1 makes it the plain bootstrap.  The
    same seed gives the same interval.
    """
    series = vector(values, "values", least=2)
    if not block >= 1.0:
        raise ValueError("blocks have a mean of at least 1")
    random = np.random.default_rng(seed)
    count = len(series)
    place = np.arange(count)
    means = []
    for size in _batches(draws, count):
        starts = random.integers(0, count, size=(size, count))
        begins = random.random((size, count)) < 1.0 / block
        begins[:, 0] = True
        # Each position continues the block that began last, wrapping round at the end.
        began = np.maximum.accumulate(np.where(begins, place, 0), axis=1)
        picked = (np.take_along_axis(starts, began, axis=1) + place - began) % count
        means.append(series[picked].mean(axis=1))
    return _interval(np.concatenate(means), level)


def event_bootstrap(
    values: npt.ArrayLike,
    clusters: npt.ArrayLike,
    *,
    draws: int = DRAWS,
    level: float = 0.90,
    seed: int = 0,
) -> tuple[float, float]:
    """Return the interval of the mean per value when whole clusters are drawn again."""
    value = vector(values, "values")
    labels, index = np.unique(np.asarray(clusters), return_inverse=True)
    same_length("clusters", value, index)
    if len(labels) < 2:
        raise ValueError("clusters: at least two are needed")
    sums, sizes = np.bincount(index, weights=value), np.bincount(index)
    random = np.random.default_rng(seed)
    means = []
    for size in _batches(draws, len(labels)):
        picked = random.integers(0, len(labels), size=(size, len(labels)))
        means.append(sums[picked].sum(axis=1) / sizes[picked].sum(axis=1))
    return _interval(np.concatenate(means), level)


def wilson_interval(wins: int, count: int, *, level: float = 0.95) -> tuple[float, float]:
    """Return the interval of a proportion, true also for few trials and for 0 wins."""
    if not 0 <= wins <= count or count < 1:
        raise ValueError("wins must lie between 0 and the count, which is at least 1")
    z = NormalDist().inv_cdf((1.0 + level) / 2.0)
    rate = wins / count
    shrink = 1.0 + z * z / count
    middle = (rate + z * z / (2 * count)) / shrink
    half = z / shrink * sqrt(rate * (1.0 - rate) / count + z * z / (4.0 * count * count))
    return max(0.0, middle - half), min(1.0, middle + half)


def log_score_gain(
    model: npt.ArrayLike,
    market: npt.ArrayLike,
    outcomes: npt.ArrayLike,
    clusters: npt.ArrayLike,
) -> ClusterMean:
    """Return the gain in log score of one forecast over another, in nats, clustered by event.

    ``t`` is the Diebold-Mariano statistic.  ``outcomes`` are 0 or 1.  Raises ``ValueError``
    for a forecast of 0 or 1, which a log score can't forgive.
    """
    ours, theirs = probabilities(model, "model"), probabilities(market, "market")
    happened = probabilities(outcomes, "outcomes")
    same_length("forecasts", ours, theirs, happened)
    for forecast in (ours, theirs):
        if ((forecast <= 0.0) | (forecast >= 1.0)).any():
            raise ValueError("forecasts must lie strictly between 0 and 1")
    if not np.isin(happened, (0.0, 1.0)).all():
        raise ValueError("outcomes: each must be 0 or 1")
    gain = np.where(happened == 1.0, np.log(ours / theirs), np.log((1 - ours) / (1 - theirs)))
    return cluster_mean(gain, clusters)


def expected_score_gain(
    model: npt.ArrayLike,
    market: npt.ArrayLike,
    later: npt.ArrayLike,
    clusters: npt.ArrayLike,
) -> ClusterMean:
    """Return the gain in log score that a later, better informed price expects, by event.

    ``q ln(p'/p) + (1 - q) ln((1-p')/(1-p))`` in nats, ``later`` being ``q`` in [0, 1]: with
    a result, 0 or 1, it is :func:`log_score_gain`.  As long as ``p`` is fair, every other
    forecast has a negative mean.  Raises ``ValueError`` for a forecast of 0 or 1.
    """
    ours, theirs = probabilities(model, "model"), probabilities(market, "market")
    price = probabilities(later, "later prices")
    same_length("forecasts", ours, theirs, price)
    for forecast in (ours, theirs):
        if ((forecast <= 0.0) | (forecast >= 1.0)).any():
            raise ValueError("forecasts must lie strictly between 0 and 1")
    gain = price * np.log(ours / theirs) + (1 - price) * np.log((1 - ours) / (1 - theirs))
    return cluster_mean(gain, clusters)


def _batches(draws: int, count: int) -> list[int]:
    """Cut the draws so that no batch holds more than a bounded number of values."""
    if draws < 1:
        raise ValueError("at least one draw is needed")
    size = max(1, _CELLS // count)
    return [min(size, draws - begun) for begun in range(0, draws, size)]


def _interval(means: FloatArray, level: float) -> tuple[float, float]:
    if not 0.0 < level < 1.0:
        raise ValueError("a level must lie between 0 and 1")
    low, high = np.quantile(means, [(1.0 - level) / 2.0, (1.0 + level) / 2.0])
    return float(low), float(high)
