"""What lies below a place in the list of markets: categories, series of one, events of one."""

from __future__ import annotations

from dataclasses import dataclass, field

from kalshi_desk.desk.service import Branch, MarketFilter
from kalshi_desk.desk.titles import shared_title
from kalshi_desk.engine.market_index import Entry

CATEGORY, SERIES, EVENT = "category", "series", "event"
MOST_TITLES = 40
"""So many titles of a branch are compared for what they share."""
_NEVER = 1 << 62


@dataclass(slots=True)
class _Sum:
    markets: int = 0
    volume: int = 0
    closes_ns: int = _NEVER
    titles: dict[str, None] = field(default_factory=dict)


class Branches:
    """Sums up markets by what lies directly below the place that a filter names."""

    def __init__(self, wanted: MarketFilter) -> None:
        self.kind = ""
        if not wanted.event:
            self.kind = EVENT if wanted.series else SERIES if wanted.category else CATEGORY
        self._sums: dict[str, _Sum] = {}

    def add(self, entry: Entry) -> None:
        """Count one market."""
        if not self.kind:
            return
        market = entry.market
        if self.kind == CATEGORY:
            name = entry.category
        elif self.kind == SERIES:
            name = entry.series
        else:
            name = market.event_ticker or market.ticker
        found = self._sums.get(name)
        if found is None:
            found = self._sums[name] = _Sum()
        found.markets += 1
        found.volume += entry.live.volume
        if 0 < market.close_ns < found.closes_ns:
            found.closes_ns = market.close_ns
        if self.kind != CATEGORY and len(found.titles) < MOST_TITLES:
            found.titles[self._title(entry)] = None

    def _title(self, entry: Entry) -> str:
        if entry.event is not None and entry.event.title:
            return entry.event.title
        return entry.market.title

    def rows(self) -> tuple[Branch, ...]:
        """Return the branches: categories and series by name, events by their close."""
        found = [
            Branch(
                kind=self.kind,
                name=name,
                title=(shared_title(list(one.titles)) if one.titles else "") or name,
                markets=one.markets,
                volume=one.volume,
                closes_ns=0 if one.closes_ns == _NEVER else one.closes_ns,
            )
            for name, one in self._sums.items()
        ]
        if self.kind == EVENT:
            return tuple(sorted(found, key=lambda row: (row.closes_ns or _NEVER, row.name)))
        return tuple(sorted(found, key=lambda row: row.name.casefold()))
