"""The WebSocket: what happens on the desk, told to everybody who has subscribed."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec
from starlette.websockets import WebSocket, WebSocketDisconnect

from kalshi_desk.api import answers
from kalshi_desk.api.bodies import ConfigBody, StatusBody, moment
from kalshi_desk.api.desk_view import DeskView
from kalshi_desk.api.metrics import Metrics
from kalshi_desk.api.routes import current_config
from kalshi_desk.api.subscriber import Subscriber
from kalshi_desk.core.errors import DeskError
from kalshi_desk.desk.frames import DeskEvent, FillRow, Level

LOOK_S = 0.25
STATUS_S = 5.0
CONFIG_S = 1.0
SUBSCRIBE_S = 10.0
MOST_SOCKETS, MOST_SILENT = 50, 20
MOST_MESSAGE_BYTES = 4_096
_POLICY, _BUSY = 1008, 1013
_NEWEST = 2**62
_MOST_KNOWN, _MOST_REASON = 2_000, 100
_BAD = frozenset({Level.WARNING, Level.ERROR})
_encode = msgspec.json.Encoder().encode
_log = logging.getLogger(__name__)


class Asked(msgspec.Struct, frozen=True):
    """What a client may say."""

    type: str
    token: str = ""


_asked = msgspec.json.Decoder(Asked)


class Feed:
    """Looks at the desk while somebody listens, and tells what is new."""

    def __init__(self, desk: DeskView, metrics: Metrics, knows: Callable[[object], bool]) -> None:
        self._desk = desk
        self._metrics = metrics
        self._knows = knows
        self._subscribers: set[Subscriber] = set()
        self._silent = 0
        self._looking: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()
        self._connection = 0
        self._board_seq = self._event_seq = 0
        self._known: dict[str, None] = {}
        self._status: StatusBody | None = None
        self._config: ConfigBody | None = None
        self._told_status_s = self._saw_config_s = float("-inf")
        self._is_lost = False

    async def serve(self, socket: WebSocket) -> None:
        """Talk with one client from its first word to its last."""
        if self._silent >= MOST_SILENT or len(self._subscribers) >= MOST_SOCKETS:
            await socket.close(_BUSY, "too many sockets")
            return
        await socket.accept()
        self._silent += 1
        try:
            problem = await self._subscribed(socket)
        finally:
            self._silent -= 1
        if problem is None:
            await self._attend(socket)
        elif problem:
            await socket.close(_POLICY, problem)

    def config_changed(self) -> None:
        """Look at the settings with the next look: somebody has just changed them here."""
        self._saw_config_s = float("-inf")

    async def close(self) -> None:
        """End everything."""
        for subscriber in self._subscribers:
            subscriber.cut()
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)

    async def _subscribed(self, socket: WebSocket) -> str | None:
        """Wait for the subscription; return why there is none, empty when nobody is there."""
        try:
            async with asyncio.timeout(SUBSCRIBE_S):
                asked = _read(await socket.receive())
        except TimeoutError:
            return f"no subscription within {SUBSCRIBE_S:g} seconds"
        except WebSocketDisconnect:
            return ""
        if asked is None:
            return 'the first message must be {"type": "subscribe"}'
        is_known = socket.scope.get("state", {}).get("is_known", False)
        if not is_known and not self._knows(asked.token):
            self._metrics.strangers += 1
            return "the token is missing or wrong"
        return None

    async def _attend(self, socket: WebSocket) -> None:
        subscriber = Subscriber(socket)
        try:
            async with self._turn:
                # What happened before is for those who listened then.  From here on nothing
                # is missed: what the status shows was before, and the rest comes.
                await self._look(tell=bool(self._subscribers))
                status = answers.status(await self._desk.look())
                subscriber.give(_message("status", status))
                self._subscribers.add(subscriber)
        except DeskError as error:
            await socket.close(_BUSY, str(error)[:_MOST_REASON])
            return
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._keep_looking())
        self._metrics.sockets = len(self._subscribers)
        sending = asyncio.create_task(subscriber.send_all(self._count_slow))
        hearing = asyncio.create_task(_hear(socket))
        try:
            await asyncio.wait({sending, hearing}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._subscribers.discard(subscriber)
            self._metrics.sockets = len(self._subscribers)
            for task in (sending, hearing):
                task.cancel()
            await asyncio.gather(sending, hearing, return_exceptions=True)

    async def _keep_looking(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            async with self._turn:
                if not self._subscribers:
                    return
                try:
                    await self._look(tell=True)
                    await self._tell_state()
                except DeskError as error:
                    if not self._is_lost:
                        self._is_lost = True
                        self._tell("bot_error", str(error))
                except Exception:
                    _log.exception("the desk could not be told of")

    async def _look(self, *, tell: bool) -> None:
        """Find out what is new since the last look, and tell it to those who listen."""
        board_seq = self._board_seq if self._connection == self._desk.connects else 0
        event_seq = self._event_seq if tell else _NEWEST
        frame = await self._desk.pull(("status", "fills"), board_seq, event_seq)
        self._board_seq, self._event_seq = frame.board_seq, frame.event_seq
        self._connection, self._is_lost = self._desk.connects, False
        for key, row in frame.changed.get("fills", {}).items():
            if isinstance(row, FillRow) and key not in self._known:
                self._known[key] = None
                if tell:
                    self._tell("trade_executed", answers.trade(row), row.executed_ns)
        while len(self._known) > _MOST_KNOWN:
            del self._known[next(iter(self._known))]
        for event in frame.events if tell else ():
            kind = "bot_error" if event.level in _BAD else "bot_output"
            self._tell(kind, _words(event), event.at_ns)

    async def _tell_state(self) -> None:
        now_s = asyncio.get_running_loop().time()
        status = answers.status(await self._desk.look())
        if _facts(status) != _facts(self._status) or now_s - self._told_status_s >= STATUS_S:
            self._told_status_s = now_s
            self._tell("status", status)
        self._status = status
        if now_s - self._saw_config_s >= CONFIG_S:
            self._saw_config_s = now_s
            config = await current_config(self._desk)
            if self._config is not None and config != self._config:
                self._tell("config_updated", config)
            self._config = config

    def _tell(self, kind: str, data: object, at_ns: int = 0) -> None:
        message = _message(kind, data, at_ns)
        for subscriber in tuple(self._subscribers):
            if not subscriber.give(message):
                self._count_slow()

    def _count_slow(self) -> None:
        self._metrics.dropped += 1
        _log.warning("a subscriber did not keep up and was dropped")


async def _hear(socket: WebSocket) -> None:
    """Wait until the client is gone; what else it says changes nothing."""
    message: Any = {}
    while message.get("type") != "websocket.disconnect":
        message = await socket.receive()


def _read(message: Any) -> Asked | None:
    """Return the subscription of a first message, None when it is none."""
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message.get("code", _POLICY))
    body = message.get("text") or message.get("bytes") or ""
    try:
        asked: Asked = _asked.decode(body)
    except (msgspec.MsgspecError, RecursionError):
        return None
    return asked if asked.type == "subscribe" else None


def _message(kind: str, data: object, at_ns: int = 0) -> str:
    at: datetime = moment(at_ns or time.time_ns())
    return _encode({"type": kind, "data": data, "timestamp": at}).decode()


def _words(event: DeskEvent) -> str:
    place = f" [{event.ticker}]" if event.ticker else ""
    return f"{event.title}{place}" + (f": {event.text}" if event.text else "")


def _facts(status: StatusBody | None) -> tuple[object, ...] | None:
    """Return what of the status is news when it changes: not the time, which always does."""
    if status is None:
        return None
    told = (status.trading, status.api_connected, status.trades_count)
    return (*told, *status.active_strategies)
