"""Markouts: what a simulated maker fill was worth a while later.

``sign * (mid later - fill price) - maker fee``, in dollars a contract: the profit that the
fill would have made against the middle.  Positive is in our favour.
"""

from __future__ import annotations

from collections import defaultdict
from heapq import heappop, heappush

from kalshi_desk.core.records import Fill
from kalshi_desk.core.strategy import Observation
from kalshi_desk.core.types import COUNT_SCALE, MONEY_SCALE, PRICE_ONE, PRICE_SCALE, MarketStatus
from kalshi_desk.market.live import LiveMarket, LiveMarkets

MINUTE_NS = 60_000_000_000
HORIZONS = (1, 5, 30)
PROVES = 30
"""The horizon in minutes that a cell's proof is made of; the others are only shown."""
TRADING = frozenset({MarketStatus.ACTIVE, MarketStatus.UNKNOWN})

_Due = tuple[int, int, int, str, str, Fill]


def market_value(live: LiveMarket) -> float | None:
    """Return what one YES is worth, in 1/10,000 dollar: the middle, or the result.

    A side that nobody quotes counts as its end of the scale: a market that ran away leaves
    an empty side behind, and to leave that out would hide the worst fills.  None while the
    book can't be trusted or is empty, and from the close until the result.
    """
    market = live.market
    if market.status in TRADING:
        bid, ask = live.book.bid, live.book.ask
        if not live.book.is_valid or (bid is None and ask is None):
            return None
        return ((bid or 0) + (PRICE_ONE if ask is None else ask)) / 2
    if market.settlement_value is not None:
        return float(market.settlement_value)
    return {"yes": float(PRICE_ONE), "no": 0.0}.get(market.result)


class Markouts:
    """Fills that wait for their horizons, and what the earlier ones came to."""

    def __init__(self) -> None:
        self._due: list[_Due] = []
        self._late: list[_Due] = []
        self._next = 0
        self._totals: dict[str, dict[int, list[float]]] = defaultdict(
            lambda: {minutes: [0.0, 0.0] for minutes in HORIZONS}
        )

    def add(self, strategy: str, cell: str, fill: Fill, since_ns: int = 0) -> None:
        """Wait for a maker fill's horizons, those that end after ``since_ns``."""
        for minutes in HORIZONS:
            at_ns = fill.executed_ns + minutes * MINUTE_NS
            if at_ns > since_ns:
                self._next += 1
                heappush(self._due, (at_ns, self._next, minutes, strategy, cell, fill))

    @property
    def waiting(self) -> set[str]:
        """The markets of fills whose horizons have not come."""
        return {due[5].ticker for due in (*self._due, *self._late)}

    def means(self, strategy: str) -> dict[int, tuple[int, float]]:
        """Return how many fills were measured and their mean in dollars, by minutes."""
        return {
            minutes: (int(count), total / count if count else 0.0)
            for minutes, (count, total) in self._totals[strategy].items()
        }

    def beat(self, markets: LiveMarkets, now_ns: int) -> list[Observation]:
        """Measure what is due; a market without a value is asked again at the next beat."""
        ready, self._late = self._late, []
        while self._due and self._due[0][0] <= now_ns:
            ready.append(heappop(self._due))
        found = []
        for due in ready:
            _, _, minutes, strategy, cell, fill = due
            live = markets.get(fill.ticker)
            value = None if live is None else market_value(live)
            if live is None or value is None:
                self._late.append(due)
                continue
            markout = _markout(fill, value)
            sums = self._totals[strategy][minutes]
            sums[0] += 1
            sums[1] += markout
            if minutes == PROVES:
                found.append(
                    Observation(
                        strategy=strategy,
                        cell=cell,
                        event_ticker=live.market.event_ticker or fill.ticker,
                        value=markout,
                        at_ns=now_ns,
                        source=fill.trade_id,
                    )
                )
        return found


def _markout(fill: Fill, value: float) -> float:
    moved = fill.side.sign * (value - fill.price) / PRICE_SCALE
    return moved - fill.fee / MONEY_SCALE / (fill.count / COUNT_SCALE)
