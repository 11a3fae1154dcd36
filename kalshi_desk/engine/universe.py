"""Which of the exchange's markets the desk carries: a hundred thousand fit no table.

What it doesn't carry it remembers, so that a search can find it and a person can follow it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

import msgspec

from kalshi_desk.core.events import MarketsListed
from kalshi_desk.core.records import Event, Market

MAX_LISTED = 2_000


class Universe:
    """Carries what fits of each listing; ``left_out`` holds the rest by ticker.

    ``keep`` names the markets not to lose sight of.
    """

    def __init__(self, keep: Callable[[], set[str]], limit: int = MAX_LISTED) -> None:
        self._keep = keep
        self._limit = limit
        self.left_out: dict[str, Market] = {}
        self._events: dict[str, Event] = {}

    def take(self, listed: MarketsListed) -> MarketsListed:
        """Return what the desk carries of a listing, and remember what it leaves out.

        A market that is carried after all brings the event that was told before.
        """
        self._events.update((event.event_ticker, event) for event in listed.events)
        carried = trim(listed, self._keep(), self._limit)
        if self.left_out:
            carried = self._with_events(carried)
        names = {market.ticker for market in carried.markets}
        for market in listed.markets:
            if market.ticker in names:
                self.left_out.pop(market.ticker, None)
            else:
                self.left_out[market.ticker] = market
        return carried

    def _with_events(self, carried: MarketsListed) -> MarketsListed:
        told = {event.event_ticker for event in carried.events}
        missing = {
            market.event_ticker for market in carried.markets if market.ticker in self.left_out
        } - told
        more = tuple(self._events[name] for name in sorted(missing & self._events.keys()))
        return msgspec.structs.replace(carried, events=(*carried.events, *more))


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
