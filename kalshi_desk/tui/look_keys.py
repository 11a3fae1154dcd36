"""What the looking keys of the Desk do: its tabs, search, rules, and steering a replay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from kalshi_desk.desk.commands import (
    AskRules,
    QueryFailed,
    ReplayControl,
    ReplayStep,
    Reply,
    RulesText,
    Star,
)
from kalshi_desk.tui.common_keys import CommonKeys
from kalshi_desk.tui.desk import Desk
from kalshi_desk.tui.dialogs import TextSheet
from kalshi_desk.tui.ink import plain

if TYPE_CHECKING:
    from kalshi_desk.tui.desk_screen import DeskScreen

MAX_SPEED = 100.0


class LookKeys(CommonKeys):
    """Methods named by action id, like those of the trading keys."""

    def __init__(self, screen: DeskScreen, desk: Desk) -> None:
        super().__init__(screen, desk)
        self.screen = screen

    @property
    def selected(self) -> str:
        """The market under the cursor."""
        return self.screen.selected

    def recentre(self) -> None:
        """Bring the spread back to the middle of the ladder."""
        self.screen.ladder.centre()

    # --- looking -----------------------------------------------------------------------

    def search(self) -> None:
        """Type words to find markets by."""
        self.screen.open_bar("/", self.screen.markets.search, "words of a title or a ticker")

    def sort(self) -> None:
        """Change the order of the table."""
        self.screen.markets.next_sort()

    def filter(self) -> None:
        """Change which markets are shown."""
        self.screen.markets.next_filter()

    def star(self) -> None:
        """Put the selected market on the watchlist, or take it off."""
        self.screen.take_row()
        row = self.desk.board.market(self.screen.selected)
        if row is not None:
            self.desk.send(Star(ticker=row.ticker, starred=not row.is_starred))

    def copy(self) -> None:
        """Copy the ticker of the selected market."""
        self.screen.take_row()
        if self.screen.selected:
            self.screen.app.copy_to_clipboard(self.screen.selected)
            self.desk.say("Copied", self.screen.selected)

    def rules(self) -> None:
        """Show the rules of the selected market."""
        self.screen.take_row()
        if self.screen.selected:
            self.desk.ask_engine(AskRules(ticker=self.screen.selected), self._show_rules)

    def alert_market(self) -> None:
        """Type an alert about the selected market."""
        self.screen.take_row()
        if self.screen.selected:
            self.screen.open_bar(":", f"alert {self.screen.selected} > ", "cents of YES")

    def _show_rules(self, reply: Reply | None) -> None:
        if isinstance(reply, RulesText):
            self.screen.app.push_screen(
                TextSheet(reply.title, Content(plain(f"{reply.ticker}\n\n{reply.text}")))
            )
        elif isinstance(reply, QueryFailed):
            self.desk.say("No rules", " ".join(r.text for r in reply.reasons), severity="warning")

    # --- replay ------------------------------------------------------------------------

    def _replay(self, step: ReplayStep, value: float = 0.0) -> None:
        status = self.desk.board.status
        if status is not None and status.replay is not None:
            self.desk.send(ReplayControl(step=step, value=value))

    def play(self) -> None:
        """Let the recording run, or hold it."""
        status = self.desk.board.status
        paused = status is not None and status.replay is not None and status.replay.is_paused
        self._replay(ReplayStep.PLAY if paused else ReplayStep.PAUSE)

    def step(self) -> None:
        """One frame onward."""
        self._replay(ReplayStep.STEP, 1)

    def faster(self) -> None:
        """Twice the speed."""
        self._speed(2)

    def slower(self) -> None:
        """Half the speed."""
        self._speed(0.5)

    def _speed(self, factor: float) -> None:
        status = self.desk.board.status
        if status is not None and status.replay is not None:
            speed = min(max(status.replay.speed * factor, 1.0), MAX_SPEED)
            self._replay(ReplayStep.SPEED, speed)

    def replay_jump(self) -> None:
        """Type a per cent of the recording to go to."""
        status = self.desk.board.status
        if status is not None and status.replay is not None:
            self.screen.open_bar("%", "", "per cent of the recording, 0 to 100")

    def jump_per_cent(self, text: str) -> None:
        """Go to a per cent of the recording."""
        try:
            value = float(text.rstrip("%"))
        except ValueError:
            value = -1.0
        if 0 <= value <= 100:
            self._replay(ReplayStep.JUMP, value)
        else:
            self.desk.say("Not a per cent", "Type a number from 0 to 100.", severity="warning")
