"""Paints one price of the ladder: my orders, sizes with bars, both prices, and my way out."""

from __future__ import annotations

from dataclasses import dataclass

from textual.strip import Strip

from kalshi_desk.desk.frames import BookView, LadderRow
from kalshi_desk.tui import format as f
from kalshi_desk.tui.ink import Cell, Line
from kalshi_desk.tui.ladder_columns import LadderColumns, fill_cells, size_bar


@dataclass(frozen=True, slots=True, kw_only=True)
class RowLook:
    """What a row's picture depends on beside its numbers."""

    columns: LadderColumns
    biggest: int
    places: int
    is_cursor: bool
    has_focus: bool
    is_entry: bool
    flash: str


def paint_row(line: Line, look: RowLook, book: BookView, row: LadderRow) -> Strip:
    """Return the finished line of one price."""
    c = look.columns
    line.ground = _ground(look, book, row)
    line.put("▸" if look.is_cursor else " ", "you", bold=True)
    line.cell(_mine(row, is_bid=True, width=c.my_bid), c.my_bid, right=True).put(" ")
    _bids(line, look, row, is_best=row.price == book.best_bid)
    line.put("◆" if look.is_entry else " ", "you")
    _prices(line, look, book, row)
    _offers(line, look, row, is_best=row.price == book.best_ask)
    if c.my_ask:
        line.put(" ").cell(_mine(row, is_bid=False, width=c.my_ask), c.my_ask)
    if c.pnl:
        ink = "up" if (row.close_pnl or 0) > 0 else "down" if row.close_pnl else "muted"
        text = f.signed_money(row.close_pnl) if row.close_pnl is not None else ""
        if len(text) > c.pnl:
            text = text.partition(".")[0]
        line.put(" ").cell(Cell(text, ink), c.pnl, right=True)
    return line.strip()


def _ground(look: RowLook, book: BookView, row: LadderRow) -> str:
    if look.is_cursor:
        return "cursor" if look.has_focus else "cursor-blur"
    bid, ask = book.best_bid, book.best_ask
    inside = bid is not None and ask is not None and bid < row.price < ask
    return "spread" if inside else "ground"


def _mine(row: LadderRow, *, is_bid: bool, width: int) -> Cell:
    size = row.my_bid if is_bid else row.my_ask
    if not size:
        return Cell("")
    alone = f.short_count(size, width)
    if row.ahead is None:
        return Cell(alone, "you", True)
    for part in (5, 4, 3):
        both = f"{f.short_count(size, part)}·{f.short_count(row.ahead, part)}"
        if len(both) <= width and "#" not in both:
            return Cell(both, "you", True)
    return Cell(alone, "you", True)


def _bids(line: Line, look: RowLook, row: LadderRow, *, is_best: bool) -> None:
    c = look.columns
    if not row.bid:
        line.put(" " * c.bids)
        return
    bar = size_bar(row.bid, look.biggest, c.bar, from_right=True)
    line.put(bar.rjust(c.bar), "bar-bid").put(" " if c.bar else "")
    text = f.size(row.bid, c.number).rjust(c.number)
    full = c.number if c.bar else c.number - fill_cells(row.bid, look.biggest, c.number)
    line.put(text[:full], "up", bold=is_best)
    line.put(text[full:], "up", bold=is_best, ground="fill-bid")


def _offers(line: Line, look: RowLook, row: LadderRow, *, is_best: bool) -> None:
    c = look.columns
    if not row.ask:
        line.put(" " * c.offers)
        return
    text = f.size(row.ask, c.number).rjust(c.number)
    full = 0 if c.bar else fill_cells(row.ask, look.biggest, c.number)
    line.put(text[:full], "down", bold=is_best, ground="fill-ask")
    line.put(text[full:], "down", bold=is_best).put(" " if c.bar else "")
    bar = size_bar(row.ask, look.biggest, c.bar, from_right=False)
    line.put(bar.ljust(c.bar), "bar-ask")


def _prices(line: Line, look: RowLook, book: BookView, row: LadderRow) -> None:
    c = look.columns
    is_last = row.price == book.last_price
    stands_out = is_last or row.price in (book.best_bid, book.best_ask)
    line.cell(
        Cell(f.cents(row.price, look.places), "ink" if stands_out else "muted", stands_out),
        c.price,
        right=True,
        ground=look.flash,
    )
    line.put("•" if is_last else " ", "caution", bold=True)
    if c.no:
        no = f.cents(f.other(row.price), look.places)
        line.cell(Cell(no, "muted"), c.no, right=True).put(" ")
