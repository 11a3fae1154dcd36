"""The desk's list of markets: read once, then kept up as markets appear, open and close."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable, Sequence

from kalshi_desk.core.errors import Refuse
from kalshi_desk.core.events import MarketsListed
from kalshi_desk.core.ports import Clock
from kalshi_desk.core.records import Event, Market
from kalshi_desk.core.types import MarketStatus
from kalshi_desk.kalshi.rest import RestClient
from kalshi_desk.kalshi.translate import MarketChanged

_SINGLE_READS = 20
_LATE_NS = 300_000_000
_AGAIN_NS = 1_000_000_000
_TRIES = 8


class Listing:
    """Markets with their events and fee rules, of all series or of those named.

    Openings and closings by the clock send no message, so the listing keeps a calendar
    of them and reads those markets again just after.
    """

    def __init__(self, rest: RestClient, clock: Clock, series: Sequence[str] = ()) -> None:
        self._rest = rest
        self._clock = clock
        self._series = tuple(series)
        self._known: dict[str, Market] = {}
        self._calendar: list[tuple[int, str]] = []
        self._tries: dict[str, int] = {}

    async def read_all(self) -> MarketsListed:
        """Read all open events and markets and the series behind them."""
        events: list[Event] = []
        for series_ticker in self._series or (None,):
            events += await self._rest.events(status="open", series_ticker=series_ticker)
        await self._read_series({event.series_ticker for event in events})
        markets: list[Market] = []
        for series_ticker in self._series or (None,):
            markets += await self._rest.markets(status="open", series_ticker=series_ticker)
        more = await self._read_events_of(markets)
        if more:
            markets = await self._rest.markets(tickers=[market.ticker for market in markets])
        self._learn(markets)
        described = [
            self._rest.terms.event(self._rest.terms.events[e.event_ticker])
            for e in (*events, *more)
        ]
        return MarketsListed(tuple(markets), tuple(described))

    async def read(self, tickers: Sequence[str]) -> MarketsListed | None:
        """Read some markets, and their events and series where they are new."""
        markets = await self._rest.markets(tickers=tickers)
        events = await self._read_events_of(markets)
        if events:
            markets = await self._rest.markets(tickers=tickers)
        self._learn(markets)
        for ticker in set(tickers) - {market.ticker for market in markets}:
            self._try_again(ticker)
        return MarketsListed(tuple(markets), tuple(events)) if markets else None

    def unknown(self, tickers: Iterable[str]) -> list[str]:
        """Return those tickers that were never described."""
        return sorted(set(tickers) - self._known.keys())

    def note_changed(self, change: MarketChanged) -> None:
        """Plan to read what the stream says has appeared or changed."""
        if change.everything:
            self.note_all(())
        elif change.event_ticker:
            self._rest.terms.events.pop(change.event_ticker, None)
            for market in list(self._known.values()):
                if market.event_ticker == change.event_ticker:
                    self._plan(market.ticker, 0)
        elif self._concerns_us(change.ticker):
            self._tries.pop(change.ticker, None)
            self._plan(change.ticker, 0)

    def note_all(self, first: Collection[str]) -> None:
        """Plan to read every known market again, some before the others."""
        for ticker in self._known:
            self._plan(ticker, 0 if ticker in first else 1)

    def take_due(self) -> list[str]:
        """Return the tickers to read now, at most one request's worth."""
        now_ns = self._clock.now_ns()
        due: set[str] = set()
        while self._calendar and self._calendar[0][0] <= now_ns and len(due) < 100:
            due.add(heapq.heappop(self._calendar)[1])
        return sorted(due)

    def put_back(self, tickers: Iterable[str]) -> None:
        """Plan tickers again whose reading failed."""
        for ticker in tickers:
            self._plan(ticker, self._clock.now_ns() + _AGAIN_NS)

    def _concerns_us(self, ticker: str) -> bool:
        if not self._series or ticker in self._known:
            return True
        return ticker.startswith(tuple(f"{series}-" for series in self._series))

    def _plan(self, ticker: str, at_ns: int) -> None:
        heapq.heappush(self._calendar, (at_ns, ticker))

    def _try_again(self, ticker: str) -> None:
        """A created market may be unknown to reads for a moment."""
        tries = self._tries.get(ticker, 0) + 1
        self._tries[ticker] = tries
        if tries < _TRIES:
            self._plan(ticker, self._clock.now_ns() + tries * _AGAIN_NS // 2)

    def _learn(self, markets: Iterable[Market]) -> None:
        now_ns = self._clock.now_ns()
        for market in markets:
            known = self._known.get(market.ticker)
            self._known[market.ticker] = market
            self._tries.pop(market.ticker, None)
            moments = {market.open_ns, market.close_ns}
            if known is not None:
                moments -= {known.open_ns, known.close_ns}
            for moment_ns in moments:
                if moment_ns > now_ns:
                    self._plan(market.ticker, moment_ns + _LATE_NS)
            is_late = (
                market.status is MarketStatus.INITIALIZED and 0 < market.open_ns <= now_ns
            ) or (market.status is MarketStatus.ACTIVE and 0 < market.close_ns <= now_ns)
            if is_late:
                self._plan(market.ticker, now_ns + _AGAIN_NS)

    async def _read_events_of(self, markets: Iterable[Market]) -> list[Event]:
        """Read the events that are not known yet, with their series."""
        terms = self._rest.terms
        missing = sorted({m.event_ticker for m in markets} - terms.events.keys() - {""})
        events: list[Event] = []
        for event_ticker in missing:
            try:
                events.append(await self._rest.event(event_ticker))
            except Refuse:
                continue
        await self._read_series({event.series_ticker for event in events})
        return events

    async def _read_series(self, tickers: set[str]) -> None:
        """Read series that are not known: one by one when few, else the whole list."""
        missing = sorted(tickers - self._rest.terms.series.keys() - {""})
        if len(missing) > _SINGLE_READS:
            await self._rest.all_series()
            return
        for ticker in missing:
            try:
                await self._rest.series(ticker)
            except Refuse:
                continue
