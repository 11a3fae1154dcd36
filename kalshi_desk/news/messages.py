"""What the engine and its news worker say to each other, and how it is framed.

Each message is msgpack after its length in four bytes, big endian.  The worker answers
with the very events that the trading core takes.
"""

from __future__ import annotations

from hashlib import sha256
from typing import BinaryIO

import msgspec

from kalshi_desk.core.events import FeedsReported, NewsArrived
from kalshi_desk.core.news import NewsItem
from kalshi_desk.news.sources import Source
from kalshi_desk.news.texts import MarketText

LENGTH_BYTES = 4
UNTRAINED = "textblob (no classifier is trained)"
"""What scores without a model."""
MOST_ANSWER_BYTES = 4 << 20
"""A longer answer is none: the engine would have to hold it."""
MOST_ITEMS = 20
"""Items of one answer: the engine's loop does nothing else while it takes them."""


class Configure(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Which feeds there are, and the desk's clock.

    ``now_ns`` is its time as this is sent, ``speed`` how many of its seconds pass in a real
    one.
    """

    sources: tuple[Source, ...]
    now_ns: int
    speed: float = 1.0


class Known(msgspec.Struct, frozen=True, tag=True):
    """Items that the desk has already, oldest first, as they stand now."""

    items: tuple[NewsItem, ...]


class Markets(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Markets that are new or say something else, and those that are gone.

    ``is_last`` ends a series of such messages: only then do they count.
    """

    changed: tuple[MarketText, ...] = ()
    gone: tuple[str, ...] = ()
    is_last: bool = True


class UseModel(msgspec.Struct, frozen=True, tag=True):
    """The file of a trained classifier, to score with where it has earned that; empty for none."""

    file: bytes


class ModelTaken(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The answer to :class:`UseModel`: ``name`` is that of the file asked about.

    ``scorer`` is what scores from now on; with a ``fault`` that is what it was before.
    """

    name: str
    scorer: str
    fault: str = ""


class Begin(msgspec.Struct, frozen=True, tag=True):
    """The worker knows what it must and may look at feeds."""


class Alive(msgspec.Struct, frozen=True, tag=True):
    """The worker's loop runs; sent when there is nothing else to say."""


ToWorker = Configure | Known | Markets | UseModel | Begin
FromWorker = NewsArrived | FeedsReported | ModelTaken | Alive
_encoder = msgspec.msgpack.Encoder()


def file_name(file: bytes) -> str:
    """Return the name of a model's file: the beginning of its SHA-256, empty for none."""
    return sha256(file).hexdigest()[:8] if file else ""


def pack(message: ToWorker | FromWorker) -> bytes:
    """Return a message ready for the pipe."""
    body = _encoder.encode(message)
    return len(body).to_bytes(LENGTH_BYTES, "big") + body


def read_from(stream: BinaryIO) -> bytes | None:
    """Return the next message's body, None when the other side has gone."""
    head = stream.read(LENGTH_BYTES)
    if len(head) < LENGTH_BYTES:
        return None
    length = int.from_bytes(head, "big")
    body = stream.read(length)
    return body if len(body) == length else None
