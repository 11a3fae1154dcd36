"""What happens outside and enters the trading core: market data, reports, answers, time.

Every event is an immutable record; the shell stamps the time at which it passed it on.
Commands of people live in the room ``desk``; the core receives them translated.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from kalshi_desk.core.drift import DriftFinding
from kalshi_desk.core.news import FeedReport, NewsItem, ReaderReport
from kalshi_desk.core.records import (
    Balance,
    Event,
    ExchangePosition,
    ExchangeStatus,
    Fill,
    Market,
    Order,
    Settlement,
    Trade,
)
from kalshi_desk.core.strategy import Bar
from kalshi_desk.core.types import BookSide, Count, MarketStatus, Price


class CoreEvent(msgspec.Struct, frozen=True, tag=True, gc=False):
    """Base of everything that :meth:`TradingCore.step` accepts."""


class BookSnapshot(CoreEvent, frozen=True, gc=False):
    """The whole book of one market, in YES prices on both sides."""

    ticker: str
    bids: tuple[tuple[Price, Count], ...]
    asks: tuple[tuple[Price, Count], ...]
    ts_ms: int = 0


class BookDelta(CoreEvent, frozen=True, gc=False):
    """A signed change of size at one YES price."""

    ticker: str
    side: BookSide
    price: Price
    delta: Count
    ts_ms: int = 0


class BookStale(CoreEvent, frozen=True):
    """Books that can't be trusted until their next snapshot: a gap or a lost socket."""

    tickers: tuple[str, ...]
    why: str = ""


class TickerChanged(CoreEvent, frozen=True):
    """Last price, volume and interest of a market; its quotes are not used for the book."""

    ticker: str
    last_price: Price | None
    volume: Count
    open_interest: Count
    ts_ms: int = 0


class TradePrinted(CoreEvent, frozen=True):
    """A public trade."""

    trade: Trade


class TradeHistory(CoreEvent, frozen=True):
    """Public trades of one market from before the desk listened, oldest first."""

    ticker: str
    trades: tuple[Trade, ...]


class BarsKnown(CoreEvent, frozen=True):
    """Complete hours of one market known from elsewhere; those before the desk's own count.

    ``current`` is the hour under way, as far as it was followed; it replaces what is there.
    """

    ticker: str
    bars: tuple[Bar, ...]
    current: Bar | None = None


class NewsArrived(CoreEvent, frozen=True):
    """News as it was read, scored and matched; an item under a known id replaces that one."""

    items: tuple[NewsItem, ...]


class FeedsReported(CoreEvent, frozen=True):
    """How every feed of news is, and the process that reads them; None where nobody says."""

    feeds: tuple[FeedReport, ...]
    reader: ReaderReport | None = None


class MarketsListed(CoreEvent, frozen=True):
    """Markets and their events as the exchange describes them; replaces earlier records."""

    markets: tuple[Market, ...]
    events: tuple[Event, ...] = ()


class MarketStatusChanged(CoreEvent, frozen=True):
    """A market moved along its life cycle; zero and None mean that nothing was said."""

    ticker: str
    status: MarketStatus
    close_ns: int = 0
    result: str = ""
    settlement_value: Price | None = None


class ExchangeStatusReported(CoreEvent, frozen=True):
    """Whether the exchange is up and takes orders."""

    status: ExchangeStatus


class FillReported(CoreEvent, frozen=True):
    """An execution of ours, from the stream or read again; the same one may come often."""

    fill: Fill


class OrderReported(CoreEvent, frozen=True):
    """One of our orders changed, as the stream or a read tells."""

    order: Order


class BalanceReported(CoreEvent, frozen=True):
    """Cash as the exchange states it."""

    balance: Balance


class AccountRead(CoreEvent, frozen=True):
    """One complete reading of the account: every page of every list, or it is not sent.

    ``asked_ns`` is when the reading began: what happened since may be missing in it.
    ``since_ns`` is where the lists of fills and orders begin; 0 is the very beginning.
    """

    orders: tuple[Order, ...]
    fills: tuple[Fill, ...]
    positions: tuple[ExchangePosition, ...]
    settlements: tuple[Settlement, ...]
    balance: Balance
    asked_ns: int
    since_ns: int = 0


class LinkState(StrEnum):
    """How the desk stands with its venue."""

    STARTING = "starting"
    CONNECTING = "connecting"
    LIVE = "live"
    LOST = "lost"
    REFUSED = "refused"


class ConnectionChanged(CoreEvent, frozen=True):
    """The connection to the venue changed; ``text`` says what is being waited for."""

    state: LinkState
    text: str = ""


class OrderAnswered(CoreEvent, frozen=True):
    """The exchange took an order; counts are those of the answer."""

    client_order_id: str
    order_id: str
    filled: Count
    remaining: Count


class OrderRefused(CoreEvent, frozen=True):
    """The exchange definitely did not place an order."""

    client_order_id: str
    code: str
    text: str


class OrderUnknown(CoreEvent, frozen=True):
    """Nobody knows whether an order was placed: it must be looked up by its client id."""

    client_order_id: str
    text: str


class OrderLookedUp(CoreEvent, frozen=True):
    """The answer to a look-up: the order, or None when a complete list does not hold it."""

    client_order_id: str
    order: Order | None


class CancelAnswered(CoreEvent, frozen=True):
    """The exchange canceled what was left of an order."""

    order_id: str
    reduced_by: Count


class CancelFailed(CoreEvent, frozen=True):
    """A cancel that did not take; ``is_gone`` when the exchange knows no such live order."""

    order_id: str
    text: str
    is_gone: bool


class QueueReported(CoreEvent, frozen=True):
    """Contracts ahead of our resting orders, by order id."""

    ahead: dict[str, Count]


class TimerFired(CoreEvent, frozen=True):
    """A beat of the shell's clock; the core asks for none and is never late by it."""

    name: str = "beat"


class UsageReported(CoreEvent, frozen=True):
    """Health of the wire: tokens left and capacity of both budgets, and message age."""

    read_left: int
    read_capacity: int
    write_left: int
    write_capacity: int
    message_age_ms: int
    reconnects: int = 0
    gaps: int = 0
    unreadable: int = 0


class DriftReported(CoreEvent, frozen=True):
    """One look at whether the exchange still answers as the desk expects.

    ``problem`` says what could not be looked at; empty when nothing was left out, or
    when only part was looked at, which ``is_whole`` tells.
    """

    findings: tuple[DriftFinding, ...] = ()
    problem: str = ""
    is_whole: bool = False
