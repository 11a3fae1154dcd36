"""Static arbitrage as a linear programme over executable depth, and its dual as the proof.

Maximise ``t`` so that every admissible state leaves at least ``t`` after costs:
``sum (pay_ls - c_l) x_l >= t``, ``0 <= x_l <= size_l``, ``sum c_l x_l <= budget``.  The dual
of the state rows is a distribution over states; under it no leg that is left is worth its
cost, which is why nobody can do better.  Solved by HiGHS through scipy.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from kalshi_desk.core.book import OrderBook
from kalshi_desk.core.fees import FeeRule
from kalshi_desk.core.types import (
    COUNT_SCALE,
    MONEY_SCALE,
    PRICE_SCALE,
    BookSide,
    Count,
    Money,
    Outcome,
    Price,
    complement,
)
from kalshi_desk.quant.arrays import FloatArray, probabilities
from kalshi_desk.quant.costs import fee_rate, unit_cost
from kalshi_desk.quant.states import StateSpace

NOTHING = 1e-7
"""Dollars below which a guaranteed profit is a rounding error of the solver."""


class Leg(msgspec.Struct, frozen=True):
    """One executable level: buy ``outcome`` of ``market`` at ``price``, at most ``size``.

    ``price`` is that of the outcome bought: NO costs one dollar less the YES bid.
    """

    market: str
    outcome: Outcome
    price: Price
    size: Count
    rule: FeeRule = FeeRule()

    @property
    def cost(self) -> float:
        """What one contract costs a taker, in dollars; ``KeyError`` without a known fee."""
        return unit_cost(self.price / PRICE_SCALE, fee_rate(self.rule, is_taker=True))


class Solution(msgspec.Struct, frozen=True):
    """The best guaranteed profit before rounding, all in dollars and contracts.

    ``counts``: contracts per leg.  ``pnl``: profit in each state.  ``state_prices``: the
    dual, a distribution over the states.  ``budget_price``: what one more dollar of budget
    would add.  Everything is 0 when nothing is guaranteed.
    """

    guaranteed: float
    cost: float
    counts: FloatArray
    pnl: FloatArray
    state_prices: FloatArray
    budget_price: float

    @property
    def return_on_cost(self) -> float:
        """The guaranteed profit as a share of what is paid; 0 when nothing is."""
        return self.guaranteed / self.cost if self.cost > 0.0 else 0.0


def book_legs(
    market: str, book: OrderBook, rule: FeeRule, *, levels: int | None = None
) -> list[Leg]:
    """Return what can be bought from a book now: YES at the asks, NO against the bids."""
    yes = [
        Leg(market, Outcome.YES, price, size, rule)
        for price, size in book.levels(BookSide.ASK, levels)
    ]
    no = [
        Leg(market, Outcome.NO, complement(price), size, rule)
        for price, size in book.levels(BookSide.BID, levels)
    ]
    return yes + no


def payoffs(space: StateSpace, legs: Sequence[Leg]) -> FloatArray:
    """Return dollars per contract, a row per leg and a column per state."""
    rows = [space.pays(leg.market, leg.outcome) for leg in legs]
    table = np.array(rows, dtype=np.float64).reshape(len(legs), len(space.states))
    return np.asarray(table / PRICE_SCALE, dtype=np.float64)


def leg_costs(legs: Sequence[Leg]) -> FloatArray:
    """Return dollars per contract with the taker's fee, one value per leg."""
    return np.array([leg.cost for leg in legs], dtype=np.float64)


def leg_sizes(legs: Sequence[Leg]) -> FloatArray:
    """Return the contracts offered, one value per leg."""
    return np.array([leg.size for leg in legs], dtype=np.float64) / COUNT_SCALE


