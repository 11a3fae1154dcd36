"""Carries notifications to their chats: each once, in order, however often the bridge restarts.

What is due for a chat goes as one message.  It is marked on disk as on its way before it
leaves and dropped when Telegram has it.  If neither is known, because the connection or the
bridge died in between, it goes again with a line that says it may be a repetition: a message
twice and marked is better than a stop that nobody heard of.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Collection

import msgspec

from kalshi_desk.telegram.markup import MESSAGE_UNITS, Html, plain, split, units
from kalshi_desk.telegram.memory import Memory
from kalshi_desk.telegram.records import Notice, NoticeState
from kalshi_desk.telegram.sender import Outcome, Sender

BLOCKED_S = 600.0
MOST_BACKOFF_S = 60.0
MOST_DOUBT_S = 600.0
"""What may have arrived is repeated ever more seldom, so that a silent server makes no flood."""
IDLE_S = 1.0
MOST_WAITING = 2_000
"""How many notices wait for a chat that takes none; the oldest above that are counted only."""
_SECOND_NS = 1_000_000_000
_log = logging.getLogger(__name__)


class Courier:
    """Sends what the memory holds.

    ``chats`` returns who may get notifications now; ``repeat_line`` the line of a message that
    may be a repetition, ``missing_line`` that of one before which some were let go;
    ``on_blocked`` is told once of a chat that takes none.
    """

    def __init__(
        self,
        memory: Memory,
        sender: Sender,
        *,
        chats: Callable[[], Collection[int]],
        repeat_line: Callable[[], Html],
        missing_line: Callable[[int], Html],
        on_blocked: Callable[[int, str], None] = lambda chat, why: None,
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._memory = memory
        self._sender = sender
        self._chats = chats
        self._repeat_line = repeat_line
        self._missing_line = missing_line
        self._on_blocked = on_blocked
        self._now_ns = now_ns
        self._again: dict[int, float] = {}
        self._failures: dict[int, int] = {}
        self._blocked: set[int] = set()
        self._wake = asyncio.Event()
        self._is_over = False

    def finish(self) -> None:
        """End :meth:`run` after the message that is being sent."""
        self._is_over = True
        self.wake()

    def wake(self) -> None:
        """Look at once whether something is due."""
        self._wake.set()

    def has_due(self) -> bool:
        """Whether something waits that could be sent now."""
        return any(self._batch(chat) for chat in self._chats() if chat not in self._blocked)

    def unblock(self, chat: int) -> None:
        """A chat that writes to the bot can be written to again."""
        if chat in self._blocked:
            self._blocked.discard(chat)
            self._again.pop(chat, None)
            self.wake()

    async def run(self) -> None:
        """Send until told to finish; a message that is on its way is seen through."""
        while not self._is_over:
            pause_s = await self.send_due()
            if self._is_over:
                return
            self._wake.clear()
            try:
                async with asyncio.timeout(pause_s):
                    await self._wake.wait()
            except TimeoutError:
                continue

    async def send_due(self) -> float:
        """Send one message to each chat for which something is due; return when to look again."""
        pause_s = IDLE_S
        for chat in {notice.chat for notice in self._memory.notices()}:
            if self._is_over:
                break
            if chat not in self._chats():
                # Whoever was taken off the list must not be told of the account any more.
                self._memory.drop_notices(self._memory.notices(chat))
                continue
            if chat in self._blocked or chat in self._failures:
                self._trim(chat)
            batch = self._batch(chat)
            if not batch:
                continue
            wait_s = max(self._sender.ready_in(chat), self._again.get(chat, 0.0) - _now())
            if wait_s <= 0:
                await self._send(chat, batch)
                wait_s = max(self._sender.ready_in(chat), self._again.get(chat, 0.0) - _now())
            pause_s = min(pause_s, max(wait_s, 0.01))
        return pause_s

    def _batch(self, chat: int) -> list[Notice]:
        """Return the oldest due notices that fit into one message and belong in one."""
        now_ns = self._now_ns()
        batch: list[Notice] = []
        room = MESSAGE_UNITS - units(self._repeat_line()) - units(self._missing_line(10**6)) - 2
        for notice in self._memory.notices(chat):
            if notice.due_ns > now_ns:
                continue
            if batch and notice.is_repeat is not batch[0].is_repeat:
                break
            room -= units(notice.text) + 1
            if batch and room < 0:
                break
            batch.append(notice)
        return batch

    def _trim(self, chat: int) -> None:
        """Let the oldest notices go where a chat has taken none for very long, and say so."""
        waiting = self._memory.notices(chat)
        extra = waiting[: max(0, len(waiting) - MOST_WAITING)]
        if extra:
            self._memory.drop_notices(extra)
            name = f"dropped:{chat}"
            count = (self._memory.number(name) or 0) + len(extra)
            self._memory.keep_facts({name: count})
            _log.error("%d notices for chat %d were let go: it takes none", len(extra), chat)

    async def _send(self, chat: int, batch: list[Notice]) -> None:
        dropped = self._memory.number(f"dropped:{chat}") or 0
        missing = self._missing_line(dropped) if dropped else ""
        head = "\n".join(filter(None, (self._repeat_line() if batch[0].is_repeat else "", missing)))
        text = "\n".join(filter(None, (head, *(notice.text for notice in batch))))
        is_silent = all(notice.is_silent for notice in batch)
        replace = msgspec.structs.replace
        self._memory.change_notices([replace(n, state=NoticeState.SENDING) for n in batch])
        delivery = await self._sender.send(chat, split(text)[0], is_silent=is_silent)
        if delivery.outcome is Outcome.SENT:
            self._memory.drop_notices(batch)
            if dropped:
                self._memory.keep_facts({f"dropped:{chat}": 0})
            self._failures.pop(chat, None)
            self._again.pop(chat, None)
            self._blocked.discard(chat)
            return
        if delivery.outcome is Outcome.REFUSED:
            _log.error("Telegram refuses a notification (%s): %s", delivery.why, plain(text)[:500])
            self._memory.drop_notices(batch)
            return
        in_doubt = delivery.outcome is Outcome.IN_DOUBT
        self._memory.change_notices([replace(n, is_repeat=n.is_repeat or in_doubt) for n in batch])
        self._back_off(chat, delivery.wait_s, delivery.why, delivery.outcome)

    def _back_off(self, chat: int, told_s: float, why: str, outcome: Outcome) -> None:
        failures = self._failures.get(chat, 0) + 1
        self._failures[chat] = failures
        most_s = MOST_DOUBT_S if outcome is Outcome.IN_DOUBT else MOST_BACKOFF_S
        wait_s = told_s or min(2.0 ** min(failures - 1, 10), most_s)
        if outcome is Outcome.BLOCKED:
            wait_s = BLOCKED_S
            if chat not in self._blocked:
                self._blocked.add(chat)
                self._on_blocked(chat, why)
        elif failures == 1 or failures % 20 == 0:
            _log.warning("a notification waits %.0f s: %s", wait_s, why)
        self._again[chat] = _now() + wait_s


def _now() -> float:
    return time.monotonic()
