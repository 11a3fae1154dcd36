"""Public reads: series, events, markets, books and trades of the live tier and the older one."""

from __future__ import annotations

from collections.abc import Callable
from heapq import merge
from itertools import islice
from typing import Any

from starlette.routing import Route

from kalshi_desk.exchange import cutoffs, wire
from kalshi_desk.exchange.amounts import count_text
from kalshi_desk.exchange.calendar import SECOND_NS
from kalshi_desk.exchange.host import Host
from kalshi_desk.exchange.records import Event, Market, Series, Trade
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

_TIME_FILTERS: dict[str, tuple[str, set[str]]] = {
    "created": ("created_ns", {"", "unopened", "open"}),
    "close": ("close_ns", {"", "closed"}),
    "settled": ("settled_ns", {"", "settled"}),
    "updated": ("updated_ns", {""}),
}
"""Time filter to the record's field, and the status filters it goes with."""
_STATUS_FILTERS: dict[str, set[str]] = {
    "unopened": {"initialized"},
    "open": {"active"},
    "paused": {"inactive"},
    "closed": {"closed", "determined", "disputed", "amended"},
    "settled": {"finalized"},
}


def routes(host: Host) -> list[Route]:
    """Return the public routes about what is traded."""
    table: tuple[tuple[str, Handler], ...] = (
        ("/series", _series_list),
        ("/series/{series}", _series),
        ("/events", _events),
        ("/events/multivariate", _combo_events),
        ("/events/{ticker}", _event),
        ("/markets", _markets),
        ("/markets/trades", _trades),
        ("/markets/orderbooks", _orderbooks),
        ("/markets/{ticker}", _market),
        ("/markets/{ticker}/orderbook", _orderbook),
        ("/historical/markets", _old_markets),
        ("/historical/markets/{ticker}", _old_market),
        ("/historical/trades", _old_trades),
    )
    return [route(host, "GET", path, handler) for path, handler in table]


def _series_json(call: Call, series: Series) -> dict[str, Any]:
    venue = call.host.venue
    found = wire.series_json(series, venue.rules)
    if call.flag("include_volume"):
        volumes = [
            market.volume
            for market in venue.engine.markets.values()
            if market.series_ticker == series.ticker
        ]
        found["volume_fp"] = count_text(sum(volumes))
    return found


def _series_list(call: Call) -> Answer:
    category = call.text("category")
    tags = {tag for tag in call.text("tags").split(",") if tag}
    updated_after = call.number("min_updated_ts", 0) * SECOND_NS
    return 200, {
        "series": [
            _series_json(call, series)
            for series in call.host.venue.series.values()
            if (not category or series.category == category)
            and (not tags or not tags.isdisjoint(series.tags))
            and _updated_ns(call, series) >= updated_after
        ]
    }


def _updated_ns(call: Call, series: Series) -> int:
    """Return when a series last changed: only its fees ever do."""
    venue = call.host.venue
    changes = [
        change.at_ns
        for change in venue.tariffs.changes
        if change.is_done and change.series_ticker == series.ticker and not change.event_ticker
    ]
    return max(changes, default=venue.origin_ns)


def _series(call: Call) -> Answer:
    series = call.host.venue.series.get(call.path("series"))
    if series is None:
        raise not_found()
    return 200, {"series": _series_json(call, series)}


# -- events -----------------------------------------------------------------------------


def _event_with_markets(call: Call, event: Event) -> dict[str, Any]:
    found = wire.event_json(
        event, call.host.venue.series[event.series_ticker], call.host.venue.rules
    )
    markets = call.host.venue.engine.markets
    found["markets"] = [
        _json(call, markets[ticker])
        for ticker in event.markets
        if ticker in markets and not cutoffs.is_old_market(call.host, markets[ticker])
    ]
    return found


def _events(call: Call) -> Answer:
    venue = call.host.venue
    wanted = _status_filter(call)
    series = call.text("series_ticker")
    tickers = {ticker for ticker in call.text("tickers").split(",") if ticker}
    closes_after = call.number("min_close_ts", 0) * SECOND_NS
    updated_after = call.number("min_updated_ts", 0) * SECOND_NS
    chosen = [
        event
        for event in venue.events.values()
        if (not series or event.series_ticker == series)
        and (not tickers or event.ticker in tickers)
        and event.updated_ns >= updated_after
        and (
            not closes_after
            or any(venue.engine.markets[t].close_ns >= closes_after for t in event.markets)
        )
        and (
            wanted is None
            or any(venue.engine.markets[ticker].status in wanted for ticker in event.markets)
        )
    ]
    items, cursor = page(chosen, call, 200, 200)
    if call.flag("with_nested_markets"):
        return 200, {"cursor": cursor, "events": [_event_with_markets(call, e) for e in items]}
    events = [
        wire.event_json(event, venue.series[event.series_ticker], venue.rules) for event in items
    ]
    return 200, {"cursor": cursor, "events": events}


def _combo_events(call: Call) -> Answer:
    """Return no combos: nobody makes any here."""
    call.limit(100, 200)
    return 200, {"cursor": "", "events": []}


def _event(call: Call) -> Answer:
    event = call.host.venue.events.get(call.path("ticker"))
    if event is None:
        raise not_found()
    found = _event_with_markets(call, event)
    if call.flag("with_nested_markets"):
        return 200, {"event": found, "markets": found["markets"]}
    markets = found.pop("markets")
    if call.flag("exclude_markets"):
        return 200, {"event": found, "markets": []}
    return 200, {"event": found, "markets": markets}


