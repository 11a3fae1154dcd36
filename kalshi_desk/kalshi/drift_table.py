"""What the published description of the exchange promises about each body that the desk reads.

Needed is what the desk relies on; the other fields are known and may be absent.
"""

from __future__ import annotations

from kalshi_desk.kalshi.drift_shape import (
    Shape,
    amounts,
    anything,
    flags,
    inside,
    levels,
    lists,
    money,
    needed,
    numbers,
    objects,
    rows,
    shape,
    text,
    words,
)

FEE_TYPES = "quadratic quadratic_with_maker_fees quadratic_with_combo_maker_fees flat"
MARKET_STATES = "initialized inactive active closed determined disputed amended finalized"
ORDER_STATES = "resting canceled executed"
SELF_TRADES = "taker_at_cross maker"

SHARD = numbers("exchange_index")
OLD_SIDE = text("side action")
SIDES = needed(money(words("book_side", "bid ask"))) | money(words("outcome_side", "yes no"))

BAND = shape("", needed(amounts("start end step")))
LEG = shape("", text("event_ticker market_ticker side"), amounts("yes_settlement_value_dollars"))

MARKET = shape(
    "market",
    needed(money(text("ticker event_ticker"))),
    needed(text("open_time close_time")),
    needed(money(words("status", MARKET_STATES))),
    needed(money(rows("price_ranges", BAND))),
    needed(amounts("last_price_dollars volume_fp open_interest_fp")),
    money(words("market_type", "binary scalar")),
    money(words("result", "yes no scalar", empty=True)),
    money(words("settlement_bounds_type", "default floor")),
    money(text("fee_waiver_expiration_time mve_collection_ticker")),
    money(SHARD),
    amounts(
        "yes_bid_dollars yes_ask_dollars no_bid_dollars no_ask_dollars yes_bid_size_fp "
        "yes_ask_size_fp volume_24h_fp notional_value_dollars previous_yes_bid_dollars "
        "previous_yes_ask_dollars previous_price_dollars settlement_value_dollars "
        "settlement_floor_dollars"
    ),
    words(
        "strike_type",
        "greater greater_or_equal less less_or_equal between functional custom structured",
        empty=True,
    ),
    text(
        "title subtitle yes_sub_title no_sub_title created_time updated_time "
        "expected_expiration_time expiration_time latest_expiration_time settlement_ts "
        "expiration_value occurrence_datetime early_close_condition functional_strike "
        "rules_primary rules_secondary primary_participant_key price_level_structure"
    ),
    numbers("settlement_timer_seconds floor_strike cap_strike"),
    flags("can_close_early is_provisional"),
    objects("custom_strike"),
    rows("mve_selected_legs", LEG),
)

EVENT = shape(
    "event",
    needed(money(text("event_ticker series_ticker"))),
    needed(money(flags("mutually_exclusive"))),
    money(words("fee_type_override", FEE_TYPES, empty=True)),
    money(numbers("fee_multiplier_override exchange_index")),
    words("collateral_return_type", "MECNET DIRECNET", empty=True),
    text("title sub_title category strike_date strike_period last_updated_ts"),
    rows("markets", MARKET),
    objects("product_metadata"),
    lists("settlement_sources"),
)

SERIES = shape(
    "series",
    needed(money(text("ticker"))),
    needed(money(words("fee_type", FEE_TYPES))),
    needed(money(numbers("fee_multiplier"))),
    money(SHARD),
    amounts("volume_fp"),
    text("frequency title category contract_url contract_terms_url last_updated_ts"),
    lists("categories tags settlement_sources additional_prohibitions"),
    objects("product_metadata"),
)

TRADE = shape(
    "trade",
    needed(text("trade_id ticker created_time")),
    needed(amounts("count_fp yes_price_dollars")),
    needed(money(words("taker_book_side", "bid ask"))),
    amounts("no_price_dollars"),
    words("taker_outcome_side", "yes no"),
    text("taker_side"),
    flags("is_block_trade"),
)

ORDER = shape(
    "order",
    needed(money(text("order_id ticker client_order_id"))),
    needed(money(words("status", ORDER_STATES))),
    needed(amounts("yes_price_dollars initial_count_fp fill_count_fp remaining_count_fp")),
    SIDES,
    amounts(
        "no_price_dollars taker_fill_cost_dollars maker_fill_cost_dollars taker_fees_dollars "
        "maker_fees_dollars"
    ),
    money(SHARD | numbers("subaccount_number")),
    words("type", "limit market"),
    words("self_trade_prevention_type", SELF_TRADES, empty=True),
    OLD_SIDE,
    text("user_id expiration_time created_time last_update_time order_group_id"),
    flags("cancel_order_on_pause"),
    is_money=True,
)

FILL = shape(
    "fill",
    needed(money(text("trade_id order_id ticker"))),
    needed(amounts("count_fp yes_price_dollars fee_cost")),
    needed(money(flags("is_taker"))),
    SIDES,
    amounts("no_price_dollars"),
    money(SHARD | numbers("subaccount_number")),
    OLD_SIDE,
    text("fill_id market_ticker created_time"),
    numbers("ts"),
    is_money=True,
)

POSITION = shape(
    "position",
    needed(money(text("ticker"))),
    needed(amounts("position_fp")),
    amounts("total_traded_dollars market_exposure_dollars realized_pnl_dollars fees_paid_dollars"),
    money(SHARD),
    text("last_updated_ts"),
    is_money=True,
)

