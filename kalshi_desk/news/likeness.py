"""How alike two stories are told, and whether they can be the same one.

Alike is the Jaccard index of the sets of five letters in a row (Broder 1997, "On the
resemblance and containment of documents").  Templates are alike too: a story about another
place, with another figure or the other way round is another story however alike its words.
"""

from __future__ import annotations

import re
import zlib
from difflib import SequenceMatcher

import msgspec

SHINGLE = 5
_WORD = re.compile(r"[<>≤≥]?\$?[^\W_]+(?:[.,'’:/-]?[^\W_]+)*%?")
_PRESS = re.compile(r"\s+[-–—|]\s+([^-–—|]{2,40})$")
_MOST_PRESS_WORDS = 4
_MARKER = re.compile(
    r"^\W*(?:breaking(?: news)?|exclusive|update|wrapup|watch|video|live|just in|opinion|analysis|"
    r"correct(?:ed|ion|s)|retract(?:ed|ion)|refile|withdrawn|clarification)"
    r"\s*\d*\s*(?:[-:–—|.]+|\)|\])\s*",
    re.IGNORECASE,
)
_NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven")
_FIGURES = {word: str(number) for number, word in enumerate((*_NUMBERS, "dozen"), start=1)}
_SAME = {
    "u.s": "us",
    "u.s.a": "us",
    "usa": "us",
    "u.k": "uk",
    "u.n": "un",
    "e.u": "eu",
    "beijing": "china",
    "moscow": "russia",
    "kyiv": "ukraine",
    "tehran": "iran",
}
"""Spellings and seats of governments that newsrooms put for one another."""


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_UP = _set(
    "above add advance agree approve back beat best climb confirm ease favour favor for gain "
    "grow high higher hike improve increase jump lift more open pass praise raise rally rise "
    "soar strong strengthen support surge top up win yes"
)
_DOWN = _set(
    "against below block close cancel cut decline decrease delay deny drag drop fade fail fall "
    "fewer hit less lose low lower miss no oppose plunge reject reduce reverse shrink sink slide "
    "slip slump snub stall tumble under veto weak weaken worse worst"
)
_NOT = _set("not no never deny denie reject without fail won't isn't don't didn't")
_ALIKE_WORD = 0.75
_TITLE_CASE = 0.7
_TRIMMED = ("ing", "ied", "ies", "ed", "es", "s", "e", "y")


class Telling(msgspec.Struct, frozen=True, kw_only=True):
    """How one item tells its story.

    ``words`` are those of the title as compared, ``names`` the places of those that a capital
    makes a name, ``press`` who is named behind the title.  The shingles are hashes.
    """

    words: tuple[str, ...]
    names: frozenset[int]
    press: str
    title: frozenset[int]
    whole: frozenset[int]


def telling_of(title: str, summary: str = "") -> Telling:
    """Return how a title and a summary tell their story."""
    bare, press = without_press(title)
    bare = _MARKER.sub("", bare)
    raw = [match[0] for match in _WORD.finditer(bare)]
    words = tuple(_plain(word) for word in raw)
    long = [word for word in raw[1:] if len(word) > 3 and not word[0].isdigit()]
    capitals = sum(word[0].isupper() for word in long)
    is_title_case = bool(long) and capitals >= _TITLE_CASE * len(long)
    names = () if is_title_case else (n for n, word in enumerate(raw) if word[0].isupper())
    title_set = shingles(words)
    more = tuple(_plain(match[0]) for match in _WORD.finditer(summary))
    return Telling(
        words=words,
        names=frozenset(names),
        press=press,
        title=title_set,
        whole=title_set | shingles(more) if more else title_set,
    )


def without_press(title: str) -> tuple[str, str]:
    """Return a title without the press that an aggregator put behind it, and the press."""
    found = _PRESS.search(title)
    if found is None or len(found[1].split()) > _MOST_PRESS_WORDS:
        return title, ""
    rest = title[: found.start()]
    return (rest, found[1].strip().lower()) if len(rest.split()) > 2 else (title, "")


def shingles(words: tuple[str, ...]) -> frozenset[int]:
    """Return the hashes of every five letters in a row, blanks between words included."""
    text = f" {' '.join(words)} ".encode()
    last = max(len(text) - SHINGLE + 1, 1)
    return frozenset(zlib.crc32(text[at : at + SHINGLE]) for at in range(last)) if words else _NONE


_NONE: frozenset[int] = frozenset()


def jaccard(first: frozenset[int], second: frozenset[int]) -> float:
    """Return the share of all shingles that both have, 0 when there are none."""
    both = len(first & second)
    total = len(first) + len(second) - both
    return both / total if total else 0.0


def contradicts(first: Telling, second: Telling) -> bool:
    """Whether two titles differ just where a template differs from story to story."""
    words = (first.words, second.words)
    if _negations(first.words) != _negations(second.words):
        return True
    mine, other = _figures(first.words), _figures(second.words)
    if mine - other and other - mine:
        return True
    for what, i, j, k, m in SequenceMatcher(None, *words, autojunk=False).get_opcodes():
        if what != "replace":
            continue
        here, there = words[0][i:j], words[1][k:m]
        if _way(here) * _way(there) < 0:
            return True
        are_names = any(n in first.names for n in range(i, j)) and any(
            n in second.names for n in range(k, m)
        )
        if are_names and not _alike(here, there):
            return True
    return False


def _plain(word: str) -> str:
    word = word.lower().replace("’", "'").removesuffix("'s")
    return _SAME.get(word, _FIGURES.get(word, word))


def _figures(words: tuple[str, ...]) -> set[str]:
    return {word for word in words if any(char.isdigit() for char in word)}


def _negations(words: tuple[str, ...]) -> bool:
    return any(word in _NOT or _stem(word) in _NOT for word in words)


def _way(words: tuple[str, ...]) -> int:
    """Return +1 when the words point up, -1 when down, 0 when neither or both."""
    ups = sum(word in _UP or _stem(word) in _UP for word in words)
    downs = sum(word in _DOWN or _stem(word) in _DOWN for word in words)
    return (ups > 0) - (downs > 0)


def _stem(word: str) -> str:
    for ending in _TRIMMED:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            stem = word.removesuffix(ending)
            return stem if stem in _UP or stem in _DOWN or stem in _NOT else f"{stem}e"
    return word


def _alike(here: tuple[str, ...], there: tuple[str, ...]) -> bool:
    """Whether names are one name spelled in two ways."""
    return any(
        SequenceMatcher(None, one, other).ratio() >= _ALIKE_WORD for one in here for other in there
    )
