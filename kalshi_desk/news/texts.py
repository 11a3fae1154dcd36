"""Words of headlines and markets: cut to size, folded, split and stemmed the same way."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import msgspec

MAX_TITLE = 400
MAX_SUMMARY = 800
MAX_RULES = 400
"""Characters that are read of each; a headline of 100 kB is an attack, not news."""
MAX_WORD = 40
_WORD = re.compile(
    r"-?\d{1,3}(?:,\d{3})+(?:\.\d+)?|[^\W_]+(?:[.'’&-][^\W_]+)*\+?|[%$°,;:|<>]|[-–—](?=\s)"
)
_NUMBER = re.compile(r"^\d[\d.,]*$")
_KEPT_STOPS = frozenset({"us", "will", "against", "above", "below", "down", "up", "no", "not"})
"""Stop words of the list that mean something here: a country, a name, a direction."""


class MarketText(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What a market says of itself; ``subtitle`` names its outcome or bracket.

    ``close_ns`` is when it closes in nanoseconds since the epoch, 0 when nobody says.
    """

    ticker: str
    event_ticker: str = ""
    series_ticker: str = ""
    category: str = ""
    title: str = ""
    subtitle: str = ""
    rules: str = ""
    close_ns: int = 0


def clean(text: str, most: int) -> str:
    """Return the text folded to plain letters and cut to at most so many characters.

    Accents go (``Brasília`` is ``Brasilia``), signs of compatibility become what they stand
    for, control and direction marks become spaces.
    """
    head = text[:most]
    if head.isascii() and head.isprintable():
        return head
    folded = unicodedata.normalize("NFKD", text[: most * 2])
    kept = "".join(
        " " if unicodedata.category(one)[0] == "C" else one
        for one in folded
        if not unicodedata.combining(one)
    )
    return kept[:most]


def words(text: str) -> list[str]:
    """Return the words, unit signs and stops of a cleaned text in order, as they are written."""
    return [word[:MAX_WORD] for word in _WORD.findall(text.replace("’", "'"))]


def is_number(word: str) -> bool:
    """Whether a word is a figure."""
    return _NUMBER.match(word) is not None


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """Return the stem of a word by Snowball's rules for English, in small letters."""
    bare = word.lower().strip("'’.").removesuffix("'s").replace(".", "")
    return str(_stemmer().stemWord(bare)) if bare.isascii() and bare.isalpha() else bare


def stemmed(text: str) -> frozenset[str]:
    """Return the stems of words that stand side by side."""
    return frozenset(stem(word) for word in text.split())


def stems(text: str) -> list[str]:
    """Return the stems of a cleaned text in order, stop words left in."""
    return [stem(word) for word in words(text)]


def content(found: Sequence[str]) -> list[str]:
    """Return the stems that carry meaning: neither stop words nor single signs."""
    stops = stop_stems()
    return [one for one in found if one not in stops and len(one) > 1]


@lru_cache(maxsize=1)
def stop_stems() -> frozenset[str]:
    """Return scikit-learn's stop words as stems, less those that mean something here."""
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    return frozenset(stem(word) for word in ENGLISH_STOP_WORDS - _KEPT_STOPS) | {"s", "t"}


@lru_cache(maxsize=1)
def _stemmer() -> Any:
    import snowballstemmer

    return snowballstemmer.stemmer("english")
