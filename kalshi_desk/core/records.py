"""The records that cross rooms: markets, orders, fills, positions, trades, settlements."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

import msgspec

from kalshi_desk.core.fees import FeeRule
from kalshi_desk.core.grid import CENT_GRID, Grid
from kalshi_desk.core.types import (
    NO_COUNT,
    NO_MONEY,
    PRICE_ONE,
    Action,
    BookSide,
    Count,
    MarketStatus,
    Money,
    Outcome,
    Price,
    TimeInForce,
)


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One occurrence that a set of markets asks about."""

    event_ticker: str
    series_ticker: str
    title: str
    category: str = ""
    mutually_exclusive: bool = False


class ComboLeg(msgspec.Struct, frozen=True, kw_only=True):
    """One condition of a combo: the market it is on and the outcome (yes or no) it needs.

    ``value`` is what one YES contract of that market was worth, once it is determined.
    """

    ticker: str
    event_ticker: str
    side: str
    value: Price | None = None


class Market(msgspec.Struct, frozen=True, kw_only=True):
    """A YES/NO contract as the exchange describes it; quotes live in the book.

    Times are nanoseconds since the epoch, 0 when the exchange gives none.  ``strike_type``
    says in the exchange's words how the strikes bound the quantity (``greater``, ``between``).
    """

    ticker: str
    event_ticker: str = ""
    series_ticker: str = ""
    title: str = ""
    subtitle: str = ""
    category: str = ""
    status: MarketStatus = MarketStatus.ACTIVE
    grid: Grid = CENT_GRID
    fee: FeeRule = FeeRule()
    open_ns: int = 0
    close_ns: int = 0
    expiration_ns: int = 0
    last_price: Price | None = None
    previous_price: Price | None = None
    volume: Count = NO_COUNT
    open_interest: Count = NO_COUNT
    result: str = ""
    settlement_value: Price | None = None
    rules: str = ""
    shard: int = 0
    mutually_exclusive: bool = False
    is_combo: bool = False
    legs: tuple[ComboLeg, ...] = ()
    strike_type: str = ""
    floor_strike: Decimal | None = None
    cap_strike: Decimal | None = None

    @property
    def deadline_ns(self) -> int:
        """When the outcome should be known at the latest: close or expected expiration, or 0."""
        times = [time_ns for time_ns in (self.close_ns, self.expiration_ns) if time_ns > 0]
        return min(times, default=0)


class OrderState(StrEnum):
    """Where an order stands; ``UNRESOLVED`` is a state of its own, not a guess.

    ``INTENT`` is durable but not yet answered; ``DENIED`` was refused by the desk
    itself, ``REJECTED`` by the exchange.
    """

    INTENT = "intent"
    RESTING = "resting"
    EXECUTED = "executed"
    CANCELED = "canceled"
    REJECTED = "rejected"
    DENIED = "denied"
    UNRESOLVED = "unresolved"

    @property
    def is_open(self) -> bool:
        """Whether the order may still trade."""
        return self in _OPEN_STATES


_OPEN_STATES = frozenset({OrderState.INTENT, OrderState.RESTING, OrderState.UNRESOLVED})


class OrderIntent(msgspec.Struct, frozen=True, kw_only=True):
    """What the desk is about to ask of the exchange; durable before it is sent.

    ``price`` is the YES price; buying NO at q is an ``ask`` at one dollar minus q.
    ``action`` and ``outcome`` keep the words in which a person asked for it.  A resting order
    ends by itself at ``expires_ns`` (whole seconds count), 0 for never.
    """

    client_order_id: str
    ticker: str
    side: BookSide
    price: Price
    count: Count
    time_in_force: TimeInForce = TimeInForce.GTC
    post_only: bool = False
    reduce_only: bool = False
    action: Action = Action.BUY
    outcome: Outcome = Outcome.YES
    origin: str = "manual"
    command_id: str = ""
    created_ns: int = 0
    expires_ns: int = 0


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """An order as the exchange reports it."""

    order_id: str
    client_order_id: str
    ticker: str
    side: BookSide
    price: Price
    initial_count: Count
    filled: Count
    remaining: Count
    state: OrderState
    created_ns: int = 0
    updated_ns: int = 0
    reason: str = ""


class Fill(msgspec.Struct, frozen=True, kw_only=True):
    """One execution of ours; ``trade_id`` makes it count exactly once.

    ``price`` is the YES price whatever the side, ``fee`` what the exchange charged.
    """

    trade_id: str
    order_id: str
    ticker: str
    side: BookSide
    price: Price
    count: Count
    fee: Money
    is_taker: bool
    executed_ns: int
    client_order_id: str = ""
    post_position: Count | None = None


class ExchangePosition(msgspec.Struct, frozen=True, kw_only=True):
    """The exchange's own view of a position: signed, YES positive."""

    ticker: str
    position: Count
    exposure: Money = NO_MONEY
    realized_pnl: Money = NO_MONEY
    fees: Money = NO_MONEY


class Settlement(msgspec.Struct, frozen=True, kw_only=True):
    """A market that paid out: ``value`` is what one YES contract became."""

    ticker: str
    result: str
    value: Price
    revenue: Money
    settled_ns: int


class Trade(msgspec.Struct, frozen=True, kw_only=True):
    """A public trade on the tape, at its YES price."""

    trade_id: str
    ticker: str
    price: Price
    count: Count
    taker_side: BookSide
    executed_ns: int


class Balance(msgspec.Struct, frozen=True, kw_only=True):
    """Cash the exchange calls available: after position collateral, before resting orders."""

    cash: Money
    by_shard: dict[int, Money] = {}
    reported_ns: int = 0


class ExchangeStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the exchange is up and whether it takes orders."""

    is_up: bool
    is_trading: bool
    resume_text: str = ""


def to_book(outcome: Outcome, *, buys: bool, price: Price) -> tuple[BookSide, Price]:
    """Map a person's order to the single YES book: side and YES price.

    The four cases: buy YES at p bids p; sell YES at p asks p; buy NO at q asks
    1 - q; sell NO at q bids 1 - q.  This is the only place that knows them.
    """
    is_bid = buys == (outcome is Outcome.YES)
    side = BookSide.BID if is_bid else BookSide.ASK
    return side, price if outcome is Outcome.YES else Price(PRICE_ONE - price)
