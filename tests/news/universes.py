"""Markets to compare news with: those that the practice exchange lists, and a few by hand."""

from __future__ import annotations

from functools import lru_cache
from random import Random

from kalshi_desk.core.news import NewsItem, Tier
from kalshi_desk.exchange import beliefs
from kalshi_desk.exchange.catalog import TEMPLATES
from kalshi_desk.exchange.listing import list_event
from kalshi_desk.news.reading import Reader
from kalshi_desk.news.texts import MarketText

START_NS = 1_795_834_800 * 1_000_000_000


@lru_cache(maxsize=1)
def practice() -> tuple[tuple[MarketText, ...], dict[str, str]]:
    """Return the practice exchange's markets, and the hidden value behind each."""
    drivers = beliefs.new_drivers(Random(7), START_NS)
    texts: list[MarketText] = []
    behind: dict[str, str] = {}
    for template in TEMPLATES:
        event, markets = list_event(template, drivers[template.driver], START_NS)
        for market in markets:
            behind[market.ticker] = template.driver
            texts.append(
                MarketText(
                    ticker=market.ticker,
                    event_ticker=event.ticker,
                    series_ticker=template.series,
                    category=template.category,
                    title=market.title,
                    subtitle=market.yes_sub_title,
                    rules=market.rules_primary,
                    close_ns=market.close_ns,
                )
            )
    return tuple(texts), behind


def market(ticker: str, title: str, subtitle: str = "", **more: object) -> MarketText:
    """Return a market whose event and series are the parts of its ticker."""
    parts = ticker.split("-")
    event = "-".join(parts[:2])
    return MarketText(
        ticker=ticker,
        event_ticker=event,
        series_ticker=parts[0],
        title=title,
        subtitle=subtitle,
        **more,  # type: ignore[arg-type]
    )


def story(title: str, summary: str = "", **more: object) -> NewsItem:
    """Return an item that nobody has read yet."""
    return NewsItem(
        item_id="n1",
        feed="wire",
        tier=Tier.PRESS,
        title=title,
        summary=summary,
        first_seen_ns=1,
        cluster="n1",
        **more,  # type: ignore[arg-type]
    )


def reader(*markets: MarketText) -> Reader:
    """Return a reader without a model that knows these markets."""
    made = Reader()
    made.set_universe(markets)
    return made


def way(item: NewsItem, ticker: str) -> float:
    """Return which way an item points for YES of a market, 0 where it refuses to say."""
    return sum(item.sentiment * one.polarity for one in item.matches if one.ticker == ticker)
