"""An order as the exchange wants it written."""

from __future__ import annotations

from typing import Any

import msgspec

from kalshi_desk.core.records import OrderIntent
from kalshi_desk.core.types import SelfTrade, TimeInForce, format_count, format_price

_SECOND_NS = 1_000_000_000


def encode_intent(intent: OrderIntent, subaccount: int = 0) -> bytes:
    """Return the body of a create: strings for numbers, and only the flags that are set."""
    return msgspec.json.encode(intent_body(intent, subaccount))


def intent_body(intent: OrderIntent, subaccount: int = 0) -> dict[str, Any]:
    """Return the fields of a create."""
    body: dict[str, Any] = {
        "ticker": intent.ticker,
        "client_order_id": intent.client_order_id,
        "side": intent.side.value,
        "count": format_count(intent.count),
        "price": format_price(intent.price),
        "time_in_force": intent.time_in_force.value,
        "self_trade_prevention_type": SelfTrade.TAKER_AT_CROSS.value,
    }
    if intent.post_only:
        body["post_only"] = True
    if intent.reduce_only:
        body["reduce_only"] = True
    if intent.expires_ns and intent.time_in_force is TimeInForce.GTC:
        body["expiration_time"] = -(-intent.expires_ns // _SECOND_NS)
    if subaccount:
        body["subaccount"] = subaccount
    return body
