"""Who earned what: every fill and payout is booked into parts that sum to the account.

The rules stand in ``market_parts``; here are all markets together.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable

from kalshi_desk.core.fees import PredictedFee
from kalshi_desk.core.records import Fill, Settlement
from kalshi_desk.core.types import Money
from kalshi_desk.portfolio.market_parts import UNKNOWN_OWNER, MarketParts, part_of
from kalshi_desk.portfolio.parts import Part, Trip
from kalshi_desk.portfolio.positions import Position


class Attribution:
    """The parts of every market ever traded; fed with each fill and payout once.

    ``version`` rises with every booking, so that others know when to count again.
    """

    def __init__(self) -> None:
        self.by_ticker: dict[str, MarketParts] = {}
        self.version = 0
        self._unpaid: dict[str, tuple[Settlement, MarketParts]] = {}
        self._sums: Sums | None = None
        self._grouped: dict[str, tuple[int, list[str], dict[str, Part]]] = {}

    def fill(self, fill: Fill, origin: str, predicted: PredictedFee | None) -> None:
        """Book a fill that is new; after the payout it counts as if told before it."""
        self.version += 1
        name = origin or UNKNOWN_OWNER
        unpaid = self._unpaid.get(fill.ticker)
        if unpaid is None:
            parts = self.by_ticker.get(fill.ticker)
            if parts is None:
                parts = self.by_ticker[fill.ticker] = MarketParts(Position(fill.ticker))
            parts.fill(fill, name, predicted)
            return
        settlement, before = unpaid
        before.fill(fill, name, predicted)
        self._pay(settlement, before)

    def settle(self, settlement: Settlement) -> None:
        """Book the payout of a market, once."""
        if settlement.ticker in self._unpaid:
            return
        self.version += 1
        parts = self.by_ticker.get(settlement.ticker)
        if parts is None:
            nothing = MarketParts(Position(settlement.ticker))
            self._unpaid[settlement.ticker] = settlement, nothing
            return
        self._unpaid[settlement.ticker] = settlement, parts
        self._pay(settlement, parts)

    def _pay(self, settlement: Settlement, parts: MarketParts) -> None:
        paid = self.by_ticker[settlement.ticker] = copy.deepcopy(parts)
        paid.pay(settlement)

    def predicted(self, fill: Fill, origin: str, predicted: PredictedFee) -> None:
        """Add the predicted fee of a fill that was booked before its fee rule was known."""
        self.version += 1
        found = [self.by_ticker[fill.ticker]]
        if fill.ticker in self._unpaid:
            found.append(self._unpaid[fill.ticker][1])
        for parts in found:
            parts.owner(origin or UNKNOWN_OWNER).part.predict(fill, predicted)
            parts.roles[fill.is_taker].part.predict(fill, predicted)

    def rename(self, fill: Fill, origin: str, predicted: PredictedFee | None) -> None:
        """Give a fill that nobody's order explained to the origin whose order it proved to be."""
        self.version += 1
        unpaid = self._unpaid.get(fill.ticker)
        if unpaid is None:
            self.by_ticker[fill.ticker].rename(fill, UNKNOWN_OWNER, origin, predicted)
            return
        settlement, before = unpaid
        before.rename(fill, UNKNOWN_OWNER, origin, predicted)
        self._pay(settlement, before)

    def sums(self) -> Sums:
        """Return the sums over all markets; counted anew after a booking."""
        if self._sums is None or self._sums.version != self.version:
            self._sums = Sums(self.version, self.by_ticker)
        return self._sums

    def by_owner(self) -> dict[str, Part]:
        """Return the sums by origin."""
        return self.sums().owners

    def by_role(self) -> dict[bool, Part]:
        """Return the sums of what makers (False) and takers (True) opened and were charged."""
        return self.sums().roles

    def averaging(self) -> Money:
        """Return what pooling the cost of several origins moves between now and later."""
        return self.sums().averaging

    def grouped(self, scope: str, names: list[str]) -> dict[str, Part]:
        """Return the sums by a name for each market, given in the order of ``by_ticker``.

        Remembered for a scope until a booking or another naming.
        """
        known = self._grouped.get(scope)
        if known is not None and known[0] == self.version and known[1] == names:
            return known[2]
        sums: dict[str, Part] = {}
        for name, part in zip(names, self.sums().markets, strict=True):
            sums.setdefault(name, Part()).add(part)
        self._grouped[scope] = self.version, names, sums
        return sums

    def trips(self) -> list[Trip]:
        """Return all round trips of the account, oldest first."""
        return self.sums().trips

    def trips_of(self, origin: str) -> list[Trip]:
        """Return the round trips of one origin, oldest first."""
        owners = (parts.owners.get(origin) for parts in self.by_ticker.values())
        return _in_time(owner.journey.over for owner in owners if owner is not None)


class Sums:
    """Sums over all markets as of one version of the attribution; not to be changed."""

    __slots__ = ("averaging", "markets", "owners", "roles", "trips", "version")

    def __init__(self, version: int, by_ticker: dict[str, MarketParts]) -> None:
        self.version = version
        self.owners: dict[str, Part] = {}
        self.roles = {False: Part(), True: Part()}
        self.markets = [part_of(parts) for parts in by_ticker.values()]
        self.averaging = Money(sum(parts.averaging for parts in by_ticker.values()))
        self.trips = _in_time(parts.journey.over for parts in by_ticker.values())
        for parts in by_ticker.values():
            for name, owner in parts.owners.items():
                self.owners.setdefault(name, Part()).add(owner.part)
            for is_taker, role in parts.roles.items():
                self.roles[is_taker].add(role.part)


def _in_time(trips: Iterable[list[Trip]]) -> list[Trip]:
    found = [trip for one in trips for trip in one]
    return sorted(found, key=lambda trip: (trip.ended_ns, trip.ticker))
