"""What a face draws: rows by topic and key, newest value only, and ordered desk events.

Topics: ``status``, ``markets`` (by ticker), ``positions`` (by ticker), ``orders`` (by
client order id), ``fills`` (by trade id), ``book:TICKER`` and ``chart:TICKER``; topics
with a single value use the empty key.  Those about the machine are in ``automation_frames``,
those about news, alerts and the desk itself in ``service_frames``.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from kalshi_desk.core.drift import DriftFinding
from kalshi_desk.core.events import LinkState
from kalshi_desk.core.types import Action, BookSide, Count, MarketStatus, Money, Outcome, Price
from kalshi_desk.desk.automation_frames import AutomationRow
from kalshi_desk.desk.service_frames import ServiceRow


class RiskState(StrEnum):
    """What the gate lets through."""

    ACTIVE = "ACTIVE"
    REDUCING = "REDUCING"
    HALTED = "HALTED"


class ReplayView(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Where a replay stands; ``fraction`` runs from 0 to 1."""

    name: str
    fraction: float
    speed: float
    is_paused: bool
    frames: int
    total_frames: int
    is_at_end: bool


class StatusView(msgspec.Struct, frozen=True, kw_only=True, array_like=True, tag=True):
    """The top line: where one trades, what one owns, what the machine does, what can hurt.

    Money is None while it is not known.  ``worst_case`` is what all positions and
    resting orders would leave if everything settled against the account, as a change
    from the equity now.
    """

    venue: str
    link: LinkState
    waiting_for: str
    exchange_text: str
    now_ns: int
    equity: Money | None
    cash: Money | None
    day_pnl: Money | None
    buying_power: Money | None
    worst_case: Money | None
    auto_running: int
    auto_total: int
    risk: RiskState
    risk_reason: str
    data_age_ms: int | None
    write_tokens: int | None
    write_capacity: int | None
    open_orders: int
    unresolved: int
    engine_pid: int
    replay: ReplayView | None = None
    notice: str = ""
    message_age_ms: int | None = None
    """How old market data was on arrival, at worst in the last second; this age and that of the
    newest data are real time on a scaled clock too."""
    drift: tuple[DriftFinding, ...] = ()
    """What the exchange says otherwise than expected, since the engine's start."""
    drift_checked_ns: int = 0
    """When the exchange's answers were last looked at as a whole, 0 before."""
    drift_problem: str = ""
    """What of them could not be looked at."""
    auto_on: bool = False
    """Whether the master switch is on, also while no strategy is in mode trade."""


class MarketRow(msgspec.Struct, frozen=True, kw_only=True, array_like=True, tag=True):
    """One line of a market table; quotes are None when that side is empty."""

    ticker: str
    event_ticker: str
    title: str
    subtitle: str
    category: str
    status: MarketStatus
    yes_bid: Price | None
    yes_ask: Price | None
    yes_bid_size: Count
    yes_ask_size: Count
    last_price: Price | None
    change: int | None
    volume: Count
    close_ns: int
    is_fresh: bool
    is_starred: bool
    position: Count


class LadderRow(msgspec.Struct, frozen=True, array_like=True):
    """One price of the ladder, in YES; counts in 1/100 contract.

    ``ahead`` is what stands before my first order there; ``close_pnl`` is what closing
    the whole position in this row would lock in after fees, None without a position.
    """

    price: Price
    bid: Count
    ask: Count
    my_bid: Count
    my_ask: Count
    ahead: Count | None
    close_pnl: Money | None


class BookView(msgspec.Struct, frozen=True, kw_only=True, array_like=True, tag=True):
    """The ladder of one market: rows from the highest price to the lowest."""

    ticker: str
    title: str
    subtitle: str
    status: MarketStatus
    close_ns: int
    volume: Count
    fee_text: str
    shard: int
    step: Price
    best_bid: Price | None
    best_ask: Price | None
    last_price: Price | None
    position: Count
    average_price: Price | None
    is_fresh: bool
    stale_reason: str
    age_ms: int
    grid_inferred: bool
    rows: tuple[LadderRow, ...]


class ChartMark(msgspec.Struct, frozen=True, array_like=True):
    """A fill of mine on the chart."""

    at_ns: int
    price: Price
    side: BookSide


class ChartView(msgspec.Struct, frozen=True, kw_only=True, array_like=True, tag=True):
    """Price over time: points are (nanoseconds, YES price), oldest first."""

    ticker: str
    span_s: int
    points: tuple[tuple[int, Price], ...]
    marks: tuple[ChartMark, ...]


class PositionRow(msgspec.Struct, frozen=True, kw_only=True, array_like=True, tag=True):
    """What is held in a market; prices are of the held side.

    ``market_price`` is the size-weighted price at which all of it could be closed now,
    ``net_price`` the same after fees; both None when the book could not take it.
    ``settles_ns`` is when the outcome is expected, which may be long before the close.
    """

    ticker: str
    title: str
    position: Count
    average_price: Price | None
    market_price: Price | None
    net_price: Price | None
    unrealized_pnl: Money | None
    realized_pnl: Money
    fees: Money
    worst_case: Money
    status: MarketStatus
    close_ns: int
    origin: str
    settles_ns: int = 0


class OrderRow(msgspec.Struct, frozen=True, kw_only=True, array_like=True, tag=True):
    """An order as a person asked for it: action, outcome and the price of that outcome."""

    client_order_id: str
    order_id: str
    ticker: str
    title: str
    action: Action
    outcome: Outcome
    price: Price
    side: BookSide
    yes_price: Price
    count: Count
    filled: Count
    remaining: Count
    state: str
    ahead: Count | None
    created_ns: int
    updated_ns: int
    origin: str
    reason: str


class FillRow(msgspec.Struct, frozen=True, kw_only=True, array_like=True, tag=True):
    """One execution, as a person reads it; ``price`` is of the outcome."""

    trade_id: str
    order_id: str
    client_order_id: str
    ticker: str
    title: str
    action: Action
    outcome: Outcome
    price: Price
    side: BookSide
    yes_price: Price
    count: Count
    fee: Money
    is_taker: bool
    executed_ns: int
    origin: str


Row = (
    StatusView
    | MarketRow
    | BookView
    | ChartView
    | PositionRow
    | OrderRow
    | FillRow
    | AutomationRow
    | ServiceRow
)


class EventKind(StrEnum):
    """What a desk event is about."""

    FILL = "fill"
    ORDER = "order"
    DENIED = "denied"
    REJECTED = "rejected"
    UNRESOLVED = "unresolved"
    SETTLEMENT = "settlement"
    RISK = "risk"
    STRATEGY = "strategy"
    STOP = "stop"
    CONNECTION = "connection"
    SYSTEM = "system"
    ALERT = "alert"
    NEWS = "news"
    OPPORTUNITY = "opportunity"
    MILESTONE = "milestone"
    GUEST = "guest"


class Level(StrEnum):
    """How loudly a face should say it."""

    INFO = "info"
    GOOD = "good"
    WARNING = "warning"
    ERROR = "error"


class DeskEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened once: every face sees each of them, in order."""

    seq: int
    at_ns: int
    kind: EventKind
    level: Level
    title: str
    text: str = ""
    ticker: str = ""


class Frame(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The answer to a pull: newest value per key since ``board_seq``, events since ``event_seq``.

    A topic in ``full`` comes whole: what it does not hold is gone.
    """

    board_seq: int
    event_seq: int
    changed: dict[str, dict[str, Row]]
    removed: dict[str, tuple[str, ...]]
    full: tuple[str, ...]
    events: tuple[DeskEvent, ...]
