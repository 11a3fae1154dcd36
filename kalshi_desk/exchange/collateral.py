"""How much cash an account's resting orders and a new order need, net of its positions."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from kalshi_desk.core.types import PRICE_SCALE
from kalshi_desk.exchange.amounts import MICRO
from kalshi_desk.exchange.records import Order

Slice = tuple[int, int]
"""A YES price and a count that may execute there."""


def opening_cost(is_bid: bool, price: int, count: int) -> int:
    """Return micro-dollars locked when the whole count opens at this YES price."""
    return (price if is_bid else PRICE_SCALE - price) * count


def side_need(is_bid: bool, first: list[Slice], resting: Iterable[Slice], position: int) -> int:
    """Return micro-dollars one side of one market may lock.

    ``first`` executes now, then the resting orders by price.  What closes an opposite
    position needs nothing.
    """
    capacity = max(-position if is_bid else position, 0)
    need = 0
    ordered = sorted(resting, key=lambda item: -item[0] if is_bid else item[0])
    for price, count in [*first, *ordered]:
        closing = min(capacity, count)
        capacity -= closing
        need += opening_cost(is_bid, price, count - closing)
    return need


def closing_proceeds(is_bid: bool, crossing: list[Slice], position: int) -> int:
    """Return micro-dollars that the closing part of immediate executions brings in."""
    capacity = max(-position if is_bid else position, 0)
    brought = 0
    for price, count in crossing:
        closing = min(capacity, count)
        capacity -= closing
        brought += closing * (PRICE_SCALE - price if is_bid else price)
    return brought


def resting_need(orders: Iterable[Order], positions: dict[str, int]) -> int:
    """Return micro-dollars that all resting orders of one account may lock."""
    grouped: dict[tuple[str, bool], list[Slice]] = {}
    for order in orders:
        key = (order.ticker, order.is_bid)
        grouped.setdefault(key, []).append((order.price, order.remaining))
    return sum(
        side_need(is_bid, [], slices, positions.get(ticker, 0))
        for (ticker, is_bid), slices in grouped.items()
    )


def as_dollars(micro: int) -> Decimal:
    """Return micro-dollars as dollars."""
    return Decimal(micro) * MICRO
