"""What the rules of a market say besides yes and no."""

from __future__ import annotations

import re

_VOID = re.compile(
    r"fair (?:market )?(?:price|value)|last (?:traded |fair )?price|"
    r"cancel+ed|cancel+ation|postpone|reschedule|abandon|walkover|forfeit|"
    r"\bdeath\b|\bdies\b|\bdied\b|\bdeceased\b|\bvoid(?:ed)?\b|\brefund",
    re.IGNORECASE,
)


def can_void(rules: str) -> bool:
    """Return whether the rules speak of a case in which neither yes nor no is paid."""
    return _VOID.search(rules) is not None
