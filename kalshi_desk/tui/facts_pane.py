"""A pane of short lines to read: labels with numbers, sentences, lists."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence

from textual.strip import Strip

from kalshi_desk.tui.ink import Cell, plain
from kalshi_desk.tui.lines import Lines
from kalshi_desk.tui.virtual_table import WHEEL_ROWS

Fact = tuple[Cell, ...]
"""One line: cells from left to right; a cell after ``GAP`` stands at the right edge."""
GAP = Cell("\t")


def labelled(label: str, value: str, ink: str = "ink", *, bold: bool = False) -> Fact:
    """Return a label with a number at the right edge."""
    return (Cell(label, "muted"), GAP, Cell(value, ink, bold))


def heading(text: str) -> Fact:
    """Return a line that names what follows."""
    return (Cell(text, "faint"),)


def sentence(text: str, width: int, ink: str = "ink", *, indent: str = "") -> list[Fact]:
    """Return a text in lines of at most ``width`` cells."""
    lines = textwrap.wrap(
        plain(text).replace("\n", " "),
        max(width, 12),
        initial_indent=indent,
        subsequent_indent=" " * len(indent),
    )
    return [(Cell(line, ink),) for line in lines]


class FactsPane(Lines):
    """Lines with a title; cursor keys scroll them."""

    def __init__(self, name: str, title: str) -> None:
        super().__init__(name)
        self.title = title
        self.facts: tuple[Fact, ...] = ()
        self.right: tuple[Cell, ...] = ()
        self.top = 0

    @property
    def page(self) -> int:
        """How many lines are visible below the title."""
        return max(self.size.height - 1, 1)

    @property
    def room(self) -> int:
        """How many cells a line of text has."""
        return max(self.size.width - 3, 12)

    def show(self, facts: Iterable[Fact], *, right: Sequence[Cell] = ()) -> None:
        """Take what to show."""
        new = tuple(facts)
        if (new, tuple(right)) != (self.facts, self.right):
            self.facts, self.right = new, tuple(right)
            self._clamp()
            self.refresh()

    def move(self, delta: int) -> None:
        """Scroll by lines."""
        self.top += delta
        self._clamp()
        self.refresh()

    def _clamp(self) -> None:
        self.top = min(max(self.top, 0), max(len(self.facts) - self.page, 0))

    def line(self, y: int) -> Strip:
        """Draw the title or a line."""
        if y == 0:
            below = len(self.facts) - self.top - self.page
            more = (Cell(f" ↓ {below} more ", "muted"),) if below > 0 else ()
            return self.head(self.title, *self.right, *more)
        line = self.new_line().put("  ")
        at = self.top + y - 1
        if at >= len(self.facts):
            return line.strip()
        cells = self.facts[at]
        left: Fact = cells
        right: Fact = ()
        if GAP in cells:
            gap = cells.index(GAP)
            left, right = cells[:gap], (*cells[gap + 1 :], Cell(" "))
        for cell in left:
            line.put(cell.text, cell.ink, bold=cell.bold)
        return line.end(*right).strip()

    def on_resize(self) -> None:
        """Keep the last lines in sight."""
        self._clamp()

    def on_mouse_scroll_down(self) -> None:
        """Scroll towards the end."""
        self.move(WHEEL_ROWS)

    def on_mouse_scroll_up(self) -> None:
        """Scroll towards the start."""
        self.move(-WHEEL_ROWS)
