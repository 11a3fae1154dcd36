"""Correlation of logit changes: estimated, doubted, and shrunk to what its kind suggests."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from math import atanh, sqrt, tanh
from statistics import NormalDist

import msgspec
import numpy as np
import numpy.typing as npt

from kalshi_desk.quant.arrays import FloatArray, same_length, vector
from kalshi_desk.quant.logit import clipped_logit

PRIOR_WEIGHT = 0.5
STRESS = 0.8


class Kinship(Enum):
    """How two events are related, and the correlation to assume of them."""

    SAME_UNDERLYING = 0.6
    SAME_CATEGORY = 0.3
    OTHER = 0.1


class Correlation(msgspec.Struct, frozen=True):
    """An estimate with its interval and two-sided p value against 0 (Fisher's z)."""

    estimate: float
    low: float
    high: float
    p_value: float
    count: int


def correlation(first: npt.ArrayLike, second: npt.ArrayLike, *, level: float = 0.90) -> Correlation:
    """Return the correlation of two series of changes.

    Raises ``ValueError`` for fewer than four pairs, and for a series without any change:
    nothing can be said about it.
    """
    one, two = vector(first, "changes", least=4), vector(second, "changes", least=4)
    same_length("pairs", one, two)
    if not (np.ptp(one) > 0.0 and np.ptp(two) > 0.0):
        raise ValueError("a series that never changes has no correlation")
    estimate = float(np.clip(np.corrcoef(one, two)[0, 1], -1.0, 1.0))
    z = atanh(np.clip(estimate, -1.0 + 1e-12, 1.0 - 1e-12))
    error = 1.0 / sqrt(len(one) - 3)
    reach = NormalDist().inv_cdf((1.0 + level) / 2.0) * error
    p_value = 2.0 * NormalDist().cdf(-abs(z) / error)
    return Correlation(estimate, tanh(z - reach), tanh(z + reach), p_value, len(one))


def price_correlation(
    first: npt.ArrayLike, second: npt.ArrayLike, *, level: float = 0.90
) -> Correlation:
    """Return the correlation of the logit changes of two lines of prices between 0 and 1.

    Of the newest prices that both have; errors as in ``correlation``.
    """
    one, two = vector(first, "prices", least=5), vector(second, "prices", least=5)
    count = min(len(one), len(two))
    changes = (np.diff(clipped_logit(line[-count:])) for line in (one, two))
    return correlation(*changes, level=level)


def ewma_correlations(changes: npt.ArrayLike, half_life: float) -> FloatArray:
    """Return the matrix of exponentially weighted correlations around zero.

    ``changes``: a row per time, oldest first, a column per market; ``half_life`` in rows.
    A market that never moved correlates 0 with all others.
    """
    table = np.asarray(changes, dtype=np.float64)
    if table.ndim != 2 or len(table) < 2 or not np.isfinite(table).all() or not half_life > 0.0:
        raise ValueError("a table of at least two rows and a positive half-life are needed")
    weights = 0.5 ** (np.arange(len(table) - 1, -1, -1.0) / half_life)
    covariance = (table * weights[:, None]).T @ table / weights.sum()
    sd = np.sqrt(np.diag(covariance))
    scale = np.where(sd > 0.0, sd, np.inf)
    matrix = np.clip(covariance / np.outer(scale, scale), -1.0, 1.0)
    np.fill_diagonal(matrix, 1.0)
    return np.asarray(matrix, dtype=np.float64)


def co_movement(prices: npt.ArrayLike, half_life: float, rows: Sequence[int]) -> FloatArray:
    """Return how far markets move together: the size of each correlation of logit changes.

    As ``ewma_correlations``, of some markets with all, which is a small part of the matrix.
    ``prices``: a row per market of as many prices between 0 and 1, oldest first; ``half_life``
    in prices; ``rows``: which markets, a row each in the answer.  Not a number for a market
    that never moved: it says nothing.
    """
    changes = np.diff(clipped_logit(np.asarray(prices, dtype=np.float64)), axis=1)
    if changes.shape[1] < 2 or not half_life > 0.0:
        raise ValueError("three prices of each market and a positive half-life are needed")
    weights = 0.5 ** (np.arange(changes.shape[1] - 1, -1, -1.0) / half_life)
    weights /= weights.sum()
    sd = np.sqrt((changes * changes) @ weights)
    sd[np.ptp(changes, axis=1) <= 0.0] = np.nan
    some = list(rows)
    covariance = (changes[some] * weights) @ changes.T
    return np.asarray(np.minimum(np.abs(covariance / np.outer(sd[some], sd)), 1.0))


def shrunk(estimate: float, kinship: Kinship, weight: float = PRIOR_WEIGHT) -> float:
    """Return the estimate moved towards what its kind suggests, by half unless told."""
    if not (-1.0 <= estimate <= 1.0 and 0.0 <= weight <= 1.0):
        raise ValueError("a correlation lies in [-1, 1] and a weight in [0, 1]")
    return (1.0 - weight) * estimate + weight * kinship.value


def for_limits(estimate: float, kinship: Kinship) -> float:
    """Return the correlation that limits use: never below what the kind suggests."""
    return max(kinship.value, shrunk(estimate, kinship))
