"""How a market is called in few words: what it asks about first, the question after it."""

from __future__ import annotations

import re

from kalshi_desk.desk.frames import BookView, MarketRow

_NUMBER = re.compile(r"\d[\d,.]*\d|\d")


def short_name(row: MarketRow | BookView) -> str:
    """Return ``4.00% · Will the rate be above 4.00%?``: the part that differs comes first."""
    if not row.subtitle:
        return row.title or row.ticker
    if row.subtitle == row.title:
        return row.title
    if _tells_apart(row.subtitle, row.title):
        return f"{row.subtitle} · {row.title}"
    return f"{row.title} · {row.subtitle}"


def _tells_apart(subtitle: str, title: str) -> bool:
    """Whether the subtitle is one of several answers rather than a detail of one question."""
    if subtitle in title or not title.endswith("?"):
        return True
    return bool(set(_NUMBER.findall(subtitle)) & set(_NUMBER.findall(title)))
