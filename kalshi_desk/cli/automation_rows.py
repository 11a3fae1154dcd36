"""Rows about the machine as flat objects for scripts."""

from __future__ import annotations

from collections.abc import Callable

from kalshi_desk.cli.rows import Flat, dollars, moment
from kalshi_desk.desk.automation_frames import StrategyRow, WhyRow


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


FLAT: dict[type, Callable[..., Flat]] = {
    StrategyRow: flat_strategy,
    WhyRow: flat_why,
}
