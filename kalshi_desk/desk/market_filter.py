"""A filter of markets as a person writes it: ``fed closes<7d spread<3 price>20 starred``.

Saved presets are such texts, so that they can be read and written in the settings file too.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Any

from kalshi_desk.core.types import CENT, COUNT_SCALE, PRICE_ONE, Price
from kalshi_desk.desk.service import MarketFilter

USAGE = (
    "closes<24h, volume>1000, spread<3, price>20, price<80, mine, starred, exclusive, closed, "
    "combos; other words are searched for"
)
MAX_TEXT = 200
_UNITS = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
_SPAN = re.compile(r"(\d+)([wdhms])")
_MOST_SECONDS = 10 * 366 * 86_400
_FLAGS = {
    "mine": ("only_mine", True),
    "starred": ("only_starred", True),
    "exclusive": ("only_exclusive", True),
    "closed": ("only_active", False),
    "combos": ("with_combos", True),
}
_TERM = re.compile(r"(closes|volume|spread|price)([<>])(.*)")


def parse_filter(text: str) -> MarketFilter:
    """Return the filter of a text.  Raises ``ValueError`` naming what is wrong with it."""
    found: dict[str, Any] = {}
    words = []
    for word in text[:MAX_TEXT].split():
        folded = word.casefold()
        term = _TERM.fullmatch(folded)
        if folded in _FLAGS:
            name, value = _FLAGS[folded]
            found[name] = value
        elif term is not None:
            found.update([_term(*term.groups())])
        else:
            words.append(word)
    low, high = found.get("price_low"), found.get("price_high")
    if low is not None and high is not None and low > high:
        raise ValueError("No price is above the upper and below the lower bound.")
    return MarketFilter(text=" ".join(words), **found)


def _term(name: str, sign: str, value: str) -> tuple[str, int]:
    if name == "closes" and sign == "<":
        return "closes_within_s", parse_span(value)
    if name == "volume" and sign == ">":
        return "min_volume", int(parse_number(value) * COUNT_SCALE)
    if name == "spread" and sign == "<":
        return "max_spread", parse_cents(value)
    if name == "price":
        return "price_low" if sign == ">" else "price_high", parse_cents(value)
    raise ValueError(f"Write {name}{'<' if sign == '>' else '>'}{value}, not {name}{sign}{value}.")


def parse_span(text: str) -> int:
    """Return seconds of ``30m``, ``24h``, ``7d`` or ``2w``.  Raises ``ValueError``."""
    parts = _SPAN.fullmatch(text.strip().casefold())
    seconds = int(parts[1]) * _UNITS[parts[2]] if parts else 0
    if not 0 < seconds <= _MOST_SECONDS:
        raise ValueError(f"{text!r} is no length of time; write 30m, 24h, 7d or 2w.")
    return seconds


def parse_cents(text: str) -> Price:
    """Return a price or spread of cents (``3``, ``2.5``, ``3¢``).  Raises ``ValueError``."""
    price = parse_number(text.strip().removesuffix("¢")) * CENT
    if price != int(price) or not 0 <= price <= PRICE_ONE:
        raise ValueError(f"{text!r} is no price; write cents from 0 to 100.")
    return Price(int(price))


def parse_number(text: str) -> Decimal:
    """Return a number that is not negative (``1000``, ``1,000``, ``5k``).

    Raises ``ValueError``.
    """
    body = text.strip().casefold().replace(",", "")
    scale = 1_000 if body.endswith("k") else 1_000_000 if body.endswith("m") else 1
    try:
        number = Decimal(body.rstrip("km") if scale > 1 else body) * scale
    except InvalidOperation:
        number = Decimal(-1)
    if not number.is_finite() or not 0 <= number < 10**12:
        raise ValueError(f"{text!r} is no number; write 1000 or 5k.")
    return number


def filter_text(wanted: MarketFilter) -> str:
    """Return the text of a filter, the place apart; ``parse_filter`` reads it back."""
    return " ".join((wanted.text, *terms_of(wanted))).strip()


def terms_of(wanted: MarketFilter) -> list[str]:
    """Return the terms of a filter, without the words searched for."""
    terms = []
    if wanted.closes_within_s is not None:
        terms.append(f"closes<{span_text(wanted.closes_within_s)}")
    if wanted.min_volume is not None:
        terms.append(f"volume>{number_text(wanted.min_volume, COUNT_SCALE)}")
    if wanted.max_spread is not None:
        terms.append(f"spread<{number_text(wanted.max_spread, CENT)}")
    if wanted.price_low is not None:
        terms.append(f"price>{number_text(wanted.price_low, CENT)}")
    if wanted.price_high is not None:
        terms.append(f"price<{number_text(wanted.price_high, CENT)}")
    terms += [word for word, (name, on) in _FLAGS.items() if getattr(wanted, name) is on]
    return terms


def span_text(seconds: int) -> str:
    """Return seconds in the largest unit that says them whole, weeks apart."""
    for unit, scale in _UNITS.items():
        if unit != "w" and seconds % scale == 0:
            return f"{seconds // scale}{unit}"
    raise AssertionError("every number of seconds is whole in seconds")


def number_text(value: int, scale: int) -> str:
    """Return ``value / scale`` without trailing zeros."""
    whole, rest = divmod(value, scale)
    digits = f"{rest:0{len(str(scale)) - 1}d}".rstrip("0") if rest else ""
    return f"{whole}.{digits}" if digits else str(whole)
