"""The panes of the Markets screen: the places, the list, and what is known of one market."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from textual.strip import Strip

from kalshi_desk.core.types import MarketStatus
from kalshi_desk.desk.frames import MarketRow
from kalshi_desk.desk.service import Branch, MarketSort, MarketsPage
from kalshi_desk.tui import format as f
from kalshi_desk.tui.columns import Column, Item
from kalshi_desk.tui.detail_table import DetailTable
from kalshi_desk.tui.facts_pane import GAP, Fact, heading, labelled, sentence
from kalshi_desk.tui.ink import BLANK, Cell
from kalshi_desk.tui.market_pages import spread
from kalshi_desk.tui.names import market_name
from kalshi_desk.tui.paged_table import PagedTable
from kalshi_desk.tui.words import day

ALL = "*"
_NOTE_LINES = 2
_NOTE_FROM = 10
_SOON_S = 300


class Order(NamedTuple):
    """An order as it is offered: its words, and what is asked of the engine."""

    words: str
    sort: MarketSort
    descending: bool = False


ORDERS = (
    Order("closing first", MarketSort.CLOSE),
    Order("most traded", MarketSort.VOLUME, True),
    Order("largest move", MarketSort.CHANGE, True),
    Order("tightest spread", MarketSort.SPREAD),
    Order("by title", MarketSort.TITLE),
)
BEST = Order("best match", MarketSort.RELEVANCE)
"""Offered while words are searched for."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where one is: category, series and event, each empty above its level; titles for each."""

    names: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()

    def below(self, branch: Branch) -> Place:
        """Return the place of a branch."""
        return Place((*self.names, branch.name), (*self.titles, branch.title))

    @property
    def above(self) -> Place:
        """Return the place above; the top is its own."""
        return Place(self.names[:-1], self.titles[:-1])

    def level(self, at: int) -> str:
        """Return the name at a level: 0 the category, 1 the series, 2 the event."""
        return self.names[at] if at < len(self.names) else ""

    @property
    def trail(self) -> str:
        """The way here in words: ``Markets › Economics › Fed decision``."""
        return " › ".join(("Markets", *self.titles))


@dataclass(frozen=True, slots=True)
class PlaceRow:
    """One line of the places: a branch, or all of the place one is in."""

    title: str
    branch: Branch | None
    markets: int
    volume: int
    closes_ns: int


def place_rows(place: Place, page: MarketsPage) -> dict[str, PlaceRow]:
    """Return all of a place, then what lies below it."""
    branches = page.branches
    closes = [branch.closes_ns for branch in branches if branch.closes_ns]
    whole = PlaceRow(
        title=f"All of {place.titles[-1]}" if place.titles else "All markets",
        branch=None,
        markets=page.total,
        volume=sum(branch.volume for branch in branches),
        closes_ns=min(closes, default=0),
    )
    rows = {ALL: whole}
    for branch in branches:
        title = branch.title
        rows[branch.name] = PlaceRow(title, branch, branch.markets, branch.volume, branch.closes_ns)
    return rows


class PlacesTable(DetailTable[PlaceRow]):
    """What lies below the place one is in, with how much there is."""

    def __init__(self) -> None:
        self.now_ns = 0
        columns: list[Column[PlaceRow]] = [
            Column("place", 20, 100, self._title, right=False, flex=True),
            Column("markets", 7, 95, lambda r: Cell(f"{r.markets:,}", "ink")),
            Column("volume", 6, 40, lambda r: Cell(f.short_count(r.volume, 6), "muted")),
            Column("closes", 7, 60, lambda r: Cell(self.time_text(r), "muted")),
        ]
        super().__init__(columns, name="places", title="Markets")

    def _title(self, row: PlaceRow) -> Cell:
        if row.branch is None:
            return Cell(row.title, "you")
        return Cell(row.title)

    def time_text(self, row: PlaceRow) -> str:
        """Return when the first of its markets closes."""
        return f.until(row.closes_ns, self.now_ns)

    def order_rows(self) -> list[Item]:
        """As the engine tells them, all of the place first."""
        return list(self.rows)

    def detail(self, row: PlaceRow) -> str:
        """Return the whole title, and the name that the exchange uses."""
        if row.branch is None:
            return "l or Enter goes down to a place, h or Esc up."
        name = "" if row.branch.name == row.title else f" · {row.branch.name}"
        return f"{row.title}{name}"


