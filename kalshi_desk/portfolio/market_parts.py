"""The parts of one market: who holds its contracts, at what cost, and what they earned.

By origin (a strategy, a person): each owns the contracts it opened, at its own average cost.
A sale closes the seller's own first, then those of the others, the earliest holder first;
what they earn is theirs, the fee is the seller's.  By role (maker, taker): contracts belong
to the role that opened them, and closings take from both in proportion, at the account's
average cost.  The account itself pools the cost of all, so that while several origins hold
one market the sum of their realised P&L may differ from its: :attr:`MarketParts.averaging`
is that difference, which unrealised P&L carries the other way round.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from kalshi_desk.core.fees import PredictedFee
from kalshi_desk.core.records import Fill, Settlement
from kalshi_desk.core.types import NO_MONEY, PRICE_ONE, Count, Money
from kalshi_desk.portfolio.parts import Journey, Owner, Part, Role, shared
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


def part_of(parts: MarketParts) -> Part:
    """Return one market's whole as a part, its P&L being the account's."""
    total = Part()
    for role in parts.roles.values():
        total.add(role.part)
    return total
