"""The account's memory of money: parts, fee check, equity track, and what came from outside."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

from kalshi_desk.core.fees import PredictedFee
from kalshi_desk.core.records import Fill
from kalshi_desk.core.types import NO_MONEY, Money
from kalshi_desk.portfolio.attribution import Attribution
from kalshi_desk.portfolio.fee_check import FeeCheck
from kalshi_desk.portfolio.parts import Trip
from kalshi_desk.portfolio.positions import Positions
from kalshi_desk.portfolio.track import EquityTrack

RECORD_TRIPS = 100
CONFIDENCE = 0.90
LEAST_DAYS = 2
Shown = tuple[tuple[object, ...], int, object]
"""Something built: what it was built from, when, and the thing itself."""
FillKey = tuple[str, str]
"""A fill by its trade and its order."""


@dataclass(slots=True)
class Folio:
    """Everything about P&L beyond positions and cash.

    ``base`` is the cash before the first fill that is known, None until the exchange has
    stated cash; ``flows`` what came from outside since, so that at any time
    ``cash = base + flows + realised - fees - cost of what is held``.
    ``unpriced`` holds fills whose market's fee rule is not known yet, with their origin;
    ``nameless`` new ones of orders that nobody has named yet.  ``shown`` is what was last
    built for faces, by topic.
    """

    parts: Attribution = field(default_factory=Attribution)
    fees: FeeCheck = field(default_factory=FeeCheck)
    track: EquityTrack = field(default_factory=EquityTrack)
    base: Money | None = None
    flows: Money = NO_MONEY
    unpriced: dict[FillKey, tuple[Fill, str]] = field(default_factory=dict)
    nameless: dict[FillKey, tuple[Fill, PredictedFee | None]] = field(default_factory=dict)
    shown: dict[str, Shown] = field(default_factory=dict)
    _summary: tuple[int, Trips | None] = (-1, None)
    _bounds: dict[str, tuple[int, float | None]] = field(default_factory=dict)

    def trips(self) -> Trips:
        """Return what the round trips of the account come to; counted anew after bookings."""
        version, found = self._summary
        if found is None or version != self.parts.version:
            found = summarize(self.parts.trips())
            self._summary = self.parts.version, found
        return found

    def record_bound(self, origin: str, event_of: Callable[[str], str]) -> float | None:
        """Return :func:`lower_bound` of an origin's last trips; remembered until a booking.

        ``event_of`` names the event of a ticker.
        """
        known = self._bounds.get(origin)
        if known is not None and known[0] == self.parts.version:
            return known[1]
        bound = lower_bound(self.parts.trips_of(origin)[-RECORD_TRIPS:], event_of)
        self._bounds[origin] = self.parts.version, bound
        return bound


class Trips(msgspec.Struct, frozen=True, kw_only=True):
    """Round trips summed up, net of fees; the rates are None until one has won or lost."""

    count: int
    wins: int
    rate: float | None = None
    break_even: float | None = None
    average_win: Money | None = None
    average_loss: Money | None = None
    best: Money | None = None
    worst: Money | None = None
    average: Money | None = None


def key_of(fill: Fill) -> FillKey:
    """Return what tells a fill from all others."""
    return fill.trade_id, fill.order_id


def explained_cash(positions: Positions) -> Money:
    """Return what all fills and payouts together have done to cash."""
    cost = sum(held.cost for held in positions.held())
    return Money(positions.realized() - positions.fees() - cost)


def summarize(trips: list[Trip]) -> Trips:
    """Return wins, their rate and the rate at which their sizes break even.

    ``break_even`` is None while nothing was won or lost: then it depends on nothing seen.
    """
    nets = [trip.net for trip in trips]
    wins = sum(net > 0 for net in nets)
    if not any(nets):
        best, worst = (max(nets), min(nets)) if nets else (None, None)
        average = NO_MONEY if nets else None
        return Trips(count=len(nets), wins=wins, best=best, worst=worst, average=average)
    from kalshi_desk.quant.performance import win_rate

    found = win_rate(nets)
    has_both = found.average_win > 0.0 and found.average_loss > 0.0
    return Trips(
        count=len(nets),
        wins=wins,
        rate=found.rate,
        break_even=found.break_even if has_both else None,
        average_win=Money(round(found.average_win)) if wins else None,
        average_loss=Money(round(found.average_loss)) if found.average_loss else None,
        best=max(nets),
        worst=min(nets),
        average=Money(round(sum(nets) / len(nets))),
    )


def daily_sharpe(track: EquityTrack, today: int) -> tuple[int, float | None]:
    """Return the whole days before ``today`` and their Sharpe ratio, per day, not annualised."""
    returns = track.daily_returns(today)
    if len(returns) < LEAST_DAYS:
        return len(returns), None
    from kalshi_desk.quant.performance import sharpe

    return len(returns), sharpe(returns)


def lower_bound(trips: list[Trip], event_of: Callable[[str], str]) -> float | None:
    """Return the lower end of the 90 per cent interval of mean net P&L, in micro-dollars.

    ``mean - t(0.95, G - 1) * error`` with the error by event clusters (Liang and Zeger),
    ``G`` of them; None for fewer than two events: then nothing is known about the error.
    """
    events = [event_of(trip.ticker) for trip in trips]
    if len(set(events)) < 2:
        return None
    from kalshi_desk.quant.resampling import cluster_mean

    return cluster_mean([float(trip.net) for trip in trips], events).lower_bound(CONFIDENCE)
