"""Candlesticks of a market, of many, of an event, and of markets that left the live tier."""

from __future__ import annotations

from typing import Any

from starlette.routing import Route

from kalshi_desk.exchange import cutoffs, history, wire
from kalshi_desk.exchange.host import Host
from kalshi_desk.exchange.records import Candle, Market
from kalshi_desk.exchange.refusals import bad_query, not_found
from kalshi_desk.exchange.rest_support import Answer, Call, route

_PERIODS = {1, 60, 1440}
_MOST_CANDLES = 5_000
_MOST_IN_BATCH = 10_000


def routes(host: Host) -> list[Route]:
    """Return the candlestick routes; all are public."""
    table = (
        ("/series/{series}/markets/{ticker}/candlesticks", _candlesticks),
        ("/series/{series}/events/{ticker}/candlesticks", _event_candlesticks),
        ("/markets/candlesticks", _batch_candlesticks),
        ("/historical/markets/{ticker}/candlesticks", _historical_candlesticks),
    )
    return [route(host, "GET", path, handler) for path, handler in table]


def _range(call: Call) -> tuple[int, int, int]:
    """Return start, end (Unix seconds) and period (minutes), all three of them required."""
    for name in ("start_ts", "end_ts", "period_interval"):
        if not call.text(name):
            raise bad_query(f"{name} is required")
    period = call.number("period_interval", 1)
    if period not in _PERIODS:
        raise bad_query("period_interval must be 1, 60 or 1440")
    return call.number("start_ts", 0), call.number("end_ts", 0), period


def _chosen(market: Market, call: Call) -> list[tuple[Candle, int]]:
    """Return the candles of a market within the range, each with the last price before it."""
    start, end, period = _range(call)
    source = market.minutes if period == 1 else market.hours
    candles = history.merge(source, period * 60) if period == 1440 else source
    found: list[tuple[Candle, int]] = []
    previous = before = 0
    for candle in candles:
        if candle[0] < start and candle[14]:
            before = candle[12]
        if start <= candle[0] <= end:
            found.append((candle, previous))
        if candle[14]:
            previous = candle[12]
    if call.flag("include_latest_before_start") and before:
        found.insert(0, (history.empty_candle(start), before))
    return found


def _live(market: Market, call: Call) -> list[dict[str, Any]]:
    return [wire.candle_json(candle, before) for candle, before in _chosen(market, call)]


def _market(call: Call, ticker: str, *, is_old: bool) -> Market:
    market = call.host.venue.engine.markets.get(ticker)
    if market is None or cutoffs.is_old_market(call.host, market) != is_old:
        raise not_found()
    return market


def _candlesticks(call: Call) -> Answer:
    market = _market(call, call.path("ticker"), is_old=False)
    if market.series_ticker != call.path("series"):
        raise not_found()
    found = _live(market, call)
    if len(found) > _MOST_CANDLES:
        raise bad_query(f"the range holds more than {_MOST_CANDLES} candlesticks")
    return 200, {"candlesticks": found, "ticker": market.ticker}


def _historical_candlesticks(call: Call) -> Answer:
    market = _market(call, call.path("ticker"), is_old=True)
    rows = [wire.old_candle_json(candle, before) for candle, before in _chosen(market, call)]
    return 200, {"candlesticks": rows, "ticker": market.ticker}


def _event_candlesticks(call: Call) -> Answer:
    """Return the candles of all markets of an event; a long range goes on at another end."""
    venue = call.host.venue
    event = venue.events.get(call.path("ticker"))
    if event is None or event.series_ticker != call.path("series"):
        raise not_found()
    markets = [venue.engine.markets[ticker] for ticker in event.markets]
    lists = [_live(market, call) for market in markets]
    _, end, _ = _range(call)
    most = _MOST_CANDLES // max(len(lists), 1)
    ends = [rows[most - 1]["end_period_ts"] for rows in lists if len(rows) > most]
    adjusted = min([end, *ends])
    return 200, {
        "adjusted_end_ts": adjusted,
        "market_candlesticks": [
            [row for row in rows if row["end_period_ts"] <= adjusted] for rows in lists
        ],
        "market_tickers": event.markets,
    }


def _batch_candlesticks(call: Call) -> Answer:
    tickers = [ticker for ticker in call.text("market_tickers").split(",") if ticker]
    if not 1 <= len(tickers) <= 100:
        raise bad_query("market_tickers must hold between 1 and 100 values")
    markets = call.host.venue.engine.markets
    rows = [
        {"candlesticks": _live(markets[ticker], call), "market_ticker": ticker}
        for ticker in tickers
        if ticker in markets
    ]
    if sum(len(row["candlesticks"]) for row in rows) > _MOST_IN_BATCH:
        raise bad_query(f"the range holds more than {_MOST_IN_BATCH} candlesticks")
    return 200, {"markets": rows}
