"""Trading fees in Decimal: a series' rate, and the rounding with its per-order accumulator."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from kalshi_desk.core.types import PRICE_SCALE
from kalshi_desk.exchange.amounts import ZERO, dollars
from kalshi_desk.exchange.rules import Rules

_TAKER = Decimal("0.07")
_MAKER = {
    "quadratic": ZERO,
    "quadratic_with_maker_fees": Decimal("0.0175"),
    "quadratic_with_combo_maker_fees": Decimal("0.035"),
}
_SCALE = Decimal(1) / (PRICE_SCALE * PRICE_SCALE * 100)


@dataclass(frozen=True, slots=True)
class FeeSchedule:
    """Taker and maker coefficients of one market, its multiplier already applied."""

    taker: Decimal
    maker: Decimal


NO_FEES = FeeSchedule(taker=ZERO, maker=ZERO)
"""What a market charges while its fees are waived."""


@dataclass(frozen=True, slots=True)
class Charge:
    """The fee of one fill: what was rounded, what was paid back, and the new accumulator."""

    trade_fee: Decimal
    rounding_fee: Decimal
    rebate: Decimal
    accumulator: Decimal

    @property
    def net(self) -> Decimal:
        """What the account pays, in dollars; never negative."""
        return self.trade_fee + self.rounding_fee - self.rebate


def schedule_of(fee_type: str, multiplier: float) -> FeeSchedule:
    """Return the coefficients for a fee type of the exchange.

    Raises ``ValueError`` for a fee type whose formula is not published.
    """
    if fee_type not in _MAKER:
        raise ValueError(f"no published formula for fee type {fee_type!r}")
    factor = Decimal(str(multiplier))
    return FeeSchedule(taker=_TAKER * factor, maker=_MAKER[fee_type] * factor)


def model_fee(rate: Decimal, price: int, count: int) -> Decimal:
    """Return the fee before rounding: rate times contracts times P(1-P), in dollars."""
    return rate * Decimal(price * (PRICE_SCALE - price) * count) * _SCALE


def ceil_to(amount: Decimal, step: Decimal) -> Decimal:
    """Round dollars up to a multiple of ``step``."""
    return (amount / step).to_integral_value(rounding=ROUND_CEILING) * step


def floor_to(amount: Decimal, step: Decimal) -> Decimal:
    """Round dollars down, toward minus infinity, to a multiple of ``step``."""
    return (amount / step).to_integral_value(rounding=ROUND_FLOOR) * step


def round_charge(
    revenue: Decimal, trade_fee: Decimal, accumulator: Decimal, rules: Rules
) -> Charge:
    """Apply member precision and the order's accumulator to one fill.

    ``revenue`` is negative for a purchase.  Rebates come in whole steps; one that would make
    the fee negative waits in the accumulator.
    """
    change = revenue - trade_fee
    rounding = change - floor_to(change, rules.member_precision)
    total = accumulator + rounding
    rebate = ZERO
    if total > rules.rebate_step:
        rebate = floor_to(min(total, trade_fee + rounding), rules.rebate_step)
    return Charge(trade_fee, rounding, rebate, total - rebate)


def fill_charge(
    rate: Decimal, *, is_bid: bool, price: int, count: int, accumulator: Decimal, rules: Rules
) -> Charge:
    """Return the charge of one fill at a YES price under a coefficient."""
    trade_fee = ceil_to(model_fee(rate, price, count), rules.fee_step) if rate else ZERO
    value = dollars(price, count)
    return round_charge(-value if is_bid else value, trade_fee, accumulator, rules)
