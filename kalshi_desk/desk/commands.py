"""What a face may ask of the desk: commands change something, queries only look.

Prices are of the outcome named, in 1/10,000 dollar; counts are in 1/100 contract.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from kalshi_desk.core.reasons import Reason
from kalshi_desk.core.types import Action, BookSide, Count, Money, Outcome, Price, TimeInForce
from kalshi_desk.desk.automation import AutomationCommand, PreviewStop, StopPreview
from kalshi_desk.desk.service import ServiceCommand, ServiceQuery, ServiceReply


class PlaceOrder(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Buy or sell an outcome of a market at a limit price."""

    ticker: str
    action: Action
    outcome: Outcome
    count: Count
    price: Price
    time_in_force: TimeInForce = TimeInForce.GTC
    post_only: bool = False
    origin: str = "manual"


class CancelOrder(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Cancel one order, by the exchange's id or by ours."""

    order: str


class CancelAll(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Cancel every order; or those of one market, one side of it, one YES price on it."""

    ticker: str | None = None
    side: BookSide | None = None
    price: Price | None = None


class Flatten(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Close the position in one market, or in all: cancel its orders, then sell what is held."""

    ticker: str | None = None


class Panic(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Stop automatic trading, cancel everything, verify, and stay HALTED; positions are kept."""


class Resume(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Leave HALTED; only a person may ask."""


class LeaveLive(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """End LIVE at once: HALTED, and no start on real money until it is confirmed again."""


class Star(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Put a market on the watchlist or take it off."""

    ticker: str
    starred: bool


class LeaveOrders(StrEnum):
    """What a clean stop does with what is open."""

    LEAVE = "leave"
    CANCEL = "cancel"
    FLATTEN = "flatten"


class StopEngine(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """End the engine and all its processes."""

    orders: LeaveOrders = LeaveOrders.LEAVE


class ReplayStep(StrEnum):
    """What can be done to a recording that plays."""

    PLAY = "play"
    PAUSE = "pause"
    STEP = "step"
    SPEED = "speed"
    JUMP = "jump"


class ReplayControl(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Steer a replay: ``value`` is a speed (1 to 100), a number of frames, or a per cent."""

    step: ReplayStep
    value: float = 0.0


Command = (
    PlaceOrder
    | CancelOrder
    | CancelAll
    | Flatten
    | Panic
    | Resume
    | LeaveLive
    | Star
    | StopEngine
    | ReplayControl
    | AutomationCommand
    | ServiceCommand
)


class PreviewOrder(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Ask what an order would do, without sending it.

    ``size`` is what the person typed: contracts (``400``, ``0.5``), dollars at risk
    (``$200``), a share of equity (``5%``) or Kelly with one's own probability of the
    outcome (``k62`` for 62 per cent).
    """

    ticker: str
    action: Action
    outcome: Outcome
    size: str
    price: Price
    time_in_force: TimeInForce = TimeInForce.GTC
    post_only: bool = False


class AskRules(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Ask for the full rules text of a market."""

    ticker: str


Query = PreviewOrder | AskRules | PreviewStop | ServiceQuery


class Preview(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """What an order would do now: the split, the costs, the ends, and what would refuse it.

    ``average_now`` and ``break_even`` are of the outcome traded; ``break_even`` is the
    probability at which the trade earns nothing, in 1/10,000.
    """

    count: Count
    fills_now: Count
    average_now: Price | None
    rests: Count
    fee_now: Money
    fee_worst: Money
    max_loss: Money
    max_win: Money
    break_even: Price | None
    position_after: Count
    worst_after: Money
    event_worst_after: Money
    shard: int
    cash: Money
    refusals: tuple[Reason, ...] = ()
    notes: tuple[str, ...] = ()


class RulesText(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Title, rules and dates of a market, as plain text."""

    ticker: str
    title: str
    text: str


class QueryFailed(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A query that has no answer, and why."""

    reasons: tuple[Reason, ...]


Reply = Preview | RulesText | StopPreview | ServiceReply | QueryFailed


class Outcomes(StrEnum):
    """How a command ended; ``UNKNOWN`` is a state of its own."""

    DONE = "done"
    REFUSED = "refused"
    UNKNOWN = "unknown"


class OrderResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one order of a command."""

    client_order_id: str
    order_id: str
    ticker: str
    filled: Count
    remaining: Count
    state: str


class Answer(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The answer to a command; the same command id gets the same answer for ever."""

    command_id: str
    outcome: Outcomes
    text: str = ""
    orders: tuple[OrderResult, ...] = ()
    reasons: tuple[Reason, ...] = ()
