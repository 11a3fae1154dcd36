"""Favourites and longshots: prices corrected by a measured slope, and what is left of it.

``logit p* = a + b' logit p`` with the slope shrunk towards 1, because slopes found on past
samples do not stay.  Sources: Cox 1958 for the model; the slopes by category and horizon
are to be measured (``forecasts.fit_calibration``), none is built in.
"""

from __future__ import annotations

from bisect import bisect_right
from enum import StrEnum

import msgspec
import numpy.typing as npt

from kalshi_desk.quant.arrays import FloatArray
from kalshi_desk.quant.costs import TAKER_RATE, unit_cost
from kalshi_desk.quant.logit import logit, sigmoid

SHRINKAGE = 0.25
PROVEN_EVENTS = 200
DAYS_PER_YEAR = 365.0
_BOUNDS = (6.0, 48.0, 168.0, 720.0)


class Horizon(StrEnum):
    """Time to the close, in the cells in which calibration is measured."""

    HOURS_6 = "0-6h"
    HOURS_48 = "6-48h"
    WEEK = "2-7d"
    MONTH = "7-30d"
    LONG = ">30d"


class Calibration(msgspec.Struct, frozen=True):
    """Slope and intercept measured in one cell, and over how many settled events."""

    intercept: float = 0.0
    slope: float = 1.0
    events: int = 0

    @property
    def weight(self) -> float:
        """How much of the measured slope to believe: a quarter until 200 events settled."""
        return 1.0 if self.events >= PROVEN_EVENTS else SHRINKAGE


def horizon_of(hours_to_close: float) -> Horizon:
    """Return the cell of a time to the close, each holding its own lower end."""
    if not hours_to_close >= 0.0:
        raise ValueError("the time to the close can't be negative")
    return list(Horizon)[bisect_right(_BOUNDS, hours_to_close)]


def recalibrate(
    prices: npt.ArrayLike, calibration: Calibration, *, weight: float | None = None
) -> FloatArray:
    """Return corrected probabilities of prices strictly between 0 and 1, of any shape.

    Slope and intercept are both shrunk: ``a' = w a`` and ``b' = 1 + w (b - 1)``; ``weight``
    overrides what the number of events says.
    """
    held = calibration.weight if weight is None else weight
    if not 0.0 <= held <= 1.0:
        raise ValueError("a weight must lie between 0 and 1")
    slope = 1.0 + held * (calibration.slope - 1.0)
    return sigmoid(held * calibration.intercept + slope * logit(prices))


def edge(probability: float, price: float, rate: float = TAKER_RATE) -> float:
    """Return probability minus cost with the fee, in dollars per contract."""
    return probability - unit_cost(price, rate)


def return_on_stake(win_rate: float, price: float, rate: float = 0.0) -> float:
    """Return the average return of contracts bought at a price that win so often."""
    return win_rate / unit_cost(price, rate) - 1.0


def implied_win_rate(price: float, return_on_price: float) -> float:
    """Return how often contracts at a price must have won to give a published return."""
    return price * (1.0 + return_on_price)


def hurdle_probability(price: float, days: float, hurdle: float, rate: float = TAKER_RATE) -> float:
    """Return the probability at which locking money up earns a simple yearly hurdle.

    May exceed 1: then no certainty is enough.
    """
    if not days >= 0.0:
        raise ValueError("days can't be negative")
    return unit_cost(price, rate) * (1.0 + hurdle * days / DAYS_PER_YEAR)


def wins_per_loss(cost: float) -> float:
    """Return how many wins one loss takes away: ``c / (1 - c)``."""
    if not 0.0 < cost < 1.0:
        raise ValueError("a cost must lie strictly between 0 and 1")
    return cost / (1.0 - cost)
