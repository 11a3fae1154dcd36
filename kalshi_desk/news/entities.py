"""What a text speaks of: concepts, places, figures with their units, months, parties to a deal."""

from __future__ import annotations

import re
from dataclasses import dataclass

from kalshi_desk.news.concepts import parents, phrases, states
from kalshi_desk.news.texts import is_number, stem, words

PLACE = "in:"
_DISTRICT = re.compile(r"^([A-Z]{2})-(?:\d{1,2}|AL)$")
_FIGURE = re.compile(r"^(-?\d[\d,]*(?:\.\d+)?)(bps|bp|k|m|bn|%|°)?$", re.IGNORECASE)
_UNITS = {
    **dict.fromkeys(("%", "percent", "pct", "percentag"), "%"),
    **dict.fromkeys(("bps", "bp", "basi"), "bps"),
    **dict.fromkeys(("°", "degre", "fahrenheit"), "°"),
    **dict.fromkeys(("k", "thousand"), "k"),
    **dict.fromkeys(("m", "million"), "m"),
    **dict.fromkeys(("bn", "billion", "trillion"), "bn"),
}
_MONTH_STEMS = """jan januari feb februari mar march apr april may may jun june jul juli aug august
sep septemb oct octob nov novemb dec decemb"""
MONTHS = {name: number // 2 + 1 for number, name in enumerate(_MONTH_STEMS.split())}
MONTHS["sept"] = 9


@dataclass(frozen=True, slots=True)
class Mention:
    """A concept named by the words from ``start`` up to ``end``."""

    concept: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Sense:
    """The words of one text and what they speak of; ``concepts`` hold what those are kinds of."""

    words: tuple[str, ...]
    stems: tuple[str, ...]
    mentions: tuple[Mention, ...]
    concepts: frozenset[str]
    places: frozenset[str]
    figures: frozenset[tuple[float, str]]
    months: frozenset[int]
    years: frozenset[int]


def sense(text: str) -> Sense:
    """Read a cleaned text."""
    raw = tuple(words(text))
    found = tuple(stem(word) for word in raw)
    mentions = _mentions(raw, found)
    above = parents()
    every = {mention.concept for mention in mentions}
    if "°" in raw:
        every.add("temperature")
    every |= {parent for concept in every for parent in above.get(concept, ())}
    figures, months, years = _numbers(raw, found)
    return Sense(
        words=raw,
        stems=found,
        mentions=mentions,
        concepts=frozenset(one for one in every if not one.startswith(PLACE)),
        places=frozenset(one for one in every if one.startswith(PLACE)),
        figures=figures,
        months=months,
        years=years,
    )


def _mentions(raw: tuple[str, ...], found: tuple[str, ...]) -> tuple[Mention, ...]:
    """Find phrases, the longest at each place, and states by the codes of their districts."""
    table, codes = phrases(), states()
    made: list[Mention] = []
    place = 0
    while place < len(found):
        district = _DISTRICT.match(raw[place])
        if district is not None and district[1] in codes:
            made.append(Mention("house", place, place + 1))
            made.append(Mention(codes[district[1]], place, place + 1))
        length = 1
        if raw[place].replace(".", "") == "US":
            made.append(Mention("in:usa", place, place + 1))
        for key, concept in table.get(found[place], ()):
            if found[place : place + len(key)] == key and not _is_pronoun(raw[place], key):
                made.append(Mention(concept, place, place + len(key)))
                length = len(key)
                break
        place += length
    return tuple(made)


def _is_pronoun(word: str, key: tuple[str, ...]) -> bool:
    return key == ("us",) and word.replace(".", "") != "US"


def _numbers(
    raw: tuple[str, ...], found: tuple[str, ...]
) -> tuple[frozenset[tuple[float, str]], frozenset[int], frozenset[int]]:
    figures: set[tuple[float, str]] = set()
    months: set[int] = set()
    years: set[int] = set()
    for place, word in enumerate(raw):
        month = MONTHS.get(found[place])
        # "may" is a verb far more often than a month; only the capital tells.
        if month is not None and (word != "may" and word != "march"):
            months.add(month)
        match = _FIGURE.match(word)
        if match is None or len(word) > 15:
            continue
        value = float(match[1].replace(",", ""))
        following = found[place + 1] if place + 1 < len(found) else ""
        unit = _UNITS.get((match[2] or following).lower(), "")
        before = raw[place - 1] if place else ""
        unit = unit or ("$" if before == "$" else "")
        if not unit and is_number(word) and "," not in word and 1990 <= value <= 2100:
            years.add(int(value))
        else:
            figures.add((value, unit))
    return frozenset(figures), frozenset(months), frozenset(years)
