"""Every field of every table is watched: taken away, of another form, with another word."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from kalshi_desk.core.drift import DriftFinding, DriftKind
from kalshi_desk.kalshi import drift_table as table
from kalshi_desk.kalshi.drift_check import check, check_bytes, check_headers
from kalshi_desk.kalshi.drift_frames import FRAMES
from kalshi_desk.kalshi.drift_samples import AnswerSamples, check_frame, route_of
from kalshi_desk.kalshi.drift_shape import Field, Form, Shape

SHAPES = {
    **{f"{method} {path}": shape for (method, path), shape in table.ROUTES.items() if shape},
    **FRAMES,
}
RIGHT: dict[Form, Any] = {
    Form.TEXT: "text",
    Form.AMOUNT: "0.4700",
    Form.FLAG: True,
    Form.NUMBER: 3,
    Form.LEVELS: [["0.4700", "3.00"]],
    Form.LIST: ["x"],
    Form.OBJECT: {"x": 1},
    Form.ANY: {"x": 1},
}
WRONG: dict[Form, Any] = {
    Form.TEXT: 7,
    Form.AMOUNT: 0.47,
    Form.FLAG: "true",
    Form.NUMBER: "3",
    Form.ROWS: {"x": 1},
    Form.LEVELS: [["0.4700", 3]],
    Form.LIST: "x",
    Form.OBJECT: ["x"],
}


def value_of(field: Field) -> Any:
    if field.inner is not None:
        inner = body_of(field.inner)
        return [inner] if field.form is Form.ROWS else inner
    return sorted(field.words)[-1] if field.words else RIGHT[field.form]


def body_of(shape: Shape) -> dict[str, Any]:
    return {name: value_of(field) for name, field in shape.fields.items()}


def places(shape: Shape, body: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str, Field]]:
    """Return every field at every depth: the object that holds it, its name, what it is."""
    for name, field in shape.fields.items():
        yield body, name, field
        if field.inner is not None:
            value = body[name]
            yield from places(field.inner, value[0] if isinstance(value, list) else value)


def with_each_field_changed(shape: Shape, change: Any) -> Iterator[tuple[Field, str, list[Any]]]:
    """Change one field after the other; return it and what was found then."""
    for number in range(len(list(places(shape, body_of(shape))))):
        body = body_of(shape)
        holder, name, field = list(places(shape, body))[number]
        if change(holder, name, field):
            yield field, name, check(body, shape)


@pytest.mark.parametrize("name", SHAPES)
def test_a_body_as_promised_has_nothing_to_find(name: str) -> None:
    shape = SHAPES[name]
    assert check(body_of(shape), shape) == []
    bare = {key: value_of(field) for key, field in shape.fields.items() if field.is_needed}
    assert check(bare, shape) == []


@pytest.mark.parametrize("name", SHAPES)
def test_a_field_that_is_gone_is_named_when_it_is_needed(name: str) -> None:
    def take_away(holder: dict[str, Any], key: str, field: Field) -> bool:
        del holder[key]
        return True

    for field, key, found in with_each_field_changed(SHAPES[name], take_away):
        if field.is_needed:
            (finding,) = found
            assert (finding.kind, finding.touches_money) == (DriftKind.MISSING, field.is_money)
            assert finding.field.endswith(f".{key}")
        else:
            assert found == []


@pytest.mark.parametrize("name", SHAPES)
def test_a_field_of_another_form_is_named(name: str) -> None:
    def deform(holder: dict[str, Any], key: str, field: Field) -> bool:
        if field.form is Form.ANY:
            return False
        holder[key] = WRONG[field.form]
        return True

    for field, key, found in with_each_field_changed(SHAPES[name], deform):
        finding = found[0]
        assert (finding.kind, finding.touches_money) == (DriftKind.TYPE, field.is_money)
        assert finding.field.endswith(f".{key}")
        assert finding.expected == field.form.value


@pytest.mark.parametrize("name", SHAPES)
def test_a_word_nobody_promised_is_named(name: str) -> None:
    def say(holder: dict[str, Any], key: str, field: Field) -> bool:
        if not field.words:
            return False
        holder[key] = "frozen\x1b[2J"
        return True

    for field, key, found in with_each_field_changed(SHAPES[name], say):
        (finding,) = found
        assert (finding.kind, finding.touches_money) == (DriftKind.WORD, field.is_money)
        assert finding.field.endswith(f".{key}")
        assert finding.seen == "frozen[2J"


def order(**changes: Any) -> dict[str, Any]:
    return {"orders": [{**body_of(table.ORDER), **changes}], "cursor": ""}


ORDERS = table.ROUTES["GET", "/portfolio/orders"]
assert ORDERS is not None


def test_the_words_say_field_value_and_what_is_known() -> None:
    (finding,) = check(order(status="frozen"), ORDERS)
    assert finding.text == "order.status says 'frozen', known are canceled, executed, resting"
    (finding,) = check(order(yes_price_dollars=0.47), ORDERS)
    assert finding.text == (
        "order.yes_price_dollars holds the number 0.47 where a decimal number in quotes is expected"
    )
    (finding,) = check(order(yes_price_dollars=""), ORDERS)
    assert finding.text == "order.yes_price_dollars is missing"


def test_a_new_field_is_told_once_and_never_touches_money() -> None:
    body = order(fee_dollars="1.00")
    body["orders"] *= 20
    (finding,) = check(body, ORDERS)
    assert finding.text == "order.fee_dollars is new (it holds the text '1.00')"
    assert not finding.touches_money


def test_the_same_word_again_is_the_same_finding_and_another_word_is_not() -> None:
    one, again, other = (
        check(order(status=word), ORDERS)[0] for word in ("frozen", "frozen", "thawed")
    )
    assert one.key == again.key != other.key


@pytest.mark.parametrize(
    "more",
    [
        {"deprecation": {"date": "2027-01-01"}},
        {"warning": "This endpoint is deprecated, use /v3"},
        {"error": {"code": "deprecated_v2_order_endpoint", "message": "gone"}},
        {"sunset_ts": 1_800_000_000},
    ],
)
def test_an_announced_end_in_a_good_answer_is_named(more: dict[str, Any]) -> None:
    good = {"order_id": "o", "fill_count": "0.00", "remaining_count": "1.00", "ts_ms": 1}
    (finding,) = check({**good, **more}, table.CREATED)
    assert (finding.kind, finding.touches_money) == (DriftKind.DEPRECATED, True)
    assert "is announced to end" in finding.text
    assert check({**good, "deprecated": False}, table.CREATED)[0].kind is DriftKind.NEW


def test_an_announced_end_in_place_of_the_answer_names_what_is_missing_too() -> None:
    found = check({"message": "deprecated"}, table.CREATED)
    assert {finding.kind for finding in found} == {DriftKind.DEPRECATED, DriftKind.MISSING}


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"null", b'"x"', b"[" * 100_000])
def test_what_is_no_object_is_one_finding(body: bytes) -> None:
    (finding,) = check_bytes(body, table.BALANCE)
    assert (finding.kind, finding.field, finding.touches_money) == (
        DriftKind.TYPE,
        "balance",
        True,
    )


def test_rows_that_are_no_objects_are_named() -> None:
    (finding,) = check({"orders": [7, 8], "cursor": ""}, ORDERS)
    assert (finding.kind, finding.field, finding.touches_money) == (DriftKind.TYPE, "order", True)


def test_a_frame_is_named_by_its_type_and_garbage_is_no_change() -> None:
    frame = body_of(FRAMES["orderbook_delta"])
    frame["type"] = "orderbook_delta"
    frame["msg"]["delta_fp"] = 3
    (finding,) = check_frame(msgspec.json.encode(frame))
    assert finding.field == "orderbook_delta frame.delta_fp"
    assert finding.touches_money
    for garbage in (b"\xff", b"[]", b"{}", b'{"type":7}', b'{"type":"subscribed","x":1}'):
        assert check_frame(garbage) == []


def test_headers_that_announce_an_end_are_named() -> None:
    (finding,) = check_headers({"sunset": "Fri, 01 Jan 2027 00:00:00 GMT"}, table.ORDER)
    assert (finding.kind, finding.seen) == (
        DriftKind.DEPRECATED,
        "sunset: Fri, 01 Jan 2027 00:00:00 GMT",
    )


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/events/E-1", "/events/*"),
        ("/events/fee_changes", "/events/fee_changes"),
        ("/portfolio/orders/queue_positions", "/portfolio/orders/queue_positions"),
        ("/portfolio/orders/9", "/portfolio/orders/*"),
    ],
)
def test_routes_are_known_by_path(path: str, route: str) -> None:
    assert route_of("GET", path) == ("GET", route)


class TestSamples:
    BAD = msgspec.json.encode({"balance_dollars": 1.5})

    def test_one_read_of_a_kind_is_kept_until_all_are_wanted_again(self) -> None:
        samples = AnswerSamples()
        for expected in (1, 0):
            samples.keep("GET", "/portfolio/balance", {}, self.BAD)
            assert len(samples.take()) == expected
        samples.want_all()
        samples.keep("GET", "/portfolio/balance", {}, self.BAD)
        assert len(samples.take()) == 1

    def test_every_write_is_kept(self) -> None:
        samples = AnswerSamples()
        for _ in range(2):
            samples.keep("POST", "/portfolio/events/orders", {}, b'{"order_id":"o"}')
            assert {f.field for f in samples.take()} == {
                "answer to an order.fill_count",
                "answer to an order.remaining_count",
            }

    def test_what_is_large_or_not_looked_at_is_left_alone(self) -> None:
        samples = AnswerSamples()
        samples.keep("GET", "/portfolio/balance", {}, b" " * 70_000)
        samples.keep("GET", "/series/fee_changes", {}, b"[]")
        samples.keep("GET", "/nowhere", {}, b"[]")
        assert samples.take() == []
        assert ("GET", "/portfolio/balance") in samples.wanted

    def test_headers_are_looked_at(self) -> None:
        samples = AnswerSamples()
        body = msgspec.json.encode({"balance_dollars": "1.50"})
        samples.keep("GET", "/portfolio/balance", {"deprecation": "true", "date": "x"}, body)
        assert samples.take() == [
            DriftFinding(
                kind=DriftKind.DEPRECATED,
                field="balance",
                seen="deprecation: true",
                touches_money=True,
            )
        ]
