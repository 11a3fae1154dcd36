"""The bottom line as a place to type: commands after a colon, words after a slash.

All its keys come through the screen, one after the other.  A widget that gets them by being
focused would get them in a queue of its own: what is typed at once, or pasted, would come
apart between the two.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal
from textual.content import Content
from textual.events import Event, Key, Paste
from textual.suggester import Suggester
from textual.widgets import Input, Static
from textual.widgets.input import Selection

MAX_HISTORY = 200
_EDITS = {
    key.strip(): binding.action
    for binding in Input.BINDINGS
    if isinstance(binding, Binding)
    for key in binding.key.split(",")
}
"""What the keys that write nothing do to a line, as in every input."""


class WordSuggester(Suggester):
    """Completes the last word of a line from words that may stand there."""

    def __init__(self, words: Callable[[list[str]], Iterable[str]]) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._words = words

    async def get_suggestion(self, value: str) -> str | None:
        """Return the line with its last word completed."""
        *before, last = value.split(" ")
        if not last:
            return None
        for word in self._words(before):
            if word.casefold().startswith(last.casefold()) and len(word) > len(last):
                return value + word[len(last) :]
        return None


class Typist(Protocol):
    """Who the line is typed for; ``sign`` says what it is."""

    def line_typed(self, sign: str, text: str) -> None:
        """Take a line that changed and is not finished."""
        ...

    def line_entered(self, sign: str, text: str) -> None:
        """Take a finished line."""
        ...

    def line_left(self, sign: str) -> None:
        """Go on without an answer."""
        ...


class Line(Input):
    """The input; its keys and pastes go to the screen, which gives them back in order."""

    def _forward_event(self, event: Event) -> None:
        if isinstance(event, (Key, Paste)):
            self.screen._forward_event(event)
        else:
            super()._forward_event(event)


class CommandBar(Horizontal):
    """One input with a sign before it; hidden while nothing is typed."""

    def __init__(self, words: Callable[[list[str]], Iterable[str]], typist: Typist) -> None:
        super().__init__(id="command")
        self.sign = ":"
        self.history: list[str] = []
        self._at = 0
        self._typist = typist
        self._suggester = WordSuggester(words)
        self._box = Line(
            id="command-input", suggester=self._suggester, compact=True, select_on_focus=False
        )

    def compose(self) -> ComposeResult:
        """Lay out the sign and the input."""
        yield Static(Content(":"), id="command-sign", markup=False)
        yield self._box

    def open(self, sign: str, text: str = "", placeholder: str = "") -> None:
        """Show the bar and start typing.

        A text that stands there is replaced by typing, unless it ends in a blank: then it is
        the beginning of the line.
        """
        self.sign = sign
        self.display = True
        self.query_one("#command-sign", Static).update(Content(sign))
        box = self._box
        box.suggester = self._suggester if sign == ":" else None
        box.placeholder = placeholder
        box.value = text
        is_beginning = text.endswith(" ")
        box.selection = Selection(len(text) if is_beginning else 0, len(text))
        self._at = len(self.history)
        self.screen.set_focus(box)

    async def take(self, event: Key) -> None:
        """Do what a key does to the line."""
        box, before = self._box, self._box.value
        if event.key == "enter":
            self._enter()
        elif event.key == "escape":
            self.close()
            self._typist.line_left(self.sign)
        elif event.key in ("up", "down"):
            self._go(-1 if event.key == "up" else 1)
        elif event.key == "tab":
            box.action_cursor_right()
        elif event.character and event.is_printable:
            self.insert(event.character)
            return
        elif event.key in _EDITS:
            await self.app.run_action(_EDITS[event.key], box)
        self._tell_change(before)

    def insert(self, text: str) -> None:
        """Write at the cursor, in the place of what is selected."""
        before = self._box.value
        self._box.replace(text, *self._box.selection)
        self._tell_change(before)

    def _tell_change(self, before: str) -> None:
        if self.display and self._box.value != before:
            self._typist.line_typed(self.sign, self._box.value)

    def close(self) -> None:
        """Hide the bar."""
        self.display = False

    def _enter(self) -> None:
        text = self._box.value.strip()
        if text and self.sign == ":":
            self.history = [*[old for old in self.history if old != text], text][-MAX_HISTORY:]
        self.close()
        self._typist.line_entered(self.sign, text)

    def _go(self, step: int) -> None:
        if self.sign != ":" or not self.history:
            return
        self._at = min(max(self._at + step, 0), len(self.history))
        text = self.history[self._at] if self._at < len(self.history) else ""
        self._box.value = text
        self._box.cursor_position = len(text)