class FoundTable(PagedTable):
    """The markets of a place that fit the filter, with their quotes."""

    def __init__(self, *, flashes: bool) -> None:
        self.now_ns = 0
        self.beyond_from = 0
        self.is_in_event = False
        self.order_words = ORDERS[0].words
        self.note: tuple[str, ...] = ()
        self._note_text = ""
        columns: list[Column[MarketRow]] = [
            Column("market", 30, 100, self._label, right=False, flex=True),
            Column("held", 6, 45, _held),
            Column("bid size", 8, 15, lambda r: Cell(f.size(r.yes_bid_size), "muted")),
            Column("bid", 5, 95, lambda r: _price(r, r.yes_bid), number=lambda r: r.yes_bid),
            Column("ask", 5, 94, lambda r: _price(r, r.yes_ask), number=lambda r: r.yes_ask),
            Column("ask size", 8, 14, lambda r: Cell(f.size(r.yes_ask_size), "muted")),
            Column("spread", 6, 35, _spread),
            Column("last", 5, 40, lambda r: _price(r, r.last_price), number=lambda r: r.last_price),
            Column("chg", 6, 70, _change),
            Column("volume", 7, 60, lambda r: Cell(f.size(r.volume, 7), "muted")),
            Column("closes", 8, 80, self._closes),
        ]
        super().__init__(columns, name="found", title="Markets", flashes=flashes)

    def _label(self, row: MarketRow) -> Cell:
        star = "★" if row.is_starred else " "
        width = next((w for c, w in self.fitted() if c.flex), 0) - 2
        is_beyond = self.line_of(row.ticker) >= self.beyond_from
        name = market_name(row, width, in_event=self.is_in_event and not is_beyond)
        if row.status is not MarketStatus.ACTIVE:
            return Cell(f"{star} {row.status.value}: {name}", "stale")
        return Cell(f"{star} {name}", "stale" if is_beyond else "ink")

    def _closes(self, row: MarketRow) -> Cell:
        soon = 0 < row.close_ns - self.now_ns < _SOON_S * f.SECOND_NS
        return Cell(f.until(row.close_ns, self.now_ns), "caution" if soon else "muted")

    def time_text(self, row: MarketRow) -> str:
        """Return the text that changes as time goes by."""
        return f.until(row.close_ns, self.now_ns)

    def head_cells(self) -> Iterable[Cell]:
        """Say how many there are, and in which order."""
        yield Cell(f"{len(self.items):,} ", "ink", True)
        yield Cell(f"{self.order_words} ", "muted")

    def say_note(self, text: str) -> None:
        """Say below the rows what the list covers."""
        if text != self._note_text:
            self._note_text = text
            self._fit_note()

    def _fit_note(self) -> None:
        lines = textwrap.wrap(self._note_text, max(self.size.width - 2, 20))
        fits = self.size.height >= _NOTE_FROM and len(lines) <= _NOTE_LINES
        self.note = tuple(lines) if fits else ()
        if self.foot != len(self.note):
            self.foot = len(self.note)
        self.refresh()

    def on_resize(self) -> None:
        """Fit the note again too."""
        self._fit_note()
        super().on_resize()

    def foot_line(self, y: int) -> Strip:
        """Draw what the list covers."""
        return self.new_line("spread").put(" ").put(self.note[y], "muted").strip()


def _price(row: MarketRow, value: int | None) -> Cell:
    if value is None:
        return Cell(f.NONE, "faint")
    quotes = (row.yes_bid, row.yes_ask, row.last_price)
    places = max(f.decimals_of(quote or 0) for quote in quotes)
    is_good = row.is_fresh and row.status is MarketStatus.ACTIVE
    return Cell(f.cents(value, places), "ink" if is_good else "stale")


def _spread(row: MarketRow) -> Cell:
    return Cell(f.cents(spread(row)), "muted")


def _change(row: MarketRow) -> Cell:
    if row.change is None:
        return BLANK
    return Cell(f.change(row.change), f.direction(row.change) if row.change else "faint")


def _held(row: MarketRow) -> Cell:
    if not row.position:
        return BLANK
    side = "Y" if row.position > 0 else "N"
    return Cell(f"{f.short_count(abs(row.position), 5)}{side}", "you", True)


def about_facts(
    row: MarketRow | None, rules: str, now_ns: int, room: int, *, is_beyond: bool
) -> list[Fact]:
    """Return what is known of a market, its rules last."""
    if row is None:
        return [(Cell("Select a market.", "muted"),)]
    facts = sentence(row.title or row.ticker, room)
    if row.subtitle and row.subtitle.casefold() not in row.title.casefold():
        facts += sentence(row.subtitle, room)
    facts.append((Cell(row.ticker, "muted"), GAP, Cell(row.category, "faint")))
    facts.append(())
    if is_beyond:
        facts += sentence(
            "The desk does not follow this market, so it has no quotes yet. Space or Enter "
            "follows it.",
            room,
            "caution",
        )
    else:
        facts.append(_quote(row))
    closes = f.NONE
    if row.close_ns:
        closes = f"{f.until(row.close_ns, now_ns)} · {day(row.close_ns, time=True)} UTC"
    facts += [
        labelled("closes", closes),
        labelled("traded", f"{f.whole_count(row.volume)} contracts"),
    ]
    if row.position:
        facts.append(labelled("mine", f.position(row.position), "you", bold=True))
    if rules:
        facts += [(), heading("Rules"), *sentence(rules, room, "muted")]
    return facts


def _quote(row: MarketRow) -> Fact:
    places = max(f.decimals_of(p or 0) for p in (row.yes_bid, row.yes_ask, row.last_price))
    bid, ask = f.cents(row.yes_bid, places), f.cents(row.yes_ask, places)
    ink = "ink" if row.is_fresh else "stale"
    cells: Sequence[Cell] = (
        Cell("bid ", "muted"),
        Cell(bid, ink, True),
        Cell(f" × {f.size(row.yes_bid_size)}   ", "faint"),
        Cell("ask ", "muted"),
        Cell(ask, ink, True),
        Cell(f" × {f.size(row.yes_ask_size)}", "faint"),
        GAP,
        Cell(f"last {f.cents(row.last_price, places)}  ", "muted"),
        Cell(f.change(row.change) if row.change else "", f.direction(row.change), True),
    )
    return tuple(cells)
