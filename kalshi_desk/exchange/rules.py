"""The exchange's adjustable behaviours, one field for each point its documentation leaves open."""

from __future__ import annotations

from decimal import Decimal

import msgspec


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """Assumed behaviours; tests and other installations may choose the alternatives.

    Money fields are dollars, durations carry their unit in the name.
    """

    fee_step: Decimal = Decimal("0.0001")
    """A trade fee is rounded up to a multiple of this."""
    member_precision: Decimal = Decimal("0.0001")
    """Balance changes are floored to a multiple of this (direct member; 0.01 for others)."""
    rebate_step: Decimal = Decimal("0.01")
    """Accumulated rounding is paid back in this unit once it exceeds it."""
    dead_client_ids_refused: bool = True
    """A client order id stays taken after its order was canceled or executed."""
    killed_client_ids_refused: bool = True
    """A client order id stays taken after its fill-or-kill order was killed."""
    reduce_to_zero_cancels: bool = True
    """Decreasing an order to nothing cancels it; otherwise it is refused."""
    market_inactive_code: str = "market_inactive"
    """The error code for orders in a market that is not open."""
    skew_past_s: float = 15.0
    """How old a signed timestamp may be."""
    skew_future_s: float = 15.0
    """How far ahead of the server a signed timestamp may be."""
    step_ms: int = 100
    """The length of one step of the crowd."""
    usage_tier: str = "advanced"
    read_refill: int = 300
    """Read tokens per second."""
    write_refill: int = 300
    """Write tokens per second."""
    bucket_seconds: int = 2
    """Bucket capacity in seconds of refill."""
    balance_refill: int = 1
    """Balance reads per second (their own bucket)."""
    balance_capacity: int = 5
    """Balance reads that may come at once."""
    stream_queue_frames: int = 20_000
    """Frames one socket may lag behind before its slowest subscription is ended."""


DEFAULT_RULES = Rules()
