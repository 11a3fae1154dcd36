"""Reads the schemas of the published specifications so strictly that an invented field shows."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

_DOCUMENT = "urn:document"
_PATTERNS = {
    "FixedPointDollars": r"^-?\d+\.\d{2,6}$",
    "FixedPointCount": r"^-?\d+\.\d{2}$",
}
"""What the specification says of these strings in words only."""
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)")
_formats = FormatChecker(formats=("uuid",))


@_formats.checks("date-time", raises=ValueError)
def _is_date_time(value: object) -> bool:
    if not isinstance(value, str):
        return True
    if _RFC3339.fullmatch(value) is None:
        return False
    datetime.fromisoformat(value)
    return True


@_formats.checks("int32")
def _is_int32(value: object) -> bool:
    return not isinstance(value, int) or -(2**31) <= value < 2**31


@_formats.checks("int64")
def _is_int64(value: object) -> bool:
    return not isinstance(value, int) or -(2**63) <= value < 2**63


def read_specification(path: Path) -> dict[str, Any]:
    """Return a specification."""
    found: dict[str, Any] = yaml.load(path.read_text(), Loader=yaml.CSafeLoader)
    return found


class Schemas:
    """The schemas of one specification, as JSON Schema."""

    def __init__(self, specification: dict[str, Any]) -> None:
        for name, pattern in _PATTERNS.items():
            named = specification["components"]["schemas"].get(name)
            if named is not None:
                named["pattern"] = pattern
        whole = _converted(specification)
        resource = Resource(contents=whole, specification=DRAFT202012)
        self._registry: Registry[Any] = Registry().with_resource(_DOCUMENT, resource)
        self._known: dict[int, tuple[Any, Draft202012Validator]] = {}

    def problems(self, schema: dict[str, Any], value: object) -> list[str]:
        """Return what a value breaks of a schema (one of the specification, unconverted)."""
        kept = self._known.get(id(schema))
        if kept is None:
            validator = Draft202012Validator(
                _converted(schema), registry=self._registry, format_checker=_formats
            )
            # The schema is kept with its validator, so that its id stays its own.
            kept = self._known[id(schema)] = (schema, validator)
        return [_told(error) for error in kept[1].iter_errors(value)]


def _told(error: Any) -> str:
    where = re.sub(r"\[\d+\]", "[]", error.json_path)
    return f"{where}: {error.message}"[:240]


def _converted(node: Any) -> Any:
    """Return a node with ``nullable`` as JSON Schema has it, and objects closed."""
    if isinstance(node, list):
        return [_converted(item) for item in node]
    if not isinstance(node, dict):
        return node
    found = {name: _converted(item) for name, item in node.items()}
    if isinstance(found.get("$ref"), str):
        found = {"$ref": _DOCUMENT + found["$ref"], "nullable": found.get("nullable")}
    if isinstance(found.get("properties"), dict) and found.get("type") == "object":
        found.setdefault("additionalProperties", False)
    if found.pop("nullable", None) is True:
        return {"anyOf": [found, {"type": "null"}]}
    return found
