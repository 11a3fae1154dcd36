"""A table of a list of which only pages are known: any number of rows, a page in memory at a time.

A line whose row has not come holds ``#`` and its number; the cursor may stand on it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import overload

from textual.strip import Strip

from kalshi_desk.desk.frames import MarketRow
from kalshi_desk.tui.columns import Column, Item
from kalshi_desk.tui.virtual_table import VirtualTable


class LineKeys(Sequence[Item]):
    """The keys of all lines, those not known made up on demand."""

    def __init__(self, total: int = 0) -> None:
        self.total = total
        self.known: dict[int, str] = {}

    def __len__(self) -> int:
        """How many lines there are."""
        return self.total

    @overload
    def __getitem__(self, at: int) -> Item: ...

    @overload
    def __getitem__(self, at: slice) -> Sequence[Item]: ...

    def __getitem__(self, at: int | slice) -> Item | Sequence[Item]:
        """Return the key of a line, or of several."""
        if isinstance(at, slice):
            return [self[n] for n in range(*at.indices(self.total))]
        if not 0 <= at < self.total:
            raise IndexError(at)
        return self.known.get(at, f"#{at}")

    def __iter__(self) -> Iterator[Item]:
        """Go through all lines."""
        return (self[n] for n in range(self.total))


class PagedTable(VirtualTable[MarketRow]):
    """Rows put page by page; nothing is sorted or filtered here."""

    def __init__(
        self, columns: Sequence[Column[MarketRow]], *, name: str, title: str, flashes: bool = True
    ) -> None:
        super().__init__(columns, name=name, title=title, flashes=flashes)
        self.lines = LineKeys()
        self.items = self.lines

    # --- pages -------------------------------------------------------------------------

    def put(
        self, total: int, offset: int, rows: Sequence[MarketRow], *, is_new: bool, is_first: bool
    ) -> None:
        """Take a page.  ``is_new`` forgets all others, ``is_first`` the cursor too."""
        if is_new:
            at = 0 if is_first else self.line_of(self.cursor_key) - self.top
            self._begin(total, rows, is_first=is_first)
        for line, row in enumerate(rows, offset):
            self._put_row(line, row)
        if is_new:
            self._find_cursor(at)
            self.refresh()

    def _begin(self, total: int, rows: Sequence[MarketRow], *, is_first: bool) -> None:
        self.rows = {row.ticker: self.rows[row.ticker] for row in rows if row.ticker in self.rows}
        self.lines.total = total
        self.lines.known.clear()
        self._line_of.clear()
        self._strips.clear()
        if is_first:
            self.cursor_key, self.top = "", 0

    def _find_cursor(self, at: int) -> None:
        """Keep the cursor on its market, and that where it was: so many lines below the top."""
        line = self._line_of.get(self.cursor_key)
        if line is None:
            line = min(self.top + at, max(len(self.lines) - 1, 0))
            self._set_cursor(self.key_of(line))
        else:
            self.top = line - at
        self._clamp_top()

    def _put_row(self, line: int, row: MarketRow) -> None:
        key, before = row.ticker, self.rows.get(row.ticker)
        old = self.lines.known.get(line)
        if old == key and before == row:
            return
        was_here = self.cursor_key == (old or f"#{line}")
        self.lines.known[line] = key
        self._line_of[key] = line
        self.rows[key] = row
        if before is not None and before != row:
            self._note_flash(key, before, row)
        self._drop(key)
        if was_here and old != key:
            self._set_cursor(key)
        self.refresh_line(self._first_row + line - self.top)

    # --- lines and keys ----------------------------------------------------------------

    def key_of(self, line: int) -> str:
        """Return the key of a line, empty when there is none."""
        return str(self.lines[line]) if 0 <= line < len(self.lines) else ""

    def line_of(self, key: str) -> int:
        """Return the line of a key, the first for one that is not known."""
        if key.startswith("#"):
            return int(key[1:])
        return self._line_of.get(key, 0)

    def move(self, delta: int) -> None:
        """Move the cursor by rows and stop at the ends."""
        if not len(self.lines):
            return
        line = min(max(self.line_of(self.cursor_key) + delta, 0), len(self.lines) - 1)
        self._set_cursor(self.key_of(line))
        self._bring(line)

    def rearrange(self) -> None:
        """Draw again: the order is the engine's."""
        self.refresh()

    def _refresh_key(self, key: str) -> None:
        if key.startswith("#") or key in self._line_of:
            self.refresh_line(self._first_row + self.line_of(key) - self.top)

    # --- drawing -----------------------------------------------------------------------

    def _row(self, key: str, y: int) -> Strip:
        if key in self.rows:
            return super()._row(key, y)
        is_current = key == self.cursor_key
        line = self.new_line("cursor" if is_current and self.is_current else "ground")
        return line.put("▸" if is_current else " ", "you", bold=True).put("  …", "faint").strip()
