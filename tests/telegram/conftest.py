"""A bridge in this process between a desk in memory and the Bot API's test server."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest

from kalshi_desk.telegram import courier, sender, watch
from kalshi_desk.telegram.bridge import Bridge
from kalshi_desk.telegram.settings import BridgeSettings
from tests.telegram.bot_server import TOKEN, BotServer, Message, Served, serving
from tests.telegram.fake_desk import FakeDesk, KeptInMemory

ANNA, VERA, EVE = 101, 202, 666
"""Anna trades, Vera looks, Eve is nobody."""
GROUP = -100_500


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look often and pace little: the tests' server has no patience to lose."""
    monkeypatch.setattr(watch, "LOOK_S", 0.02)
    monkeypatch.setattr(sender, "PRIVATE_GAP_S", 0.0)
    monkeypatch.setattr(sender, "GROUP_GAP_S", 0.0)
    monkeypatch.setattr(courier, "IDLE_S", 0.05)


@pytest.fixture(scope="session")
def served() -> Iterator[Served]:
    """The address of all tests of this process."""
    with serving() as running:
        yield running


@pytest.fixture
def server(served: Served) -> BotServer:
    """A server of one test, which remembers nothing of the tests before."""
    served.now = BotServer(served.address)
    return served.now


@dataclass
class Rig:
    """A bridge that can be started, ended and killed, and what it stands between."""

    server: BotServer
    desk: FakeDesk = field(default_factory=FakeDesk)
    kept: KeptInMemory = field(default_factory=KeptInMemory)
    settings: BridgeSettings = field(default_factory=BridgeSettings)
    bridge: Bridge | None = None
    task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start a bridge on what the last one kept."""
        ready = asyncio.Event()
        self.bridge = Bridge(
            self.desk,
            self.kept,
            TOKEN,
            lambda: self.settings,
            on_ready=lambda name: ready.set(),
        )
        self.task = asyncio.create_task(self.bridge.run())
        async with asyncio.timeout(10):
            await ready.wait()
            while not self.bridge._reach.venue and not self.desk.is_gone:
                await asyncio.sleep(0.01)

    async def stop(self) -> None:
        """End it as a signal would."""
        assert self.bridge is not None
        assert self.task is not None
        self.bridge.stopped.set()
        await self.task

    async def kill(self) -> None:
        """End it in the middle of everything: nothing more is written."""
        assert self.task is not None
        assert self.bridge is not None
        frozen = KeptInMemory()
        frozen.tables = dict(self.kept.tables)
        self.kept = frozen
        for task in (self.task, *self.bridge._running, *self.bridge._polling._tasks):
            task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)

    def set(self, **changes: Any) -> None:
        """Change the bridge's settings while it runs."""
        self.settings = msgspec.structs.replace(self.settings, **changes)

    async def until(self, condition: Callable[[], Any], seconds: float = 4) -> Any:
        """Wait for something to be true and return it."""
        async with asyncio.timeout(seconds):
            while True:
                found = condition()
                if found:
                    return found
                await asyncio.sleep(0.01)

    async def shown(self, chat: int, words: str, after: int = 0) -> Message:
        """Return the newest message after a number that shows some words."""

        def look() -> Message | None:
            fits = [m for m in self.server.to(chat) if m.number > after and words in m.text]
            return fits[-1] if fits else None

        try:
            found: Message = await self.until(look)
        except TimeoutError:
            texts = [message.text for message in self.server.to(chat)]
            raise AssertionError(f"no {words!r} in {texts}") from None
        return found

    async def asks(self, text: str, words: str, user: int = ANNA, chat: int = 0) -> Message:
        """Have somebody write, and return the answer that shows some words."""
        after = self.server.last_number()
        self.server.write(user, text, chat or None)
        return await self.shown(chat or user, words, after)


@pytest.fixture
async def rig(server: BotServer) -> AsyncIterator[Rig]:
    """A running bridge that knows Anna, Vera and a group."""
    made = Rig(server)
    made.settings = BridgeSettings(
        users={str(ANNA): "trade", str(VERA): "view"},
        chats={str(ANNA): "trade", str(GROUP): "view"},
        server=server.address,
    )
    await made.start()
    yield made
    if made.task is not None and not made.task.done():
        with contextlib.suppress(asyncio.CancelledError):
            await made.stop()
