"""From a belief to a count of contracts, with every factor shown.

The stake is Kelly's with the fee inside the cost (Kelly 1956), shrunk for the error of the
estimate (Baker and McHale 2013), a fraction of it (Thorp), divided for correlated stakes,
capped, and reduced by drawdown, volatility, depth, time and the strategy's record.  Each
factor only reduces.  Contracts are whole, since tiny orders pay rounding fees.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import floor, gcd, isfinite

import msgspec

from kalshi_desk.core.fees import FeeRule, worst_order_fee
from kalshi_desk.core.reasons import Reason
from kalshi_desk.core.types import (
    COUNT_SCALE,
    MONEY_SCALE,
    NO_COUNT,
    PRICE_ONE,
    PRICE_SCALE,
    BookSide,
    Count,
    Money,
    Price,
)
from kalshi_desk.quant.costs import fee_rate, rule_at, unit_cost
from kalshi_desk.quant.kelly import kelly_fraction, shrinkage
from kalshi_desk.quant.multipliers import (
    DEPTH_MULTIPLE,
    drawdown_multiplier,
    liquidity_multiplier,
    record_multiplier,
    time_multiplier,
    volatility_multiplier,
)
from kalshi_desk.risk.limits import Limits, part_of

CONTRACT = Count(COUNT_SCALE)
_PERCENT = 100.0


class Belief(msgspec.Struct, frozen=True, kw_only=True):
    """One leg and what is believed of it: ``probability`` is that of the outcome it buys.

    ``price`` is in YES, as the leg will be sent; ``is_taker`` says which fee it pays.
    """

    side: BookSide
    price: Price
    probability: float
    probability_sd: float = 0.0
    fee: FeeRule = FeeRule()
    is_taker: bool = True

    @property
    def outcome_price(self) -> Price:
        """The price of the outcome bought."""
        return self.price if self.side is BookSide.BID else Price(PRICE_ONE - self.price)

    def cost(self, now_ns: int) -> float:
        """Return what one contract costs with its fee, in dollars."""
        rate = fee_rate(rule_at(self.fee, now_ns), is_taker=self.is_taker)
        return unit_cost(self.outcome_price / PRICE_SCALE, rate)


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """What else a stake depends on.

    ``wealth`` is W; ``drawdown`` a share of the highest equity; ``depth`` the contracts that
    could be traded at the limit or better, None where nothing is taken (a resting order);
    ``mean_pnl_lower_bound`` the 90 per cent bound of the strategy's last 100 trades, None
    while there are too few.  ``correlated`` holds for each other stake of the same theme its
    correlation and its share of W.
    """

    wealth: Money
    drawdown: float = 0.0
    variance_ratio: float = 1.0
    depth: Count | None = None
    hours_left: float = 24.0
    mean_pnl_lower_bound: float | None = None
    correlated: tuple[tuple[float, float], ...] = ()
    now_ns: int = 0


class Stake(msgspec.Struct, frozen=True, kw_only=True):
    """How many contracts, and the factors in the order in which they were applied.

    ``text`` says in a line how the count came about.
    """

    count: Count
    factors: tuple[tuple[str, float], ...]
    text: str


def stake(belief: Belief, around: Surroundings, limits: Limits) -> Stake:
    """Return the stake of one leg on its own.

    Never costs more than ``limits.trade_percent`` of W with the worst fee, never more for a
    less certain estimate, and 0 without an edge after the fee.
    """
    cost = belief.cost(around.now_ns)
    _check(belief.probability)
    full = kelly_fraction(belief.probability, cost)
    shrunk = shrinkage(belief.probability - cost, belief.probability_sd)
    return _staked(belief, around, limits, cost, full, shrunk, cap_share=1.0)


def stake_exclusive(
    beliefs: Sequence[Belief], around: Sequence[Surroundings], limits: Limits
) -> tuple[Stake, ...]:
    """Return the stakes of several legs of which at most one pays.

    The shares are those of the set (Smoczynski and Tomkins 2010): a leg may be held at a
    loss of its own because it hedges the others, so all are shrunk alike, by the least
    certain edge.  The whole set counts as one trade under the cap.  Raises ``ValueError``
    for legs that can't be such a set (probabilities above 1, other lengths).
    """
    from kalshi_desk.quant.kelly_events import exclusive_stakes

    if len(beliefs) != len(around):
        raise ValueError("each leg needs its surroundings")
    costs = [one.cost(there.now_ns) for one, there in zip(beliefs, around, strict=True)]
    chances = [one.probability for one in beliefs]
    found = [float(share) for share in exclusive_stakes(chances, costs).stakes]
    edges = [
        shrinkage(one.probability - cost, one.probability_sd)
        for one, cost, share in zip(beliefs, costs, found, strict=True)
        if share > 0.0 and one.probability > cost
    ]
    shrunk = min(edges, default=0.0)
    total = sum(found)
    return tuple(
        _staked(
            belief, there, limits, cost, share, shrunk, cap_share=share / total if total else 0.0
        )
        for belief, there, cost, share in zip(beliefs, around, costs, found, strict=True)
    )


def _staked(
    belief: Belief,
    around: Surroundings,
    limits: Limits,
    cost: float,
    full: float,
    shrunk: float,
    *,
    cap_share: float,
) -> Stake:
    share = limits.kelly_fraction * shrunk * full
    divisor = 1.0
    if share > 0.0:
        others = sum(rho * other for rho, other in around.correlated if rho > 0.0 and other > 0.0)
        # s / (1 + o / s), written so that a tiny stake divides by nothing tiny.
        divisor = 1.0 + others / share if share > others * 1e-12 else float("inf")
        share = share * share / (share + others)
    cap = limits.trade_percent / _PERCENT * cap_share
    capped = min(share, cap)
    base = capped * max(0, around.wealth) / MONEY_SCALE / cost
    depth = base if around.depth is None else around.depth / COUNT_SCALE / DEPTH_MULTIPLE
    liquid = 1.0
    if around.depth is not None:
        liquid = liquidity_multiplier(around.depth / COUNT_SCALE, base)
    times = {
        "drawdown": drawdown_multiplier(
            around.drawdown, max(limits.drawdown_percent, 1.0) / _PERCENT
        ),
        "volatility": volatility_multiplier(around.variance_ratio),
        "time": time_multiplier(around.hours_left),
        "record": record_multiplier(around.mean_pnl_lower_bound),
    }
    contracts = min(base, depth)
    for value in times.values():
        contracts *= value
    budget = min(part_of(around.wealth, limits.trade_percent), around.wealth)
    count = _affordable(belief, contracts, Money(max(0, floor(budget * cap_share))), around.now_ns)
    factors = (
        ("cost", cost),
        ("edge", belief.probability - cost),
        ("kelly", full),
        ("fraction", limits.kelly_fraction),
        ("shrinkage", shrunk),
        ("correlation", 1.0 / divisor),
        ("cap", cap),
        ("share", capped),
        ("drawdown", times["drawdown"]),
        ("volatility", times["volatility"]),
        ("liquidity", liquid),
        ("time", times["time"]),
        ("record", times["record"]),
    )
    return Stake(count=count, factors=factors, text=_text(factors, count))


def _affordable(belief: Belief, contracts: float, budget: Money, now_ns: int) -> Count:
    """Return whole contracts whose price and worst fee the budget covers."""
    if not isfinite(contracts) or contracts < 1.0:
        return NO_COUNT
    count = floor(contracts)
    while count > 0:
        size = Count(count * COUNT_SCALE)
        fee = worst_order_fee(
            belief.fee, belief.price, size, is_taker=belief.is_taker, now_ns=now_ns
        )
        if belief.outcome_price * size + fee <= budget:
            return size
        over = belief.outcome_price * size + fee - budget
        # A fee is below the price: so many less can't skip a count that fits.
        count -= max(1, over // (2 * belief.outcome_price * COUNT_SCALE))
    return NO_COUNT


def _text(factors: tuple[tuple[str, float], ...], count: Count) -> str:
    values = dict(factors)
    if values["kelly"] <= 0.0:
        return f"no stake: the edge after the fee is {100 * values['edge']:+.2f}¢"
    names = ("shrinkage", "correlation", "drawdown", "volatility", "liquidity", "time", "record")
    lower = [f"{name} {values[name]:.3f}" for name in names if values[name] < 1.0]
    cap = " capped" if values["share"] >= values["cap"] else ""
    return (
        f"{count // COUNT_SCALE} contracts: Kelly {values['kelly']:.4f} of W at "
        f"{100 * values['cost']:.2f}¢ with fee, times {values['fraction']:g}"
        f"{''.join(f', {part}' for part in lower)}; {values['share']:.4%} of W{cap}"
    )


def _check(probability: float) -> None:
    if not 0.0 <= probability <= 1.0:
        raise ValueError(f"a probability must lie between 0 and 1, not {probability}")


class Scaled(msgspec.Struct, frozen=True, kw_only=True):
    """A basket as large as the limits allow; ``bound`` is what a larger one would break."""

    ratio: float
    counts: tuple[Count, ...]
    bound: Reason | None = None


def scale_basket(
    counts: Sequence[Count],
    refusal: Callable[[tuple[Count, ...]], Reason | None],
    *,
    step: Count = CONTRACT,
) -> Scaled:
    """Scale all legs down by one ratio to the largest basket that nothing refuses.

    ``refusal`` returns the first reason against a basket of such counts; a smaller basket
    must not be refused for what a larger one passes.  The proportions of the legs are kept
    exactly; a smaller basket holds multiples of ``step`` in each leg, also where the whole
    one does not, and one that has no smaller form is taken or left.  All counts are 0 when
    nothing fits.  Raises ``ValueError`` without legs.
    """
    if not counts or min(counts) <= 0:
        raise ValueError("a basket needs legs of more than nothing")
    whole = gcd(*counts)
    part = [count // whole * step for count in counts]

    def sized(number: int) -> tuple[Count, ...]:
        return tuple(Count(one * number) for one in part)

    bound = refusal(tuple(counts))
    if bound is None:
        return Scaled(ratio=1.0, counts=tuple(counts))
    fits, breaks = 0, -(-whole // step)
    while breaks - fits > 1:
        middle = (fits + breaks) // 2
        reason = refusal(sized(middle))
        if reason is None:
            fits = middle
        else:
            breaks, bound = middle, reason
    return Scaled(ratio=fits * step / whole, counts=sized(fits), bound=bound)
