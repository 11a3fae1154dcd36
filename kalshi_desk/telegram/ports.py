"""What the bridge needs from outside its room: the desk, and a place on disk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from kalshi_desk.desk.commands import Answer, Command, Query, Reply
from kalshi_desk.desk.frames import Frame
from kalshi_desk.desk.protocol import Welcome

Key = tuple[str, str]
"""Table and name of one kept record."""


class DeskPort(Protocol):
    """The desk, however it is reached."""

    async def connect(self) -> Welcome:
        """Reach the engine; raises ``Retry`` while there is none."""
        ...

    async def pull(self, topics: tuple[str, ...], board_seq: int, event_seq: int) -> Frame:
        """Return what is new; raises ``Retry`` when the engine is gone."""
        ...

    async def submit(self, command: Command, command_id: str | None = None) -> Answer:
        """Have a command carried out, once for each id; raises ``Retry`` or ``Unknown``."""
        ...

    async def ask(self, query: Query) -> Reply:
        """Return the reply to a query."""
        ...

    async def panic(self) -> Answer:
        """Cancel everything, by the engine or, where none answers, at the exchange itself."""
        ...

    async def close(self) -> None:
        """Let go of the connection."""
        ...


class KeptPort(Protocol):
    """A small store whose writes are on disk, all or none, when the call returns."""

    def read(self, table: str) -> dict[str, bytes]:
        """Return all records of a table by name."""
        ...

    def write(self, puts: Mapping[Key, bytes], drops: Sequence[Key] = ()) -> None:
        """Put and drop records in one step; raises ``Stop`` when the disk refuses."""
        ...
