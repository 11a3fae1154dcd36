"""Which of the exchange's markets the desk carries: a hundred thousand fit no table."""

from __future__ import annotations

import msgspec

from kalshi_desk.core.events import MarketsListed

MAX_LISTED = 2_000


def trim(listed: MarketsListed, keep: set[str], limit: int = MAX_LISTED) -> MarketsListed:
    """Return the listing with the most traded markets, and with all that ``keep`` names."""
    if len(listed.markets) <= limit:
        return listed
    ranked = sorted(listed.markets, key=lambda m: (m.ticker not in keep, -m.volume, m.ticker))
    carried = tuple(ranked[: max(limit, len(keep))])
    events = {market.event_ticker for market in carried}
    return msgspec.structs.replace(
        listed,
        markets=carried,
        events=tuple(event for event in listed.events if event.event_ticker in events),
    )
