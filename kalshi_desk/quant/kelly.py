"""Kelly staking of one binary contract, with fees inside the cost.

Sources: Kelly 1956 for the criterion; Thorp for fractional growth and the probability of
falling to a level (diffusion limit); Baker and McHale 2013 for shrinkage under estimate
error; Busseti, Ryu and Boyd 2016 (arXiv 1603.06183) for the drawdown constraint.

``cost`` is always what one contract costs with its fee (``costs.unit_cost``), in dollars;
a NO contract is the same bet with ``1 - p`` at the cost of NO.
"""

from __future__ import annotations

from math import exp, floor, isfinite, log, log1p

import msgspec

from kalshi_desk.core.types import COUNT_SCALE, MONEY_SCALE, NO_COUNT, Count, Money, Outcome
from kalshi_desk.quant.costs import TAKER_RATE, unit_cost

DEFAULT_FRACTION = 0.25
DEFAULT_CAP = 0.02
CONTRACT = Count(COUNT_SCALE)
_RUIN = 1e-12


class Bet(msgspec.Struct, frozen=True):
    """The side worth buying: its cost and Kelly share of the bankroll, both after the fee."""

    outcome: Outcome
    probability: float
    cost: float
    fraction: float


def kelly_fraction(probability: float, cost: float) -> float:
    """Return the share of the bankroll to stake, ``(p - c) / (1 - c)``, 0 without an edge.

    Raises ``ValueError`` for a probability outside [0, 1] or a cost that is not positive.
    """
    _check(probability, cost)
    if cost >= 1.0 or probability <= cost:
        return 0.0
    return (probability - cost) / (1.0 - cost)


def growth(fraction: float, probability: float, cost: float) -> float:
    """Return the expected log growth per bet when ``fraction`` of the bankroll is staked.

    ``-inf`` when the bankroll can be lost whole.  Raises ``ValueError`` for a fraction
    outside [0, 1].
    """
    _check(probability, cost)
    if not 0.0 <= fraction <= 1.0:
        raise ValueError(f"a stake must be between 0 and 1 of the bankroll, not {fraction}")
    won = probability * log1p(fraction * (1.0 - cost) / cost) if probability else 0.0
    if probability == 1.0:
        return won
    return won + (1.0 - probability) * log1p(-fraction) if fraction < 1.0 else float("-inf")


def best_side(
    probability: float, bid: float | None, ask: float | None, *, rate: float = TAKER_RATE
) -> Bet | None:
    """Return the taker bet worth making at YES quotes, or None inside the no-trade band.

    ``probability`` is that of YES.  NO is bought at one dollar less the YES bid.  A side
    without a quote can't be bought.  On a crossed book the larger stake wins.
    """
    sides = []
    if ask is not None:
        sides.append((Outcome.YES, probability, unit_cost(ask, rate)))
    if bid is not None:
        sides.append((Outcome.NO, 1.0 - probability, unit_cost(1.0 - bid, rate)))
    bets = [Bet(side, p, cost, kelly_fraction(p, cost)) for side, p, cost in sides]
    best = max(bets, key=lambda bet: bet.fraction, default=None)
    return best if best is not None and best.fraction > 0.0 else None


def growth_ratio(multiple: float) -> float:
    """Return the growth kept at a multiple of full Kelly: ``m (2 - m)`` (diffusion limit)."""
    return multiple * (2.0 - multiple)


def chance_of_falling_to(level: float, multiple: float) -> float:
    """Return the chance of ever seeing ``level`` of today's bankroll at a Kelly multiple.

    ``level ** (2 / m - 1)``, the diffusion limit; 1 from twice Kelly on, 0 without stakes.
    Raises ``ValueError`` for a level outside (0, 1) or a negative multiple.
    """
    if not 0.0 < level < 1.0 or multiple < 0.0:
        raise ValueError("a level between 0 and 1 and a multiple of at least 0 are needed")
    if multiple == 0.0:
        return 0.0
    return min(1.0, exp(log(level) * (2.0 / multiple - 1.0)))


