"""Log-odds: the scale on which beliefs add up, and the way back to prices."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from kalshi_desk.quant.arrays import FloatArray

CLIP = 0.02
"""Prices nearer to 0 or 1 are moved here first: beyond, a tick is a large logit move."""


def clipped_logit(prices: npt.ArrayLike, clip: float = CLIP) -> FloatArray:
    """Return ``ln(p / (1 - p))`` of prices clipped to ``[clip, 1 - clip]``, of any shape.

    Raises ``ValueError`` for a clip outside (0, 0.5) or a price that is not a number.
    """
    if not 0.0 < clip < 0.5:
        raise ValueError("a clip must lie between 0 and 0.5")
    array = np.asarray(prices, dtype=np.float64)
    if np.isnan(array).any():
        raise ValueError("prices: every one must be a number")
    inside = np.clip(array, clip, 1.0 - clip)
    return np.asarray(np.log(inside) - np.log1p(-inside), dtype=np.float64)


def logit(probabilities: npt.ArrayLike) -> FloatArray:
    """Return ``ln(p / (1 - p))``; raises ``ValueError`` unless all lie strictly in (0, 1)."""
    array = np.asarray(probabilities, dtype=np.float64)
    if not ((array > 0.0) & (array < 1.0)).all():
        raise ValueError("log-odds need probabilities strictly between 0 and 1")
    return np.asarray(np.log(array) - np.log1p(-array), dtype=np.float64)


def sigmoid(log_odds: npt.ArrayLike) -> FloatArray:
    """Return the probability of log-odds, without overflow at either end."""
    array = np.asarray(log_odds, dtype=np.float64)
    # Of the two equal forms each is used where its exponential can't overflow.
    small = np.exp(-np.abs(array))
    return np.asarray(np.where(array >= 0.0, 1.0, small) / (1.0 + small), dtype=np.float64)


def price_sd(logit_sd: npt.ArrayLike, price: npt.ArrayLike) -> FloatArray:
    """Return the price move in dollars of a small logit move: ``p (1 - p) dx``."""
    at = np.asarray(price, dtype=np.float64)
    return np.asarray(np.asarray(logit_sd, dtype=np.float64) * at * (1.0 - at), dtype=np.float64)


def martingale_drift(price: npt.ArrayLike, logit_sd: npt.ArrayLike) -> FloatArray:
    """Return the logit drift per step of a fair price: ``(p - 1/2) sd^2``.

    A fair price is a martingale, its logit is not: it drifts outward, and a rule that takes
    this for a trend finds one everywhere (Ito).
    """
    at, sd = np.asarray(price, dtype=np.float64), np.asarray(logit_sd, dtype=np.float64)
    return np.asarray((at - 0.5) * sd**2, dtype=np.float64)
