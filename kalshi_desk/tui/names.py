"""How a market is called in few words: what it asks about first, the question after it."""

from __future__ import annotations

from kalshi_desk.desk.frames import BookView, MarketRow


def short_name(row: MarketRow | BookView) -> str:
    """Return ``4.00% · Will the rate be above 4.00%?``: the part that differs comes first."""
    if not row.subtitle:
        return row.title or row.ticker
    if row.subtitle == row.title:
        return row.title
    return f"{row.subtitle} · {row.title}"
