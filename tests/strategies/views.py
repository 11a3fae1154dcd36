"""Views for tests of strategies: markets with bars and books, and cells that prove something."""

from __future__ import annotations

import random
from collections.abc import Sequence
from decimal import Decimal

from kalshi_desk.core.news import FeedReport, NewsItem, ReaderReport
from kalshi_desk.core.records import Event, Market
from kalshi_desk.core.strategy import Bar, MarketSnapshot, MarketView, Observation
from kalshi_desk.core.types import Count, MarketStatus, Price

HOUR_NS = 3_600_000_000_000
NOW = 480_000 * HOUR_NS
QUIET = (4_000, 4_000, 4_050, 4_000, 4_000, 3_950, 4_000, 4_000, 4_050, 4_000, 4_000, 4_000)
BUSY = (4_000, 4_400, 3_900, 4_500, 4_100, 4_600, 4_000, 4_400, 3_900, 4_300, 4_000, 4_200)


def hours(closes: Sequence[int], last_volume: int = 1_000, end_ns: int = NOW) -> tuple[Bar, ...]:
    """Return complete hours that end at a time, each with 10 contracts but the last."""
    first_ns = end_ns - len(closes) * HOUR_NS
    return tuple(
        Bar(
            first_ns + n * HOUR_NS,
            Price(close),
            Price(close),
            Price(close),
            Price(close),
            Count(last_volume if n == len(closes) - 1 else 1_000),
            9,
        )
        for n, close in enumerate(closes)
    )


def snapshot(
    ticker: str,
    bid: int | None,
    ask: int | None,
    bars: tuple[Bar, ...] = (),
    *,
    event: str = "",
    category: str = "Politics",
    hours_left: float = 240.0,
    status: MarketStatus = MarketStatus.ACTIVE,
    fresh: bool = True,
    age_s: float = 1.0,
    strike: int | None = None,
) -> MarketSnapshot:
    """Return one market with ten contracts on each side."""
    return MarketSnapshot(
        market=Market(
            ticker=ticker,
            event_ticker=event or f"E-{ticker}",
            category=category,
            status=status,
            close_ns=NOW + round(hours_left * HOUR_NS),
            floor_strike=None if strike is None else Decimal(strike),
        ),
        bids=() if bid is None else ((Price(bid), Count(1_000)),),
        asks=() if ask is None else ((Price(ask), Count(1_000)),),
        updated_ns=NOW - round(age_s * 1e9),
        is_fresh=fresh,
        bars=bars,
    )


def view(
    *snapshots: MarketSnapshot,
    observations: Sequence[Observation] = (),
    now_ns: int = NOW + 60_000_000_000,
    events: Sequence[Event] = (),
    news: Sequence[NewsItem] = (),
    feeds: Sequence[FeedReport] = (),
    reader: ReaderReport | None = None,
) -> MarketView:
    """Return a view a minute after a full hour."""
    cells: dict[str, tuple[Observation, ...]] = {}
    for one in observations:
        cells[one.cell] = (*cells.get(one.cell, ()), one)
    return MarketView(
        now_ns=now_ns,
        markets={one.market.ticker: one for one in snapshots},
        events={event.event_ticker: event for event in events},
        observations=cells,
        news=tuple(news),
        feeds={feed.name: feed for feed in feeds},
        reader=reader,
    )


def cell(
    name: str, mean: float, sd: float, events: int, *, each: int = 1, strategy: str = "volatility"
) -> list[Observation]:
    """Return observations whose mean over events is exact, with about the given deviation."""
    rng = random.Random(7)
    values = [rng.gauss(0.0, sd) for _ in range(events)]
    shift = mean - sum(values) / len(values)
    return [
        Observation(
            strategy=strategy,
            cell=name,
            event_ticker=f"OLD{n}",
            value=value + shift,
            at_ns=n,
            source=f"OLD{n}-{k}",
        )
        for n, value in enumerate(values)
        for k in range(each)
    ]
