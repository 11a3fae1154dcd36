"""A real HTTP server on loopback that speaks the Bot API, as strict as Telegram's own.

Long polls with offsets, messages with checked markup, edits, inline keyboards and their taps,
429 with ``retry_after``, 409 for a second poller; and faults: answers that never come, cuts.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.telegram.markup_check import BadMarkup, read_markup, units

TOKEN = "4711:TEST-token_of_the_loopback_server_0000"
BOT = {"id": 4711, "is_bot": True, "first_name": "Desk", "username": "desk_test_bot"}
MOST_UNITS, MOST_DATA = 4_096, 64
SENDS = ("sendMessage", "editMessageText", "answerCallbackQuery")


class ApiError(Exception):
    """An answer with ``ok`` false."""

    def __init__(self, code: int, text: str, **parameters: Any) -> None:
        super().__init__(text)
        self.code = code
        self.parameters = parameters


@dataclass
class Message:
    """A message of the bot, as its chat shows it now."""

    chat: int
    number: int
    text: str
    markup: str
    buttons: list[list[dict[str, str]]]
    is_silent: bool
    texts: list[str] = field(default_factory=list)

    def button(self, label: str) -> str:
        """Return the data of the first button whose label holds some words."""
        for row in self.buttons:
            for button in row:
                if label in button["text"]:
                    return button["callback_data"]
        raise AssertionError(f"no button {label!r} in {self.buttons}")

    @property
    def labels(self) -> list[str]:
        """Every label, in reading order."""
        return [button["text"] for row in self.buttons for button in row]


class BotServer:
    """The server's memory; all of it is guarded by one lock, tests look from their thread."""

    def __init__(self, address: str) -> None:
        self.lock = threading.RLock()
        self.address = address
        self.messages: list[Message] = []
        self.calls: list[tuple[float, str, dict[str, Any]]] = []
        self.notes: list[dict[str, Any]] = []
        self.commands: list[dict[str, str]] = []
        self.early = 0
        self.is_down = False
        self.floods: list[int] = []
        self.hang_on = ""
        self.fail: list[tuple[int, str]] = []
        self.gone: set[int] = set()
        self.mute: set[int] = set()
        self.moves: dict[int, int] = {}
        self.conflicts = 0
        self.unmodified = 0
        self._numbers = itertools.count(1)
        self._update_ids = itertools.count(900_001)
        self._updates: list[dict[str, Any]] = []
        self._quiet_until = 0.0
        self._polls = 0
        self.offset = 0

    # --- what people do ------------------------------------------------------------------

    def write(self, user: int, text: str, chat: int | None = None, **more: Any) -> None:
        """Have a person write a message."""
        where = user if chat is None else chat
        message = {
            "message_id": next(self._numbers),
            "date": int(time.time()),
            "chat": _chat(where),
            "from": _user(user),
            "text": text,
            **more,
        }
        self._add({"message": message})

    def tap(self, user: int, message: Message, label: str, *, data: str | None = None) -> None:
        """Have a person tap a button of a message as it is now."""
        shown = {
            "message_id": message.number,
            "date": int(time.time()),
            "chat": _chat(message.chat),
            "from": BOT,
            "text": message.text or "-",
        }
        query = {
            "id": str(next(self._numbers)),
            "from": _user(user),
            "chat_instance": "1",
            "message": shown,
            "data": message.button(label) if data is None else data,
        }
        self._add({"callback_query": query})

    def _add(self, update: dict[str, Any]) -> None:
        with self.lock:
            self._updates.append({"update_id": next(self._update_ids), **update})

    def to(self, chat: int) -> list[Message]:
        """Return what a chat shows of the bot, oldest first."""
        with self.lock:
            return [message for message in self.messages if message.chat == chat]

    def wait_for(self, chat: int, words: str, *, after: int = 0, seconds: float = 20) -> Message:
        """Return the first message from number ``after`` on that shows some words."""
        give_up = time.monotonic() + seconds
        while time.monotonic() < give_up:
            for message in self.to(chat):
                if message.number > after and words in message.text:
                    return message
            time.sleep(0.02)
        shown = [message.text for message in self.to(chat)]
        raise AssertionError(f"no {words!r} in chat {chat} after {after}: {shown}")

    def last_number(self) -> int:
        """Return the number of the newest message of all."""
        with self.lock:
            return max((message.number for message in self.messages), default=0)

    def called(self, method: str) -> list[dict[str, Any]]:
        """Return the parameters of all calls of a method."""
        with self.lock:
            return [data for _, name, data in self.calls if name == method]

    # --- the methods ---------------------------------------------------------------------

    async def handle(self, request: Request) -> Response:
        """Answer one call."""
        token, method = request.path_params["token"], request.path_params["method"]
        body = (await request.body()).decode()
        data = {**dict(request.query_params), **dict(parse_qsl(body, keep_blank_values=True))}
        with self.lock:
            self.calls.append((time.monotonic(), method, data))
        if self.is_down:
            return Response("<html>bad gateway</html>", status_code=502)
        if token != TOKEN:
            return _failed(ApiError(401, "Unauthorized"))
        try:
            if method == "getUpdates":
                return _ok(await self._get_updates(data, request))
            with self.lock:
                result = self._call(method, data)
        except ApiError as error:
            return _failed(error)
        if self.hang_on and self.hang_on in data.get("text", ""):
            # The message is in the chat, but its sender will never hear so.
            while not await request.is_disconnected():
                await asyncio.sleep(0.01)
        return _ok(result)

    def _call(self, method: str, data: dict[str, Any]) -> Any:
        if method in SENDS:
            self._flood(method)
        match method:
            case "getMe":
                return BOT
            case "deleteWebhook":
                return True
            case "setMyCommands":
                self.commands = json.loads(data["commands"])
                return True
            case "getChat":
                return self._get_chat(int(data["chat_id"]))
            case "sendMessage":
                return self._send(data)
            case "editMessageText":
                return self._edit(data)
            case "answerCallbackQuery":
                self.notes.append(data)
                return True
        raise ApiError(404, "Not Found: method not found")

    def _flood(self, method: str) -> None:
        now = time.monotonic()
        if now < self._quiet_until:
            self.early += 1
            raise ApiError(429, "Too Many Requests: retry after 1", retry_after=1)
        if self.floods and method != "answerCallbackQuery":
            seconds = self.floods.pop(0)
            self._quiet_until = now + seconds
            text = f"Too Many Requests: retry after {seconds}"
            raise ApiError(429, text, retry_after=seconds)
        if self.fail and method == "sendMessage":
            raise ApiError(*self.fail.pop(0))

    def calm(self) -> None:
        """Let the time to wait be over."""
        with self.lock:
            self.floods, self._quiet_until = [], 0.0

    def _get_chat(self, chat: int) -> dict[str, Any]:
        if chat in self.gone:
            raise ApiError(400, "Bad Request: chat not found")
        return {
            **_chat(chat),
            "accent_color_id": 0,
            "max_reaction_count": 11,
            "accepted_gift_types": {
                "unlimited_gifts": False,
                "limited_gifts": False,
                "unique_gifts": False,
                "premium_subscription": False,
                "gifts_from_channels": False,
            },
        }

    def _send(self, data: dict[str, Any]) -> dict[str, Any]:
        chat = int(data["chat_id"])
        if chat in self.gone:
            raise ApiError(403, "Forbidden: bot was blocked by the user")
        if chat in self.mute:
            raise ApiError(400, "Bad Request: not enough rights to send text messages to the chat")
        if chat in self.moves:
            raise ApiError(
                400,
                "Bad Request: group chat was upgraded to a supergroup chat",
                migrate_to_chat_id=self.moves[chat],
            )
        text, buttons = _shown(data), _buttons(data)
        message = Message(
            chat=chat,
            number=next(self._numbers),
            text=text,
            markup=data["text"],
            buttons=buttons,
            is_silent=data.get("disable_notification") in ("True", "true"),
            texts=[text],
        )
        self.messages.append(message)
        return _as_json(message)

    def _edit(self, data: dict[str, Any]) -> dict[str, Any]:
        chat, number = int(data["chat_id"]), int(data["message_id"])
        found = [m for m in self.messages if (m.chat, m.number) == (chat, number)]
        if not found:
            raise ApiError(400, "Bad Request: message to edit not found")
        message = found[0]
        text, buttons = _shown(data), _buttons(data)
        if (text, buttons) == (message.text, message.buttons):
            self.unmodified += 1
            raise ApiError(
                400,
                "Bad Request: message is not modified: specified new message content and reply "
                "markup are exactly the same as a current content and reply markup of the message",
            )
        message.text, message.markup, message.buttons = text, data["text"], buttons
        message.texts.append(text)
        return _as_json(message)

    async def _get_updates(self, data: dict[str, Any], request: Request) -> list[dict[str, Any]]:
        offset, seconds = int(data.get("offset", 0)), float(data.get("timeout", 0))
        with self.lock:
            self._polls += 1
            mine = self._polls
            if offset:
                self.offset = offset
                self._updates = [u for u in self._updates if u["update_id"] >= offset]
        give_up = time.monotonic() + seconds
        while True:
            with self.lock:
                if mine != self._polls:
                    self.conflicts += 1
                    raise ApiError(
                        409,
                        "Conflict: terminated by other getUpdates request; make sure that only "
                        "one bot instance is running",
                    )
                if self._updates or time.monotonic() >= give_up:
                    return self._updates[:100]
            if await request.is_disconnected():
                return []
            await asyncio.sleep(0.01)


