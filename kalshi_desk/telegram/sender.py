"""Everything that goes to Telegram: one place that paces, waits as told, and knows what arrived.

A call ends in one of five ways.  ``SENT``; ``NOT_SENT``: it certainly did not arrive and may be
tried again; ``IN_DOUBT``: the connection broke after the request left, so it may have arrived;
``REFUSED``: it never will as it is; ``BLOCKED``: the chat is gone or the bot was thrown out.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum

import telegram
from telegram import InlineKeyboardMarkup, LinkPreviewOptions
from telegram.constants import ParseMode
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
)

from kalshi_desk.telegram.markup import Html, plain, split
from kalshi_desk.telegram.scrub import Scrubber

PRIVATE_GAP_S, GROUP_GAP_S = 1.05, 3.1
"""Telegram lets a bot write about once a second to a person, 20 times a minute to a group."""
TRIES = 4
LONGEST_WAIT_S = 30.0
"""How long an answer waits when told to; a notification waits as long as it takes."""
_NEVER_LEFT = frozenset({"ConnectError", "ConnectTimeout", "PoolTimeout", "UnsupportedProtocol"})
_GONE = (
    *("chat not found", "user is deactivated", "group chat was deactivated", "kicked"),
    *("not enough rights", "have no rights", "chat_write_forbidden", "chat_restricted"),
    *("need administrator rights", "peer_id_invalid", "topic_closed"),
)
"""What Telegram says of a chat that takes nothing now: no fault of the message, which waits."""
_SAME = "message is not modified"
_LOST = ("message to edit not found", "message can't be edited", "message_id_invalid")
_log = logging.getLogger(__name__)
# The library is changing how it tells a time to wait, and warns of the old way at each error.
os.environ.setdefault("PTB_TIMEDELTA", "true")


class Outcome(StrEnum):
    """How a call ended."""

    SENT = "sent"
    NOT_SENT = "not sent"
    IN_DOUBT = "in doubt"
    REFUSED = "refused"
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of a message; ``message`` is its number in the chat, 0 when unknown."""

    outcome: Outcome
    message: int = 0
    wait_s: float = 0.0
    why: str = ""


