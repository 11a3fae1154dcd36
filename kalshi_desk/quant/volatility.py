"""How much a binary's price has moved, and how much it was expected to.

Sources: Barndorff-Nielsen and Shephard for bipower variation; Parkinson 1980; the
deadline-resolution variance of Xi, Moallemi, Pai and Wang 2026 (arXiv 2607.08199): a price
that must settle at 0 or 1 releases ``p (1 - p)`` evenly over the time that is left.
"""

from __future__ import annotations

from math import log, log1p, pi, sqrt

import msgspec
import numpy as np
import numpy.typing as npt

from kalshi_desk.quant.arrays import FloatArray, probabilities, vector
from kalshi_desk.quant.logit import CLIP, clipped_logit

EWMA_DECAY = 0.94
VOLUME_CONSTANT = 0.12
QUIET = 0.25
EXCITED = 2.0


class Realised(msgspec.Struct, frozen=True):
    """Realised measures of one window, per window and not annualised.

    ``variance``, ``bipower`` and ``ewma`` are in squared logits (``ewma`` per bar),
    ``price_variance`` in squared dollars, ``price_share`` as a share of the ``p (1 - p)``
    of the first price.
    """

    variance: float
    bipower: float
    jump_share: float
    ewma: float
    price_variance: float
    price_share: float


def realised(prices: npt.ArrayLike, *, clip: float = CLIP) -> Realised:
    """Return the realised measures of equally spaced mids, oldest first.

    Raises ``ValueError`` for fewer than three prices or one outside [0, 1].
    """
    price = probabilities(prices, "prices", least=3)
    changes = np.diff(clipped_logit(price, clip))
    moved = np.diff(price)
    start = float(price[0] * (1.0 - price[0]))
    price_variance = float(moved @ moved)
    return Realised(
        variance=float(changes @ changes),
        bipower=bipower_variation(changes),
        jump_share=jump_share(changes),
        ewma=ewma_variance(changes),
        price_variance=price_variance,
        price_share=price_variance / start if start > 0.0 else float("nan"),
    )


def bipower_variation(changes: npt.ArrayLike) -> float:
    """Return ``pi/2 sum |x_i||x_i-1| n/(n-1)``, the variance without isolated jumps."""
    change = np.abs(vector(changes, "changes", least=2))
    count = len(change)
    return float(pi / 2.0 * (change[1:] @ change[:-1]) * count / (count - 1))


def jump_share(changes: npt.ArrayLike) -> float:
    """Return the share of the variance that came in jumps, 0 to 1; 0 without any move."""
    change = vector(changes, "changes", least=2)
    total = float(change @ change)
    return max(0.0, 1.0 - bipower_variation(change) / total) if total > 0.0 else 0.0


def ewma_variance(changes: npt.ArrayLike, decay: float = EWMA_DECAY) -> float:
    """Return the exponentially weighted variance per bar, started with the first change."""
    if not 0.0 <= decay <= 1.0:
        raise ValueError("a decay must lie between 0 and 1")
    squares = vector(changes, "changes") ** 2
    weights = (1.0 - decay) * decay ** np.arange(len(squares) - 1, -1, -1.0)
    weights[0] = decay ** (len(squares) - 1)
    return float(weights @ squares)


def parkinson_variance(low: float, high: float, *, clip: float = CLIP) -> float:
    """Return the variance that a range of prices stands for: logit range squared / (4 ln 2)."""
    if not 0.0 <= low <= high <= 1.0:
        raise ValueError("a range needs 0 <= low <= high <= 1")
    bottom, top = clipped_logit([low, high], clip)
    return float((top - bottom) ** 2 / (4.0 * log(2.0)))


def release_variance(price: float, hours_left: float, hours: float = 1.0) -> float:
    """Return the variance expected over ``hours``, in squared dollars.

    ``min(hours / hours_left, 1) p (1 - p)``; all of it when the deadline lies within.
    Raises ``ValueError`` for a price outside [0, 1] or times that are not positive.
    """
    if not 0.0 <= price <= 1.0 or not (hours_left > 0.0 and hours > 0.0):
        raise ValueError("a price between 0 and 1 and positive times are needed")
    return min(hours / hours_left, 1.0) * price * (1.0 - price)