def _shown(data: dict[str, Any]) -> str:
    """Return what a reader sees; raises as the server does for what it refuses."""
    text = str(data.get("text", ""))
    if data.get("parse_mode") == "HTML":
        try:
            text = read_markup(text)
        except BadMarkup as error:
            raise ApiError(400, f"Bad Request: can't parse entities: {error}") from error
    if not text.strip():
        raise ApiError(400, "Bad Request: message text is empty")
    if units(text) > MOST_UNITS:
        raise ApiError(400, "Bad Request: message is too long")
    return text


def _buttons(data: dict[str, Any]) -> list[list[dict[str, str]]]:
    markup = json.loads(data.get("reply_markup", "{}"))
    rows: list[list[dict[str, str]]] = markup.get("inline_keyboard", [])
    for button in (button for row in rows for button in row):
        if not 1 <= len(button["callback_data"].encode()) <= MOST_DATA:
            raise ApiError(400, "Bad Request: BUTTON_DATA_INVALID")
        if not button["text"]:
            raise ApiError(400, "Bad Request: Text buttons are unallowed in the inline keyboard")
    return rows


def _as_json(message: Message) -> dict[str, Any]:
    return {
        "message_id": message.number,
        "date": int(time.time()),
        "chat": _chat(message.chat),
        "from": BOT,
        "text": message.text,
    }


