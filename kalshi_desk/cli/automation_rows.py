"""Rows about the machine as flat objects for scripts."""

from __future__ import annotations

from collections.abc import Callable

from kalshi_desk.cli.flat import Flat, count, dollars, moment, price
from kalshi_desk.core.types import Money
from kalshi_desk.desk.automation_frames import (
    ExposureRow,
    LimitRow,
    LimitUnit,
    StopRow,
    StrategyRow,
    WhyRow,
)

_SHARE = 10_000


def flat_strategy(row: StrategyRow) -> Flat:
    """Return a strategy; each parameter is a field ``set_NAME``."""
    return {
        "name": row.name,
        "title": row.title,
        "mode": row.mode.value,
        "running": row.running,
        "fault": row.fault,
        "looked_time": moment(row.looked_ns),
        "took_ms": round(row.took_ms, 1),
        "scanned": row.scanned,
        "signals": row.signals,
        "cycles": row.cycles,
        "open_orders": row.open_orders,
        "baskets": row.baskets,
        "trades": row.trades,
        "pnl": dollars(row.pnl),
        "paper_trades": row.paper_trades,
        "paper_pnl": dollars(row.paper_pnl),
        "proof": row.proof,
        **{f"set_{name}": value for name, value in row.values.items()},
    }


def flat_why(row: WhyRow) -> Flat:
    """Return why a candidate was left alone."""
    return {
        "candidate": row.candidate,
        "title": row.title,
        "code": row.code,
        "seen": row.seen,
        "needed": row.needed,
        "text": row.text,
        "times": row.times,
        "time": moment(row.at_ns),
    }


def flat_stop(row: StopRow) -> Flat:
    """Return a stop; prices are of the held side, ``until`` is null but for a time stop."""
    return {
        "stop_id": row.stop_id,
        "ticker": row.ticker,
        "title": row.title,
        "kind": row.kind.value,
        "state": row.state,
        "amount": row.amount,
        "count": count(row.count),
        "filled": count(row.filled),
        "level": price(row.level),
        "now_price": price(row.now_price),
        "until": moment(row.until_ns),
        "expected_cost": dollars(row.expected_cost),
        "worst_exit": dollars(row.worst_exit),
        "text": row.text,
        "updated_time": moment(row.updated_ns),
    }


def flat_limit(row: LimitRow) -> Flat:
    """Return a limit: dollars as text, shares from 0 to 1, null where nothing can be used.

    ``value`` is the setting as it is typed: per cent, minutes or cents, as its name says.
    """

    def shown(value: int | None) -> str | int | float | None:
        if value is None:
            return None
        if row.unit is LimitUnit.MONEY:
            return dollars(Money(value))
        return value / _SHARE if row.unit is LimitUnit.SHARE else value

    return {
        "name": row.name,
        "title": row.title,
        "unit": row.unit.value,
        "used": shown(row.used),
        "allowed": shown(row.allowed),
        "is_breached": row.is_breached,
        "setting": row.setting,
        "value": row.value,
        "help": row.help,
    }


def flat_exposure(row: ExposureRow) -> Flat:
    """Return the worst case of an event, theme, category, day or strategy."""
    return {
        "scope": row.scope,
        "name": row.name,
        "title": row.title,
        "worst_case": dollars(row.worst),
        "value": dollars(row.value),
        "allowed": dollars(row.allowed),
        "positions": row.positions,
    }


FLAT: dict[type, Callable[..., Flat]] = {
    StrategyRow: flat_strategy,
    WhyRow: flat_why,
    StopRow: flat_stop,
    LimitRow: flat_limit,
    ExposureRow: flat_exposure,
}
