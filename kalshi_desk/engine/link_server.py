"""The engine's end of the link: answers pulls, commands and queries of any number of faces.

Pull only: a face is sent one answer per request and nothing else, so a face that
stops reading holds one answer and its own coroutine, never a queue and never the engine.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import logging
import os
import secrets
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import msgspec
from websockets.asyncio.server import Server, ServerConnection, serve, unix_serve
from websockets.exceptions import WebSocketException

from kalshi_desk.core.errors import DeskError, Unknown
from kalshi_desk.core.reasons import Reason, ReasonCode
from kalshi_desk.desk.commands import Answer, Command, Outcomes, Query, QueryFailed, Reply
from kalshi_desk.desk.frames import Frame
from kalshi_desk.desk.protocol import (
    PROTOCOL_VERSION,
    Ask,
    Broken,
    Hello,
    Pull,
    Replied,
    Submit,
    ToEngine,
    ToFace,
    TurnedAway,
    Welcome,
    encode,
    to_engine,
)
from kalshi_desk.store.files import PRIVATE_FILE, write_whole

HELLO_TIMEOUT_S = 5.0
GOODBYE_S = 2.0
MAX_REQUEST_BYTES = 64 * 1024
MAX_RUNNING_PER_FACE = 32
_log = logging.getLogger(__name__)


class DeskPort(Protocol):
    """What the link needs of the engine."""

    def frame(self, topics: tuple[str, ...], board_seq: int, event_seq: int) -> Frame:
        """Return what is new on these topics; must be quick."""
        ...

    async def submit(self, command_id: str, command: Command) -> Answer:
        """Carry a command out once; the same id gets the same answer for ever."""
        ...

    async def ask(self, query: Query) -> Reply:
        """Answer a query."""
        ...

    def last_event_seq(self) -> int:
        """Return the number of the newest event."""
        ...


class LinkServer:
    """Serves one engine's link on ``unix:PATH`` or ``ws://127.0.0.1:PORT`` (0 for any).

    ``on_face_left`` is told the name of a face that is gone and how many of its name stay.
    """

    def __init__(
        self,
        desk: DeskPort,
        address: str,
        token: str,
        venue: str,
        *,
        on_face_left: Callable[[str, int], None] | None = None,
    ) -> None:
        self._desk = desk
        self._address = address
        self._token = token
        self._venue = venue
        self._on_face_left = on_face_left
        self._server: Server | None = None
        self._running: set[asyncio.Task[None]] = set()
        self._sockets: set[ServerConnection] = set()
        self.faces: Counter[str] = Counter()

    async def start(self) -> str:
        """Begin to serve and return the address, with loopback where there is no Unix socket."""
        if self._address.startswith("unix:"):
            path = Path(self._address.removeprefix("unix:"))
            try:
                self._server = await self._serve_unix(path)
                return self._address
            except (OSError, NotImplementedError, AttributeError) as error:
                _log.warning("no Unix socket at %s (%s); the link is on loopback", path, error)
        port = 0 if self._address.startswith("unix:") else int(self._address.rpartition(":")[2])
        self._server = await serve(
            self._talk,
            "127.0.0.1",
            port,
            origins=[None],
            compression=None,
            ping_interval=None,
            max_size=MAX_REQUEST_BYTES,
            max_queue=4,
            close_timeout=1,
        )
        self._address = f"ws://127.0.0.1:{next(iter(self._server.sockets)).getsockname()[1]}"
        return self._address

    async def stop(self) -> None:
        """Let running commands answer, hang up on every face and remove the socket."""
        if self._running:
            await asyncio.wait(self._running, timeout=2.0)
        if self._server is not None:
            await self._hang_up(self._server)
            self._server = None
        for task in tuple(self._running):
            task.cancel()
        if self._address.startswith("unix:"):
            Path(self._address.removeprefix("unix:")).unlink(missing_ok=True)

    async def _hang_up(self, server: Server) -> None:
        """Say goodbye to every face; one that reads nothing is cut off instead of waited for."""
        server.close()
        try:
            async with asyncio.timeout(GOODBYE_S):
                await asyncio.shield(server.wait_closed())
        except TimeoutError:
            for socket in self._sockets:
                socket.transport.abort()
            await server.wait_closed()

    async def _serve_unix(self, path: Path) -> Server:
        folder = path.parent.stat()
        if folder.st_mode & 0o077 or folder.st_uid != os.getuid():
            raise PermissionError(f"{path.parent} is not private")
        path.unlink(missing_ok=True)
        server = await unix_serve(
            self._talk,
            str(path),
            origins=[None],
            compression=None,
            ping_interval=None,
            max_size=MAX_REQUEST_BYTES,
            max_queue=4,
            close_timeout=1,
        )
        path.chmod(PRIVATE_FILE)
        return server

    async def _talk(self, socket: ServerConnection) -> None:
        self._sockets.add(socket)
        try:
            await self._converse(socket)
        finally:
            self._sockets.discard(socket)

    async def _converse(self, socket: ServerConnection) -> None:
        with contextlib.suppress(OSError, WebSocketException, TimeoutError):
            async with asyncio.timeout(HELLO_TIMEOUT_S):
                hello = _read(await socket.recv())
                refusal = self._why_not(hello)
                if refusal or not isinstance(hello, Hello):
                    await socket.send(encode(TurnedAway(text=refusal)))
                    return
                await socket.send(encode(self._welcome()))
            face = hello.face[:40]
            self.faces[face] += 1
            try:
                await self._answer_all(socket)
            finally:
                self._leave(face)

    def _why_not(self, hello: ToEngine | None) -> str:
        if not isinstance(hello, Hello):
            return "The first word must be a hello. Use a kalshi-desk of the same version."
        if hello.version != PROTOCOL_VERSION:
            return (
                f"The engine speaks version {PROTOCOL_VERSION} of the link and you speak "
                f"{hello.version}. Stop the engine with: kalshi-desk stop, then start again."
            )
        if not hmac.compare_digest(hello.token.encode(), self._token.encode()):
            return "The token is not this engine's. Use the same --home as the engine."
        return ""

    def _welcome(self) -> Welcome:
        return Welcome(
            version=PROTOCOL_VERSION,
            venue=self._venue,
            pid=os.getpid(),
            event_seq=self._desk.last_event_seq(),
        )

    def _leave(self, face: str) -> None:
        self.faces[face] -= 1
        left = self.faces[face]
        if not left:
            del self.faces[face]
        if self._on_face_left is not None:
            self._on_face_left(face, left)

    async def _answer_all(self, socket: ServerConnection) -> None:
        """Answer requests until the face hangs up; pulls here in order, the rest beside them."""
        free = asyncio.Semaphore(MAX_RUNNING_PER_FACE)
        async for message in socket:
            request = _read(message)
            if isinstance(request, Pull):
                await socket.send(self._frame(request))
            elif isinstance(request, Submit | Ask):
                await free.acquire()
                task = asyncio.create_task(self._run(socket, request, free))
                self._running.add(task)
                task.add_done_callback(self._running.discard)
            else:
                await socket.send(
                    encode(Broken(text="The engine could not read a message of this face."))
                )
                return

    def _frame(self, pull: Pull) -> bytes:
        return encode(self._desk.frame(pull.topics, pull.board_seq, pull.event_seq))

    async def _run(
        self, socket: ServerConnection, request: Submit | Ask, free: asyncio.Semaphore
    ) -> None:
        """Carry one request out, also when its face is gone by then, and answer it."""
        try:
            answer: ToFace
            if isinstance(request, Submit):
                answer = await self._submit(request)
            else:
                answer = Replied(ask_id=request.ask_id, reply=await self._ask(request.query))
            with contextlib.suppress(OSError, WebSocketException):
                await socket.send(encode(answer))
        finally:
            free.release()

    async def _submit(self, request: Submit) -> Answer:
        try:
            return await self._desk.submit(request.command_id, request.command)
        except DeskError as error:
            outcome = Outcomes.UNKNOWN if isinstance(error, Unknown) else Outcomes.REFUSED
            text = str(error)
        except Exception:
            _log.exception("a command failed")
            outcome = Outcomes.UNKNOWN
            text = "The engine failed while it carried this out. Look at orders and positions."
        return Answer(
            command_id=request.command_id,
            outcome=outcome,
            text=text,
            reasons=(Reason(code=ReasonCode.BAD_COMMAND, text=text),),
        )

    async def _ask(self, query: Query) -> Reply:
        try:
            return await self._desk.ask(query)
        except DeskError as error:
            text = str(error)
        except Exception:
            _log.exception("a query failed")
            text = "The engine failed while it answered. Nothing was sent."
        return QueryFailed(reasons=(Reason(code=ReasonCode.BAD_COMMAND, text=text),))


def write_token(path: Path) -> str:
    """Make a new token for the link, keep it in a private file and return it."""
    token = secrets.token_urlsafe(32)
    write_whole(path, token.encode(), PRIVATE_FILE)
    return token


def _read(message: str | bytes) -> ToEngine | None:
    try:
        request: ToEngine = to_engine.decode(
            message.encode() if isinstance(message, str) else message
        )
    except msgspec.MsgspecError:
        return None
    return request
