"""Rows about the desk itself as flat objects for scripts."""

from __future__ import annotations

from collections.abc import Callable

from kalshi_desk.cli.flat import Flat, moment
from kalshi_desk.desk.service_frames import AlertRow, CorrelationRow, PairRow


def flat_alert(row: AlertRow) -> Flat:
    """Return an alert rule and where it stands."""
    return {
        "alert": row.alert_id,
        "rule": row.rule,
        "kind": row.kind,
        "ticker": row.ticker,
        "state": row.state,
        "seen": row.seen,
        "raised_time": moment(row.raised_ns),
        "times": row.times,
        "source": row.source,
        "problem": row.problem,
    }


def flat_pair(row: PairRow) -> Flat:
    """Return a tested pair; what is not known is null."""
    return {
        "first": row.first,
        "second": row.second,
        "hours": row.hours,
        "beta": round(row.beta, 4),
        "p_value": round(row.p_value, 6),
        "is_found": row.is_found,
        "half_life_h": None if row.half_life_h is None else round(row.half_life_h, 2),
        "z": None if row.z is None else round(row.z, 3),
        "why_not": row.why_not,
    }


def flat_correlation(row: CorrelationRow) -> Flat:
    """Return the correlation of two markets with its interval."""
    return {
        "first": row.first,
        "second": row.second,
        "hours": row.hours,
        "estimate": round(row.estimate, 4),
        "shrunk": round(row.shrunk, 4),
        "low": round(row.low, 4),
        "high": round(row.high, 4),
        "p_value": round(row.p_value, 6),
        "is_found": row.is_found,
    }


FLAT: dict[type, Callable[..., Flat]] = {
    AlertRow: flat_alert,
    PairRow: flat_pair,
    CorrelationRow: flat_correlation,
}
