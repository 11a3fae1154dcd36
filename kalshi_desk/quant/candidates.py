"""The verdict on a possible arbitrage: the first test that fails decides, and is shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from enum import StrEnum

import msgspec

from kalshi_desk.core.fees import NON_DIRECT, FeeGrid, FeeRule
from kalshi_desk.core.types import COUNT_SCALE, MONEY_SCALE, Count, Money, Outcome
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

    def required(self, orders: Sequence[BasketOrder]) -> Money:
        """Return the certain profit that these orders must leave, in micro-dollars."""
        return required_guarantee(
            orders,
            least=self.least,
            per_basket=self.per_basket,
            per_contract=self.per_contract,
        )


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
    solver = _Solver(space, budget, step, limits.count)
    free = [msgspec.structs.replace(leg, rule=_FREE) for leg in legs]
    gross, wanted = solver.best(free)
    if gross.guaranteed <= NOTHING:
        return Assessment(Verdict.NO_PRE_FEE_EDGE, gross.guaranteed, 0.0)
    if not solver.thick(free, wanted):
        return _short(Verdict.DEPTH_BELOW_MINIMUM, _smallest(wanted), limits.count)
    if not all(leg.rule.is_known for leg in legs):
        return Assessment(Verdict.FEE_UNVERIFIED)
    solution, wanted = solver.best(legs)
    orders = solver.thick(legs, wanted)
    priced = price_basket(space, orders, grid=grid)
    if priced.worst <= 0:
        whole = price_basket(space, wanted, grid=grid)
        if whole.worst <= 0:
            lost = _eaten(space, wanted or round_down(legs, gross.counts.tolist(), step=step), grid)
        else:
            lost = _short(Verdict.EDGE_EXHAUSTED, _smallest(wanted), limits.count)
        return msgspec.structs.replace(lost, solution=solution, orders=wanted, priced=whole)
    needed = limits.required(orders)
    if priced.worst < needed:
        # Levels that pay less than the reserve they need may hide some that pay more.
        margin = (limits.per_contract + limits.per_basket / len(orders)) / MONEY_SCALE
        fewer = solver.thick(legs, solver.best(legs, margin)[1], margin)
        again = price_basket(space, fewer, grid=grid)
        if fewer and again.worst >= limits.required(fewer):
            orders, priced, needed = fewer, again, limits.required(fewer)
    if evidence.lasted_ms < limits.duration_ms:
        found = Assessment(Verdict.DURATION_BELOW_MINIMUM, evidence.lasted_ms, limits.duration_ms)
    else:
        worst, least = priced.worst / MONEY_SCALE, needed / MONEY_SCALE
        is_enough = priced.worst >= needed
        verdict = Verdict.CANDIDATE if is_enough else Verdict.EDGE_BELOW_MINIMUM
        found = Assessment(verdict, worst, least)
    return msgspec.structs.replace(found, solution=solution, orders=orders, priced=priced)


class _Solver(msgspec.Struct, frozen=True):
    """Baskets of one space in whole steps, each of whose orders has enough contracts."""

    space: StateSpace
    budget: Money | None
    step: Count
    least: Count

    def best(
        self, legs: Sequence[Leg], margin: float = 0.0
    ) -> tuple[Solution, tuple[BasketOrder, ...]]:
        """Return the solved basket and its orders, however small."""
        found = best_basket(self.space, legs, budget=self.budget, margin=margin)
        return found, round_down(legs, found.counts.tolist(), step=self.step)

    def thick(
        self, legs: Sequence[Leg], wanted: tuple[BasketOrder, ...], margin: float = 0.0
    ) -> tuple[BasketOrder, ...]:
        """Return the best orders of enough contracts each; ``wanted`` if they are.

        The largest profit may want a scrap of a thin leg beside a solid basket of others:
        what can't reach the least count is left out, and the rest solved again.
        """
        left = list(legs)
        while wanted and _smallest(wanted) < self.least:
            offered: Counter[tuple[str, Outcome]] = Counter()
            for leg in left:
                offered[leg.market, leg.outcome] += leg.size
            out = {key for key, size in offered.items() if size < self.least}
            if not out:
                out = {(o.market, o.outcome) for o in wanted if o.count < self.least}
            left = [leg for leg in left if (leg.market, leg.outcome) not in out]
            wanted = self.best(left, margin)[1]
        return wanted


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


def _eaten(space: StateSpace, orders: Sequence[BasketOrder], grid: FeeGrid) -> Assessment:
    """Return the profit before fees beside the fees that it would have to exceed."""
    priced = price_basket(space, orders, grid=grid)
    before, fees = priced.worst + priced.fees, priced.fees
    return Assessment(Verdict.FEES_EXCEED_EDGE, before / MONEY_SCALE, fees / MONEY_SCALE)


def _smallest(orders: Sequence[BasketOrder]) -> Count:
    return min((order.count for order in orders), default=Count(0))


def _short(verdict: Verdict, seen: Count, needed: Count) -> Assessment:
    return Assessment(verdict, seen / COUNT_SCALE, needed / COUNT_SCALE)
