"""What a journal can be told besides the records of ``core``."""

from __future__ import annotations

import msgspec

from kalshi_desk.core.fees import PredictedFee
from kalshi_desk.core.news import NewsItem
from kalshi_desk.core.records import Fill, Order, Settlement
from kalshi_desk.core.stops import StopRecord
from kalshi_desk.core.strategy import Observation
from kalshi_desk.core.types import NO_MONEY, Money, Price


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
    """Equity at a time, for charts that outlive a restart.

    ``flows`` is all that came from outside up to then; ``growth`` the return since the
    beginning without it, 1 at the start, and ``peak`` the highest of it so far.
    """

    at_ns: int
    equity: Money
    flows: Money = NO_MONEY
    growth: float = 1.0
    peak: float = 1.0


class CommandRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A journaled command; ``answer`` is None while, or for ever if, none was given."""

    command_id: str
    at_ns: int
    command: bytes
    answer: bytes | None


class BasketEntry(msgspec.Struct, frozen=True, kw_only=True):
    """Where a basket stands; ``record`` is all of it, encoded by the engine."""

    basket_id: str
    strategy: str
    stage: str
    is_over: bool
    started_ns: int
    updated_ns: int
    legging_loss: Money
    record: bytes


class PaperFillEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A simulated execution of a strategy in mode shadow or paper.

    ``cell`` is the strategy's own name for the situation, ``holds_until_ns`` when the
    position should end, 0 for settlement.
    """

    strategy: str
    mode: str
    fill: Fill
    cell: str = ""
    holds_until_ns: int = 0


class PaperSettlementEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A market that paid out what shadow and paper strategies held there."""

    ticker: str
    result: str
    value: Price
    settled_ns: int


Entry = (
    Order
    | Fill
    | Settlement
    | EventEntry
    | CommandAnswered
    | MetaEntry
    | EquityEntry
    | PredictedFee
    | StopRecord
    | BasketEntry
    | PaperFillEntry
    | PaperSettlementEntry
    | Observation
    | NewsItem
)

HALTED_KEY = "halted"
"""Meta: the reason for being HALTED; absent when trading is allowed."""
