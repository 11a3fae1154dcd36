"""The messages on the link between a face and the engine, and their codec.

A face says :class:`Hello` with the token of its home and is answered by
:class:`Welcome` or :class:`TurnedAway`.  After that it pulls: the engine keeps
nothing per client, so a face that stops reading costs it nothing.
"""

from __future__ import annotations

import msgspec

from kalshi_desk.desk.commands import Answer, Command, Query, Reply
from kalshi_desk.desk.frames import Frame

PROTOCOL_VERSION = 1
MAX_EVENTS_PER_FRAME = 500


class Hello(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """First word of a face."""

    version: int
    token: str
    face: str


class Welcome(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The engine's answer: which venue and which process one talks to.

    ``event_seq`` is the newest event, for a face that wants no history.
    """

    version: int
    venue: str
    pid: int
    event_seq: int


class TurnedAway(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The engine will not talk: a wrong token or another protocol; ``text`` says what to do."""

    text: str


class Pull(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Ask for what is new on these topics; 0 asks for everything."""

    topics: tuple[str, ...]
    board_seq: int = 0
    event_seq: int = 0


class Submit(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A command under an id that makes it happen at most once."""

    command_id: str
    command: Command


class Ask(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A query; ``ask_id`` pairs it with its reply."""

    ask_id: int
    query: Query


class Replied(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The reply to a query."""

    ask_id: int
    reply: Reply


class Broken(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A message that the engine could not read."""

    text: str


ToEngine = Hello | Pull | Submit | Ask
ToFace = Welcome | TurnedAway | Frame | Answer | Replied | Broken

encode = msgspec.msgpack.Encoder().encode
to_engine = msgspec.msgpack.Decoder(ToEngine)
to_face = msgspec.msgpack.Decoder(ToFace)
