"""Compares a body with the shape that the desk expects; no input, no output, no surprise.

A field that is null or empty counts as absent: the exchange sends optional ones all three ways.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from kalshi_desk.core.drift import DriftFinding, DriftKind
from kalshi_desk.core.text import clean
from kalshi_desk.kalshi.drift_shape import Field, Form, Shape

_SEEN_CHARACTERS = 80
_AMOUNT = re.compile(r"-?\d{1,15}(\.\d{1,12})?").fullmatch
_ENDING = ("deprecat", "sunset")
_PAIR = 2


def check_bytes(data: bytes, shape: Shape) -> list[DriftFinding]:
    """Return what differs in a body as it came, each thing once."""
    try:
        body = msgspec.json.decode(data)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return [
            DriftFinding(
                kind=DriftKind.TYPE,
                field=shape.name,
                seen="no JSON",
                expected=Form.OBJECT.value,
                touches_money=shape.is_money,
            )
        ]
    return check(body, shape)


def check(body: object, shape: Shape) -> list[DriftFinding]:
    """Return what differs in a decoded body, each thing once."""
    if not isinstance(body, dict):
        return [_wrong(shape.name, body, Form.OBJECT, is_money=shape.is_money)]
    found: dict[str, DriftFinding] = {}
    for finding in _object(body, shape, shape.name, is_money=shape.is_money):
        found.setdefault(finding.key, finding)
    return list(found.values())


def check_headers(headers: Mapping[str, str], shape: Shape) -> list[DriftFinding]:
    """Return the announcements in an answer's headers that the route will end."""
    return [
        DriftFinding(
            kind=DriftKind.DEPRECATED,
            field=shape.name,
            seen=clean(f"{name}: {value}", _SEEN_CHARACTERS),
            touches_money=shape.is_money,
        )
        for name, value in headers.items()
    ]


def _object(
    body: dict[str, Any], shape: Shape, path: str, *, is_money: bool
) -> Iterator[DriftFinding]:
    fields = shape.fields
    for name, value in body.items():
        field = fields.get(name)
        if field is not None:
            if not _is_absent(value):
                yield from _value(value, field, f"{path}.{name}", is_money=is_money)
        else:
            yield _unknown(name, value, path, is_money=is_money)
    for name in shape.needed:
        if _is_missing(body.get(name), fields[name]):
            yield DriftFinding(
                kind=DriftKind.MISSING,
                field=clean(f"{path}.{name}", _SEEN_CHARACTERS),
                expected=fields[name].form.value,
                touches_money=fields[name].is_money,
            )


def _value(value: object, field: Field, path: str, *, is_money: bool) -> Iterator[DriftFinding]:
    if not _has_form(value, field.form):
        yield _wrong(path, value, field.form, is_money=field.is_money)
    elif field.words and isinstance(value, str) and value not in field.words:
        yield DriftFinding(
            kind=DriftKind.WORD,
            field=path,
            seen=clean(value, _SEEN_CHARACTERS),
            expected=", ".join(sorted(field.words - {""})),
            touches_money=field.is_money,
        )
    elif field.inner is not None:
        inner = field.inner
        name = inner.name or path
        rows = value if isinstance(value, list) else [value]
        for row in rows:
            if isinstance(row, dict):
                yield from _object(row, inner, name, is_money=is_money or inner.is_money)
            else:
                yield _wrong(name, row, Form.OBJECT, is_money=field.is_money or inner.is_money)


def _has_form(value: object, form: Form) -> bool:
    if form is Form.TEXT:
        return isinstance(value, str)
    if form is Form.AMOUNT:
        return isinstance(value, str) and _AMOUNT(value) is not None
    if form is Form.FLAG:
        return isinstance(value, bool)
    if form is Form.NUMBER:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if form is Form.LEVELS:
        return isinstance(value, list) and all(map(_is_level, value))
    if form is Form.OBJECT:
        return isinstance(value, dict)
    return form is Form.ANY or isinstance(value, list)


def _is_level(pair: object) -> bool:
    return (
        isinstance(pair, list)
        and len(pair) == _PAIR
        and all(isinstance(text, str) and _AMOUNT(text) for text in pair)
    )


def _is_absent(value: object) -> bool:
    return value is None or value == "" or (isinstance(value, list | dict) and not value)


def _is_missing(value: object, field: Field) -> bool:
    """Whether a needed value is not there; an empty text is one, an empty list too."""
    if value == "":
        return field.form is not Form.TEXT or (bool(field.words) and "" not in field.words)
    return value is None


def _unknown(name: str, value: object, path: str, *, is_money: bool) -> DriftFinding:
    """A field nobody promised: harmless, unless it says that the route is about to end."""
    field = clean(f"{path}.{name}", _SEEN_CHARACTERS)
    said = f"{name} {_flat(value)}".lower()
    if not _is_absent(value) and value is not False and any(word in said for word in _ENDING):
        return DriftFinding(
            kind=DriftKind.DEPRECATED,
            field=field,
            seen=clean(_flat(value), _SEEN_CHARACTERS),
            touches_money=is_money,
        )
    return DriftFinding(kind=DriftKind.NEW, field=field, seen=_seen(value))


def _wrong(path: str, value: object, form: Form, *, is_money: bool) -> DriftFinding:
    return DriftFinding(
        kind=DriftKind.TYPE,
        field=clean(path, _SEEN_CHARACTERS),
        seen=_seen(value),
        expected=form.value,
        touches_money=is_money,
    )


def _seen(value: object) -> str:
    """Return what stood there, short and without anything that could steer a terminal."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return f"the number {value}"
    if isinstance(value, str):
        return f"the text '{clean(value, _SEEN_CHARACTERS)}'"
    return "a list" if isinstance(value, list) else "an object"


def _flat(value: object) -> str:
    if isinstance(value, str):
        return value
    try:
        return msgspec.json.encode(value).decode()
    except (TypeError, ValueError, RecursionError):
        return ""
