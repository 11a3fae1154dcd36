"""The bottom line as a place to type: commands after a colon, words after a slash."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.events import Key
from textual.message import Message
from textual.suggester import Suggester
from textual.widgets import Input, Static

MAX_HISTORY = 200


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


class CommandBar(Horizontal):
    """One input with a sign before it; hidden while nothing is typed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", show=False),
        Binding("up", "older", show=False),
        Binding("down", "newer", show=False),
        Binding("tab", "complete", show=False),
    ]

    class Entered(Message):
        """A line was finished; ``sign`` says what it is."""

        def __init__(self, sign: str, text: str) -> None:
            super().__init__()
            self.sign = sign
            self.text = text

    class Typed(Message):
        """A line changed; no kind of ``Entered``, whose handlers would take it for finished."""

        def __init__(self, sign: str, text: str) -> None:
            super().__init__()
            self.sign = sign
            self.text = text

    class Closed(Message):
        """The bar was left without an answer."""

        def __init__(self, sign: str) -> None:
            super().__init__()
            self.sign = sign

    def __init__(self, words: Callable[[list[str]], Iterable[str]]) -> None:
        super().__init__(id="command")
        self.sign = ":"
        self.history: list[str] = []
        self._at = 0
        self._suggester = WordSuggester(words)

    def compose(self) -> ComposeResult:
        """Lay out the sign and the input."""
        yield Static(Content(":"), id="command-sign", markup=False)
        yield Input(id="command-input", suggester=self._suggester, compact=True)

    def open(self, sign: str, text: str = "", placeholder: str = "") -> None:
        """Show the bar and start typing."""
        self.sign = sign
        self.display = True
        self.query_one("#command-sign", Static).update(Content(sign))
        box = self.query_one(Input)
        box.suggester = self._suggester if sign == ":" else None
        box.placeholder = placeholder
        with self.prevent(Input.Changed):
            box.value = text
        box.cursor_position = len(text)
        self._at = len(self.history)
        box.focus()

    def feed(self, event: Key) -> None:
        """Take a key that was typed before the input had the focus."""
        box = self.query_one(Input)
        if event.character and event.is_printable:
            box.insert_text_at_cursor(event.character)
        elif event.key == "enter":
            self._submit(box.value)
        elif event.key == "escape":
            self.action_cancel()

    def close(self) -> None:
        """Hide the bar."""
        self.display = False

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._submit(event.value)

    def _submit(self, value: str) -> None:
        text = value.strip()
        if text and self.sign == ":":
            self.history = [*[old for old in self.history if old != text], text][-MAX_HISTORY:]
        self.close()
        self.post_message(self.Entered(self.sign, text))

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Typed(self.sign, event.value))

    def action_cancel(self) -> None:
        """Leave without an answer."""
        self.close()
        self.post_message(self.Closed(self.sign))

    def action_older(self) -> None:
        """Bring back an earlier command."""
        self._go(-1)

    def action_newer(self) -> None:
        """Go forward to a later command."""
        self._go(1)

    def action_complete(self) -> None:
        """Take the completion."""
        self.query_one(Input).action_cursor_right()

    def _go(self, step: int) -> None:
        if self.sign != ":" or not self.history:
            return
        self._at = min(max(self._at + step, 0), len(self.history))
        text = self.history[self._at] if self._at < len(self.history) else ""
        box = self.query_one(Input)
        box.value = text
        box.cursor_position = len(text)
