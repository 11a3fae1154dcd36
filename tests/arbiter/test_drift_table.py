"""The canary's tables are what was published: every field, its form and its words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from kalshi_desk.kalshi import drift_table as table
from kalshi_desk.kalshi.drift_frames import FRAMES
from kalshi_desk.kalshi.drift_shape import Form, Shape

pytestmark = [pytest.mark.arbiter, pytest.mark.specs]

SCHEMAS = {
    "Market": table.MARKET,
    "EventData": table.EVENT,
    "Series": table.SERIES,
    "Trade": table.TRADE,
    "Order": table.ORDER,
    "Fill": table.FILL,
    "MarketPosition": table.POSITION,
    "EventPosition": table.EVENT_POSITION,
    "Settlement": table.SETTLEMENT,
    "GetBalanceResponse": table.BALANCE,
    "ExchangeStatus": table.STATUS,
    "GetAccountApiLimitsResponse": table.LIMITS,
    "GetAccountEndpointCostsResponse": table.COSTS,
    "GetUserDataTimestampResponse": table.READ_TIME,
    "OrderbookCountFp": table.BOOK,
    "GetOrderQueuePositionsResponse": table.QUEUE,
    "CreateOrderV2Response": table.CREATED,
    "CancelOrderV2Response": table.CANCELED,
}
PAYLOADS = {
    "orderbook_snapshot": "orderbookSnapshotPayload",
    "orderbook_delta": "orderbookDeltaPayload",
    "ticker": "tickerPayload",
    "trade": "tradePayload",
    "fill": "fillPayload",
    "user_order": "userOrderPayload",
    "market_position": "marketPositionPayload",
    "market_lifecycle_v2": "marketLifecycleV2Payload",
    "event_fee_update": "eventFeeUpdatePayload",
}
MORE_WORDS = {
    ("EventData", "fee_type_override"): "free text there, the fee types here",
    (
        "EventData",
        "collateral_return_type",
    ): "free text there, the two kinds of the help pages here",
    ("marketLifecycleV2Payload", "event_type"): "metadata_updated is a payload of its own there",
    ("marketLifecycleV2Payload", "result"): "free text there, the results of a market here",
}
"""Where the tables know words that the documents do not list, and why."""
FORMS = {
    "string": {Form.TEXT, Form.AMOUNT},
    "boolean": {Form.FLAG},
    "integer": {Form.NUMBER},
    "number": {Form.NUMBER},
    "array": {Form.LIST, Form.ROWS, Form.LEVELS},
    "object": {Form.OBJECT},
}


def resolved(document: dict[str, Any], field: dict[str, Any]) -> dict[str, Any]:
    """Return a field with its reference followed."""
    for inner in (field, *field.get("allOf", ()), *field.get("oneOf", ()), *field.get("anyOf", ())):
        if "$ref" in inner:
            name = inner["$ref"].rpartition("/")[2]
            found: dict[str, Any] = document["components"]["schemas"][name]
            return found
    return field


def type_of(field: dict[str, Any]) -> str:
    kind = field.get("type", "object")
    return next(one for one in kind if one != "null") if isinstance(kind, list) else str(kind)


def differences(
    document: dict[str, Any], name: str, published: dict[str, Any], shape: Shape
) -> Iterator[str]:
    fields = published["properties"]
    yield from (f"{name}.{gone} is not published" for gone in shape.fields.keys() - fields.keys())
    yield from (f"{name}.{new} is not known" for new in fields.keys() - shape.fields.keys())
    required = set(published.get("required", ()))
    for key in shape.fields.keys() & fields.keys():
        field, promised = shape.fields[key], resolved(document, fields[key])
        if field.form not in FORMS[type_of(promised)] | {Form.ANY}:
            yield f"{name}.{key} is {type_of(promised)}, not {field.form}"
        words = {word for word in promised.get("enum", ()) if word is not None}
        # Where the desk does not rely on the words it need not know them.
        is_relied_on = field.words or field.is_money or field.is_needed
        is_other = field.words - {""} != words - {""}
        if is_relied_on and is_other and (name, key) not in MORE_WORDS:
            yield f"{name}.{key} says {sorted(words)}, not {sorted(field.words)}"
        if field.is_needed and key not in required:
            yield f"{name}.{key} is optional"


@pytest.mark.parametrize("name", SCHEMAS)
def test_answers_are_as_published(openapi: dict[str, Any], name: str) -> None:
    published = openapi["components"]["schemas"][name]
    assert sorted(differences(openapi, name, published, SCHEMAS[name])) == []


@pytest.mark.parametrize("kind", PAYLOADS)
def test_frames_are_as_published(asyncapi: dict[str, Any], kind: str) -> None:
    name = PAYLOADS[kind]
    published = asyncapi["components"]["schemas"][name]["properties"]["msg"]
    shape = FRAMES[kind].fields["msg"].inner
    assert shape is not None
    assert sorted(differences(asyncapi, name, published, shape)) == []
