"""Eastern time without a time-zone database, and the date forms that tickers carry."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache

SECOND_NS = 1_000_000_000
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")


def _nth_sunday(year: int, month: int, nth: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(6 - first.weekday()) % 7 + 7 * (nth - 1))


def _is_summer(moment: datetime) -> bool:
    """Return whether daylight saving holds at a UTC moment in the eastern United States."""
    start = datetime.combine(_nth_sunday(moment.year, 3, 2), datetime.min.time(), UTC)
    end = datetime.combine(_nth_sunday(moment.year, 11, 1), datetime.min.time(), UTC)
    return start + timedelta(hours=7) <= moment < end + timedelta(hours=6)


def utc_of(ns: int) -> datetime:
    """Return the UTC time of nanoseconds since the epoch."""
    return datetime.fromtimestamp(ns // SECOND_NS, UTC)


def eastern_of(ns: int) -> datetime:
    """Return the eastern time of nanoseconds since the epoch."""
    moment = utc_of(ns)
    return moment.astimezone(timezone(timedelta(hours=-4 if _is_summer(moment) else -5)))


def ns_of(moment: datetime) -> int:
    """Return nanoseconds since the epoch of an aware time of whole seconds."""
    return int(moment.timestamp()) * SECOND_NS


def next_eastern(now_ns: int, hour: int, minute: int, days: int = 0) -> int:
    """Return the next time the eastern clock shows this time, plus whole days."""
    local = eastern_of(now_ns)
    when = local.replace(hour=hour, minute=minute, second=0)
    if when <= local:
        when += timedelta(days=1)
    naive = (when + timedelta(days=days)).replace(tzinfo=None)
    # That day may lie beyond a change of the clock: take its own offset, not today's.
    winter = naive.replace(tzinfo=timezone(timedelta(hours=-5)))
    summer = naive.replace(tzinfo=timezone(timedelta(hours=-4)))
    return ns_of(summer if _is_summer(summer.astimezone(UTC)) else winter)


def day_code(ns: int) -> str:
    """Return the ticker form of an eastern day, such as ``26NOV23``."""
    local = eastern_of(ns)
    return f"{local.year % 100:02d}{_MONTHS[local.month - 1]}{local.day:02d}"


def month_code(ns: int) -> str:
    """Return the ticker form of an eastern month, such as ``26DEC``."""
    local = eastern_of(ns)
    return f"{local.year % 100:02d}{_MONTHS[local.month - 1]}"


def clock_code(ns: int) -> str:
    """Return the eastern hour and minute as four digits."""
    return eastern_of(ns).strftime("%H%M")


def day_text(ns: int) -> str:
    """Return an eastern day as people write it, such as ``Nov 23, 2026``."""
    local = eastern_of(ns)
    return f"{_MONTHS[local.month - 1].title()} {local.day}, {local.year}"


def time_text(ns: int) -> str:
    """Return an eastern time of day such as ``5:15 PM EST``."""
    local = eastern_of(ns)
    zone = "EDT" if local.utcoffset() == timedelta(hours=-4) else "EST"
    return f"{local.hour % 12 or 12}:{local.minute:02d} {'PM' if local.hour >= 12 else 'AM'} {zone}"


@lru_cache(maxsize=8_192)
def _second_text(second: int) -> str:
    """Return a UTC second as text; listings repeat the same few thousand of them."""
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def rfc3339(ns: int) -> str:
    """Return nanoseconds as UTC text with microseconds, without trailing zeros."""
    micros = ns % SECOND_NS // 1_000
    text = _second_text(ns // SECOND_NS)
    return f"{text}.{micros:06d}".rstrip("0").rstrip(".") + "Z" if micros else text + "Z"
