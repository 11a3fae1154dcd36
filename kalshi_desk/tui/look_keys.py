"""What the looking keys do: moving, searching, reading, typing commands, steering a replay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from kalshi_desk.core.errors import Refuse
from kalshi_desk.desk.commands import (
    AskRules,
    CancelAll,
    Flatten,
    Panic,
    PlaceOrder,
    QueryFailed,
    ReplayControl,
    ReplayStep,
    Reply,
    Resume,
    RulesText,
    Star,
)
from kalshi_desk.desk.verbs import USAGE, parse
from kalshi_desk.tui.actions import JUMPS
from kalshi_desk.tui.desk import Desk
from kalshi_desk.tui.dialogs import TextSheet, sheet_width
from kalshi_desk.tui.help_text import help_content
from kalshi_desk.tui.ink import plain
from kalshi_desk.tui.layout import TABS
from kalshi_desk.tui.sweep_keys import SweepKeys
from kalshi_desk.tui.trade_keys import TradeKeys

if TYPE_CHECKING:
    from kalshi_desk.tui.desk_screen import DeskScreen

MAX_SPEED = 100.0
_OWN_VERBS = ("goto", "help", "quit")


class LookKeys:
    """Methods named by action id, like those of the trading keys."""

    def __init__(self, screen: DeskScreen, desk: Desk, trade: TradeKeys, sweep: SweepKeys) -> None:
        self.screen = screen
        self.desk = desk
        self.trade = trade
        self.sweep = sweep

    # --- moving ------------------------------------------------------------------------

    def _move(self, delta: int) -> None:
        self.screen.mover().move(delta)

    def up(self) -> None:
        """One row up."""
        self._move(-1)

    def down(self) -> None:
        """One row down."""
        self._move(1)

    def page_up(self) -> None:
        """One page up."""
        self._move(-self.screen.mover().page)

    def page_down(self) -> None:
        """One page down."""
        self._move(self.screen.mover().page)

    def first(self) -> None:
        """To the first row."""
        self._move(-1_000_000)

    def last(self) -> None:
        """To the last row."""
        self._move(1_000_000)

    def next_pane(self) -> None:
        """Move the keyboard to the next pane."""
        self.screen.step_pane(1)

    def previous_pane(self) -> None:
        """Move the keyboard to the pane before."""
        self.screen.step_pane(-1)

    def left(self) -> None:
        """The tab before, or the pane to the left."""
        self._sideways(-1)

    def right(self) -> None:
        """The next tab, or the pane to the right."""
        self._sideways(1)

    def _sideways(self, step: int) -> None:
        screen = self.screen
        if screen.current in TABS:
            screen.focus_pane(TABS[(TABS.index(screen.current) + step) % len(TABS)])
        else:
            screen.step_pane(step)

    def recentre(self) -> None:
        """Bring the spread back to the middle of the ladder."""
        self.screen.ladder.centre()

    def jump(self) -> None:
        """Wait for the second key of a jump."""
        self.screen.await_jump(
            "go to: m markets · l ladder · t ticket · p positions · o orders · f fills · e events"
        )

    def jump_to(self, key: str) -> None:
        """Go where the second key says."""
        pane = JUMPS.get(key)
        if pane is not None:
            self.screen.focus_pane(pane)

    # --- looking -----------------------------------------------------------------------

    def search(self) -> None:
        """Type words to find markets by."""
        self.screen.open_bar("/", self.screen.markets.search, "words of a title or a ticker")

    def command(self) -> None:
        """Type a command."""
        self.screen.open_bar(":", "", "buy TICKER yes 10 @ 45")

    def sort(self) -> None:
        """Change the order of the table."""
        self.screen.markets.next_sort()

    def filter(self) -> None:
        """Change which markets are shown."""
        self.screen.markets.next_filter()

    def star(self) -> None:
        """Put the selected market on the watchlist, or take it off."""
        row = self.desk.board.market(self.screen.selected)
        if row is not None:
            self.desk.send(Star(ticker=row.ticker, starred=not row.is_starred))

    def copy(self) -> None:
        """Copy the ticker of the selected market."""
        if self.screen.selected:
            self.screen.app.copy_to_clipboard(self.screen.selected)
            self.desk.say("Copied", self.screen.selected)

    def rules(self) -> None:
        """Show the rules of the selected market."""
        if self.screen.selected:
            self.desk.ask_engine(AskRules(ticker=self.screen.selected), self._show_rules)

    def _show_rules(self, reply: Reply | None) -> None:
        if isinstance(reply, RulesText):
            self.screen.app.push_screen(
                TextSheet(reply.title, Content(plain(f"{reply.ticker}\n\n{reply.text}")))
            )
        elif isinstance(reply, QueryFailed):
            self.desk.say("No rules", " ".join(r.text for r in reply.reasons), severity="warning")

    def help(self) -> None:
        """Show every key and how to read the screen."""
        self.screen.app.push_screen(
            TextSheet(
                "Help",
                help_content(self.desk.settings.keymap, sheet_width(self.screen.app.size.width)),
            )
        )

    def theme(self) -> None:
        """Wear the next colour theme."""
        self.desk.next_theme()

    def leave(self) -> None:
        """Ask how to leave."""
        self.desk.leave()

    # --- the command line --------------------------------------------------------------

    def words(self, before: list[str]) -> list[str]:
        """Return what may be typed next on the command line."""
        if not before:
            return [*USAGE, *_OWN_VERBS]
        verb = before[0].casefold()
        rows = self.desk.board.markets
        here = [self.screen.selected] if self.screen.selected else []
        if verb in ("buy", "sell") and len(before) == 2:
            return ["yes", "no"]
        if len(before) == 1 and verb == "cancel":
            return ["all", *self.desk.board.orders]
        if len(before) == 1 or (verb == "cancel" and before[1] == "all"):
            return [*here, *rows, *(["all"] if verb == "flatten" else [])]
        return []

    def run_line(self, text: str) -> None:
        """Carry out a typed command; what moves money asks first, like its key."""
        verb, _, rest = text.partition(" ")
        if verb in _OWN_VERBS:
            self._run_own(verb, rest.strip())
            return
        try:
            command = parse(text)
        except Refuse as refusal:
            self.desk.say(refusal.what, refusal.todo, severity="warning")
            return
        match command:
            case PlaceOrder():
                self.trade.open_order(command)
            case CancelAll():
                self.sweep.ask_cancel(command.ticker)
            case Flatten():
                self.sweep.ask_flatten(command.ticker)
            case Panic():
                self.sweep.panic()
            case Resume():
                self.sweep.resume()
            case _:
                self.desk.send(command)

    def _run_own(self, verb: str, rest: str) -> None:
        if verb == "help":
            self.help()
        elif verb == "quit":
            self.leave()
        elif not self.screen.select(rest.upper()):
            self.desk.say("Unknown market", rest or "goto needs a ticker", severity="warning")

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