class Sender:
    """Sends, edits and answers for one bot.

    ``on_moved`` is told of a group that has become another chat: the old and the new id.
    """

    def __init__(
        self,
        bot: telegram.Bot,
        scrub: Scrubber,
        *,
        on_moved: Callable[[int, int], None] = lambda old, new: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._bot = bot
        self._scrub = scrub
        self._on_moved = on_moved
        self._clock = clock
        self._not_before: dict[int, float] = {}
        self._pause_until = 0.0
        self._moved: dict[int, int] = {}
        self.pace_s = (PRIVATE_GAP_S, GROUP_GAP_S)

    def ready_in(self, chat: int) -> float:
        """Return in how many seconds a notification may go to a chat."""
        until = max(self._not_before.get(chat, 0.0), self._pause_until)
        return max(0.0, until - self._clock())

    def moved(self, old: int, new: int) -> None:
        """Remember that a group is another chat now."""
        self._moved[old] = new

    async def send(
        self,
        chat: int,
        text: str,
        keyboard: InlineKeyboardMarkup | None = None,
        *,
        is_silent: bool = False,
    ) -> Delivery:
        """Send one message once; what the caller does about the outcome is its business."""

        async def call() -> int:
            sent = await self._bot.send_message(
                chat_id=self._moved.get(chat, chat),
                text=text,
                parse_mode=ParseMode.HTML,
                reply_markup=keyboard,
                disable_notification=is_silent,
                link_preview_options=LinkPreviewOptions(is_disabled=True),
            )
            return sent.message_id

        delivery = await self._deliver(chat, call)
        if delivery.outcome is Outcome.REFUSED and "parse entities" in delivery.why:
            _log.error("a message was no valid markup, it goes as plain text: %s", delivery.why)
            return await self._deliver(chat, lambda: self._send_plain(chat, text, keyboard))
        return delivery

    async def _send_plain(self, chat: int, text: str, keyboard: InlineKeyboardMarkup | None) -> int:
        sent = await self._bot.send_message(
            chat_id=self._moved.get(chat, chat), text=plain(text), reply_markup=keyboard
        )
        return sent.message_id

    async def reply(
        self, chat: int, text: str, keyboard: InlineKeyboardMarkup | None = None, repeat: str = ""
    ) -> int:
        """Send an answer, again where that is safe; returns the message's number, 0 when lost.

        ``repeat`` is the line that a message carries which may have arrived already.
        """
        *before, last = split(text) or [Html(text)]
        for part in before:
            await self._surely(chat, part, None, repeat)
        return await self._surely(chat, last, keyboard, repeat)

    async def _surely(
        self, chat: int, text: str, keyboard: InlineKeyboardMarkup | None, repeat: str
    ) -> int:
        """Send one message, again where that is safe; returns its number, 0 when lost."""
        for number in range(TRIES):
            delivery = await self.send(chat, text, keyboard)
            if delivery.outcome is Outcome.SENT:
                return delivery.message
            if delivery.outcome in (Outcome.REFUSED, Outcome.BLOCKED):
                break
            if delivery.outcome is Outcome.IN_DOUBT and repeat and not text.startswith(repeat):
                text = Html(f"{repeat}\n{text}")
            if not await self._pause(delivery, number):
                break
        _log.warning("an answer to chat %s was not sent: %s", chat, delivery.why)
        return 0

    async def edit(
        self, chat: int, message: int, text: str, keyboard: InlineKeyboardMarkup | None = None
    ) -> bool:
        """Change a message in place; returns False when that message is no longer there.

        What does not fit into it comes in messages of its own.
        """
        text, *more = split(text) or [Html(text)]
        if not await self._changed(chat, message, text, keyboard):
            return False
        for part in more:
            await self._surely(chat, part, None, "")
        return True

    async def _changed(
        self, chat: int, message: int, text: str, keyboard: InlineKeyboardMarkup | None
    ) -> bool:

        async def call() -> int:
            await self._bot.edit_message_text(
                chat_id=self._moved.get(chat, chat),
                message_id=message,
                text=text,
                parse_mode=ParseMode.HTML,
                reply_markup=keyboard,
                link_preview_options=LinkPreviewOptions(is_disabled=True),
            )
            return message

        for number in range(TRIES):
            delivery = await self._deliver(chat, call)
            if delivery.outcome is Outcome.SENT:
                return True
            if delivery.outcome is Outcome.REFUSED:
                said = delivery.why.lower()
                if _SAME in said:
                    return True
                if not any(words in said for words in _LOST):
                    _log.error("a message can't be changed: %s", delivery.why)
                return False
            # To repeat an edit changes nothing, so one in doubt is simply repeated.
            if delivery.outcome is Outcome.BLOCKED or not await self._pause(delivery, number):
                return False
        return False

    async def note(self, query: str, text: str = "", *, is_alert: bool = False) -> None:
        """End the waiting mark on a pressed button, with a note when there is one to read."""

        async def call() -> int:
            await self._bot.answer_callback_query(query, text=text[:200], show_alert=is_alert)
            return 0

        for number in range(2):
            delivery = await self._deliver(0, call)
            if delivery.outcome not in (Outcome.NOT_SENT, Outcome.IN_DOUBT):
                return
            if not await self._pause(delivery, number):
                return

    async def _pause(self, delivery: Delivery, number: int) -> bool:
        """Wait before another try; returns False when that would take too long."""
        wait_s = delivery.wait_s or 0.5 * 2**number
        if wait_s > LONGEST_WAIT_S or number == TRIES - 1:
            return False
        await asyncio.sleep(wait_s)
        return True

    async def _deliver(self, chat: int, call: Callable[[], Awaitable[int]]) -> Delivery:
        """Make one call and say how it ended; never raises for what Telegram may answer."""
        told_to_wait = self._pause_until - self._clock()
        if told_to_wait > 0:
            return Delivery(Outcome.NOT_SENT, wait_s=told_to_wait, why="told to wait")
        try:
            message = await call()
        except TelegramError as error:
            delivery = self._judge(chat, error)
        else:
            delivery = Delivery(Outcome.SENT, message=message)
        self._not_before[chat] = self._clock() + max(self.pace_s[chat < 0], delivery.wait_s)
        return delivery

    def _judge(self, chat: int, error: TelegramError) -> Delivery:
        why = self._scrub.error(error)
        match error:
            case RetryAfter():
                wait_s = seconds_of(error)
                # Telegram counts what comes before the time is over against the bot.
                self._pause_until = self._clock() + wait_s
                return Delivery(Outcome.NOT_SENT, wait_s=wait_s, why=why)
            case ChatMigrated():
                self.moved(chat, error.new_chat_id)
                self._on_moved(chat, error.new_chat_id)
                return Delivery(Outcome.NOT_SENT, wait_s=0.01, why=why)
            case Forbidden():
                return Delivery(Outcome.BLOCKED, why=why)
            case BadRequest():
                is_gone = any(words in why.lower() for words in _GONE)
                return Delivery(Outcome.BLOCKED if is_gone else Outcome.REFUSED, why=why)
            case InvalidToken() | Conflict():
                return Delivery(Outcome.NOT_SENT, wait_s=5.0, why=why)
            case NetworkError() if type(error.__cause__).__name__ in _NEVER_LEFT:
                return Delivery(Outcome.NOT_SENT, why=why)
            case _:
                return Delivery(Outcome.IN_DOUBT, why=why)


def seconds_of(error: RetryAfter) -> float:
    """Return how long Telegram wants one to wait."""
    value = error.retry_after
    return float(value) if isinstance(value, int) else value.total_seconds()
