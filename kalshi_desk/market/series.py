"""A bounded price line of one market: one point a second, the newest value of each."""

from __future__ import annotations

from collections import deque

from kalshi_desk.core.types import Price

_SECOND_NS = 1_000_000_000
MAX_POINTS = 3_600


class PriceLine:
    """Points of (nanoseconds, YES price), oldest first, at most an hour's worth."""

    __slots__ = ("points",)

    def __init__(self) -> None:
        self.points: deque[tuple[int, Price]] = deque(maxlen=MAX_POINTS)

    def add(self, at_ns: int, price: Price) -> None:
        """Record a price; a second one within the same second replaces the first.

        Time that went back, as a replay's does in a jump, takes later points away.
        """
        points = self.points
        while points and points[-1][0] > at_ns:
            points.pop()
        if points and points[-1][0] // _SECOND_NS == at_ns // _SECOND_NS:
            points[-1] = (at_ns, price)
        elif not points or points[-1][1] != price or at_ns - points[-1][0] > 10 * _SECOND_NS:
            points.append((at_ns, price))

    def put_before(self, older: list[tuple[int, Price]]) -> None:
        """Lead the line with older points; what it holds already stays as it is."""
        own = list(self.points)
        first_ns = own[0][0] if own else None
        fresh = PriceLine()
        for at_ns, price in older:
            if first_ns is None or at_ns < first_ns:
                fresh.add(at_ns, price)
        fresh.points.extend(own)
        self.points = fresh.points

    def since(self, start_ns: int) -> tuple[tuple[int, Price], ...]:
        """Return the points from ``start_ns`` on, led by the last price known before."""
        kept: list[tuple[int, Price]] = []
        for point in reversed(self.points):
            kept.append(point)
            if point[0] <= start_ns:
                break
        return tuple(reversed(kept))
