"""What the screen needs of a link to the engine; tests stand in with a scripted one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from kalshi_desk.desk.commands import Answer, Command, Query, Reply
from kalshi_desk.desk.frames import Frame
from kalshi_desk.desk.protocol import Welcome


class Link(Protocol):
    """One connection to the engine; every call raises ``DeskError`` with a sentence."""

    async def connect(self) -> Welcome:
        """Open the connection and say hello."""
        ...

    async def pull(self, topics: tuple[str, ...], board_seq: int, event_seq: int) -> Frame:
        """Return what is new on these topics since the sequence numbers given."""
        ...

    async def submit(self, command: Command, command_id: str | None = None) -> Answer:
        """Send a command and return how it ended."""
        ...

    async def ask(self, query: Query) -> Reply:
        """Send a query and return its reply."""
        ...

    async def close(self) -> None:
        """Let go of the connection."""
        ...


LinkFactory = Callable[[], Link]
