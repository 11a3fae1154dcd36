"""Decimal money of the exchange: exact products of scaled prices and counts, and wire forms."""

from __future__ import annotations

from decimal import ROUND_FLOOR, Decimal

from kalshi_desk.core.types import PRICE_SCALE, Count, Price

ZERO = Decimal(0)
ONE_DOLLAR = Decimal(1)
CENT = Decimal("0.01")
MICRO = Decimal("0.000001")
CONTRACT = Decimal("0.01")


_PRICES = [f"{price // PRICE_SCALE}.{price % PRICE_SCALE:04d}" for price in range(PRICE_SCALE + 1)]


def dollars(price: int, count: int) -> Decimal:
    """Return price times count in dollars, exactly (price 1/10,000 $, count 1/100)."""
    return Decimal(price * count) * MICRO


def contracts(count: int) -> Decimal:
    """Return a count of 1/100 contracts as a decimal number of contracts."""
    return Decimal(count) * CONTRACT


def floor_micro(amount: Decimal) -> Decimal:
    """Round dollars down to a whole micro-dollar."""
    return amount.quantize(MICRO, rounding=ROUND_FLOOR)


def money6(amount: Decimal) -> str:
    """Return dollars with six decimals, as portfolio money is written."""
    return f"{amount:.6f}"


def money4(amount: Decimal) -> str:
    """Return dollars with four decimals, rounded down, as balances are written."""
    return str(amount.quantize(Decimal("0.0001"), rounding=ROUND_FLOOR))


def cents(amount: Decimal) -> int:
    """Return whole cents, rounded down."""
    return int((amount * 100).to_integral_value(rounding=ROUND_FLOOR))


def other_side(price: int) -> Price:
    """Return the price of the other outcome."""
    return Price(PRICE_SCALE - price)


def count_text(count: int) -> str:
    """Return contracts with two decimals; the count may be negative."""
    sign = "-" if count < 0 else ""
    whole, part = divmod(abs(count), 100)
    return f"{sign}{whole}.{part:02d}"


def price_text(price: int) -> str:
    """Return dollars with four decimals."""
    if 0 <= price <= PRICE_SCALE:
        return _PRICES[price]
    whole, part = divmod(price, PRICE_SCALE)
    return f"{whole}.{part:04d}"


def whole_count(text: Decimal) -> Count:
    """Return a decimal number of contracts in 1/100 contract."""
    return Count(int(text * 100))
