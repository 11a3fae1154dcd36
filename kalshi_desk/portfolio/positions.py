"""Positions from fills and settlements: each counted once, cost as an exact integer total.

Average cost is never stored: ``cost`` is the micro-dollars paid for what is still held,
and closing n of N contracts removes ``cost * n // N`` of it.  Realised P&L excludes
fees, which stand beside it.
"""

from __future__ import annotations

from dataclasses import dataclass

from kalshi_desk.core.records import Fill, Settlement
from kalshi_desk.core.types import (
    CENT_MONEY,
    NO_COUNT,
    NO_MONEY,
    PRICE_ONE,
    BookSide,
    Count,
    Money,
    Price,
)


@dataclass(slots=True)
class Position:
    """One market's holding: ``count`` is signed, YES positive; ``cost`` is of the held side."""

    ticker: str
    count: Count = NO_COUNT
    cost: Money = NO_MONEY
    realized: Money = NO_MONEY
    fees: Money = NO_MONEY
    origin: str = ""

    @property
    def average_price(self) -> Price | None:
        """Average price of the held side, rounded to the nearest 1/10,000 dollar."""
        held = abs(self.count)
        return Price((2 * self.cost + held) // (2 * held)) if held else None

    @property
    def side(self) -> BookSide:
        """The book side that opened what is held."""
        return BookSide.BID if self.count >= 0 else BookSide.ASK

    def payout(self, value: Price) -> Money:
        """Return what the holding pays when one YES contract is worth ``value``."""
        per_contract = value if self.count >= 0 else PRICE_ONE - value
        return Money(per_contract * abs(self.count))


def cost_price(side: BookSide, price: Price) -> Price:
    """Return what one contract opened on this side costs: p for a bid, 1 - p for an ask."""
    return price if side is BookSide.BID else Price(PRICE_ONE - price)


def apply_fill(position: Position, fill: Fill) -> Money:
    """Book one fill into a position and return its effect on cash, after the fee.

    Whatever closes comes first: a YES and a NO contract net to one dollar at once.
    """
    signed = fill.side.sign * fill.count
    held = abs(position.count)
    closes = min(held, fill.count) if position.count * signed < 0 else 0
    cash = 0
    if closes:
        removed = position.cost * closes // held
        proceeds = (PRICE_ONE - cost_price(fill.side, fill.price)) * closes
        position.cost = Money(position.cost - removed)
        position.realized = Money(position.realized + proceeds - removed)
        cash += proceeds
    opens = fill.count - closes
    if opens:
        paid = cost_price(fill.side, fill.price) * opens
        position.cost = Money(position.cost + paid)
        cash -= paid
    position.count = Count(position.count + signed)
    position.fees = Money(position.fees + fill.fee)
    return Money(cash - fill.fee)


def apply_settlement(position: Position, settlement: Settlement) -> Money:
    """Pay a position out and return the cash it brings: what the exchange says it paid.

    It says so in whole cents, so that our own count stands where it differs by less.
    """
    counted = position.payout(settlement.value)
    is_rounding = abs(settlement.revenue - counted) < CENT_MONEY
    paid = counted if is_rounding else settlement.revenue
    position.realized = Money(position.realized + paid - position.cost)
    position.cost = NO_MONEY
    position.count = NO_COUNT
    return paid


@dataclass(slots=True)
class _Payout:
    """A payout and the position it ended, for fills that are told after it."""

    settlement: Settlement
    count: Count
    cost: Money
    realized: Money
    paid: Money


def _book_late(position: Position, fill: Fill, payout: _Payout) -> Money:
    """Book a fill that is told after the payout, which covered its contracts already."""
    position.count, position.cost, position.realized = payout.count, payout.cost, payout.realized
    cash = apply_fill(position, fill)
    payout.count, payout.cost, payout.realized = position.count, position.cost, position.realized
    before, payout.paid = payout.paid, apply_settlement(position, payout.settlement)
    return Money(cash + payout.paid - before)


class Positions:
    """All positions, and the trade ids and settlements already booked."""

    def __init__(self) -> None:
        self.by_ticker: dict[str, Position] = {}
        self._trades: set[tuple[str, str]] = set()
        self._payouts: dict[str, _Payout] = {}

    def get(self, ticker: str) -> Position:
        """Return the position of a market; an empty one when nothing was ever traded."""
        return self.by_ticker.get(ticker) or Position(ticker)

    def held(self) -> list[Position]:
        """Return the positions that hold contracts."""
        return [p for p in self.by_ticker.values() if p.count]

    def knows_fill(self, fill: Fill) -> bool:
        """Whether this fill was already booked; both of our sides of one trade may be ours."""
        return (fill.trade_id, fill.order_id) in self._trades

    def book_fill(self, fill: Fill, origin: str = "") -> Money | None:
        """Book a fill once; return its effect on cash, or None when it was known."""
        if self.knows_fill(fill):
            return None
        self._trades.add((fill.trade_id, fill.order_id))
        position = self.by_ticker.setdefault(fill.ticker, Position(fill.ticker))
        position.origin = origin or position.origin
        payout = self._payouts.get(fill.ticker)
        return apply_fill(position, fill) if payout is None else _book_late(position, fill, payout)

    def book_settlement(self, settlement: Settlement) -> Money | None:
        """Pay a market out once; return the cash, or None when it was known."""
        if self.is_settled(settlement.ticker):
            return None
        position = self.by_ticker.get(settlement.ticker)
        if position is None:
            # Of a market whose trades nobody told of, the payout alone says no P&L.
            self._payouts[settlement.ticker] = _Payout(
                settlement, NO_COUNT, NO_MONEY, NO_MONEY, NO_MONEY
            )
            return NO_MONEY
        payout = self._payouts[settlement.ticker] = _Payout(
            settlement, position.count, position.cost, position.realized, NO_MONEY
        )
        payout.paid = apply_settlement(position, settlement)
        return payout.paid

    def is_settled(self, ticker: str) -> bool:
        """Whether the payout of a market was booked."""
        return ticker in self._payouts

    def realized(self) -> Money:
        """Return realised P&L over all markets, before fees."""
        return Money(sum(p.realized for p in self.by_ticker.values()))

    def fees(self) -> Money:
        """Return all fees charged."""
        return Money(sum(p.fees for p in self.by_ticker.values()))
