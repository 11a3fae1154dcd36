"""News, feeds and models as plain facts for the shell."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from kalshi_desk.cli.flat import Flat, moment
from kalshi_desk.desk.frames import Row
from kalshi_desk.desk.service_frames import FeedRow, NewsRow, ReaderRow

if TYPE_CHECKING:
    from kalshi_desk.core.news import NewsMatch, ReaderReport
    from kalshi_desk.news.model import Evaluation, Model
    from kalshi_desk.news.texts import MarketText

_WAYS = {-1: "against", 0: "unsure", 1: "for"}


class Found(NamedTuple):
    """A match with the market that it names."""

    match: NewsMatch
    market: MarketText


def flat_found(found: Found) -> Flat:
    """Return one match of a tried headline."""
    match, market = found
    title = f"{market.title} {market.subtitle}".strip()
    return {
        "ticker": match.ticker,
        "title": title,
        "relevance": match.relevance,
        "yes": _WAYS[int(match.polarity)],
        "ambiguous": match.is_ambiguous,
        "why": match.why,
    }


def flat_feed(row: FeedRow) -> Flat:
    """Return one feed with its health."""
    feed = row.report
    return {
        "name": feed.name,
        "title": feed.title,
        "kind": feed.kind,
        "tier": feed.tier.value,
        "state": feed.state.value,
        "items": feed.items,
        "failures": feed.failures,
        "latency_ms": feed.latency_ms,
        "lag_s": feed.lag_s,
        "asked": moment(feed.asked_ns),
        "ok": moment(feed.ok_ns),
        "text": feed.text,
        "url": feed.url,
    }


def reader_of(rows: Iterable[Row]) -> ReaderReport | None:
    """Return how the process that reads news is, None where nobody says."""
    return next((row.report for row in rows if isinstance(row, ReaderRow)), None)


def reader_words(rows: Iterable[Row]) -> str:
    """Return whether news is being read, since when, and what scores it; empty if nobody says."""
    reader = reader_of(rows)
    if reader is None:
        return ""
    since = moment(reader.since_ns)
    fault = f" {reader.model_fault}" if reader.model_fault else ""
    if not reader.is_reading:
        return f"No news has been read since {since}: {reader.text}.{fault}"
    model = f" It is scored by {reader.model}." if reader.model else ""
    return f"News has been read since {since}.{model}{fault}"


def flat_news(row: NewsRow) -> Flat:
    """Return one item of news; its matches stand in one text, the surest first."""
    told = [
        f"{match.ticker} {match.relevance:.2f} {_WAYS[int(match.polarity)]}"
        + (" (ambiguous)" if match.is_ambiguous else "")
        for match in row.matches
    ]
    return {
        "item_id": row.item_id,
        "first_seen": moment(row.first_seen_ns),
        "published": moment(row.published_ns),
        "feed": row.feed,
        "tier": row.tier.value,
        "title": row.title,
        "copy": row.copy,
        "sentiment": round(row.sentiment, 4),
        "confidence": round(row.confidence, 4),
        "scored_by": row.scored_by,
        "label": row.label,
        "matches": "; ".join(told),
        "link": row.link,
    }


def flat_rows(rows: Iterable[Row]) -> list[Flat]:
    """Return the feeds and items among rows: feeds by name, items newest last."""
    feeds = [row for row in rows if isinstance(row, FeedRow)]
    items = [row for row in rows if isinstance(row, NewsRow)]
    feeds.sort(key=lambda row: row.report.name)
    items.sort(key=lambda row: (row.first_seen_ns, row.item_id))
    return [*map(flat_feed, feeds), *map(flat_news, items)]


def model_facts(model: Model) -> Flat:
    """Return what a model is worth and what it learned from."""
    facts: Flat = {
        "weight": model.weight,
        "why": model.why,
        "words": len(model.words),
        "trained_until": moment(model.trained_until_ns),
    }
    facts |= {f"learned_from_{name}": count for name, count in model.trained_on.items()}
    return facts | (evaluation_facts(model.evaluation) if model.evaluation is not None else {})


def evaluation_facts(found: Evaluation) -> Flat:
    """Return how a model did on later headlines; shares from 0 to 1, losses in nats."""
    return {
        "later_headlines": found.headlines,
        "blocks": found.blocks,
        "accuracy": round(found.accuracy, 4),
        "constant_accuracy": round(found.constant, 4),
        "untrained_accuracy": round(found.untrained, 4),
        "gain_at_least": round(found.lower, 4),
        "gain_needed": found.needed,
        "log_loss": round(found.log_loss, 4),
        "constant_log_loss": round(found.constant_loss, 4),
        "calibration_error": round(found.calibration_error, 4),
        "judged_since": moment(found.since_ns),
        "judged_until": moment(found.until_ns),
    }
