"""From what a person types in the size field to a count of contracts."""

from __future__ import annotations

from fractions import Fraction

from kalshi_desk.core.errors import Refuse
from kalshi_desk.core.types import (
    COUNT_SCALE,
    MAX_ORDER_COUNT,
    PRICE_SCALE,
    Count,
    Money,
    Price,
    parse_count,
)

KELLY_FRACTION = Fraction(1, 2)
_USAGE = "Type contracts (400 or 0.5), dollars ($200), a share of equity (5%) or Kelly (k62)."


def read_size(text: str, cost: Price, fee_per_contract: Money, equity: Money | None) -> Count:
    """Return the count for a typed size; ``cost`` is the price of the outcome bought.

    Dollars and shares are spent on price and taker fee together; Kelly stakes half of
    ``(p - c) / (1 - c)`` of equity, c being cost and fee of one contract (the binary
    form of Kelly's criterion).  Raises ``Refuse`` with what can be typed.
    """
    count = _count(text, cost, fee_per_contract, equity)
    if count > MAX_ORDER_COUNT:
        most = MAX_ORDER_COUNT // COUNT_SCALE
        raise Refuse(f"The size {text!r} is more than {most:,} contracts.", code="bad_size")
    return count


def _count(text: str, cost: Price, fee_per_contract: Money, equity: Money | None) -> Count:
    body = text.strip().lower().replace(",", "").replace("_", "")
    try:
        if body.startswith("$"):
            return _contracts(Fraction(body[1:]), cost, fee_per_contract)
        if body.endswith("%"):
            share = Fraction(body[:-1]) / 100
            return _contracts(share * _dollars(equity), cost, fee_per_contract)
        if body.startswith("k"):
            share = kelly_share(Fraction(body[1:].rstrip("%")) / 100, cost, fee_per_contract)
            return _contracts(share * _dollars(equity), cost, fee_per_contract)
        return parse_count(body)
    except (ValueError, ZeroDivisionError) as error:
        raise Refuse(f"The size {text!r} can't be read.", code="bad_size", todo=_USAGE) from error


def kelly_share(probability: Fraction, cost: Price, fee_per_contract: Money) -> Fraction:
    """Return half Kelly as a share of equity, 0 when there is no edge after the fee."""
    if not 0 < probability < 1:
        raise Refuse(
            "Your probability must be between 0 and 100 per cent.", code="bad_size", todo=_USAGE
        )
    price = _unit_cost(cost, fee_per_contract)
    if price >= 1 or probability <= price:
        return Fraction(0)
    return KELLY_FRACTION * (probability - price) / (1 - price)


def _unit_cost(cost: Price, fee_per_contract: Money) -> Fraction:
    return Fraction(cost, PRICE_SCALE) + Fraction(fee_per_contract, 1_000_000)


def _contracts(dollars: Fraction, cost: Price, fee_per_contract: Money) -> Count:
    return Count(int(dollars / _unit_cost(cost, fee_per_contract) * COUNT_SCALE))


def _dollars(equity: Money | None) -> Fraction:
    if equity is None:
        raise Refuse(
            "Equity is not known yet.",
            code="bad_size",
            todo="Wait, or type contracts.",
        )
    return Fraction(equity, 1_000_000)
