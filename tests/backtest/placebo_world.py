"""Simulated markets whose prices are fair by construction, and the same with an edge planted.

Every market's price is a bounded martingale on whole cents: each move is up or down by the
same amount with the same chance, its size chosen beforehand, and the result is drawn with
the last price as its chance.  The middle of the book is that price to the hundredth of a
cent, so the expected value of a YES contract is the middle of its book at any moment,
whatever anybody does.  Trades print at the touch on either side by a fair coin, before and
after small moves, so resting orders also fill when the price has gone against them.

Markets come in cohorts, one an hour.  A cohort is listed with its past hours, jumps
within its first hour, trades in the next half hour, and is decided early, in its third hour,
though its deadline lies days ahead.  Where no posture wants a jump there is no first hour.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from enum import StrEnum

import msgspec

from kalshi_desk.core.events import (
    BarsKnown,
    BookSnapshot,
    CoreEvent,
    MarketsListed,
    MarketStatusChanged,
    TradePrinted,
)
from kalshi_desk.core.fees import FeeRule
from kalshi_desk.core.records import Event, Market, Trade
from kalshi_desk.core.strategy import Bar
from kalshi_desk.core.types import (
    CENT,
    COUNT_SCALE,
    PRICE_ONE,
    BookSide,
    Count,
    MarketStatus,
    Price,
)
from tests.backtest.days import SECOND, START_NS, Timed

HOUR, MINUTE = 3_600 * SECOND, 60 * SECOND
DEADLINE_HOURS = 150
HISTORY_HOURS = 14
LEAST_JUMP = 14
"""Cents."""
FRESH_QUOTE, FIRST_TRADE, LAST_TRADE, CORRECTION, RESULT = 58, 66, 87, 94, 126
"""Minutes after a cohort's listing."""
EVERY = 4
"""Things happen so many minutes apart: fewer beats to follow."""


class Kind(StrEnum):
    """What the prices look like: each wakes one posture."""

    LIVELY = "lively"
    """Hours of three cents before the jump: a fade."""
    QUIET = "quiet"
    """Hours without a move, then a jump with volume: a breakout."""
    CALM = "calm"
    """Favourites that do not jump."""


class World(msgspec.Struct, frozen=True, kw_only=True):
    """One placebo: ``overshoot`` is the part of a jump that is taken back afterwards.

    Negative, the price goes on instead.  ``slope`` is how much surer results are than prices,
    in logits; 0 and 1 are fair.  ``lessons`` markets of a past that was surer than its
    prices settle at the beginning.
    """

    kind: Kind
    seed: int = 1
    cohorts: int = 6
    markets: int = 68
    overshoot: float = 0.0
    slope: float = 1.0
    lessons: int = 0

    def planted(self, *, overshoot: float = 0.0, slope: float = 1.0) -> World:
        """Return the same world with an edge in it."""
        return msgspec.structs.replace(self, overshoot=overshoot, slope=slope)

    def taught(self, lessons: int) -> World:
        """Return the same world after a past that drifted."""
        return msgspec.structs.replace(self, lessons=lessons)

    def happenings(self) -> list[Timed]:
        """Return every event, in order."""
        found: list[Timed] = list(_lessons(self))
        for number in range(self.cohorts):
            at_ns = START_NS + number * HOUR
            for which in range(self.markets):
                name = f"P{number}X{which}"
                found += _Life(self, name, at_ns).events()
        # Listings and books of one moment keep the order in which they were made.
        found.sort(key=lambda timed: timed[0])
        return found


def paid(events: list[Timed]) -> dict[str, Price]:
    """Return what one YES contract of each market became."""
    return {
        event.ticker: Price(PRICE_ONE if event.result == "yes" else 0)
        for _, event in events
        if isinstance(event, MarketStatusChanged)
    }


def surer(chance: float, slope: float) -> float:
    """Return the chance whose logit is ``slope`` times that of another."""
    odds = (chance / (1.0 - chance)) ** slope
    return odds / (1.0 + odds)


def _market(name: str, at_ns: int) -> MarketsListed:
    deadline_ns = at_ns + DEADLINE_HOURS * HOUR
    market = Market(
        ticker=name,
        event_ticker=f"E{name}",
        category="Weather",
        fee=FeeRule(fee_type="quadratic_with_maker_fees"),
        close_ns=deadline_ns,
        expiration_ns=deadline_ns,
    )
    event = Event(event_ticker=f"E{name}", series_ticker=f"S{name}", title=name, category="Weather")
    return MarketsListed((market,), (event,))


def _bars(closes: list[int], volume: int, end_ns: int) -> tuple[Bar, ...]:
    """Return whole hours that ended at a time with these closes, in hundredths of a cent."""
    first_ns = end_ns - len(closes) * HOUR
    return tuple(
        Bar(
            first_ns + number * HOUR,
            *(Price(close) for _ in range(4)),
            volume=Count(volume * COUNT_SCALE),
            trades=3,
        )
        for number, close in enumerate(closes)
    )


