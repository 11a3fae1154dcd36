"""Every message of the stream is as the AsyncAPI document has it, and every one was seen."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import Any

import pytest

from kalshi_desk.exchange.subscriptions import CHANNELS
from tests.arbiter.asyncapi import CONTROL, StreamDocument
from tests.arbiter.known_violations import ASYNCAPI
from tests.arbiter.stream_day import Listener, whole_day
from tests.exchange.client import Exchange

pytestmark = [pytest.mark.arbiter, pytest.mark.specs, pytest.mark.timeout(240)]

NEVER_SENT = {
    "marketMetadataUpdated",
    "subscribedIndicesResponse",
    "subscribedUnderlyingsResponse",
}
"""Messages of served channels that nothing on the practice exchange brings about."""
REASONS = {
    "Amend",
    "CloseCancel",
    "Decrease",
    "ExpiryCancel",
    "HaltCancel",
    "SelfTradeCancel",
    "Trade",
}
"""Reasons of a changed order that the day brings about."""


@pytest.fixture(scope="module")
def document(asyncapi: dict[str, Any]) -> StreamDocument:
    return StreamDocument(asyncapi)


@pytest.fixture(scope="module")
def day() -> Listener:
    exchange = Exchange("--history-min", "2", "--rule", "read_lag_ms=0")
    try:
        listener = asyncio.run(whole_day(exchange))
    finally:
        code = exchange.stop()
    assert code == 0
    return listener


def test_every_message_is_as_published(document: StreamDocument, day: Listener) -> None:
    found = {what for frame in day.frames for what in document.problems(frame)}
    assert sorted(found - ASYNCAPI) == []
    assert sorted(ASYNCAPI - found) == [], "these are mended: take them off the table"


def test_every_message_of_every_served_channel_was_seen(
    document: StreamDocument, day: Listener
) -> None:
    seen = {message.name for frame in day.frames if (message := document.meant(frame))}
    due = {message.name for message in document.messages if message.channel in CHANNELS | {CONTROL}}
    assert due - seen == NEVER_SENT


def test_served_channels_are_published_ones(document: StreamDocument) -> None:
    assert document.channels >= CHANNELS


def test_every_reason_of_a_changed_order_was_seen(day: Listener) -> None:
    reasons = {frame["msg"].get("last_update_reason") for frame in of_kind(day, "user_order")}
    assert reasons >= REASONS


def test_every_number_of_every_subscription_was_seen_once(day: Listener) -> None:
    numbers: dict[int, list[int]] = defaultdict(list)
    for frame in day.frames:
        if "seq" in frame:
            numbers[frame["sid"]].append(frame["seq"])
    assert len(numbers) >= 4
    for sid, found in numbers.items():
        assert found == list(range(1, len(found) + 1)), sid


def test_frames_are_written_as_recorded(day: Listener) -> None:
    for text, frame in zip(day.texts, day.frames, strict=True):
        assert text.endswith("}\n")
        assert text.count("\n") == 1
        order = ["type", "id", "sid", "seq", "msg", "sending_ts_ms"]
        assert list(frame) == [name for name in order if name in frame]


def of_kind(day: Listener, kind: str) -> list[dict[str, Any]]:
    return [frame for frame in day.frames if frame["type"] == kind]
