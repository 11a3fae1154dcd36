"""A page: what a message says and the buttons below it, before it becomes Telegram's objects."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from kalshi_desk.core.text import clean
from kalshi_desk.telegram.markup import Html

DATA_BYTES = 64
LABEL_CHARACTERS = 48
ROWS = 8
"""How many entries of a list one page shows."""


@dataclass(frozen=True, slots=True)
class Button:
    """A button: its label and what it sends back, at most 64 bytes."""

    label: str
    data: str

    @property
    def is_sendable(self) -> bool:
        """Whether Telegram takes it."""
        return len(self.data.encode()) <= DATA_BYTES


@dataclass(frozen=True, slots=True)
class Page:
    """The text of a message and its rows of buttons."""

    text: Html
    rows: tuple[tuple[Button, ...], ...] = ()

    @property
    def keyboard(self) -> InlineKeyboardMarkup | None:
        """The buttons as Telegram wants them, None without any."""
        if not self.rows:
            return None
        return InlineKeyboardMarkup(
            [[_button(button) for button in row] for row in self.rows if row]
        )


def _button(button: Button) -> InlineKeyboardButton:
    if not button.is_sendable:
        raise ValueError(f"a button's data is too long: {button.data!r}")
    label = clean(button.label, LABEL_CHARACTERS + 1)
    if len(label) > LABEL_CHARACTERS:
        label = f"{label[: LABEL_CHARACTERS - 1]}…"
    return InlineKeyboardButton(label or "·", callback_data=button.data)


def in_rows(buttons: Iterable[Button], width: int = 2) -> tuple[tuple[Button, ...], ...]:
    """Return buttons in rows of ``width``."""
    found = list(buttons)
    return tuple(tuple(found[at : at + width]) for at in range(0, len(found), width))


def page_of(rows: Sequence[str], number: int) -> tuple[Sequence[str], int, int]:
    """Return the entries of one page of a list, the number of that page, and how many there are."""
    pages = max(1, -(-len(rows) // ROWS))
    shown = min(max(number, 0), pages - 1)
    return rows[shown * ROWS : (shown + 1) * ROWS], shown, pages
