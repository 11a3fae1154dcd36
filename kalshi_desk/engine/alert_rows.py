"""The rows of the topic ``alerts``: every rule, where it stands, and what it saw last."""

from __future__ import annotations

from kalshi_desk.alerts.watch import Watch
from kalshi_desk.desk.frames import Row
from kalshi_desk.desk.service_frames import AlertRow
from kalshi_desk.engine.state import CoreState

ARMED, RAISED, UNREADABLE = "armed", "raised", "can't be read"


def alert_rows(state: CoreState, _rest: str = "") -> dict[str, Row]:
    """Return all rules, those that can't be read among them."""
    found: dict[str, Row] = {name: _row(watch) for name, watch in state.alerts.items()}
    for name, (text, problem) in state.alert_problems.items():
        found[name] = AlertRow(
            alert_id=name,
            rule=text,
            kind="",
            ticker="",
            state=UNREADABLE,
            seen="",
            raised_ns=0,
            times=0,
            source="settings",
            problem=problem,
        )
    return found


def _row(watch: Watch) -> AlertRow:
    return AlertRow(
        alert_id=watch.name,
        rule=str(watch.rule),
        kind=watch.rule.kind.value,
        ticker=watch.rule.ticker,
        state=RAISED if watch.is_raised else ARMED,
        seen=watch.seen,
        raised_ns=watch.raised_ns,
        times=watch.times,
        source="settings" if watch.is_from_settings else "desk",
    )
