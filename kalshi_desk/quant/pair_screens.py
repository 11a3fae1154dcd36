"""What a leg and a pair must show before a divergence counts as an opportunity.

A quote that stands still and flickers passes any cointegration test, so data come first.
"""

from __future__ import annotations

import msgspec
import numpy as np
import numpy.typing as npt

from kalshi_desk.quant.arrays import probabilities, same_length, vector
from kalshi_desk.quant.gates import Shortfall
from kalshi_desk.quant.logit import clipped_logit
from kalshi_desk.quant.pairs import (
    ENTRY_Z,
    EXIT_Z,
    TradedLeg,
    expected_closure,
    least_divergence,
    unit_root_p_value,
)

MIN_BARS = 200
MIN_CHANGED = 0.30
PRICE_BAND = (0.05, 0.95)
MAX_SPREAD = 0.04
MAX_AGE_MINUTES = 10.0
UNIT_ROOT_LEVEL = 0.05
MAX_Q = 0.10
BETA_BAND = (0.2, 5.0)
MIN_HALF_LIFE_HOURS = 1.0
MAX_HALF_LIFE_HOURS = 72.0
CLOSE_HALF_LIVES = 6.0
MIN_CLOSE_HOURS = 24.0


class PairFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured of a pair: ``q`` over all pairs tested this week, times in hours."""

    q: float
    beta: float
    half_life_hours: float
    hours_to_close: float
    z: float
    sd: float
    legs: tuple[TradedLeg, ...]
    is_hold: bool = False


def leg_shortfalls(
    mids: npt.ArrayLike, spreads: npt.ArrayLike, ages_minutes: npt.ArrayLike
) -> tuple[Shortfall, ...]:
    """Return the tests a leg's bars fail, data first; one value per bar, oldest first.

    Raises ``ValueError`` for lengths that differ or prices outside [0, 1].
    """
    price, spread = probabilities(mids, "mids"), vector(spreads, "spreads")
    age = vector(ages_minutes, "ages")
    same_length("bars", price, spread, age)
    changed = float((np.diff(price) != 0.0).mean()) if len(price) > 1 else 0.0
    found = [
        *_below("bars", len(price), MIN_BARS),
        *_below("changed_bars", changed, MIN_CHANGED),
        *_below("lowest_price", float(price.min()), PRICE_BAND[0]),
        *_above("highest_price", float(price.max()), PRICE_BAND[1]),
        *_above("spread", float(spread.max()), MAX_SPREAD),
        *_above("quote_age_minutes", float(age.max()), MAX_AGE_MINUTES),
    ]
    if not found:
        # Only a leg that wanders can be held to another; one that reverts alone is pinned.
        p_value = unit_root_p_value(clipped_logit(price))
        found += _below("unit_root_p_value", p_value, UNIT_ROOT_LEVEL)
    return tuple(found)


def pair_shortfalls(facts: PairFacts) -> tuple[Shortfall, ...]:
    """Return the tests a pair fails; none means that its divergence pays for the trade."""
    longest = min(facts.hours_to_close / CLOSE_HALF_LIVES, MAX_HALF_LIFE_HOURS)
    closure = expected_closure(facts.z, facts.sd, 0.0 if facts.is_hold else EXIT_Z)
    needed = least_divergence(facts.legs, round_trip=not facts.is_hold)
    return (
        *_above("q", facts.q, MAX_Q),
        *_below("hedge_ratio", abs(facts.beta), BETA_BAND[0]),
        *_above("hedge_ratio", abs(facts.beta), BETA_BAND[1]),
        *_below("hours_to_close", facts.hours_to_close, MIN_CLOSE_HOURS),
        *_below("half_life_hours", facts.half_life_hours, MIN_HALF_LIFE_HOURS),
        *_above("half_life_hours", facts.half_life_hours, longest),
        *_below("z", abs(facts.z), ENTRY_Z),
        *_below("closure", closure, needed),
    )


def _below(test: str, seen: float, needed: float) -> list[Shortfall]:
    return [] if seen >= needed else [Shortfall(test, seen, needed)]


def _above(test: str, seen: float, needed: float) -> list[Shortfall]:
    return [] if seen <= needed else [Shortfall(test, seen, needed)]
