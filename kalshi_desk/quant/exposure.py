"""What settlement can do to holdings: by state of one event, and over a whole portfolio.

Events are folded into one distribution of profit, independently or tied by a one-factor
Gaussian copula on how adverse each event's state is (Vasicek; Li 2000).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, erfc, floor, sqrt
from statistics import NormalDist

import msgspec
import numpy as np

from kalshi_desk.core.types import MONEY_SCALE, Count, Money, Outcome
from kalshi_desk.quant.arrays import FloatArray, IntArray, probabilities
from kalshi_desk.quant.states import StateSpace

CENT = Money(MONEY_SCALE // 100)
MAX_CELLS = 4_000_000
"""Buckets of profit times values of the common factor: bounds memory and time."""
MAX_CORRELATION = 0.99
_REACH = 8.0
_SURE = 1e-9
_NORMAL = NormalDist()
_TINY = 1e-300


class Holding(msgspec.Struct, frozen=True):
    """Contracts held of one outcome, and all that was paid for them with fees."""

    market: str
    outcome: Outcome
    count: Count
    cost: Money


class EventRisk(msgspec.Struct, frozen=True):
    """Profit of one event in each of its states, in micro-dollars, and their chances."""

    pnl: tuple[Money, ...]
    chances: tuple[float, ...]


class ProfitDistribution(msgspec.Struct, frozen=True):
    """Chances of profits on a grid: ``values`` rising, in dollars, and ``chances``."""

    values: FloatArray
    chances: FloatArray

    @property
    def mean(self) -> float:
        """The expected profit in dollars."""
        return float(self.values @ self.chances)

    @property
    def worst(self) -> float:
        """The lowest profit that has any chance, in dollars."""
        return float(self.values[self.chances > 0.0][0])

    def value_at_risk(self, level: float = 0.95) -> float:
        """Return the loss in dollars that is exceeded with a chance of at most ``1 - level``."""
        return -float(self.values[self._quantile(level)])

    def expected_shortfall(self, level: float = 0.95) -> float:
        """Return the average loss in dollars of the worst ``1 - level`` of all cases."""
        index = self._quantile(level)
        tail = 1.0 - level
        below = self.chances[:index]
        rest = tail - float(below.sum())
        return -(float(self.values[:index] @ below) + rest * float(self.values[index])) / tail

    def chance_at_most(self, profit: float) -> float:
        """Return the chance of a profit of at most so many dollars."""
        return float(self.chances[self.values <= profit + _SURE].sum())

    def _quantile(self, level: float) -> int:
        if not 0.0 < level < 1.0:
            raise ValueError("a level must lie between 0 and 1")
        reached = np.cumsum(self.chances)
        found = int(np.searchsorted(reached, 1.0 - level + _SURE, side="right"))
        return min(found, len(reached) - 1)


def event_pnl(space: StateSpace, holdings: Sequence[Holding]) -> tuple[Money, ...]:
    """Return the profit of holdings in each state of the event, exactly, in micro-dollars.

    The worst case of the event is the smallest: never the sum of the stakes.  Raises
    ``ValueError`` for a holding outside the space.
    """
    totals = [-sum(holding.cost for holding in holdings)] * len(space.states)
    for holding in holdings:
        for index, value in enumerate(space.pays(holding.market, holding.outcome)):
            totals[index] += value * holding.count
    return tuple(Money(total) for total in totals)


def portfolio_worst(events: Sequence[Sequence[Money]]) -> Money:
    """Return the sum of each event's worst case: independent events may all go wrong."""
    return Money(sum(min(pnl) for pnl in events))


def portfolio_distribution(
    events: Sequence[EventRisk],
    *,
    correlation: float | Sequence[float] = 0.0,
    max_cells: int = MAX_CELLS,
) -> ProfitDistribution:
    """Return the distribution of the profit over all events.

    ``correlation`` of the common factor, one for all events or one for each; two events
    then correlate by the root of their product.  Values above .99 count as .99.  Profits
    are rounded to whole cents; where the range needs more than ``max_cells`` buckets they are
    coarser, and each profit is shared between the two next to it so that its mean is kept:
    that spreads the distribution a little, by a bucket for each event at most, so a shortfall
    is never understated by it.
    Raises ``ValueError`` for chances that don't sum to 1 or a correlation outside [0, 1].
    """
    fold = PortfolioFold(events, correlation=correlation, max_cells=max_cells)
    fold.go_on()
    return fold.distribution()


