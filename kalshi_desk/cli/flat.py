"""What every flat object for scripts is made of: dollars and contracts as strings."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from kalshi_desk.core.types import Count, Money, Price, format_count, format_money, format_price

Flat = dict[str, str | int | float | bool | None]
Facts = Mapping[str, str | int | float | bool | list[Flat] | None]
_SHORTEST_DECIMALS = 2


def dollars(money: Money | None) -> str | None:
    """Return money exactly, with as few decimals as it needs but at least two."""
    if money is None:
        return None
    whole, _, fraction = format_money(money).partition(".")
    return f"{whole}.{fraction.rstrip('0').ljust(_SHORTEST_DECIMALS, '0')}"


def price(value: Price | None) -> str | None:
    """Return a price in dollars, four decimals."""
    return None if value is None else format_price(value)


def count(value: Count | None) -> str | None:
    """Return a count in contracts, two decimals."""
    return None if value is None else format_count(value)


def moment(at_ns: int) -> str | None:
    """Return a time as RFC 3339 in UTC, None for none."""
    if not at_ns:
        return None
    return f"{datetime.fromtimestamp(at_ns // 1_000_000_000, UTC):%Y-%m-%dT%H:%M:%SZ}"
