"""What the engine and its strategy worker say to each other, and how it is framed.

Each message is msgpack after its length in four bytes, big endian.  Market events and
looks travel in one stream, so that a look sees the markets exactly as of its moment.
"""

from __future__ import annotations

from typing import BinaryIO, get_args

import msgspec

from kalshi_desk.core.events import (
    BarsKnown,
    BookDelta,
    BookSnapshot,
    BookStale,
    CoreEvent,
    FeedsReported,
    MarketsListed,
    MarketStatusChanged,
    NewsArrived,
    TickerChanged,
    TradeHistory,
    TradePrinted,
)
from kalshi_desk.core.strategy import Decision, Mode, Observation, Parameter, ParameterValue

LENGTH_BYTES = 4
MOST_ANSWER_BYTES = 16 << 20
"""A longer answer is none: the engine would have to hold it."""

MarketEvent = (
    BookSnapshot
    | BookDelta
    | BookStale
    | TickerChanged
    | TradePrinted
    | TradeHistory
    | MarketsListed
    | MarketStatusChanged
    | BarsKnown
    | NewsArrived
    | FeedsReported
)
MARKET_EVENTS: tuple[type[CoreEvent], ...] = get_args(MarketEvent)


class Fed(msgspec.Struct, frozen=True, tag=True):
    """Market events with the times at which the core took them, in order."""

    events: list[tuple[int, MarketEvent]]


class Look(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Ask a strategy what it would do now.

    Through the pipe come only the ``observations`` that came since its last look.
    """

    strategy: str
    cycle: int
    now_ns: int
    values: dict[str, ParameterValue]
    since_ns: dict[str, int]
    implications: tuple[tuple[str, str], ...]
    observations: dict[str, tuple[Observation, ...]] = {}


class StrategyInfo(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A strategy as it declares itself; ``fault`` says why its file can't be used."""

    name: str
    title: str = ""
    help: str = ""
    parameters: tuple[Parameter, ...] = ()
    default_mode: Mode = Mode.OFF
    follows_books: bool = False
    fault: str = ""


class Declared(msgspec.Struct, frozen=True, tag=True):
    """The worker is ready, and these are the strategies it can run."""

    strategies: tuple[StrategyInfo, ...]


class Looked(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """What a strategy answered; ``fault`` instead of a decision when it raised."""

    strategy: str
    cycle: int
    now_ns: int
    took_ns: int
    decision: Decision | None = None
    proof: str = ""
    fault: str = ""


ToWorker = Fed | Look
FromWorker = Declared | Looked
_encoder = msgspec.msgpack.Encoder()


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
