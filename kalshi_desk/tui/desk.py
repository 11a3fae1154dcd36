"""What the screen and its keys may ask of the app: the seam between drawing and the link."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from kalshi_desk.desk.commands import Answer, Command, PlaceOrder, Query, Reply
from kalshi_desk.tui.board import Board
from kalshi_desk.tui.layout import Pane, ScreenName
from kalshi_desk.tui.pump import FramePump
from kalshi_desk.tui.settings import TuiSettings


class Desk(Protocol):
    """The app as its screen sees it."""

    board: Board
    pump: FramePump
    settings: TuiSettings

    @property
    def is_connected(self) -> bool:
        """Whether the engine answers."""
        ...

    @property
    def waiting_text(self) -> str:
        """What is waited for, in words; empty when nothing is."""
        ...

    @property
    def next_step(self) -> str:
        """What becomes of an engine that does not answer: a sentence or two."""
        ...

    @property
    def is_live_venue(self) -> bool:
        """Whether orders cost real money."""
        ...

    def clock_s(self) -> float:
        """Return seconds that only go forward."""
        ...

    def send(self, command: Command, then: Callable[[Answer | None], None] | None = None) -> None:
        """Send a command; ``then`` gets its answer, None when no answer came."""
        ...

    def ask_engine(self, query: Query, then: Callable[[Reply | None], None]) -> None:
        """Send a query; ``then`` gets its reply, None when none came."""
        ...

    def look_at(self, ticker: str) -> None:
        """Have ladder and chart of a market come with the frames."""
        ...

    def go(self, name: ScreenName) -> None:
        """Show another screen."""
        ...

    def go_pane(self, pane: Pane) -> None:
        """Show the Desk with the keyboard in one of its panes."""
        ...

    def go_market(self, ticker: str) -> bool:
        """Show a market on the Desk; False when it is not known."""
        ...

    def open_market(self, ticker: str) -> None:
        """Show a market on the Desk, as soon as the engine follows it."""
        ...

    def open_order(self, order: PlaceOrder) -> None:
        """Put a typed order on the Desk's ticket."""
        ...

    def look_again(self) -> None:
        """Have the topics of the screen in sight come from the start."""
        ...

    def say(self, title: str, text: str = "", *, severity: str = "information") -> None:
        """Show a note for a few seconds, as plain text."""
        ...

    def next_theme(self) -> None:
        """Wear the next colour theme."""
        ...

    def leave(self) -> None:
        """Ask how to leave."""
        ...

    def start_engine(self) -> None:
        """Have an engine started where there is none."""
        ...


class Mover(Protocol):
    """A pane with a cursor."""

    @property
    def page(self) -> int:
        """Rows of a page."""
        ...

    def move(self, delta: int) -> None:
        """Move the cursor."""
        ...
