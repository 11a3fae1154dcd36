"""Answers what the Markets screen asks, by the engine's own list over the scripted markets."""

from __future__ import annotations

from collections.abc import Mapping

from kalshi_desk.core.events import BookSnapshot, MarketsListed, TickerChanged
from kalshi_desk.core.records import Event, Market
from kalshi_desk.core.types import Count, Price
from kalshi_desk.desk.frames import MarketRow
from kalshi_desk.desk.service import AskMarkets, MarketsPage
from kalshi_desk.engine.market_list import MarketList
from kalshi_desk.engine.state import CoreSettings, CoreState

EXCLUSIVE = ("KXOSCARPIC", "KXHIGHNY", "KXHIGHCHI", "KXHOUSE", "KXNFLGAME")
EVENT_TITLES = {
    "KXFED": "Fed decision in December",
    "KXOSCARPIC": "Best Picture",
    "KXHIGHNY": "Highest temperature in NYC on Nov 23",
}


class ScriptedMarkets:
    """The list of markets behind the scripted links; ``beyond`` are those not followed."""

    def __init__(self, now_ns: int) -> None:
        self.state = CoreState(CoreSettings())
        self.state.now_ns = now_ns
        self.beyond: dict[str, Market] = {}
        self.note = ""
        self.list = MarketList(self.state, lambda: self.beyond, lambda: self.note)
        self._rows: dict[str, MarketRow] = {}
        self.asked: list[AskMarkets] = []

    def answer(self, rows: Mapping[str, MarketRow], ask: AskMarkets) -> MarketsPage:
        """Answer from these rows."""
        self.asked.append(ask)
        new = [row for ticker, row in rows.items() if self._rows.get(ticker) is not row]
        self._rows.update(rows)
        self._tell(new)
        page = self.list.page(ask)
        own = {row.ticker: row for row in page.rows}
        own.update((ticker, rows[ticker]) for ticker in own if ticker in rows)
        return MarketsPage(
            total=page.total,
            rows=tuple(own.values()),
            branches=page.branches,
            note=page.note,
            offset=page.offset,
            ordered_ns=page.ordered_ns,
            beyond=page.beyond,
        )

    def _tell(self, rows: list[MarketRow]) -> None:
        state = self.state
        markets, events = [], {}
        for row in rows:
            series = row.event_ticker.partition("-")[0]
            excludes = series in EXCLUSIVE
            events[row.event_ticker] = Event(
                event_ticker=row.event_ticker,
                series_ticker=series,
                title=EVENT_TITLES.get(series, row.title),
                category=row.category,
                mutually_exclusive=excludes,
            )
            markets.append(
                Market(
                    ticker=row.ticker,
                    event_ticker=row.event_ticker,
                    series_ticker=series,
                    title=row.title,
                    subtitle=row.subtitle,
                    category=row.category,
                    status=row.status,
                    close_ns=row.close_ns,
                    volume=row.volume,
                    previous_price=Price((row.last_price or 0) - (row.change or 0)),
                    rules=f"Resolves by the official source. {row.ticker}",
                    mutually_exclusive=excludes,
                )
            )
            (state.starred.add if row.is_starred else state.starred.discard)(row.ticker)
        state.markets.apply(MarketsListed(tuple(markets), tuple(events.values())), state.now_ns)
        for row in rows:
            state.markets.apply(
                TickerChanged(row.ticker, row.last_price, row.volume, Count(0)), state.now_ns
            )
            bids = () if row.yes_bid is None else ((row.yes_bid, row.yes_bid_size),)
            asks = () if row.yes_ask is None else ((row.yes_ask, row.yes_ask_size),)
            state.markets.apply(BookSnapshot(row.ticker, bids, asks), state.now_ns)
