"""Confirmations: a command waits for the button of the one who asked, and happens once.

The order of things makes it once.  A pressed confirmation is on disk as ``SENT`` before the desk
hears of it, so a second tap finds it used.  The desk gets it under an id made from the
confirmation, so asking the desk again after a crash returns the first answer.  A confirmation
found ``SENT`` after a start is asked for again while its time lasts; after that nothing is
sent any more and the person is told that the outcome is not known here.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Callable, Coroutine
from typing import Any

import msgspec

from kalshi_desk.core.errors import DeskError, Unknown
from kalshi_desk.desk.commands import Answer, Command, Panic
from kalshi_desk.telegram.describing import Described, verb_of
from kalshi_desk.telegram.markup import Html, lines
from kalshi_desk.telegram.memory import Memory
from kalshi_desk.telegram.numbers import SECOND_NS
from kalshi_desk.telegram.page import Button, Page
from kalshi_desk.telegram.reach import Reach
from kalshi_desk.telegram.records import Confirmation, ConfirmationState
from kalshi_desk.telegram.sender import Sender
from kalshi_desk.telegram.telling import answer_text, error_text
from kalshi_desk.telegram.views import venue_line
from kalshi_desk.telegram.words import Words

KEPT_NS = 24 * 3_600 * SECOND_NS
"""How long a confirmation that is over is remembered, so that its button can say why."""
AGAIN_S = 1.0
SWEEP_S = 1.0
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Command).decode
_log = logging.getLogger(__name__)


class Confirming:
    """Asks, and carries out what was confirmed.

    ``start`` runs work beside the polling, so that a slow command never holds up a panic;
    ``later`` keeps an answer that can't be sent now until it can.
    """

    def __init__(
        self,
        memory: Memory,
        reach: Reach,
        sender: Sender,
        words: Callable[[], Words],
        confirm_s: Callable[[], int],
        start: Callable[[Coroutine[Any, Any, None]], None],
        *,
        later: Callable[[int, Html], None],
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._memory = memory
        self._later = later
        self._reach = reach
        self._sender = sender
        self._words = words
        self._confirm_s = confirm_s
        self._start = start
        self._now_ns = now_ns
        self._found_sent = {
            known.confirmation_id for known in memory.confirmations(ConfirmationState.SENT)
        }

    async def ask(
        self,
        command: Command,
        described: Described,
        *,
        asker: int,
        chat: int,
        update_id: int,
        message: int = 0,
    ) -> None:
        """Show what a command would do with a button that confirms it.

        ``message`` is a message to show it in, 0 for a new one.  A request that is handled a
        second time, after a crash, shows the same confirmation and makes no second one.
        """
        known = self._memory.confirmation_of(update_id)
        words, now_ns = self._words(), self._now_ns()
        if known is None:
            known = Confirmation(
                confirmation_id=secrets.token_urlsafe(9),
                update_id=update_id,
                asker=asker,
                chat=chat,
                message=message,
                venue=self._reach.venue,
                command=_encode(command),
                text=str(described.text),
                created_ns=now_ns,
                expires_ns=now_ns + self._confirm_s() * SECOND_NS,
            )
            self._memory.keep(known)
        if known.state is not ConfirmationState.OPEN:
            return
        seconds = max(0, (known.expires_ns - now_ns) // SECOND_NS)
        name = known.confirmation_id
        page = Page(
            lines(
                Html(known.text),
                venue_line(words, known.venue) if known.venue else words("engine.gone_short"),
                words("ask.valid", seconds=seconds),
            ),
            (
                (
                    Button(words.plain(verb_of(command)), f"y:{name}"),
                    Button(words.plain("button.cancel"), f"n:{name}"),
                ),
            ),
        )
        if message and await self._sender.edit(chat, message, page.text, page.keyboard):
            return
        repeat = words("repeat.answer")
        sent = await self._sender.reply(chat, page.text, page.keyboard, repeat)
        # It may have been pressed in the meantime.
        now = self._memory.confirmation(name)
        if sent and now is not None:
            self._memory.keep(msgspec.structs.replace(now, message=sent))

    def press(self, name: str, *, asker: int, chat: int, message: int, is_yes: bool) -> str:
        """Take a press of a button and return what to tell the one who pressed, may be empty.

        When this returns the press is on disk; what it starts goes on by itself.
        """
        words = self._words()
        known = self._memory.confirmation(name)
        if known is None:
            self._start(self._show(chat, message, words("confirm.expired")))
            return words.plain("note.expired")
        if known.asker != asker or known.chat != chat:
            return words.plain("note.not_yours")
        if known.state is ConfirmationState.SENT:
            return words.plain("note.running")
        if known.state is ConfirmationState.OVER:
            return words.plain("note.used")
        known = msgspec.structs.replace(known, message=message or known.message)
        if known.state is ConfirmationState.VOID:
            self._end(known, words("confirm.expired"))
            return words.plain("note.expired")
        if not is_yes:
            self._end(known, words("confirm.dropped"))
            return words.plain("note.dropped")
        now_ns = self._now_ns()
        if not known.created_ns <= now_ns < known.expires_ns:
            self._end(known, words("confirm.expired"))
            return words.plain("note.expired")
        if known.venue != self._reach.venue and not self._is_panic(known):
            text = "confirm.other_venue" if self._reach.venue else "confirm.no_engine"
            self._end(known, words(text, venue=self._reach.venue))
            return words.plain("note.not_done")
        sent = msgspec.structs.replace(known, state=ConfirmationState.SENT)
        self._memory.keep(sent)
        self._start(self.carry_out(sent))
        return words.plain("note.sent")

    def holds(self, chat: int, message: int) -> bool:
        """Whether a message shows a command that waits for its button or is under way."""
        waiting = (ConfirmationState.OPEN, ConfirmationState.SENT)
        shown = (c for state in waiting for c in self._memory.confirmations(state))
        return any((c.chat, c.message) == (chat, message) for c in shown)

    def resume(self) -> None:
        """Go on with what was confirmed and not answered when the bridge ended."""
        for known in self._memory.confirmations(ConfirmationState.SENT):
            self._start(self.carry_out(known))

    async def carry_out(self, known: Confirmation) -> None:
        """Have the desk carry out a confirmed command, and show how it ended.

        What is shown meanwhile holds nothing up: Telegram may let a message wait for long.
        """
        words = self._words()
        shown = lines(Html(known.text), words("confirm.running"))
        showing = asyncio.create_task(self._show(known.chat, known.message, shown))
        try:
            said = await self._outcome(known)
            # One after the other: else the last word could be the one that came first.
            await showing
        finally:
            showing.cancel()
        text = lines(Html(known.text), said)
        is_shown = known.message and await self._sender.edit(known.chat, known.message, text)
        if not is_shown and not await self._sender.reply(
            known.chat, text, None, words("repeat.answer")
        ):
            self._later(known.chat, text)
        self._memory.keep(msgspec.structs.replace(known, state=ConfirmationState.OVER))

    async def _outcome(self, known: Confirmation) -> Html:
        """Ask the desk until it answers, or the time of the confirmation is over."""
        command: Command = _decode(known.command)
        doubt = known.confirmation_id in self._found_sent
        while True:
            words = self._words()
            if doubt and self._now_ns() >= known.expires_ns:
                return words("confirm.unknown")
            try:
                answer = await self._submit(known, command)
                return answer_text(words, answer)
            except Unknown as error:
                doubt = True
                _log.warning("the outcome of %s is not known yet: %s", known.command_id, error)
            except DeskError as error:
                # Once in doubt only the desk's own answer says how it ended.
                if not doubt:
                    return lines(words("confirm.not_done"), error_text(words, error))
            await asyncio.sleep(AGAIN_S)

    async def _submit(self, known: Confirmation, command: Command) -> Answer:
        if isinstance(command, Panic):
            return await self._reach.panic()
        if self._reach.venue and self._reach.venue != known.venue:
            raise Unknown("The desk trades on another venue now.", code="other_venue")
        return await self._reach.submit(command, known.command_id)

    def sweep(self) -> None:
        """Take the buttons off confirmations whose time is over, and forget old ones."""
        now_ns = self._now_ns()
        for known in self._memory.confirmations(ConfirmationState.OPEN):
            if not known.created_ns <= now_ns < known.expires_ns:
                self._end(known, self._words()("confirm.expired"))
        self._memory.forget_over(now_ns - KEPT_NS)

    async def keep_sweeping(self) -> None:
        """Sweep until cancelled."""
        while True:
            self.sweep()
            await asyncio.sleep(SWEEP_S)

    def _end(self, known: Confirmation, said: Html) -> None:
        self._memory.keep(msgspec.structs.replace(known, state=ConfirmationState.VOID))
        if known.message:
            text = lines(Html(known.text), said)
            self._start(self._show(known.chat, known.message, text))

    async def _show(self, chat: int, message: int, text: Html) -> None:
        if message:
            await self._sender.edit(chat, message, text)

    def _is_panic(self, known: Confirmation) -> bool:
        return isinstance(_decode(known.command), Panic)