def shrinkage(edge: float, error_sd: float) -> float:
    """Return the factor for a stake whose edge is only estimated: ``e^2 / (e^2 + sd^2)``.

    ``edge`` is estimate minus cost, ``error_sd`` the standard error of the estimate; 1 for
    an exact estimate, 0 without an edge.  Raises ``ValueError`` for a negative error.
    """
    if not error_sd >= 0.0:
        raise ValueError("a standard error can't be negative")
    if not edge > 0.0:
        return 0.0
    return 1.0 / (1.0 + (error_sd / edge) ** 2)


def drawdown_exponent(level: float, chance: float) -> float:
    """Return ``ln(chance) / ln(level)``, the exponent that bounds the drawdown.

    Stakes with ``E[growth factor ** -exponent] <= 1`` fall to ``level`` of the start with
    a probability below ``chance``.  Raises ``ValueError`` unless both lie in (0, 1).
    """
    if not (0.0 < level < 1.0 and 0.0 < chance < 1.0):
        raise ValueError("level and chance must both lie between 0 and 1")
    return log(chance) / log(level)


def drawdown_fraction(probability: float, cost: float, *, level: float, chance: float) -> float:
    """Return the Kelly stake that falls to ``level`` with a probability below ``chance``.

    The largest stake up to full Kelly that keeps the bound of ``drawdown_exponent``.
    """
    full = kelly_fraction(probability, cost)
    exponent = drawdown_exponent(level, chance)
    if full == 0.0:
        return 0.0
    if probability == 1.0:
        return full

    def excess(stake: float) -> float:
        """Return the logarithm of the expectation, which must not be above 0."""
        won = log(probability) - exponent * log1p(stake * (1.0 - cost) / cost)
        lost = log1p(-probability) - exponent * log1p(-stake)
        return max(won, lost) + log1p(exp(-abs(won - lost)))

    most = min(full, 1.0 - _RUIN)
    if excess(most) <= 0.0:
        return most
    from scipy.optimize import brentq

    # The bound is 0 at no stake and convex, so the other root lies beyond its minimum; the
    # edge alone bounds where that is, and halving finds a stake still below the root.
    low = most
    while excess(low) > 0.0:
        low /= 2.0
    return float(brentq(excess, low, most, xtol=1e-12))


def kelly_count(
    probability: float,
    cost: float,
    equity: Money,
    *,
    fraction: float = DEFAULT_FRACTION,
    cap: float = DEFAULT_CAP,
    error_sd: float = 0.0,
    multiplier: float = 1.0,
    step: Count = CONTRACT,
) -> Count:
    """Return how many contracts to buy, rounded down to ``step``.

    Stakes ``min(cap, fraction * shrinkage * kelly) * multiplier`` of ``equity`` (in
    micro-dollars).  ``multiplier`` may only reduce: it is held to [0, 1].  Never more than
    the cap, and 0 without an edge or without equity.
    """
    if not (0.0 <= fraction <= 1.0 and 0.0 <= cap <= 1.0):
        raise ValueError("the Kelly fraction and the cap must lie between 0 and 1")
    full = kelly_fraction(probability, cost)
    if full == 0.0 or equity <= 0:
        return NO_COUNT
    share = min(cap, fraction * shrinkage(probability - cost, error_sd) * full)
    share *= min(1.0, max(0.0, multiplier)) if multiplier == multiplier else 0.0
    return Count(floor(share * equity / MONEY_SCALE / cost * COUNT_SCALE) // step * step)


def _check(probability: float, cost: float) -> None:
    if not 0.0 <= probability <= 1.0:
        raise ValueError(f"a probability must lie between 0 and 1, not {probability}")
    if not (cost > 0.0 and isfinite(cost)):
        raise ValueError(f"a cost must be positive, not {cost}")
