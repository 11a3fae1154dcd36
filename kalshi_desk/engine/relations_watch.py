"""Tells the gate how the markets settle together in which the account is."""

from __future__ import annotations

from kalshi_desk.core.strategy import RelationGroup
from kalshi_desk.engine.state import CoreState
from kalshi_desk.market.relations import RelationFinder

LOOK_EVERY_NS = 5_000_000_000


class RelationsWatch:
    """Derives relations for the events that are held or ordered, and for no others.

    Without one the gate takes each market of an event for itself, which never understates.
    """

    def __init__(self, state: CoreState) -> None:
        self._state = state
        self._finder = RelationFinder()
        self._known: tuple[RelationGroup, ...] = ()
        self._looked_ns = 0

    def beat(self) -> None:
        """Look again where the account is, now and then."""
        state = self._state
        if state.now_ns - self._looked_ns < LOOK_EVERY_NS:
            return
        self._looked_ns = state.now_ns
        involved = {
            live.market.event_ticker
            for ticker in state.involved()
            if (live := state.markets.get(ticker)) is not None
        }
        markets = [
            live.market
            for live in state.markets.by_ticker.values()
            if live.market.event_ticker in involved
        ]
        groups = self._finder.groups(markets, state.implications)
        if groups != self._known:
            self._known = groups
            state.exposures.use_relations(groups)
