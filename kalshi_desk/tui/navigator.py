"""Which screen is in sight: makes the others when they are first asked for, and changes between."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

from kalshi_desk.desk.frames import DeskEvent
from kalshi_desk.tui.base_screen import BaseScreen
from kalshi_desk.tui.board import Changes
from kalshi_desk.tui.desk_screen import DeskScreen
from kalshi_desk.tui.layout import ScreenName

if TYPE_CHECKING:
    from kalshi_desk.tui.app import DeskApp

_CLASSES = {
    ScreenName.MARKETS: "MarketsScreen",
    ScreenName.PORTFOLIO: "PortfolioScreen",
    ScreenName.STRATEGIES: "StrategiesScreen",
    ScreenName.RISK: "RiskScreen",
    ScreenName.NEWS: "NewsScreen",
    ScreenName.LAB: "LabScreen",
    ScreenName.LOG: "LogScreen",
}


def make_screen(name: ScreenName, app: DeskApp) -> BaseScreen:
    """Return a new screen; loaded here so that a start pays for the Desk alone."""
    module = import_module(f"kalshi_desk.tui.screens.{name.value}")
    made: Callable[[DeskApp], BaseScreen] = getattr(module, _CLASSES[name])
    return made(app)


class Navigator:
    """Keeps one of each screen, so that what was selected is there when one comes back."""

    def __init__(self, app: DeskApp) -> None:
        self._app = app
        self.desk = DeskScreen(app)
        self.base: BaseScreen = self.desk
        self._made: dict[ScreenName, BaseScreen] = {ScreenName.DESK: self.desk}

    def start(self) -> None:
        """Show the Desk."""
        self._app.install_screen(self.desk, ScreenName.DESK)
        self._app.push_screen(self.desk)
        self.desk.in_sight = True

    def go(self, name: ScreenName) -> bool:
        """Show a screen; False while something stands over the one in sight."""
        app, old = self._app, self.base
        if app.screen is not old:
            return False
        if name is old.NAME:
            return True
        new = self._made.get(name)
        if new is None:
            new = self._made[name] = make_screen(name, app)
            app.install_screen(new, name)
        old.leave_sight()
        old.in_sight, new.in_sight = False, True
        self.base = new
        app.switch_screen(new)
        if new.is_mounted:
            new.show_state()
        # The screen left may never say that it has drawn the frame asked for.
        app.pump.lost()
        app.look_again()
        return True

    def show(self, changes: Changes, events: list[DeskEvent]) -> None:
        """Give news to the screen in sight, and to the Desk, which keeps the account's tables."""
        self.desk.show_changes(changes, events)
        if self.base is not self.desk and self.base.is_mounted:
            self.base.show_changes(changes, events)

    def show_state(self) -> None:
        """Have the screen in sight say how fresh it is."""
        self.desk.show_state()
        if self.base is not self.desk and self.base.is_mounted:
            self.base.show_state()
