"""Believable news: stories with and without markets, scored and not, and feeds in every state."""

from __future__ import annotations

from kalshi_desk.core.news import (
    FeedReport,
    FeedState,
    Polarity,
    ReaderReport,
    ReaderState,
    Tier,
)
from kalshi_desk.core.types import Price
from kalshi_desk.desk.frames import Row
from kalshi_desk.desk.service_frames import FeedRow, MatchView, NewsRow, ReaderRow
from tests.tui.scripted import HELD, NOW_NS, SECOND, Engine

TITLES = {
    HELD: "Fed above 4.00% in December",
    "KXFED-26NOV23-T4": "Fed above 4.25% in December",
    "KXCPI-26NOV23-T3": "CPI above 0.3% in November",
    "KXHIGHNY-26NOV23-T2": "High in NYC 51° to 52°",
}


def match(ticker: str, **changes: object) -> MatchView:
    """Return a match that moved up by 3 cents."""
    fields: dict[str, object] = {
        "ticker": ticker,
        "title": TITLES.get(ticker, ticker),
        "relevance": 0.82,
        "polarity": Polarity.FOR,
        "is_ambiguous": False,
        "why": "names Fed, rate, December",
        "pre_price": Price(4_600),
        "now_price": Price(4_900),
        "posterior": 0.517,
        "by_person": False,
    }
    return MatchView(**{**fields, **changes})  # type: ignore[arg-type]


def item(item_id: str, age_s: int, **changes: object) -> NewsRow:
    """Return an item of the press that was read, of so many seconds ago."""
    fields: dict[str, object] = {
        "item_id": item_id,
        "feed": "wire",
        "tier": Tier.PRESS,
        "title": f"Headline {item_id}",
        "summary": "",
        "link": f"https://news.example/{item_id}",
        "published_ns": NOW_NS - (age_s + 42) * SECOND,
        "first_seen_ns": NOW_NS - age_s * SECOND,
        "cluster": item_id,
        "copy": 1,
        "sentiment": 0.0,
        "confidence": 0.3,
        "scored_by": "textblob",
        "label": None,
        "matches": (),
    }
    return NewsRow(**{**fields, **changes})  # type: ignore[arg-type]


def items() -> dict[str, Row]:
    """Return a morning of news."""
    rows = (
        item(
            "n-1",
            38,
            feed="fed",
            tier=Tier.OFFICIAL,
            title="Federal Reserve officials signal rates will stay higher for longer",
            summary="Minutes of the November meeting show that most participants saw little "
            "reason to lower the target range before inflation has fallen further.",
            sentiment=0.62,
            confidence=0.71,
            scored_by="classifier 2026-11-20",
            matches=(
                match(HELD),
                match("KXFED-26NOV23-T4", relevance=0.74, pre_price=Price(2_950),
                      now_price=Price(3_100), posterior=0.334),
            ),
        ),
        item("n-2", 260, title="Storm warning for the East Coast as cold front nears New York",
             feed="weather", tier=Tier.OFFICIAL, sentiment=-0.31, confidence=0.44,
             matches=(match("KXHIGHNY-26NOV23-T2", polarity=Polarity.AGAINST, is_ambiguous=True,
                            relevance=0.41, pre_price=Price(5_300), now_price=Price(5_120),
                            posterior=None, why="names New York, cold"),)),
        item("n-3", 1_500, title="Consumer prices rose faster than expected, early data shows",
             sentiment=0.48, confidence=0.66, label=1,
             matches=(match("KXCPI-26NOV23-T3", by_person=True, pre_price=Price(6_100),
                            now_price=Price(6_100), why="added by hand"),)),
        item("n-3b", 1_320, feed="gazette", cluster="n-3", copy=2,
             title="Consumer prices rose faster than expected"),
        item("n-4", 4_100, feed="posts", tier=Tier.SOCIAL, title="big if true: rate cut coming??",
             sentiment=-0.12, confidence=0.21),
        item("n-5", 9_800, title="Markets close mixed ahead of the holiday", sentiment=0.0),
        item("n-6", 93_000, feed="stats", tier=Tier.OFFICIAL, scored_by="",
             title="Employment situation: release schedule for 2027"),
    )  # fmt: skip
    return {row.item_id: row for row in rows}


def feed(name: str, title: str, state: FeedState = FeedState.OK, **changes: object) -> FeedRow:
    """Return a feed that answers."""
    fields: dict[str, object] = {
        "name": name,
        "title": title,
        "url": f"https://{name}.example/feed.xml",
        "kind": "rss",
        "tier": Tier.PRESS,
        "state": state,
        "asked_ns": NOW_NS - 12 * SECOND,
        "ok_ns": NOW_NS - 12 * SECOND,
        "latency_ms": 180,
        "lag_s": 42,
        "items": 31,
    }
    return FeedRow(report=FeedReport(**{**fields, **changes}))  # type: ignore[arg-type]


def feeds() -> dict[str, Row]:
    """Return feeds in every state."""
    rows = (
        feed("fed", "Federal Reserve", tier=Tier.OFFICIAL, latency_ms=95, lag_s=21),
        feed("wire", "Newswire", items=214),
        feed("gazette", "Gazette", lag_s=7_300),
        feed("weather", "Weather Service", tier=Tier.OFFICIAL),
        feed("stats", "Statistics Bureau", FeedState.FAILING, tier=Tier.OFFICIAL, items=0,
             ok_ns=0, lag_s=None, failures=14, latency_ms=10_000,
             text="It did not answer within 10 s."),
        feed("posts", "Social posts", FeedState.WAITING, tier=Tier.SOCIAL, items=0, asked_ns=0,
             ok_ns=0, lag_s=None),
        feed("mine", "My own feed", FeedState.OFF, items=0, asked_ns=0, ok_ns=0, lag_s=None),
    )  # fmt: skip
    return {row.report.name: row for row in rows}


def reader(state: ReaderState = ReaderState.READING, **changes: object) -> ReaderRow:
    """Return what reads them, for an hour, with a trained classifier."""
    fields: dict[str, object] = {
        "state": state,
        "since_ns": NOW_NS - 3_600 * SECOND,
        "model": "classifier of 2026-11-20",
        **changes,
    }
    return ReaderRow(report=ReaderReport(**fields))  # type: ignore[arg-type]


def add_news(engine: Engine) -> None:
    """Let an engine tell of news too."""
    engine.rows["news"] = items()
    engine.rows["feeds"] = feeds()
    engine.rows["reader"] = {"": reader()}