# -- markets ----------------------------------------------------------------------------


def _json(call: Call, market: Market) -> dict[str, Any]:
    host = call.host
    book = host.venue.engine.books[market.ticker]
    return wire.market_json(market, book, host.clock.now_ns(), host.venue.rules)


def _status_filter(call: Call) -> set[str] | None:
    text = call.text("status")
    if not text:
        return None
    if text not in _STATUS_FILTERS:
        raise bad_query(f"invalid status filter {text!r}")
    wanted = _STATUS_FILTERS[text]
    if text == "open" and call.host.venue.rules.open_includes_inactive:
        return wanted | {"inactive"}
    return wanted


def _find_market(call: Call, *, is_old: bool = False) -> Market:
    market = call.host.venue.engine.markets.get(call.path("ticker"))
    if (
        market is None
        or cutoffs.is_old_market(call.host, market) != is_old
        or not cutoffs.is_readable(call.host, market)
    ):
        raise not_found()
    return market


def _time_filter(call: Call) -> Callable[[Market], bool]:
    """Return the one time filter of a request; raises the 400 for two, or a wrong status."""
    named = [
        name for name in _TIME_FILTERS if call.text(f"min_{name}_ts") or call.text(f"max_{name}_ts")
    ]
    if len(named) > 1:
        raise bad_query(f"timestamp filters exclude each other: {', '.join(named)}")
    if not named:
        return lambda market: True
    field, statuses = _TIME_FILTERS[named[0]]
    if call.text("status") not in statuses:
        raise bad_query(f"the {named[0]} filter does not go with this status")
    if named[0] == "updated" and call.text("mve_filter") != "exclude":
        raise bad_query("the updated filter requires mve_filter=exclude")
    after = call.number(f"min_{named[0]}_ts", 0) * SECOND_NS
    before = call.number(f"max_{named[0]}_ts", 1 << 33) * SECOND_NS
    return lambda market: after <= getattr(market, field) <= before


def _chosen(call: Call, *, is_old: bool) -> list[Market]:
    wanted = _status_filter(call)
    event, series = call.text("event_ticker"), call.text("series_ticker")
    tickers = {ticker for ticker in call.text("tickers").split(",") if ticker}
    fits = _time_filter(call)
    if call.text("mve_filter") == "only":
        return []
    return [
        market
        for market in call.host.venue.engine.markets.values()
        if (wanted is None or market.status in wanted)
        and (not event or market.event_ticker == event)
        and (not series or market.series_ticker == series)
        and (not tickers or market.ticker in tickers)
        and fits(market)
        and cutoffs.is_old_market(call.host, market) == is_old
        and cutoffs.is_readable(call.host, market)
    ]


def _markets(call: Call) -> Answer:
    items, cursor = page(_chosen(call, is_old=False), call, 100, 1_000)
    return 200, {"cursor": cursor, "markets": [_json(call, market) for market in items]}


def _old_markets(call: Call) -> Answer:
    items, cursor = page(_chosen(call, is_old=True), call, 100, 1_000)
    return 200, {"cursor": cursor, "markets": [_json(call, market) for market in items]}


def _market(call: Call) -> Answer:
    return 200, {"market": _json(call, _find_market(call))}


def _old_market(call: Call) -> Answer:
    return 200, {"market": _json(call, _find_market(call, is_old=True))}


def _orderbook(call: Call) -> Answer:
    market = _find_market(call)
    depth = call.number("depth", 0)
    if not 0 <= depth <= 100:
        raise bad_query("depth must be between 0 and 100")
    book = call.host.venue.engine.books[market.ticker]
    return 200, {"orderbook_fp": wire.book_json(book, depth, call.host.venue.rules)}


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
    """Return prints of the live tier."""
    return _prints(call, after_ns=cutoffs.markets_ns(call.host))


def _old_trades(call: Call) -> Answer:
    """Return prints that have left the live tier."""
    return _prints(call, before_ns=cutoffs.markets_ns(call.host))


def _prints(call: Call, *, after_ns: int = 0, before_ns: int = 0) -> Answer:
    """Return prints newest first; a cursor is the number of the last trade shown."""
    venue = call.host.venue
    limit = call.limit(100, 1_000)
    seen = from_cursor(call.text("cursor"))
    ticker = call.text("ticker")
    since = max(call.number("min_ts", 0) * SECOND_NS, after_ns)
    until = min(call.number("max_ts", 1 << 33) * SECOND_NS, before_ns or 1 << 63)
    markets = venue.engine.markets
    chosen = [markets[ticker]] if ticker in markets else [] if ticker else list(markets.values())
    if call.flag("is_block_trade"):
        chosen = []

    def prints(market: Market) -> list[tuple[int, str, Trade]]:
        return [
            (-trade.number, market.ticker, trade)
            for trade in reversed(market.trades)
            if (seen is None or trade.number < seen) and since <= trade.ts_ns <= until
        ]

    rows = list(islice(merge(*(prints(market) for market in chosen)), limit + 1))
    shown = rows[:limit]
    return 200, {
        "cursor": to_cursor(shown[-1][2].number) if len(rows) > limit else "",
        "trades": [wire.trade_json(venue, name, trade) for _, name, trade in shown],
    }
