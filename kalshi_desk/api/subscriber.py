"""One client of the WebSocket: its waiting messages, and its end when it does not keep up."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable

from starlette.websockets import WebSocket

MOST_WAITING = 256
SEND_S = 10.0
ABORT = "kalshi_desk.abort"
"""Where the server leaves what cuts a connection off at once."""


class Subscriber:
    """Sends messages to one client in order; nobody waits for it."""

    def __init__(self, socket: WebSocket) -> None:
        self._socket = socket
        self._waiting: deque[str] = deque()
        self._news = asyncio.Event()
        self.is_lost = False

    def give(self, message: str) -> bool:
        """Let a message be sent; False when the client is too slow and is cut off instead."""
        if self.is_lost:
            return True
        if len(self._waiting) >= MOST_WAITING:
            self.cut()
            return False
        self._waiting.append(message)
        self._news.set()
        return True

    async def send_all(self, on_slow: Callable[[], None]) -> None:
        """Send until the connection ends."""
        while not self.is_lost:
            await self._news.wait()
            self._news.clear()
            while self._waiting and not self.is_lost:
                try:
                    async with asyncio.timeout(SEND_S):
                        await self._socket.send_text(self._waiting.popleft())
                except TimeoutError:
                    on_slow()
                    self.cut()
                except Exception:
                    self.cut()

    def cut(self) -> None:
        """End the connection without a word: whoever does not read would not read that."""
        self.is_lost = True
        self._waiting.clear()
        self._news.set()
        abort = self._socket.scope.get("extensions", {}).get(ABORT)
        if abort is not None:
            with contextlib.suppress(Exception):
                abort()
