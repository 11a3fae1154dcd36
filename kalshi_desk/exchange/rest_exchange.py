"""Reads about the exchange itself: status, schedule, costs, fee changes, tags and cutoffs."""

from __future__ import annotations

from typing import Any

from starlette.routing import Route

from kalshi_desk.exchange import cutoffs, wire
from kalshi_desk.exchange.buckets import DEFAULT_COST, ENDPOINT_COSTS
from kalshi_desk.exchange.calendar import rfc3339
from kalshi_desk.exchange.host import Host
from kalshi_desk.exchange.records import FeeChange
from kalshi_desk.exchange.rest_support import Answer, Call, Handler, page, route
from kalshi_desk.exchange.shards import SHARDS


def routes(host: Host) -> list[Route]:
    """Return the routes about the exchange itself; all are public."""
    table: tuple[tuple[str, Handler], ...] = (
        ("/exchange/status", _status),
        ("/exchange/schedule", _schedule),
        ("/exchange/user_data_timestamp", _user_data_timestamp),
        ("/series/fee_changes", _series_fee_changes),
        ("/events/fee_changes", _event_fee_changes),
        ("/search/tags_by_categories", _tags),
        ("/account/endpoint_costs", _endpoint_costs),
        ("/historical/cutoff", _cutoff),
    )
    return [route(host, "GET", path, handler) for path, handler in table]


def _cutoff(call: Call) -> Answer:
    settled = rfc3339(cutoffs.markets_ns(call.host))
    return 200, {
        "market_positions_last_updated_ts": settled,
        "market_settled_ts": settled,
        "orders_updated_ts": rfc3339(cutoffs.orders_ns(call.host)),
        "trades_created_ts": settled,
    }


def _status(call: Call) -> Answer:
    engine = call.host.venue.engine
    found: dict[str, Any] = {
        "exchange_active": engine.exchange_active,
        "exchange_index_statuses": [
            {
                "description": description,
                "exchange_active": engine.exchange_active,
                "exchange_index": number,
                "intra_exchange_transfers_active": engine.exchange_active,
                "trading_active": engine.is_trading(number),
            }
            for number, description in SHARDS
        ],
        "intra_exchange_transfers_active": engine.exchange_active,
        "trading_active": engine.trading_active and engine.exchange_active,
    }
    halts = call.host.venue.halts
    if halts.in_maintenance:
        found["exchange_estimated_resume_time"] = rfc3339(max(end for _, end in halts.windows))
    return (200 if engine.exchange_active else 503), found


def _schedule(call: Call) -> Answer:
    day = [{"close_time": "00:00", "open_time": "00:00"}]
    names = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    week: dict[str, Any] = dict.fromkeys(names, day)
    week["start_time"] = "2026-01-01T05:00:00Z"
    week["end_time"] = "2100-01-01T05:00:00Z"
    windows = [
        {"end_datetime": rfc3339(end), "start_datetime": rfc3339(start)}
        for start, end in call.host.venue.halts.windows
    ]
    return 200, {"schedule": {"maintenance_windows": windows, "standard_hours": [week]}}


def _user_data_timestamp(call: Call) -> Answer:
    return 200, {"as_of_time": rfc3339(call.host.replicas.as_of_ns())}


def _tags(call: Call) -> Answer:
    found: dict[str, set[str]] = {}
    for series in call.host.venue.series.values():
        found.setdefault(series.category, set()).update(series.tags)
    return 200, {"tags_by_categories": {name: sorted(tags) or None for name, tags in found.items()}}


def _fee_changes(call: Call, *, of_events: bool) -> list[FeeChange]:
    venue = call.host.venue
    return [item for item in venue.tariffs.changes if bool(item.event_ticker) == of_events]


def _series_fee_changes(call: Call) -> Answer:
    series = call.text("series_ticker")
    return 200, {
        "series_fee_change_arr": [
            {
                "fee_multiplier": wire.plain_number(item.fee_multiplier or 1),
                "fee_type": item.fee_type,
                "id": call.host.venue.change_id(item.number),
                "scheduled_ts": rfc3339(item.at_ns),
                "series_ticker": item.series_ticker,
            }
            for item in _fee_changes(call, of_events=False)
            if (not series or item.series_ticker == series)
            and (call.flag("show_historical") or not item.is_done)
        ]
    }


def _event_fee_changes(call: Call) -> Answer:
    event = call.text("event_ticker")
    rows = [
        {
            "event_ticker": item.event_ticker,
            "fee_multiplier_override": item.fee_multiplier,
            "fee_type_override": item.fee_type,
            "id": call.host.venue.change_id(item.number),
            "scheduled_ts": rfc3339(item.at_ns),
            "series_ticker": item.series_ticker,
        }
        for item in _fee_changes(call, of_events=True)
        if item.fee_type and (not event or item.event_ticker == event)
    ]
    items, cursor = page(rows, call, 100, 1_000)
    return 200, {"cursor": cursor, "event_fee_changes": items}


def _endpoint_costs(call: Call) -> Answer:
    return 200, {
        "default_cost": DEFAULT_COST,
        "endpoint_costs": [
            {"cost": cost, "method": method, "path": path} for method, path, cost in ENDPOINT_COSTS
        ],
    }