EVENT_POSITION = shape(
    "event position",
    text("event_ticker"),
    amounts(
        "total_cost_dollars total_cost_shares_fp event_exposure_dollars realized_pnl_dollars "
        "fees_paid_dollars"
    ),
    is_money=True,
)

SETTLEMENT = shape(
    "settlement",
    needed(money(text("ticker"))),
    needed(text("settled_time")),
    needed(money(words("market_result", "yes no scalar"))),
    needed(money(numbers("revenue"))),
    money(numbers("value") | SHARD),
    amounts("yes_count_fp yes_total_cost_dollars no_count_fp no_total_cost_dollars fee_cost"),
    text("event_ticker"),
    is_money=True,
)

BALANCE = shape(
    "balance",
    needed(amounts("balance_dollars")),
    money(numbers("balance")),
    rows("balance_breakdown", shape("", needed(amounts("balance")), money(SHARD))),
    numbers("portfolio_value updated_ts"),
    is_money=True,
)

STATUS = shape(
    "exchange status",
    needed(money(flags("exchange_active trading_active"))),
    flags("intra_exchange_transfers_active"),
    text("exchange_estimated_resume_time"),
    rows(
        "exchange_index_statuses",
        shape(
            "",
            needed(money(flags("exchange_active trading_active") | SHARD)),
            flags("intra_exchange_transfers_active"),
            text("description"),
        ),
    ),
)

_BUCKET = shape("", needed(numbers("refill_rate bucket_capacity")))
LIMITS = shape(
    "limits",
    needed(inside("read", _BUCKET), inside("write", _BUCKET)),
    text("usage_tier"),
    lists("grants"),
)

COSTS = shape(
    "endpoint costs",
    needed(numbers("default_cost")),
    rows("endpoint_costs", shape("", needed(text("method path"), numbers("cost")))),
)

READ_TIME = shape("user data timestamp", needed(text("as_of_time")))

BOOK = shape("order book", levels("yes_dollars no_dollars"), is_money=True)
BOOKS = shape(
    "order book list",
    needed(
        rows(
            "orderbooks",
            shape("", needed(money(text("ticker"))), needed(money(inside("orderbook_fp", BOOK)))),
        )
    ),
    is_money=True,
)

CANDLES = shape(
    "list of candlesticks",
    needed(rows("markets", shape("", needed(text("market_ticker")), lists("candlesticks")))),
)
"""Not looked into: thousands of rows, and what can't be read of them is told by who reads them."""

QUEUE = shape(
    "queue positions",
    rows(
        "queue_positions",
        shape("", needed(text("order_id"), amounts("queue_position_fp")), text("market_ticker")),
    ),
    is_money=True,
)

CREATED = shape(
    "answer to an order",
    needed(money(text("order_id"))),
    needed(amounts("fill_count remaining_count")),
    amounts("average_fill_price average_fee_paid"),
    text("client_order_id"),
    numbers("ts_ms"),
    is_money=True,
)

CANCELED = shape(
    "answer to a cancel",
    needed(money(text("order_id"))),
    needed(amounts("reduced_by")),
    text("client_order_id"),
    numbers("ts_ms"),
    is_money=True,
)


def _page(name: str, inner: Shape, more: Shape | None = None) -> Shape:
    """Return a page of a list; a list that is empty may be null."""
    extra = {} if more is None else rows("event_positions", more)
    return shape(f"list of {name}", rows(name, inner), extra, text("cursor"))


def _one(name: str, inner: Shape) -> Shape:
    """Return the answer about a single thing."""
    return shape(f"answer about {name}", needed(money(inside(name, inner))), anything("markets"))


ROUTES: dict[tuple[str, str], Shape | None] = {
    ("GET", "/exchange/status"): STATUS,
    ("GET", "/exchange/user_data_timestamp"): READ_TIME,
    ("GET", "/account/limits"): LIMITS,
    ("GET", "/account/endpoint_costs"): COSTS,
    ("GET", "/markets"): _page("markets", MARKET),
    ("GET", "/markets/trades"): _page("trades", TRADE),
    ("GET", "/markets/orderbooks"): BOOKS,
    ("GET", "/markets/candlesticks"): CANDLES,
    ("GET", "/markets/*"): _one("market", MARKET),
    ("GET", "/events"): shape(
        "list of events", rows("events", EVENT), lists("milestones"), text("cursor")
    ),
    ("GET", "/events/fee_changes"): None,
    ("GET", "/events/multivariate"): None,
    ("GET", "/events/*"): _one("event", EVENT),
    ("GET", "/series"): _page("series", SERIES),
    ("GET", "/series/fee_changes"): None,
    ("GET", "/series/*"): _one("series", SERIES),
    ("GET", "/portfolio/balance"): BALANCE,
    ("GET", "/portfolio/orders"): _page("orders", ORDER),
    ("GET", "/portfolio/orders/queue_positions"): QUEUE,
    ("GET", "/portfolio/orders/*"): _one("order", ORDER),
    ("GET", "/portfolio/fills"): _page("fills", FILL),
    ("GET", "/portfolio/positions"): _page("market_positions", POSITION, EVENT_POSITION),
    ("GET", "/portfolio/settlements"): _page("settlements", SETTLEMENT),
    ("POST", "/portfolio/events/orders"): CREATED,
    ("DELETE", "/portfolio/events/orders/*"): CANCELED,
}
"""The shape of every answer that is looked at, by route; None where a route is left out."""
