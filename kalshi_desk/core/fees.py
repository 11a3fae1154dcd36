"""The desk's one fee engine: used by ticket, ladder, gate, paper fills and backtest.

Source: the exchange's fee schedule (effective 2026-07-07) and its fee rounding page.
``model_fee = multiplier * rate * count * P * (1 - P)``; the charged fee is the model
fee rounded up to a step, plus what it takes to land the balance change on the
member's precision, minus rebates once the per-order accumulator is large enough.
All in integers: the model fee is exact as a fraction before it is rounded up.
"""

from __future__ import annotations

import msgspec

from kalshi_desk.core.types import COUNT_SCALE, NO_MONEY, PRICE_SCALE, Count, Money, Price

DEFAULT_FEE_STEP = Money(100)
DIRECT_PRECISION = Money(100)
NON_DIRECT_PRECISION = Money(10_000)
DEFAULT_REBATE_STEP = Money(10_000)

_RATE_SCALE = 10_000
_MULTIPLIER_SCALE = 10_000
_TAKER_RATE = 700
_MAKER_RATES = {
    "quadratic": 0,
    "quadratic_with_maker_fees": 175,
    "quadratic_with_combo_maker_fees": 350,
}


class FeeRule(msgspec.Struct, frozen=True, kw_only=True):
    """How a market charges: the wire's fee type and the multiplier in 1/10,000.

    ``waived_until_ns`` makes fees zero before that time.
    """

    fee_type: str = "quadratic"
    multiplier: int = _MULTIPLIER_SCALE
    waived_until_ns: int = 0

    @property
    def is_known(self) -> bool:
        """Whether the formula is published, so that a fee can be stated at all."""
        return self.fee_type in _MAKER_RATES

    def rate(self, is_taker: bool) -> int:
        """Return the rate in 1/10,000; raises ``KeyError`` for an unknown fee type."""
        maker = _MAKER_RATES[self.fee_type]
        return _TAKER_RATE if is_taker else maker


class FeeGrid(msgspec.Struct, frozen=True, kw_only=True):
    """Rounding parameters in micro-dollars: fee step, member precision, rebate step."""

    fee_step: Money = DEFAULT_FEE_STEP
    precision: Money = DIRECT_PRECISION
    rebate_step: Money = DEFAULT_REBATE_STEP


DIRECT = FeeGrid()
NON_DIRECT = FeeGrid(precision=NON_DIRECT_PRECISION)


class FillFee(msgspec.Struct, frozen=True):
    """The fee of one fill: its parts and the accumulator left behind, in micro-dollars."""

    trade_fee: Money
    rounding_fee: Money
    rebate: Money
    accumulator: Money

    @property
    def net(self) -> Money:
        """What the fill is charged in all; never negative."""
        return Money(self.trade_fee + self.rounding_fee - self.rebate)


class PredictedFee(msgspec.Struct, frozen=True, kw_only=True):
    """What the desk expected one fill to be charged, by either precision of a member.

    ``direct_left`` and ``non_direct_left`` are the order's accumulators after the fill.
    """

    trade_id: str
    order_id: str
    direct: Money
    non_direct: Money
    direct_left: Money
    non_direct_left: Money


def _ceil_to(numerator: int, denominator: int, step: int) -> int:
    """Round numerator/denominator up to a multiple of ``step``."""
    return -(-numerator // (denominator * step)) * step


def trade_fee(
    rule: FeeRule,
    price: Price,
    count: Count,
    *,
    is_taker: bool,
    now_ns: int = 0,
    step: Money = DEFAULT_FEE_STEP,
) -> Money:
    """Return the model fee rounded up to ``step``, in micro-dollars.

    Without a time no waiver counts: a fee too many is the safe mistake.
    Raises ``KeyError`` when the fee type has no published formula: then no fee may
    be claimed.
    """
    rate = rule.rate(is_taker)
    if not rate or 0 < now_ns < rule.waived_until_ns:
        return NO_MONEY
    numerator = rule.multiplier * rate * count * price * (PRICE_SCALE - price)
    scale = _MULTIPLIER_SCALE * _RATE_SCALE * COUNT_SCALE * PRICE_SCALE * PRICE_SCALE
    return Money(_ceil_to(numerator * 1_000_000, scale, step))


def fill_fee(
    fee: Money, revenue: Money, *, accumulator: Money = NO_MONEY, grid: FeeGrid = DIRECT
) -> FillFee:
    """Apply the rounding layer to one fill.

    ``fee`` is the trade fee, ``revenue`` the signed cash of the trade (negative when
    buying), ``accumulator`` what earlier fills of the same order left behind.
    """
    raw = revenue - fee
    aligned = raw // grid.precision * grid.precision
    rounding = raw - aligned
    total = accumulator + rounding
    rebate = 0
    if total > grid.rebate_step:
        rebate = total // grid.rebate_step * grid.rebate_step
        rebate = min(rebate, (fee + rounding) // grid.rebate_step * grid.rebate_step)
    return FillFee(Money(fee), Money(rounding), Money(rebate), Money(total - rebate))


def order_fee(
    rule: FeeRule,
    price: Price,
    count: Count,
    *,
    is_taker: bool,
    now_ns: int = 0,
    grid: FeeGrid = DIRECT,
) -> Money:
    """Return the net fee of a single fill of a new order, in micro-dollars."""
    fee = trade_fee(rule, price, count, is_taker=is_taker, now_ns=now_ns, step=grid.fee_step)
    return fill_fee(fee, Money(-price * count), grid=grid).net


def worst_order_fee(
    rule: FeeRule, price: Price, count: Count, *, is_taker: bool, now_ns: int = 0
) -> Money:
    """Return the larger of the direct and the non-direct fee.

    Preview and gate use it until a fill shows which precision the account has.
    """
    return max(
        order_fee(rule, price, count, is_taker=is_taker, now_ns=now_ns, grid=grid)
        for grid in (DIRECT, NON_DIRECT)
    )