def _lessons(world: World) -> Iterator[Timed]:
    """Yield the past that teaches a drift which the world does not have."""
    draw = random.Random(f"lessons {world.seed}")
    for number in range(world.lessons):
        name, price = f"L{number}", draw.randint(15, 85) * CENT
        yield START_NS, _market(name, START_NS)
        yield START_NS, BarsKnown(name, _bars([price] * HISTORY_HOURS, 10, START_NS))
        result = "yes" if draw.random() < surer(price / PRICE_ONE, 2.0) else "no"
        yield (
            START_NS,
            MarketStatusChanged(name, MarketStatus.FINALIZED, result=result),
        )


class _Life:
    """One market from its listing to its result."""

    def __init__(self, world: World, name: str, at_ns: int) -> None:
        self._world = world
        self._name = name
        self._at_ns = at_ns
        # Fair and planted worlds of one seed differ by the edge alone.
        self._draw = random.Random(f"{world.seed} {world.kind} {name}")
        self._half_spread = self._draw.choice((50, 100, 150))
        self._trades = 0
        self._price = 0

    def events(self) -> list[Timed]:
        draw, kind = self._draw, self._world.kind
        closes = self._history()
        found: list[Timed] = [
            (self._at_ns, _market(self._name, self._at_ns)),
            (self._at_ns, BarsKnown(self._name, _bars(closes, 10, self._at_ns))),
            (self._at_ns, self._book()),
        ]
        jump = 0
        if kind is not Kind.CALM:
            jump = self._jump()
            at = self._minute(draw.randrange(10, 54, EVERY))
            found += [(at, event) for event in self._moved(jump)]
            found.append((self._minute(FRESH_QUOTE), self._book()))
        found += self._traded()
        taken_back = round(-self._world.overshoot * jump / CENT) * CENT
        if taken_back:
            found += [(self._minute(CORRECTION), event) for event in self._moved(taken_back)]
        chance = surer(self._price / PRICE_ONE, self._world.slope)
        result = "yes" if draw.random() < chance else "no"
        over = MarketStatusChanged(self._name, MarketStatus.FINALIZED, result=result)
        return [*found, (self._minute(RESULT), over)]

    def _minute(self, number: int) -> int:
        # Calm markets have no first hour.  Half a minute: between the beats of looks.
        hour = HOUR if self._world.kind is Kind.CALM else 0
        return self._at_ns + number * MINUTE + 30 * SECOND - hour

    def _history(self) -> list[int]:
        """Return the past closes, whose moves were as fair as those to come."""
        draw, kind = self._draw, self._world.kind
        odd = self._half_spread % CENT
        if kind is Kind.CALM:
            price = draw.choice((draw.randint(75, 88), draw.randint(12, 25)))
            self._price = price * CENT + odd
            return [self._price] * HISTORY_HOURS
        step = 3 if kind is Kind.LIVELY else 0
        price, cents = 50, []
        for _ in range(HISTORY_HOURS):
            price += draw.choice((-1, 1)) * step
            cents.append(price * CENT + odd)
        self._price = cents[-1]
        return cents

    def _jump(self) -> int:
        """Return a jump that either way leaves room to the ends, 0 where there is none."""
        price = self._price // CENT
        size = min(self._draw.randint(18, 26), price - 9, 90 - price)
        return self._draw.choice((-1, 1)) * size * CENT if size >= LEAST_JUMP else 0

    def _moved(self, change: int) -> list[CoreEvent]:
        """Return a move and the trades that come with it, one before and two after."""
        volume = 400 if self._world.kind is Kind.QUIET else 2
        before = self._print(volume)
        self._price += change
        return [before, self._book(), self._print(volume), self._print(volume)]

    def _traded(self) -> list[Timed]:
        """Return the half hour in which orders rest: trades by a coin, and two small moves."""
        draw = self._draw
        minutes = sorted(draw.sample(range(FIRST_TRADE, LAST_TRADE, EVERY), 6))
        found: list[Timed] = []
        for number, minute in enumerate(minutes):
            if number in (1, 3):
                self._price += draw.choice((-1, 1)) * CENT
                found.append((self._minute(minute), self._book()))
            else:
                size = draw.randint(100, 400)
                found.append((self._minute(minute), self._print(size)))
        return found

    def _book(self) -> BookSnapshot:
        low, high = self._price - self._half_spread, self._price + self._half_spread
        depth = Count(100 * COUNT_SCALE)
        return BookSnapshot(
            self._name,
            tuple((Price(low - step * CENT), depth) for step in range(3)),
            tuple((Price(high + step * CENT), depth) for step in range(3)),
        )

    def _print(self, contracts: int) -> TradePrinted:
        """Return a trade whose taker did not know which way the price would go."""
        self._trades += 1
        taker = self._draw.choice((BookSide.BID, BookSide.ASK))
        price = self._price + taker.sign * self._half_spread
        return TradePrinted(
            Trade(
                trade_id=f"{self._name}-{self._trades}",
                ticker=self._name,
                price=Price(price),
                count=Count(contracts * COUNT_SCALE),
                taker_side=taker,
                executed_ns=0,
            )
        )
