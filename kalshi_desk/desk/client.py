"""The client end of the link: pulls, commands and queries over one connection.

Requests run side by side: pulls are answered in order, commands by their id, queries
by their number, so a slow command never holds up the screen.
"""

from __future__ import annotations

import asyncio
import itertools
import uuid
from collections import deque
from typing import TypeVar

import msgspec
from websockets.asyncio.client import ClientConnection, connect, unix_connect
from websockets.exceptions import WebSocketException

from kalshi_desk.core.errors import DeskError, Retry, Stop, Unknown
from kalshi_desk.desk.commands import Answer, Command, Query, Reply
from kalshi_desk.desk.frames import Frame
from kalshi_desk.desk.protocol import (
    PROTOCOL_VERSION,
    Ask,
    Broken,
    Hello,
    Pull,
    Replied,
    Submit,
    ToFace,
    TurnedAway,
    Welcome,
    encode,
    to_face,
)

CONNECT_TIMEOUT_S = 5.0
CLOSE_TIMEOUT_S = 1.0
"""How long to wait for the goodbye of an engine, which may be frozen."""
MAX_FRAME_BYTES = 64 * 1024 * 1024
_T = TypeVar("_T")


class LinkClient:
    """One face's connection to the engine.

    ``address`` is ``unix:PATH`` or ``ws://127.0.0.1:PORT``; ``token`` that of the home;
    ``face`` a short name such as ``tui``.
    """

    def __init__(self, address: str, token: str, face: str) -> None:
        self._address = address
        self._token = token
        self._face = face
        self._socket: ClientConnection | None = None
        self._reader: asyncio.Task[None] | None = None
        self._pulls: deque[asyncio.Future[Frame]] = deque()
        self._submits: dict[str, list[asyncio.Future[Answer]]] = {}
        self._asks: dict[int, asyncio.Future[Reply]] = {}
        self._ask_ids = itertools.count(1)
        self._broken = ""

    async def connect(self) -> Welcome:
        """Connect and introduce this face.

        Raises ``Retry`` when no engine answers there and ``Stop`` when it turns us away.
        """
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                socket = await self._open()
                await socket.send(
                    encode(Hello(version=PROTOCOL_VERSION, token=self._token, face=self._face))
                )
                first = _decode(await socket.recv())
        except (OSError, WebSocketException, TimeoutError, msgspec.MsgspecError) as error:
            raise _no_engine() from error
        if not isinstance(first, Welcome):
            await socket.close()
            text = first.text if isinstance(first, TurnedAway | Broken) else "It spoke nonsense."
            raise Stop(text, code="turned_away")
        self._socket = socket
        self._reader = asyncio.create_task(self._read(socket))
        return first

    async def pull(self, topics: tuple[str, ...], board_seq: int = 0, event_seq: int = 0) -> Frame:
        """Return what is new since ``board_seq`` and ``event_seq``.

        Raises ``Retry`` when the connection is lost.
        """
        future: asyncio.Future[Frame] = asyncio.get_running_loop().create_future()
        self._pulls.append(future)
        message = Pull(topics=topics, board_seq=board_seq, event_seq=event_seq)
        return await self._exchange(encode(message), future, _lost())

    async def submit(self, command: Command, command_id: str | None = None) -> Answer:
        """Have a command carried out and return how it ended.

        The same ``command_id`` is carried out once and gets the same answer for ever.
        Raises ``Unknown`` when the connection was lost after the command left.
        """
        name = command_id or new_command_id()
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        waiting = self._submits.setdefault(name, [])
        waiting.append(future)
        try:
            return await self._exchange(
                encode(Submit(command_id=name, command=command)), future, _unknown()
            )
        finally:
            waiting.remove(future)
            if not waiting:
                self._submits.pop(name, None)

    async def ask(self, query: Query) -> Reply:
        """Return the reply to a query; raises ``Retry`` when the connection is lost."""
        ask_id = next(self._ask_ids)
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._asks[ask_id] = future
        try:
            return await self._exchange(encode(Ask(ask_id=ask_id, query=query)), future, _lost())
        finally:
            self._asks.pop(ask_id, None)

    @property
    def is_connected(self) -> bool:
        """Whether the connection stands, as far as one can know without asking."""
        return self._socket is not None and self._reader is not None and not self._reader.done()

    async def close(self) -> None:
        """Hang up; what was waited for fails as lost."""
        if self._socket is not None:
            await self._socket.close()
        if self._reader is not None:
            await self._reader
        self._socket = None

    async def _open(self) -> ClientConnection:
        if self._address.startswith("unix:"):
            return await unix_connect(
                self._address.removeprefix("unix:"),
                "ws://localhost/",
                compression=None,
                ping_interval=None,
                close_timeout=CLOSE_TIMEOUT_S,
                max_size=MAX_FRAME_BYTES,
                proxy=None,
            )
        return await connect(
            self._address,
            compression=None,
            ping_interval=None,
            close_timeout=CLOSE_TIMEOUT_S,
            max_size=MAX_FRAME_BYTES,
            proxy=None,
        )

    async def _exchange(self, message: bytes, future: asyncio.Future[_T], lost: DeskError) -> _T:
        """Send a request and wait for its answer; ``lost`` is raised when none can come."""
        socket = self._socket
        if socket is None or not self.is_connected:
            self._forget(future)
            raise _no_engine()
        try:
            await socket.send(message)
        except (OSError, WebSocketException) as error:
            self._forget(future)
            raise lost from error
        try:
            return await future
        except _ConnectionLost as error:
            raise (Stop(self._broken, code="broken") if self._broken else lost) from error

    def _forget(self, future: asyncio.Future[_T]) -> None:
        future.cancel()
        self._pulls = deque(waiting for waiting in self._pulls if waiting is not future)

    async def _read(self, socket: ClientConnection) -> None:
        try:
            async for message in socket:
                self._deliver(_decode(message))
        except (OSError, WebSocketException, msgspec.MsgspecError):
            await socket.close()
        finally:
            self._fail_all()

    def _deliver(self, message: ToFace) -> None:
        match message:
            case Frame():
                if self._pulls:
                    _resolve(self._pulls.popleft(), message)
            case Answer():
                for waiting in self._submits.get(message.command_id, ()):
                    _resolve(waiting, message)
            case Replied():
                asked = self._asks.get(message.ask_id)
                if asked is not None:
                    _resolve(asked, message.reply)
            case Broken() | TurnedAway():
                self._broken = message.text
            case Welcome():
                pass

    def _fail_all(self) -> None:
        submits = [future for futures in self._submits.values() for future in futures]
        waiting: list[asyncio.Future[Frame] | asyncio.Future[Answer] | asyncio.Future[Reply]]
        waiting = [*self._pulls, *submits, *self._asks.values()]
        for future in waiting:
            if not future.done():
                future.set_exception(_ConnectionLost())
        self._pulls.clear()


class _ConnectionLost(Exception):
    """Wakes those who wait for an answer that can't come."""


def new_command_id() -> str:
    """Return an id for a command that nobody used before."""
    return uuid.uuid4().hex


def _resolve(future: asyncio.Future[_T], value: _T) -> None:
    if not future.done():
        future.set_result(value)


def _decode(message: str | bytes) -> ToFace:
    decoded: ToFace = to_face.decode(message.encode() if isinstance(message, str) else message)
    return decoded


def _no_engine() -> Retry:
    return Retry(
        "The engine does not answer.",
        code="no_engine",
        money="Nothing was sent; orders at the exchange stand as they are.",
        todo="Start it with: kalshi-desk",
    )


def _lost() -> Retry:
    return Retry(
        "The connection to the engine was lost.",
        code="link_lost",
        money="Orders at the exchange stand as they are.",
        todo="Start it again with: kalshi-desk",
    )


def _unknown() -> Unknown:
    return Unknown(
        "The connection to the engine was lost before it answered.",
        code="link_lost",
        money="The command may or may not have been carried out.",
        todo="Look at orders and positions before you repeat it.",
    )
