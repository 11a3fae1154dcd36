"""Pairs of related markets in log-odds: do they hang together, how fast, and does it pay?

Sources: Engle and Granger 1987 (tests from statsmodels); Johansen 1991 for three and more;
the Ornstein-Uhlenbeck reading of an AR(1); a Kalman filter for a hedge ratio that wanders.
Series are logits of synchronous mids (``logit.clipped_logit``), oldest first.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from math import inf, log, sqrt
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from kalshi_desk.quant.arrays import FloatArray, same_length, vector
from kalshi_desk.quant.costs import TAKER_RATE, unit_fee

WANDER = 1e-5
ENTRY_Z = 2.5
EXIT_Z = 0.5
LEAST = 30


class Regression(msgspec.Struct, frozen=True):
    """``y = alpha + beta x`` by least squares, with the test that its residual reverts."""

    alpha: float
    beta: float
    statistic: float
    p_value: float


class Cointegration(msgspec.Struct, frozen=True):
    """Engle-Granger in both directions; the worse p value is the one to believe."""

    forward: Regression
    backward: Regression

    @property
    def p_value(self) -> float:
        """The larger p value: a pair that passes one way only does not pass."""
        return max(self.forward.p_value, self.backward.p_value)


class Reversion(msgspec.Struct, frozen=True):
    """An AR(1) read as an Ornstein-Uhlenbeck process.

    ``half_life`` in bars, ``inf`` without reversion; ``sd`` is the stationary deviation,
    ``inf`` likewise.  In short samples ``phi`` is biased towards fast reversion.
    """

    phi: float
    half_life: float
    sd: float


class Filtered(msgspec.Struct, frozen=True):
    """A filtered hedge: alpha and beta after each bar, and each bar's standardised surprise.

    Bars of the warm-up have none: ``nan``.
    """

    alphas: FloatArray
    betas: FloatArray
    scores: FloatArray


class Johansen(msgspec.Struct, frozen=True):
    """Trace statistics by rank from 0 up, with their 95 per cent bounds."""

    statistics: FloatArray
    bounds: FloatArray

    @property
    def rank(self) -> int:
        """The number of relations found: the first rank whose statistic is within bounds."""
        within = np.flatnonzero(self.statistics <= self.bounds)
        return int(within[0]) if len(within) else len(self.statistics)


class TradedLeg(msgspec.Struct, frozen=True):
    """One leg's price and spread in dollars, and its contracts per contract of the first."""

    price: float
    spread: float
    contracts: float = 1.0


def engle_granger(y: npt.ArrayLike, x: npt.ArrayLike) -> Regression:
    """Regress ``y`` on ``x`` and test the residual for a unit root (constant, lags by AIC).

    Raises ``ValueError`` for fewer than 30 bars, lengths that differ, a series that never
    changes, or two that are one.
    """
    from statsmodels.tsa.stattools import coint

    first, second = _series(y), _series(x)
    same_length("pair", first, second)
    design = np.column_stack([np.ones_like(second), second])
    (alpha, beta), *_ = np.linalg.lstsq(design, first, rcond=None)
    found = _quiet(coint, first, second, trend="c", autolag="aic")
    statistic, p_value = (
        (found[0], found[1]) if isinstance(found, tuple) else (found.coint_t, found.pvalue)
    )
    if not np.isfinite(statistic):
        raise ValueError("pair: one series is a line of the other, so nothing is left to test")
    return Regression(float(alpha), float(beta), float(statistic), float(p_value))


def cointegration(y: npt.ArrayLike, x: npt.ArrayLike) -> Cointegration:
    """Test a pair in both directions; errors as in ``engle_granger``."""
    return Cointegration(engle_granger(y, x), engle_granger(x, y))


def unit_root_p_value(series: npt.ArrayLike) -> float:
    """Return the p value of the augmented Dickey-Fuller test: small rejects a unit root."""
    from statsmodels.tsa.stattools import adfuller

    found = _quiet(adfuller, _series(series), autolag="AIC")
    return float(found[1] if isinstance(found, tuple) else found.pvalue)


def johansen(series: npt.ArrayLike, *, lags: int = 1) -> Johansen:
    """Test a basket for relations: a row per bar, a column per market, two or more.

    Raises ``ValueError`` for a table of another shape or with fewer than 30 rows.
    """
    from statsmodels.tsa.vector_ar.vecm import coint_johansen

    table = np.asarray(series, dtype=np.float64)
    if table.ndim != 2 or table.shape[1] < 2 or len(table) < LEAST:
        raise ValueError("a table of at least 30 rows and two columns is needed")
    if not np.isfinite(table).all():
        raise ValueError("series: every number must be finite")
    found = coint_johansen(table, 0, lags)
    return Johansen(np.asarray(found.lr1), np.asarray(found.cvt)[:, 1])


