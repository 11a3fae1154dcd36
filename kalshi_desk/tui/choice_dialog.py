"""A short list to choose one thing from; arrows or a letter move, Enter chooses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, NamedTuple, TypeVar

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.strip import Strip
from textual.widgets import Static

from kalshi_desk.tui.dialogs import Modal
from kalshi_desk.tui.ink import plain
from kalshi_desk.tui.layout import is_too_small
from kalshi_desk.tui.lines import Lines
from kalshi_desk.tui.ticket_form import ARM_GUARD_S

T = TypeVar("T")


class Choice(NamedTuple, Generic[T]):
    """A letter, what it stands for, its name, and what it means."""

    key: str
    value: T
    name: str
    meaning: str


class Choices(Lines, Generic[T]):
    """The choices, two lines each, with a cursor; the present one is marked."""

    def __init__(self, choices: Sequence[Choice[T]], now: T, now_word: str = "now") -> None:
        super().__init__("choice-list")
        self.choices = tuple(choices)
        self.now = now
        self.now_word = now_word
        self.index = next((n for n, c in enumerate(self.choices) if c.value == now), 0)
        self.styles.height = 2 * len(self.choices)

    def line(self, y: int) -> Strip:
        """Draw a choice or what it means."""
        index, below = divmod(y, 2)
        if index >= len(self.choices):
            return self.new_line("head").strip()
        choice, is_here = self.choices[index], index == self.index
        line = self.new_line("cursor" if is_here else "head")
        if below:
            return line.put("      ").put(choice.meaning, "muted").strip()
        line.put(" ▸ " if is_here else "   ", "you", bold=True)
        line.put(choice.key, "you", bold=True).put(f"  {choice.name}", "ink", bold=is_here)
        if choice.value == self.now:
            line.put(f"  {self.now_word}", "good")
        return line.strip()

    def on_click(self, event: events.Click) -> None:
        """Move the cursor to the choice under the mouse."""
        self.index = min(event.y // 2, len(self.choices) - 1)
        self.refresh()


class ChoiceDialog(Modal[T | None], Generic[T]):
    """Asks for one of a few things."""

    def __init__(
        self,
        title: str,
        choices: Sequence[Choice[T]],
        now: T,
        clock_s: Callable[[], float],
        *,
        now_word: str = "now",
    ) -> None:
        super().__init__(classes="dialog")
        self.heading = title
        self.list = Choices(choices, now, now_word)
        self._clock_s = clock_s
        self._opened_s = clock_s()

    def compose(self) -> ComposeResult:
        """Lay out the choices and the keys."""
        with Vertical(classes="dialog-body") as body:
            body.border_title = Content(plain(self.heading))
            yield self.list
            yield Static(
                Content("↑ ↓ choose · Enter takes it · Esc leaves it as it is"),
                markup=False,
                classes="dialog-hint",
            )

    def on_resize(self) -> None:
        """Step back when the terminal gets too small to read what would be chosen."""
        if is_too_small(self.app.size):
            self.dismiss(None)

    def on_key(self, event: events.Key) -> None:
        """Move, choose or step back."""
        event.stop()
        found, count = self.list, len(self.list.choices)
        letters = [choice.key for choice in found.choices]
        if event.key == "escape":
            self.dismiss(None)
        elif event.key in ("up", "k"):
            found.index = (found.index - 1) % count
        elif event.key in ("down", "j", "tab", "m"):
            found.index = (found.index + 1) % count
        elif event.key in letters:
            found.index = letters.index(event.key)
        elif event.key == "enter" and self._clock_s() - self._opened_s >= ARM_GUARD_S:
            self.dismiss(found.choices[found.index].value)
        found.refresh()
