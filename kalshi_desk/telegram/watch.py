"""Follows the desk: its events in order, milestones, and whether it is there at all."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

import msgspec

from kalshi_desk.core.errors import DeskError, Retry
from kalshi_desk.desk.protocol import MAX_EVENTS_PER_FRAME, Welcome
from kalshi_desk.telegram import numbers as n
from kalshi_desk.telegram.markup import Html
from kalshi_desk.telegram.memory import Memory
from kalshi_desk.telegram.milestones import DayStep, High, Standing, Told, judge
from kalshi_desk.telegram.notices import Notices
from kalshi_desk.telegram.reach import Reach
from kalshi_desk.telegram.settings import Category
from kalshi_desk.telegram.words import Words

LOOK_S = 0.5
PORTFOLIO_S = 20.0
GONE_S = 10.0
"""How long the engine may be away before that is told: a restart takes less."""
_log = logging.getLogger(__name__)


class Watch:
    """Pulls the desk's events into notices.

    ``on_new`` is called when there may be something to send.
    """

    def __init__(
        self,
        reach: Reach,
        memory: Memory,
        notices: Notices,
        words: Callable[[], Words],
        *,
        on_new: Callable[[], None],
    ) -> None:
        self._reach = reach
        self._memory = memory
        self._notices = notices
        self._words = words
        self._on_new = on_new
        self._away_since = time.monotonic()
        self._is_told = False
        self._looked = 0.0

    async def run(self) -> None:
        """Follow the desk until cancelled; its absence is survived and told."""
        while True:
            try:
                if not self._reach.venue:
                    self._met(await self._reach.connect())
                more = await self._events()
                if time.monotonic() - self._looked >= PORTFOLIO_S:
                    await self._milestones()
                await asyncio.sleep(0 if more else LOOK_S)
            except DeskError as error:
                await self._away(error)

    def _met(self, welcome: Welcome) -> None:
        """Take up where the events of this venue were left, and tell of a new engine."""
        memory, name = self._memory, f"seen:{welcome.venue}"
        seen = memory.number(name)
        if seen is None:
            # The first time: what happened before anybody was to be told stays untold.
            seen = welcome.event_seq
        elif seen > welcome.event_seq:
            # Another journal than the one we followed: all that it holds is new.
            seen = 0
        engine = f"{welcome.venue} {welcome.pid}"
        known = memory.fact("engine")
        facts: dict[str, object] = {name: seen, "engine": engine}
        if self._is_told or (known and known != engine):
            text = self._words()("engine.back", venue=welcome.venue, pid=welcome.pid)
            self._notices.own(Category.SYSTEM, [text], facts)
        else:
            memory.keep_facts(facts)
        self._is_told = False
        _log.info("following engine %d, %s, from event %d", welcome.pid, welcome.venue, seen)

    async def _events(self) -> bool:
        """Make notices of new events; returns whether there are more to fetch at once."""
        venue = self._reach.venue
        name = f"seen:{venue}"
        frame = await self._reach.frame((), self._memory.number(name) or 0)
        if not frame.events:
            return False
        self._notices.events(frame.events, venue, {name: frame.events[-1].seq})
        self._on_new()
        return len(frame.events) >= MAX_EVENTS_PER_FRAME

    async def _milestones(self) -> None:
        view = await self._reach.portfolio()
        status = self._reach.status
        if view is None or status is None or view.equity is None or status.replay is not None:
            return
        name = f"told:{status.venue}"
        text = self._memory.fact(name)
        told = msgspec.json.decode(text, type=Told) if text else Told()
        standing = Standing(
            at_ns=status.now_ns,
            equity=status.equity,
            day_pnl=status.day_pnl,
            outside=view.outside,
            drawdown=view.drawdown_now,
        )
        now, found = judge(told, standing)
        self._looked = time.monotonic()
        kept: dict[str, object] = {name: msgspec.json.encode(now).decode()}
        if not found:
            self._memory.keep_facts(kept)
            return
        said = [self._milestone(milestone) for milestone in found]
        self._notices.own(Category.PERFORMANCE, said, kept)
        self._on_new()

    def _milestone(self, passed: High | DayStep) -> Html:
        words = self._words()
        if isinstance(passed, High):
            gain = n.signed(passed.equity - passed.before)
            return words("milestone.high", equity=n.money(passed.equity), gain=gain)
        key = "milestone.up" if passed.steps > 0 else "milestone.down"
        return words(key, percent=abs(passed.steps), pnl=n.signed(passed.day_pnl))

    async def _away(self, error: DeskError) -> None:
        """Wait for the engine; tell once when it stays away."""
        if self._reach.venue:
            self._away_since = time.monotonic()
            _log.warning("the engine is gone: %s", error)
        await self._reach.let_go()
        if not self._is_told and time.monotonic() - self._away_since >= GONE_S:
            self._is_told = True
            said = self._words()("engine.gone")
            self._notices.own(Category.SYSTEM, [said])
            self._on_new()
            _log.warning("the engine stays away, the chats are told: %s", error)
        wait_s = error.retry_after_s if isinstance(error, Retry) else 2.0
        await asyncio.sleep(min(max(wait_s, 0.1), 2.0))
