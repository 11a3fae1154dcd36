"""Public reads: exchange status, series, events, markets, books, trades and candlesticks."""

from __future__ import annotations

from heapq import merge
from itertools import islice
from typing import Any

from starlette.routing import Route

from kalshi_desk.exchange import history, wire
from kalshi_desk.exchange.buckets import DEFAULT_COST, ENDPOINT_COSTS
from kalshi_desk.exchange.calendar import SECOND_NS, rfc3339
from kalshi_desk.exchange.host import Host
from kalshi_desk.exchange.records import Event, Market, Trade
from kalshi_desk.exchange.refusals import bad_query, not_found
from kalshi_desk.exchange.rest_support import (
    Answer,
    Call,
    Handler,
    from_cursor,
    page,
    route,
    to_cursor,
)

_STATUS_FILTERS: dict[str, set[str]] = {
    "unopened": {"initialized"},
    "open": {"active"},
    "paused": {"inactive"},
    "closed": {"closed", "determined", "disputed", "amended"},
    "settled": {"finalized"},
}
_PERIODS = {1, 60, 1440}
_MOST_CANDLES = 5_000


def routes(host: Host) -> list[Route]:
    """Return the public routes."""
    table: tuple[tuple[str, Handler], ...] = (
        ("/exchange/status", _status),
        ("/exchange/schedule", _schedule),
        ("/exchange/user_data_timestamp", _user_data_timestamp),
        ("/series/fee_changes", lambda call: (200, {"series_fee_change_arr": []})),
        ("/events/fee_changes", lambda call: (200, {"event_fee_changes": [], "cursor": ""})),
        ("/series", _series_list),
        ("/series/{series}", _series),
        ("/series/{series}/markets/{ticker}/candlesticks", _candlesticks),
        ("/events", _events),
        ("/events/{ticker}", _event),
        ("/markets", _markets),
        ("/markets/trades", _trades),
        ("/markets/orderbooks", _orderbooks),
        ("/markets/candlesticks", _batch_candlesticks),
        ("/markets/{ticker}", _market),
        ("/markets/{ticker}/orderbook", _orderbook),
        ("/account/endpoint_costs", _endpoint_costs),
        ("/historical/cutoff", _cutoff),
    )
    return [route(host, "GET", path, handler) for path, handler in table]


def _status(call: Call) -> Answer:
    engine = call.host.venue.engine
    return 200, {
        "exchange_active": engine.exchange_active,
        "trading_active": engine.trading_active and engine.exchange_active,
    }


def _schedule(call: Call) -> Answer:
    day = [{"close_time": "00:00", "open_time": "00:00"}]
    names = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    week: dict[str, Any] = dict.fromkeys(names, day)
    week["start_time"] = "2026-01-01T05:00:00Z"
    week["end_time"] = "2100-01-01T05:00:00Z"
    return 200, {"schedule": {"maintenance_windows": [], "standard_hours": [week]}}


def _user_data_timestamp(call: Call) -> Answer:
    return 200, {"as_of_time": rfc3339(call.host.clock.now_ns())}


def _cutoff(call: Call) -> Answer:
    start = rfc3339(call.host.venue.origin_ns - 90 * 86_400 * SECOND_NS)
    names = (
        "market_settled_ts",
        "trades_created_ts",
        "orders_updated_ts",
        "market_positions_last_updated_ts",
    )
    return 200, dict.fromkeys(names, start)


def _endpoint_costs(call: Call) -> Answer:
    return 200, {
        "default_cost": DEFAULT_COST,
        "endpoint_costs": [
            {"cost": cost, "method": method, "path": path} for method, path, cost in ENDPOINT_COSTS
        ],
    }


def _series_list(call: Call) -> Answer:
    category = call.text("category")
    return 200, {
        "series": [
            wire.series_json(series)
            for series in call.host.venue.series.values()
            if not category or series.category == category
        ]
    }


def _series(call: Call) -> Answer:
    series = call.host.venue.series.get(call.path("series"))
    if series is None:
        raise not_found()
    return 200, {"series": wire.series_json(series)}


# -- events -----------------------------------------------------------------------------


def _event_with_markets(call: Call, event: Event) -> dict[str, Any]:
    found = wire.event_json(event, call.host.venue.series[event.series_ticker])
    markets = call.host.venue.engine.markets
    found["markets"] = [_json(call, markets[t]) for t in event.markets if t in markets]
    return found


def _events(call: Call) -> Answer:
    venue = call.host.venue
    wanted = _status_filter(call)
    series = call.text("series_ticker")
    chosen = [
        event
        for event in venue.events.values()
        if (not series or event.series_ticker == series)
        and (
            wanted is None
            or any(venue.engine.markets[ticker].status in wanted for ticker in event.markets)
        )
    ]
    items, cursor = page(chosen, call, 200, 200)
    if call.flag("with_nested_markets"):
        return 200, {"cursor": cursor, "events": [_event_with_markets(call, e) for e in items]}
    events = [wire.event_json(event, venue.series[event.series_ticker]) for event in items]
    return 200, {"cursor": cursor, "events": events}


