"""Which of the exchange's markets the desk carries: a hundred thousand fit no table."""

from __future__ import annotations

from collections import defaultdict

import msgspec

from kalshi_desk.core.events import MarketsListed
from kalshi_desk.core.records import Market

MAX_LISTED = 2_000


def trim(listed: MarketsListed, keep: set[str], limit: int = MAX_LISTED) -> MarketsListed:
    """Return the listing with the most traded events, and with all markets that ``keep`` names.

    Events stay whole while they fit: a ladder or a set of outcomes with gaps would mislead.
    """
    if len(listed.markets) <= limit:
        return listed
    by_event: dict[str, list[Market]] = defaultdict(list)
    for market in listed.markets:
        by_event[market.event_ticker].append(market)
    kept = {market.event_ticker for market in listed.markets if market.ticker in keep}

    def rank(event: str) -> tuple[bool, int, str]:
        return event not in kept, -sum(market.volume for market in by_event[event]), event

    carried: list[Market] = []
    for event in sorted(by_event, key=rank):
        markets = by_event[event]
        if len(carried) + len(markets) <= limit:
            carried += markets
        elif event in kept:
            carried += [market for market in markets if market.ticker in keep]
    events = {market.event_ticker for market in carried}
    return msgspec.structs.replace(
        listed,
        markets=tuple(carried),
        events=tuple(event for event in listed.events if event.event_ticker in events),
    )
