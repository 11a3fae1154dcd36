"""The exchange's adjustable behaviours, one field for each point its documentation leaves open."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Literal

import msgspec


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """Assumed behaviours; tests and other installations may choose the alternatives.

    Money fields are dollars, durations carry their unit in the name.
    """

    # -- fees
    fee_step: Decimal = Decimal("0.0001")
    """A trade fee is rounded up to a multiple of this."""
    member_precision: Decimal = Decimal("0.0001")
    """Balance changes are floored to a multiple of this (direct member; 0.01 for others)."""
    rebate_step: Decimal = Decimal("0.01")
    """Accumulated rounding is paid back in this unit once it exceeds it."""
    fee_cost_is_net: bool = True
    """A fill's ``fee_cost`` has the rebate taken off; otherwise only the balance shows it."""
    reserves_fees: bool = False
    """A resting order needs cash for the fee of its execution too."""

    # -- orders
    dead_client_ids_refused: bool = True
    """A client order id stays taken after its order was canceled or executed."""
    killed_client_ids_refused: bool = True
    """A client order id stays taken after its fill-or-kill order was killed."""
    reduce_to_zero_cancels: bool = True
    """Decreasing an order to nothing cancels it; otherwise it is refused."""
    empty_ioc_is_created: bool = True
    """Immediate-or-cancel with nothing to hit is a 201 with zeros; otherwise a 409."""
    post_only_cross_cancels: bool = False
    """A crossing post-only order is accepted and canceled at once; otherwise it is a 400."""
    reduce_only_takes_fill_or_kill: bool = False
    """Reduce-only is allowed with fill-or-kill too."""
    smaller_amend_keeps_queue: bool = True
    """An amend that only makes the order smaller keeps its place in the queue."""
    amend_restates_initial: bool = True
    """After an amend the initial count is the amended total."""
    self_trade_spans_subaccounts: bool = True
    """Orders of two subaccounts of one member count as the member's own."""
    remainder_reason: str = ""
    """``last_update_reason`` of the canceled remainder of an immediate-or-cancel order."""

    # -- status codes
    fill_or_kill_status: int = 409
    trading_paused_status: int = 409
    shard_balance_status: int = 404
    market_inactive_code: str = "market_inactive"
    """The error code for orders in a market that is not open."""
    scope_code: str = "insufficient_scope"
    """The error code for a key without the scope that an operation needs."""

    # -- signing and limits
    skew_past_s: float = 15.0
    """How old a signed timestamp may be."""
    skew_future_s: float = 15.0
    """How far ahead of the server a signed timestamp may be."""
    usage_tier: str = "advanced"
    read_refill: int = 300
    """Read tokens per second."""
    write_refill: int = 300
    """Write tokens per second."""
    bucket_seconds: int = 2
    """Bucket capacity in seconds of refill."""
    balance_refill: int = 1
    """Balance reads per second (their own bucket)."""
    balance_capacity: int = 1
    """Balance reads that may come at once."""
    unsigned_refill: int = 0
    """Tokens per second of calls without a key; 0 does not limit them."""

    # -- reading
    read_lag_ms: int = 400
    """How long a member's REST reads lag behind the engine."""
    shard_zero_is_absent: bool = False
    """``exchange_index`` is left out where it would be 0."""
    open_includes_inactive: bool = False
    """The status filter ``open`` finds inactive markets too."""
    depth_keeps_best: bool = True
    """``depth`` keeps the best levels; otherwise the first ones of the ascending list."""
    portfolio_value_has_cash: bool = False
    realized_is_net_of_fees: bool = False
    revenue_rounding: Literal["floor", "nearest"] = "floor"
    """How whole cents are made of the revenue of a fractional position."""

    # -- life cycle and money
    sharding: bool = True
    """Series live on several shards with separate collateral; otherwise all on shard 0."""
    close_sweep_ms: int = 500
    """How long after its close a market's resting orders are canceled."""
    transfer_ms: int = 500
    """How long money is on its way between shards."""
    amendment_is_told: bool = False
    """An amended result is announced as another ``determined``."""
    listing_lag_ms: int = 200
    """How long a market that was announced on the stream is unknown to reads."""
    market_history_days: int = 90
    """Settled markets older than this are found under ``/historical`` only; trades too."""
    order_history_days: int = 14
    """Dead orders older than this are found under ``/historical`` only."""

    # -- stream
    control_takes_seq: bool = True
    """``ok`` and ``unsubscribed`` take a number of their subscription's sequence."""
    snapshot_reply_takes_seq: bool = True
    """So does the answer to ``get_snapshot``."""
    yes_price_by_default: bool = False
    """``use_yes_price`` holds where a subscription does not say."""
    private_first: bool = False
    """A match is told to its members before the public hears of it."""
    private_snapshots: bool = False
    """``user_orders`` and ``market_positions`` begin with what there is."""
    markets_per_subscription: int = 10_000
    """More markets in one subscription are error 26."""
    commands_per_s: int = 10_000
    """More commands than this in one second are error 27."""
    maintenance_close_code: int = 1001
    stream_queue_frames: int = 20_000
    """Frames one socket may lag behind before its slowest subscription is ended."""

    step_ms: int = 100
    """The length of one step of the crowd."""


DEFAULT_RULES = Rules()


def read_rules(settings: Iterable[str]) -> Rules:
    """Return the default rules changed by ``name=value`` settings; raises ``ValueError``."""
    chosen: dict[str, str] = {}
    for setting in settings:
        name, mark, value = setting.partition("=")
        if not mark or name not in Rules.__struct_fields__:
            raise ValueError(f"{setting!r} is not a rule: write NAME=VALUE")
        chosen[name] = value
    try:
        return msgspec.convert(chosen, Rules, strict=False)
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from error