def reversion(residual: npt.ArrayLike) -> Reversion:
    """Fit ``r_t = c + phi r_t-1 + e``; half-life ``-ln 2 / ln phi``, sd ``s_e/sqrt(1-phi^2)``.

    A ``phi`` of 0 or below reverts within a bar: half-life 0.
    """
    series = _series(residual)
    before, after = series[:-1], series[1:]
    centred = before - before.mean()
    phi = float(centred @ (after - after.mean()) / (centred @ centred))
    errors = after - after.mean() - phi * centred
    spread = sqrt(float(errors @ errors) / (len(errors) - 2))
    if phi >= 1.0:
        return Reversion(phi, inf, inf)
    half_life = -log(2.0) / log(phi) if phi > 0.0 else 0.0
    return Reversion(phi, half_life, spread / sqrt(1.0 - phi * phi) if phi > -1.0 else inf)


def kalman_hedge(
    y: npt.ArrayLike,
    x: npt.ArrayLike,
    *,
    wander: float = WANDER,
    noise: float | None = None,
    warm_up: int = LEAST,
) -> Filtered:
    """Filter ``y = alpha + beta x`` with coefficients that walk at random.

    The state noise is ``wander / (1 - wander)`` per bar and coefficient; ``noise`` is the
    variance of the observation.  The start, and ``noise`` unless given, come from the first
    ``warm_up`` bars by least squares; no bar sees a later one.
    """
    first, second = _series(y), _series(x)
    same_length("pair", first, second)
    if not (0.0 < wander < 1.0 and 3 <= warm_up < len(first)):
        raise ValueError("wander lies in (0, 1), and the warm-up leaves bars to filter")
    design = np.column_stack([np.ones_like(second), second])
    early, target = design[:warm_up], first[:warm_up]
    state, *_ = np.linalg.lstsq(early, target, rcond=None)
    left = target - early @ state
    observed = float(left @ left) / (warm_up - 2) if noise is None else noise
    if not observed > 0.0:
        raise ValueError("the observation needs some noise")
    covariance = observed * np.linalg.pinv(early.T @ early)
    walk = np.eye(2) * (wander / (1.0 - wander))
    states = np.full((len(first), 2), np.nan)
    scores = np.full(len(first), np.nan)
    for index in range(warm_up, len(first)):
        covariance = covariance + walk
        row = design[index]
        surprise = float(first[index] - row @ state)
        variance = float(row @ covariance @ row) + observed
        gain = covariance @ row / variance
        state = state + gain * surprise
        covariance = covariance - np.outer(gain, row @ covariance)
        states[index] = state
        scores[index] = surprise / sqrt(variance)
    return Filtered(states[:, 0], states[:, 1], scores)


def contract_ratio(beta: float, price_y: float, price_x: float) -> float:
    """Return contracts of x that hedge one of y: ``beta p_y(1-p_y) / (p_x(1-p_x))``."""
    if not (0.0 < price_y < 1.0 and 0.0 < price_x < 1.0):
        raise ValueError("prices must lie strictly between 0 and 1")
    return beta * price_y * (1.0 - price_y) / (price_x * (1.0 - price_x))


def expected_closure(z: float, sd: float, exit_z: float = EXIT_Z) -> float:
    """Return the logit move from ``z`` deviations back to the exit; 0 when already there."""
    return max(0.0, abs(z) - exit_z) * sd


def least_divergence(
    legs: Sequence[TradedLeg], *, round_trip: bool = True, rate: float = TAKER_RATE
) -> float:
    """Return the logit divergence of the first leg that must close to pay all costs.

    A round trip pays the spread and two fees on each leg; held to settlement it pays half
    the spread and one fee.  Divided by ``p (1 - p)`` of the first leg.
    """
    if not legs or not 0.0 < legs[0].price < 1.0:
        raise ValueError("a first leg with a price strictly between 0 and 1 is needed")
    trips = 2.0 if round_trip else 1.0
    cost = sum(
        abs(leg.contracts) * trips * (unit_fee(leg.price, rate) + leg.spread / 2.0) for leg in legs
    )
    return cost / (legs[0].price * (1.0 - legs[0].price))


def _series(values: npt.ArrayLike) -> FloatArray:
    series = vector(values, "series", least=LEAST)
    if not np.ptp(series) > 0.0:
        raise ValueError("series: it never changes")
    return series


def _quiet(test: Any, *series: FloatArray, **options: Any) -> Any:
    """Call a test of statsmodels without its notices on the shape of the answer."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return test(*series, **options)