def _chat(number: int) -> dict[str, Any]:
    if number > 0:
        return {"id": number, "type": "private", "first_name": f"P{number}"}
    return {"id": number, "type": "supergroup", "title": f"G{number}"}


def _user(number: int) -> dict[str, Any]:
    return {"id": number, "is_bot": False, "first_name": f"P{number}"}


def _ok(result: Any) -> JSONResponse:
    return JSONResponse({"ok": True, "result": result})


def _failed(error: ApiError) -> JSONResponse:
    body: dict[str, Any] = {"ok": False, "error_code": error.code, "description": str(error)}
    if error.parameters:
        body["parameters"] = error.parameters
    return JSONResponse(body, status_code=error.code)


class Served:
    """The address, and the server that answers there now; a test puts a fresh one in."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.now = BotServer(address)

    async def handle(self, request: Request) -> Response:
        """Answer one call."""
        return await self.now.handle(request)


@contextmanager
def serving() -> Iterator[Served]:
    """Serve in a thread of this process for the length of a block."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    served = Served(f"http://127.0.0.1:{listening.getsockname()[1]}")
    app = Starlette(routes=[Route("/bot{token}/{method}", served.handle, methods=["GET", "POST"])])
    config = uvicorn.Config(
        app, log_level="error", lifespan="off", timeout_graceful_shutdown=1, access_log=False
    )
    runs = uvicorn.Server(config)
    thread = threading.Thread(target=runs.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        yield served
    finally:
        runs.should_exit = True
        thread.join(10)
        listening.close()
