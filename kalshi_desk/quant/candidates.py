"""The verdict on a possible arbitrage: the first test that fails decides, and is shown."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import msgspec

from kalshi_desk.core.fees import NON_DIRECT, FeeGrid, FeeRule
from kalshi_desk.core.types import COUNT_SCALE, MONEY_SCALE, Count, Money
from kalshi_desk.quant.arbitrage import NOTHING, Leg, Solution, best_basket
from kalshi_desk.quant.baskets import (
    BUFFER_PER_BASKET,
    BUFFER_PER_CONTRACT,
    FINEST,
    MIN_GUARANTEE,
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
    """What became of a possible arbitrage, in the order in which it is tested.

    ``assess`` knows prices and books; who knows the markets adds the other tests.
    ``DEPTH_UNKNOWN`` stands for prices recorded without sizes, which prove no depth.
    """

    INVALID_RELATIONSHIP = "invalid_relationship"
    TOO_MANY_STATES = "too_many_states"
    SETTLES_APART = "settles_apart"
    UNSYNCHRONISED = "unsynchronised"
    STALE = "stale"
    NO_ASKS = "no_asks"
    NO_PRE_FEE_EDGE = "no_pre_fee_edge"
    DEPTH_UNKNOWN = "depth_unknown"
    DEPTH_BELOW_MINIMUM = "depth_below_minimum"
    UNSOLVED = "unsolved"
    FEE_UNVERIFIED = "fee_unverified"
    FEES_EXCEED_EDGE = "fees_exceed_edge"
    EDGE_EXHAUSTED = "edge_exhausted"
    DURATION_BELOW_MINIMUM = "duration_below_minimum"
    EDGE_BELOW_MINIMUM = "edge_below_minimum"
    TOO_MANY_LEGS = "too_many_legs"
    RETURN_BELOW_HURDLE = "return_below_hurdle"
    CANDIDATE = "candidate"


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What the tests need: milliseconds, contracts, and micro-dollars of certain profit.

    ``least`` is asked of every basket; ``per_basket`` and ``per_contract`` grow with it.
    """

    skew_ms: int = MAX_SKEW_MS
    age_ms: int = MAX_AGE_MS
    duration_ms: int = MIN_DURATION_MS
    count: Count = MIN_COUNT
    least: Money = MIN_GUARANTEE
    per_basket: int = BUFFER_PER_BASKET
    per_contract: int = BUFFER_PER_CONTRACT


DEFAULT_LIMITS = Limits()


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
    limits: Limits = DEFAULT_LIMITS,
) -> Assessment:
    """Test a set of legs; ``CANDIDATE`` means a profit in every state after exact fees.

    Prices with the worse member precision unless told that the account has the finer one.
    """
    early = before_prices(evidence, limits, has_legs=bool(legs))
    if early is not None:
        return early
    free = [msgspec.structs.replace(leg, rule=_FREE) for leg in legs]
    gross = best_basket(space, free, budget=budget)
    if gross.guaranteed <= NOTHING:
        return Assessment(Verdict.NO_PRE_FEE_EDGE, gross.guaranteed, 0.0)
    least = _smallest(round_down(free, gross.counts.tolist(), step=step))
    if least < limits.count:
        return _short(Verdict.DEPTH_BELOW_MINIMUM, least, limits.count)
    if not all(leg.rule.is_known for leg in legs):
        return Assessment(Verdict.FEE_UNVERIFIED)
    solution = best_basket(space, legs, budget=budget)
    orders = round_down(legs, solution.counts.tolist(), step=step)
    priced = price_basket(space, orders, grid=grid)
    worst = priced.worst / MONEY_SCALE
    if priced.worst <= 0:
        return Assessment(Verdict.FEES_EXCEED_EDGE, worst, 0.0, solution, orders, priced)
    needed = required_guarantee(
        orders,
        least=limits.least,
        per_basket=limits.per_basket,
        per_contract=limits.per_contract,
    )
    if _smallest(orders) < limits.count:
        found = _short(Verdict.EDGE_EXHAUSTED, _smallest(orders), limits.count)
    elif evidence.lasted_ms < limits.duration_ms:
        found = Assessment(Verdict.DURATION_BELOW_MINIMUM, evidence.lasted_ms, limits.duration_ms)
    elif priced.worst < needed:
        found = Assessment(Verdict.EDGE_BELOW_MINIMUM, worst, needed / MONEY_SCALE)
    else:
        found = Assessment(Verdict.CANDIDATE, worst, needed / MONEY_SCALE)
    return msgspec.structs.replace(found, solution=solution, orders=orders, priced=priced)


def before_prices(evidence: Evidence, limits: Limits, *, has_legs: bool) -> Assessment | None:
    """Return the verdict that falls before any price is looked at, None when none does."""
    ages = evidence.ages_ms or (limits.age_ms + 1,)
    skew = max(ages) - min(ages)
    if not evidence.is_verified:
        return Assessment(Verdict.INVALID_RELATIONSHIP)
    if skew > limits.skew_ms:
        return Assessment(Verdict.UNSYNCHRONISED, skew, limits.skew_ms)
    if max(ages) > limits.age_ms:
        return Assessment(Verdict.STALE, max(ages), limits.age_ms)
    if not has_legs or not evidence.is_active:
        return Assessment(Verdict.NO_ASKS, int(has_legs), 1)
    return None


def _smallest(orders: Sequence[BasketOrder]) -> Count:
    return min((order.count for order in orders), default=Count(0))


def _short(verdict: Verdict, seen: Count, needed: Count) -> Assessment:
    return Assessment(verdict, seen / COUNT_SCALE, needed / COUNT_SCALE)
