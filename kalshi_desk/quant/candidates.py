"""The verdict on a possible arbitrage: the first test that fails decides, and is shown."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import msgspec

from kalshi_desk.core.fees import NON_DIRECT, FeeGrid, FeeRule
from kalshi_desk.core.types import COUNT_SCALE, MONEY_SCALE, Count, Money
from kalshi_desk.quant.arbitrage import NOTHING, Leg, Solution, best_basket
from kalshi_desk.quant.baskets import (
    FINEST,
    BasketOrder,
    PricedBasket,
    price_basket,
    required_guarantee,
    round_down,
)
from kalshi_desk.quant.states import StateSpace

MAX_SKEW_MS = 500
MAX_AGE_MS = 2000
MIN_DURATION_MS = 1000
MIN_COUNT = Count(5 * COUNT_SCALE)
_FREE = FeeRule(multiplier=0)


class Verdict(StrEnum):
    """What became of a possible arbitrage, in the order in which it is tested."""

    INVALID_RELATIONSHIP = "invalid_relationship"
    UNSYNCHRONISED = "unsynchronised"
    STALE = "stale"
    NO_ASKS = "no_asks"
    NO_PRE_FEE_EDGE = "no_pre_fee_edge"
    DEPTH_BELOW_MINIMUM = "depth_below_minimum"
    FEE_UNVERIFIED = "fee_unverified"
    FEES_EXCEED_EDGE = "fees_exceed_edge"
    EDGE_EXHAUSTED = "edge_exhausted"
    DURATION_BELOW_MINIMUM = "duration_below_minimum"
    EDGE_BELOW_MINIMUM = "edge_below_minimum"
    CANDIDATE = "candidate"


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What the market room knows beside the prices.

    ``is_verified``: rules and strikes prove the relations.  ``is_active``: every market of
    the space trades now.  ``ages_ms``: age of each book.  ``lasted_ms``: how long the edge
    has been there without a break.
    """

    is_verified: bool
    is_active: bool
    ages_ms: tuple[int, ...]
    lasted_ms: int


class Assessment(msgspec.Struct, frozen=True):
    """The verdict, the number seen beside the number needed, and the basket if there is one.

    Numbers are in the unit of the test: milliseconds, contracts or dollars.
    """

    verdict: Verdict
    seen: float = 0.0
    needed: float = 0.0
    solution: Solution | None = None
    orders: tuple[BasketOrder, ...] = ()
    priced: PricedBasket | None = None


def assess(
    space: StateSpace,
    legs: Sequence[Leg],
    evidence: Evidence,
    *,
    budget: Money | None = None,
    step: Count = FINEST,
    grid: FeeGrid = NON_DIRECT,
    min_count: Count = MIN_COUNT,
) -> Assessment:
    """Test a set of legs; ``CANDIDATE`` means a profit in every state after exact fees.

    Prices with the worse member precision unless told that the account has the finer one.
    """
    early = _before_prices(legs, evidence)
    if early is not None:
        return early
    free = [msgspec.structs.replace(leg, rule=_FREE) for leg in legs]
    gross = best_basket(space, free, budget=budget)
    if gross.guaranteed <= NOTHING:
        return Assessment(Verdict.NO_PRE_FEE_EDGE, gross.guaranteed, 0.0)
    least = _smallest(round_down(free, gross.counts.tolist(), step=step))
    if least < min_count:
        return _short(Verdict.DEPTH_BELOW_MINIMUM, least, min_count)
    if not all(leg.rule.is_known for leg in legs):
        return Assessment(Verdict.FEE_UNVERIFIED)
    solution = best_basket(space, legs, budget=budget)
    orders = round_down(legs, solution.counts.tolist(), step=step)
    priced = price_basket(space, orders, grid=grid)
    worst = priced.worst / MONEY_SCALE
    if priced.worst <= 0:
        return Assessment(Verdict.FEES_EXCEED_EDGE, worst, 0.0, solution, orders, priced)
    needed = required_guarantee(orders)
    if _smallest(orders) < min_count:
        found = _short(Verdict.EDGE_EXHAUSTED, _smallest(orders), min_count)
    elif evidence.lasted_ms < MIN_DURATION_MS:
        found = Assessment(Verdict.DURATION_BELOW_MINIMUM, evidence.lasted_ms, MIN_DURATION_MS)
    elif priced.worst < needed:
        found = Assessment(Verdict.EDGE_BELOW_MINIMUM, worst, needed / MONEY_SCALE)
    else:
        found = Assessment(Verdict.CANDIDATE, worst, needed / MONEY_SCALE)
    return msgspec.structs.replace(found, solution=solution, orders=orders, priced=priced)


def _before_prices(legs: Sequence[Leg], evidence: Evidence) -> Assessment | None:
    ages = evidence.ages_ms or (MAX_AGE_MS + 1,)
    skew = max(ages) - min(ages)
    if not evidence.is_verified:
        return Assessment(Verdict.INVALID_RELATIONSHIP)
    if skew > MAX_SKEW_MS:
        return Assessment(Verdict.UNSYNCHRONISED, skew, MAX_SKEW_MS)
    if max(ages) > MAX_AGE_MS:
        return Assessment(Verdict.STALE, max(ages), MAX_AGE_MS)
    if not legs or not evidence.is_active:
        return Assessment(Verdict.NO_ASKS, len(legs), 1)
    return None


def _smallest(orders: Sequence[BasketOrder]) -> Count:
    return min((order.count for order in orders), default=Count(0))


def _short(verdict: Verdict, seen: Count, needed: Count) -> Assessment:
    return Assessment(verdict, seen / COUNT_SCALE, needed / COUNT_SCALE)
