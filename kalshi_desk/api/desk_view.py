"""The API's one connection to the engine: opened when needed, shared by all callers."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Protocol

from kalshi_desk.api.answers import TOPICS, Seen, read
from kalshi_desk.core.errors import DeskError, Retry, Unknown
from kalshi_desk.desk.commands import Answer, Command, Query, Reply
from kalshi_desk.desk.frames import Frame
from kalshi_desk.desk.protocol import Welcome

KEEP_S = 0.1
"""Callers within so much time share one look: none of them can load the engine."""
LOOK_S = 10.0
ANSWER_S = 90.0


class DeskLink(Protocol):
    """What the API needs of a connection to the engine."""

    async def connect(self) -> Welcome:
        """Connect; raises ``DeskError``."""
        ...

    async def pull(self, topics: tuple[str, ...], board_seq: int, event_seq: int) -> Frame:
        """Return what is new on these topics."""
        ...

    async def submit(self, command: Command, command_id: str | None = None) -> Answer:
        """Have a command carried out, once for each id."""
        ...

    async def ask(self, query: Query) -> Reply:
        """Return the reply to a query."""
        ...

    async def close(self) -> None:
        """Let go of the connection."""
        ...


class DeskView:
    """Looks at the desk and passes commands on; every failure is a ``DeskError``.

    ``open_link`` makes a connection that is not open yet.
    """

    def __init__(self, open_link: Callable[[], DeskLink]) -> None:
        self._open_link = open_link
        self._link: DeskLink | None = None
        self._opening = asyncio.Lock()
        self._look: asyncio.Task[Seen] | None = None
        self._looked_s = 0.0
        self.event_seq = 0
        """The newest event when the connection was opened."""
        self.connects = 0

    async def look(self) -> Seen:
        """Return the desk as it is now, at most :data:`KEEP_S` old."""
        now_s = asyncio.get_running_loop().time()
        if self._look is None or self._is_over(self._look, now_s):
            self._looked_s = now_s
            self._look = asyncio.create_task(self._see())
        # A caller that hangs up must not end the look that others wait for.
        return await asyncio.shield(self._look)

    async def pull(self, topics: tuple[str, ...], board_seq: int, event_seq: int) -> Frame:
        """Return what is new on these topics; raises ``Retry`` when the engine is gone."""
        for attempt in (1, 2):
            link = await self._connected()
            try:
                async with asyncio.timeout(LOOK_S):
                    return await link.pull(topics, board_seq, event_seq)
            except TimeoutError:
                await self._drop(link)
                raise _slow() from None
            except Retry:
                await self._drop(link)
                if attempt == 2 or board_seq:
                    # Numbers of the old connection mean nothing on a new one.
                    raise
        raise AssertionError("unreachable")

    async def submit(self, command: Command, command_id: str) -> Answer:
        """Have a command carried out; raises ``Unknown`` when nobody can tell how it ended.

        An engine that was started again since the last call is reached anew: nothing was
        sent on the old connection, and a panic must not fail for it.
        """
        try:
            for attempt in (1, 2):
                link = await self._connected()
                try:
                    async with asyncio.timeout(ANSWER_S):
                        return await link.submit(command, command_id)
                except TimeoutError:
                    raise Unknown(
                        f"The engine did not answer within {ANSWER_S:.0f} seconds.",
                        code="no_answer",
                        money="The command may or may not have been carried out.",
                        todo="Look at orders and positions before you repeat it.",
                    ) from None
                except (Retry, Unknown) as error:
                    await self._drop(link)
                    if attempt == 2 or isinstance(error, Unknown):
                        raise
        finally:
            self._look = None
        raise AssertionError("unreachable")

    async def ask(self, query: Query) -> Reply:
        """Return the reply to a query."""
        for attempt in (1, 2):
            link = await self._connected()
            try:
                async with asyncio.timeout(LOOK_S):
                    return await link.ask(query)
            except TimeoutError:
                raise _slow() from None
            except Retry:
                await self._drop(link)
                if attempt == 2:
                    raise
        raise AssertionError("unreachable")

    async def close(self) -> None:
        """Hang up."""
        if self._link is not None:
            await self._drop(self._link)

    def _is_over(self, look: asyncio.Task[Seen], now_s: float) -> bool:
        """Whether a look is too old, or failed: what could not be seen is looked at again."""
        if not look.done():
            return False
        failed = look.cancelled() or look.exception() is not None
        return failed or now_s - self._looked_s > KEEP_S

    async def _see(self) -> Seen:
        frame = await self.pull(TOPICS, 0, 2**62)
        try:
            return read(frame)
        except ValueError as error:
            raise Retry(f"The desk can't be read: {error}.", code="no_status") from error

    async def _connected(self) -> DeskLink:
        async with self._opening:
            if self._link is None:
                link = self._open_link()
                welcome = await link.connect()
                self._link, self.event_seq = link, welcome.event_seq
                self.connects += 1
            return self._link

    async def _drop(self, link: DeskLink) -> None:
        if self._link is link:
            self._link = None
            with contextlib.suppress(DeskError, OSError):
                await link.close()


def _slow() -> Retry:
    return Retry(
        f"The engine did not answer within {LOOK_S:.0f} seconds.",
        code="no_answer",
        money="Nothing was sent.",
        todo="Try again.",
    )
