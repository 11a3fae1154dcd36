"""A table whose selected row is told in full below it, and whose values can be edited in place."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping, Sequence
from typing import Generic, TypeVar

from textual import events
from textual.strip import Strip

from kalshi_desk.tui.board import Delta
from kalshi_desk.tui.columns import Column
from kalshi_desk.tui.field_edit import FieldEdit
from kalshi_desk.tui.ink import Cell, fit, plain
from kalshi_desk.tui.virtual_table import VirtualTable

R = TypeVar("R")
VALUE = "value"


class DetailTable(VirtualTable[R], Generic[R]):
    """Rows by key, with lines below that say what does not fit in a row."""

    FOOT, FOOT_FROM = 2, 7
    """How many lines, and from which height on there is room for them."""
    FOOT_TALL, TALL_FROM = 0, 16
    """The same for a table that has more to say when it has rows to spare."""

    def __init__(
        self, columns: Sequence[Column[R]], *, name: str, title: str, flashes: bool = False
    ) -> None:
        super().__init__(columns, name=name, title=title, flashes=flashes)
        self.note = ""

    def detail(self, row: R) -> str:
        """Return what is told of the selected row."""
        return ""

    def sync(self, rows: Mapping[str, R], kind: type[R]) -> None:
        """Take the rows as they are now; what is not among them is gone."""
        gone = tuple(key for key in self.rows if key not in rows)
        before = self.detail_text()
        # Only rows of the kind given come here; Delta is typed for all rows of a frame.
        self.apply(Delta(dict(rows), gone), kind)  # type: ignore[arg-type]
        if before != self.detail_text():
            self.refresh_foot()

    def on_resize(self) -> None:
        """Leave out the lines below where rows need the room."""
        height = self.size.height
        self.foot = self.FOOT if height >= self.FOOT_FROM else 0
        if height >= self.TALL_FROM:
            self.foot = max(self.foot, self.FOOT_TALL)
        super().on_resize()

    def detail_text(self) -> str:
        """Return the text below: of what was last done, else of the selected row."""
        row = self.current
        return self.note or (self.detail(row) if row is not None else "")

    def detail_ink(self) -> str:
        """Return the role of the text below."""
        return "caution" if self.note else "muted"

    def foot_line(self, y: int) -> Strip:
        """Draw the text below the rows, wrapped."""
        line = self.new_line("spread").put(" ")
        width = max(self.size.width - 2, 8)
        lines = textwrap.wrap(plain(self.detail_text()), width) or [""]
        if y < len(lines):
            text = lines[y] if y < self.foot - 1 else fit(" ".join(lines[y:]), width)
            line.put(text, self.detail_ink())
        return line.strip()

    def refresh_foot(self) -> None:
        """Draw the lines below again."""
        for n in range(self.foot):
            self.refresh_line(self.size.height - 1 - n)

    def say(self, note: str) -> None:
        """Show a note below until the cursor moves."""
        self.note = note
        self.refresh_foot()

    def _set_cursor(self, key: str) -> None:
        if key != self.cursor_key:
            self.note = ""
        super()._set_cursor(key)
        self.refresh_foot()


class EditTable(DetailTable[R], Generic[R]):
    """A table with one column of values; Enter opens the selected one, a second Enter sets it.

    ``set_value`` gets key and text and returns what is wrong with it, empty when it was taken.
    """

    def __init__(
        self,
        columns: Sequence[Column[R]],
        set_value: Callable[[str, str], str],
        *,
        name: str,
        title: str,
        value_title: str = VALUE,
    ) -> None:
        super().__init__(columns, name=name, title=title)
        self._set_value = set_value
        self._value_title = value_title
        self.edit: FieldEdit | None = None

    # --- what the subclasses say -------------------------------------------------------

    def begin(self, row: R, key: str) -> FieldEdit | None:
        """Return the field to open for a row, None when it can't be edited."""
        raise NotImplementedError

    def allowed(self, row: R) -> str:
        """Say what may be typed for a row."""
        return ""

    # --- editing -----------------------------------------------------------------------

    def open_edit(self) -> None:
        """Open the value under the cursor."""
        row = self.current
        if row is not None and self.edit is None:
            self.note = ""
            self.edit = self.begin(row, self.cursor_key)
            self._show_edit()

    def close_edit(self) -> None:
        """Leave the value as it was."""
        if self.edit is not None:
            self.edit = None
            self._show_edit()

    def takes(self, event: events.Key) -> bool:
        """Give a key to the open field; False when none is open or the key is not for it."""
        edit = self.edit
        if edit is None:
            return False
        if event.key == "escape":
            self.close_edit()
        elif event.key == "enter":
            edit.problem = self._set_value(edit.key, edit.text.strip())
            if not edit.problem:
                self.edit = None
            self._show_edit()
        elif edit.take(event):
            self._show_edit()
        else:
            return False
        return True

    def paste(self, text: str) -> bool:
        """Write a pasted text into the open field."""
        if self.edit is None:
            return False
        self.edit.insert(text)
        self._show_edit()
        return True

    def _show_edit(self) -> None:
        self._drop(self.cursor_key)
        self._refresh_key(self.cursor_key)
        self.refresh_foot()

    def move(self, delta: int) -> None:
        """Move the cursor; what was being typed is left."""
        self.close_edit()
        super().move(delta)

    def _set_cursor(self, key: str) -> None:
        # Also when the row went away, or the mouse took another one.
        if self.edit is not None and self.edit.key != key:
            before, self.edit = self.edit.key, None
            self._drop(before)
            self._refresh_key(before)
        super()._set_cursor(key)

    def value_cell(self, key: str, cell: Cell, width: int) -> Cell:
        """Return the cell of a value: as it is, or as it is being typed."""
        edit = self.edit
        if edit is None or edit.key != key:
            return cell
        return Cell(edit.shown(width), "ink", True)

    def ground_of_cell(self, key: str, column: Column[R]) -> str:
        """Mark the field that is open."""
        if self.edit is not None and self.edit.key == key and column.title == self._value_title:
            return "armed"
        return super().ground_of_cell(key, column)

    def detail_text(self) -> str:
        """Return what is wrong with what is typed, or what may be typed, or the row's detail."""
        row = self.current
        if self.edit is not None and row is not None:
            what = self.edit.problem or f"Allowed: {self.allowed(row)}."
            how = "← → choose, " if self.edit.choices else ""
            return f"{what} {how}Enter sets it, Esc leaves it."
        return super().detail_text()

    def detail_ink(self) -> str:
        """Return the role of the text below."""
        if self.edit is not None:
            return "risk" if self.edit.problem else "you"
        return super().detail_ink()
