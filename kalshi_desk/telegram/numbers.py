"""Numbers in messages, written as they are typed: a point before the decimals in every language.

A price that reads ``45,5`` and must be typed ``45.5`` would be a trap.
"""

from __future__ import annotations

from datetime import UTC, datetime

from kalshi_desk.core.types import COUNT_SCALE, Outcome
from kalshi_desk.desk.automation_frames import LimitUnit

NONE = "—"
MINUS = "−"
SECOND_NS = 1_000_000_000
_MICRO_PER_CENT = 10_000


def cents(price: int | None) -> str:
    """Return a price of 1/10,000 dollar in cents, ``45.5¢``."""
    if price is None:
        return NONE
    whole, rest = divmod(abs(price), 100)
    decimals = f".{rest:02d}".rstrip("0") if rest else ""
    return f"{MINUS if price < 0 else ''}{whole}{decimals}¢"


def typed_cents(price: int) -> str:
    """Return a price as a person types it, ``45.5``."""
    return cents(price).removesuffix("¢")


def money(value: int | None) -> str:
    """Return micro-dollars to the cent, ``−$1,234.50``."""
    if value is None:
        return NONE
    in_cents = (abs(value) + _MICRO_PER_CENT // 2) // _MICRO_PER_CENT
    sign = MINUS if value < 0 and in_cents else ""
    return f"{sign}${in_cents // 100:,}.{in_cents % 100:02d}"


def signed(value: int | None) -> str:
    """Return micro-dollars with their sign, ``+$4.56``."""
    text = money(value)
    return text if value is None or text[0] == MINUS or text == "$0.00" else f"+{text}"


def count(value: int) -> str:
    """Return contracts, ``1,204`` or ``0.5``."""
    whole, rest = divmod(abs(value), COUNT_SCALE)
    decimals = f".{rest:02d}".rstrip("0") if rest else ""
    return f"{MINUS if value < 0 else ''}{whole:,}{decimals}"


def typed_count(value: int) -> str:
    """Return contracts as a person types them, ``1204`` or ``0.5``."""
    return count(value).replace(",", "")


def side_of(position: int) -> str:
    """Return YES for a positive position, NO for a negative one."""
    return (Outcome.YES if position > 0 else Outcome.NO).value.upper()


def percent(probability: int | None) -> str:
    """Return a probability of 1/10,000 in per cent, ``49.4%``."""
    return NONE if probability is None else f"{probability / 100:.1f}%"


def share(value: float | None) -> str:
    """Return a share of one in per cent."""
    return NONE if value is None else f"{value * 100:.1f}%".replace("-", MINUS)


def ratio(value: float | None) -> str:
    """Return a ratio to two decimals."""
    return NONE if value is None else f"{value:.2f}".replace("-", MINUS)


def in_unit(value: int | None, unit: LimitUnit) -> str:
    """Return a number of a limit in its unit."""
    if value is None:
        return NONE
    if unit is LimitUnit.MONEY:
        return money(value)
    if unit is LimitUnit.SHARE:
        return f"{value / 100:.1f}%"
    return span(value) if unit is LimitUnit.SECONDS else f"{value:,}"


def span(seconds: float) -> str:
    """Return a length of time in its two largest units, ``3d 2h``; the units are universal."""
    left = max(int(seconds), 0)
    days, left = divmod(left, 86_400)
    hours, left = divmod(left, 3_600)
    minutes, left = divmod(left, 60)
    if days:
        return f"{days}d {hours}h" if hours else f"{days}d"
    if hours:
        return f"{hours}h {minutes}m"
    return f"{minutes}m {left}s" if minutes else f"{left}s"


def clock(at_ns: int) -> str:
    """Return a time of day, UTC."""
    return f"{datetime.fromtimestamp(at_ns // SECOND_NS, tz=UTC):%H:%M:%S} UTC"


def day(at_ns: int) -> str:
    """Return a date and time, UTC: ``2026-11-23 14:02``; a dash for never."""
    if not at_ns:
        return NONE
    return f"{datetime.fromtimestamp(at_ns // SECOND_NS, tz=UTC):%Y-%m-%d %H:%M}"
