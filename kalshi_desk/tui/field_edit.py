"""One field being typed in, as a state machine: its text, its cursor, and what it may hold."""

from __future__ import annotations

from dataclasses import dataclass

from textual import events

MAX_TYPED = 60
_LET_THROUGH = frozenset({"X", "A"})
"""Panic and AUTO work while a number is typed: no number holds them."""


@dataclass(slots=True)
class FieldEdit:
    """What is typed for one key; ``fresh`` means that typing replaces the text.

    With ``choices`` nothing is typed: arrows and space go from one to the next.  ``recent``
    are texts that up and down write.
    """

    key: str
    text: str
    choices: tuple[str, ...] = ()
    is_number: bool = False
    fresh: bool = True
    recent: tuple[str, ...] = ()
    at: int = 0
    problem: str = ""
    most: int = MAX_TYPED

    def __post_init__(self) -> None:
        self.at = len(self.text)

    def take(self, event: events.Key) -> bool:
        """Do what a key does to the text; False when it is none of a field's keys.

        Enter and Escape are left to whoever opened the field.
        """
        key = event.key
        if self.choices:
            return self._choose(key)
        if self.is_number and key in _LET_THROUGH:
            return False
        if key in ("up", "down") and self.recent:
            self._recall(-1 if key == "up" else 1)
        elif event.character and event.is_printable:
            self.insert(event.character)
        elif key == "backspace":
            self._erase()
        elif key == "delete":
            self._cut(self.at, self.at + 1)
        elif key == "ctrl+u":
            self._cut(0, len(self.text))
        elif key in ("left", "right", "home", "end"):
            moves = {"left": self.at - 1, "right": self.at + 1, "home": 0, "end": len(self.text)}
            self.at = min(max(moves[key], 0), len(self.text))
            self.fresh = False
        return True

    def insert(self, text: str) -> None:
        """Write at the cursor, or over a text that was not touched yet."""
        if self.choices:
            return
        if self.fresh:
            self.text, self.at = "", 0
        text = "".join(char for char in text if char.isprintable())[: self.most - len(self.text)]
        self.text = self.text[: self.at] + text + self.text[self.at :]
        self.at += len(text)
        self._changed()

    def _erase(self) -> None:
        if self.fresh:
            self._cut(0, len(self.text))
        elif self.at:
            self.at -= 1
            self._cut(self.at, self.at + 1)

    def _cut(self, start: int, end: int) -> None:
        self.text = self.text[:start] + self.text[end:]
        self.at = min(self.at, start)
        self._changed()

    def _choose(self, key: str) -> bool:
        step = {"left": -1, "up": -1, "h": -1, "k": -1}.get(key)
        if step is None and key in ("right", "down", "l", "j", "space", "tab"):
            step = 1
        if step is None:
            return key not in _LET_THROUGH
        at = self.choices.index(self.text) if self.text in self.choices else -step
        self.text = self.choices[(at + step) % len(self.choices)]
        self._changed()
        return True

    def _recall(self, step: int) -> None:
        at = self.recent.index(self.text) if self.text in self.recent else -step
        self.text = self.recent[(at + step) % len(self.recent)]
        self.at = len(self.text)
        self._changed()

    def _changed(self) -> None:
        self.fresh, self.problem = False, ""

    def shown(self, width: int) -> str:
        """Return the text with its cursor in at most ``width`` cells, the cursor in sight."""
        if self.choices:
            return f"‹ {self.text} ›"
        text = self.text[: self.at] + "▏" + self.text[self.at :]
        if len(text) <= width:
            return text
        start = min(max(self.at - width + 2, 0), len(text) - width)
        return text[start : start + width]
