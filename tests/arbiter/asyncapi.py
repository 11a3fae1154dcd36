"""Holds recorded stream messages to the AsyncAPI document."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.arbiter.schemas import Schemas

CONTROL = "root"
"""The document's channel of commands and their answers."""
_ONLY_WITH = {
    "exchange_index": {"created"},
    "open_ts": {"created"},
    "close_ts": {"created", "close_date_updated"},
    "additional_metadata": {"created"},
    "determination_ts": {"determined"},
    "result": {"determined"},
    "settlement_value": {"determined"},
    "settled_ts": {"settled"},
    "is_deactivated": {"activated", "deactivated"},
    "price_level_structure": {"created", "price_level_structure_updated"},
    "price_ranges": {"created", "price_level_structure_updated"},
}
"""Lifecycle fields and the events that have them: the document says this in words only."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message of the document: its channel, its ``type`` on the wire, what it holds."""

    name: str
    channel: str
    kind: str
    payload: dict[str, Any]


class StreamDocument:
    """An AsyncAPI document as a judge."""

    def __init__(self, specification: dict[str, Any]) -> None:
        self._schemas = Schemas(specification)
        parts = specification["components"]
        self.messages: list[Message] = []
        self.channels: set[str] = set()
        for channel, described in specification["channels"].items():
            for name in described["messages"]:
                reference = parts["messages"][name]["payload"].get("$ref", "")
                payload = parts["schemas"].get(reference.rpartition("/")[2], {})
                kind = payload.get("properties", {}).get("type", {}).get("const")
                if kind is not None:
                    self.messages.append(Message(name, channel, kind, payload))
                    if channel != CONTROL:
                        self.channels.add(channel)

    def meant(self, frame: dict[str, Any]) -> Message | None:
        """Return the message that a frame is, or is closest to."""
        named = [message for message in self.messages if message.kind == frame.get("type")]
        return min(
            named,
            key=lambda message: len(self._schemas.problems(message.payload, frame)),
            default=None,
        )

    def problems(self, frame: dict[str, Any]) -> Iterator[str]:
        """Return everything that is wrong with one frame."""
        message = self.meant(frame)
        if message is None:
            yield f"type {frame.get('type')!r} is not in the document"
            return
        for what in self._schemas.problems(message.payload, frame):
            yield f"{message.name} {what}"
        if "sending_ts_ms" not in frame:
            yield f"{message.name} has no sending_ts_ms"
        if message.name == "marketLifecycleV2":
            yield from _misplaced(frame["msg"])


def _misplaced(body: dict[str, Any]) -> Iterator[str]:
    """Return the lifecycle fields that stand where the document says they never do."""
    event = body["event_type"]
    for name, events in _ONLY_WITH.items():
        if name in body and event not in events:
            yield f"marketLifecycleV2 {event} has {name}"
        if name not in body and event in events:
            yield f"marketLifecycleV2 {event} has no {name}"
