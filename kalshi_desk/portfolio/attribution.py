"""Who earned what: every fill and payout is booked into parts that sum to the account.

By origin (a strategy, a person): each owns the contracts it opened, at its own average cost.
A sale closes the seller's own first, then those of the others, the earliest holder first;
what they earn is theirs, the fee is the seller's.  By role (maker, taker): contracts belong
to the role that opened them, and closings take from both in proportion, at the account's
average cost.  The account itself pools the cost of all, so that while several origins hold
one market the sum of their realised P&L may differ from its: :attr:`MarketParts.averaging`
is that difference, which unrealised P&L carries the other way round.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from dataclasses import dataclass, field

from kalshi_desk.core.fees import PredictedFee
from kalshi_desk.core.records import Fill, Settlement
from kalshi_desk.core.types import NO_MONEY, PRICE_ONE, Count, Money
from kalshi_desk.portfolio.parts import Journey, Owner, Part, Role, Trip, shared
from kalshi_desk.portfolio.positions import Position, apply_fill, apply_settlement, cost_price

UNKNOWN_OWNER = "foreign"
"""Whose fills are that belong to no order of the desk."""


@dataclass(slots=True)
class MarketParts:
    """One market's position and the parts of it; ``queue`` holds its owners, earliest first."""

    whole: Position
    owners: dict[str, Owner] = field(default_factory=dict)
    roles: dict[bool, Role] = field(default_factory=lambda: {False: Role(), True: Role()})
    queue: list[str] = field(default_factory=list)
    journey: Journey = field(default_factory=Journey)
    paid: Money = NO_MONEY
    paid_ns: int = 0
    """When a holding was paid out, 0 before and when nothing was held."""

    @property
    def averaging(self) -> Money:
        """The account's realised P&L less that of all owners; 0 when nothing is held."""
        owned = sum(owner.part.gross for owner in self.owners.values())
        return Money(self.whole.realized - owned)

    def owner(self, name: str) -> Owner:
        """Return an origin's share, made empty when there is none."""
        return self.owners.setdefault(name, Owner())

    def fill(self, fill: Fill, name: str, predicted: PredictedFee | None) -> None:
        """Book a fill of an origin."""
        whole = self.whole
        held = abs(whole.count)
        closes = min(held, fill.count) if whole.count * fill.side.sign < 0 else 0
        before = whole.realized
        apply_fill(whole, fill)
        seller, role = self.owner(name), self.roles[fill.is_taker]
        seller.part.take(fill, predicted)
        role.part.take(fill, predicted)
        closing_fee = fill.fee * closes // fill.count
        if closes:
            self._close(fill, name, closes, closing_fee)
            self._earn_by_role(whole.realized - before, closes, held)
            self.journey.gross += whole.realized - before
            self.journey.fees += closing_fee
            if closes == held:
                self.journey.end(fill.ticker, fill.executed_ns)
        opens = fill.count - closes
        if opens:
            if not seller.count:
                self.queue.append(name)
            fee = fill.fee - closing_fee
            seller.open(opens, cost_price(fill.side, fill.price) * opens, fee)
            role.count = Count(role.count + opens)
            self.journey.fees += fee

    def _close(self, fill: Fill, name: str, closes: int, fee: int) -> None:
        """Take contracts from the seller first, then from the others in turn."""
        unit = PRICE_ONE - cost_price(fill.side, fill.price)
        order = sorted(self.queue, key=lambda holder: holder != name)
        taken: list[tuple[str, int]] = []
        left = closes
        for holder in order:
            count = min(left, self.owners[holder].count)
            if count:
                taken.append((holder, count))
                left -= count
        fees = shared(fee, [count for _, count in taken])
        for (holder, count), part in zip(taken, fees, strict=True):
            self.owners[holder].close(count, unit * count, part)
            self._leave(holder, fill.executed_ns)

    def _leave(self, holder: str, at_ns: int) -> None:
        owner = self.owners[holder]
        if not owner.count:
            self.queue.remove(holder)
            owner.journey.end(self.whole.ticker, at_ns)

    def _earn_by_role(self, gross: int, closes: int, held: int) -> None:
        maker, taker = self.roles[False], self.roles[True]
        of_taker = taker.count * closes // held
        of_maker = closes - of_taker
        earned = gross * of_taker // closes
        taker.part.earn(earned)
        maker.part.earn(gross - earned)
        taker.count = Count(taker.count - of_taker)
        maker.count = Count(maker.count - of_maker)

    def pay(self, settlement: Settlement) -> None:
        """Pay out what is held, to each in proportion to its contracts."""
        whole = self.whole
        held, before = abs(whole.count), whole.realized
        paid = apply_settlement(whole, settlement)
        gross = whole.realized - before
        if not held:
            # Paid for contracts that nobody told of.
            self.owner(UNKNOWN_OWNER).part.earn(gross)
            self.roles[True].part.earn(gross)
            return
        self.paid, self.paid_ns = paid, settlement.settled_ns
        holders = list(self.queue)
        counts = [int(self.owners[holder].count) for holder in holders]
        for holder, count, share in zip(holders, counts, shared(paid, counts), strict=True):
            self.owners[holder].close(count, share, 0)
            self._leave(holder, settlement.settled_ns)
        self._earn_by_role(gross, held, held)
        self.journey.gross += gross
        self.journey.end(whole.ticker, settlement.settled_ns)

    def rename(self, fill: Fill, old: str, new: str, predicted: PredictedFee | None) -> None:
        """Book a fill under another origin, with what it opened as far as that is still held."""
        source, target = self.owner(old), self.owner(new)
        source.part.take(fill, predicted, sign=-1)
        target.part.take(fill, predicted)
        if fill.side is not self.whole.side:
            return
        had = target.count
        moved = source.hand_over(target, fill.count)
        if moved and not had:
            self.queue.append(new)
        if moved and not source.count:
            self.queue.remove(old)
            if source.journey.gross or source.journey.fees:
                source.journey.end(fill.ticker, fill.executed_ns)

    def values(self, value: Money) -> dict[str, Money]:
        """Split what the holding would bring among its owners, by their contracts."""
        counts = [int(self.owners[holder].count) for holder in self.queue]
        parts = shared(value, counts) if counts else []
        return {holder: Money(part) for holder, part in zip(self.queue, parts, strict=True)}


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


def part_of(parts: MarketParts) -> Part:
    """Return one market's whole as a part, its P&L being the account's."""
    total = Part()
    for role in parts.roles.values():
        total.add(role.part)
    return total


def _in_time(trips: Iterable[list[Trip]]) -> list[Trip]:
    found = [trip for one in trips for trip in one]
    return sorted(found, key=lambda trip: (trip.ended_ns, trip.ticker))
