"""What was read before: which entries are new, which have changed, which story they tell.

Bounded: two days, and at most a few thousand items.  What a feed still shows after that is
known by its id alone.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterable

import msgspec

from kalshi_desk.core.news import NewsItem, NewsMatch
from kalshi_desk.news.clusters import KEPT_NS, MOST_TELLINGS, Clusters
from kalshi_desk.news.entries import Entry
from kalshi_desk.news.retractions import takes_back
from kalshi_desk.news.sources import Source

DAY_NS = 86_400_000_000_000


def item_id_of(feed: str, key: str) -> str:
    """Return the id of an entry: the same for the same entry, after any restart too."""
    return hashlib.blake2b(f"{feed}\n{key}".encode(), digest_size=8).hexdigest()


class Memory:
    """The items of the last two days, by id."""

    def __init__(self, most: int = MOST_TELLINGS) -> None:
        self._most = most
        self._items: OrderedDict[str, NewsItem] = OrderedDict()
        self._shown: dict[str, set[str]] = {}
        self._clusters = Clusters(most)

    def __len__(self) -> int:
        return len(self._items)

    def restore(self, items: Iterable[NewsItem]) -> None:
        """Take items as the desk knows them, oldest first; its word of a known one stands."""
        for item in items:
            is_known = item.item_id in self._items
            self._items[item.item_id] = item
            if not is_known:
                self._clusters.restore(item)

    def take(self, source: Source, entries: list[Entry], now_ns: int) -> list[NewsItem]:
        """Return what is new or has changed, oldest first.

        At the first look at a feed what carries no date may be years old, and what is
        older than two days is no news: both are known from then on and not told.
        """
        self.forget(now_ns)
        shown = self._shown.get(source.name)
        found: list[NewsItem] = []
        now_shown: set[str] = set()
        # Publishers put the newest first; the order of equal dates stays, turned around.
        newest_last = entries[::-1]
        newest_last.sort(key=lambda entry: entry.published_ns or now_ns)
        for entry in newest_last:
            item_id = item_id_of(source.name, entry.key)
            now_shown.add(item_id)
            known = self._items.get(item_id)
            if known is not None:
                if (known.title, known.summary) != (entry.title, entry.summary):
                    found.append(self._changed(known, entry))
            elif shown is None or item_id not in shown:
                claimed_ns = _claim(entry, now_ns)
                is_old = 0 < claimed_ns < now_ns - KEPT_NS
                is_undated_backlog = shown is None and not claimed_ns
                if not is_old and not is_undated_backlog:
                    found.append(self._new(source, item_id, entry, now_ns))
        # A feed that is empty for once has not forgotten what it showed.
        if now_shown or shown is None:
            self._shown[source.name] = now_shown
        return found

    def read(self, item: NewsItem) -> NewsItem:
        """Keep an item as it was read; what a person said of it stands."""
        known = self._items.get(item.item_id)
        if known is not None:
            item = msgspec.structs.replace(
                item, label=known.label, matches=_with_words_of_people(item, known)
            )
            self._items[item.item_id] = item
        return item

    def has_looked_at(self, feed: str) -> bool:
        """Whether a feed was looked at before."""
        return feed in self._shown

    def forget(self, now_ns: int) -> None:
        """Let go of what is too old or too much."""
        while self._items:
            item_id, item = next(iter(self._items.items()))
            if len(self._items) <= self._most and item.first_seen_ns >= now_ns - KEPT_NS:
                break
            del self._items[item_id]
        self._clusters.forget(now_ns)

    def _new(self, source: Source, item_id: str, entry: Entry, now_ns: int) -> NewsItem:
        story = self._clusters.place(item_id, source.name, entry.title, entry.summary, now_ns)
        item = NewsItem(
            item_id=item_id,
            feed=source.name,
            tier=source.tier,
            title=entry.title,
            summary=entry.summary,
            link=entry.link,
            published_ns=_claim(entry, now_ns),
            first_seen_ns=now_ns,
            cluster=story.cluster,
            copy=story.copies,
            is_retraction=takes_back(entry.title),
        )
        self._items[item_id] = item
        return item

    def _changed(self, known: NewsItem, entry: Entry) -> NewsItem:
        item = msgspec.structs.replace(
            known,
            title=entry.title,
            summary=entry.summary,
            link=entry.link or known.link,
            is_retraction=takes_back(entry.title),
        )
        self._items[known.item_id] = item
        return item


def _claim(entry: Entry, now_ns: int) -> int:
    """Return when an entry says it was published, 0 where it says none or what can't be."""
    return entry.published_ns if entry.published_ns <= now_ns + DAY_NS else 0


def _with_words_of_people(item: NewsItem, known: NewsItem) -> tuple[NewsMatch, ...]:
    said = {match.ticker: match for match in known.matches if match.by_person}
    read = [match for match in item.matches if match.ticker not in said]
    return (*said.values(), *read)
