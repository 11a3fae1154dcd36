"""What a journal can be told besides the records of ``core``."""

from __future__ import annotations

import msgspec

from kalshi_desk.core.records import Fill, Order, Settlement
from kalshi_desk.core.strategy import Observation
from kalshi_desk.core.types import Money


class EventEntry(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened once, as every face will see it; ``seq`` 0 asks for the next."""

    at_ns: int
    kind: str
    level: str
    title: str
    text: str = ""
    ticker: str = ""
    seq: int = 0


class CommandAnswered(msgspec.Struct, frozen=True, kw_only=True):
    """The encoded answer to a journaled command."""

    command_id: str
    answer: bytes


class MetaEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A named value; None takes the name away."""

    key: str
    value: str | None


class EquityEntry(msgspec.Struct, frozen=True, kw_only=True):
    """Equity at a time, for charts that outlive a restart."""

    at_ns: int
    equity: Money


class CommandRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A journaled command; ``answer`` is None while, or for ever if, none was given."""

    command_id: str
    at_ns: int
    command: bytes
    answer: bytes | None


Entry = (
    Order | Fill | Settlement | EventEntry | CommandAnswered | MetaEntry | EquityEntry | Observation
)

HALTED_KEY = "halted"
"""Meta: the reason for being HALTED; absent when trading is allowed."""
