"""Numbers as reasons show them."""

from __future__ import annotations

from kalshi_desk.core.types import Count, Money, Price


def contracts(count: Count) -> str:
    """Return a count of contracts as a person reads it."""
    text = f"{count / 100:,.2f}"
    return text.rstrip("0").rstrip(".")


def dollars(money: Money) -> str:
    """Return money as a person reads it, to the cent."""
    sign = "-" if money < 0 else ""
    cents = (abs(money) + 5_000) // 10_000
    return f"{sign}${cents // 100:,}.{cents % 100:02d}"


def cents(price: Price) -> str:
    """Return a price in cents, with decimals only where it has them."""
    whole, part = divmod(price, 100)
    return f"{whole}¢" if not part else f"{whole}.{f'{part:02d}'.rstrip('0')}¢"
