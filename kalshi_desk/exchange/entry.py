"""Reads order requests from JSON bodies with the exchange's checks and its words for errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from kalshi_desk.core.types import COUNT_SCALE, parse_count, parse_price
from kalshi_desk.exchange.calendar import SECOND_NS
from kalshi_desk.exchange.commands import AmendOrder, DecreaseOrder, NewOrder
from kalshi_desk.exchange.refusals import Refusal, bad_body, refused

_MODES = {"taker_at_cross", "maker"}
_DURATIONS = {"good_till_canceled", "immediate_or_cancel", "fill_or_kill"}
_GO_TYPES = {bool: "bool", int: "number", float: "number", str: "string", list: "array"}
_MOST_CLIENT_ID = 64
AUTO_ROUTED = -1
"""An ``exchange_index`` that asks for the shard of the named market."""


def read_object(body: bytes, content_type: str) -> dict[str, Any]:
    """Return a JSON object; raises the 400 for another content type or broken JSON."""
    if content_type.partition(";")[0].strip().lower() != "application/json":
        raise bad_body("expected application/json", code="invalid_content_type")
    try:
        found = msgspec.json.decode(body)
    except msgspec.DecodeError as error:
        raise bad_body(f"invalid json: {error}") from error
    if not isinstance(found, dict):
        raise bad_body("json: cannot unmarshal into Go value of type object")
    return found


def read_subaccount(body: dict[str, Any]) -> int | None:
    """Return the subaccount that a request body names."""
    return Fields(body, "Request").integer("subaccount")


def read_shard(body: dict[str, Any]) -> int | None:
    """Return the shard a body names, None for auto-routing."""
    shard = Fields(body, "Request").integer("exchange_index")
    return None if shard == AUTO_ROUTED else shard


def read_new_order(
    body: dict[str, Any], owner: int, now_ns: int, group_number: Callable[[str], int]
) -> NewOrder:
    """Return a decoded create request; raises the refusals of request decoding."""
    text = Fields(body, "CreateOrderV2Request")
    ticker = text.required("ticker")
    is_bid = _read_side(text.required("side"))
    count_text, price = text.required("count"), text.required("price")
    duration = text.required("time_in_force")
    mode = text.required("self_trade_prevention_type")
    if duration not in _DURATIONS or mode not in _MODES:
        raise _invalid("time_in_force or self_trade_prevention_type is not known")
    client_id = text.optional("client_order_id") or ""
    if len(client_id) > _MOST_CLIENT_ID:
        raise _invalid("client_order_id is longer than 64 characters")
    expires = _read_expiry(text, duration, now_ns)
    group = text.optional("order_group_id")
    post_only, reduce_only = text.flag("post_only"), text.flag("reduce_only")
    if post_only and duration != "good_till_canceled":
        raise refused(400, "invalid_order", details="post only requires good_till_canceled")
    return NewOrder(
        owner=owner,
        ticker=ticker,
        is_bid=is_bid,
        price=_read_price(price),
        count=_read_count(count_text),
        time_in_force=duration,
        self_trade=mode,
        client_id=client_id,
        post_only=post_only,
        reduce_only=reduce_only,
        expires_ns=expires,
        cancel_on_pause=text.flag("cancel_order_on_pause"),
        group=group_number(group) if group else 0,
    )


def read_limit(body: dict[str, Any]) -> int:
    """Return the contracts limit of an order group, given in either of its two forms."""
    text = Fields(body, "OrderGroupRequest")
    exact = text.optional("contracts_limit_fp")
    if exact is not None:
        return _read_count(exact)
    return text.whole("contracts_limit") * COUNT_SCALE


def read_amend(body: dict[str, Any], owner: int, number: int, now_ns: int) -> AmendOrder:
    """Return a decoded amend request."""
    text = Fields(body, "AmendOrderV2Request")
    expires = text.integer("expiration_time")
    expires_ns = None if expires is None else expires * SECOND_NS
    if expires_ns and expires_ns <= now_ns:
        raise _expired()
    return AmendOrder(
        owner=owner,
        number=number,
        ticker=text.required("ticker"),
        is_bid=_read_side(text.required("side")),
        price=_read_price(text.required("price")),
        total=_read_count(text.required("count")),
        expires_ns=expires_ns,
        client_id=text.optional("client_order_id"),
        new_client_id=text.optional("updated_client_order_id"),
    )


def read_decrease(body: dict[str, Any], owner: int, number: int) -> DecreaseOrder:
    """Return a decoded decrease request; exactly one of the two counts may be given."""
    text = Fields(body, "DecreaseOrderV2Request")
    by, to = text.optional("reduce_by"), text.optional("reduce_to")
    if (by is None) == (to is None):
        raise _invalid("exactly one of reduce_by and reduce_to is required")
    reduce_by = None if by is None else _read_count(by)
    if reduce_by == 0:
        raise refused(400, "invalid_order_size")
    return DecreaseOrder(
        owner=owner,
        number=number,
        reduce_by=reduce_by,
        reduce_to=None if to is None else _read_count(to),
    )


class Fields:
    """Typed reads of one JSON object, refused in the server's own words."""

    def __init__(self, body: dict[str, Any], model: str) -> None:
        self._body = body
        self._model = model

    def optional(self, name: str) -> str | None:
        """Return a string, None where it is absent."""
        found = self._body.get(name)
        if found is None:
            return None
        if not isinstance(found, str):
            raise self._wrong(name, found, "string")
        return found

    def required(self, name: str) -> str:
        """Return a string that must not be empty."""
        found = self.optional(name)
        if not found:
            raise _invalid(f"{name} is required")
        return found

    def flag(self, name: str) -> bool:
        """Return a boolean, false where it is absent."""
        found = self._body.get(name)
        if found is None:
            return False
        if not isinstance(found, bool):
            raise self._wrong(name, found, "bool")
        return found

    def integer(self, name: str) -> int | None:
        """Return a whole number, None where it is absent."""
        found = self._body.get(name)
        if found is None:
            return None
        if isinstance(found, bool) or not isinstance(found, int):
            raise self._wrong(name, found, "int64")
        return found

    def whole(self, name: str) -> int:
        """Return a whole number that must be there."""
        found = self.integer(name)
        if found is None:
            raise _invalid(f"{name} is required")
        return found

    def _wrong(self, name: str, found: object, wanted: str) -> Refusal:
        kind = _GO_TYPES.get(type(found), "object")
        return bad_body(
            f"json: cannot unmarshal {kind} into Go struct field {self._model}.{name}"
            f" of type {wanted}"
        )


def _read_side(text: str) -> bool:
    if text not in {"bid", "ask"}:
        raise _invalid("side must be bid or ask")
    return text == "bid"


def _read_price(text: str) -> int:
    try:
        return parse_price(text)
    except ValueError as error:
        raise refused(400, "invalid_price") from error


def _read_count(text: str) -> int:
    try:
        count = parse_count(text)
    except ValueError as error:
        raise refused(400, "invalid_order_size") from error
    if count < 0:
        raise refused(400, "invalid_order_size")
    return count


def _read_expiry(text: Fields, duration: str, now_ns: int) -> int:
    expires = text.integer("expiration_time")
    if expires is None:
        return 0
    if duration != "good_till_canceled":
        raise refused(400, "invalid_order", details="expiration time requires good_till_canceled")
    if expires * SECOND_NS <= now_ns:
        raise _expired()
    return expires * SECOND_NS


def _expired() -> Refusal:
    return refused(400, "invalid_order", details="Expiration timestamp must be in the future")


def _invalid(details: str) -> Refusal:
    return bad_body(details, code="invalid_parameters")
