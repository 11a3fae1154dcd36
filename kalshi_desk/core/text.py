"""Text from outside: stripped of everything that could steer a terminal."""

from __future__ import annotations

import unicodedata

_DROPPED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
MAX_CHARACTERS = 4_000


def clean(text: object, limit: int = MAX_CHARACTERS) -> str:
    """Return ``text`` on one line without control, format or surrogate characters.

    Escape sequences lose their escape character and so their power; bidirectional
    overrides and zero-width characters go too.  White space collapses to one blank.
    """
    raw = text if isinstance(text, str) else "" if text is None else str(text)
    spaced = "".join(" " if char in "\t\n\r\v\f" else char for char in raw[: limit * 2])
    kept = "".join(char for char in spaced if unicodedata.category(char) not in _DROPPED)
    return " ".join(kept.split())[:limit]
