"""Rows about news: each item with what its markets did since, and how the feeds are."""

from __future__ import annotations

from math import exp

from kalshi_desk.core.news import NewsItem, NewsMatch
from kalshi_desk.core.types import PRICE_SCALE
from kalshi_desk.desk.frames import Row
from kalshi_desk.desk.service_frames import FeedRow, MatchView, NewsRow, ReaderRow
from kalshi_desk.engine.rows import full_title
from kalshi_desk.engine.state import CoreState
from kalshi_desk.market.live import LiveMarket
from kalshi_desk.market.news_log import first_score
from kalshi_desk.quant.evidence import CAP
from kalshi_desk.strategies.news_proof import NEWS, Horizon, news_cell

SHOWN_ITEMS = 200
Made = tuple[object, ...]
SHOWN_HORIZON = Horizon.MINUTES_30
"""The horizon by whose effect a belief is shown, that of the strategy's default."""


def news_rows(state: CoreState, _rest: str) -> dict[str, Row]:
    """Return the newest items by their ids, oldest first; the same rows while nothing changes."""
    known = state.markets.news.known(state.now_ns)[-SHOWN_ITEMS:]
    measured = sum(map(len, state.observations.get(NEWS, {}).values()))
    made = state.news.rows
    state.news.rows = {item.item_id: _kept(state, item, measured, made) for item in known}
    return {item_id: row for item_id, (_, row) in state.news.rows.items()}


def _kept(
    state: CoreState, item: NewsItem, measured: int, made: dict[str, tuple[Made, NewsRow]]
) -> tuple[Made, NewsRow]:
    """Return a row with what it is made of, the last one where that is still the same."""
    by_ticker = state.markets.by_ticker
    lives = [by_ticker.get(match.ticker) for match in item.matches]
    of: Made = (
        measured,
        item,
        *((live.middle(), live.market) if live is not None else None for live in lives),
    )
    old = made.get(item.item_id)
    return old if old is not None and old[0] == of else (of, _row(state, item))


def feed_rows(state: CoreState, _rest: str) -> dict[str, Row]:
    """Return every feed by its name."""
    return {name: FeedRow(report=report) for name, report in state.markets.sources.feeds.items()}


def reader_rows(state: CoreState, _rest: str) -> dict[str, Row]:
    """Return the one row of the process that reads news, none where nobody says."""
    reader = state.markets.sources.reader
    return {} if reader is None else {"": ReaderRow(report=reader)}


def _row(state: CoreState, item: NewsItem) -> NewsRow:
    return NewsRow(
        item_id=item.item_id,
        feed=item.feed,
        tier=item.tier,
        title=item.title,
        summary=item.summary,
        link=item.link,
        published_ns=item.published_ns,
        first_seen_ns=item.first_seen_ns,
        cluster=item.cluster,
        copy=item.copy,
        sentiment=item.sentiment,
        confidence=item.confidence,
        scored_by=item.scored_by,
        label=item.label,
        # What a person said to be about something else is kept, and not shown.
        matches=tuple(
            _match(state, item, match)
            for match in item.matches
            if match.relevance > 0.0 or not match.by_person
        ),
    )


def _match(state: CoreState, item: NewsItem, match: NewsMatch) -> MatchView:
    live = state.markets.get(match.ticker)
    return MatchView(
        ticker=match.ticker,
        title=match.ticker if live is None else full_title(live),
        relevance=match.relevance,
        polarity=match.polarity,
        is_ambiguous=match.is_ambiguous,
        why=match.why,
        pre_price=match.pre_price,
        now_price=None if live is None else live.middle(),
        posterior=None if live is None else _posterior(state, item, match, live),
        by_person=match.by_person,
    )


def _posterior(
    state: CoreState, item: NewsItem, match: NewsMatch, live: LiveMarket
) -> float | None:
    """Return the belief after this story alone, when it was new, as measured so far.

    None where nothing was measured, the story says nothing sure, or no price before is known.
    """
    score = first_score(item, match)
    if not score or not match.pre_price:
        return None
    cell = news_cell(state.markets.category(live.market), item.tier, SHOWN_HORIZON)
    observations = state.observations.get(NEWS, {}).get(cell, ())
    effect = state.news.effect(cell, observations)
    if effect is None:
        return None
    before = match.pre_price / PRICE_SCALE
    odds = before / (1.0 - before) * exp(min(CAP, max(-CAP, effect * score)))
    return odds / (1.0 + odds)
