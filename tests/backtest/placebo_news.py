"""Simulated news on markets whose prices are fair by construction, and the same with an effect.

Every market's price is a bounded martingale on whole cents, its result drawn with the last
price as its chance.  A story about it arrives at a random minute and says good or bad by a
coin; in a fair world that is all, in a planted one the price then goes the way of the story
by ``effect`` logits a unit of score, in steps over the next quarter of an hour.

A past of ``lessons`` other markets, in which stories did move prices, teaches a strategy to
believe in news before the world begins; without it nothing would ever be traded.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from math import exp, log

import msgspec

from kalshi_desk.core.events import (
    BookSnapshot,
    CoreEvent,
    MarketsListed,
    MarketStatusChanged,
    NewsArrived,
)
from kalshi_desk.core.news import NewsItem, NewsMatch, Polarity, Tier
from kalshi_desk.core.records import Event, Market
from kalshi_desk.core.types import CENT, COUNT_SCALE, Count, MarketStatus, Price
from tests.backtest.days import SECOND, START_NS, Timed

HOUR, MINUTE = 3_600 * SECOND, 60 * SECOND
TAUGHT = 1.0
"""The effect in the past that lessons tell of."""
SCORE = 0.8 * 0.9
FIRST_STORY, LAST_STORY, STEPS, EVERY = 4, 24, 3, 5
"""A market's story comes between these minutes of its life; its effect in steps so far apart."""
LIFE = 72


class NewsMarkets(msgspec.Struct, frozen=True, kw_only=True):
    """One world: so many cohorts an hour apart, of so many markets with one story each.

    ``delay`` is how many minutes after the story the desk hears of it; what it does to the
    price does not wait.  ``shuffled`` tells of each story as one about another market.
    """

    effect: float = 0.0
    seed: int = 1
    cohorts: int = 1
    markets: int = 360
    lessons: int = 80
    delay: int = 0
    shuffled: bool = False

    def happenings(self) -> list[Timed]:
        """Return every event, in order."""
        found: list[Timed] = []
        for number in range(self.lessons):
            past = _Life(f"L{number}", START_NS, TAUGHT, self.seed, calm=True)
            found += past.events()
        for cohort in range(self.cohorts):
            at_ns = START_NS + (LIFE * MINUTE if self.lessons else 0) + cohort * HOUR
            for number in range(self.markets):
                name = f"N{cohort}X{number}"
                life = _Life(name, at_ns, self.effect, self.seed, delay=self.delay)
                found += life.events()
        found.sort(key=lambda timed: timed[0])
        return [self._told(at_ns, event) for at_ns, event in found] if self.shuffled else found

    def _told(self, at_ns: int, event: CoreEvent) -> Timed:
        """Return a story of the world as one about a market that it says nothing of."""
        if not isinstance(event, NewsArrived) or not event.items[0].item_id.startswith("about-N"):
            return at_ns, event
        [item] = event.items
        cohort, _, number = item.matches[0].ticker.partition("X")
        other = f"{cohort}X{(int(number) + self.markets // 2) % self.markets}"
        match = msgspec.structs.replace(item.matches[0], ticker=other)
        return at_ns, NewsArrived((msgspec.structs.replace(item, matches=(match,)),))


class _Life:
    """One market from its listing to its result."""

    def __init__(
        self,
        name: str,
        at_ns: int,
        effect: float,
        seed: int,
        *,
        calm: bool = False,
        delay: int = 0,
    ) -> None:
        self._name = name
        self._at_ns = at_ns
        self._effect = effect
        self._calm = calm
        self._delay_ns = delay * MINUTE
        self._draw = random.Random(f"{seed} {name}")
        self._price = self._draw.randint(30, 70)

    def events(self) -> Iterator[Timed]:
        draw = self._draw
        deadline_ns = self._at_ns + 100 * HOUR
        market = Market(
            ticker=self._name,
            event_ticker=f"E{self._name}",
            category="Weather",
            close_ns=deadline_ns,
            expiration_ns=deadline_ns,
        )
        event = Event(
            event_ticker=f"E{self._name}", series_ticker="S", title="", category="Weather"
        )
        yield self._at_ns, MarketsListed((market,), (event,))
        yield self._at_ns, self._book()
        story = draw.randrange(FIRST_STORY, LAST_STORY, 4)
        way = draw.choice((-1, 1))
        # Half a minute: between the beats of looks.
        told_ns = self._minute(story) + 30 * SECOND + self._delay_ns
        yield self._minute(story), self._book()
        yield told_ns, NewsArrived((self._item(way, told_ns),))
        for step in range(STEPS):
            self._go(way)
            yield self._minute(story + EVERY * (step + 1)), self._book()
        for minute in (LIFE - 20, LIFE - 10):
            self._wander()
            yield self._minute(minute), self._book()
        result = "yes" if draw.random() < self._chance else "no"
        yield (
            self._minute(LIFE),
            MarketStatusChanged(self._name, MarketStatus.FINALIZED, result=result),
        )

    @property
    def _chance(self) -> float:
        """The middle of the book in dollars, between the cents of bid and ask."""
        return (self._price + 0.5) / 100

    def _minute(self, number: int) -> int:
        return self._at_ns + number * MINUTE

    def _item(self, way: int, at_ns: int) -> NewsItem:
        match = NewsMatch(ticker=self._name, relevance=1.0, polarity=Polarity.FOR)
        return NewsItem(
            item_id=f"about-{self._name}",
            feed="wire",
            tier=Tier.PRESS,
            title=f"{'Good' if way > 0 else 'Bad'} news for {self._name}",
            published_ns=at_ns - SECOND,
            first_seen_ns=at_ns,
            cluster=f"about-{self._name}",
            sentiment=0.8 * way,
            confidence=0.9,
            matches=(match,),
        )

    def _go(self, way: int) -> None:
        """Move a third of the effect, then by chance as every price does."""
        price = self._chance
        odds = log(price / (1.0 - price)) + self._effect * SCORE * way / STEPS
        exact = 100 / (1.0 + exp(-odds)) - 0.5
        whole = int(exact)
        # Rounded by a coin that is weighted so that the mean is exact.
        self._price = whole + (self._draw.random() < exact - whole)
        if not self._calm:
            self._wander()

    def _wander(self) -> None:
        step = min(self._draw.randint(1, 3), self._price - 6, 93 - self._price)
        self._price += self._draw.choice((-1, 1)) * max(step, 0)

    def _book(self) -> BookSnapshot:
        bid, depth = self._price * CENT, Count(500 * COUNT_SCALE)
        return BookSnapshot(
            self._name,
            tuple((Price(bid - step * CENT), depth) for step in range(3)),
            tuple((Price(bid + (step + 1) * CENT), depth) for step in range(3)),
        )
