"""Where to quote and what a maker's fill is worth.

Sources: Avellaneda and Stoikov 2008 with the variance of a binary; exact indifference under
constant absolute risk aversion; Gueant 2017 (arXiv 1605.01862, eq. 4.6 and 4.7) for the
asymptotic quotes of Gueant, Lehalle and Fernandez-Tapia; the exchange's help page for the
shape of the liquidity incentive.  Prices are in dollars of YES, inventory in contracts.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, exp, expm1, floor, log1p, sqrt

import msgspec
import numpy as np
import numpy.typing as npt

from kalshi_desk.quant.arrays import FloatArray, same_length, vector
from kalshi_desk.quant.costs import unit_fee
from kalshi_desk.quant.logit import logit, sigmoid
from kalshi_desk.quant.volatility import release_variance

RISK_AVERSION = 5e-4
DEPTH_DECAY = 100.0
TICK = 0.01
_GRAIN = 1e-9


class Quotes(msgspec.Struct, frozen=True):
    """The reservation price, the half-spread around it, and the quotes on the grid.

    A side is None where its quote would not lie strictly between 0 and 1 dollar.
    """

    reservation: float
    half_spread: float
    bid: float | None
    ask: float | None


class Asymptotic(msgspec.Struct, frozen=True):
    """Gueant's coefficients, the half-spread and the skew per unit of inventory."""

    c1: float
    c2: float
    half_spread: float
    skew: float


class Intensity(msgspec.Struct, frozen=True):
    """Arrivals ``scale * exp(-decay * depth)`` per unit of time."""

    scale: float
    decay: float


def inventory_quotes(
    price: float,
    inventory: float,
    hours_left: float,
    horizon: float,
    *,
    risk_aversion: float = RISK_AVERSION,
    depth_decay: float = DEPTH_DECAY,
    fee: float = 0.0,
    adverse: float = 0.0,
    tick: float = TICK,
) -> Quotes:
    """Return quotes that lean against the inventory (Avellaneda-Stoikov in price space).

    ``r = p - q g V`` and ``half = g V / 2 + ln(1 + g / k) / g + fee + adverse`` with ``V``
    the release variance over ``horizon`` hours, ``g`` the risk aversion and ``k`` the decay
    of fills with depth; snapped outward to ``tick``.
    """
    if not (risk_aversion > 0.0 and depth_decay > 0.0 and tick > 0.0):
        raise ValueError("risk aversion, decay and tick must be positive")
    variance = release_variance(price, hours_left, horizon)
    reservation = price - inventory * risk_aversion * variance
    half = 0.5 * risk_aversion * variance + log1p(risk_aversion / depth_decay) / risk_aversion
    half += fee + adverse
    return Quotes(
        reservation,
        half,
        _inside(floor((reservation - half) / tick + _GRAIN) * tick),
        _inside(ceil((reservation + half) / tick - _GRAIN) * tick),
    )


def indifference_price(
    probability: float, inventory: float, *, risk_aversion: float = RISK_AVERSION
) -> float:
    """Return what one more contract, held to settlement, is worth exactly (CARA utility)."""
    if not 0.0 <= probability <= 1.0:
        raise ValueError("a probability must lie between 0 and 1")

    def certainty(held: float) -> float:
        return -log1p(probability * expm1(-risk_aversion * held)) / risk_aversion

    return certainty(inventory + 1.0) - certainty(inventory)


def logit_quotes(
    price: float, inventory: float, risk: float, half_spread: float
) -> tuple[float, float, float]:
    """Return bid, reservation and ask that stay inside (0, 1), before snapping to a grid.

    ``risk`` is risk aversion times the logit variance over the horizon; ``half_spread`` is
    in logits.
    """
    middle = float(logit(price)) - inventory * risk
    low, mid, high = sigmoid([middle - half_spread, middle, middle + half_spread])
    return float(low), float(mid), float(high)


