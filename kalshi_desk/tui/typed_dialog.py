"""A confirmation that Enter alone cannot give: a word has to be typed out."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from kalshi_desk.tui.dialogs import FactsDialog
from kalshi_desk.tui.layout import is_too_small
from kalshi_desk.tui.ticket_form import ARM_GUARD_S


class TypedDialog(FactsDialog[bool]):
    """The list of what will happen with real money; only the word and then Enter do it."""

    rows_below = 3

    def __init__(
        self, verb: str, facts: Sequence[str], word: str, clock_s: Callable[[], float]
    ) -> None:
        super().__init__(classes="dialog")
        self.verb = verb
        self.facts = facts
        self.word = word
        self.typed = ""
        self._clock_s = clock_s
        self._opened_s = clock_s()

    def compose(self) -> ComposeResult:
        """Lay out the list and the place for the word."""
        with Vertical(classes="dialog-body -live") as body:
            body.border_title = Content(self.verb)
            yield Static(markup=False, classes="dialog-text")
            yield Static(self._strip(), markup=False, classes="dialog-strip")

    def _strip(self) -> Content:
        ready = " · Enter does it" if self.typed == self.word else ""
        return Content(
            f"REAL MONEY: {self.verb}\nType {self.word} to confirm: {self.typed}▏{ready}\nEsc back"
        )

    def on_resize(self) -> None:
        """Step back when the terminal gets too small to read what would be done."""
        super().on_resize()
        if is_too_small(self.app.size):
            self.dismiss(False)

    def on_key(self, event: events.Key) -> None:
        """Take the word letter by letter; Enter does it once the word stands there."""
        event.stop()
        if event.key == "escape":
            self.dismiss(False)
        elif event.key == "enter":
            is_guarded = self._clock_s() - self._opened_s < ARM_GUARD_S
            if self.typed == self.word and not is_guarded:
                self.dismiss(True)
        elif event.key == "backspace":
            self.typed = self.typed[:-1]
        elif event.character and event.is_printable and len(self.typed) < len(self.word):
            self.typed += event.character.upper()
        self.query_one(".dialog-strip", Static).update(self._strip())
