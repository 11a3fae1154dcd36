"""How a market is called in few words: what tells it apart first, the question after it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from rich.cells import cell_len

from kalshi_desk.desk.frames import MarketRow


def short_name(row: MarketRow, *, is_alone: bool) -> str:
    """Return ``Above 4.00% · Will the rate be above 4.00%?``; a lone market's title leads."""
    if not row.subtitle or row.subtitle == row.title:
        return row.title or row.ticker
    return f"{row.title} · {row.subtitle}" if is_alone else f"{row.subtitle} · {row.title}"


def lone_events(rows: Iterable[MarketRow]) -> set[str]:
    """Return the events that have one market only."""
    members = Counter(row.event_ticker for row in rows)
    return {event for event, count in members.items() if count == 1}


def market_name(row: MarketRow, width: int, *, in_event: bool) -> str:
    """Return how a market is called in so many cells: what tells it apart first.

    A title that says it too and fits stands alone.
    """
    title, own = row.title or row.ticker, row.subtitle
    if in_event:
        return own or title
    if not own or (own.casefold() in title.casefold() and cell_len(title) <= width):
        return title
    return f"{own} · {title}"
