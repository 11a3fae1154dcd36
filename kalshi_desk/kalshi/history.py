"""The whole past in one call: live lists and historical ones joined at the exchange's cutoff."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from urllib.parse import quote

from kalshi_desk.core.errors import Refuse
from kalshi_desk.core.records import ExchangePosition, Fill, Market, Order, Trade
from kalshi_desk.kalshi import convert, convert_candles, wire, wire_history
from kalshi_desk.kalshi.answers import PageT, converted, present
from kalshi_desk.kalshi.models import Candle, Cutoff
from kalshi_desk.kalshi.rest import RestClient

MOST_CANDLES = 5_000
MOST_IN_BATCH = 10_000
MOST_TICKERS = 100
_PAGE = 1_000
_MINUTE_S = 60
_SECOND_NS = 1_000_000_000


class History:
    """Reads across the cutoff; times are Unix seconds.  Every method raises ``DeskError``."""

    def __init__(self, rest: RestClient) -> None:
        self._rest = rest
        self._answers = rest.answers

    async def cutoff(self) -> Cutoff:
        """Return where the live lists end; an exchange without historical lists has no end."""
        try:
            body = await self._answers.get("/historical/cutoff", wire_history.CutoffBody)
        except Refuse:
            return Cutoff()
        return Cutoff(
            markets_ns=convert.time_ns(body.market_settled_ts),
            trades_ns=convert.time_ns(body.trades_created_ts),
            orders_ns=convert.time_ns(body.orders_updated_ts),
            positions_ns=convert.time_ns(body.market_positions_last_updated_ts),
        )

    # Candlesticks.

    async def candles(
        self, series_ticker: str, ticker: str, start_s: int, end_s: int, period_min: int = 1
    ) -> list[Candle]:
        """Return the candlesticks of a market, wherever they are kept, oldest first.

        ``period_min`` is 1, 60 or 1440.  Longer ranges than one answer holds are read in parts.
        """
        market = quote(ticker, safe="")
        live = f"/series/{quote(series_ticker, safe='')}/markets/{market}/candlesticks"
        try:
            return await self._in_parts(live, start_s, end_s, period_min)
        except Refuse as refusal:
            if refusal.code != "not_found":
                raise
        old = f"/historical/markets/{market}/candlesticks"
        return await self._in_parts(old, start_s, end_s, period_min)

    async def event_candles(
        self, series_ticker: str, event_ticker: str, start_s: int, end_s: int, period_min: int = 1
    ) -> dict[str, list[Candle]]:
        """Return the candlesticks of every market of an event, by ticker."""
        event = quote(event_ticker, safe="")
        path = f"/series/{quote(series_ticker, safe='')}/events/{event}/candlesticks"
        found: dict[str, dict[int, Candle]] = {}
        while True:
            params = _range(start_s, end_s, period_min)
            answer = await self._answers.get(path, wire_history.EventCandlesAnswer, params)
            tickers = answer.market_tickers or []
            for ticker, bodies in zip(tickers, answer.market_candlesticks or [], strict=False):
                rows = converted(convert_candles.candle, bodies)
                found.setdefault(ticker, {}).update((row.end_s, row) for row in rows)
            if not start_s < answer.adjusted_end_ts < end_s:
                return {ticker: _in_order(rows) for ticker, rows in found.items()}
            start_s = answer.adjusted_end_ts + 1

    async def batch_candles(
        self, tickers: Sequence[str], start_s: int, end_s: int, period_min: int = 1
    ) -> dict[str, list[Candle]]:
        """Return the candlesticks of many live markets, by ticker."""
        each = (end_s - start_s) // (period_min * _MINUTE_S) + 1
        size = max(min(MOST_TICKERS, MOST_IN_BATCH // max(each, 1)), 1)
        found: dict[str, list[Candle]] = {}
        for first in range(0, len(tickers), size):
            part = tickers[first : first + size]
            params = {**_range(start_s, end_s, period_min), "market_tickers": ",".join(part)}
            answer = await self._answers.get(
                "/markets/candlesticks", wire_history.BatchCandlesAnswer, params
            )
            for row in answer.markets or ():
                found[row.market_ticker] = converted(convert_candles.candle, row.candlesticks)
        return found

    async def _in_parts(self, path: str, start_s: int, end_s: int, period_min: int) -> list[Candle]:
        span_s = (MOST_CANDLES - 1) * period_min * _MINUTE_S
        found: dict[int, Candle] = {}
        for first in range(start_s, end_s + 1, span_s):
            params = _range(first, min(first + span_s, end_s), period_min)
            answer = await self._answers.get(path, wire_history.CandlesAnswer, params)
            rows = converted(convert_candles.candle, answer.candlesticks)
            found.update((row.end_s, row) for row in rows)
        return _in_order(found)

    # Lists.

    async def market(self, ticker: str) -> Market:
        """Read one market, settled long ago or not."""
        try:
            return await self._rest.market(ticker)
        except Refuse as refusal:
            if refusal.code != "not_found":
                raise
        path = f"/historical/markets/{quote(ticker, safe='')}"
        answer = await self._answers.get(path, wire.MarketAnswer)
        return converted(self._rest.terms.market, [answer.market])[0]

    async def trades(self, ticker: str, min_s: int, max_s: int | None = None) -> list[Trade]:
        """Return every public trade of a market since ``min_s``, newest first."""
        cutoff = await self.cutoff()
        params = present(ticker=ticker, min_ts=min_s, max_ts=max_s, limit=_PAGE)
        pages = await self._answers.pages("/markets/trades", wire.TradesPage, params)
        if min_s * _SECOND_NS < cutoff.trades_ns:
            pages += await self._old("/historical/trades", wire.TradesPage, params)
        bodies = [row for page in pages for row in page.trades or ()]
        found = {trade.trade_id: trade for trade in converted(convert.trade, bodies)}
        return sorted(found.values(), key=lambda trade: -trade.executed_ns)

    async def fills(self, min_s: int | None = None) -> list[Fill]:
        """Return every execution of the account since ``min_s``, newest first."""
        cutoff = await self.cutoff()
        params = self._rest.ours(min_ts=min_s, limit=_PAGE)
        live = self._rest.fills(min_ts=min_s)
        if (min_s or 0) * _SECOND_NS >= cutoff.trades_ns:
            return await live
        recent, pages = await asyncio.gather(
            live, self._old("/historical/fills", wire.FillsPage, params)
        )
        old = converted(convert.fill, [row for page in pages for row in page.fills or ()])
        found = {(fill.trade_id, fill.order_id): fill for fill in [*old, *recent]}
        return sorted(found.values(), key=lambda fill: -fill.executed_ns)

    async def orders(self, min_s: int | None = None) -> list[Order]:
        """Return every order of the account placed since ``min_s``; the live one wins."""
        recent, old = await asyncio.gather(
            self._rest.orders(min_ts=min_s), self.archived_orders(min_s)
        )
        return list({order.order_id: order for order in [*old, *recent]}.values())

    async def archived_orders(
        self, min_s: int | None = None, *, ticker: str | None = None
    ) -> list[Order]:
        """Return the orders that the live list has forgotten already."""
        if (min_s or 0) * _SECOND_NS >= (await self.cutoff()).orders_ns:
            return []
        params = self._rest.ours(min_ts=min_s, ticker=ticker, limit=_PAGE)
        pages = await self._old("/historical/orders", wire.OrdersPage, params)
        return converted(convert.order, [row for page in pages for row in page.orders or ()])

    async def settled_positions(self) -> list[ExchangePosition]:
        """Return the settled positions of the account, recent and old."""
        params = self._rest.ours(limit=_PAGE)
        recent, old = await asyncio.gather(
            self._answers.pages(
                "/portfolio/positions",
                wire.PositionsPage,
                {**params, "settlement_status": "settled"},
            ),
            self._old("/historical/positions", wire.PositionsPage, params),
        )
        bodies = [row for page in [*old, *recent] for row in page.market_positions or ()]
        found = {row.ticker: row for row in converted(convert.position, bodies)}
        return list(found.values())

    async def _old(self, path: str, kind: type[PageT], params: dict[str, str | int]) -> list[PageT]:
        """Read a historical list; where there is nothing old, it may not be there at all."""
        try:
            return await self._answers.pages(path, kind, params)
        except Refuse as refusal:
            if refusal.code != "not_found":
                raise
            return []


def _range(start_s: int, end_s: int, period_min: int) -> dict[str, str | int]:
    return {"start_ts": start_s, "end_ts": end_s, "period_interval": period_min}


def _in_order(found: dict[int, Candle]) -> list[Candle]:
    return [found[end_s] for end_s in sorted(found)]
