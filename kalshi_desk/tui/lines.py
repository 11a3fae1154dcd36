"""The base of everything that is drawn line by line: one widget, no children, own scrolling."""

from __future__ import annotations

from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from kalshi_desk.tui.ink import Cell, Inks, Line, fit, inks_of


class Lines(Widget):
    """A widget whose lines are made by ``line``; ``is_late`` dims what it shows."""

    def __init__(self, name: str) -> None:
        super().__init__(id=name)
        self.late_text = ""
        self.is_current = False

    @property
    def inks(self) -> Inks:
        """The styles of the theme in use."""
        return inks_of(self.app)

    def line(self, y: int) -> Strip:
        """Return line ``y`` of the widget, exactly as wide as it."""
        raise NotImplementedError

    def render_line(self, y: int) -> Strip:
        """Give Textual one line."""
        return self.line(y)

    def new_line(self, ground: str = "ground") -> Line:
        """Return an empty line builder of the widget's width."""
        return Line(self.inks, self.size.width, ground)

    def refresh_line(self, y: int) -> None:
        """Repaint one line only."""
        if 0 <= y < self.size.height:
            self.refresh(Region(0, y, self.size.width, 1))

    def set_late(self, text: str) -> None:
        """Say how late the pane is and dim it; an empty text means that it is fresh."""
        if text != self.late_text:
            was_late = bool(self.late_text)
            self.late_text = text
            if was_late != bool(text):
                self.set_class(bool(text), "-late")
                self.forget_strips()
                self.refresh()
            else:
                self.refresh_line(0)

    def forget_strips(self) -> None:
        """Drop whatever was drawn for another theme or width."""

    def notify_style_update(self) -> None:
        """Draw everything again when the theme changes."""
        self.forget_strips()
        super().notify_style_update()

    def head(self, title: str, *right: Cell, is_name: bool = False) -> Strip:
        """Return the title line of a pane; the focused pane's is brighter and marked."""
        focused = self.is_current
        line = self.new_line("head-focus" if focused else "head")
        line.put("▎" if focused else " ", "you")
        if self.late_text:
            right = (Cell(f" late: {self.late_text} ", "caution"),)
        room = max(line.left_over - sum(len(cell.text) for cell in right), 8)
        line.put(
            fit(title, room), "ink" if focused or is_name else "muted", bold=focused or is_name
        )
        return line.end(*right).strip()

    def set_current(self, is_current: bool) -> None:
        """Show whether keys go to this pane.

        Panes never take Textual's focus: every key goes to the Desk first, in the order
        typed, also when a key moved to another pane and the next ones came at once.
        """
        if is_current != self.is_current:
            self.is_current = is_current
            self.forget_strips()
            self.refresh()
