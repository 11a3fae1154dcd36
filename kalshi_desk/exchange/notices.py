"""What the engine says happened, in order; the stream turns these into messages."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from kalshi_desk.exchange.records import Fill, Order, Trade


@dataclass(frozen=True, slots=True)
class LevelChanged:
    """The size at one YES price changed by ``delta``; ``owner`` is whose order did it."""

    ticker: str
    is_bid: bool
    price: int
    delta: int
    clock: int
    owner: int
    client_id: str
    ts_ns: int


@dataclass(frozen=True, slots=True)
class Traded:
    """A public print."""

    ticker: str
    trade: Trade


@dataclass(frozen=True, slots=True)
class Filled:
    """One side of a trade of a keyed account."""

    owner: int
    fill: Fill
    client_id: str
    position: int
    """The owner's signed position just after this fill."""


@dataclass(frozen=True, slots=True)
class OrderChanged:
    """A keyed account's order after a change; ``order`` is a copy."""

    owner: int
    order: Order
    reason: str


@dataclass(frozen=True, slots=True)
class PositionChanged:
    """A keyed account's position after a change."""

    owner: int
    ticker: str
    quantity: int
    cost: Decimal
    realized: Decimal
    fees: Decimal
    volume: int


@dataclass(frozen=True, slots=True)
class LifecycleChanged:
    """A market was created, paused, resumed, determined or settled."""

    ticker: str
    kind: str
    ts_ns: int


@dataclass(frozen=True, slots=True)
class EventListed:
    """A new event became known."""

    event_ticker: str


@dataclass(frozen=True, slots=True)
class FeesChanged:
    """An event's own fees were set or cleared."""

    event_ticker: str


@dataclass(frozen=True, slots=True)
class GroupChanged:
    """An account's order group was made, triggered, reset, changed or deleted."""

    owner: int
    number: int
    kind: str
    limit: int | None
    ts_ns: int


@dataclass(frozen=True, slots=True)
class MaintenanceBegan:
    """Trading is paused and sockets are closed."""


Notice = (
    LevelChanged
    | Traded
    | Filled
    | OrderChanged
    | PositionChanged
    | LifecycleChanged
    | EventListed
    | FeesChanged
    | GroupChanged
    | MaintenanceBegan
)
