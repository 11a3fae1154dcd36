"""Rows about the desk itself as flat objects for scripts."""

from __future__ import annotations

from collections.abc import Callable

from kalshi_desk.cli.flat import Flat, moment
from kalshi_desk.desk.service_frames import AlertRow


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


FLAT: dict[type, Callable[..., Flat]] = {AlertRow: flat_alert}
