"""The command palette: every action of the key table, and every market by name."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import TYPE_CHECKING, cast

from textual.await_complete import AwaitComplete
from textual.command import CommandList, CommandPalette, DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from kalshi_desk.tui.actions import (
    ACTIONS,
    DeskAction,
    Group,
    Where,
    key_name,
    keys_of,
    screen_of,
)
from kalshi_desk.tui.ink import plain

if TYPE_CHECKING:
    from kalshi_desk.tui.app import DeskApp
    from kalshi_desk.tui.base_screen import BaseScreen

MAX_MARKETS = 20


class DeskPalette(CommandPalette):
    """Textual's palette, for hands that type faster than it thinks."""

    is_answered = False

    def dismiss(self, result: object = None) -> AwaitComplete:
        """Close once: closing twice would take away the Desk below."""
        if self.is_answered or not self.is_current:
            return AwaitComplete()
        self.is_answered = True
        return super().dismiss()

    def _action_command_list(self, action: str) -> None:
        """Move in the list, once it stands on the screen: a page of none cannot be turned."""
        if self.query_one(CommandList).size.height:
            super()._action_command_list(action)


def once(command: Callable[[], object]) -> Callable[[], None]:
    """Return a command that a second Enter does not repeat."""
    left = [command]

    def run() -> None:
        if left:
            left.pop()()

    return run


class DeskCommands(Provider):
    """What the palette finds."""

    @property
    def _screen(self) -> BaseScreen:
        return cast("DeskApp", self.app).nav.base

    def _actions(self) -> list[DeskAction]:
        """Return what can be done on the screen in sight, and what works everywhere."""
        here = {self._screen.NAME.value, Where.ANY.value, Where.REPLAY.value}
        return [
            action
            for action in ACTIONS
            if action.group is not Group.MOVE and screen_of(action.where).value in here
        ]

    def _help(self, action: DeskAction) -> str:
        keymap = cast("DeskApp", self.app).settings.keymap
        return f"{key_name(keys_of(action, keymap)[0])}  {action.tooltip}"

    async def discover(self) -> AsyncIterator[DiscoveryHit]:
        """List every action."""
        for action in self._actions():
            yield DiscoveryHit(
                action.label,
                once(partial(self._screen.action_run, action.id)),
                help=self._help(action),
            )

    async def search(self, query: str) -> Hits:
        """Find actions and markets by what is typed."""
        matcher = self.matcher(query)
        for action in self._actions():
            text = f"{action.label}: {action.tooltip}"
            score = matcher.match(text)
            if score > 0:
                yield Hit(
                    score,
                    Content(action.label),
                    once(partial(self._screen.action_run, action.id)),
                    text=text,
                    help=self._help(action),
                )
        found = 0
        for row in self._screen.desk.board.markets.values():
            text = f"{row.title} {row.subtitle} {row.ticker}"
            score = matcher.match(text)
            if score > 0 and found < MAX_MARKETS:
                found += 1
                yield Hit(
                    score * 0.9,
                    Content(plain(row.title)),
                    once(partial(self._screen.desk.go_market, row.ticker)),
                    text=text,
                    help=row.ticker,
                )
