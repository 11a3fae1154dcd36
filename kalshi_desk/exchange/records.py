"""The exchange's state: orders, positions, accounts, markets, events and series as plain records.

Everything here is written to the state file as it is; books are rebuilt from the orders.
Prices are in 1/10,000 dollar, counts in 1/100 contract, times in nanoseconds since the epoch.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from kalshi_desk.exchange.amounts import ZERO

Candle = list[int]
"""End second; bid o/h/l/c; ask o/h/l/c; price o/h/l/c; price times count; volume; interest."""


class Order(msgspec.Struct, kw_only=True):
    """One order; ``priority`` is its place in time and changes when it loses its queue."""

    number: int
    owner: int
    ticker: str
    is_bid: bool
    price: int
    initial: int
    remaining: int
    created_ns: int
    updated_ns: int
    priority: int = 0
    filled: int = 0
    status: str = "resting"
    client_id: str = ""
    self_trade: str = "taker_at_cross"
    expires_ns: int = 0
    post_only: bool = False
    cancel_on_pause: bool = False
    taker_cost: Decimal = ZERO
    maker_cost: Decimal = ZERO
    taker_fees: Decimal = ZERO
    maker_fees: Decimal = ZERO
    rounding: Decimal = ZERO


class Position(msgspec.Struct, kw_only=True):
    """One account's signed holding in one market (YES positive), with its average cost."""

    ticker: str
    quantity: int = 0
    cost: Decimal = ZERO
    realized: Decimal = ZERO
    fees: Decimal = ZERO
    traded: Decimal = ZERO
    volume: int = 0
    opened_cost: Decimal = ZERO
    opened_count: int = 0
    updated_ns: int = 0
    settled: bool = False


class Fill(msgspec.Struct, frozen=True, kw_only=True):
    """One side of one trade, as its owner reads it."""

    trade: int
    order: int
    ticker: str
    is_bid: bool
    price: int
    count: int
    is_taker: bool
    fee: Decimal
    ts_ns: int


class Settlement(msgspec.Struct, frozen=True, kw_only=True):
    """What one account was paid for its net position in a finalized market."""

    ticker: str
    event_ticker: str
    result: str
    yes_count: int
    yes_cost: Decimal
    no_count: int
    no_cost: Decimal
    revenue: Decimal
    fees: Decimal
    ts_ns: int


class Account(msgspec.Struct, kw_only=True):
    """A member; ``keyed`` accounts have an API key, the others belong to the crowd."""

    number: int
    name: str
    user_id: str
    keyed: bool
    cash: Decimal
    positions: dict[str, Position] = msgspec.field(default_factory=dict)
    fills: list[Fill] = msgspec.field(default_factory=list)
    settlements: list[Settlement] = msgspec.field(default_factory=list)
    orders: dict[int, Order] = msgspec.field(default_factory=dict)
    """Every order of a keyed account, dead ones too; empty for the crowd."""
    client_ids: dict[str, int] = msgspec.field(default_factory=dict)
    """Client order id to order number, 0 for a killed order."""


class Trade(msgspec.Struct, frozen=True, array_like=True):
    """One public print."""

    number: int
    ts_ns: int
    price: int
    count: int
    taker_is_bid: bool


class Market(msgspec.Struct, kw_only=True):
    """One yes/no contract: its terms, its state and its own short history."""

    ticker: str
    market_id: str
    event_ticker: str
    series_ticker: str
    title: str
    yes_sub_title: str
    no_sub_title: str
    rules_primary: str
    structure: str
    created_ns: int
    open_ns: int
    close_ns: int
    expected_ns: int
    latest_ns: int
    settle_after_s: int
    determine_after_s: int
    index: int
    strike_type: str = ""
    floor_strike: float | None = None
    cap_strike: float | None = None
    low: float | None = None
    """YES when the event's outcome is at or above this..."""
    high: float | None = None
    """...and below this (both None: the outcome is a choice among ``index`` values)."""
    status: str = "initialized"
    result: str = ""
    expiration_value: str = ""
    determined_ns: int = 0
    settled_ns: int = 0
    updated_ns: int = 0
    last_price: int = 0
    last_size: int = 0
    volume: int = 0
    dollar_volume: Decimal = ZERO
    open_interest: int = 0
    previous_price: int = 0
    was_quoted: bool = False
    clock: int = 0
    activity: float = 1.0
    trades: list[Trade] = msgspec.field(default_factory=list)
    minutes: list[Candle] = msgspec.field(default_factory=list)
    hours: list[Candle] = msgspec.field(default_factory=list)


class Event(msgspec.Struct, kw_only=True):
    """One occurrence of a series, with the markets that its outcome decides."""

    ticker: str
    series_ticker: str
    title: str
    sub_title: str
    mutually_exclusive: bool
    collateral_return: str
    category: str
    markets: list[str]
    driver: str
    model: str
    """``level`` (intervals of a value), ``choice`` (one of several) or ``single``."""
    sigma: float
    """Spread of the outcome around the driver at listing."""
    sigma_floor: float
    listed_ns: int
    strike_ns: int
    """When the outcome is fixed."""
    updated_ns: int
    is_rolled: bool = False
    truth: float | None = None


class Series(msgspec.Struct, kw_only=True):
    """A template of events with the fees they carry."""

    ticker: str
    title: str
    category: str
    frequency: str
    fee_type: str
    fee_multiplier: float
    tags: list[str]
    source_name: str
    source_url: str


class Driver(msgspec.Struct, kw_only=True):
    """A hidden value that moves as a random walk and decides the fair prices of events."""

    name: str
    values: list[float]
    wander: float
    """Standard deviation of one second's move."""
    home: list[float]
    pull: float
    """Share of the distance to ``home`` that one second takes back."""
    jump_chance: float
    """Chance of a jump in one second."""
    jump_size: float
    """Standard deviation of a jump."""
    updated_ns: int
