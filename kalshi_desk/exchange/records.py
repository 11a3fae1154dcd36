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


class Order(msgspec.Struct, kw_only=True, gc=False, omit_defaults=True):
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
    group: int = 0
    """The order group it belongs to, 0 for none."""
    taker_cost: Decimal = ZERO
    maker_cost: Decimal = ZERO
    taker_fees: Decimal = ZERO
    maker_fees: Decimal = ZERO
    rounding: Decimal = ZERO


class OrderGroup(msgspec.Struct, kw_only=True):
    """A breaker over its member orders; ``limit`` is in 1/100 contract per 15 seconds."""

    number: int
    owner: int
    shard: int
    limit: int
    is_triggered: bool = False
    recent: list[list[int]] = msgspec.field(default_factory=list)
    """Time (ns) and count of each fill that may still matter."""


class Position(msgspec.Struct, kw_only=True, gc=False, omit_defaults=True):
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
    value: int = 0
    """What one YES contract was worth (1/10,000 dollar)."""


class Account(msgspec.Struct, kw_only=True):
    """A member or one of its subaccounts; ``keyed`` ones have an API key, the crowd has none.

    ``cash`` lies on shard 0, ``purses`` hold what was ever moved to the other shards.
    """

    number: int
    name: str
    user_id: str
    keyed: bool
    cash: Decimal
    purses: dict[int, Decimal] = msgspec.field(default_factory=dict)
    user: int = -1
    """The number of the primary account; -1 for a primary account itself."""
    subaccount: int = 0
    positions: dict[str, Position] = msgspec.field(default_factory=dict)
    fills: list[Fill] = msgspec.field(default_factory=list)
    settlements: list[Settlement] = msgspec.field(default_factory=list)
    orders: dict[int, Order] = msgspec.field(default_factory=dict)
    """Every order of a keyed account, dead ones too; empty for the crowd."""
    client_ids: dict[str, int] = msgspec.field(default_factory=dict)
    """Client order id to order number, 0 for a killed order; kept by the primary account."""

    @property
    def primary(self) -> int:
        """The number of the member's primary account."""
        return self.number if self.user < 0 else self.user

    @property
    def funds(self) -> Decimal:
        """Dollars on all shards."""
        return self.cash + sum(self.purses.values(), ZERO)

    def on_shard(self, shard: int) -> Decimal:
        """Return the dollars on a shard, nothing where none were ever moved."""
        return self.cash if shard == 0 else self.purses.get(shard, ZERO)

    def knows(self, shard: int) -> bool:
        """Return whether money was ever moved to a shard."""
        return shard == 0 or shard in self.purses

    def pay(self, shard: int, amount: Decimal) -> None:
        """Add dollars to a shard, or take them for a negative amount."""
        if shard == 0:
            self.cash += amount
        else:
            self.purses[shard] = self.purses.get(shard, ZERO) + amount


class Transfer(msgspec.Struct, kw_only=True):
    """Money on its way between shards or subaccounts; off the one, not yet on the other."""

    number: int
    user: int
    client_id: str
    source: int
    """The number of the account that gave it."""
    destination: int
    source_shard: int
    destination_shard: int
    amount: Decimal
    created_ns: int
    done_ns: int
    is_done: bool = False
    between_subaccounts: bool = False


class Trade(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One public print."""

    number: int
    ts_ns: int
    price: int
    count: int
    taker_is_bid: bool


class Market(msgspec.Struct, kw_only=True, omit_defaults=True):
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
    listed_ns: int = 0
    """When it was announced; 0 for one that was there from the start."""
    open_ns: int
    close_ns: int
    expected_ns: int
    latest_ns: int
    settle_after_s: int
    determine_after_s: int
    index: int
    shard: int = 0
    waived_until_ns: int = 0
    """No fees are taken before this time."""
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
    settlement_value: int = 0
    """What one YES contract is worth once there is a result."""
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
    shard: int = 0
    fee_type: str = ""
    """The event's own fee type, empty when its series' holds."""
    fee_multiplier: float | None = None
    is_rolled: bool = False
    listing: str = ""
    """The key of the template it was listed from; empty in a state of format 2."""
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
    shard: int = 0


class FeeChange(msgspec.Struct, kw_only=True):
    """A change of the fees of a series or an event, due at a time."""

    number: int
    at_ns: int
    fee_type: str
    """Empty: the event's own fees end."""
    fee_multiplier: float | None
    series_ticker: str
    event_ticker: str = ""
    is_done: bool = False


class ApiKey(msgspec.Struct, kw_only=True):
    """A key made through the API; its private half was shown once and is not kept."""

    key_id: str
    owner: int
    name: str
    public_pem: str
    scopes: list[str]
    subaccount: int | None = None


class Shift(msgspec.Struct, kw_only=True):
    """What a piece of news still moves: ``left`` enters evenly from ``start_ns`` to ``end_ns``."""

    index: int
    left: float
    start_ns: int
    end_ns: int


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
    shifts: list[Shift] = msgspec.field(default_factory=list)
    """News that the value has not taken in yet."""
