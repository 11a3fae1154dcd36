"""Roles of the theme made into terminal styles, and a builder for one line of cells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.app import App
from textual.color import Color
from textual.strip import Strip

from kalshi_desk.tui.themes import ROLES


class Cell(NamedTuple):
    """Text, the role of its colour, and whether it is bold."""

    text: str
    ink: str = "ink"
    bold: bool = False


BLANK = Cell("")


class Inks:
    """The styles of one theme, by role of foreground and background."""

    def __init__(self, name: str, variables: Mapping[str, str]) -> None:
        self.name = name
        self._colors = {
            role: Color.parse(variables.get(role, fallback)).rich_color
            for role, fallback in ROLES.items()
        }
        self._styles: dict[tuple[str, str, bool, bool], Style] = {}

    def style(
        self, ink: str = "ink", ground: str = "ground", *, bold: bool = False, line: bool = False
    ) -> Style:
        """Return the style of a role on the background of another; ``line`` underlines."""
        key = (ink, ground, bold, line)
        found = self._styles.get(key)
        if found is None:
            found = Style(
                color=self._colors[ink],
                bgcolor=self._colors[ground],
                bold=bold or None,
                underline=line or None,
            )
            self._styles[key] = found
        return found


_CACHE: dict[str, Inks] = {}


def inks_of(app: App[Any]) -> Inks:
    """Return the styles of the theme that the app wears now."""
    name = app.theme
    found = _CACHE.get(name)
    if found is None:
        found = _CACHE[name] = Inks(name, app.theme_variables)
    return found


def plain(text: str) -> str:
    """Return text without anything that could steer a terminal; line ends stay."""
    if text.isprintable():
        return text
    return "".join(char for char in text if char == "\n" or char.isprintable())


def fit(text: str, width: int) -> str:
    """Return ``text`` in at most ``width`` cells; what is cut ends in an ellipsis."""
    if not text.isprintable():
        text = plain(text).replace("\n", " ")
    if cell_len(text) <= width:
        return text
    if width <= 1:
        return "…"[:width]
    return set_cell_size(text, width - 1).rstrip() + "…"


class Line:
    """Builds one line from left to right and ends it at a given width."""

    __slots__ = ("_inks", "_segments", "ground", "used", "width")

    def __init__(self, inks: Inks, width: int, ground: str = "ground") -> None:
        self._inks = inks
        self._segments: list[Segment] = []
        self.ground = ground
        self.used = 0
        self.width = max(width, 0)

    @property
    def left_over(self) -> int:
        """Cells still free."""
        return self.width - self.used

    def put(
        self,
        text: str,
        ink: str = "ink",
        *,
        bold: bool = False,
        ground: str = "",
        line: bool = False,
    ) -> Line:
        """Add text as it is; what does not fit is cut."""
        room = self.left_over
        if room <= 0 or not text:
            return self
        shown = fit(text, room)
        style = self._inks.style(ink, ground or self.ground, bold=bold, line=line)
        self._segments.append(Segment(shown, style))
        self.used += cell_len(shown)
        return self

    def cell(self, cell: Cell, width: int, *, right: bool = False, ground: str = "") -> Line:
        """Add a cell of exactly ``width``; the padding keeps the ground of the line."""
        shown = fit(cell.text, width)
        pad = " " * (width - cell_len(shown))
        if right:
            self.put(pad, ground=self.ground)
        self.put(shown, cell.ink, bold=cell.bold, ground=ground)
        if not right:
            self.put(pad, ground=self.ground)
        return self

    def to(self, column: int) -> Line:
        """Fill with blanks up to a column."""
        if column > self.used:
            self.put(" " * (min(column, self.width) - self.used))
        return self

    def end(self, *cells: Cell) -> Line:
        """Put cells at the right edge; they win over nothing that is there already."""
        total = sum(cell_len(cell.text) for cell in cells)
        if total <= self.left_over:
            self.to(self.width - total)
            for cell in cells:
                self.put(cell.text, cell.ink, bold=cell.bold)
        return self

    def strip(self) -> Strip:
        """Return the finished line, its runs merged."""
        self.to(self.width)
        return Strip(Segment.simplify(self._segments), self.width)
