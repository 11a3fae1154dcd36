"""A short list to choose one thing from; arrows or a letter move, Enter chooses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, NamedTuple, TypeVar

from textual import events
from textual.strip import Strip

from kalshi_desk.tui.ink import Line
from kalshi_desk.tui.list_dialog import LINES_AN_ITEM, ListDialog, TwoLineList
from kalshi_desk.tui.ticket_form import ARM_GUARD_S

T = TypeVar("T")


class Choice(NamedTuple, Generic[T]):
    """A letter, what it stands for, its name, and what it means."""

    key: str
    value: T
    name: str
    meaning: str


class Choices(TwoLineList, Generic[T]):
    """The choices; the present one is marked."""

    def __init__(self, choices: Sequence[Choice[T]], now: T, now_word: str = "now") -> None:
        super().__init__("choice-list")
        self.choices = tuple(choices)
        self.now = now
        self.now_word = now_word
        self.index = next((n for n, c in enumerate(self.choices) if c.value == now), 0)
        self.styles.height = LINES_AN_ITEM * len(self.choices)

    @property
    def count(self) -> int:
        """How many choices there are."""
        return len(self.choices)

    def name_line(self, line: Line, index: int, *, is_here: bool) -> Strip:
        """Draw the letter and the name of a choice."""
        choice = self.choices[index]
        line.put(choice.key, "you", bold=True).put(f"  {choice.name}", "ink", bold=is_here)
        if choice.value == self.now:
            line.put(f"  {self.now_word}", "good")
        return line.strip()

    def detail_line(self, line: Line, index: int) -> Strip:
        """Draw what a choice means."""
        return line.put("      ").put(self.choices[index].meaning, "muted").strip()


class ChoiceDialog(ListDialog[T | None, Choices[T]], Generic[T]):
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
        hint = "↑ ↓ choose · Enter takes it · Esc leaves it as it is"
        super().__init__(title, Choices(choices, now, now_word), hint)
        self._clock_s = clock_s
        self._opened_s = clock_s()

    def on_key(self, event: events.Key) -> None:
        """Move, choose or step back."""
        event.stop()
        found, count = self.list, self.list.count
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