class PortfolioFold:
    """A portfolio's distribution in the making: events are folded in a few at a time.

    What comes of it is what :func:`portfolio_distribution` says, which explains the rest.
    """

    def __init__(
        self,
        events: Sequence[EventRisk],
        *,
        correlation: float | Sequence[float] = 0.0,
        max_cells: int = MAX_CELLS,
    ) -> None:
        rho = np.broadcast_to(np.asarray(correlation, dtype=np.float64), (len(events),))
        if not ((rho >= 0.0) & (rho <= 1.0)).all():
            raise ValueError("a correlation with the common factor lies between 0 and 1")
        rho = np.minimum(rho, MAX_CORRELATION)
        span = sum(max(event.pnl) - min(event.pnl) for event in events)
        self._factors, self._weights = _factors(float(rho.max(initial=0.0)))
        self._bucket = CENT * max(1, ceil(span / CENT * len(self._factors) / max_cells))
        self._mass = np.ones((len(self._factors), 1))
        self._start = 0
        # Narrow events first, so that the table stays narrow for long; taken from the end.
        self._left = sorted(
            zip(events, rho, strict=True), key=lambda one: min(one[0].pnl) - max(one[0].pnl)
        )

    def go_on(self, most: int | None = None) -> bool:
        """Fold so many more events in, all without a number; return whether all are."""
        for _ in range(len(self._left) if most is None else min(most, len(self._left))):
            self._fold(*self._left.pop())
        return not self._left

    def distribution(self) -> ProfitDistribution:
        """Return the distribution of the events that are folded in."""
        chance = self._weights @ self._mass
        grid = (self._start + np.arange(len(chance))) * (self._bucket / MONEY_SCALE)
        return ProfitDistribution(np.asarray(grid), np.asarray(chance / chance.sum()))

    def _fold(self, event: EventRisk, load: float) -> None:
        values, chances = _worst_first(event)
        first, shares = _on_grid(values, self._bucket)
        given = _conditional(chances, float(load), self._factors) @ shares
        mass = self._mass
        grown = np.zeros((len(self._factors), mass.shape[1] + given.shape[1] - 1))
        for shift in np.flatnonzero(shares.any(axis=0)):
            grown[:, shift : shift + mass.shape[1]] += given[:, shift : shift + 1] * mass
        self._mass = grown
        self._start += first


def _factors(largest: float) -> tuple[FloatArray, FloatArray]:
    """Return values of the common factor and their weights, fine enough for the correlation.

    Evenly spaced: on a Gaussian the trapezoid rule converges exponentially, and it stays
    true where a high correlation makes the conditional chances almost a step.
    """
    if largest == 0.0:
        return np.zeros(1), np.ones(1)
    step = min(0.25, 0.5 * sqrt((1.0 - largest) / largest))
    half = ceil(_REACH / step)
    nodes = step * np.arange(-half, half + 1.0)
    weights = np.exp(-0.5 * nodes**2)
    return nodes, np.asarray(weights / weights.sum(), dtype=np.float64)


def _worst_first(event: EventRisk) -> tuple[IntArray, FloatArray]:
    """Return profits in micro-dollars, rising, and their chances."""
    chances = probabilities(event.chances, "chances")
    if len(chances) != len(event.pnl) or abs(float(chances.sum()) - 1.0) > 1e-6:
        raise ValueError("an event needs a chance for each state, summing to 1")
    values = np.array(event.pnl, dtype=np.int64)
    order = np.argsort(values, kind="stable")
    return values[order], chances[order] / chances.sum()


def _on_grid(values: IntArray, bucket: int) -> tuple[int, FloatArray]:
    """Return the first bucket that rising profits fall in, and each one's shares of buckets."""
    if bucket == CENT:
        places = [(float(round(int(value) / bucket)), 0.0) for value in values]
    else:
        places = [divmod(int(value) / bucket, 1.0) for value in values]
    first = floor(places[0][0])
    shares = np.zeros((len(values), floor(places[-1][0]) - first + 2))
    for row, (place, rest) in enumerate(places):
        shares[row, floor(place) - first] += 1.0 - rest
        shares[row, floor(place) - first + 1] += rest
    return first, shares if shares[:, -1].any() else shares[:, :-1]


def _conditional(chances: FloatArray, load: float, factors: FloatArray) -> FloatArray:
    """Return the chances of the states for each value of the factor: low factor, bad state."""
    if load == 0.0:
        return np.broadcast_to(chances, (len(factors), len(chances)))
    reached = np.clip(np.cumsum(chances)[:-1], _TINY, 1.0 - 1e-16)
    cuts = np.array([_NORMAL.inv_cdf(float(one)) for one in reached])
    scores = (cuts[None, :] - sqrt(load) * factors[:, None]) / sqrt(1.0 - load)
    # The standard library's erfc: of so few values it costs less than to load another package.
    below = 0.5 * np.array([erfc(one) for one in (scores * -sqrt(0.5)).ravel().tolist()])
    edges = np.hstack(
        [
            np.zeros((len(factors), 1)),
            below.reshape(scores.shape),
            np.ones((len(factors), 1)),
        ]
    )
    return np.asarray(np.diff(edges, axis=1), dtype=np.float64)
