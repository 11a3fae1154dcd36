"""The frame of every dialog that asks for one thing of a list: title, list, cursor, keys."""

from __future__ import annotations

from typing import Generic, TypeVar

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ScreenResultType
from textual.strip import Strip
from textual.widgets import Static

from kalshi_desk.tui.dialogs import Modal
from kalshi_desk.tui.ink import Line, plain
from kalshi_desk.tui.layout import is_too_small
from kalshi_desk.tui.lines import Lines

LINES_AN_ITEM = 2


class TwoLineList(Lines):
    """Items of two lines each, with a cursor; ``above`` lines stand over the first of them."""

    above = 0

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.index = 0

    @property
    def count(self) -> int:
        """How many items there are."""
        raise NotImplementedError

    def top_line(self, y: int) -> Strip:
        """Draw a line that stands over the items."""
        raise NotImplementedError

    def name_line(self, line: Line, index: int, *, is_here: bool) -> Strip:
        """Draw the first line of an item behind the cursor's mark."""
        raise NotImplementedError

    def detail_line(self, line: Line, index: int) -> Strip:
        """Draw the second line of an item."""
        raise NotImplementedError

    def line(self, y: int) -> Strip:
        """Draw a line above, or one of the two of an item."""
        if y < self.above:
            return self.top_line(y)
        index, below = divmod(y - self.above, LINES_AN_ITEM)
        if index >= self.count:
            return self.new_line("head").strip()
        is_here = index == self.index
        line = self.new_line("cursor" if is_here else "head")
        if below:
            return self.detail_line(line, index)
        line.put(" ▸ " if is_here else "   ", "you", bold=True)
        return self.name_line(line, index, is_here=is_here)

    def on_click(self, event: events.Click) -> None:
        """Move the cursor to the item under the mouse."""
        if event.y >= self.above and self.count:
            self.index = min((event.y - self.above) // LINES_AN_ITEM, self.count - 1)
            self.refresh()


ListT = TypeVar("ListT", bound=TwoLineList)


class ListDialog(Modal[ScreenResultType], Generic[ScreenResultType, ListT]):
    """Asks for one thing of a list; ``hint`` says the keys."""

    def __init__(self, heading: str, shown: ListT, hint: str) -> None:
        super().__init__(classes="dialog")
        self.heading = heading
        self.list = shown
        self.hint = hint

    def compose(self) -> ComposeResult:
        """Lay out the list and the keys."""
        with Vertical(classes="dialog-body") as body:
            body.border_title = Content(plain(self.heading))
            yield self.list
            yield Static(Content(self.hint), markup=False, classes="dialog-hint")

    def on_resize(self) -> None:
        """Step back when the terminal gets too small to read what would be chosen."""
        if is_too_small(self.app.size):
            self.dismiss(None)
