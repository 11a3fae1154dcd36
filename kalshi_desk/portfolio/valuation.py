"""What a holding could really be closed for now: walking the depth, after taker fees."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from kalshi_desk.core.book import OrderBook
from kalshi_desk.core.fees import DIRECT, FeeGrid, FeeRule, fill_fee, trade_fee
from kalshi_desk.core.types import (
    NO_MONEY,
    PRICE_ONE,
    BookSide,
    Count,
    Money,
    Price,
)

Sizes = Mapping[Price, Count]
NO_SIZES: Sizes = {}


class Walk(msgspec.Struct, frozen=True):
    """A walk through the depth: what would trade, at which limit, for how much.

    ``notional`` is YES price times count; ``limit`` the last price touched.
    """

    count: Count
    notional: Money
    fee: Money
    limit: Price | None

    @property
    def average(self) -> Price | None:
        """Size-weighted YES price, rounded to the nearest 1/10,000 dollar."""
        if not self.count:
            return None
        return Price((2 * self.notional + self.count) // (2 * self.count))


def walk(
    book: OrderBook,
    side: BookSide,
    count: Count,
    rule: FeeRule,
    *,
    limit: Price | None = None,
    now_ns: int = 0,
    grid: FeeGrid = DIRECT,
    own: Sizes = NO_SIZES,
) -> Walk:
    """Take up to ``count`` from the other side of the book at ``limit`` or better.

    ``own`` is how much of each of its levels rests there for ourselves: nobody can trade
    with that but others.
    One order's fills share an accumulator, as the exchange does it.  Raises
    ``KeyError`` when the market's fee formula is unknown.
    """
    taken, total, fees, last, left = 0, 0, 0, None, int(count)
    accumulator = NO_MONEY
    for price, size in book.levels(side.opposite):
        if left <= 0 or (limit is not None and (limit - price) * side.sign < 0):
            break
        part = Count(min(left, size - own.get(price, 0)))
        if part <= 0:
            continue
        fee = trade_fee(rule, price, part, is_taker=True, now_ns=now_ns, step=grid.fee_step)
        charged = fill_fee(
            fee, Money(-side.sign * price * part), accumulator=accumulator, grid=grid
        )
        accumulator = charged.accumulator
        fees += charged.net
        taken += part
        total += price * part
        left -= part
        last = price
    return Walk(Count(taken), Money(total), Money(fees), last)


class Exit(msgspec.Struct, frozen=True):
    """The price of leaving a position at once: gross value of the held side, and the fee."""

    value: Money
    fee: Money
    limit: Price

    @property
    def net(self) -> Money:
        """What would reach the account."""
        return Money(self.value - self.fee)


def exit_now(
    book: OrderBook,
    position: Count,
    rule: FeeRule,
    *,
    now_ns: int = 0,
    grid: FeeGrid = DIRECT,
    own: Sizes = NO_SIZES,
) -> Exit | None:
    """Return what closing the whole position now brings; None when the book can't take it."""
    if not position or not book.is_valid or not rule.is_known:
        return None
    side = BookSide.ASK if position > 0 else BookSide.BID
    size = Count(abs(position))
    found = walk(book, side, size, rule, now_ns=now_ns, grid=grid, own=own)
    if found.count < size or found.limit is None:
        return None
    value = found.notional if position > 0 else Money(PRICE_ONE * size - found.notional)
    return Exit(value, found.fee, found.limit)


def close_at(
    book: OrderBook,
    position: Count,
    cost: Money,
    price: Price,
    rule: FeeRule,
    *,
    now_ns: int = 0,
    grid: FeeGrid = DIRECT,
    own: Sizes = NO_SIZES,
) -> Money | None:
    """Return the P&L that closing everything in one ladder row would lock in, after fees.

    A row better than the touch is a maker order resting there; the touch is a taker now,
    walking the depth, None when there is not enough of it; a row beyond the touch is a
    taker at that price if the market came there.
    """
    if not position or not rule.is_known:
        return None
    side = BookSide.ASK if position > 0 else BookSide.BID
    size = Count(abs(position))
    touch = book.best_bid if side is BookSide.ASK else book.best_ask
    has_touch = 0 < touch < PRICE_ONE
    if has_touch and price == touch:
        found = exit_now(book, position, rule, now_ns=now_ns, grid=grid, own=own)
        return None if found is None else Money(found.net - cost)
    crosses = has_touch and (touch - price) * side.opposite.sign > 0
    fee = trade_fee(rule, price, size, is_taker=crosses, now_ns=now_ns, step=grid.fee_step)
    value = price * size if position > 0 else (PRICE_ONE - price) * size
    return Money(value - fee - cost)
