"""The command palette: every action of the key table, and every market by name."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from typing import TYPE_CHECKING, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from kalshi_desk.tui.actions import ACTIONS, DeskAction, Group, key_name, keys_of
from kalshi_desk.tui.ink import plain

if TYPE_CHECKING:
    from kalshi_desk.tui.app import DeskApp
    from kalshi_desk.tui.desk_screen import DeskScreen

MAX_MARKETS = 20


class DeskCommands(Provider):
    """What the palette finds."""

    @property
    def _screen(self) -> DeskScreen:
        return cast("DeskApp", self.app).desk_screen

    def _actions(self) -> list[DeskAction]:
        return [action for action in ACTIONS if action.group is not Group.MOVE]

    def _help(self, action: DeskAction) -> str:
        keymap = cast("DeskApp", self.app).settings.keymap
        return f"{key_name(keys_of(action, keymap)[0])}  {action.tooltip}"

    async def discover(self) -> AsyncIterator[DiscoveryHit]:
        """List every action."""
        for action in self._actions():
            yield DiscoveryHit(
                action.label,
                partial(self._screen.action_run, action.id),
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
                    partial(self._screen.action_run, action.id),
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
                    partial(self._screen.select, row.ticker),
                    text=text,
                    help=row.ticker,
                )
