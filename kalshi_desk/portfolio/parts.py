"""The parts that the account's P&L is made of, and the round trips that count as trades."""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

from kalshi_desk.core.fees import PredictedFee
from kalshi_desk.core.records import Fill
from kalshi_desk.core.types import NO_COUNT, NO_MONEY, Count, Money


class Trip(msgspec.Struct, frozen=True, gc=False):
    """One round trip: from holding nothing to holding nothing, or to settlement.

    ``net`` is after all fees of the contracts that made it, whoever sold them.
    """

    ticker: str
    net: Money
    ended_ns: int


@dataclass(slots=True)
class Part:
    """What one part of the account traded, earned and paid, in micro-dollars.

    ``gross`` is realised before fees.  ``direct`` and ``non_direct`` are predicted fees by
    either rounding, ``unpredicted`` what was charged where no fee could be predicted.
    """

    trades: int = 0
    contracts: Count = NO_COUNT
    gross: Money = NO_MONEY
    fees: Money = NO_MONEY
    direct: Money = NO_MONEY
    non_direct: Money = NO_MONEY
    unpredicted: Money = NO_MONEY

    def take(self, fill: Fill, predicted: PredictedFee | None, *, sign: int = 1) -> None:
        """Count a fill with its fee, or no longer (-1); what it earned is booked apart."""
        self.trades += sign
        self.contracts = Count(self.contracts + sign * fill.count)
        self.fees = Money(self.fees + sign * fill.fee)
        if predicted is None:
            self.unpredicted = Money(self.unpredicted + sign * fill.fee)
        else:
            self.direct = Money(self.direct + sign * predicted.direct)
            self.non_direct = Money(self.non_direct + sign * predicted.non_direct)

    def predict(self, fill: Fill, predicted: PredictedFee) -> None:
        """Move a fill that was already counted to those whose fee was predicted."""
        self.unpredicted = Money(self.unpredicted - fill.fee)
        self.direct = Money(self.direct + predicted.direct)
        self.non_direct = Money(self.non_direct + predicted.non_direct)

    def earn(self, gross: int) -> None:
        """Add realised P&L before fees."""
        self.gross = Money(self.gross + gross)

    def add(self, other: Part) -> None:
        """Add another part to this one."""
        self.trades += other.trades
        self.contracts = Count(self.contracts + other.contracts)
        self.gross = Money(self.gross + other.gross)
        self.fees = Money(self.fees + other.fees)
        self.direct = Money(self.direct + other.direct)
        self.non_direct = Money(self.non_direct + other.non_direct)
        self.unpredicted = Money(self.unpredicted + other.unpredicted)


@dataclass(slots=True)
class Journey:
    """A round trip under way, and those that are over, oldest first."""

    gross: int = 0
    fees: int = 0
    over: list[Trip] = field(default_factory=list)

    def end(self, ticker: str, at_ns: int) -> None:
        """Close the trip: nothing is held any more."""
        self.over.append(Trip(ticker, Money(self.gross - self.fees), at_ns))
        self.gross = self.fees = 0


@dataclass(slots=True)
class Owner:
    """What one origin of orders holds of a market, at its own cost, and what it earned."""

    part: Part = field(default_factory=Part)
    count: Count = NO_COUNT
    cost: Money = NO_MONEY
    journey: Journey = field(default_factory=Journey)

    def open(self, count: int, paid: int, fee: int) -> None:
        """Take contracts in at what they cost."""
        self.count = Count(self.count + count)
        self.cost = Money(self.cost + paid)
        self.journey.fees += fee

    def close(self, count: int, proceeds: int, fee: int) -> None:
        """Give contracts up at this owner's average cost, rounded as the account's is."""
        removed = self.cost * count // self.count
        self.count = Count(self.count - count)
        self.cost = Money(self.cost - removed)
        self.part.earn(proceeds - removed)
        self.journey.gross += proceeds - removed
        self.journey.fees += fee

    def hand_over(self, other: Owner, most: int) -> int:
        """Give another owner up to ``most`` contracts at their cost; return how many."""
        count = min(most, self.count)
        if count:
            cost = self.cost * count // self.count
            fee = self.journey.fees * count // self.count
            other.open(count, cost, fee)
            self.open(-count, -cost, -fee)
        return count


@dataclass(slots=True)
class Role:
    """What was opened as maker or as taker; it shares the account's average cost."""

    part: Part = field(default_factory=Part)
    count: Count = NO_COUNT


def shared(total: int, weights: list[int]) -> list[int]:
    """Split an amount in proportion to weights, exactly: the last one takes what is left over."""
    whole, left, shares = sum(weights), total, []
    for weight in weights[:-1]:
        shares.append(total * weight // whole)
        left -= shares[-1]
    return [*shares, left]
