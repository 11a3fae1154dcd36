"""Trading costs of one contract as continuous numbers, for formulas that optimise over them.

The one fee engine stays ``core.fees``: rates come from its rule, and whatever is sent is
priced again by it.  Here a fee is ``rate * P * (1 - P)`` dollars per contract without
rounding, which never overstates the charge of a whole order.
"""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING, TypeVar

from kalshi_desk.core.fees import FeeRule

if TYPE_CHECKING:
    from kalshi_desk.quant.arrays import FloatArray

_Number = TypeVar("_Number", float, "FloatArray")

TAKER_RATE = 0.07
_SCALE = 10_000


def fee_rate(rule: FeeRule, *, is_taker: bool) -> float:
    """Return multiplier times rate, so that a fee is ``rate * P * (1 - P)``.

    A waiver is not looked at; ``rule_at`` resolves it first.  Raises ``KeyError`` for a fee
    type whose formula is not published.
    """
    return rule.rate(is_taker) * rule.multiplier / _SCALE**2


def rule_at(rule: FeeRule, now_ns: int | None = None) -> FeeRule:
    """Return the rule without a waiver: free while it lasts, as published afterwards.

    Without a time the waiver counts as over, since a plan must hold without it.
    """
    is_waived = now_ns is not None and now_ns < rule.waived_until_ns
    multiplier = 0 if is_waived else rule.multiplier
    return FeeRule(fee_type=rule.fee_type, multiplier=multiplier)


def unit_fee(price: _Number, rate: float = TAKER_RATE) -> _Number:
    """Return the fee of one contract at ``price`` in dollars."""
    return rate * price * (1.0 - price)


def unit_cost(price: _Number, rate: float = TAKER_RATE) -> _Number:
    """Return what one contract costs with its fee, in dollars.

    Held to settlement this is also the probability at which buying breaks even, since
    settlement itself is free.
    """
    return price + rate * price * (1.0 - price)


def no_trade_band(bid: float, ask: float, rate: float = TAKER_RATE) -> tuple[float, float]:
    """Return the probabilities between which a taker neither buys YES nor sells it.

    Below the first the bid is worth hitting (``p < bid - fee``), above the second the ask
    is worth lifting (``p > ask + fee``).
    """
    return bid - unit_fee(bid, rate), ask + unit_fee(ask, rate)


def round_trip_move(
    mid: float, spread: float, *, entry_rate: float = TAKER_RATE, exit_rate: float = TAKER_RATE
) -> float:
    """Return the favourable move of the mid, in dollars, that a taker's round trip needs.

    Buys at ``mid + spread / 2`` and sells at the later mid less half the same spread; the
    exit fee depends on the exit price, which makes it a quadratic.  ``inf`` when no price
    below one dollar pays for the trip.
    """
    return _exit_price(unit_cost(mid + spread / 2, entry_rate), exit_rate) + spread / 2 - mid


def maker_entry_move(
    mid: float, spread: float, *, entry_rate: float = 0.0, exit_rate: float = TAKER_RATE
) -> float:
    """Return the move needed when the entry rested at the bid and the exit takes, in dollars."""
    return _exit_price(unit_cost(mid - spread / 2, entry_rate), exit_rate) + spread / 2 - mid


def _exit_price(paid: float, rate: float) -> float:
    """Return the bid ``x`` at which ``x - rate * x * (1 - x)`` gives back what was paid."""
    if paid > 1.0:
        return float("inf")
    if rate == 0.0:
        return paid
    keep = 1.0 - rate
    return (sqrt(keep * keep + 4.0 * rate * paid) - keep) / (2.0 * rate)
