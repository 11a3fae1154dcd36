"""One market's resting orders in YES space, by price and then by time."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator

from kalshi_desk.core.types import PRICE_SCALE
from kalshi_desk.exchange.records import Order


class Level:
    """The orders at one price in time order, and their total size in 1/100 contract."""

    __slots__ = ("orders", "total")

    def __init__(self) -> None:
        self.orders: dict[int, Order] = {}
        self.total = 0


class Side:
    """One side of a book: levels by price, prices in rising order."""

    __slots__ = ("_by_owner", "is_bid", "levels", "prices")

    def __init__(self, is_bid: bool) -> None:
        self.is_bid = is_bid
        self.levels: dict[int, Level] = {}
        self.prices: list[int] = []
        self._by_owner: dict[int, dict[int, Order]] = {}

    @property
    def best(self) -> int | None:
        """The best price, or None when nobody rests here."""
        if not self.prices:
            return None
        return self.prices[-1] if self.is_bid else self.prices[0]

    def size_at(self, price: int | None) -> int:
        """Return the resting size at a price."""
        level = self.levels.get(price) if price is not None else None
        return level.total if level else 0

    def add(self, order: Order) -> None:
        """Put an order at the end of its price's queue."""
        level = self.levels.get(order.price)
        if level is None:
            level = self.levels[order.price] = Level()
            insort(self.prices, order.price)
        level.orders[order.number] = order
        level.total += order.remaining
        self._by_owner.setdefault(order.owner, {})[order.number] = order

    def shrink(self, order: Order, count: int) -> None:
        """Take ``count`` off a resting order; an order at zero leaves its queue."""
        level = self.levels[order.price]
        level.total -= count
        order.remaining -= count
        if not order.remaining:
            del level.orders[order.number]
            del self._by_owner[order.owner][order.number]
            if not level.orders:
                del self.levels[order.price]
                del self.prices[bisect_left(self.prices, order.price)]

    def best_first(self) -> Iterator[int]:
        """Iterate over the prices from the best to the worst."""
        return iter(reversed(self.prices)) if self.is_bid else iter(self.prices)

    def orders(self) -> Iterator[Order]:
        """Iterate over the orders, best price first and oldest first within a price."""
        for price in self.best_first():
            yield from self.levels[price].orders.values()

    def orders_of(self, owner: int) -> list[Order]:
        """Return an account's orders in the same order."""
        sign = -1 if self.is_bid else 1
        # Sorting keeps orders of one price as they came, which is how they queue.
        return sorted(self._by_owner.get(owner, {}).values(), key=lambda order: order.price * sign)

    def crosses(self, price: int, limit: int) -> bool:
        """Return whether an incoming order limited at ``limit`` reaches ``price`` here."""
        return price >= limit if self.is_bid else price <= limit


class Book:
    """Both sides of one market."""

    __slots__ = ("asks", "bids")

    def __init__(self) -> None:
        self.bids = Side(True)
        self.asks = Side(False)

    def side(self, is_bid: bool) -> Side:
        """Return the side that a bid (or an ask) rests on."""
        return self.bids if is_bid else self.asks

    @property
    def best_bid(self) -> int | None:
        """The highest bid in YES price."""
        return self.bids.best

    @property
    def best_ask(self) -> int | None:
        """The lowest ask in YES price."""
        return self.asks.best

    def yes_levels(self) -> list[tuple[int, int]]:
        """Return the YES bids as (price, size) in rising price."""
        return [(price, self.bids.levels[price].total) for price in self.bids.prices]

    def no_levels(self) -> list[tuple[int, int]]:
        """Return the NO bids as (NO price, size) in rising NO price."""
        return [
            (PRICE_SCALE - price, self.asks.levels[price].total)
            for price in reversed(self.asks.prices)
        ]

    def ahead_of(self, order: Order) -> int:
        """Return the size that stands before an order: better prices, then earlier orders."""
        side = self.side(order.is_bid)
        ahead = 0
        for price in side.best_first():
            if price != order.price:
                ahead += side.levels[price].total
                continue
            for other in side.levels[price].orders.values():
                if other.number == order.number:
                    return ahead
                ahead += other.remaining
        return ahead
