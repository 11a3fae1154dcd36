"""What stands over the Desk until it is answered: confirmations, leaving, and texts to read."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen, ScreenResultType
from textual.strip import Strip
from textual.widgets import Static

from kalshi_desk.tui.ink import fit, plain
from kalshi_desk.tui.layout import is_too_small
from kalshi_desk.tui.lines import Lines
from kalshi_desk.tui.settings import ExitChoice
from kalshi_desk.tui.ticket_form import ARM_GUARD_S

MAX_LISTED = 10
LISTED_WIDTH = 60
MAX_SHEET = 100
MAX_DIALOG = 66
LOOK_AGAIN_S = 0.5


def sheet_width(terminal_width: int) -> int:
    """Return how many cells a line of a sheet has, as its style sheet sizes it."""
    return min(terminal_width * 94 // 100, MAX_SHEET) - 8


class Modal(ModalScreen[ScreenResultType]):
    """What stands over the Desk and is answered once.

    A second answer, from a key that came before the first one took it away, would take away
    the Desk below it.
    """

    is_answered = False

    def dismiss(self, result: ScreenResultType | None = None) -> AwaitComplete:
        """Close with an answer, unless it has one or something else stands over it."""
        if self.is_answered or not self.is_current:
            return AwaitComplete()
        self.is_answered = True
        return super().dismiss(result)


def room_for(facts: Sequence[str], width: int, rows: int) -> list[str]:
    """Return as many lines of facts as fit, the last of them saying how many are left out.

    Sentences are wrapped; what is listed below them keeps to its line.
    """
    lines: list[str] = []
    for fact in facts:
        listed_one = fact.startswith("  ")
        lines += [fit(fact, width)] if listed_one else textwrap.wrap(fact, width) or [""]
    if len(lines) <= rows:
        return lines
    kept = lines[: max(rows - 1, 0)]
    return [*kept, f"  … {len(lines) - len(kept)} more lines"] if rows > 0 else []


class FactsDialog(Modal[ScreenResultType]):
    """Facts above what can be answered; a small terminal shortens them, never the answers."""

    facts: Sequence[str]
    rows_below: int

    def on_resize(self) -> None:
        """Give the facts the rows that the answers leave."""
        width, height = self.app.size
        rows = height * 94 // 100 - 4 - self.rows_below
        lines = room_for(self.facts, min(width * 96 // 100, MAX_DIALOG) - 6, rows)
        text = self.query_one(".dialog-text", Static)
        text.display = rows > 0
        text.update(Content(plain("\n".join(lines))))


class TextSheet(Modal[None]):
    """A text to read and to leave unchanged: the rules of a market, the help."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter,d,question_mark,f1", "dismiss", "close", show=False),
        Binding("j", "scroll(1)", show=False),
        Binding("k", "scroll(-1)", show=False),
    ]

    def __init__(self, title: str, text: Content) -> None:
        super().__init__(classes="sheet")
        self.sheet_title = title
        self.text = text

    def compose(self) -> ComposeResult:
        """Lay out the text in a frame."""
        body = VerticalScroll(Static(self.text, markup=False), classes="sheet-body")
        body.border_title = Content(plain(self.sheet_title))
        body.border_subtitle = Content("↑ ↓ scroll · Esc closes")
        yield body

    def on_mount(self) -> None:
        """Let the arrow keys scroll the text."""
        self.query_one(VerticalScroll).focus()

    def action_scroll(self, rows: int) -> None:
        """Scroll by rows."""
        self.query_one(VerticalScroll).scroll_relative(y=rows, animate=False)

    def on_click(self, event: events.Click) -> None:
        """Close on a click beside the sheet."""
        if event.widget is self:
            self.dismiss()


class ConfirmDialog(FactsDialog[bool]):
    """The list of what will happen; opened armed, deaf for 150 ms, Enter does it."""

    rows_below = 2

    def __init__(
        self, verb: str, facts: Sequence[str], clock_s: Callable[[], float], *, is_live: bool
    ) -> None:
        super().__init__(classes="dialog")
        self.verb = verb
        self.facts = facts
        self.is_live = is_live
        self._clock_s = clock_s
        self._opened_s = clock_s()

    def compose(self) -> ComposeResult:
        """Lay out the list and the armed strip."""
        go = f"{'REAL MONEY: ' if self.is_live else ''}{self.verb}"
        with Vertical(classes="dialog-body -live" if self.is_live else "dialog-body") as body:
            body.border_title = Content(self.verb)
            yield Static(markup=False, classes="dialog-text")
            yield Static(
                Content(f"{go}\nEnter does it · Esc back"), markup=False, classes="dialog-strip"
            )

    def on_resize(self) -> None:
        """Step back when the terminal gets too small to read what would be done."""
        super().on_resize()
        if is_too_small(self.app.size):
            self.dismiss(False)

    def on_key(self, event: events.Key) -> None:
        """Do it on Enter once the guard has passed, step back on Escape."""
        event.stop()
        if event.key == "escape":
            self.dismiss(False)
        elif event.key == "enter" and self._clock_s() - self._opened_s >= ARM_GUARD_S:
            self.dismiss(True)


