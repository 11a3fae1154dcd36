"""Private reads: limits, balance, positions, fills, settlements, orders and queue positions."""

from __future__ import annotations

from typing import Any

from starlette.routing import Route

from kalshi_desk.exchange import wire
from kalshi_desk.exchange.amounts import count_text
from kalshi_desk.exchange.buckets import DEFAULT_COST, ORDER_READ_COST
from kalshi_desk.exchange.calendar import SECOND_NS
from kalshi_desk.exchange.host import Host
from kalshi_desk.exchange.records import Account, Order, Position
from kalshi_desk.exchange.refusals import bad_query, not_found
from kalshi_desk.exchange.rest_support import Answer, Call, Handler, newest_page, page, route

_STATUSES = {"resting", "canceled", "executed"}


def routes(host: Host) -> list[Route]:
    """Return the private read routes."""
    table: tuple[tuple[str, Handler, str, int], ...] = (
        ("/account/limits", _limits, "read", DEFAULT_COST),
        ("/portfolio/balance", _balance, "balance", 1),
        ("/portfolio/positions", _positions, "read", DEFAULT_COST),
        ("/portfolio/fills", _fills, "read", DEFAULT_COST),
        ("/portfolio/settlements", _settlements, "read", DEFAULT_COST),
        ("/portfolio/orders", _orders, "read", DEFAULT_COST),
        ("/portfolio/orders/queue_positions", _queue_positions, "read", DEFAULT_COST),
        ("/portfolio/orders/{order_id}", _order, "read", ORDER_READ_COST),
        ("/portfolio/orders/{order_id}/queue_position", _queue_position, "read", DEFAULT_COST),
    )
    return [
        route(host, "GET", path, handler, private=True, bucket=bucket, cost=cost)
        for path, handler, bucket, cost in table
    ]


def _account(call: Call) -> Account:
    return call.host.venue.ledger.accounts[call.owner]


def _limits(call: Call) -> Answer:
    rules = call.host.venue.rules
    budget = call.host.budget(call.owner)
    return 200, {
        "grants": [],
        "read": {
            "bucket_capacity": int(budget.read.capacity),
            "refill_rate": int(budget.read.refill),
        },
        "usage_tier": rules.usage_tier,
        "write": {
            "bucket_capacity": int(budget.write.capacity),
            "refill_rate": int(budget.write.refill),
        },
    }


def _balance(call: Call) -> Answer:
    return 200, wire.balance_json(call.host.venue, _account(call), call.host.clock.now_ns())


def _positions(call: Call) -> Answer:
    markets = call.host.venue.engine.markets
    ticker, event = call.text("ticker"), call.text("event_ticker")
    settled = call.text("settlement_status") or "unsettled"
    chosen = [
        position
        for position in _account(call).positions.values()
        if (position.volume or position.quantity)
        and (settled == "all" or position.settled == (settled == "settled"))
        and (not ticker or position.ticker == ticker)
        and (not event or markets[position.ticker].event_ticker == event)
    ]
    by_event: dict[str, list[Position]] = {}
    for position in chosen:
        by_event.setdefault(markets[position.ticker].event_ticker, []).append(position)
    events, cursor = page(list(by_event.items()), call, 100, 1_000)
    return 200, {
        "cursor": cursor,
        "event_positions": [wire.event_position_json(name, found) for name, found in events],
        "market_positions": [
            wire.position_json(position) for _, found in events for position in found
        ],
    }


def _fills(call: Call) -> Answer:
    venue = call.host.venue
    ticker, order_id = call.text("ticker"), call.text("order_id")
    since = call.number("min_ts", 0) * SECOND_NS
    until = call.number("max_ts", 0) * SECOND_NS
    fills = _account(call).fills
    rows = [
        (index, fill)
        for index, fill in reversed(list(enumerate(fills)))
        if (not ticker or fill.ticker == ticker)
        and (not order_id or venue.order_id(fill.order) == order_id)
        and fill.ts_ns >= since
        and (not until or fill.ts_ns <= until)
    ]
    items, cursor = newest_page(rows, [index for index, _ in rows], call, 100, 1_000)
    return 200, {"cursor": cursor, "fills": [wire.fill_json(venue, fill) for _, fill in items]}


def _settlements(call: Call) -> Answer:
    ticker, event = call.text("ticker"), call.text("event_ticker")
    since = call.number("min_ts", 0) * SECOND_NS
    until = call.number("max_ts", 0) * SECOND_NS
    rows = [
        (index, settlement)
        for index, settlement in reversed(list(enumerate(_account(call).settlements)))
        if (not ticker or settlement.ticker == ticker)
        and (not event or settlement.event_ticker == event)
        and settlement.ts_ns >= since
        and (not until or settlement.ts_ns <= until)
    ]
    items, cursor = newest_page(rows, [index for index, _ in rows], call, 100, 1_000)
    return 200, {
        "cursor": cursor,
        "settlements": [wire.settlement_json(settlement) for _, settlement in items],
    }


# -- orders -----------------------------------------------------------------------------


def _orders(call: Call) -> Answer:
    venue = call.host.venue
    status = call.text("status")
    if status and status not in _STATUSES:
        raise bad_query(f"invalid status filter {status!r}")
    ticker = call.text("ticker")
    events = {text for text in call.text("event_ticker").split(",") if text}
    since = call.number("min_ts", 0) * SECOND_NS
    until = call.number("max_ts", 0) * SECOND_NS
    rows = [
        order
        for order in reversed(_account(call).orders.values())
        if (not status or order.status == status)
        and (not ticker or order.ticker == ticker)
        and (not events or venue.engine.markets[order.ticker].event_ticker in events)
        and order.created_ns >= since
        and (not until or order.created_ns <= until)
    ]
    items, cursor = newest_page(rows, [order.number for order in rows], call, 100, 1_000)
    return 200, {"cursor": cursor, "orders": [wire.order_json(venue, order) for order in items]}


def _find_order(call: Call) -> Order:
    venue = call.host.venue
    found = _account(call).orders.get(venue.order_number(call.path("order_id")))
    if found is None:
        raise not_found()
    return found


def _order(call: Call) -> Answer:
    return 200, {"order": wire.order_json(call.host.venue, _find_order(call))}


def _ahead(call: Call, order: Order) -> str:
    return count_text(call.host.venue.engine.books[order.ticker].ahead_of(order))


def _queue_position(call: Call) -> Answer:
    order = _find_order(call)
    if order.status != "resting":
        raise not_found()
    return 200, {"queue_position_fp": _ahead(call, order)}


def _queue_positions(call: Call) -> Answer:
    venue = call.host.venue
    tickers = {text for text in call.text("market_tickers").split(",") if text}
    event = call.text("event_ticker")
    if not tickers and not event:
        raise bad_query("market_tickers or event_ticker is required")
    rows: list[dict[str, Any]] = [
        {
            "market_ticker": order.ticker,
            "order_id": venue.order_id(order.number),
            "queue_position_fp": _ahead(call, order),
        }
        for order in venue.engine.open_orders[call.owner].values()
        if order.ticker in tickers or venue.engine.markets[order.ticker].event_ticker == event
    ]
    return 200, {"queue_positions": rows}
