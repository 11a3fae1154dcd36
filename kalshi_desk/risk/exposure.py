"""The worst that settlement can do to a set of holdings and resting orders.

Within an event whose markets exclude each other at most one pays YES, so its outcomes
are enumerated; where the sets of markets that may pay together are known (nested ladders),
those are.  Other markets are taken as independent, which never understates the loss but
overstates that of a ladder whose relation nobody has given.  That an exchange voids a market
is not counted: it pays the last price then, about what the holding is carried at.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

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


class Edges(msgspec.Struct, frozen=True):
    """What one market changes the value by when its YES loses and when it wins."""

    lose: int
    win: int

    def __add__(self, other: Edges) -> Edges:
        return Edges(self.lose + other.lose, self.win + other.win)

    def __sub__(self, other: Edges) -> Edges:
        return Edges(self.lose - other.lose, self.win - other.win)

    @property
    def loss(self) -> Money:
        """The worst loss of this market alone, positive."""
        return Money(max(0, -min(self.lose, self.win)))


def edges_of(item: Exposed) -> Edges:
    """Return what one holding or order changes in both outcomes of its market."""
    return Edges(item.change(False), item.change(True))


def event_worst(
    markets: Mapping[str, Edges],
    *,
    excludes: bool,
    states: Iterable[frozenset[str]] | None = None,
) -> int:
    """Return the worst change of value over the outcomes of one event; a sure gain is positive.

    ``states`` are all sets of markets that may pay YES together; without them at most one
    pays when the markets exclude each other, and else each ends as badly as it can.
    """
    if not markets:
        return 0
    if states is None and not excludes:
        return sum(min(edges.lose, edges.win) for edges in markets.values())
    none = sum(edges.lose for edges in markets.values())
    gain = {name: edges.win - edges.lose for name, edges in markets.items()}
    if states is None:
        return none + min(0, *gain.values())
    return min(none + sum(gain.get(name, 0) for name in winners) for winners in states)


def worst_case(exposed: Iterable[Exposed]) -> Money:
    """Return the worst change of value over all outcomes, in micro-dollars (0 or negative).

    An empty set has a worst case of 0; a set that can only win has one of 0 as well.
    """
    groups: dict[tuple[str, bool], dict[str, Edges]] = defaultdict(dict)
    for item in exposed:
        markets = groups[item.group, item.excludes]
        edges = edges_of(item)
        known = markets.get(item.ticker)
        markets[item.ticker] = edges if known is None else known + edges
    total = sum(event_worst(found, excludes=excludes) for (_, excludes), found in groups.items())
    return Money(min(0, total))
