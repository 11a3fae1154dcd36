"""The middle of one market over the last hours, for what asks about a moment in the past.

One price per ten seconds, the last of them, and only where it changed: six bytes each.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left

from kalshi_desk.core.types import Price

SLOT_NS = 10_000_000_000
MOST_SLOTS = 1_080
"""Three hours of a market that changes all the time; a quiet one is known for longer."""
_TRIM_SLOTS = 120


class Middles:
    """What the middle was; ``note`` is told the time of its event, 0 for a lost book.

    When time goes back, as it does when a recording jumps, what came later is forgotten.
    """

    __slots__ = ("_last", "_newest_ns", "_prices", "_slots")

    def __init__(self) -> None:
        self._last = 0
        self._newest_ns = 0
        self._slots, self._prices = array("I"), array("H")

    def note(self, at_ns: int, price: int) -> None:
        """Take the middle as of a time, in 1/10,000 dollar of YES; 0 says that nobody knows it."""
        if price == self._last and at_ns >= self._newest_ns:
            return
        slot = at_ns // SLOT_NS
        slots, prices = self._slots, self._prices
        while slots and slots[-1] > slot:
            slots.pop()
            prices.pop()
        if slots and slots[-1] == slot:
            prices[-1] = price
        else:
            slots.append(slot)
            prices.append(price)
            if len(slots) > MOST_SLOTS + _TRIM_SLOTS:
                del slots[:_TRIM_SLOTS]
                del prices[:_TRIM_SLOTS]
        self._last, self._newest_ns = price, at_ns

    def at(self, at_ns: int) -> Price | None:
        """Return the middle as it was known at a time, by at most ten seconds too early.

        None where nothing is known from before, or the book was lost.
        """
        # The slot of the moment itself may hold what came after it.
        found = bisect_left(self._slots, at_ns // SLOT_NS)
        price = self._prices[found - 1] if found else 0
        return Price(price) if price else None
