"""What a report says beside its result: markouts, the tail, turnover, and dearer fees."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import ceil
from typing import Any

from kalshi_desk.backtest.ledger import FilledTrade, Ledger
from kalshi_desk.core.types import MONEY_SCALE, PRICE_ONE, Money, format_money
from kalshi_desk.engine.markouts import HORIZONS
from kalshi_desk.quant.performance import expected_shortfall

FEE_STRESS = Fraction(3, 2)
LEAST_FOR_TAIL = 20
"""With fewer, the worst 5 % is less than one of them."""


def extras(
    ledger: Ledger, days: Sequence[Money], bets: Mapping[str, int], net: int
) -> dict[str, Any]:
    """Return the sections of a report.

    ``days`` are equities at the ends of days, ``bets`` the net of each market that is over,
    ``net`` the whole change of equity, all in micro-dollars.
    """
    return {
        "markouts": markouts(ledger),
        "shortfall": shortfall(ledger.capital, days, bets),
        "turnover": turnover(ledger, days),
        "fee_stress": fee_stress(ledger, net),
    }


def markouts(ledger: Ledger) -> dict[str, dict[str, Any]]:
    """Return what fills were worth 1, 5 and 30 minutes later against the middle, after fees.

    By role and horizon: how many were measured, and their mean in dollars a contract.  A
    fill whose horizon ends after the run is not measured.
    """
    found: dict[str, dict[str, Any]] = {}
    for role in sorted({trade.role for trade in ledger.trades}):
        means = ledger.markouts.means(role)
        for minutes in HORIZONS:
            count, mean = means[minutes]
            found[f"{role}, {minutes} min"] = {
                "fills": count,
                "dollars_a_contract": mean if count else None,
            }
    return found


def shortfall(capital: Money, days: Sequence[Money], bets: Mapping[str, int]) -> dict[str, Any]:
    """Return the average loss of the worst 5 % of days and of markets that are over.

    None for fewer than 20 of them.
    """
    before = [capital, *days][: len(days)]
    daily = [after - was for was, after in zip(before, days, strict=True)]
    return {
        "es95_day": _shortfall(daily),
        "days_counted": len(daily),
        "es95_bet": _shortfall(list(bets.values())),
        "bets_counted": len(bets),
    }


def _shortfall(profits: Sequence[int]) -> str | None:
    if len(profits) < LEAST_FOR_TAIL:
        return None
    loss = expected_shortfall([profit / MONEY_SCALE for profit in profits])
    return format_money(Money(round(loss * MONEY_SCALE)))


def turnover(ledger: Ledger, days: Sequence[Money]) -> dict[str, Any]:
    """Return what changed hands at the price of the outcome traded, and how often that is equity.

    Both ways count: what was bought and what was sold.  ``times_equity`` is of the mean of
    the equities at the ends of days, ``times_equity_a_day`` that for each day of the run.
    """
    traded = sum(_values(ledger.trades))
    mean = sum(days) / len(days) if days else float(ledger.capital)
    times = traded / mean if mean > 0 else None
    return {
        "traded": format_money(Money(traded)),
        "times_equity": times,
        "times_equity_a_day": None if times is None or not days else times / len(days),
    }


def _values(trades: Sequence[FilledTrade]) -> list[int]:
    """Return what each fill paid or brought, without its fee, in micro-dollars.

    What closes counts at the price of the outcome held, what opens at that of the outcome
    bought: an ask beyond what is held buys NO.
    """
    held: dict[str, int] = defaultdict(int)
    values = []
    for trade in trades:
        fill, position = trade.fill, held[trade.fill.ticker]
        signed = fill.side.sign * fill.count
        closes = min(abs(position), int(fill.count)) if position * signed < 0 else 0
        buys = fill.price if signed > 0 else PRICE_ONE - fill.price
        values.append(closes * (PRICE_ONE - buys) + (fill.count - closes) * buys)
        held[fill.ticker] = position + signed
    return values


def fee_stress(ledger: Ledger, net: int) -> dict[str, Any]:
    """Return the result of the same trades had every fee been half as high again."""
    fees = sum(trade.fill.fee for trade in ledger.trades)
    stressed = ceil(fees * FEE_STRESS)
    result = net - (stressed - fees)
    return {
        "times_fees": float(FEE_STRESS),
        "stressed_fees": format_money(Money(-stressed)),
        "stressed_net": format_money(Money(result)),
        "stressed_return": result / ledger.capital,
    }
