"""Private reads: limits, balance, positions, fills, settlements, orders and queue positions."""

from __future__ import annotations

from typing import Any

from starlette.routing import Route

from kalshi_desk.exchange import cutoffs, wire
from kalshi_desk.exchange.amounts import count_text
from kalshi_desk.exchange.buckets import ORDER_READ_COST
from kalshi_desk.exchange.calendar import SECOND_NS
from kalshi_desk.exchange.host import Host
from kalshi_desk.exchange.records import Order, Position
from kalshi_desk.exchange.refusals import bad_query, not_found
from kalshi_desk.exchange.rest_support import Answer, Call, Handler, newest_page, page, route

_STATUSES = {"resting", "canceled", "executed"}


def routes(host: Host) -> list[Route]:
    """Return the private read routes."""
    table: tuple[tuple[str, Handler], ...] = (
        ("/account/limits", _limits),
        ("/portfolio/positions", _positions),
        ("/portfolio/fills", _fills),
        ("/portfolio/settlements", _settlements),
        ("/portfolio/orders", _orders),
        ("/portfolio/orders/queue_positions", _queue_positions),
        ("/portfolio/orders/{order_id}/queue_position", _queue_position),
        ("/historical/positions", _old_positions),
        ("/historical/fills", _old_fills),
        ("/historical/orders", _old_orders),
    )
    scope = "read::portfolio_balance"
    return [
        route(
            host,
            "GET",
            "/portfolio/balance",
            _balance,
            private=True,
            bucket="balance",
            cost=1,
            scope=scope,
        ),
        *(route(host, "GET", path, handler, private=True) for path, handler in table),
        route(
            host, "GET", "/portfolio/orders/{order_id}", _order, private=True, cost=ORDER_READ_COST
        ),
    ]


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
    now_ns = call.host.replicas.as_of_ns()
    found = wire.balance_json(call.host.venue, call.view(), now_ns, call.shard())
    if call.grant is not None and call.grant.subaccount is not None:
        del found["balance_breakdown"]
    return 200, found


def _range(call: Call) -> tuple[int, int]:
    """Return the time range of a request in nanoseconds, without bounds where none is named."""
    return call.number("min_ts", 0) * SECOND_NS, call.number("max_ts", 1 << 33) * SECOND_NS


def _is_here(call: Call, ticker: str) -> bool:
    return call.shard() in {None, call.host.venue.shard_of(ticker)}


def _positions(call: Call) -> Answer:
    settled = call.text("settlement_status") or "unsettled"
    if settled not in {"unsettled", "settled", "all"}:
        raise bad_query("settlement_status must be unsettled, settled or all")
    return _show_positions(
        call,
        [
            position
            for position in call.view().positions.values()
            if (settled == "all" or position.settled == (settled == "settled"))
            and not cutoffs.is_old_position(call.host, position)
        ],
    )


def _old_positions(call: Call) -> Answer:
    found = call.view().positions.values()
    return _show_positions(
        call, [position for position in found if cutoffs.is_old_position(call.host, position)]
    )


def _show_positions(call: Call, positions: list[Position]) -> Answer:
    venue = call.host.venue
    markets = venue.engine.markets
    ticker, event = call.text("ticker"), call.text("event_ticker")
    counted = set(call.text("count_filter").split(",")) & {"position", "total_traded"}
    by_event: dict[str, list[Position]] = {}
    for position in positions:
        has = {"position": position.quantity, "total_traded": position.traded}
        if (
            (position.volume or position.quantity)
            and (not ticker or position.ticker == ticker)
            and (not event or markets[position.ticker].event_ticker == event)
            and all(has[name] for name in counted)
            and _is_here(call, position.ticker)
        ):
            by_event.setdefault(markets[position.ticker].event_ticker, []).append(position)
    events, cursor = page(list(by_event.items()), call, 100, 1_000)
    return 200, {
        "cursor": cursor,
        "event_positions": [wire.event_position_json(venue, name, found) for name, found in events],
        "market_positions": [
            wire.position_json(venue, position) for _, found in events for position in found
        ],
    }


