"""Words and marks of the machine: modes, states of stops, limits in their units."""

from __future__ import annotations

from datetime import UTC, datetime

from kalshi_desk.core.strategy import Mode, ParameterValue
from kalshi_desk.desk.automation import StopKind
from kalshi_desk.desk.automation_frames import LimitUnit, StrategyRow
from kalshi_desk.tui import format as f
from kalshi_desk.tui.ink import Cell

MODE_MARK = {Mode.OFF: "·", Mode.SHADOW: "○", Mode.PAPER: "◇", Mode.TRADE: "●"}
MODE_INK = {Mode.OFF: "faint", Mode.SHADOW: "muted", Mode.PAPER: "caution", Mode.TRADE: "good"}
MODE_MEANING = {
    Mode.OFF: "does not look at the market",
    Mode.SHADOW: "decides and is scored, sends nothing",
    Mode.PAPER: "trades on a paper account beside this book",
    Mode.TRADE: "sends orders to this venue while AUTO is on",
}
STOP_WORDS = {
    StopKind.FIXED: "fixed loss",
    StopKind.TRAILING: "trailing",
    StopKind.TIME: "time",
    StopKind.VOLATILITY: "volatility",
}
_SHARE_ONE = 10_000


def mode_cell(row: StrategyRow) -> Cell:
    """Return a strategy's mode as mark and word; a strategy that failed says so."""
    if row.fault:
        return Cell("✗ fault", "risk", True)
    ink = MODE_INK[row.mode]
    if row.mode is Mode.TRADE and not row.running:
        ink = "muted"
    return Cell(f"{MODE_MARK[row.mode]} {row.mode.value}", ink, row.running)


def value_text(value: ParameterValue) -> str:
    """Return a parameter's value as it is typed."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:g}" if isinstance(value, float) else str(value)


def in_unit(value: int | None, unit: LimitUnit) -> str:
    """Return a number of a limit in its unit: dollars, a count, a share, a time."""
    if value is None:
        return f.NONE
    if unit is LimitUnit.MONEY:
        return f.money(value)
    if unit is LimitUnit.SHARE:
        return f"{value * 100 / _SHARE_ONE:.1f}%"
    if unit is LimitUnit.SECONDS:
        return f.span(value)
    return f"{value:,}"


def ratio(value: float | None, decimals: int = 2) -> str:
    """Return a ratio, or a dash while there is not enough to compute it."""
    if value is None:
        return f.NONE
    return f"{value:.{decimals}f}".replace("-", f.MINUS)


def share(value: float | None, decimals: int = 1) -> str:
    """Return a share of one in per cent, or a dash."""
    if value is None:
        return f.NONE
    return f"{value * 100:.{decimals}f}%".replace("-", f.MINUS)


def day(at_ns: int, *, time: bool = False) -> str:
    """Return a date in UTC: ``Nov 23``, or ``Nov 23 14:02``."""
    when = datetime.fromtimestamp(at_ns // f.SECOND_NS, tz=UTC)
    return f"{when:%b} {when.day} {when:%H:%M}" if time else f"{when:%b} {when.day}"


def ago(at_ns: int, now_ns: int) -> str:
    """Return how long ago something was: ``4s ago``, ``never``."""
    if not at_ns:
        return "never"
    seconds = (now_ns - at_ns) / f.SECOND_NS
    return "now" if seconds < 1 else f"{f.span(seconds)} ago"
