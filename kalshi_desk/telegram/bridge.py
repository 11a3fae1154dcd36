"""The bridge: polls Telegram, follows the desk, answers people and carries notifications."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Coroutine
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import telegram
from telegram.request import HTTPXRequest

from kalshi_desk.core.errors import DeskError
from kalshi_desk.desk.frames import Level
from kalshi_desk.desk.service import GuestSays
from kalshi_desk.telegram.access import Strangers, how_to_allow, role_of
from kalshi_desk.telegram.confirming import Confirming
from kalshi_desk.telegram.courier import Courier
from kalshi_desk.telegram.handling import Asked, Handling
from kalshi_desk.telegram.machine_views import ACTING, LOOKING, LOOKING_TOO
from kalshi_desk.telegram.memory import Memory
from kalshi_desk.telegram.notices import Notices
from kalshi_desk.telegram.polling import Incoming, Polling
from kalshi_desk.telegram.ports import DeskPort, KeptPort
from kalshi_desk.telegram.reach import Reach
from kalshi_desk.telegram.scrub import Scrubber
from kalshi_desk.telegram.sender import Sender
from kalshi_desk.telegram.settings import BridgeSettings, Category
from kalshi_desk.telegram.watch import Watch
from kalshi_desk.telegram.words import Words

GUEST = "telegram"
TIMEOUT_S = 10.0
END_S = 3.0
"""How long a message on its way and answers in progress may take at the end."""
_log = logging.getLogger(__name__)


def open_bot(token: str, server: str) -> telegram.Bot:
    """Return the bot, talking to a server; nothing is sent yet."""
    # A proxy of the environment has no business between two programs of one machine.
    kwargs = {"trust_env": not _is_loopback(server)}

    def request(size: int) -> HTTPXRequest:
        return HTTPXRequest(
            connection_pool_size=size,
            read_timeout=TIMEOUT_S,
            write_timeout=TIMEOUT_S,
            connect_timeout=TIMEOUT_S,
            pool_timeout=TIMEOUT_S,
            httpx_kwargs=dict(kwargs),
        )

    return telegram.Bot(
        token,
        base_url=f"{server.rstrip('/')}/bot",
        base_file_url=f"{server.rstrip('/')}/file/bot",
        request=request(16),
        get_updates_request=request(1),
    )


class Bridge:
    """One running bridge.

    ``settings`` returns those of now; ``on_ready`` gets the bot's name once Telegram answers.
    """

    def __init__(
        self,
        port: DeskPort,
        kept: KeptPort,
        token: str,
        settings: Callable[[], BridgeSettings],
        *,
        on_ready: Callable[[str], None] = lambda name: None,
    ) -> None:
        self.stopped = asyncio.Event()
        self._settings = settings
        self._scrub = Scrubber(token)
        self._memory = Memory(kept)
        self._reach = Reach(port)
        self._on_ready = on_ready
        self._running: set[asyncio.Task[None]] = set()
        self._bot = open_bot(token, settings().server)
        self._sender = Sender(self._bot, self._scrub, on_moved=self._moved)
        self._strangers = Strangers(self._stranger, time.time_ns)
        self._courier = Courier(
            self._memory,
            self._sender,
            chats=self._writable,
            repeat_line=lambda: self._words()("repeat.notice"),
            missing_line=lambda count: self._words()("repeat.missing", count=count),
            on_blocked=self._blocked,
        )
        self._notices = notices = Notices(self._memory, settings, self._words)
        self._watch = Watch(
            self._reach,
            self._memory,
            notices,
            self._words,
            on_new=self._courier.wake,
        )
        self._confirming = Confirming(
            self._memory,
            self._reach,
            self._sender,
            self._words,
            lambda: self._settings().confirm_s,
            self._start,
            later=notices.answer,
        )
        self._handling = Handling(
            self._reach, self._sender, self._confirming, settings, self._words
        )
        self._polling = Polling(
            self._bot,
            self._memory,
            self._scrub,
            may=self._may,
            answer=self._answer,
            on_conflict=self._conflict,
            on_ready=self._ready,
            commands=self._commands,
        )

    async def run(self) -> None:
        """Serve until stopped; raises ``Stop`` for a refused token or a disk that is full."""
        self._begin()
        courier = asyncio.create_task(self._courier.run())
        others = [
            asyncio.create_task(work)
            for work in (
                self._watch.run(),
                self._polling.run(),
                self._confirming.keep_sweeping(),
            )
        ]
        stopping = asyncio.create_task(self.stopped.wait())
        try:
            done, _ = await asyncio.wait(
                {courier, stopping, *others}, return_when=asyncio.FIRST_COMPLETED
            )
            for task in done:
                task.result()
        finally:
            await self._end(courier, [stopping, *others])

    async def say_engine_died(self, patience_s: float) -> None:
        """Tell the chats that the engine is gone and this bridge with it; what waits is kept."""
        said = self._words()("engine.died")
        self._notices.own(Category.SYSTEM, [said])
        self._courier.wake()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience_s):
                while self._courier.has_due():
                    await asyncio.sleep(0.05)

    async def _end(self, courier: asyncio.Task[None], others: list[asyncio.Task[Any]]) -> None:
        """See through what is on its way, for a moment, and let go of everything."""
        self._courier.finish()
        for task in others:
            task.cancel()
        await asyncio.wait({courier}, timeout=END_S)
        courier.cancel()
        await self._polling.finish(END_S)
        if self._running:
            await asyncio.wait(self._running, timeout=END_S)
        left = (courier, *others, *self._running)
        for task in self._running:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        with contextlib.suppress(DeskError):
            await self._reach.let_go()
        await self._bot.shutdown()

    def _begin(self) -> None:
        settings = self._settings()
        if not settings.users and not settings.chats:
            _log.warning("nobody is on the list, so nobody gets an answer. %s", how_to_allow())
        for kind in settings.unknown_kinds():
            _log.warning("telegram.notify names %s, which is no kind of notification", kind)
        for chat in settings.chats:
            moved = self._memory.number(f"moved:{chat}")
            if moved is not None:
                self._sender.moved(int(chat), moved)
        doubtful = self._memory.doubt()
        if doubtful:
            _log.warning("%d notifications were on their way at the last end", doubtful)
        self._confirming.resume()

    # --- requests -------------------------------------------------------------------------

    def _may(self, incoming: Incoming) -> bool:
        person = incoming.person
        if role_of(self._settings(), person):
            self._courier.unblock(person.chat)
            return True
        if self._strangers.came(person):
            _log.warning(how_to_allow(person))
        return False

    async def _answer(self, incoming: Incoming) -> None:
        person = incoming.person
        asked = Asked(
            asker=person.user,
            chat=person.chat,
            role=role_of(self._settings(), person),
            update_id=incoming.update_id,
            message=incoming.message,
        )
        try:
            if incoming.query:
                await self._handling.tap(asked, incoming.query, incoming.data)
            else:
                await self._handling.text(asked, incoming.text)
        except Exception:
            # A fault of our own: one answer must not end the bridge, nor end in silence.
            _log.exception("answering update %d failed", incoming.update_id)
            await self._sender.reply(person.chat, self._words()("error.fault"))

    def _commands(self) -> list[telegram.BotCommand]:
        words = self._words()
        return [
            telegram.BotCommand(name, words.plain(f"command.{name}"))
            for name in ("start", *LOOKING, *LOOKING_TOO, *ACTING)
        ]

    # --- telling --------------------------------------------------------------------------

    def _writable(self) -> set[int]:
        """Return the chats that may be written to: those told of events, and people's own."""
        settings = self._settings()
        return {int(chat) for chat in (*settings.chats, *settings.users)}

    def _words(self) -> Words:
        return Words(self._settings().language)

    def _ready(self, name: str) -> None:
        _log.info("the bridge serves @%s", name)
        self._on_ready(name)

    def _stranger(self, text: str) -> None:
        _log.warning("a stranger: %s", text)
        self._say(Level.WARNING, "A stranger wrote to the Telegram bot", text)

    def _blocked(self, chat: int, why: str) -> None:
        _log.warning("chat %d takes no messages: %s", chat, why)
        text = f"Chat {chat} takes no messages: {why}. What it is to be told waits."
        self._say(Level.WARNING, "A Telegram chat can't be reached", text)

    def _conflict(self, why: str) -> None:
        text = f"{why}. Commands may go there: end the other bridge, or take a new token."
        self._say(Level.ERROR, "Another program uses the Telegram bot", text)

    def _moved(self, old: int, new: int) -> None:
        self._memory.keep_facts({f"moved:{old}": new})
        _log.warning("chat %d is now %d; put that into the settings", old, new)
        text = f"It has become {new}: put that number into [telegram.chats] instead of {old}."
        self._say(Level.WARNING, "A Telegram group has a new number", text)

    def _say(self, level: Level, title: str, text: str) -> None:
        """Tell every face, by the desk; while there is none, the log has it."""
        self._start(self._tell(GuestSays(guest=GUEST, level=level, title=title, text=text)))

    async def _tell(self, word: GuestSays) -> None:
        try:
            await self._reach.submit(word)
        except DeskError as error:
            _log.info("the desk was not told: %s", error)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            _log.error("work of the bridge failed", exc_info=error)


def _is_loopback(server: str) -> bool:
    host = urlsplit(server).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
