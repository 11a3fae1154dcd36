"""The desk as the bridge reaches it: one connection, with a limit to how long it may be silent."""

from __future__ import annotations

import asyncio
from typing import TypeVar

from kalshi_desk.core.errors import Retry, Unknown
from kalshi_desk.desk.automation_frames import PortfolioView
from kalshi_desk.desk.commands import Answer, Command, Query, Reply
from kalshi_desk.desk.frames import Frame, MarketRow, StatusView
from kalshi_desk.desk.protocol import Welcome
from kalshi_desk.desk.service import AskMarkets, MarketFilter, MarketSort, MarketsPage
from kalshi_desk.telegram.ports import DeskPort

PATIENCE_S = 10.0
ANSWER_PATIENCE_S = 90.0
_NEAREST = 20
_R = TypeVar("_R")


class Reach:
    """Reads and commands; ``venue`` is empty while no engine is reached."""

    def __init__(self, port: DeskPort) -> None:
        self._port = port
        self.venue = ""
        self.pid = 0
        self.status: StatusView | None = None

    async def connect(self) -> Welcome:
        """Reach the engine anew; raises ``Retry`` while there is none."""
        await self.let_go()
        try:
            async with asyncio.timeout(PATIENCE_S):
                welcome = await self._port.connect()
        except TimeoutError:
            raise _silent() from None
        self.venue, self.pid = welcome.venue, welcome.pid
        return welcome

    async def let_go(self) -> None:
        """Forget the connection."""
        self.venue, self.status = "", None
        await self._port.close()

    async def frame(self, topics: tuple[str, ...], event_seq: int) -> Frame:
        """Return these topics whole, and the events since a number."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                frame = await self._port.pull(("status", *topics), 0, event_seq)
        except TimeoutError:
            raise _silent() from None
        status = frame.changed.get("status", {}).get("")
        self.status = status if isinstance(status, StatusView) else None
        return frame

    async def rows(self, topic: str, kind: type[_R]) -> dict[str, _R]:
        """Return the rows of a topic by key; empty for a topic that this engine has not."""
        frame = await self.frame((topic,), _NO_EVENTS)
        found = frame.changed.get(topic, {})
        return {key: row for key, row in found.items() if isinstance(row, kind)}

    async def now(self) -> StatusView:
        """Return the status of this moment."""
        await self.frame((), _NO_EVENTS)
        if self.status is None:
            raise _silent()
        return self.status

    async def portfolio(self) -> PortfolioView | None:
        """Return the account as a whole."""
        return (await self.rows("portfolio", PortfolioView)).get("")

    async def ask(self, query: Query) -> Reply:
        """Return the reply to a query."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await self._port.ask(query)
        except TimeoutError:
            raise _silent() from None

    async def market(self, ticker: str) -> MarketRow | None:
        """Return one market, None for one that nobody knows.

        Not by the rows of all: to make 2,000 of them holds the engine's loop for 12 ms.
        """
        wanted = MarketFilter(text=ticker.lower(), only_active=False, with_combos=True)
        reply = await self.ask(
            AskMarkets(wanted=wanted, sort=MarketSort.RELEVANCE, descending=True, limit=_NEAREST)
        )
        rows = reply.rows if isinstance(reply, MarketsPage) else ()
        return next((row for row in rows if row.ticker == ticker), None)

    async def submit(self, command: Command, command_id: str | None = None) -> Answer:
        """Have a command carried out; raises ``Unknown`` when no answer comes in time."""
        try:
            async with asyncio.timeout(ANSWER_PATIENCE_S):
                return await self._port.submit(command, command_id)
        except TimeoutError:
            raise Unknown(
                f"The engine did not answer within {ANSWER_PATIENCE_S:.0f} seconds.",
                code="no_answer",
                money="The command may or may not have been carried out.",
                todo="Look at orders and positions before you repeat it.",
            ) from None

    async def panic(self) -> Answer:
        """Cancel everything, without an engine too."""
        return await self._port.panic()


_NO_EVENTS = 2**62
"""Asks for no events: a page that is looked at must not eat what the watch has to tell."""


def _silent() -> Retry:
    return Retry(
        "The engine does not answer.",
        code="no_answer",
        money="Orders at the exchange stand as they are.",
        todo="Look at the machine that it runs on.",
    )
