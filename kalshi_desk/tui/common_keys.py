"""What the keys do that work on every screen: moving, going, typing commands, reading the help."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kalshi_desk.core.errors import Refuse
from kalshi_desk.core.strategy import Mode
from kalshi_desk.desk.automation import DropStop, SetAuto, SetMode
from kalshi_desk.desk.commands import CancelAll, Flatten, Panic, PlaceOrder, Reply, Resume
from kalshi_desk.desk.service import AskSettings, SettingsPage
from kalshi_desk.desk.verbs import USAGE, parse
from kalshi_desk.tui.account_keys import AccountKeys
from kalshi_desk.tui.actions import JUMPS, SCREEN_JUMPS
from kalshi_desk.tui.desk import Desk
from kalshi_desk.tui.dialogs import TextSheet, sheet_width
from kalshi_desk.tui.help_text import help_content
from kalshi_desk.tui.layout import ScreenName
from kalshi_desk.tui.settings_overlay import SettingsOverlay

if TYPE_CHECKING:
    from kalshi_desk.tui.base_screen import BaseScreen

_OWN_VERBS = ("goto", "help", "quit")

_JUMP_LONG = (
    "go: l ladder t ticket p held o orders f fills e events"
    " · d Desk m Markets a Portf. s Strat. r Risk n News b Lab j Log"
)
_JUMP_SHORT = "go: l t p o f e on Desk · d Desk m Mkts a Portf s Strat r Risk n News b Lab j Log"


class CommonKeys:
    """Methods named by action id; each works on whatever screen has the keyboard."""

    def __init__(self, screen: BaseScreen, desk: Desk) -> None:
        self.base = screen
        self.desk = desk
        self.account = AccountKeys(screen, desk)
        self._settings: list[str] = []
        self._asks = False

    # --- moving ------------------------------------------------------------------------

    def _move(self, delta: int) -> None:
        self.base.mover().move(delta)

    def up(self) -> None:
        """One row up."""
        self._move(-1)

    def down(self) -> None:
        """One row down."""
        self._move(1)

    def page_up(self) -> None:
        """One page up."""
        self._move(-self.base.mover().page)

    def page_down(self) -> None:
        """One page down."""
        self._move(self.base.mover().page)

    def first(self) -> None:
        """To the first row."""
        self._move(-1_000_000)

    def last(self) -> None:
        """To the last row."""
        self._move(1_000_000)

    def next_pane(self) -> None:
        """Move the keyboard to the next pane."""
        self.base.step_pane(1)

    def previous_pane(self) -> None:
        """Move the keyboard to the pane before."""
        self.base.step_pane(-1)

    def left(self) -> None:
        """The tab before, or the pane to the left."""
        self.base.sideways(-1)

    def right(self) -> None:
        """The next tab, or the pane to the right."""
        self.base.sideways(1)

    def confirm(self) -> None:
        """Do nothing where nothing can be entered."""

    def back(self) -> None:
        """Do nothing where nothing is open."""

    # --- going -------------------------------------------------------------------------

    def go_desk(self) -> None:
        """Show the Desk."""
        self.desk.go(ScreenName.DESK)

    def go_markets(self) -> None:
        """Show the Markets."""
        self.desk.go(ScreenName.MARKETS)

    def go_portfolio(self) -> None:
        """Show the Portfolio."""
        self.desk.go(ScreenName.PORTFOLIO)

    def go_strategies(self) -> None:
        """Show the Strategies."""
        self.desk.go(ScreenName.STRATEGIES)

    def go_risk(self) -> None:
        """Show Risk."""
        self.desk.go(ScreenName.RISK)

    def go_news(self) -> None:
        """Show the News."""
        self.desk.go(ScreenName.NEWS)

    def go_lab(self) -> None:
        """Show the Lab."""
        self.desk.go(ScreenName.LAB)

    def go_log(self) -> None:
        """Show the Log."""
        self.desk.go(ScreenName.LOG)

    def jump(self) -> None:
        """Wait for the second key of a jump."""
        is_wide = self.base.app.size.width >= len(_JUMP_LONG)
        self.base.await_jump(_JUMP_LONG if is_wide else _JUMP_SHORT)

    def jump_to(self, key: str) -> None:
        """Go where the second key says: another screen, or a pane of the Desk."""
        screen, pane = SCREEN_JUMPS.get(key), JUMPS.get(key)
        if screen is not None and screen is not self.base.NAME:
            self.desk.go(screen)
        elif pane is not None:
            self.desk.go_pane(pane)

    # --- reading -----------------------------------------------------------------------

    def help(self) -> None:
        """Show every key and how to read the screen."""
        self.base.app.push_screen(
            TextSheet(
                "Help",
                help_content(self.desk.settings.keymap, sheet_width(self.base.app.size.width)),
            )
        )

    def settings(self) -> None:
        """Show every setting over the screen."""
        self.base.app.push_screen(SettingsOverlay(self.desk, self.account.panic))

    def theme(self) -> None:
        """Wear the next colour theme."""
        self.desk.next_theme()

    def leave(self) -> None:
        """Ask how to leave."""
        self.desk.leave()

    def start_engine(self) -> None:
        """Have an engine started where there is none."""
        self.desk.start_engine()

    # --- the account -------------------------------------------------------------------

    def panic(self) -> None:
        """Cancel everything and halt, after asking."""
        self.account.panic()

    def resume(self) -> None:
        """Leave HALTED, after asking."""
        self.account.resume()

    def leave_live(self) -> None:
        """End LIVE with one key."""
        self.account.leave_live()

    def auto(self) -> None:
        """Turn automatic trading on, after asking, or off at once."""
        self.account.auto()

    # --- the command line --------------------------------------------------------------

    def command(self) -> None:
        """Type a command."""
        self.base.open_bar(":", "", "buy TICKER yes 10 @ 45")

    @property
    def selected(self) -> str:
        """The market that a command most likely means."""
        return ""

    def words(self, before: list[str]) -> list[str]:
        """Return what may be typed next on the command line."""
        if not before:
            return [*USAGE, *_OWN_VERBS]
        verb = before[0].casefold()
        rows = self.desk.board.markets
        here = [self.selected] if self.selected else []
        if verb in ("buy", "sell") and len(before) == 2:
            return ["yes", "no"]
        if len(before) == 1 and verb == "goto":
            return [*ScreenName, *here, *rows]
        if len(before) == 1 and verb == "strategy":
            return list(self.desk.board.strategies)
        if len(before) == 2 and verb == "strategy":
            return [*Mode]
        if len(before) == 1 and verb == "set":
            return self._setting_names()
        if len(before) == 1 and verb == "cancel":
            return ["all", *self.desk.board.orders]
        if len(before) == 1 or (verb == "cancel" and before[1] == "all"):
            return [*here, *rows, *(["all"] if verb == "flatten" else [])]
        return []

    def _setting_names(self) -> list[str]:
        """Return the names of settings; the engine is asked when they are first wanted."""
        if not self._settings and not self._asks:

            def replied(reply: Reply | None) -> None:
                self._asks = False
                if isinstance(reply, SettingsPage):
                    self._settings = [row.name for row in reply.rows if not row.is_secret]

            self._asks = True
            self.desk.ask_engine(AskSettings(), replied)
        return self._settings

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
                self.desk.open_order(command)
            case CancelAll():
                self.account.ask_cancel(command.ticker)
            case Flatten():
                self.account.ask_flatten(command.ticker)
            case Panic():
                self.account.panic()
            case Resume():
                self.account.resume()
            case SetAuto():
                self.account.ask_auto(on=command.on)
            case SetMode():
                self.account.ask_mode(command.strategy, command.mode)
            case DropStop():
                self.account.ask_drop(command.stop_id)
            case _:
                self.desk.send(command)

    def _run_own(self, verb: str, rest: str) -> None:
        if verb == "help":
            self.help()
        elif verb == "quit":
            self.leave()
        elif rest.casefold() in set(ScreenName):
            self.desk.go(ScreenName(rest.casefold()))
        elif not self.desk.go_market(rest.upper()):
            self.desk.say(
                "Unknown market",
                rest or "goto needs a ticker or a screen: " + ", ".join(ScreenName),
                severity="warning",
            )
