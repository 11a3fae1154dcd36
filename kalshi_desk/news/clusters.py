"""Which items tell one story: near-duplicates over all feeds, found by MinHash.

MinHash (Broder 1997) finds what may be alike among all stories of two days in one
comparison of small arrays; the exact Jaccard index and the contradictions of
:mod:`kalshi_desk.news.likeness` decide.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from kalshi_desk.core.news import NewsItem
from kalshi_desk.news.likeness import Telling, contradicts, jaccard, telling_of
from kalshi_desk.news.retractions import takes_back

HOUR_NS = 3_600_000_000_000
MINUTE_NS = 60_000_000_000
ALIKE = 0.35
"""Measured on 925 real headlines of 25 days: of the pairs that are at least so much alike
and do not contradict each other all tell one event; from 0.30 downwards some do not."""
ALIKE_WHOLE, ALIKE_TITLE = 0.5, 0.15
"""Title and summary together may be alike instead, of titles that are not foreign."""
ALIKE_RETRACTION = 0.2
"""What takes a story back tells it in fewer of its words, with other figures."""
LEAST_WORDS = 4
"""A shorter title ("Morning briefing") says too little to be told again by others."""
JOIN_NS = 24 * HOUR_NS
"""How long after its first copy a story is still told again; later it is a new one."""
SAME_FEED_NS = MINUTE_NS
"""A feed that says the same again after this time means something new by it."""
KEPT_NS = 48 * HOUR_NS
MOST_TELLINGS = 4_000
_HASHES = 64
_SLACK = 0.15
"""2.5 standard deviations of the estimate from 64 hashes at 0.35 (sqrt(J(1-J)/64) = 0.06)."""
_RANDOM = np.random.default_rng(0x5EED)
_FACTORS = _RANDOM.integers(1, 2**63, _HASHES, dtype=np.uint64) * np.uint64(2) + np.uint64(1)
_SHIFTS = _RANDOM.integers(0, 2**63, _HASHES, dtype=np.uint64)


@dataclass(slots=True)
class Story:
    """One story: the id of its first copy, and who told it when."""

    cluster: str
    first_ns: int
    newest_ns: int
    copies: int = 0
    told: list[tuple[str, str, int]] = field(default_factory=list)


@dataclass(slots=True)
class _Told:
    """One telling that new ones are compared with, at its place in the arrays."""

    telling: Telling
    story: Story
    seen_ns: int
    place: int


class Clusters:
    """The stories of the last two days, as far as there is room for them."""

    def __init__(self, most: int = MOST_TELLINGS) -> None:
        self._most = most
        self._titles = np.zeros((most, _HASHES), dtype=np.uint32)
        self._wholes = np.zeros((most, _HASHES), dtype=np.uint32)
        self._free = list(range(most - 1, -1, -1))
        self._at: list[_Told | None] = [None] * most
        self._by_item: OrderedDict[str, _Told] = OrderedDict()
        self._stories: dict[str, Story] = {}

    def __len__(self) -> int:
        return len(self._by_item)

    def place(self, item_id: str, feed: str, title: str, summary: str, now_ns: int) -> Story:
        """Return the story that a new item tells, its copies counted with it."""
        self.forget(now_ns)
        telling = telling_of(title, summary)
        signatures = _signature(telling.title), _signature(telling.whole)
        story = self._find(telling, signatures, feed, now_ns, takes_back(title))
        if story is None:
            story = self._stories[item_id] = Story(item_id, now_ns, now_ns)
        story.copies += 1
        self._put(item_id, feed, telling, signatures, story, now_ns)
        return story

    def restore(self, item: NewsItem) -> None:
        """Take an item that was placed before, oldest first."""
        telling = telling_of(item.title, item.summary)
        story = self._stories.get(item.cluster)
        if story is None:
            story = Story(item.cluster, item.first_seen_ns, item.first_seen_ns)
            self._stories[item.cluster] = story
        story.copies = max(story.copies, item.copy)
        signatures = _signature(telling.title), _signature(telling.whole)
        self._put(item.item_id, item.feed, telling, signatures, story, item.first_seen_ns)

    def forget(self, now_ns: int) -> None:
        """Let go of what is too old."""
        while self._by_item:
            item_id, told = next(iter(self._by_item.items()))
            if told.seen_ns >= now_ns - KEPT_NS:
                return
            self._drop(item_id)

    def _put(
        self,
        item_id: str,
        feed: str,
        telling: Telling,
        signatures: tuple[NDArray[np.uint32], NDArray[np.uint32]],
        story: Story,
        now_ns: int,
    ) -> None:
        if item_id in self._by_item:
            self._drop(item_id)
        if not self._free:
            self._drop(next(iter(self._by_item)))
        self._stories.setdefault(story.cluster, story)
        story.newest_ns = max(story.newest_ns, now_ns)
        story.told.append((feed, telling.press, now_ns))
        place = self._free.pop()
        self._titles[place], self._wholes[place] = signatures
        told = _Told(telling, story, now_ns, place)
        self._at[place] = self._by_item[item_id] = told

    def _drop(self, item_id: str) -> None:
        told = self._by_item.pop(item_id)
        self._at[told.place] = None
        self._free.append(told.place)
        story = told.story
        story.told = [one for one in story.told if one[2] > told.seen_ns]
        if not story.told:
            self._stories.pop(story.cluster, None)

    def _find(
        self,
        telling: Telling,
        signatures: tuple[NDArray[np.uint32], NDArray[np.uint32]],
        feed: str,
        now_ns: int,
        is_retraction: bool,
    ) -> Story | None:
        """Return the newest story that this is a telling of, None for a new one."""
        if not self._by_item:
            return None
        least = ALIKE_RETRACTION if is_retraction else ALIKE
        titles = np.count_nonzero(self._titles == signatures[0], axis=1)
        wholes = np.count_nonzero(self._wholes == signatures[1], axis=1)
        may_be = (titles >= _HASHES * max(least - _SLACK, 0.1)) | (
            wholes >= _HASHES * (ALIKE_WHOLE - _SLACK)
        )
        best: tuple[bool, int, str] | None = None
        story: Story | None = None
        open_to_it: dict[str, bool] = {}
        for place in np.flatnonzero(may_be):
            told = self._at[int(place)]
            if told is None:
                continue
            name = told.story.cluster
            if name not in open_to_it:
                open_to_it[name] = is_retraction or _may_join(told.story, telling, feed, now_ns)
            if not open_to_it[name] or not _tells_same(telling, told.telling, least, is_retraction):
                continue
            rank = (telling.words == told.telling.words, told.seen_ns, name)
            if best is None or rank > best:
                best, story = rank, told.story
        return story


def _may_join(story: Story, telling: Telling, feed: str, now_ns: int) -> bool:
    """Whether a story is young enough, and not one that this feed only tells anew."""
    if now_ns - story.first_ns > JOIN_NS:
        return False
    return not any(
        (name, press) == (feed, telling.press) and now_ns - seen_ns > SAME_FEED_NS
        for name, press, seen_ns in story.told
    )


def _tells_same(new: Telling, old: Telling, least: float, is_retraction: bool) -> bool:
    short = min(len(new.words), len(old.words)) < LEAST_WORDS
    titles = jaccard(new.title, old.title)
    if short and new.words != old.words:
        return False
    is_alike = titles >= least or (
        titles >= ALIKE_TITLE and jaccard(new.whole, old.whole) >= ALIKE_WHOLE
    )
    return is_alike and (is_retraction or not contradicts(new, old))


def _signature(shingles: frozenset[int]) -> NDArray[np.uint32]:
    """Return the least of each of 64 hashes over a set (multiply-shift, Dietzfelbinger 1997)."""
    if not shingles:
        return np.zeros(_HASHES, dtype=np.uint32)
    values = np.fromiter(shingles, dtype=np.uint64, count=len(shingles))
    hashed = (values[:, None] * _FACTORS + _SHIFTS) >> np.uint64(32)
    least: NDArray[np.uint32] = hashed.min(axis=0).astype(np.uint32)
    return least
