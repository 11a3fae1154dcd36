"""Performance figures that know how many times somebody has looked.

Sources: Bailey and Lopez de Prado 2012 (probabilistic Sharpe ratio, minimum track record)
and 2014 (deflated Sharpe ratio).  Sharpe ratios are per period of the returns given, not
annualised unless a name says so; annualise daily equity with idle days, never single bets.
"""

from __future__ import annotations

from math import ceil, e, inf, sqrt
from statistics import NormalDist

import msgspec
import numpy as np
import numpy.typing as npt

from kalshi_desk.quant.arrays import vector
from kalshi_desk.quant.exposure import ProfitDistribution

_NORMAL = NormalDist()
_EULER = 0.5772156649015329
_NO_PEAK = 1e-9


class Drawdown(msgspec.Struct, frozen=True):
    """The deepest fall from a peak, in the unit of the curve, and the longest time below one.

    ``share``: the largest fall as a share of its peak, 0 where no peak was positive.
    ``length``: the most periods on end below an earlier peak.
    """

    depth: float
    share: float
    length: int


class WinRate(msgspec.Struct, frozen=True):
    """Wins among trades that won or lost, with the rate at which their sizes break even."""

    rate: float
    average_win: float
    average_loss: float
    trades: int

    @property
    def break_even(self) -> float:
        """The win rate needed with these averages: loss / (win + loss)."""
        total = self.average_win + self.average_loss
        return self.average_loss / total if total > 0.0 else float("nan")


def sharpe(returns: npt.ArrayLike) -> float:
    """Return mean over standard deviation (n - 1) per period; 0 for returns that never vary."""
    array = vector(returns, "returns", least=2)
    sd = float(array.std(ddof=1))
    return float(array.mean()) / sd if sd > 0.0 else 0.0


def sortino(returns: npt.ArrayLike, target: float = 0.0) -> float:
    """Return the mean above ``target`` over the downside deviation; ``inf`` without one."""
    above = vector(returns, "returns", least=2) - target
    downside = sqrt(float((np.minimum(above, 0.0) ** 2).mean()))
    mean = float(above.mean())
    if downside > 0.0:
        return mean / downside
    return inf if mean > 0.0 else 0.0


def moments(returns: npt.ArrayLike) -> tuple[float, float]:
    """Return skewness and kurtosis (3 for a normal) of returns."""
    array = vector(returns, "returns", least=4)
    centred = array - array.mean()
    variance = float((centred**2).mean())
    if variance <= 0.0:
        return 0.0, 3.0
    return float((centred**3).mean()) / variance**1.5, float((centred**4).mean()) / variance**2


def sharpe_error(ratio: float, count: int, *, skew: float = 0.0, kurtosis: float = 3.0) -> float:
    """Return the standard error of a Sharpe ratio from ``count`` returns.

    ``sqrt((1 - skew SR + (kurtosis - 1)/4 SR^2) / (n - 1))``.  Raises ``ValueError`` for
    fewer than two returns or moments that no distribution has.
    """
    if count < 2:
        raise ValueError("at least two returns are needed")
    return sqrt(_spread(ratio, skew, kurtosis) / (count - 1))


def probabilistic_sharpe(
    ratio: float,
    count: int,
    *,
    benchmark: float = 0.0,
    skew: float = 0.0,
    kurtosis: float = 3.0,
) -> float:
    """Return the chance that the true Sharpe ratio exceeds the benchmark."""
    error = sharpe_error(ratio, count, skew=skew, kurtosis=kurtosis)
    return _NORMAL.cdf((ratio - benchmark) / error)


def best_of_useless(trials: int, sd: float = 1.0) -> float:
    """Return the expected best Sharpe ratio of ``trials`` strategies without any skill.

    ``sd`` is the deviation of the ratio among trials, in the unit of the result.
    """
    if trials < 1 or sd < 0.0:
        raise ValueError("at least one trial and a deviation of at least 0 are needed")
    if trials == 1:
        return 0.0
    first = _NORMAL.inv_cdf(1.0 - 1.0 / trials)
    second = _NORMAL.inv_cdf(1.0 - 1.0 / (trials * e))
    return sd * ((1.0 - _EULER) * first + _EULER * second)


