"""From a solved basket to orders: round down, price again exactly, and order the legs.

Only what is left after the fee engine has priced whole orders counts as a guarantee.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import floor

import msgspec

from kalshi_desk.core.fees import DIRECT, FeeGrid, FeeRule, fill_fee, order_fee, trade_fee
from kalshi_desk.core.grid import Grid
from kalshi_desk.core.types import (
    COUNT_SCALE,
    NO_MONEY,
    Count,
    Money,
    Outcome,
    Price,
    notional,
)
from kalshi_desk.quant.arbitrage import Leg
from kalshi_desk.quant.costs import TAKER_RATE, rule_at, unit_cost, unit_fee
from kalshi_desk.quant.states import StateSpace

MIN_GUARANTEE = Money(50_000)
BUFFER_PER_BASKET = 10_000
BUFFER_PER_CONTRACT = 5_000
FINEST = Count(1)
ANNUAL_HURDLE = 0.15
HURDLE_DAYS = 7.0
_SOLVER_NOISE = 1e-4
"""Share of a step by which a solution may fall short of a whole one."""


class Level(msgspec.Struct, frozen=True):
    """A price of the outcome bought and the count expected to fill there."""

    price: Price
    count: Count


class BasketOrder(msgspec.Struct, frozen=True):
    """All levels of one market and outcome: one order, one fee accumulator."""

    market: str
    outcome: Outcome
    levels: tuple[Level, ...]
    rule: FeeRule = FeeRule()

    @property
    def count(self) -> Count:
        """All contracts of the order."""
        return Count(sum(level.count for level in self.levels))

    @property
    def limit(self) -> Price:
        """The worst price that the order must be willing to pay."""
        return max(level.price for level in self.levels)


class PricedBasket(msgspec.Struct, frozen=True):
    """A basket after the fee engine, in micro-dollars: the cash paid and profit by state."""

    cash: Money
    fees: Money
    pnl: tuple[Money, ...]

    @property
    def worst(self) -> Money:
        """The profit that is certain; 0 for an empty basket, negative when none is."""
        return min(self.pnl)

    @property
    def best(self) -> Money:
        """The largest profit of any state."""
        return max(self.pnl)


def round_down(
    legs: Sequence[Leg], counts: Sequence[float], *, step: Count = FINEST
) -> tuple[BasketOrder, ...]:
    """Return orders for ``counts`` contracts per leg, each rounded down to ``step``.

    Legs of one market and outcome become one order, best price first.
    """
    grouped: dict[tuple[str, Outcome, FeeRule], list[Level]] = {}
    for leg, count in zip(legs, counts, strict=True):
        steps = floor(count * COUNT_SCALE / step + _SOLVER_NOISE)
        taken = Count(min(steps, leg.size // step) * step)
        if taken > 0:
            levels = grouped.setdefault((leg.market, leg.outcome, leg.rule), [])
            levels.append(Level(leg.price, taken))
    return tuple(
        BasketOrder(market, outcome, tuple(sorted(levels, key=lambda level: level.price)), rule)
        for (market, outcome, rule), levels in grouped.items()
    )


def price_basket(
    space: StateSpace, orders: Sequence[BasketOrder], *, grid: FeeGrid = DIRECT
) -> PricedBasket:
    """Price every fill with the fee engine and settle the basket in every state.

    Waivers count as over, as everywhere here; a leg whose rule ``costs.rule_at`` has
    resolved is priced as free.
    Raises ``KeyError`` for a fee type that has no published formula.
    """
    cash, fees = 0, 0
    pnl = [0] * len(space.states)
    for order in orders:
        accumulator = NO_MONEY
        rule = rule_at(order.rule)
        for level in order.levels:
            fee = trade_fee(rule, level.price, level.count, is_taker=True, step=grid.fee_step)
            paid = notional(level.price, level.count)
            charged = fill_fee(fee, Money(-paid), accumulator=accumulator, grid=grid)
            accumulator = charged.accumulator
            cash += paid + charged.net
            fees += charged.net
        for index, value in enumerate(space.pays(order.market, order.outcome)):
            pnl[index] += value * order.count
    return PricedBasket(Money(cash), Money(fees), tuple(Money(paid - cash) for paid in pnl))


def required_guarantee(
    orders: Sequence[BasketOrder],
    *,
    least: Money = MIN_GUARANTEE,
    per_basket: int = BUFFER_PER_BASKET,
    per_contract: int = BUFFER_PER_CONTRACT,
) -> Money:
    """Return the least certain profit worth the trouble, in micro-dollars.

    Five cents, or a cent for each basket and half a cent for each contract against
    slippage, unless other micro-dollars are given; as many baskets as contracts of the
    largest leg.
    """
    if not orders:
        return least
    baskets = max(order.count for order in orders)
    contracts = sum(order.count for order in orders)
    buffer = (per_basket * baskets + per_contract * contracts) // COUNT_SCALE
    return Money(max(least, buffer))


def by_scarcity(
    orders: Sequence[BasketOrder], depth: Mapping[tuple[str, Outcome], Count]
) -> tuple[BasketOrder, ...]:
    """Return the orders with the one first that is hardest to fill, the most liquid last.

    ``depth``: contracts offered at our limit or better, per market and outcome; a missing
    one counts as none.  Scarce is a small depth for the need, then a small depth.
    """

    def scarcity(order: BasketOrder) -> tuple[float, int]:
        offered = depth.get((order.market, order.outcome), Count(0))
        return offered / order.count, offered

    return tuple(sorted(orders, key=scarcity))


def completion_price(
    payout: Money,
    spent: Money,
    count: Count,
    rule: FeeRule,
    prices: Grid,
    *,
    grid: FeeGrid = DIRECT,
) -> Price | None:
    """Return the highest price at which buying ``count`` more still loses nothing.

    ``payout`` is what the finished basket pays at least, ``spent`` what it has cost so far
    with fees, both in micro-dollars.  None when no valid price is low enough.
    """
    owed, left = rule_at(rule), payout - spent
    affordable = (
        price
        for price in reversed(prices.prices())
        if notional(price, count) + order_fee(owed, price, count, is_taker=True, grid=grid) <= left
    )
    return next(affordable, None)


def unwind_loss(entry: float, bid: float, rate: float = TAKER_RATE) -> float:
    """Return the dollars lost per contract bought at ``entry`` and sold at ``bid`` as a taker."""
    return unit_cost(entry, rate) - (bid - unit_fee(bid, rate))


def least_fill_chance(net: float, unwind: float) -> float:
    """Return the chance of the last leg above which starting a basket pays, ``u / (n + u)``.

    ``net`` is won per contract when all legs fill, ``unwind`` lost when the last one misses.
    1 when there is nothing to win.
    """
    if net <= 0.0:
        return 1.0
    return max(0.0, unwind) / (net + max(0.0, unwind))


def annual_return(profit: float, locked: float, days: float) -> float:
    """Return profit on locked capital as a simple yearly rate; raises ``ValueError`` at 0."""
    if not (locked > 0.0 and days > 0.0):
        raise ValueError("locked capital and days must be positive")
    return profit / locked / days * 365.0


def clears_hurdle(
    profit: float, locked: float, days: float, *, hurdle: float = ANNUAL_HURDLE
) -> bool:
    """Return whether money locked for more than a week earns at least the hurdle."""
    return days <= HURDLE_DAYS or annual_return(profit, locked, days) >= hurdle
