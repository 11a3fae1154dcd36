"""From items of news to what is said of each market: stories, not articles.

A story that many print counts once, by its first copy that surely names the market and the
way.  An item that takes a story back turns its sign; copies that contradict each other halve
it.  Items of unknown age, late ones, those from a clock that is wrong and those of a source
that is not well are left out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from kalshi_desk.core.news import (
    LARGEST_SKEW_NS,
    FeedReport,
    FeedState,
    NewsItem,
    NewsMatch,
    Tier,
)
from kalshi_desk.core.types import PRICE_SCALE, Price
from kalshi_desk.quant.evidence import Signal

MINUTE_NS = 60_000_000_000
CLEAR_SCORE = 0.1
"""Two copies contradict each other when both are at least so far from saying nothing."""
HALVED, TURNED = 0.5, -1.0


class Story(msgspec.Struct, frozen=True, kw_only=True):
    """One story about one market as of a moment: ``before`` is the middle before it, dollars.

    ``title`` is that of the copy that it counts by.
    """

    cluster: str
    title: str
    tier: Tier
    signal: Signal
    began_ns: int
    before: float | None

    @property
    def age(self) -> float:
        """Minutes since it was first seen."""
        return self.signal.age


class Refusal(msgspec.Struct, frozen=True):
    """Why an item about a market is no story to act on, and since when it is known."""

    code: str
    began_ns: int
    seen: str = ""
    needed: str = ""


@dataclass(slots=True)
class Reading:
    """What news says of one market: stories, oldest first, and items that count for nothing."""

    stories: list[Story] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)

    def fresh(self, max_age: float) -> list[Story]:
        """Return the stories no older than so many minutes."""
        return [story for story in self.stories if story.age <= max_age]


def readings(
    news: Iterable[NewsItem],
    now_ns: int,
    *,
    min_relevance: float,
    feeds: Mapping[str, FeedReport] | None = None,
) -> dict[str, Reading]:
    """Return for each market that any item names what the news says of it.

    ``feeds`` are how the sources are; None where nobody knows, which leaves none out.
    """
    clusters: dict[str, list[NewsItem]] = defaultdict(list)
    for item in news:
        clusters[item.cluster].append(item)
    found: dict[str, Reading] = defaultdict(Reading)
    ill: dict[str, tuple[str, str] | None] = {}
    for copies in clusters.values():
        copies.sort(key=lambda item: (item.first_seen_ns, item.copy, item.item_id))
        if feeds is not None:
            for item in copies:
                if item.feed not in ill:
                    ill[item.feed] = _illness(feeds.get(item.feed), now_ns)
        _read_story(found, copies, now_ns, min_relevance, ill)
    for reading in found.values():
        reading.stories.sort(key=lambda story: (story.began_ns, story.cluster))
    return dict(found)


def _read_story(
    found: dict[str, Reading],
    copies: Sequence[NewsItem],
    now_ns: int,
    min_relevance: float,
    ill: Mapping[str, tuple[str, str] | None],
) -> None:
    began_ns = copies[0].first_seen_ns
    is_taken_back = any(item.is_retraction for item in copies)
    by_market: dict[str, list[tuple[NewsItem, NewsMatch]]] = defaultdict(list)
    for item in copies:
        for match in item.matches:
            if match.relevance > 0.0 and not item.is_retraction:
                by_market[match.ticker].append((item, match))
    for ticker, pairs in by_market.items():
        refusal = None
        telling = []
        for item, match in pairs:
            why = _why_not(item, match, began_ns, min_relevance) or _unwell(item, ill, began_ns)
            if why is None:
                telling.append((item, match))
            else:
                refusal = refusal or why
        if telling:
            found[ticker].stories.append(_story(telling, began_ns, now_ns, is_taken_back))
        elif refusal is not None:
            found[ticker].refusals.append(refusal)


def _story(
    telling: Sequence[tuple[NewsItem, NewsMatch]],
    began_ns: int,
    now_ns: int,
    is_taken_back: bool,
) -> Story:
    item, match = telling[0]
    scores = [match.polarity * item.sentiment for item, match in telling]
    weight = TURNED if is_taken_back else 1.0
    if max(scores) >= CLEAR_SCORE and min(scores) <= -CLEAR_SCORE:
        weight *= HALVED
    return Story(
        cluster=item.cluster,
        title=item.title,
        tier=item.tier,
        signal=Signal(
            score=weight * scores[0],
            confidence=item.confidence,
            relevance=match.relevance,
            copies=item.copy,
            age=max(0.0, (now_ns - began_ns) / MINUTE_NS),
        ),
        began_ns=began_ns,
        before=_dollars(match.pre_price),
    )


def _why_not(
    item: NewsItem, match: NewsMatch, began_ns: int, min_relevance: float
) -> Refusal | None:
    """Return why an item says nothing sure or nothing new about a market, None when it does."""
    if match.relevance < min_relevance:
        needed = f"{min_relevance:.2f}"
        return Refusal("not_relevant", began_ns, f"{match.relevance:.2f}", needed)
    if match.is_ambiguous:
        return Refusal("ambiguous", began_ns, "several events are as plausible", "one")
    if not match.polarity:
        return Refusal("unknown_polarity", began_ns, "unknown", "for or against YES")
    lag_ns = item.lag_ns
    if lag_ns is None:
        return Refusal("no_date", began_ns, "none", "a time of publication")
    if item.is_timely:
        return None
    if lag_ns < 0:
        needed = f"at most {LARGEST_SKEW_NS / 1e9:g} s"
        return Refusal("clock_skew", began_ns, f"{-lag_ns / 1e9:.0f} s ahead", needed)
    return Refusal("feed_lag", began_ns, f"{lag_ns / MINUTE_NS:.0f} min", "at most 5 min")


def _unwell(
    item: NewsItem, ill: Mapping[str, tuple[str, str] | None], began_ns: int
) -> Refusal | None:
    illness = ill.get(item.feed)
    return None if illness is None else Refusal("source_unhealthy", began_ns, *illness)


def _illness(feed: FeedReport | None, now_ns: int) -> tuple[str, str] | None:
    """Return what is seen of a source that is not well and what is needed, None for a good one."""
    if feed is None:
        return "its source is not read any more", "a source that answers"
    needed = f"{feed.name} answers"
    if feed.state is FeedState.OK:
        return None
    if feed.state is FeedState.FAILING:
        last = f", last answer {(now_ns - feed.ok_ns) / MINUTE_NS:.0f} min ago"
        times = f"{feed.failures} times in a row" if feed.failures else "for good"
        return f"{feed.name} fails {times}{last if feed.ok_ns else ''}", needed
    return f"{feed.name} is {feed.state.value}", needed


def _dollars(price: Price | None) -> float | None:
    return None if price is None else price / PRICE_SCALE
