"""What a planted violation is worth, worked out without the desk's code.

Every way to buy one contract of each of some outcomes is tried; what it pays is the least
over all ways to settle.  Such baskets suffice: with one market out of line the sets that
profit most hold one contract of each leg, and any other basket is a sum of them.
Prices are in 1/10,000 dollar, counts in 1/100 contract, money in exact fractions of a dollar.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from functools import cache
from itertools import product
from math import floor

ONE = 10_000
CONTRACT = 100
CENT = Fraction(1, 100)
LEAST = Fraction(1, 2)
"""The least certain profit of a basket by the strategy's default, in dollars."""
LEAST_COUNT = 5 * CONTRACT
BUDGET = Fraction(500)
Levels = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Book:
    """Both sides of a YES book, best first."""

    bids: Levels
    asks: Levels

    def offers(self, is_yes: bool) -> Levels:
        """Return what can be bought: YES at the asks, NO at one dollar less the bids."""
        return self.asks if is_yes else tuple((ONE - price, size) for price, size in self.bids)

    def with_order(self, is_bid: bool, price: int, size: int) -> tuple[Book, int]:
        """Return the book once an order has taken all it crosses and ``size`` of it rests.

        The second number is the count of the whole order.
        """
        crossed = [level for level in self.offers(is_bid) if level[0] <= _paid(is_bid, price)]
        taken = sum(count for _, count in crossed)
        other = (self.asks if is_bid else self.bids)[len(crossed) :]
        mine = dict(self.bids if is_bid else self.asks)
        mine[price] = mine.get(price, 0) + size
        levels = tuple(sorted(mine.items(), reverse=is_bid))
        book = Book(levels, other) if is_bid else Book(other, levels)
        return book, taken + size


def _paid(is_bid: bool, price: int) -> int:
    return price if is_bid else ONE - price


class Kind(Enum):
    """How the markets of an event settle: exactly one, at most one, or the first few."""

    PARTITION = "partition"
    EXCLUSIVE = "exclusive"
    LADDER = "ladder"


@dataclass(frozen=True)
class Family:
    """The related markets of one event, a ladder's by rising strike; fees and days locked."""

    event: str
    tickers: tuple[str, ...]
    kind: Kind
    multiplier: Fraction
    days: float

    def states(self) -> Iterator[tuple[bool, ...]]:
        """Yield every way to settle, as who wins."""
        size = len(self.tickers)
        if self.kind is Kind.LADDER:
            for winners in range(size + 1):
                yield tuple(index < winners for index in range(size))
            return
        for winner in range(size + (self.kind is Kind.EXCLUSIVE)):
            yield tuple(index == winner for index in range(size))


@dataclass(frozen=True)
class Basket:
    """Legs (market, whether YES) with their levels, each of ``count`` contracts.

    ``edge`` is the profit of one contract of each at the best prices with exact fees, before
    rounding, ``gross`` before fees; ``net`` the certain profit of the whole after rounding,
    ``unwind`` what selling every leg again at once would lose, ``least_unwind`` that without
    the leg that would lose most.
    """

    legs: tuple[tuple[int, bool], ...]
    count: int
    gross: Fraction
    edge: Fraction
    net: Fraction
    cost: Fraction
    unwind: Fraction
    least_unwind: Fraction

    @property
    def buffer(self) -> Fraction:
        """What the strategy's defaults keep in reserve for one contract of each leg."""
        return CENT + CENT / 2 * len(self.legs)

    @property
    def needed(self) -> Fraction:
        """The least certain profit that this basket must leave."""
        return max(LEAST, self.buffer * self.count / CONTRACT)


def baskets(family: Family, books: Sequence[Book]) -> list[Basket]:
    """Return every set of legs that pays more than it costs at best prices, before fees."""
    offers = {
        (i, side): book.offers(side) for i, book in enumerate(books) for side in (True, False)
    }
    best = {key: levels[0][0] if levels else ONE * ONE for key, levels in offers.items()}
    return [
        _filled(family, books, legs, [offers[leg] for leg in legs], pays)
        for legs, pays in certain(family)
        if pays * ONE > sum(best[leg] for leg in legs)
    ]


@cache
def certain(family: Family) -> list[tuple[tuple[tuple[int, bool], ...], int]]:
    """Return every set of two or more legs that is sure to pay, and how many dollars."""
    states = list(family.states())
    found = []
    for sides in product((None, True, False), repeat=len(family.tickers)):
        legs = tuple((i, side) for i, side in enumerate(sides) if side is not None)
        pays = min(sum(state[i] is side for i, side in legs) for state in states)
        if len(legs) > 1 and pays:
            found.append((legs, pays))
    return found


