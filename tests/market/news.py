"""News for tests: items seen at a second, matched to markets."""

from __future__ import annotations

from kalshi_desk.core.news import FeedReport, FeedState, NewsItem, NewsMatch, Polarity, Tier

SECOND = 1_000_000_000
START = 1_795_000_000 * SECOND


def match(ticker: str = "A", relevance: float = 0.9, **fields: object) -> NewsMatch:
    """Return a match that speaks for YES."""
    given = {"polarity": Polarity.FOR, **fields}
    return NewsMatch(ticker=ticker, relevance=relevance, **given)  # type: ignore[arg-type]


def item(name: str, *matches: NewsMatch, at_s: float = 0.0, **fields: object) -> NewsItem:
    """Return an item first seen so many seconds after the start, published a second before."""
    seen_ns = START + round(at_s * SECOND)
    given = {
        "feed": "wire",
        "tier": Tier.PRESS,
        "title": f"Story {name}",
        "published_ns": seen_ns - SECOND,
        "first_seen_ns": seen_ns,
        "cluster": name,
        "sentiment": 0.8,
        "confidence": 0.9,
        **fields,
    }
    return NewsItem(item_id=name, matches=matches, **given)  # type: ignore[arg-type]


def feed_report(name: str, state: FeedState = FeedState.OK, **fields: object) -> FeedReport:
    """Return how a feed of the press is."""
    given = {"title": name, "url": "u", "kind": "rss", "tier": Tier.PRESS, **fields}
    return FeedReport(name=name, state=state, **given)  # type: ignore[arg-type]