def asymptotic_quotes(
    risk_aversion: float, depth_decay: float, scale: float, sigma: float
) -> Asymptotic:
    """Return Gueant's quotes far from the end: half-spread and skew in the unit of sigma.

    ``scale`` and ``depth_decay`` are those of ``Intensity``; ``sigma`` is the deviation per
    root of its unit of time, in ticks.
    """
    if not min(risk_aversion, depth_decay, scale) > 0.0 or sigma < 0.0:
        raise ValueError("risk aversion, decay and scale must be positive, sigma at least 0")
    ratio = risk_aversion / depth_decay
    c1 = log1p(ratio) / risk_aversion
    power = (depth_decay / risk_aversion + 1.0) * log1p(ratio)
    c2 = sqrt(risk_aversion / (2.0 * scale * depth_decay) * exp(power))
    return Asymptotic(c1, c2, c1 + sigma * c2 / 2.0, sigma * c2)


def fit_intensity(depths: npt.ArrayLike, counts: npt.ArrayLike, exposure: float = 1.0) -> Intensity:
    """Fit the arrivals by depth with the likelihood of a Poisson process.

    ``counts``: arrivals that traded through each depth during ``exposure`` units of time.
    Raises ``ValueError`` unless at least two depths differ and the counts tell a decay
    (all arrivals at one end of the depths bound none).
    """
    from scipy.optimize import brentq

    depth, count = vector(depths, "depths", least=2), vector(counts, "counts", least=2)
    same_length("depths", depth, count)
    if (count < 0.0).any() or not count.sum() > 0.0 or not exposure > 0.0:
        raise ValueError("counts can't be negative, and some arrival is needed")
    mean = float(depth @ count / count.sum())
    if not depth.min() < mean < depth.max():
        raise ValueError("the arrivals must spread over at least two depths")

    def gap(decay: float) -> float:
        weights = np.exp(-decay * (depth - depth.min() if decay >= 0 else depth - depth.max()))
        return float(depth @ weights / weights.sum()) - mean

    reach = 1.0 / float(np.ptp(depth))
    while gap(reach) > 0.0 or gap(-reach) < 0.0:
        reach *= 2.0
    decay = float(brentq(gap, -reach, reach, xtol=1e-12))
    return Intensity(float(count.sum() / (exposure * np.exp(-decay * depth).sum())), decay)


def fill_edge(
    half_spread: float, markout: float, price: float, *, rate: float, incentive: float = 0.0
) -> float:
    """Return what a maker's fill earns per contract: capture - markout - fee + incentive."""
    return half_spread - markout - unit_fee(price, rate) + incentive


def least_half_spread(markout: float, price: float, *, rate: float) -> float:
    """Return the half-spread below which a maker's fills lose: markout plus fee."""
    return markout + unit_fee(price, rate)


def adverse_markouts(
    signs: npt.ArrayLike, mids: npt.ArrayLike, later_mids: npt.ArrayLike
) -> FloatArray:
    """Return how far the mid went against each fill, in dollars; negative is for it.

    ``signs``: +1 for YES bought, -1 for YES sold; mids at the fill and so much later.
    """
    sign = vector(signs, "signs")
    before, after = vector(mids, "mids"), vector(later_mids, "later mids")
    same_length("fills", sign, before, after)
    if not np.isin(sign, (-1.0, 1.0)).all():
        raise ValueError("signs: each must be +1 or -1")
    return np.asarray(sign * (before - after), dtype=np.float64)


def incentive_score(
    sizes: Sequence[float], ours: Sequence[float], *, target: float, discount: float
) -> tuple[float, float]:
    """Return our score and the total of one side of a snapshot.

    ``sizes`` and ``ours``: all contracts and ours at each tick from the best price away;
    only what is needed to reach ``target`` scores, each tick away worth ``discount`` of the
    one before.  A level cut by the target is shared in proportion.  The exact rule for such
    a level is unpublished: never size on this.
    """
    if not (target > 0.0 and 0.0 <= discount <= 1.0) or len(sizes) != len(ours):
        raise ValueError("a positive target, a discount in [0, 1] and matching levels are needed")
    mine = total = 0.0
    left, worth = target, 1.0
    for size, own in zip(sizes, ours, strict=True):
        if not 0.0 <= own <= size:
            raise ValueError("our contracts are part of the level")
        counted = min(size, left)
        total += counted * worth
        mine += own * counted / size * worth if size > 0.0 else 0.0
        left -= counted
        worth *= discount
    return mine, total


def _inside(price: float) -> float | None:
    return price if _GRAIN < price < 1.0 - _GRAIN else None
