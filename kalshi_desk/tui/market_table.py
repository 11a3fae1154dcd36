"""The market table: all markets by event, a watchlist or what is held, in an order that stays."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import TypeVar

from kalshi_desk.core.types import MarketStatus
from kalshi_desk.desk.frames import MarketRow
from kalshi_desk.desk.titles import shared_title
from kalshi_desk.tui import format as f
from kalshi_desk.tui.board import Delta
from kalshi_desk.tui.columns import Column, Heading, Item
from kalshi_desk.tui.ink import BLANK, Cell
from kalshi_desk.tui.names import lone_events, short_name
from kalshi_desk.tui.virtual_table import VirtualTable

_OVER = frozenset({MarketStatus.DETERMINED, MarketStatus.FINALIZED})
_NUMBER = re.compile(r"\d[\d,]*\.?\d*")
Option = TypeVar("Option", bound=StrEnum)


class Sort(StrEnum):
    """Orders of the table."""

    EVENT = "event"
    CLOSING = "closing soon"
    VOLUME = "volume"
    CHANGE = "change"


class Filter(StrEnum):
    """Which markets are shown."""

    ALL = "all"
    STARRED = "watchlist"
    HELD = "my positions"


def event_title(titles: Sequence[str]) -> str:
    """Return what the titles of an event's markets share, ``…`` where they differ."""
    return shared_title(titles) or titles[0]


def _strike(row: MarketRow) -> tuple[bool, float, bool, str]:
    """Order an event's markets by the first number in their names; names without go last."""
    found = _NUMBER.search(row.subtitle)
    if found is None:
        return True, 0.0, False, row.ticker
    is_lowest = any(word in row.subtitle.casefold() for word in ("below", "under", "less", "fewer"))
    return False, float(found[0].replace(",", "").rstrip(".")), not is_lowest, row.ticker


def matches(row: MarketRow, words: Sequence[str]) -> bool:
    """Return whether every word of a search is somewhere in the market's texts."""
    text = f"{row.ticker} {row.title} {row.subtitle} {row.category}".casefold()
    return all(word in text for word in words)


