"""The news of the last two days, each item with what the desk itself knows of its markets.

An item that comes again replaces what was known of it, but not what the desk filled in when
the story was new: the price before it, its first score, and the word of a person.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import isfinite, sqrt

import msgspec

from kalshi_desk.core.news import NewsItem, NewsMatch
from kalshi_desk.core.types import Price

KEPT_NS = 48 * 3_600_000_000_000
MOST_ITEMS = 2_000
MOST_MATCHES = 40
BEFORE_NS = 60_000_000_000
"""How long before a story was first seen a price counts as not knowing it."""

PriceAt = Callable[[str, int], Price | None]
"""Returns the middle of a market at a time, None where it is not known."""
_Pair = tuple[str, str]


class NewsLog:
    """Items by their ids, two days and :data:`MOST_ITEMS` of them at most.

    ``changed`` are those that the last arrival brought or changed, as they now stand.
    """

    def __init__(self) -> None:
        self.by_id: dict[str, NewsItem] = {}
        self.changed: tuple[NewsItem, ...] = ()
        self._begun: dict[str, int] = {}
        self._before: dict[_Pair, Price] = {}
        self._scored: set[_Pair] = set()
        self._shown: tuple[NewsItem, ...] | None = None

    def take(self, items: Iterable[NewsItem], now_ns: int, price_at: PriceAt) -> None:
        """Take items as they arrive; one that brings nothing new changes nothing."""
        changed = []
        for item in items:
            known = self.by_id.get(item.item_id)
            if known is None and _is_over(item, now_ns):
                continue
            found = self._completed(_sane(item), known, now_ns, price_at)
            if found == known:
                continue
            self.by_id[found.item_id] = found
            changed.append(found)
        self.changed = tuple(changed)
        if changed:
            self._shown = None
            self._forget(now_ns)

    def known(self, now_ns: int) -> tuple[NewsItem, ...]:
        """Return what was seen up to a time and not longer than two days before, oldest first."""
        if self._shown is None:
            self._shown = tuple(sorted(self.by_id.values(), key=_age))
        shown = self._shown
        if shown and (shown[-1].first_seen_ns > now_ns or _is_over(shown[0], now_ns)):
            return tuple(
                item
                for item in shown
                if item.first_seen_ns <= now_ns and not _is_over(item, now_ns)
            )
        return shown

    def began_ns(self, item: NewsItem) -> int:
        """Return when the story of an item was first seen."""
        return self._begun.get(item.cluster, item.first_seen_ns)

    def _completed(
        self, item: NewsItem, known: NewsItem | None, now_ns: int, price_at: PriceAt
    ) -> NewsItem:
        """Return an item with what the desk knows of it."""
        seen_ns = known.first_seen_ns if known is not None else _first_seen(item, now_ns)
        begun_ns = min(self._begun.get(item.cluster, seen_ns), seen_ns)
        self._begun[item.cluster] = begun_ns
        item = msgspec.structs.replace(item, first_seen_ns=seen_ns)
        older = {match.ticker: match for match in known.matches} if known is not None else {}
        matches = {
            match.ticker: self._match(item, match, older.get(match.ticker), begun_ns, price_at)
            for match in item.matches
        }
        for ticker, match in older.items():
            # What a person said of a market stands until a person says otherwise.
            if match.by_person and not (ticker in matches and matches[ticker].by_person):
                matches[ticker] = match
        label = item.label
        if label is None and known is not None:
            label = known.label
        return msgspec.structs.replace(item, matches=tuple(matches.values()), label=label)

    def _match(
        self,
        item: NewsItem,
        match: NewsMatch,
        older: NewsMatch | None,
        begun_ns: int,
        price_at: PriceAt,
    ) -> NewsMatch:
        pair = (item.cluster, match.ticker)
        price, score = match.pre_price, match.first_score
        if older is not None:
            price = older.pre_price if price is None else price
            score = older.first_score if score is None else score
        if price is None:
            price = self._before.get(pair)
        if price is None:
            price = price_at(match.ticker, begun_ns - BEFORE_NS)
        if price is not None:
            price = self._before.setdefault(pair, price)
        is_first = older is None and not match.by_person and pair not in self._scored
        if score is None and is_first:
            score = first_score(item, match)
        if score is not None:
            self._scored.add(pair)
        return msgspec.structs.replace(match, pre_price=price, first_score=score)

    def _forget(self, now_ns: int) -> None:
        """Drop what is too old or too much, and what was known of stories that are gone."""
        over = [item.item_id for item in self.by_id.values() if _is_over(item, now_ns)]
        surplus = len(self.by_id) - len(over) - MOST_ITEMS
        if surplus > 0:
            ranked = sorted(self.by_id.values(), key=_age)
            over = [item.item_id for item in ranked[: len(over) + surplus]]
        if not over:
            return
        for item_id in over:
            del self.by_id[item_id]
        left = {item.cluster for item in self.by_id.values()}
        self._begun = {name: at_ns for name, at_ns in self._begun.items() if name in left}
        self._before = {pair: price for pair, price in self._before.items() if pair[0] in left}
        self._scored = {pair for pair in self._scored if pair[0] in left}


def first_score(item: NewsItem, match: NewsMatch) -> float:
    """Return the signed strength of a story for YES of a market, as it was first read.

    ``polarity * sentiment * confidence * relevance / sqrt(copy)``, in [-1, 1]; 0 where the
    reading is not one to act on: unsure, late, or taking a story back.
    """
    if item.is_retraction or not (match.is_relevant and item.is_timely):
        return 0.0
    said = match.polarity * item.sentiment * item.confidence * match.relevance
    return said / sqrt(item.copy)


def _first_seen(item: NewsItem, now_ns: int) -> int:
    """Return when an item was first seen, by the desk's own clock.

    A reader's clock ahead of the desk's must not make news of the future.  One that is behind
    may see a story before it was published: where that is past already, it was seen then.
    """
    seen_ns = item.first_seen_ns
    if seen_ns < item.published_ns <= now_ns:
        seen_ns = item.published_ns
    return min(seen_ns, now_ns)


def _sane(item: NewsItem) -> NewsItem:
    """Return an item whose numbers are numbers in their ranges: it comes from outside."""
    matches = tuple(
        msgspec.structs.replace(match, relevance=_within(match.relevance, 0.0))
        for match in item.matches[:MOST_MATCHES]
        if match.ticker
    )
    return msgspec.structs.replace(
        item,
        sentiment=_within(item.sentiment, -1.0),
        confidence=_within(item.confidence, 0.0),
        copy=max(1, item.copy),
        matches=matches,
    )


def _within(value: float, low: float) -> float:
    return min(1.0, max(low, value)) if isfinite(value) else 0.0


def _age(item: NewsItem) -> tuple[int, str]:
    return item.first_seen_ns, item.item_id


def _is_over(item: NewsItem, now_ns: int) -> bool:
    return item.first_seen_ns <= now_ns - KEPT_NS
