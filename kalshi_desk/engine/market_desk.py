"""The list of markets as the shell serves it: which markets it covers, and following more."""

from __future__ import annotations

import asyncio
import logging

from kalshi_desk.core.errors import DeskError
from kalshi_desk.desk.service import AskMarkets
from kalshi_desk.engine.effects import WatchMarket
from kalshi_desk.engine.market_list import MarketList
from kalshi_desk.engine.shell import EngineShell

_log = logging.getLogger(__name__)


class MarketDesk:
    """Answers what faces ask about markets, and follows a left-out one once it is starred."""

    def __init__(self, shell: EngineShell) -> None:
        self._shell = shell
        self._following: set[asyncio.Task[None]] = set()
        self.list = MarketList(shell.core.state, lambda: shell.venue.unlisted, self._note)
        shell.queries[AskMarkets] = self.list.answer
        shell.performers[WatchMarket] = self._watch

    def _note(self) -> str:
        state = self._shell.core.state
        if state.settings.venue not in ("demo", "live", "paper"):
            return ""
        return coverage(len(state.markets.by_ticker), len(self._shell.venue.unlisted))

    def _watch(self, effect: WatchMarket) -> None:
        """Follow a market that the venue knows; a ticker that nobody knows is left alone."""
        if effect.ticker in self._shell.venue.unlisted:
            task = asyncio.create_task(self._follow(effect.ticker))
            self._following.add(task)
            task.add_done_callback(self._following.discard)

    async def _follow(self, ticker: str) -> None:
        try:
            await self._shell.venue.watch((ticker,))
        except DeskError as error:
            _log.warning("%s could not be followed: %s", ticker, error)


def coverage(followed: int, unlisted: int) -> str:
    """Say how much of the exchange the list covers, empty when it is all of it."""
    if not unlisted:
        return ""
    return (
        f"The desk follows {followed:,} of {followed + unlisted:,} open markets: the most "
        "traded, and yours. A search finds the others by title and ticker; a star follows one."
    )