class MarketTable(VirtualTable[MarketRow]):
    """Markets with quotes, last price and change; grouped by event unless sorted."""

    def __init__(self, *, flashes: bool = True) -> None:
        self.sort = Sort.EVENT
        self.filter = Filter.ALL
        self.search = ""
        self.now_ns = 0
        self._grouped: set[str] = set()
        self._alone: set[str] = set()
        super().__init__(self._columns(), name="markets", title="Markets", flashes=flashes)

    def _columns(self) -> list[Column[MarketRow]]:
        def price(row: MarketRow, value: int | None, ink: str = "ink") -> Cell:
            quotes = (row.yes_bid, row.yes_ask, row.last_price)
            places = max(f.decimals_of(quote or 0) for quote in quotes)
            if not row.is_fresh or row.status is not MarketStatus.ACTIVE:
                ink = "stale"
            return Cell(f.cents(value, places), ink if value is not None else "faint")

        return [
            Column("market", 20, 100, self._label, right=False, flex=True),
            Column("held", 6, 40, _held),
            Column("bid size", 8, 20, lambda r: Cell(f.size(r.yes_bid_size), "muted")),
            Column("bid", 5, 95, lambda r: price(r, r.yes_bid), number=lambda r: r.yes_bid),
            Column("ask", 5, 94, lambda r: price(r, r.yes_ask), number=lambda r: r.yes_ask),
            Column("ask size", 8, 19, lambda r: Cell(f.size(r.yes_ask_size), "muted")),
            Column(
                "last",
                5,
                60,
                lambda r: price(r, r.last_price, "muted"),
                number=lambda r: r.last_price,
            ),
            Column("chg", 6, 70, self._change),
            Column("volume", 7, 30, lambda r: Cell(f.size(r.volume, 7), "muted")),
            Column("closes", 8, 35, lambda r: self._closes(r)),
        ]

    def _label(self, row: MarketRow) -> Cell:
        star = "★" if row.is_starred else ""
        ink = "ink" if row.status is MarketStatus.ACTIVE else "stale"
        word = "" if row.status is MarketStatus.ACTIVE else f"{row.status.value}: "
        if row.ticker in self._grouped:
            return Cell(f" {star}{word}{row.subtitle or 'Yes'}", ink)
        return Cell(f"{star}{word}{short_name(row, is_alone=row.event_ticker in self._alone)}", ink)

    def _change(self, row: MarketRow) -> Cell:
        if row.change is None:
            return BLANK
        return Cell(f.change(row.change), f.direction(row.change) if row.change else "faint")

    def _closes(self, row: MarketRow) -> Cell:
        text = f.until(row.close_ns, self.now_ns)
        soon = 0 < row.close_ns - self.now_ns < 300 * f.SECOND_NS
        return Cell(text, "caution" if soon else "muted")

    def apply_markets(self, delta: Delta) -> None:
        """Take new rows; a market that ends or is held again changes the set of rows."""
        before = {key: self._is_over(row) for key, row in self.rows.items()}
        self.apply(delta, MarketRow)
        if any(
            self._is_over(self.rows[key]) != over
            for key, over in before.items()
            if key in self.rows
        ):
            self.rearrange()

    def order_rows(self) -> list[Item]:
        """Return the filtered markets in the chosen order, with event headings."""
        words = self.search.casefold().split()
        rows = [r for r in self.rows.values() if self._is_wanted(r) and matches(r, words)]
        self._grouped = set()
        self._alone = lone_events(self.rows.values())
        self._strips.clear()
        if self.sort is Sort.EVENT:
            return self._by_event(rows)
        if self.sort is Sort.CLOSING:
            rows.sort(key=lambda r: (r.close_ns or 1 << 62, r.ticker))
        elif self.sort is Sort.VOLUME:
            rows.sort(key=lambda r: (-r.volume, r.ticker))
        else:
            rows.sort(key=lambda r: (-abs(r.change or 0), r.ticker))
        return [row.ticker for row in rows]

    def _is_over(self, row: MarketRow) -> bool:
        return row.status in _OVER and not row.position

    def _is_wanted(self, row: MarketRow) -> bool:
        if self._is_over(row):
            return False
        if self.filter is Filter.STARRED:
            return row.is_starred
        return bool(row.position) if self.filter is Filter.HELD else True

    def _by_event(self, rows: list[MarketRow]) -> list[Item]:
        events: dict[str, list[MarketRow]] = {}
        for row in rows:
            events.setdefault(row.event_ticker, []).append(row)
        items: list[Item] = []
        soonest = sorted(events, key=lambda e: (min(r.close_ns for r in events[e]), e))
        for event_ticker in soonest:
            members = sorted(events[event_ticker], key=_strike)
            if len(members) > 1 or members[0].subtitle:
                items.append(Heading(event_title([m.title for m in members]) or event_ticker))
                self._grouped |= {m.ticker for m in members}
            items += [m.ticker for m in members]
        return items

    def head_cells(self) -> Iterable[Cell]:
        """Say what is shown and in which order."""
        shown = sum(isinstance(item, str) for item in self.items)
        if self.search:
            yield Cell(f"“{self.search}” {shown} ", "you")
        elif self.filter is not Filter.ALL:
            yield Cell(f"{self.filter} {shown} ", "you")
        else:
            yield Cell(f"{shown} ", "muted")
        if self.sort is not Sort.EVENT:
            yield Cell(f"by {self.sort} ", "muted")

    def next_sort(self) -> None:
        """Change the order of the rows."""
        self.sort = _after(list(Sort), self.sort)
        self.rearrange()

    def show_all(self) -> None:
        """End every filter and search."""
        self.filter, self.search = Filter.ALL, ""
        self.rearrange()

    def time_text(self, row: MarketRow) -> str:
        """Return the text that changes as time goes by."""
        return f.until(row.close_ns, self.now_ns)

    def next_filter(self) -> None:
        """Change which markets are shown."""
        self.filter = _after(list(Filter), self.filter)
        self.rearrange()


def _after(options: list[Option], current: Option) -> Option:
    return options[(options.index(current) + 1) % len(options)]


def _held(row: MarketRow) -> Cell:
    if not row.position:
        return BLANK
    side = "Y" if row.position > 0 else "N"
    return Cell(f"{f.short_count(abs(row.position), 5)}{side}", "you", True)
