"""Everything the SDKs said and heard is as the OpenAPI document has it."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.arbiter import surface
from tests.arbiter.conftest import Drive
from tests.arbiter.known_violations import NOT_501, OPENAPI
from tests.arbiter.openapi import Document
from tests.arbiter.recording import Exchanged
from tests.exchange.client import Exchange

pytestmark = [pytest.mark.arbiter, pytest.mark.specs, pytest.mark.timeout(240)]

_REFUSED = (surface.operation("POST", "/api_keys"), 403)
"""One's own public key is taken from higher tiers only, so the real exchange refuses it too."""


@pytest.fixture(scope="module")
def document(openapi: dict[str, Any]) -> Document:
    return Document(openapi)


def test_every_request_and_answer_is_as_published(
    document: Document, drives: dict[str, Drive]
) -> None:
    found = {
        str(problem)
        for drive in drives.values()
        for seen in drive.seen
        for problem in document.problems(seen)
    }
    assert sorted(found - OPENAPI) == []
    assert sorted(OPENAPI - found) == [], "these are mended: take them off the table"


def test_every_served_operation_has_a_recorded_request(
    document: Document, drives: dict[str, Drive]
) -> None:
    for drive in drives.values():
        assert unrecorded(document, drive.seen) == set()


def test_an_operation_without_a_recorded_request_is_found(
    document: Document, drives: dict[str, Drive]
) -> None:
    for drive in drives.values():
        names = [document.find(seen.method, seen.path) for seen in drive.seen]
        for item in surface.served():
            others = [s for s, name in zip(drive.seen, names, strict=True) if name != item]
            assert len(others) < len(drive.seen)
            assert unrecorded(document, others) == {item}


def unrecorded(document: Document, seen: list[Exchanged]) -> set[surface.Operation]:
    """Return what is served and was never answered as it was meant to be."""
    found = [(document.find(one.method, one.path), one.status) for one in seen]
    done = {item for item, status in found if status < 400 or (item, status) == _REFUSED}
    return surface.served() - done


def test_the_short_table_counts_every_operation(openapi: dict[str, Any]) -> None:
    rows = [line.strip("| ").split(" | ") for line in surface.compact(openapi).splitlines()[2:]]
    counts = [0, 0]
    for _, *sides in rows:
        for side, text in enumerate(sides):
            whole = text.removeprefix("all ")
            counts[side] += int(whole) if whole.isdigit() else len(text.strip("-").split(", "))
            counts[side] -= text == "-"
    assert counts[0] == len(surface.served())
    assert sum(counts) == len(surface.published(openapi))


def test_nothing_is_served_that_is_not_published(document: Document) -> None:
    assert surface.served() <= document.operations.keys()


def test_every_published_operation_that_is_not_served_is_a_501(document: Document) -> None:
    exchange = Exchange("--history-min", "2")
    try:
        wrong = {}
        for item in sorted(document.operations.keys() - surface.served()):
            path = item.path.replace("{}", "made-up")
            body = {} if item.method in {"POST", "PUT"} else None
            answer = exchange.call(item.method, path, body)
            if not _says_not_served(answer):
                wrong[f"{item.method} {item.path}"] = f"{answer.status_code} {answer.text}"
        assert wrong.keys() == NOT_501, wrong
    finally:
        assert exchange.stop() == 0


def _says_not_served(answer: httpx.Response) -> bool:
    if answer.status_code != 501:
        return False
    error = answer.json()["error"]
    return error["code"] == "not_implemented" and "does not serve" in error["details"]