def listed(names: Sequence[str]) -> list[str]:
    """Return at most ten lines, and how many more there are."""
    shown = [fit(f"  {name}", LISTED_WIDTH) for name in names[:MAX_LISTED]]
    return shown if len(names) <= MAX_LISTED else [*shown, f"  … {len(names) - MAX_LISTED} more"]


_CHOICES: tuple[tuple[str, ExitChoice, str, str], ...] = (
    ("d", ExitChoice.DETACH, "Detach", "the engine keeps running, orders stay as they are"),
    ("l", ExitChoice.LEAVE, "Stop, leave orders", "orders stay at the exchange without a desk"),
    ("c", ExitChoice.CANCEL, "Stop, cancel orders", "positions are kept"),
    ("f", ExitChoice.FLATTEN, "Stop, flatten", "cancel all orders, then sell what is held"),
)


class ChoiceList(Lines):
    """The ways to leave, one per two lines, with a cursor."""

    def __init__(self) -> None:
        super().__init__("choices")
        self.index = 0

    def line(self, y: int) -> Strip:
        """Draw a choice or what it means."""
        index, below = divmod(y, 2)
        if index >= len(_CHOICES):
            return self.new_line("head").strip()
        key, _, name, meaning = _CHOICES[index]
        is_here = index == self.index
        line = self.new_line("cursor" if is_here else "head")
        if below:
            return line.put("      ").put(meaning, "muted").strip()
        line.put(" ▸ " if is_here else "   ", "you", bold=True)
        return line.put(key, "you", bold=True).put(f"  {name}", "ink", bold=is_here).strip()

    def on_click(self, event: events.Click) -> None:
        """Move the cursor to the choice under the mouse."""
        self.index = min(event.y // 2, len(_CHOICES) - 1)
        self.refresh()


class QuitDialog(FactsDialog[ExitChoice | None]):
    """Asks how to leave, with what is open in sight; Enter answers, a letter moves there."""

    rows_below = 10

    def __init__(
        self, facts_now: Callable[[], Sequence[str]], clock_s: Callable[[], float]
    ) -> None:
        super().__init__(classes="dialog")
        self.facts = facts_now()
        self._facts_now = facts_now
        self._clock_s = clock_s
        self._opened_s = clock_s()

    def compose(self) -> ComposeResult:
        """Lay out what is open, the choices and the keys."""
        with Vertical(classes="dialog-body") as body:
            body.border_title = Content("Leave the desk")
            yield Static(markup=False, classes="dialog-text")
            yield ChoiceList()
            yield Static(
                Content("↑ ↓ choose · Enter leaves · Esc stays"),
                markup=False,
                classes="dialog-hint",
            )

    def on_mount(self) -> None:
        """Keep what is open up to date: an order may fill while one thinks."""
        self.set_interval(LOOK_AGAIN_S, self._look_again)

    def _look_again(self) -> None:
        now = self._facts_now()
        if now != self.facts:
            self.facts = now
            self.on_resize()

    def on_key(self, event: events.Key) -> None:
        """Move, choose or stay."""
        event.stop()
        choices = self.query_one(ChoiceList)
        in_sight = self.query_one(".dialog-body").content_region.contains_region(choices.region)
        letters = [choice[0] for choice in _CHOICES]
        if event.key == "escape":
            self.dismiss(None)
        elif event.key in ("up", "k"):
            choices.index = (choices.index - 1) % len(_CHOICES)
        elif event.key in ("down", "j", "tab"):
            choices.index = (choices.index + 1) % len(_CHOICES)
        elif event.key in letters:
            choices.index = letters.index(event.key)
        elif event.key == "enter" and self._clock_s() - self._opened_s >= ARM_GUARD_S:
            # Out of sight only the choice that changes nothing can be made.
            self.dismiss(_CHOICES[choices.index if in_sight else 0][1])
        choices.refresh()
