"""REST bodies as tolerant structs: unknown fields ignored, lists may be null, words may be new."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from kalshi_desk.kalshi.frames import RangeBody


class LegBody(msgspec.Struct):
    """One leg of a combo market; its value is there only after its determination."""

    market_ticker: str = ""
    event_ticker: str = ""
    side: str = ""
    yes_settlement_value_dollars: str | None = None


class MarketBody(msgspec.Struct):
    """A market as ``GET /markets`` describes it; quotes are left to the book."""

    ticker: str
    event_ticker: str = ""
    title: str | None = None
    subtitle: str | None = None
    yes_sub_title: str | None = None
    status: str = ""
    open_time: str | None = None
    close_time: str | None = None
    expected_expiration_time: str | None = None
    expiration_time: str | None = None
    last_price_dollars: str | None = None
    previous_price_dollars: str | None = None
    volume_fp: str | None = None
    open_interest_fp: str | None = None
    result: str | None = None
    settlement_value_dollars: str | None = None
    rules_primary: str | None = None
    rules_secondary: str | None = None
    price_ranges: list[RangeBody] | None = None
    fee_waiver_expiration_time: str | None = None
    mve_collection_ticker: str | None = None
    mve_selected_legs: list[LegBody] | None = None
    exchange_index: int | None = None
    strike_type: str | None = None
    floor_strike: Decimal | None = None
    cap_strike: Decimal | None = None


class EventBody(msgspec.Struct):
    """An event; overrides replace the fee rule of its series."""

    event_ticker: str
    series_ticker: str = ""
    title: str | None = None
    category: str | None = None
    mutually_exclusive: bool | None = None
    fee_type_override: str | None = None
    fee_multiplier_override: Decimal | None = None


class SeriesBody(msgspec.Struct):
    """A series: category and fee rule of all its events."""

    ticker: str
    title: str | None = None
    category: str | None = None
    fee_type: str | None = None
    fee_multiplier: Decimal | None = None


class MarketsPage(msgspec.Struct):
    """Answer of ``GET /markets``."""

    markets: list[MarketBody] | None = None
    cursor: str | None = None


class MarketAnswer(msgspec.Struct):
    """Answer of ``GET /markets/{ticker}``."""

    market: MarketBody


class EventsPage(msgspec.Struct):
    """Answer of ``GET /events``."""

    events: list[EventBody] | None = None
    cursor: str | None = None


class EventAnswer(msgspec.Struct):
    """Answer of ``GET /events/{ticker}``."""

    event: EventBody


class SeriesAnswer(msgspec.Struct):
    """Answer of ``GET /series/{ticker}``."""

    series: SeriesBody


class SeriesList(msgspec.Struct):
    """Answer of ``GET /series``."""

    series: list[SeriesBody] | None = None


class BookBody(msgspec.Struct):
    """Bids of both outcomes, in prices of their own outcome."""

    yes_dollars: list[tuple[str, str]] | None = None
    no_dollars: list[tuple[str, str]] | None = None


class BookAnswer(msgspec.Struct):
    """Answer of ``GET /markets/{ticker}/orderbook``."""

    orderbook_fp: BookBody


class BookRow(msgspec.Struct):
    """One row of ``GET /markets/orderbooks``."""

    ticker: str
    orderbook_fp: BookBody


class BooksAnswer(msgspec.Struct):
    """Answer of ``GET /markets/orderbooks``."""

    orderbooks: list[BookRow] | None = None


class TradeBody(msgspec.Struct):
    """A public trade."""

    trade_id: str
    ticker: str
    count_fp: str
    yes_price_dollars: str
    taker_book_side: str | None = None
    taker_outcome_side: str | None = None
    taker_side: str | None = None
    created_time: str | None = None


class TradesPage(msgspec.Struct):
    """Answer of ``GET /markets/trades``."""

    trades: list[TradeBody] | None = None
    cursor: str | None = None


class ShardBalance(msgspec.Struct):
    """Cash on one exchange shard."""

    balance: str
    exchange_index: int = 0


class BalanceBody(msgspec.Struct):
    """Answer of ``GET /portfolio/balance``; the cents are truncated, the dollars are not."""

    balance_dollars: str
    balance_breakdown: list[ShardBalance] | None = None


class PositionBody(msgspec.Struct):
    """One market of ``GET /portfolio/positions``."""

    ticker: str
    position_fp: str
    market_exposure_dollars: str | None = None
    realized_pnl_dollars: str | None = None
    fees_paid_dollars: str | None = None


class PositionsPage(msgspec.Struct):
    """Answer of ``GET /portfolio/positions``."""

    market_positions: list[PositionBody] | None = None
    cursor: str | None = None


class FillBody(msgspec.Struct):
    """One execution of ours."""

    trade_id: str
    order_id: str
    count_fp: str
    yes_price_dollars: str
    fee_cost: str
    is_taker: bool
    ticker: str | None = None
    market_ticker: str | None = None
    book_side: str | None = None
    outcome_side: str | None = None
    created_time: str | None = None
    ts: int | None = None


class FillsPage(msgspec.Struct):
    """Answer of ``GET /portfolio/fills``."""

    fills: list[FillBody] | None = None
    cursor: str | None = None


class SettlementBody(msgspec.Struct):
    """One settled market; ``revenue`` and ``value`` are integer cents."""

    ticker: str
    market_result: str
    revenue: int
    settled_time: str
    value: int | None = None


class SettlementsPage(msgspec.Struct):
    """Answer of ``GET /portfolio/settlements``."""

    settlements: list[SettlementBody] | None = None
    cursor: str | None = None


class OrderBody(msgspec.Struct):
    """One of our orders; the direction is ``book_side``, never the older ``side``."""

    order_id: str
    ticker: str
    status: str
    yes_price_dollars: str
    initial_count_fp: str
    fill_count_fp: str
    remaining_count_fp: str
    client_order_id: str | None = None
    book_side: str | None = None
    outcome_side: str | None = None
    created_time: str | None = None
    last_update_time: str | None = None


class OrdersPage(msgspec.Struct):
    """Answer of ``GET /portfolio/orders``."""

    orders: list[OrderBody] | None = None
    cursor: str | None = None


class OrderAnswer(msgspec.Struct):
    """Answer of ``GET /portfolio/orders/{order_id}``."""

    order: OrderBody


class QueueRow(msgspec.Struct):
    """Contracts ahead of one resting order."""

    order_id: str
    queue_position_fp: str


class QueueAnswer(msgspec.Struct):
    """Answer of ``GET /portfolio/orders/queue_positions``."""

    queue_positions: list[QueueRow] | None = None


class CreatedBody(msgspec.Struct):
    """Answer to a create: flat, without a status."""

    order_id: str
    fill_count: str
    remaining_count: str
    client_order_id: str | None = None


class CanceledBody(msgspec.Struct):
    """Answer to a cancel."""

    order_id: str
    reduced_by: str


class ShardStatus(msgspec.Struct):
    """Whether one exchange shard is up."""

    exchange_index: int
    exchange_active: bool
    trading_active: bool


class StatusBody(msgspec.Struct):
    """Answer of ``GET /exchange/status``, also with HTTP 503 and 504."""

    exchange_active: bool
    trading_active: bool
    exchange_estimated_resume_time: str | None = None
    exchange_index_statuses: list[ShardStatus] | None = None


class BucketBody(msgspec.Struct):
    """One token bucket: tokens a second and how many it holds."""

    refill_rate: float
    bucket_capacity: float


class LimitsBody(msgspec.Struct):
    """Answer of ``GET /account/limits``."""

    read: BucketBody
    write: BucketBody
    usage_tier: str = ""


class CostRow(msgspec.Struct):
    """Tokens that one route costs; its path carries placeholders."""

    method: str
    path: str
    cost: float


class CostsBody(msgspec.Struct):
    """Answer of ``GET /account/endpoint_costs``."""

    default_cost: float = 10
    endpoint_costs: list[CostRow] | None = None


class AsOfBody(msgspec.Struct):
    """Answer of ``GET /exchange/user_data_timestamp``."""

    as_of_time: str
