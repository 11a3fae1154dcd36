"""Which markets of an event ask about one quantity over one window, read from their words.

Strikes of one event may speak about several players or periods; only markets whose rules
differ in nothing but the strike are compared.  Whatever is in doubt stays apart.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal

from kalshi_desk.core.records import Market

_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
_WORD = re.compile(r"[^\W\d_]+")
_STRIKE_CODE = re.compile(r"(?:^|-)[TB]?-?\d+(?:\.\d+)?$")
_COMPARING = frozenset(
    (
        *("above", "below", "between", "over", "under", "higher", "lower", "from", "to", "or"),
        *("less", "greater", "more", "fewer", "than", "at", "least", "most", "exactly", "equal"),
        "and",
    )
)
_SCALES = tuple(Decimal(10) ** power for power in (3, 6, 9, 12))
_NEAR = Decimal(1)
"""How far a strike may stand from its words: "85 or above" is said of more than 84."""


def subject_code(market: Market) -> str:
    """Return what a ticker says beside event and strike, such as a player; often nothing."""
    code = market.ticker.removeprefix(market.event_ticker).lstrip("-")
    return _STRIKE_CODE.sub("", code)


def by_subject(markets: Sequence[Market]) -> list[list[Market]]:
    """Return the markets in sets of one subject and one window, in the order given.

    Same words beside the strike, same numbers that are not the strike, same ticker but for
    the strike's code, and the same close and expiry.
    """
    alike: dict[tuple[object, ...], list[Market]] = defaultdict(list)
    for market in markets:
        text = market.rules or market.title
        words = tuple(word for word in _WORD.findall(text.lower()) if word not in _COMPARING)
        window = market.close_ns, market.expiration_ns
        alike[words, subject_code(market), window].append(market)
    found = []
    for same_words in alike.values():
        found += _by_numbers(same_words)
    return found


def _by_numbers(markets: list[Market]) -> list[list[Market]]:
    """Split markets of the same words by the numbers that are a strike's in none of them."""
    numbers = {market.ticker: _numbers(market.rules or market.title) for market in markets}
    foreign = {
        number
        for market in markets
        for number in numbers[market.ticker]
        if not _is_strike(number, market)
    }
    split: dict[frozenset[Decimal], list[Market]] = defaultdict(list)
    for market in markets:
        split[frozenset(numbers[market.ticker] & foreign)].append(market)
    return list(split.values())


def _numbers(text: str) -> set[Decimal]:
    return {Decimal(word.replace(",", "")) for word in _NUMBER.findall(text)}


def _is_strike(number: Decimal, market: Market) -> bool:
    """Return whether a number of the rules may be the market's strike in other words."""
    strikes = [abs(s) for s in (market.floor_strike, market.cap_strike) if s is not None]
    return any(
        abs(number - strike) <= _NEAR or any(number * scale == strike for scale in _SCALES)
        for strike in strikes
    )
