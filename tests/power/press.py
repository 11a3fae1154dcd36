"""The practice exchange's news as the desk's worker reads them, and a press that knows nothing."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random

from kalshi_desk.core.events import NewsArrived
from kalshi_desk.core.news import NewsItem
from kalshi_desk.engine.news_universe import NewsUniverse
from kalshi_desk.exchange.news import NewsItem as WireItem
from kalshi_desk.exchange.news import Newsroom
from kalshi_desk.exchange.records import Driver
from kalshi_desk.exchange.rss import render
from kalshi_desk.exchange.venue import Venue
from kalshi_desk.market.live import LiveMarkets
from kalshi_desk.news.memory import Memory
from kalshi_desk.news.parsing import entries_of
from kalshi_desk.news.reading_room import ReadingRoom
from kalshi_desk.news.sources import practice_source

_LINK = "http://127.0.0.1/news/rss"
_KIND = "application/rss+xml; charset=utf-8"
_SHOWN = 50
_KNOWN_SHOWN = 5
"""Items already seen that a later look is shown again: parsing fifty each time only costs."""


class IgnorantNewsroom(Newsroom):
    """Writes the same stories at the same times, but a coin says which way values move.

    Values move as far and as often as they would, so that prices are as lively as ever:
    only what the words say of the way is worth nothing.
    """

    def blind(self, seed: int) -> None:
        """Take the coin of a seed."""
        self._coin = Random(f"{seed} blind")

    def _send(self, rng: Random, item: WireItem, driver: Driver) -> None:
        item.impact *= self._coin.choice((-1.0, 1.0))
        super()._send(rng, item, driver)


def make_ignorant(venue: Venue) -> None:
    """Let a venue's press know nothing of which way values go."""
    room = IgnorantNewsroom(venue.newsroom.wire, venue.drivers)
    room.blind(venue.seed)
    venue.newsroom = venue.crowd.newsroom = room


class Reading:
    """Looks at the feed when told to: parses, clusters, matches and scores what is new."""

    def __init__(self, known: Iterable[NewsItem]) -> None:
        self.source = practice_source(_LINK)
        self.faults: list[str] = []
        self._memory = Memory()
        self._memory.restore(known)
        self._room = ReadingRoom()
        self._universe = NewsUniverse()
        self._seen = 0

    def look(self, items: list[WireItem], markets: LiveMarkets, now_ns: int) -> NewsArrived | None:
        """Return what is new in the feed."""
        newest = items[-1].number if items else 0
        if newest == self._seen:
            return None
        count = newest - self._seen + _KNOWN_SHOWN if self._seen else _SHOWN
        self._seen = newest
        body = render(items[: -min(count, _SHOWN) - 1 : -1], _LINK)
        entries = entries_of("rss", body, url=_LINK, content_type=_KIND)
        found = self._memory.take(self.source, entries, now_ns)
        if not found:
            return None
        for message in self._universe.changes(markets):
            self._room.take(message)
        read, fault = self._room.read(found)
        if fault:
            self.faults.append(fault)
        return NewsArrived(tuple(self._memory.read(item) for item in read))
