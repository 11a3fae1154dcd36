"""Views for strategies: what live markets look like as of one moment, frozen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from kalshi_desk.core.strategy import MarketSnapshot, MarketView, Observation, RelationGroup
from kalshi_desk.core.types import BookSide
from kalshi_desk.market.live import LiveMarket, LiveMarkets

DEPTH = 20
"""Levels of each side that a strategy sees."""


class Snapshots(Mapping[str, MarketSnapshot]):
    """Snapshots by ticker, each made when it is first looked at and then kept.

    It must not outlive the moment: nothing may change the markets while it is used.
    """

    def __init__(self, markets: LiveMarkets, now_ns: int) -> None:
        self._markets = markets
        self._now_ns = now_ns
        self._made: dict[str, MarketSnapshot] = {}

    def __getitem__(self, ticker: str) -> MarketSnapshot:
        found = self._made.get(ticker)
        if found is None:
            live = self._markets.by_ticker[ticker]
            found = self._made[ticker] = snapshot(live, self._now_ns)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._markets.by_ticker)

    def __len__(self) -> int:
        return len(self._markets.by_ticker)


def snapshot(live: LiveMarket, now_ns: int) -> MarketSnapshot:
    """Freeze one market as it stands."""
    book = live.book
    return MarketSnapshot(
        market=live.market,
        bids=tuple(book.levels(BookSide.BID, DEPTH)) if live.has_book else (),
        asks=tuple(book.levels(BookSide.ASK, DEPTH)) if live.has_book else (),
        updated_ns=book.updated_ns,
        is_fresh=live.is_fresh,
        last_price=live.last_price,
        volume=live.volume,
        bars=live.bars.shown(now_ns),
    )


def view_of(
    markets: LiveMarkets,
    now_ns: int,
    *,
    groups: tuple[RelationGroup, ...] = (),
    observations: Mapping[str, tuple[Observation, ...]] | None = None,
    since_ns: Mapping[str, int] | None = None,
) -> MarketView:
    """Return what a strategy may look at now."""
    return MarketView(
        now_ns=now_ns,
        markets=Snapshots(markets, now_ns),
        events=markets.events,
        groups=groups,
        observations=observations or {},
        since_ns=since_ns or {},
        news=markets.news.known(now_ns),
        feeds=markets.sources.feeds,
        reader=markets.sources.reader,
    )
