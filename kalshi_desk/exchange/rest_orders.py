"""Order writes (V2), the 410 of the old ones, and the 501 of everything that is not served."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from starlette.routing import Route

from kalshi_desk.exchange import entry
from kalshi_desk.exchange.amounts import ZERO, count_text
from kalshi_desk.exchange.buckets import CANCEL_COST, DEFAULT_COST
from kalshi_desk.exchange.commands import CancelAll, CancelOrder
from kalshi_desk.exchange.host import Host
from kalshi_desk.exchange.matching import Outcome
from kalshi_desk.exchange.records import Order
from kalshi_desk.exchange.refusals import Refusal, bad_body, not_found, refused
from kalshi_desk.exchange.rest_support import Answer, Call, route
from kalshi_desk.exchange.wire import MS_NS

_PATH = "/portfolio/events/orders"
_OLD_WRITES = (
    ("POST", "/portfolio/orders"),
    ("POST", "/portfolio/orders/batched"),
    ("DELETE", "/portfolio/orders/batched"),
    ("DELETE", "/portfolio/orders/{order_id}"),
    ("POST", "/portfolio/orders/{order_id}/amend"),
    ("POST", "/portfolio/orders/{order_id}/decrease"),
)
_EVERY_METHOD = ("GET", "POST", "PUT", "DELETE", "PATCH")


def routes(host: Host) -> list[Route]:
    """Return the order writes and the answers for what is gone or not served."""
    served = [
        route(host, "POST", f"{_PATH}/batched", _create_many, private=True, cost=None),
        route(host, "DELETE", f"{_PATH}/batched", _cancel_many, private=True, cost=None),
        route(host, "POST", _PATH, _create, private=True),
        route(host, "DELETE", _PATH, _cancel_all, private=True, cost=CANCEL_COST),
        route(host, "DELETE", f"{_PATH}/{{order_id}}", _cancel, private=True, cost=CANCEL_COST),
        route(host, "POST", f"{_PATH}/{{order_id}}/amend", _amend, private=True),
        route(host, "POST", f"{_PATH}/{{order_id}}/decrease", _decrease, private=True),
    ]
    gone = [route(host, method, path, _gone) for method, path in _OLD_WRITES]
    missing = [route(host, method, "/{rest:path}", _not_served) for method in _EVERY_METHOD]
    return [*served, *gone, *missing]


def _gone(call: Call) -> Answer:
    raise refused(410, "deprecated_v1_order_endpoint")


def _not_served(call: Call) -> Answer:
    raise refused(
        501,
        "not_implemented",
        details=f"the practice exchange does not serve {call.request.method} {call.path('rest')}",
    )


def _body(call: Call) -> dict[str, Any]:
    return entry.read_object(call.body, call.request.headers.get("content-type", ""))


def _ms(ns: int) -> int:
    return ns // MS_NS


def _created(call: Call, outcome: Outcome) -> dict[str, Any]:
    order = outcome.order
    found: dict[str, Any] = {
        "fill_count": count_text(outcome.filled),
        "order_id": call.host.venue.order_id(order.number),
        "remaining_count": count_text(order.remaining),
        "ts_ms": _ms(order.updated_ns),
    }
    if order.client_id:
        found["client_order_id"] = order.client_id
    if outcome.filled:
        found.update(_averages(outcome))
    return found


def _averages(outcome: Outcome) -> dict[str, str]:
    """Return YES price and fee per contract, four decimals each, to the nearest."""
    price = (outcome.value * 2 + outcome.filled) // (2 * outcome.filled)
    fee = outcome.fees * 100 / outcome.filled if outcome.fees else ZERO
    return {
        "average_fee_paid": f"{fee:.4f}",
        "average_fill_price": f"{price // 10_000}.{price % 10_000:04d}",
    }


def _create(call: Call) -> Answer:
    return 201, _create_one(call, _body(call))


def _create_one(call: Call, body: dict[str, Any]) -> dict[str, Any]:
    new = entry.read_new_order(body, call.owner, call.host.clock.now_ns())
    return _created(call, call.host.execute(new))


def _items(call: Call, cost: int) -> list[Any]:
    items = _body(call).get("orders")
    if not isinstance(items, list) or not items:
        raise bad_body("orders is required", code="invalid_parameters")
    call.host.budget(call.owner).spend("write", cost * len(items), time.monotonic())
    return items


def _create_many(call: Call) -> Answer:
    def one(body: dict[str, Any]) -> dict[str, Any]:
        return {**_create_one(call, body), "error": None}

    rows = [_item(one, body, {}) for body in _items(call, DEFAULT_COST)]
    return 201, {"orders": rows}


def _item(
    act: Callable[[dict[str, Any]], dict[str, Any]], body: Any, fallback: dict[str, Any]
) -> dict[str, Any]:
    """Run one item of a batch; its refusal becomes its row."""
    try:
        if not isinstance(body, dict):
            raise bad_body("json: cannot unmarshal into Go value of type object")
        return act(body)
    except Refusal as refusal:
        row = {**fallback, "error": refusal.as_item()}
        if isinstance(body, dict) and isinstance(body.get("client_order_id"), str):
            row["client_order_id"] = body["client_order_id"]
        return row


def _cancel_one(call: Call, order_id: str) -> dict[str, Any]:
    number = call.host.venue.order_number(order_id)
    order, reduced = call.host.execute(CancelOrder(owner=call.owner, number=number))
    return _with_client(
        {
            "order_id": order_id,
            "reduced_by": count_text(reduced),
            "ts_ms": _ms(order.updated_ns),
        },
        order,
    )


def _with_client(found: dict[str, Any], order: Order) -> dict[str, Any]:
    if order.client_id:
        found["client_order_id"] = order.client_id
    return found


def _cancel(call: Call) -> Answer:
    ticker = call.text("market_ticker")
    number = call.host.venue.order_number(call.path("order_id"))
    order = call.host.venue.ledger.accounts[call.owner].orders.get(number)
    if order is None or (ticker and order.ticker != ticker):
        raise not_found()
    return 200, _cancel_one(call, call.path("order_id"))


def _cancel_many(call: Call) -> Answer:
    rows = []
    for body in _items(call, CANCEL_COST):
        named = body.get("order_id") if isinstance(body, dict) else None
        order_id = named if isinstance(named, str) else ""

        def one(_: dict[str, Any], order_id: str = order_id) -> dict[str, Any]:
            return {**_cancel_one(call, order_id), "error": None}

        rows.append(_item(one, body, {"order_id": order_id, "reduced_by": "0.00"}))
    return 200, {"orders": rows}


def _cancel_all(call: Call) -> Answer:
    call.host.execute(CancelAll(owner=call.owner))
    return 204, None


def _amend(call: Call) -> Answer:
    host = call.host
    number = host.venue.order_number(call.path("order_id"))
    before = host.venue.ledger.accounts[call.owner].orders[number].remaining
    command = entry.read_amend(_body(call), call.owner, number, host.clock.now_ns())
    outcome: Outcome = host.execute(command)
    order = outcome.order
    found: dict[str, Any] = {"order_id": call.path("order_id"), "ts_ms": _ms(order.updated_ns)}
    if outcome.filled or order.remaining != before:
        found["fill_count"] = count_text(outcome.filled)
        found["remaining_count"] = count_text(order.remaining)
    if outcome.filled:
        found.update(_averages(outcome))
    return 200, _with_client(found, order)


def _decrease(call: Call) -> Answer:
    number = call.host.venue.order_number(call.path("order_id"))
    order: Order = call.host.execute(entry.read_decrease(_body(call), call.owner, number))
    return 200, _with_client(
        {
            "order_id": call.path("order_id"),
            "remaining_count": count_text(order.remaining),
            "ts_ms": _ms(order.updated_ns),
        },
        order,
    )
