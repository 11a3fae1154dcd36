"""Holds recorded requests and answers to the OpenAPI document."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.arbiter.recording import Exchanged
from tests.arbiter.schemas import Schemas
from tests.arbiter.surface import PREFIX, Operation, published


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in an exchange of request and answer that the document does not allow."""

    operation: Operation
    side: str
    what: str

    def __str__(self) -> str:
        return f"{self.operation.method} {self.operation.path} {self.side} {self.what}"


class Document:
    """An OpenAPI document as a judge."""

    def __init__(self, specification: dict[str, Any]) -> None:
        self._whole = specification
        self._schemas = Schemas(specification)
        self.operations = published(specification)
        by_path = sorted(self.operations, key=lambda item: item.path.count("{}"))
        self._patterns = [
            (item, re.compile(re.escape(item.path).replace(r"\{\}", "[^/]+"))) for item in by_path
        ]

    def find(self, method: str, path: str) -> Operation | None:
        """Return the operation of a request; literal paths go before those with parameters."""
        below = path.removeprefix(PREFIX)
        for item, pattern in self._patterns:
            if item.method == method and pattern.fullmatch(below):
                return item
        return None

    def problems(self, seen: Exchanged) -> Iterator[Problem]:
        """Return everything that is wrong with one exchange."""
        found = self.find(seen.method, seen.path)
        if found is None:
            yield Problem(Operation(seen.method, seen.path), "request", "is not in the document")
            return
        described = self.operations[found]
        if seen.status < 400:
            # A refused request may be wrong on purpose.
            for what in self._request(described, seen):
                yield Problem(found, "request", what)
        for what in self._answer(described, seen):
            yield Problem(found, str(seen.status), what)

    # -- request ------------------------------------------------------------------------

    def _request(self, described: dict[str, Any], seen: Exchanged) -> Iterator[str]:
        yield from self._query(described, seen.query)
        wanted = self._resolved(described.get("requestBody", {}))
        if not wanted:
            if seen.request not in {b"", b"{}"}:
                yield "has a body that is not declared"
            return
        if not seen.request:
            if wanted.get("required"):
                yield "has no body"
            return
        if seen.request_type.partition(";")[0] != "application/json":
            yield f"content type {seen.request_type!r}"
        schema = wanted["content"]["application/json"]["schema"]
        yield from self._schemas.problems(schema, json.loads(seen.request))

    def _query(self, described: dict[str, Any], query: list[tuple[str, str]]) -> Iterator[str]:
        declared = {
            item["name"]: item
            for item in map(self._resolved, described.get("parameters", []))
            if item["in"] == "query"
        }
        names = {name for name, _ in query}
        for name in names - declared.keys():
            yield f"parameter {name} is not declared"
        for name, item in declared.items():
            if item.get("required") and name not in names:
                yield f"parameter {name} is missing"
        for name in sorted(names & declared.keys()):
            schema = self._resolved(declared[name]["schema"])
            texts = [value for key, value in query if key == name]
            value = _parsed(schema, texts, self._resolved(schema.get("items", {})))
            for what in self._schemas.problems(schema, value):
                yield f"parameter {name} {what}"

    # -- answer -------------------------------------------------------------------------

    def _answer(self, described: dict[str, Any], seen: Exchanged) -> Iterator[str]:
        if seen.status >= 400:
            yield from _error_problems(seen)
            return
        response = described["responses"].get(str(seen.status))
        if response is None:
            yield "status is not declared"
            return
        content = self._resolved(response).get("content", {}).get("application/json")
        if content is None:
            if seen.response:
                yield "has a body that is not declared"
            return
        if seen.response_type.partition(";")[0] != "application/json":
            yield f"content type {seen.response_type!r}"
        yield from self._schemas.problems(content["schema"], json.loads(seen.response))

    def _resolved(self, node: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in node:
            target: Any = self._whole
            for part in node["$ref"].removeprefix("#/").split("/"):
                target = target[part]
            node = target
        return node


def _parsed(schema: dict[str, Any], texts: list[str], items: dict[str, Any]) -> Any:
    """Return the value that a query parameter's text stands for."""
    kind = schema.get("type")
    if kind == "array":
        return [_parsed(items, [text], {}) for text in texts]
    text = texts[-1]
    if kind == "integer" and re.fullmatch(r"-?\d+", text):
        return int(text)
    if kind == "boolean" and text in {"true", "false"}:
        return text == "true"
    return text


def _error_problems(seen: Exchanged) -> Iterator[str]:
    """Hold an error to the recorded shapes: nested, flat, ``msg``, and the string of the 429."""
    try:
        body = json.loads(seen.response)
    except ValueError:
        yield f"is not JSON: {seen.response[:80]!r}"
        return
    if seen.status == 429:
        if body != {"error": "too many requests"}:
            yield f"is not the recorded 429: {body}"
        return
    if not isinstance(body, dict):
        yield "is not an object"
        return
    inner = body["error"] if set(body) == {"error"} else body
    if isinstance(inner, dict) and set(inner) == {"msg"}:
        return
    if not isinstance(inner, dict) or not {"code", "message"} <= set(inner):
        yield f"is none of the error shapes: {body}"
    elif set(inner) - {"code", "message", "details"}:
        yield f"has other fields than an error: {body}"
