"""Takes updates from Telegram by long poll, keeps each on disk, and has it answered beside.

Strangers are sorted out before anything is kept.  What is kept is answered once more after a
kill: a request repeated is harmless, as commands go by confirmations that work once.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import msgspec
import telegram
from telegram.error import Conflict, InvalidToken, RetryAfter, TelegramError

from kalshi_desk.core.errors import Stop
from kalshi_desk.telegram.access import Person
from kalshi_desk.telegram.memory import Memory
from kalshi_desk.telegram.records import Request
from kalshi_desk.telegram.scrub import Scrubber
from kalshi_desk.telegram.sender import seconds_of

POLL_S = 25
MOST_BACKOFF_S = 30.0
CONFLICT_S = 5.0
MOST_TRIES = 3
"""A request that ended the bridge so often is left unanswered."""
KINDS = ("message", "callback_query")
_URGENT = ("/panic", "/stop_trading", "y:", "n:")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """What a person sent: a typed text, or the data of a pressed button and its message."""

    update_id: int
    person: Person
    text: str = ""
    query: str = ""
    data: str = ""
    message: int = 0

    @property
    def is_urgent(self) -> bool:
        """Whether it must not wait behind what else that person asked."""
        return self.text.lower().startswith(_URGENT) or self.data.startswith(_URGENT)


class Polling:
    """Polls for one bot.

    ``may`` says whether a person is on the list; ``answer`` deals with one request;
    ``on_conflict`` is told when somebody else polls with the same token.
    """

    def __init__(
        self,
        bot: telegram.Bot,
        memory: Memory,
        scrub: Scrubber,
        *,
        may: Callable[[Incoming], bool],
        answer: Callable[[Incoming], Awaitable[None]],
        on_conflict: Callable[[str], None] = lambda why: None,
        on_ready: Callable[[str], None] = lambda name: None,
        commands: Callable[[], Sequence[telegram.BotCommand]] = lambda: (),
    ) -> None:
        self._bot = bot
        self._memory = memory
        self._scrub = scrub
        self._may = may
        self._answer = answer
        self._on_conflict = on_conflict
        self._on_ready = on_ready
        self._commands = commands
        self._locks: defaultdict[tuple[int, int], asyncio.Lock] = defaultdict(asyncio.Lock)
        self._tasks: set[asyncio.Task[None]] = set()
        self._failures = 0
        self._is_told = False

    async def run(self) -> None:
        """Poll until cancelled; raises ``Stop`` when Telegram refuses the token."""
        await self._trying(self._hello)
        for request in self._memory.requests():
            self._again(request)
        while True:
            await self._trying(self._poll)

    async def finish(self, seconds: float) -> None:
        """Let what is being answered come to its end, for so long."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)
        for task in tuple(self._tasks):
            task.cancel()

    async def _trying(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do one thing, again after a pause when the network or Telegram is in the way."""
        while True:
            try:
                await work()
            except InvalidToken:
                # Its words hold the token: the chain ends here.
                raise Stop(
                    "Telegram refuses the token of the bot.",
                    code="bad_token",
                    money="The bridge ends; trading does not need it.",
                    todo="Ask @BotFather for the token, then run: kalshi-desk telegram token",
                ) from None
            except RetryAfter as error:
                await asyncio.sleep(seconds_of(error))
            except Conflict as error:
                why = self._scrub.error(error)
                if not self._is_told:
                    self._is_told = True
                    _log.error("somebody else polls with the token of this bot: %s", why)
                    self._on_conflict(why)
                await asyncio.sleep(CONFLICT_S)
            except TelegramError as error:
                self._failures += 1
                wait_s = min(0.5 * 2 ** min(self._failures - 1, 10), MOST_BACKOFF_S)
                if self._failures in (1, 10) or self._failures % 100 == 0:
                    why = self._scrub.error(error)
                    _log.warning("Telegram is not reached, try %d: %s", self._failures, why)
                await asyncio.sleep(wait_s)
            else:
                if self._failures:
                    _log.info("Telegram is reached again after %d tries", self._failures)
                self._failures = 0
                return

    async def _hello(self) -> None:
        await self._bot.initialize()
        bot, known = str(self._bot.id), self._memory.fact("bot")
        if known and known != bot:
            # Each bot counts its own updates: by another's number this one could stay deaf.
            _log.warning("this is another bot than before: its updates are read from their first")
            self._memory.receive([], 0)
        self._memory.keep_facts({"bot": bot})
        await self._bot.delete_webhook(drop_pending_updates=False)
        await self._bot.set_my_commands(list(self._commands()))
        self._on_ready(self._bot.username)

    async def _poll(self) -> None:
        updates = await self._bot.get_updates(
            offset=self._memory.offset or None, timeout=POLL_S, allowed_updates=list(KINDS)
        )
        self._is_told = False
        if not updates:
            return
        wanted: list[Incoming] = []
        kept: list[Request] = []
        for update in updates:
            incoming = self._read(update)
            if incoming is not None and self._may(incoming):
                wanted.append(incoming)
                kept.append(Request(update_id=update.update_id, body=update.to_json()))
        self._memory.receive(kept, updates[-1].update_id + 1)
        for incoming in wanted:
            self._start(incoming)

    def _read(self, update: telegram.Update) -> Incoming | None:
        try:
            return read(update, self._bot.username)
        except Exception:
            # One odd update must not stand in the way of all that come after it.
            _log.exception("update %d can't be read and is passed over", update.update_id)
            return None

    def _again(self, request: Request) -> None:
        """Answer what the last run left unanswered, but not for ever."""
        update = telegram.Update.de_json(json.loads(request.body), self._bot)
        incoming = self._read(update)
        if incoming is None or not self._may(incoming) or request.tries >= MOST_TRIES:
            self._memory.answered(request.update_id)
            return
        tried = msgspec.structs.replace(request, tries=request.tries + 1)
        self._memory.receive([tried], self._memory.offset)
        self._start(incoming)

    def _start(self, incoming: Incoming) -> None:
        task = asyncio.create_task(self._deal_with(incoming))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deal_with(self, incoming: Incoming) -> None:
        if incoming.is_urgent:
            await self._answer(incoming)
        else:
            async with self._locks[incoming.person.user, incoming.person.chat]:
                await self._answer(incoming)
        self._memory.answered(incoming.update_id)


def read(update: telegram.Update, username: str) -> Incoming | None:
    """Return what an update says to this bot, None when it is nothing that one answers."""
    if update.callback_query is not None:
        return _tapped(update.update_id, update.callback_query)
    message = update.message
    if message is None or message.from_user is None or not (message.text or "").strip():
        return None
    text = message.text or ""
    word, _, name = text.split(maxsplit=1)[0].partition("@")
    if word.startswith("/") and name and name.lower() != username.lower():
        return None
    person = _person(message.from_user, message.chat)
    return Incoming(update_id=update.update_id, person=person, text=text)


def _tapped(update_id: int, query: telegram.CallbackQuery) -> Incoming | None:
    if query.message is None or not query.data:
        return None
    return Incoming(
        update_id=update_id,
        person=_person(query.from_user, query.message.chat),
        query=query.id,
        data=query.data,
        message=query.message.message_id,
    )


def _person(user: telegram.User, chat: telegram.Chat) -> Person:
    return Person(
        user=user.id,
        chat=chat.id,
        is_private=chat.type == telegram.constants.ChatType.PRIVATE,
        name=user.full_name,
        is_bot=user.is_bot,
    )
