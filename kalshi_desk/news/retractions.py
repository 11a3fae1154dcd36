"""Whether an item takes a story back, by the words that newsrooms use for it."""

from __future__ import annotations

import re

_BEFORE = re.compile(
    r"^\W*(?:correct(?:ed|ion|ing)|retract(?:ed|ion)|withdrawn|clarification|"
    r"editor['’]?s?['’]? note|advisory)\s*(?:\d+\s*)?(?:[-:–—|(]|\)|\])",
    re.IGNORECASE,
)
_ASIDE = re.compile(r"[\[(](?:corrected|correction|retracted|withdrawn)[\])]", re.IGNORECASE)
_SAYING = re.compile(
    r"\b(?:(?:story|article|report|headline|post|tweet|alert|statement|figures?|data)\s+"
    r"(?:has been\s+|have been\s+|is\s+|was\s+|were\s+)?(?:withdrawn|retracted|taken back)|"
    r"(?:retracts|withdraws|takes back)\s+(?:its\s+|the\s+|a\s+|an\s+|earlier\s+)*"
    r"(?:story|article|report|headline|post|tweet|alert|statement|figures?|data))\b",
    re.IGNORECASE,
)


def takes_back(title: str) -> bool:
    """Whether a title corrects or withdraws a story.

    A correction counts too: until somebody has read it, what was told before it is in
    doubt.  A market's correction, a prison's and a pledge that is withdrawn do not.
    """
    return any(found.search(title) for found in (_BEFORE, _ASIDE, _SAYING))
