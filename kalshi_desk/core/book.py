"""The order book of one market, in YES prices: two slot arrays and their best levels.

A slot per price of the finest grid makes a delta one list store; the best level is
tracked and only searched for when it empties.  Slots are allocated lazily, and again
with a finer step when a price falls between them.
"""

from __future__ import annotations

from kalshi_desk.core.types import CENT, PRICE_SCALE, BookSide, Count, Price

_FINEST_STEPS = (100, 50, 20, 10, 5, 2, 1)


class OrderBook:
    """Sizes by YES price on both sides, with the best bid and ask always known.

    ``bids`` and ``asks`` hold sizes in 1/100 contract at index ``price // step``.
    ``best_bid`` is 0 and ``best_ask`` is one dollar when that side is empty.
    """

    __slots__ = ("asks", "best_ask", "best_bid", "bids", "is_valid", "step", "updated_ns")

    def __init__(self, step: Price = CENT) -> None:
        self.step = step
        self.bids: list[int] = []
        self.asks: list[int] = []
        self.best_bid: int = 0
        self.best_ask: int = PRICE_SCALE
        self.is_valid = False
        self.updated_ns = 0
        self.clear()

    def clear(self) -> None:
        """Empty both sides."""
        slots = PRICE_SCALE // self.step + 1
        self.bids = [0] * slots
        self.asks = [0] * slots
        self.best_bid = 0
        self.best_ask = PRICE_SCALE

    def set_level(self, side: BookSide, price: Price, size: Count) -> None:
        """Replace the size at a YES price."""
        if price % self.step:
            self._refine(price)
        slots = self.bids if side is BookSide.BID else self.asks
        slots[price // self.step] = size
        self._settle_best(side is BookSide.BID, price, size)

    def add(self, is_bid: bool, price: int, delta: int) -> None:
        """Change the size at a YES price by a signed number of 1/100 contracts.

        A level never falls below zero: the wire's deltas are exact, so a negative
        size means that an earlier frame is missing and the sequence check will say so.
        """
        step = self.step
        if price % step:
            self._refine(price)
            step = self.step
        index = price // step
        slots = self.bids if is_bid else self.asks
        size = slots[index] + delta
        if size < 0:
            size = 0
        slots[index] = size
        if is_bid:
            if size:
                if price > self.best_bid:
                    self.best_bid = price
            elif price == self.best_bid:
                index -= 1
                while index > 0 and not slots[index]:
                    index -= 1
                self.best_bid = index * step if index > 0 else 0
        elif size:
            if price < self.best_ask:
                self.best_ask = price
        elif price == self.best_ask:
            top = len(slots) - 1
            index += 1
            while index < top and not slots[index]:
                index += 1
            self.best_ask = index * step if index < top else PRICE_SCALE

    def size(self, side: BookSide, price: int) -> Count:
        """Return the size at a YES price; zero off the slots."""
        if price % self.step or not 0 <= price <= PRICE_SCALE:
            return Count(0)
        slots = self.bids if side is BookSide.BID else self.asks
        return Count(slots[price // self.step])

    def levels(self, side: BookSide, limit: int | None = None) -> list[tuple[Price, Count]]:
        """Return the non-empty levels of a side, best first."""
        step = self.step
        if side is BookSide.BID:
            found = [
                (Price(index * step), Count(self.bids[index]))
                for index in range(self.best_bid // step, 0, -1)
                if self.bids[index]
            ]
        else:
            found = [
                (Price(index * step), Count(self.asks[index]))
                for index in range(self.best_ask // step, len(self.asks) - 1)
                if self.asks[index]
            ]
        return found if limit is None else found[:limit]

    @property
    def bid(self) -> Price | None:
        """The best bid, or None when nobody bids."""
        return Price(self.best_bid) if self.best_bid > 0 else None

    @property
    def ask(self) -> Price | None:
        """The best ask, or None when nobody offers."""
        return Price(self.best_ask) if self.best_ask < PRICE_SCALE else None

    @property
    def bid_size(self) -> Count:
        """The size at the best bid."""
        return self.size(BookSide.BID, self.best_bid)

    @property
    def ask_size(self) -> Count:
        """The size at the best ask."""
        return self.size(BookSide.ASK, self.best_ask)

    @property
    def is_crossed(self) -> bool:
        """Whether the best bid meets or passes the best ask, as books do for moments."""
        return self.best_bid > 0 and self.best_ask < PRICE_SCALE and self.best_bid >= self.best_ask

    def _settle_best(self, is_bid: bool, price: int, size: int) -> None:
        if size:
            if is_bid:
                self.best_bid = max(self.best_bid, price)
            else:
                self.best_ask = min(self.best_ask, price)
        else:
            self.add(is_bid, price, 0)

    def _refine(self, price: int) -> None:
        """Re-allocate with the coarsest step that holds both the old slots and ``price``."""
        old_step, old_bids, old_asks = self.step, self.bids, self.asks
        best_bid, best_ask = self.best_bid, self.best_ask
        self.step = Price(next(s for s in _FINEST_STEPS if price % s == 0 and old_step % s == 0))
        self.clear()
        ratio = old_step // self.step
        for index, size in enumerate(old_bids):
            if size:
                self.bids[index * ratio] = size
        for index, size in enumerate(old_asks):
            if size:
                self.asks[index * ratio] = size
        self.best_bid, self.best_ask = best_bid, best_ask