def release_sd(price: float, hours_left: float, hours: float = 1.0) -> float:
    """Return the standard deviation expected over ``hours``, in dollars."""
    return sqrt(release_variance(price, hours_left, hours))


def trading_variance(
    price: float,
    hours_left: float,
    spread: float,
    volume: float,
    *,
    constant: float = VOLUME_CONSTANT,
    hours: float = 1.0,
) -> float:
    """Return release plus bid-ask bounce: ``K ln(1 + volume) spread^2 / 4`` per hour more.

    ``spread`` in dollars, ``volume`` in contracts per hour.  ``constant`` should be fitted
    (``fit_volume_constant``); the default is a fallback.
    """
    if spread < 0.0 or volume < 0.0 or constant < 0.0:
        raise ValueError("spread, volume and constant can't be negative")
    bounce = constant * log1p(volume) * spread * spread / 4.0
    return release_variance(price, hours_left, hours) + bounce * hours


def fit_volume_constant(
    changes: npt.ArrayLike,
    release: npt.ArrayLike,
    spreads: npt.ArrayLike,
    volumes: npt.ArrayLike,
    *,
    largest: float = 10.0,
) -> float:
    """Return the constant of ``trading_variance`` by Gaussian quasi-likelihood.

    One value per bar: price change, ``release_variance``, spread (dollars), volume of the
    bar (contracts).  The fit lies in [0, ``largest``].  Raises ``ValueError`` when there
    are fewer than 30 bars, lengths differ, or no bar has any expected variance.
    """
    from scipy.optimize import minimize_scalar

    change, base = vector(changes, "changes", least=30), vector(release, "release", least=30)
    volume = vector(volumes, "volumes")
    if (volume < 0.0).any() or (base < 0.0).any():
        raise ValueError("bars: volumes and variances can't be negative")
    slope = np.log1p(volume) * vector(spreads, "spreads") ** 2 / 4.0
    if not len(change) == len(base) == len(slope):
        raise ValueError("bars: lengths differ")
    live = base > 0.0
    if not live.any():
        raise ValueError("bars: none expects any variance")
    change, base, slope = change[live] ** 2, base[live], slope[live]

    def loss(constant: float) -> float:
        variance = base + constant * slope
        return float((np.log(variance) + change / variance).sum())

    found = minimize_scalar(loss, bounds=(0.0, largest), method="bounded")
    return float(found.x)


def expected_bar_variances(
    prices: npt.ArrayLike, hours_left: float, bar_hours: float = 1.0
) -> FloatArray:
    """Return the release variance of each bar between equally spaced mids, oldest first.

    ``hours_left`` counts from the last price; one value fewer than prices.
    """
    price = probabilities(prices, "prices", least=2)
    if not (hours_left > 0.0 and bar_hours > 0.0):
        raise ValueError("positive times are needed")
    bars = len(price) - 1
    left = hours_left + bar_hours * np.arange(bars, 0, -1.0)
    return np.asarray(price[:-1] * (1.0 - price[:-1]) * bar_hours / left, dtype=np.float64)


def variance_ratio(prices: npt.ArrayLike, hours_left: float, bar_hours: float = 1.0) -> float:
    """Return squared moves over expected variance: below .25 quiet, 1 normal, above 2 excited.

    ``nan`` where nothing was expected, as at a price of 0 or 1.
    """
    price = probabilities(prices, "prices", least=2)
    expected = float(expected_bar_variances(price, hours_left, bar_hours).sum())
    moved = np.diff(price)
    return float(moved @ moved) / expected if expected > 0.0 else float("nan")


def move_score(
    prices: npt.ArrayLike, hours_left: float, spread: float, bar_hours: float = 1.0
) -> float:
    """Return the last move in expected standard deviations, half the spread included.

    ``dp / sqrt(expected variance of the last bar + spread^2 / 4)``, signed.
    """
    price = probabilities(prices, "prices", least=2)
    expected = float(expected_bar_variances(price, hours_left, bar_hours)[-1])
    scale = sqrt(expected + spread * spread / 4.0)
    return float(price[-1] - price[-2]) / scale if scale > 0.0 else float("nan")