def _fills(call: Call) -> Answer:
    return _show_fills(call, after_ns=cutoffs.markets_ns(call.host))


def _old_fills(call: Call) -> Answer:
    return _show_fills(call, before_ns=cutoffs.markets_ns(call.host))


def _show_fills(call: Call, *, after_ns: int = 0, before_ns: int = 1 << 63) -> Answer:
    venue = call.host.venue
    ticker, order_id = call.text("ticker"), call.text("order_id")
    since, until = _range(call)
    rows = [
        (fill.trade * 2 + fill.is_taker, fill, account)
        for account in call.views()
        for fill in account.fills
        if (not ticker or fill.ticker == ticker)
        and (not order_id or venue.order_id(fill.order) == order_id)
        and max(since, after_ns) <= fill.ts_ns <= min(until, before_ns)
        and _is_here(call, fill.ticker)
    ]
    rows.sort(key=lambda row: -row[0])
    items, cursor = newest_page(rows, [key for key, _, _ in rows], call, 100, 1_000)
    return 200, {
        "cursor": cursor,
        "fills": [wire.fill_json(venue, fill, account) for _, fill, account in items],
    }


def _settlements(call: Call) -> Answer:
    venue = call.host.venue
    ticker, event = call.text("ticker"), call.text("event_ticker")
    since, until = _range(call)
    rows = [
        settlement
        for account in call.views()
        for settlement in account.settlements
        if (not ticker or settlement.ticker == ticker)
        and (not event or settlement.event_ticker == event)
        and since <= settlement.ts_ns <= until
    ]
    numbered = sorted(enumerate(rows), key=lambda row: (-row[1].ts_ns, -row[0]))
    keys = list(range(len(numbered), 0, -1))
    items, cursor = newest_page(numbered, keys, call, 100, 1_000)
    return 200, {
        "cursor": cursor,
        "settlements": [wire.settlement_json(venue, settlement) for _, settlement in items],
    }


# -- orders -----------------------------------------------------------------------------


def _orders(call: Call) -> Answer:
    return _show_orders(call, is_old=False)


def _old_orders(call: Call) -> Answer:
    return _show_orders(call, is_old=True)


def _show_orders(call: Call, *, is_old: bool) -> Answer:
    venue = call.host.venue
    status = call.text("status")
    if status and status not in _STATUSES:
        raise bad_query(f"invalid status filter {status!r}")
    ticker = call.text("ticker")
    events = {text for text in call.text("event_ticker").split(",") if text}
    since, until = _range(call)
    rows = [
        order
        for account in call.views()
        for order in account.orders.values()
        if (not status or order.status == status)
        and (not ticker or order.ticker == ticker)
        and (not events or venue.engine.markets[order.ticker].event_ticker in events)
        and since <= order.created_ns <= until
        and cutoffs.is_old_order(call.host, order) == is_old
        and _is_here(call, order.ticker)
    ]
    rows.sort(key=lambda order: -order.number)
    items, cursor = newest_page(rows, [order.number for order in rows], call, 100, 1_000)
    return 200, {"cursor": cursor, "orders": [wire.order_json(venue, order) for order in items]}


def _find_order(call: Call) -> Order:
    number = call.host.venue.order_number(call.path("order_id"))
    for account in call.views():
        found = account.orders.get(number)
        if found is not None:
            return found
    raise not_found()


def _order(call: Call) -> Answer:
    return 200, {"order": wire.order_json(call.host.venue, _find_order(call))}


def _ahead(call: Call, order: Order) -> str:
    engine = call.host.venue.engine
    resting = engine.open_orders[order.owner].get(order.number)
    if resting is None:
        raise not_found()
    return count_text(engine.books[order.ticker].ahead_of(resting))


def _queue_position(call: Call) -> Answer:
    order = _find_order(call)
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
        for order in venue.engine.open_orders[call.account().number].values()
        if order.ticker in tickers or venue.engine.markets[order.ticker].event_ticker == event
    ]
    return 200, {"queue_positions": rows}
