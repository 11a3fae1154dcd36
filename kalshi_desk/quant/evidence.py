"""From signals to a probability, and whether the signals have earned belief.

Beliefs add on the log-odds scale: ``logit p' = logit p + clip(kappa sum s c r n 2^(-age/HL))``.
``kappa`` is learnt per cell by ridge regression of later logit moves on scores, judged by
event clusters; nothing trades on a cell that has not passed every test of the gate.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, exp, exp2, log1p, sqrt
from statistics import NormalDist

import msgspec
import numpy as np
import numpy.typing as npt

from kalshi_desk.quant.arrays import same_length, vector
from kalshi_desk.quant.costs import TAKER_RATE, unit_cost, unit_fee

HALF_LIFE_MINUTES = 30.0
CAP = 0.5
RIDGE = 40.0
SCORE_ERROR = 0.15
_NORMAL = NormalDist()


class Signal(msgspec.Struct, frozen=True, kw_only=True):
    """One cluster of news about one market.

    ``score`` in [-1, 1] points to YES; ``confidence`` and ``relevance`` in [0, 1];
    ``copies`` counts syndicated copies seen so far, 1 for the first; ``age`` in minutes.
    """

    score: float
    confidence: float = 1.0
    relevance: float = 1.0
    copies: int = 1
    age: float = 0.0

    def __post_init__(self) -> None:
        inside = 0.0 <= self.confidence <= 1.0 and 0.0 <= self.relevance <= 1.0
        if not (-1.0 <= self.score <= 1.0 and inside and self.copies >= 1 and self.age >= 0.0):
            raise ValueError(f"a signal out of range: {self}")

    @property
    def novelty(self) -> float:
        """One over the root of the copies: the tenth one says little that is new."""
        return 1.0 / sqrt(self.copies)

    def strength(self, half_life: float = HALF_LIFE_MINUTES) -> float:
        """Return the signed weight left after confidence, relevance, novelty and age."""
        faded = exp2(-self.age / half_life)
        return self.score * self.confidence * self.relevance * self.novelty * faded


class Posterior(msgspec.Struct, frozen=True):
    """The probability after the signals, its standard error, and the log-odds shift."""

    probability: float
    error: float
    shift: float

    def lower_bound(self, z: float = 1.0) -> float:
        """Return the probability less ``z`` errors: what a buyer of YES may rely on."""
        return self.probability - z * self.error

    def flipped(self) -> Posterior:
        """Return the same belief about NO."""
        return Posterior(1.0 - self.probability, self.error, -self.shift)


class Sentiment(msgspec.Struct, frozen=True):
    """The average score in [-1, 1] for display, and how many independent items it stands on."""

    score: float
    effective_items: float


class Kappa(msgspec.Struct, frozen=True):
    """The learnt effect of a unit of score on the log-odds, plain and ridged."""

    estimate: float
    ridged: float
    error: float
    t: float
    p_value: float
    items: int
    events: int


def total_strength(signals: Sequence[Signal], half_life: float = HALF_LIFE_MINUTES) -> float:
    """Return the sum of the strengths of signals, one per cluster of news."""
    if not half_life > 0.0:
        raise ValueError("a half-life must be positive")
    return sum(signal.strength(half_life) for signal in signals)


def posterior(
    before: float,
    signals: Sequence[Signal],
    kappa: float,
    *,
    kappa_error: float = 0.0,
    half_life: float = HALF_LIFE_MINUTES,
    cap: float = CAP,
) -> Posterior:
    """Return the belief after signals on a market priced ``before`` them.

    ``error = p (1 - p) sqrt((x se)^2 + (.15 kappa)^2 / n)`` with ``x`` the total strength;
    0 signals leave the price and no error.  Raises ``ValueError`` unless ``before`` lies
    strictly between 0 and 1.
    """
    if not 0.0 < before < 1.0:
        raise ValueError("the price before the news must lie strictly between 0 and 1")
    if not (kappa_error >= 0.0 and cap >= 0.0):
        raise ValueError("an error and a cap can't be negative")
    strength = total_strength(signals, half_life)
    shift = min(cap, max(-cap, kappa * strength))
    odds = before / (1.0 - before) * exp(shift)
    probability = odds / (1.0 + odds)
    scatter = (kappa * SCORE_ERROR) ** 2 / len(signals) if signals else 0.0
    error = probability * (1.0 - probability) * sqrt((strength * kappa_error) ** 2 + scatter)
    return Posterior(probability, error, shift)


def sentiment(signals: Sequence[Signal]) -> Sentiment:
    """Return the mean score weighted by confidence and novelty; 0 items give 0."""
    weights = [signal.confidence * signal.novelty for signal in signals]
    total = sum(weights)
    if not total > 0.0:
        return Sentiment(0.0, 0.0)
    shares = [weight / total for weight in weights]
    score = sum(share * signal.score for share, signal in zip(shares, signals, strict=True))
    return Sentiment(score, 1.0 / sum(share * share for share in shares))


def agreement(signals: Sequence[Signal]) -> float:
    """Return ``|sum s| / sum |s|``: 1 when all point one way, 0 when they cancel."""
    total = sum(abs(signal.score) for signal in signals)
    return abs(sum(signal.score for signal in signals)) / total if total > 0.0 else 0.0


def learn_kappa(
    scores: npt.ArrayLike, moves: npt.ArrayLike, events: npt.ArrayLike, *, ridge: float = RIDGE
) -> Kappa:
    """Regress later logit moves on scores through the origin, with errors by event.

    ``moves``: logit of the mid at the horizon less the logit before; ``events``: a label
    for each.  ``ridge`` is in units of squared scores.  Raises ``ValueError`` for fewer
    than two events or scores that are all 0.
    """
    from scipy.special import stdtr

    score, move = vector(scores, "scores", least=2), vector(moves, "moves", least=2)
    labels, index = np.unique(np.asarray(events), return_inverse=True)
    same_length("items", score, move, index)
    square = float(score @ score)
    groups = len(labels)
    if groups < 2 or not square > 0.0 or ridge < 0.0:
        raise ValueError("at least two events and one score that is not 0 are needed")
    estimate = float(score @ move) / square
    pulls = np.bincount(index, weights=score * (move - estimate * score))
    error = sqrt(groups / (groups - 1) * float(pulls @ pulls)) / square
    t = estimate / error if error > 0.0 else 0.0
    p_value = float(2.0 * stdtr(groups - 1, -abs(t)))
    ridged = float(score @ move) / (square + ridge)
    return Kappa(estimate, ridged, error, t, p_value, len(score), groups)


def items_needed(
    kappa: float, *, noise_sd: float = 0.25, score_sd: float = 3**-0.5, t: float = 3.0
) -> int:
    """Return how many headlines show an effect with 80 per cent power at a t value."""
    if not (kappa > 0.0 and noise_sd > 0.0 and score_sd > 0.0):
        raise ValueError("effect and deviations must be positive")
    return ceil(((t + _NORMAL.inv_cdf(0.80)) * noise_sd / (kappa * score_sd)) ** 2)


def bounded_edge(
    belief: Posterior,
    price: float,
    *,
    rate: float = TAKER_RATE,
    z: float = 1.0,
    margin: float = 0.0,
) -> float:
    """Return the lower bound of the belief less the cost at ``price``, in dollars."""
    return belief.lower_bound(z) - unit_cost(price, rate) - margin


def least_move_to_hold(price: float, spread: float, beta: float, rate: float = TAKER_RATE) -> float:
    """Return the news, as a change of probability, that pays a taker who holds to settlement.

    The market takes in the share ``beta`` at once; the rest must pay half the spread and
    the fee at the ask.
    """
    if not beta < 1.0:
        raise ValueError("where prices react in full nothing is left")
    return (spread / 2.0 + unit_fee(price + spread / 2.0, rate)) / (1.0 - beta)


def least_gap_to_trade(
    price: float, spread: float, drift: float, rate: float = TAKER_RATE
) -> float:
    """Return the gap whose share ``drift`` pays a round trip: the spread and both fees."""
    if not drift > 0.0:
        raise ValueError("a drift must be positive")
    half = spread / 2.0
    return (spread + unit_fee(price + half, rate) + unit_fee(price - half, rate)) / drift


def log_odds_change(before: float, after: float) -> float:
    """Return the logit of ``after`` less that of ``before``, both strictly in (0, 1)."""
    if not (0.0 < before < 1.0 and 0.0 < after < 1.0):
        raise ValueError("both prices must lie strictly between 0 and 1")
    return log1p((after - before) / before) - log1p((before - after) / (1.0 - before))
