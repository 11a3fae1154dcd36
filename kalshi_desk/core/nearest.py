"""What a person may have meant by a word that is none of those known."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

NEAR = 0.6
"""How alike two words must be, from 0 to 1, as ``difflib`` measures it."""


def nearest(word: str, known: Iterable[str], near: float = NEAR) -> list[str]:
    """Return the known word that is most like another one, in a list; an empty list without one."""
    return difflib.get_close_matches(word, list(known), n=1, cutoff=near)


def meant(words: Iterable[str]) -> str:
    """Return the question for these words, with a blank before it; empty without words."""
    said = " or ".join(words)
    return f" Did you mean {said}?" if said else ""


def did_you_mean(word: str, known: Iterable[str], near: float = NEAR) -> str:
    """Return the question for the known word that is most like this one; empty without one."""
    return meant(nearest(word, known, near))
