"""Frames of a real engine in a file, and a link that answers from them."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec

from kalshi_desk.desk.commands import (
    Answer,
    Command,
    Outcomes,
    PreviewOrder,
    Query,
    QueryFailed,
    Reply,
)
from kalshi_desk.desk.frames import Frame, Row, StatusView
from kalshi_desk.desk.protocol import PROTOCOL_VERSION, Welcome

FRAMES = Path(__file__).parent / "frames"


class Asked(msgspec.Struct, frozen=True):
    """A query and its reply."""

    query: Query
    reply: Reply


class Recording(msgspec.Struct, frozen=True, kw_only=True):
    """What an engine said: the frames in order, and the answers to a few queries."""

    ticker: str
    frames: list[Frame]
    asked: list[Asked]


def save(recording: Recording, path: Path) -> None:
    """Write a recording."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.msgpack.encode(recording))


def load(name: str = "desk") -> Recording:
    """Read a recording by name."""
    return msgspec.msgpack.decode((FRAMES / f"{name}.msgpack").read_bytes(), type=Recording)


class RecordedLink:
    """Gives the newest rows of a recording at once, and then nothing new."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self.rows: dict[str, dict[str, Row]] = {}
        self.events = {e.seq: e for frame in recording.frames for e in frame.events}
        for frame in recording.frames:
            for topic, rows in frame.changed.items():
                self.rows.setdefault(topic, {}).update(rows)

    @property
    def now_ns(self) -> int:
        """The time of the last frame."""
        row = self.rows["status"][""]
        assert isinstance(row, StatusView)
        return row.now_ns

    async def connect(self) -> Welcome:
        """Answer as the engine did."""
        await asyncio.sleep(0)
        newest = max(self.events, default=0)
        return Welcome(version=PROTOCOL_VERSION, venue="practice", pid=1, event_seq=newest)

    async def pull(self, topics: tuple[str, ...], board_seq: int, event_seq: int) -> Frame:
        """Return everything on the first pull, nothing later."""
        await asyncio.sleep(0)
        changed = {topic: self.rows.get(topic, {}) for topic in topics} if not board_seq else {}
        events = tuple(self.events[seq] for seq in sorted(self.events) if seq > event_seq)
        newest = max(self.events, default=0)
        return Frame(
            board_seq=1,
            event_seq=newest,
            changed=changed,
            removed={},
            full=topics if not board_seq else (),
            events=events,
        )

    async def submit(self, command: Command, command_id: str | None = None) -> Answer:
        """Refuse: a recording does not trade."""
        await asyncio.sleep(0)
        return Answer(command_id=command_id or "", outcome=Outcomes.REFUSED)

    async def ask(self, query: Query) -> Reply:
        """Give the recorded reply to a query of the same kind and market."""
        await asyncio.sleep(0)
        for asked in self.recording.asked:
            if type(asked.query) is not type(query) or asked.query.ticker != query.ticker:
                continue
            if isinstance(query, PreviewOrder) and asked.query != query:
                continue
            return asked.reply
        return QueryFailed(reasons=())

    async def close(self) -> None:
        """Nothing to let go of."""
