"""The screen's link: finds the engine of a home, also while it is still starting."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from kalshi_desk.cli.processes import EngineChild
from kalshi_desk.core.errors import Retry
from kalshi_desk.desk.commands import Answer, Command, Query, Reply
from kalshi_desk.desk.frames import Frame
from kalshi_desk.desk.protocol import Welcome
from kalshi_desk.store.paths import Home
from kalshi_desk.store.presence import EnginePhase, engine_phase, find_engine, read_token

if TYPE_CHECKING:
    from kalshi_desk.cli.keeper import EngineKeeper
    from kalshi_desk.desk.client import LinkClient

_SOON_S = 0.05


class EngineLink:
    """One connection to whatever engine serves this home when it is opened.

    ``child`` is the engine that this process started, whose last words explain a failure;
    a ``keeper`` explains it instead, and starts another engine where it may.
    """

    def __init__(
        self,
        home: Home,
        child: EngineChild | None,
        face: str = "tui",
        keeper: EngineKeeper | None = None,
    ) -> None:
        self._home = home
        self._child = child
        self._face = face
        self._keeper = keeper
        self._client: LinkClient | None = None

    async def connect(self) -> Welcome:
        """Connect; raises ``Retry`` with what is being waited for."""
        record = find_engine(self._home)
        if record is None:
            raise await self._look()
        client_class = await asyncio.to_thread(_load_client)
        client = client_class(record.link, read_token(record), self._face)
        welcome = await client.connect()
        self._client = client
        if self._keeper is not None:
            self._keeper.saw(record)
        return welcome

    async def pull(self, topics: tuple[str, ...], board_seq: int, event_seq: int) -> Frame:
        """Return what is new; see :meth:`LinkClient.pull`."""
        return await self._open().pull(topics, board_seq, event_seq)

    async def submit(self, command: Command, command_id: str | None = None) -> Answer:
        """Have a command carried out; see :meth:`LinkClient.submit`."""
        return await self._open().submit(command, command_id)

    async def ask(self, query: Query) -> Reply:
        """Return the reply to a query; see :meth:`LinkClient.ask`."""
        return await self._open().ask(query)

    async def close(self) -> None:
        """Let go of the connection."""
        if self._client is not None:
            await self._client.close()
            self._client = None

    def _open(self) -> LinkClient:
        if self._client is None:
            raise self._why_not()
        return self._client

    async def _look(self) -> Retry:
        if self._keeper is None:
            return self._why_not()
        return await asyncio.to_thread(self._keeper.look)

    def _why_not(self) -> Retry:
        if self._child is not None and self._child.has_ended:
            return Retry(
                f"The engine did not start: {self._child.last_words()}",
                code="engine_failed",
                todo=f"Its log is {self._home.engine_log}.",
            )
        if self._child is not None or engine_phase(self._home) is EnginePhase.STARTING:
            return Retry("The engine is starting.", code="engine_starting", retry_after_s=_SOON_S)
        return Retry(
            "The engine has ended.",
            code="no_engine",
            money="Orders at the exchange stand as they are.",
            todo="Leave with Ctrl+Q and start again with: kalshi-desk",
        )


def _load_client() -> type[LinkClient]:
    """Import the client, which takes 0.1 s, only after the first frame is on the screen."""
    from kalshi_desk.desk.client import LinkClient

    return LinkClient
