"""The worst that settlement can do to a set of holdings and resting orders.

Within an event whose markets exclude each other at most one pays YES, so its outcomes
are enumerated; other markets are taken as independent, which never understates the loss.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import msgspec

from kalshi_desk.core.types import PRICE_ONE, BookSide, Count, Money, Price


class Stake(msgspec.Struct, frozen=True):
    """One holding: signed count (YES positive) and what it is carried at in micro-dollars."""

    ticker: str
    group: str
    excludes: bool
    count: Count
    value: Money

    def change(self, wins: bool) -> int:
        """Return the change from the carried value when YES wins or loses."""
        pays = wins if self.count >= 0 else not wins
        return (PRICE_ONE * abs(self.count) if pays else 0) - self.value


class Resting(msgspec.Struct, frozen=True):
    """An order that may still fill: in an outcome where it would lose, assume that it does."""

    ticker: str
    group: str
    excludes: bool
    side: BookSide
    price: Price
    remaining: Count
    fee: Money

    def change(self, wins: bool) -> int:
        """Return the loss if it fills and YES wins or loses; never a gain."""
        if self.side is BookSide.BID:
            result = ((PRICE_ONE if wins else 0) - self.price) * self.remaining
        else:
            result = ((0 if wins else PRICE_ONE) - (PRICE_ONE - self.price)) * self.remaining
        return min(0, result - self.fee)


Exposed = Stake | Resting


def worst_case(exposed: Iterable[Exposed]) -> Money:
    """Return the worst change of value over all outcomes, in micro-dollars (0 or negative).

    An empty set has a worst case of 0; a set that can only win has one of 0 as well.
    """
    groups: dict[str, list[Exposed]] = defaultdict(list)
    for item in exposed:
        groups[item.group if item.excludes else f"{item.group}\0{item.ticker}"].append(item)
    total = sum(_worst_of_group(items) for items in groups.values())
    return Money(min(0, total))


def _worst_of_group(items: list[Exposed]) -> int:
    tickers = {item.ticker for item in items}
    outcomes: list[str | None] = [None, *sorted(tickers)]
    return min(sum(item.change(item.ticker == winner) for item in items) for winner in outcomes)
