"""Simulated ladders of strikes that hang together, and the same with a strike out of line.

A strike pays when the quantity is above it, so a higher one is never worth more.  All of an
event's prices are chances of one distribution and move together by a fair coin; its results
come from one draw.  Planted, one strike is quoted above the one below it for a minute.
"""

from __future__ import annotations

import random
from decimal import Decimal

import msgspec

from kalshi_desk.core.events import BookSnapshot, MarketsListed, MarketStatusChanged
from kalshi_desk.core.records import Event, Market
from kalshi_desk.core.types import CENT, COUNT_SCALE, Count, MarketStatus, Price
from tests.backtest.days import SECOND, START_NS, Timed

MINUTE = 60 * SECOND
RUNGS = 4
DAYS = 5
DEPTH = Count(50 * COUNT_SCALE)


class Ladders(msgspec.Struct, frozen=True, kw_only=True):
    """``planted`` cents by which a strike's bid stands above the offer of the one below."""

    seed: int = 1
    events: int = 20
    moves: int = 12
    planted: int = 0

    def happenings(self) -> list[Timed]:
        """Return every event, in order."""
        found: list[Timed] = []
        for number in range(self.events):
            found += self._ladder(f"L{number}")
        found.sort(key=lambda timed: timed[0])
        return found

    def _ladder(self, name: str) -> list[Timed]:
        draw = random.Random(f"{self.seed} {name}")
        prices = [cents * CENT for cents in sorted(draw.sample(range(20, 81), RUNGS), reverse=True)]
        found: list[Timed] = [(START_NS, _listed(name)), *_books(name, prices, START_NS)]
        broken = draw.randrange(1, self.moves)
        for number in range(1, self.moves):
            at_ns = START_NS + number * MINUTE
            step = draw.choice((-1, 1)) * CENT
            prices = [price + step for price in prices]
            quoted = list(prices)
            if self.planted and number == broken:
                # One cent on each side of the middle: so the bid is above the offer below.
                quoted[2] = quoted[1] + (self.planted + 2) * CENT
                quoted[3] = min(quoted[3], quoted[2])
            # Told again while it lasts: a changed book is what asks for a look.
            for again in range(3):
                found += _books(name, quoted, at_ns + again * 2 * SECOND)
        over_ns, level = START_NS + self.moves * MINUTE, draw.random()
        for rung, price in enumerate(prices):
            result = "yes" if level < price / 10_000 else "no"
            over = MarketStatusChanged(f"{name}-T{rung}", MarketStatus.FINALIZED, result=result)
            found.append((over_ns, over))
        return found


def _listed(name: str) -> MarketsListed:
    close_ns = START_NS + DAYS * 86_400 * SECOND
    markets = tuple(
        Market(
            ticker=f"{name}-T{rung}",
            event_ticker=name,
            category="Weather",
            close_ns=close_ns,
            expiration_ns=close_ns,
            strike_type="greater",
            floor_strike=Decimal(80 + rung),
        )
        for rung in range(RUNGS)
    )
    event = Event(event_ticker=name, series_ticker=f"S{name}", title=name, category="Weather")
    return MarketsListed(markets, (event,))


def _books(name: str, prices: list[int], at_ns: int) -> list[Timed]:
    return [
        (
            at_ns,
            BookSnapshot(
                f"{name}-T{rung}",
                tuple((Price(price - CENT - step * CENT), DEPTH) for step in range(3)),
                tuple((Price(price + CENT + step * CENT), DEPTH) for step in range(3)),
            ),
        )
        for rung, price in enumerate(prices)
    ]