def deflated_sharpe(
    ratio: float,
    count: int,
    *,
    trials: int,
    trial_sd: float,
    skew: float = 0.0,
    kurtosis: float = 3.0,
) -> float:
    """Return the chance that the best of ``trials`` is better than useless ones would be."""
    return probabilistic_sharpe(
        ratio,
        count,
        benchmark=best_of_useless(trials, trial_sd),
        skew=skew,
        kurtosis=kurtosis,
    )


def least_track_record(
    ratio: float,
    *,
    benchmark: float = 0.0,
    skew: float = 0.0,
    kurtosis: float = 3.0,
    confidence: float = 0.95,
) -> float:
    """Return how many returns make a Sharpe ratio significant; ``inf`` below the benchmark."""
    if ratio <= benchmark:
        return inf
    z = _NORMAL.inv_cdf(confidence)
    return 1.0 + _spread(ratio, skew, kurtosis) * (z / (ratio - benchmark)) ** 2


def bet_sharpe(probability: float, cost: float) -> float:
    """Return the Sharpe ratio of one bet, ``(p - c) / sqrt(p (1 - p))``; not for annualising."""
    if not 0.0 < probability < 1.0:
        raise ValueError("a probability must lie strictly between 0 and 1")
    return (probability - cost) / sqrt(probability * (1.0 - probability))


def bets_needed(cost: float, edge: float, *, confidence: float = 0.95, power: float = 0.80) -> int:
    """Return how many independent settled bets show an edge (one-sided test).

    ``((z_a + z_b) / edge)^2 p (1 - p)`` with ``p = cost + edge``, rounded up.
    """
    probability = cost + edge
    if not (edge > 0.0 and 0.0 < probability < 1.0):
        raise ValueError("a positive edge and a probability below 1 are needed")
    z = _NORMAL.inv_cdf(confidence) + _NORMAL.inv_cdf(power)
    return ceil(z * z * probability * (1.0 - probability) / (edge * edge))


def drawdown(equity: npt.ArrayLike) -> Drawdown:
    """Return the worst fall of an equity curve, oldest value first."""
    curve = vector(equity, "equity")
    peaks = np.maximum.accumulate(curve)
    fall = peaks - curve
    shares = fall / np.where(peaks > _NO_PEAK, peaks, np.inf)
    at_peak = np.flatnonzero(fall <= 0.0)
    below = np.diff(np.append(at_peak, len(curve))) - 1
    return Drawdown(float(fall.max()), float(shares.max()), int(below.max()))


def expected_shortfall(profits: npt.ArrayLike, level: float = 0.95) -> float:
    """Return the average loss of the worst ``1 - level`` of the profits, positive for a loss.

    Each counts alike, the one at the edge with the part of it that belongs to the tail
    (Acerbi and Tasche 2002): the expected shortfall of the sample as a distribution.
    """
    array = np.sort(vector(profits, "profits"))
    even = np.full(len(array), 1.0 / len(array))
    return ProfitDistribution(array, even).expected_shortfall(level)


def win_rate(profits: npt.ArrayLike) -> WinRate:
    """Return the win rate over trades; those that neither won nor lost don't count.

    Raises ``ValueError`` when no trade won or lost.
    """
    array = vector(profits, "profits")
    wins, losses = array[array > 0.0], -array[array < 0.0]
    if not len(wins) + len(losses):
        raise ValueError("profits: no trade has won or lost")
    return WinRate(
        rate=len(wins) / (len(wins) + len(losses)),
        average_win=float(wins.mean()) if len(wins) else 0.0,
        average_loss=float(losses.mean()) if len(losses) else 0.0,
        trades=len(wins) + len(losses),
    )


def _spread(ratio: float, skew: float, kurtosis: float) -> float:
    spread = 1.0 - skew * ratio + (kurtosis - 1.0) / 4.0 * ratio * ratio
    if not spread > 0.0:
        raise ValueError("no distribution of returns has this skewness and kurtosis")
    return spread