def _event(call: Call) -> Answer:
    event = call.host.venue.events.get(call.path("ticker"))
    if event is None:
        raise not_found()
    found = _event_with_markets(call, event)
    if call.flag("with_nested_markets"):
        return 200, {"event": found}
    markets = found.pop("markets")
    return 200, {"event": found, "markets": markets}


# -- markets ----------------------------------------------------------------------------


def _json(call: Call, market: Market) -> dict[str, Any]:
    host = call.host
    return wire.market_json(market, host.venue.engine.books[market.ticker], host.clock.now_ns())


def _status_filter(call: Call) -> set[str] | None:
    text = call.text("status")
    if not text:
        return None
    if text not in _STATUS_FILTERS:
        raise bad_query(f"invalid status filter {text!r}")
    return _STATUS_FILTERS[text]


def _find_market(call: Call) -> Market:
    market = call.host.venue.engine.markets.get(call.path("ticker"))
    if market is None:
        raise not_found()
    return market


def _markets(call: Call) -> Answer:
    wanted = _status_filter(call)
    event, series = call.text("event_ticker"), call.text("series_ticker")
    tickers = {ticker for ticker in call.text("tickers").split(",") if ticker}
    closes_after = call.number("min_close_ts", 0) * SECOND_NS
    closes_before = call.number("max_close_ts", 0) * SECOND_NS
    chosen = [
        market
        for market in call.host.venue.engine.markets.values()
        if (wanted is None or market.status in wanted)
        and (not event or market.event_ticker == event)
        and (not series or market.series_ticker == series)
        and (not tickers or market.ticker in tickers)
        and (not closes_after or market.close_ns >= closes_after)
        and (not closes_before or market.close_ns <= closes_before)
    ]
    items, cursor = page(chosen, call, 100, 1_000)
    return 200, {"cursor": cursor, "markets": [_json(call, market) for market in items]}


def _market(call: Call) -> Answer:
    return 200, {"market": _json(call, _find_market(call))}


def _orderbook(call: Call) -> Answer:
    market = _find_market(call)
    depth = call.number("depth", 0)
    if not 0 <= depth <= 100:
        raise bad_query("depth must be between 0 and 100")
    book = call.host.venue.engine.books[market.ticker]
    return 200, {"orderbook_fp": wire.book_json(book, depth)}


def _orderbooks(call: Call) -> Answer:
    tickers = call.request.query_params.getlist("tickers")
    if not 1 <= len(tickers) <= 100:
        raise bad_query("tickers must hold between 1 and 100 values")
    books = call.host.venue.engine.books
    return 200, {
        "orderbooks": [
            {"orderbook_fp": wire.book_json(books[ticker], 0), "ticker": ticker}
            for ticker in tickers
            if ticker in books
        ]
    }


def _trades(call: Call) -> Answer:
    """Return prints newest first; a cursor is the number of the last trade shown."""
    venue = call.host.venue
    limit = call.limit(100, 1_000)
    before = from_cursor(call.text("cursor"))
    ticker = call.text("ticker")
    since = call.number("min_ts", 0) * SECOND_NS
    until = call.number("max_ts", 0) * SECOND_NS
    markets = venue.engine.markets
    chosen = [markets[ticker]] if ticker in markets else [] if ticker else list(markets.values())

    def prints(market: Market) -> list[tuple[int, str, Trade]]:
        return [
            (-trade.number, market.ticker, trade)
            for trade in reversed(market.trades)
            if (before is None or trade.number < before)
            and trade.ts_ns >= since
            and (not until or trade.ts_ns <= until)
        ]

    rows = list(islice(merge(*(prints(market) for market in chosen)), limit + 1))
    shown = rows[:limit]
    return 200, {
        "cursor": to_cursor(shown[-1][2].number) if len(rows) > limit else "",
        "trades": [wire.trade_json(venue, name, trade) for _, name, trade in shown],
    }


# -- candlesticks -----------------------------------------------------------------------


def _candles_of(market: Market, call: Call) -> list[dict[str, Any]]:
    period = call.number("period_interval", 1)
    if period not in _PERIODS:
        raise bad_query("period_interval must be 1, 60 or 1440")
    start, end = call.number("start_ts", 0), call.number("end_ts", 1 << 40)
    source = market.minutes if period == 1 else market.hours
    candles = history.merge(source, period * 60) if period == 1440 else source
    found: list[dict[str, Any]] = []
    previous = 0
    for candle in candles:
        if start <= candle[0] <= end:
            found.append(wire.candle_json(candle, previous))
        if candle[14]:
            previous = candle[12]
    return found[-_MOST_CANDLES:]


def _candlesticks(call: Call) -> Answer:
    market = _find_market(call)
    if market.series_ticker != call.path("series"):
        raise not_found()
    return 200, {"candlesticks": _candles_of(market, call), "ticker": market.ticker}


def _batch_candlesticks(call: Call) -> Answer:
    tickers = [ticker for ticker in call.text("market_tickers").split(",") if ticker]
    if not 1 <= len(tickers) <= 100:
        raise bad_query("market_tickers must hold between 1 and 100 values")
    markets = call.host.venue.engine.markets
    return 200, {
        "markets": [
            {"candlesticks": _candles_of(markets[ticker], call), "market_ticker": ticker}
            for ticker in tickers
            if ticker in markets
        ]
    }