def _filled(
    family: Family,
    books: Sequence[Book],
    legs: tuple[tuple[int, bool], ...],
    offers: Sequence[Levels],
    pays: int,
) -> Basket:
    """Buy level by level while one more contract of each leg still pays, then price it all."""
    left = [list(levels) for levels in offers]
    taken: list[list[tuple[int, int]]] = [[] for _ in offers]
    count, first = 0, None
    gross = pays - Fraction(sum(levels[0][0] for levels in offers), ONE)
    while all(left):
        edge = pays - sum((unit(levels[0][0], family.multiplier) for levels in left), Fraction(0))
        first = edge if first is None else first
        if edge <= 0:
            break
        size = min(levels[0][1] for levels in left)
        count += size
        for levels, mine in zip(left, taken, strict=True):
            price, offered = levels[0]
            mine.append((price, size))
            if offered > size:
                levels[0] = (price, offered - size)
            else:
                levels.pop(0)
    cost = sum((order_cost(mine, family.multiplier) for mine in taken), Fraction(0))
    losses = []
    for (index, side), mine in zip(legs, taken, strict=True):
        back = books[index].offers(not side)
        bid = ONE - back[0][0] if back else 0
        entry = unit(mine[-1][0], family.multiplier) if mine else Fraction(0)
        loss = entry - (Fraction(bid, ONE) - fee(bid, family.multiplier))
        losses.append(loss * count / CONTRACT)
    return Basket(
        legs=legs,
        count=count,
        gross=gross,
        edge=first or Fraction(0),
        net=Fraction(pays * count, CONTRACT) - cost,
        cost=cost,
        unwind=sum(losses, Fraction(0)),
        least_unwind=sum(losses, Fraction(0)) - max(losses),
    )


def fee(price: int, multiplier: Fraction) -> Fraction:
    """Return a taker's fee of one contract, not rounded: 7 % of ``P (1 - P)``."""
    return Fraction(7, 100) * multiplier * Fraction(price, ONE) * Fraction(ONE - price, ONE)


def unit(price: int, multiplier: Fraction) -> Fraction:
    """Return what one contract costs with its fee, not rounded."""
    return Fraction(price, ONE) + fee(price, multiplier)


def order_cost(levels: Sequence[tuple[int, int]], multiplier: Fraction) -> Fraction:
    """Return what an order costs that fills once at each level.

    Each fill's fee is rounded up to 1/100 cent and its cash to whole cents; what that
    took above a cent in all is given back in whole cents.
    """
    total = kept = Fraction(0)
    for price, count in levels:
        paid = Fraction(price * count, ONE * CONTRACT)
        exact = fee(price, multiplier) * count / CONTRACT
        charged = -(-exact // Fraction(1, ONE)) * Fraction(1, ONE)
        rounding = -(-(paid + charged) // CENT) * CENT - paid - charged
        kept += rounding
        back = Fraction(0)
        if kept > CENT:
            back = min(floor(kept / CENT), floor((charged + rounding) / CENT)) * CENT
        kept -= back
        total += paid + charged + rounding - back
    return total


class Verdict(Enum):
    """Whether a violation must be taken; ``UNCLEAR`` lies too near a limit to be a test."""

    TAKE = "take"
    NO_EDGE = "no edge before fees"
    FEES = "fees exceed the edge"
    THIN = "too few contracts"
    SMALL = "too small a profit"
    RISKY = "dearer to unwind than to win"
    UNCLEAR = "unclear"


def judge(family: Family, books: Sequence[Book], planted: int) -> tuple[Verdict, Basket | None]:
    """Return what must become of an event in which ``planted`` contracts are out of line.

    A basket that is no sum of these is worth no more: each that profits holds the planted
    level, so that none can win more than the best of them for each planted contract.
    """
    found = baskets(family, books)
    if not found:
        return Verdict.NO_EDGE, None
    best = max(found, key=lambda one: one.net - one.needed)
    if _is_clear(best, family.days) and best.net >= best.unwind * Fraction(5, 4):
        return Verdict.TAKE, best
    edge = max(one.edge for one in found)
    if edge <= 0:
        return Verdict.FEES, best
    if planted < LEAST_COUNT - CONTRACT:
        return Verdict.THIN, best
    is_small = edge * planted / CONTRACT < LEAST * Fraction(9, 10)
    if is_small or all(one.edge < one.buffer * Fraction(9, 10) for one in found):
        return Verdict.SMALL, best
    is_risky = all(one.net < one.least_unwind * Fraction(4, 5) for one in found if one.edge > 0)
    if is_risky and _is_clear(best, family.days):
        return Verdict.RISKY, best
    return Verdict.UNCLEAR, best


def _is_clear(basket: Basket, days: float) -> bool:
    """Whether a basket clears every test of the strategy by a margin.

    The desk's own comes after it: it begins a basket only where the profit, times the chance
    of completion (a half before the first), exceeds what unwinding costs otherwise.
    """
    cost = float(basket.cost) or 1.0
    return (
        basket.count >= LEAST_COUNT + CONTRACT
        and basket.net >= basket.needed * Fraction(5, 4)
        and basket.cost < BUDGET * Fraction(9, 10)
        and (days <= 6.5 or float(basket.net) / cost / days * 365 > 0.15 * 1.25)
    )
