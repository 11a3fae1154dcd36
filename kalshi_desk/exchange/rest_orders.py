"""Order writes (V2), the 410 of the old ones, and the 501 of everything that is not served."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import msgspec
from starlette.routing import Route

from kalshi_desk.exchange import entry
from kalshi_desk.exchange.amounts import ZERO, count_text
from kalshi_desk.exchange.buckets import CANCEL_COST, DEFAULT_COST
from kalshi_desk.exchange.commands import CancelAll, CancelOrder
from kalshi_desk.exchange.host import Host
from kalshi_desk.exchange.matching import Outcome
from kalshi_desk.exchange.records import Account, Order
from kalshi_desk.exchange.refusals import Refusal, bad_body, not_found, refused
from kalshi_desk.exchange.rest_groups import group_number
from kalshi_desk.exchange.rest_support import Answer, Call, Handler, read_body, route
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

    def write(method: str, path: str, handler: Handler, cost: int | None = None) -> Route:
        whole = _PATH + path
        return route(host, method, whole, handler, private=True, cost=cost, scope="write::trade")

    served = [
        write("POST", "/batched", _create_many),
        write("DELETE", "/batched", _cancel_many),
        write("POST", "", _single(DEFAULT_COST, _create)),
        write("DELETE", "", _cancel_all, CANCEL_COST),
        write("DELETE", "/{order_id}", _single(CANCEL_COST, _cancel)),
        write("POST", "/{order_id}/amend", _single(DEFAULT_COST, _amend)),
        write("POST", "/{order_id}/decrease", _single(DEFAULT_COST, _decrease)),
    ]
    gone = [route(host, method, path, _gone) for method, path in _OLD_WRITES]
    missing = [route(host, method, "/{rest:path}", _not_served) for method in _EVERY_METHOD]
    return [*served, *gone, *missing]


def _single(cost: int, act: Handler) -> Handler:
    """Return a handler of one order that pays from the bucket of the shard it names."""

    def handle(call: Call) -> Answer:
        budget = call.host.budget(call.owner)
        budget.spend_on_shard(_named_shard(call), cost, time.monotonic())
        return act(call)

    return handle


def _named_shard(call: Call) -> int:
    """Return the shard that a query or a body names, 0 for none; nothing is checked here."""
    if call.request.method == "DELETE":
        text = call.text("exchange_index")
        return int(text) if text.isdecimal() else 0
    with suppress(msgspec.MsgspecError):
        return msgspec.json.decode(call.body, type=_Routed).exchange_index or 0
    return 0


class _Routed(msgspec.Struct):
    """The one field of a body that says where it goes."""

    exchange_index: int | None = None


def _gone(call: Call) -> Answer:
    raise refused(410, "deprecated_v1_order_endpoint")


def _not_served(call: Call) -> Answer:
    raise refused(
        501,
        "not_implemented",
        details=f"the practice exchange does not serve {call.request.method} {call.path('rest')}",
    )


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
    return 201, _create_one(call, read_body(call))


def _create_one(call: Call, body: dict[str, Any]) -> dict[str, Any]:
    host = call.host
    owner = call.account(entry.read_subaccount(body)).number
    new = entry.read_new_order(
        body, owner, host.clock.now_ns(), lambda group_id: group_number(host, group_id)
    )
    shard = entry.read_shard(body)
    if shard is not None and shard != host.venue.shard_of(new.ticker):
        raise refused(404, "market_not_found")
    return _created(call, host.execute(new))


def _items(call: Call, cost: int) -> list[Any]:
    items = read_body(call).get("orders")
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


def _find(
    call: Call, order_id: str, subaccount: int | None, shard: int | None, ticker: str
) -> tuple[Account, int]:
    """Return whose order is named, and its number, as the shard that is asked finds it.

    A ticker only routes; without ticker and shard the call goes to shard 0, which answers
    with the 404 for an order of another shard.
    """
    venue = call.host.venue
    account = call.account(subaccount)
    number = venue.order_number(order_id)
    order = account.orders.get(number)
    asked = shard if shard is not None else venue.shard_of(ticker)
    if order is None or venue.shard_of(order.ticker) != asked:
        raise not_found()
    return account, number


def _find_named(
    call: Call, order_id: str, body: dict[str, Any], ticker: str = "market_ticker"
) -> tuple[Account, int]:
    """Return the order that a path and a body name together; ``ticker`` is the routing field."""
    named = entry.Fields(body, "Request").optional(ticker) or ""
    subaccount = entry.read_subaccount(body)
    return _find(call, order_id, subaccount, entry.read_shard(body), named)


def _cancel_one(call: Call, order_id: str, account: Account, number: int) -> dict[str, Any]:
    order, reduced = call.host.execute(CancelOrder(owner=account.number, number=number))
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
    order_id, shard = call.path("order_id"), call.shard()
    asked = None if shard == entry.AUTO_ROUTED else shard
    account, number = _find(call, order_id, None, asked, call.text("market_ticker"))
    return 200, _cancel_one(call, order_id, account, number)


def _cancel_many(call: Call) -> Answer:
    def one(body: dict[str, Any]) -> dict[str, Any]:
        fields = entry.Fields(body, "BatchCancelOrdersV2RequestOrder")
        order_id = fields.required("order_id")
        account, number = _find_named(call, order_id, body)
        return {**_cancel_one(call, order_id, account, number), "error": None}

    rows = []
    for body in _items(call, CANCEL_COST):
        named = body.get("order_id") if isinstance(body, dict) else None
        order_id = named if isinstance(named, str) else ""
        rows.append(_item(one, body, {"order_id": order_id, "reduced_by": "0.00"}))
    return 200, {"orders": rows}


def _cancel_all(call: Call) -> Answer:
    for account in call.accounts():
        call.host.execute(CancelAll(owner=account.number))
    return 204, None


def _amend(call: Call) -> Answer:
    host, order_id, body = call.host, call.path("order_id"), read_body(call)
    account, number = _find_named(call, order_id, body, "ticker")
    before = account.orders[number].remaining
    command = entry.read_amend(body, account.number, number, host.clock.now_ns())
    outcome: Outcome = host.execute(command)
    order = outcome.order
    found: dict[str, Any] = {"order_id": order_id, "ts_ms": _ms(order.updated_ns)}
    if outcome.filled or order.remaining != before:
        found["fill_count"] = count_text(outcome.filled)
        found["remaining_count"] = count_text(order.remaining)
    if outcome.filled:
        found.update(_averages(outcome))
    return 200, _with_client(found, order)


def _decrease(call: Call) -> Answer:
    order_id, body = call.path("order_id"), read_body(call)
    account, number = _find_named(call, order_id, body)
    order: Order = call.host.execute(entry.read_decrease(body, account.number, number))
    return 200, _with_client(
        {
            "order_id": order_id,
            "remaining_count": count_text(order.remaining),
            "ts_ms": _ms(order.updated_ns),
        },
        order,
    )
