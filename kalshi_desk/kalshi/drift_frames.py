"""What the published description promises about the frames of the stream that the desk reads."""

from __future__ import annotations

from kalshi_desk.kalshi.drift_shape import (
    Fields,
    Shape,
    amounts,
    flags,
    inside,
    levels,
    money,
    needed,
    numbers,
    objects,
    rows,
    shape,
    text,
    words,
)
from kalshi_desk.kalshi.drift_table import (
    BAND,
    FEE_TYPES,
    OLD_SIDE,
    ORDER_STATES,
    SELF_TRADES,
    SHARD,
    SIDES,
)

REASONS = (
    "Decrease Amend MarginCancel SelfTradeCancel ExpiryCancel CloseCancel HaltCancel Trade "
    "PostOnlyCrossCancel ReduceOnlyCancel SettlementBoundsCancel"
)
LIFECYCLE = (
    "created deactivated activated close_date_updated determined settled "
    "price_level_structure_updated metadata_updated"
)
MARKET = needed(money(text("market_ticker")))


def _frame(kind: str, *groups: Fields, has_seq: bool) -> Shape:
    """Return a whole frame: its envelope and its payload under one name."""
    seq = numbers("seq")
    return shape(
        f"{kind} frame",
        needed(text("type")),
        needed(money(numbers("sid"))),
        needed(money(seq)) if has_seq else seq,
        needed(money(inside("msg", shape(f"{kind} frame", *groups)))),
        numbers("id sending_ts_ms"),
        is_money=True,
    )


FRAMES: dict[str, Shape] = {
    "orderbook_snapshot": _frame(
        "orderbook_snapshot",
        MARKET,
        levels("yes_dollars_fp no_dollars_fp"),
        text("market_id"),
        numbers("clock"),
        has_seq=True,
    ),
    "orderbook_delta": _frame(
        "orderbook_delta",
        MARKET,
        needed(amounts("price_dollars delta_fp")),
        needed(money(words("side", "yes no"))),
        text("market_id client_order_id ts"),
        numbers("clock ts_ms subaccount"),
        has_seq=True,
    ),
    "ticker": _frame(
        "ticker",
        MARKET,
        needed(amounts("price_dollars volume_fp open_interest_fp")),
        amounts(
            "yes_bid_dollars yes_ask_dollars yes_bid_size_fp yes_ask_size_fp last_trade_size_fp"
        ),
        text("market_id time"),
        numbers("dollar_volume dollar_open_interest ts ts_ms"),
        has_seq=False,
    ),
    "trade": _frame(
        "trade",
        MARKET,
        needed(text("trade_id")),
        needed(amounts("yes_price_dollars count_fp")),
        needed(money(words("taker_book_side", "bid ask"))),
        amounts("no_price_dollars"),
        words("taker_outcome_side", "yes no"),
        text("taker_side"),
        flags("is_block_trade"),
        numbers("ts ts_ms"),
        has_seq=True,
    ),
    "fill": _frame(
        "fill",
        MARKET,
        needed(money(text("trade_id order_id"))),
        needed(amounts("yes_price_dollars count_fp fee_cost post_position_fp")),
        needed(money(flags("is_taker"))),
        SIDES,
        money(SHARD | numbers("subaccount")),
        OLD_SIDE,
        text("client_order_id purchased_side"),
        numbers("ts ts_ms"),
        has_seq=False,
    ),
    "user_order": _frame(
        "user_order",
        needed(money(text("order_id ticker"))),
        needed(money(words("status", f"{ORDER_STATES} unknown"))),
        needed(amounts("yes_price_dollars fill_count_fp remaining_count_fp initial_count_fp")),
        SIDES,
        amounts(
            "taker_fill_cost_dollars maker_fill_cost_dollars taker_fees_dollars maker_fees_dollars"
        ),
        money(SHARD | numbers("subaccount_number")),
        words("self_trade_prevention_type", SELF_TRADES, empty=True),
        words("last_update_reason", REASONS, empty=True),
        text(
            "client_order_id user_id side order_group_id created_time last_update_time "
            "expiration_time"
        ),
        numbers("expiration_ts_ms created_ts_ms last_updated_ts_ms"),
        flags("is_yes"),
        has_seq=False,
    ),
    "market_position": _frame(
        "market_position",
        MARKET,
        needed(amounts("position_fp")),
        amounts(
            "position_cost_dollars realized_pnl_dollars fees_paid_dollars "
            "position_fee_cost_dollars volume_fp"
        ),
        money(numbers("subaccount")),
        text("user_id"),
        has_seq=False,
    ),
    "market_lifecycle_v2": _frame(
        "market_lifecycle_v2",
        MARKET,
        needed(money(words("event_type", LIFECYCLE))),
        money(words("result", "yes no scalar", empty=True)),
        money(SHARD),
        amounts("settlement_value"),
        numbers("open_ts close_ts determination_ts settled_ts"),
        flags("is_deactivated"),
        objects("additional_metadata"),
        text("price_level_structure"),
        rows("price_ranges", BAND),
        has_seq=True,
    ),
    "event_fee_update": _frame(
        "event_fee_update",
        needed(money(text("event_ticker"))),
        money(
            words("fee_type_override", f"{FEE_TYPES} margin_market_maker_program_fees", empty=True)
        ),
        money(numbers("fee_multiplier_override")),
        has_seq=True,
    ),
}
"""The shape of every frame that is looked at, by its ``type``."""

QUIET = frozenset(
    {"subscribed", "unsubscribed", "ok", "error", "event_lifecycle", "order_group_updates"}
)
"""Types that are known and not looked into."""
