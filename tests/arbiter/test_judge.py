"""The judge itself: spoiled answers and requests are found out."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.arbiter.asyncapi import StreamDocument
from tests.arbiter.conftest import Drive
from tests.arbiter.openapi import Document
from tests.arbiter.recording import Exchanged

pytestmark = [pytest.mark.arbiter, pytest.mark.specs, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def document(openapi: dict[str, Any]) -> Document:
    return Document(openapi)


def changed(seen: Exchanged, change: Callable[[Any], None]) -> Exchanged:
    body = json.loads(seen.response)
    change(body)
    return replace(seen, response=json.dumps(body).encode())


def answers(document: Document, drive: Drive, path: str) -> list[Exchanged]:
    return [
        seen
        for seen in drive.seen
        if seen.status < 300 and seen.method == "GET" and seen.path.endswith(path)
    ]


def test_an_invented_field_in_any_answer_is_found(
    document: Document, drives: dict[str, Drive]
) -> None:
    tried = set()
    for seen in drives["sync"].seen:
        item = document.find(seen.method, seen.path)
        if seen.status >= 300 or not seen.response or item in tried or seen.response == b"{}":
            continue
        tried.add(item)
        spoiled = changed(seen, lambda body: body.update(invented="1"))
        whats = [problem.what for problem in document.problems(spoiled)]
        assert any("invented" in what for what in whats), item
    assert len(tried) > 45


@pytest.mark.parametrize(
    ("path", "change", "word"),
    [
        ("/portfolio/balance", lambda b: b.pop("balance"), "required"),
        ("/portfolio/balance", lambda b: b.update(balance=1.5), "integer"),
        ("/portfolio/balance", lambda b: b.update(balance_dollars=3), "string"),
        ("/portfolio/balance", lambda b: b.update(balance_dollars="3"), "match"),
        ("/portfolio/fills", lambda b: b["fills"][0].update(count_fp="3.0"), "match"),
        ("/portfolio/fills", lambda b: b["fills"][0].update(side="both"), "one of"),
        ("/portfolio/fills", lambda b: b["fills"][0].update(created_time="today"), "date-time"),
        ("/portfolio/fills", lambda b: b["fills"][0].update(made_up=1), "made_up"),
    ],
)
def test_a_spoiled_answer_is_found(
    document: Document,
    drives: dict[str, Drive],
    path: str,
    change: Callable[[Any], None],
    word: str,
) -> None:
    seen = answers(document, drives["sync"], path)[0]
    assert list(document.problems(seen)) == []
    whats = [problem.what for problem in document.problems(changed(seen, change))]
    assert len(whats) == 1
    assert word in whats[0]


def test_spoiled_requests_are_found(document: Document, drives: dict[str, Drive]) -> None:
    read = answers(document, drives["sync"], "/portfolio/fills")[0]
    write = next(
        seen
        for seen in drives["sync"].seen
        if seen.method == "POST" and seen.path.endswith("/events/orders")
    )
    body = json.loads(write.request)
    spoiled = [
        replace(read, query=[("tickr", "A")]),
        replace(read, query=[("limit", "many")]),
        replace(read, request=b'{"limit": 3}'),
        replace(write, request=b""),
        replace(write, request=json.dumps({**body, "count": 1}).encode()),
        replace(write, request=json.dumps({**body, "action": "buy"}).encode()),
        replace(write, request_type="text/plain"),
        replace(write, path="/trade-api/v2/portfolio/events/order"),
        replace(write, status=200),
    ]
    for seen in spoiled:
        assert len(list(document.problems(seen))) == 1, seen


@pytest.mark.parametrize(
    "body",
    [
        b"too many requests",
        b'{"error": "no"}',
        b'{"error": {"code": "x"}}',
        b'{"code": "x", "message": "y", "service": "z"}',
    ],
)
def test_errors_of_no_recorded_shape_are_found(
    document: Document, drives: dict[str, Drive], body: bytes
) -> None:
    seen = drives["sync"].seen[0]
    refused = replace(seen, status=400, response=body)
    assert len(list(document.problems(refused))) == 1
    limited = replace(seen, status=429, response=b'{"error": "too many requests"}')
    assert list(document.problems(limited)) == []


FRAME: dict[str, Any] = {
    "type": "orderbook_delta",
    "sid": 1,
    "seq": 2,
    "msg": {
        "market_ticker": "A",
        "market_id": "0a7f1d50-0c1e-4d8c-9a4e-3c6f3a5d2b11",
        "clock": 7,
        "price_dollars": "0.4700",
        "delta_fp": "-3.00",
        "side": "yes",
        "ts": "2026-11-23T08:00:00Z",
        "ts_ms": 1_795_420_800_000,
    },
    "sending_ts_ms": 1_795_420_800_001,
}


@pytest.mark.parametrize(
    ("where", "change", "word"),
    [
        ("", {"seq": 0}, "minimum"),
        ("", {"sid": "1"}, "integer"),
        ("", {"invented": 1}, "invented"),
        ("", {"type": "orderbook_change"}, "not in the document"),
        ("msg", {"clock": None}, "integer"),
        ("msg", {"side": "bid"}, "one of"),
        ("msg", {"invented": 1}, "invented"),
    ],
)
def test_a_spoiled_frame_is_found(
    asyncapi: dict[str, Any], where: str, change: dict[str, Any], word: str
) -> None:
    document = StreamDocument(asyncapi)
    assert list(document.problems(FRAME)) == []
    spoiled = json.loads(json.dumps(FRAME))
    (spoiled[where] if where else spoiled).update(change)
    problems = list(document.problems(spoiled))
    assert len(problems) == 1
    assert word in problems[0]


def test_a_frame_without_its_sending_time_is_found(asyncapi: dict[str, Any]) -> None:
    frame = {name: part for name, part in FRAME.items() if name != "sending_ts_ms"}
    assert list(StreamDocument(asyncapi).problems(frame)) == ["orderbookDelta has no sending_ts_ms"]
