"""Milestones of the account: a new highest equity, and steps of the day's profit or loss.

Deposits are no performance: equity is taken less what came from outside.  A milestone is told
once, also over a restart: what was told is kept with its notice.
"""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from kalshi_desk.core.types import Money

STEP = 0.01
"""A day's P&L is told at each per cent of the equity with which the day began."""
HIGH_STEP = 0.01
"""A new highest equity is told when it is one per cent above the last one told of."""
_SECOND_NS = 1_000_000_000


class High(msgspec.Struct, frozen=True):
    """The account stands higher than ever told: from where, and where."""

    before: Money
    equity: Money


class DayStep(msgspec.Struct, frozen=True):
    """The day's P&L has passed a whole number of steps, ``steps`` signed."""

    steps: int
    day_pnl: Money


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What was told already: the highest equity, the day, and the furthest steps of that day.

    ``opening`` is the equity with which that day began.
    """

    high: Money | None = None
    day: str = ""
    opening: Money | None = None
    up: int = 0
    down: int = 0


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How the account stands.

    ``outside`` is the money that came from outside, ``drawdown`` the share below the highest.
    """

    at_ns: int
    equity: Money | None
    day_pnl: Money | None
    outside: Money
    drawdown: float | None


def judge(told: Told, now: Standing) -> tuple[Told, list[High | DayStep]]:
    """Return what is told from now on, and the milestones that have just been passed."""
    if now.equity is None:
        return told, []
    found: list[High | DayStep] = []
    own = Money(now.equity - now.outside)
    high = told.high
    if high is None:
        fallen = now.drawdown if now.drawdown is not None and now.drawdown < 1 else 0.0
        high = Money(round(own / (1 - fallen)))
    if own > high and own >= high + abs(high) * HIGH_STEP:
        found.append(High(high, own))
        high = own
    day, opening, up, down = told.day, told.opening, told.up, told.down
    if now.day_pnl is not None:
        # The desk opens its day a moment after midnight: only both together are a new day.
        began = Money(now.equity - now.day_pnl)
        today = exchange_day(now.at_ns)
        if began != opening and today != day:
            day, up, down = today, 0, 0
        opening = began
        steps = int(now.day_pnl / (began * STEP)) if began > 0 else 0
        if steps > up:
            up = steps
            found.append(DayStep(steps, now.day_pnl))
        elif steps < -down:
            down = -steps
            found.append(DayStep(steps, now.day_pnl))
    return Told(high=high, day=day, opening=opening, up=up, down=down), found


def exchange_day(at_ns: int) -> str:
    """Return the date in the exchange's zone, in UTC where that zone is not known."""
    try:
        zone: ZoneInfo | None = ZoneInfo("America/New_York")
    except ZoneInfoNotFoundError:
        zone = None
    return datetime.fromtimestamp(at_ns // _SECOND_NS, tz=zone or UTC).date().isoformat()
