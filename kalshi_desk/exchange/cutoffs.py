"""Where the live tier ends: what is older is found under ``/historical`` only."""

from __future__ import annotations

from kalshi_desk.exchange.calendar import SECOND_NS
from kalshi_desk.exchange.host import Host
from kalshi_desk.exchange.records import Market, Order, Position

_DAY_NS = 86_400 * SECOND_NS


def markets_ns(host: Host) -> int:
    """Return the time before which trades, and markets settled then, are old."""
    return host.clock.now_ns() - host.venue.rules.market_history_days * _DAY_NS


def orders_ns(host: Host) -> int:
    """Return the last change before which dead orders are old."""
    return host.clock.now_ns() - host.venue.rules.order_history_days * _DAY_NS


def is_readable(host: Host, market: Market) -> bool:
    """Return whether reads know a market already; they learn of a new one late."""
    lag_ns = host.venue.rules.listing_lag_ms * 1_000_000
    return not market.listed_ns or market.listed_ns + lag_ns <= host.clock.now_ns()


def is_old_market(host: Host, market: Market) -> bool:
    """Return whether a market has left the live tier."""
    return 0 < market.settled_ns < markets_ns(host)


def is_old_order(host: Host, order: Order) -> bool:
    """Return whether an order has left the live tier; a resting one never does."""
    return order.status != "resting" and order.updated_ns < orders_ns(host)


def is_old_position(host: Host, position: Position) -> bool:
    """Return whether a position has left the live tier; an unsettled one never does."""
    return position.settled and position.updated_ns < markets_ns(host)