def best_basket(
    space: StateSpace, legs: Sequence[Leg], *, budget: Money | None = None, margin: float = 0.0
) -> Solution:
    """Return the basket with the largest profit that every state of ``space`` guarantees.

    Of all such baskets the cheapest.  ``budget`` bounds what is paid, in micro-dollars;
    ``margin`` is a reserve in dollars that each contract must leave on top of its cost, and
    that counts neither as paid nor as profit.
    Raises ``KeyError`` when a leg has no published fee, ``ValueError`` for a leg outside the
    space or a negative budget, and ``ArithmeticError`` when the solver fails.
    """
    if budget is not None and budget < 0:
        raise ValueError("a budget can't be negative")
    if not legs:
        return _nothing(np.zeros(0), np.full(len(space.states), 1.0 / len(space.states)))
    pay, cost, size = payoffs(space, legs), leg_costs(legs), leg_sizes(legs)
    gain = pay - cost[:, None] - margin
    dollars = None if budget is None else budget / MONEY_SCALE
    states = gain.shape[1]
    rows = np.hstack([-gain.T, np.ones((states, 1))])
    limits = np.zeros(states)
    if dollars is not None:
        rows = np.vstack([rows, np.append(cost, 0.0)])
        limits = np.append(limits, dollars)
    first = _solve(np.append(np.zeros(len(legs)), -1.0), rows, limits, np.append(size, np.inf))
    weights = np.maximum(0.0, -first.ineqlin.marginals)
    total = float(weights[:states].sum())
    prices = weights[:states] / total
    best = float(-first.fun)
    if best <= NOTHING:
        return _nothing(size, prices)
    counts = _cheapest(gain, cost, size, first.x[:-1])
    pnl = counts @ gain
    return Solution(
        guaranteed=float(pnl.min()),
        cost=float(counts @ cost),
        counts=counts,
        pnl=pnl,
        state_prices=prices,
        budget_price=float(weights[states]) / total if dollars is not None else 0.0,
    )


def upper_bound(
    space: StateSpace,
    legs: Sequence[Leg],
    state_prices: npt.ArrayLike,
    *,
    budget: Money | None = None,
    budget_price: float = 0.0,
) -> float:
    """Return what no basket can guarantee more than, in dollars (weak duality).

    True for any distribution over the states and any ``budget_price`` of at least 0; with
    the dual of ``best_basket`` it equals its profit, which proves that profit best.
    """
    chance = probabilities(state_prices, "state prices")
    if abs(float(chance.sum()) - 1.0) > NOTHING or budget_price < 0.0:
        raise ValueError("state prices must sum to 1 and the budget's price be at least 0")
    if not legs:
        return 0.0
    worth = payoffs(space, legs) @ chance - leg_costs(legs) * (1.0 + budget_price)
    bound = float(leg_sizes(legs) @ np.maximum(0.0, worth))
    if budget is None:
        return bound if budget_price == 0.0 else float("inf")
    return bound + budget_price * budget / MONEY_SCALE


def _nothing(size: FloatArray, prices: FloatArray) -> Solution:
    zero = np.zeros_like(size)
    return Solution(0.0, 0.0, zero, np.zeros_like(prices), prices, 0.0)


def _cheapest(
    gain: FloatArray, cost: FloatArray, size: FloatArray, found: FloatArray
) -> FloatArray:
    """Among the baskets as good as the one found, return the one that ties up least money."""
    least = float((found @ gain).min()) * (1.0 - 1e-12)
    # By a rounding error nothing may be as good again; then the basket found stands.
    with suppress(ArithmeticError):
        found = _solve(cost, -gain.T, np.full(gain.shape[1], -least), size).x
    return np.asarray(np.clip(found, 0.0, size), dtype=np.float64)


def _solve(objective: FloatArray, rows: FloatArray, limits: FloatArray, upper: FloatArray) -> Any:
    from scipy.optimize import linprog

    bounds = np.column_stack([np.zeros_like(upper), upper])
    found = linprog(objective, A_ub=rows, b_ub=limits, bounds=bounds, method="highs")
    if found.status != 0:
        raise ArithmeticError(f"the linear programme has no solution: {found.message}")
    return found
