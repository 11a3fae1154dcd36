"""Text from outside: stripped of everything that could steer a terminal."""

from __future__ import annotations

import unicodedata

_DROPPED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_MARKS = frozenset({"Mn", "Me"})
MOST_MARKS = 4
"""On one letter; no language needs more, and a pile of them draws over the lines around."""
MAX_CHARACTERS = 4_000


def clean(text: object, limit: int = MAX_CHARACTERS) -> str:
    """Return ``text`` on one line without control, format or surrogate characters.

    Escape sequences lose their escape character and so their power; bidirectional
    overrides and zero-width characters go too, and so do piles of accents.  White
    space collapses to one blank.
    """
    raw = text if isinstance(text, str) else "" if text is None else str(text)
    spaced = "".join(" " if char in "\t\n\r\v\f" else char for char in raw[: limit * 2])
    kept = "".join(char for char in spaced if unicodedata.category(char) not in _DROPPED)
    kept = kept if kept.isascii() else _thinned(kept)
    return " ".join(kept.split())[:limit]


def _thinned(text: str) -> str:
    """Return text without the marks that are too many on one letter."""
    kept: list[str] = []
    marks = 0
    for char in text:
        marks = marks + 1 if unicodedata.category(char) in _MARKS else 0
        if marks <= MOST_MARKS:
            kept.append(char)
    return "".join(kept)
