"""The bureau: looks at every feed when it is due, and tells what is new.

Everything slow happens on threads: parsing on those of the pool, reading on one of its
own, so that a look's time limit means the network and not our own arithmetic.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from kalshi_desk.core.events import FeedsReported, NewsArrived
from kalshi_desk.core.news import NewsItem
from kalshi_desk.core.text import clean
from kalshi_desk.news.desk_clock import DeskClock
from kalshi_desk.news.entries import UnreadableFeed
from kalshi_desk.news.fetching import Fetcher, FetchFailed, Validators
from kalshi_desk.news.health import Health, Herald
from kalshi_desk.news.memory import Memory
from kalshi_desk.news.messages import (
    MOST_ITEMS,
    Begin,
    Configure,
    FromWorker,
    Known,
    ModelTaken,
    ToWorker,
    UseModel,
)
from kalshi_desk.news.pace import Hosts, Pace
from kalshi_desk.news.parsing import entries_of
from kalshi_desk.news.reading_room import ReadingRoom
from kalshi_desk.news.sources import PRACTICE_FEED, Source

BEAT_S = 0.25
MOST_AT_ONCE = 6
LEAST_EVERY_S = 0.25
"""However fast the desk's clock runs: the practice exchange is asked no more often."""


class Desk:
    """One feed as the bureau keeps it."""

    __slots__ = ("health", "looking", "pace", "source", "validators")

    def __init__(self, source: Source, every_s: float) -> None:
        self.source = source
        self.pace = Pace(every_s)
        self.health = Health(source)
        self.validators = Validators()
        self.looking: asyncio.Task[None] | None = None


class Bureau:
    """All feeds; ``say`` gets what the engine is to hear."""

    def __init__(
        self,
        say: Callable[[FromWorker], None],
        *,
        fetcher: Fetcher | None = None,
        hosts: Hosts | None = None,
        room: ReadingRoom | None = None,
        herald: Herald | None = None,
        beat_s: float = BEAT_S,
    ) -> None:
        self._say = say
        self._fetcher = fetcher or Fetcher()
        self._hosts = hosts or Hosts()
        self._room = room or ReadingRoom()
        self._reading = ThreadPoolExecutor(max_workers=1, thread_name_prefix="reading")
        self._memory = Memory()
        self._herald = herald or Herald()
        self._beat_s = beat_s
        self._clock = DeskClock()
        self._desks: dict[str, Desk] = {}
        self._looking: set[asyncio.Task[None]] = set()
        self._may_begin = False

    def hear(self, message: ToWorker) -> None:
        """Take the engine's word."""
        if isinstance(message, Configure):
            self._configure(message)
        elif isinstance(message, Known):
            self._memory.restore(message.items)
        elif isinstance(message, Begin):
            self._may_begin = True
        elif isinstance(message, UseModel):
            loop = asyncio.get_running_loop()
            taking = loop.run_in_executor(self._reading, self._room.adopt, message.file)
            taking.add_done_callback(self._adopted)
        elif self._room.take(message):
            self._reading.submit(self._room.arrange)

    def _adopted(self, taking: asyncio.Future[ModelTaken]) -> None:
        if not taking.cancelled():
            self._say(taking.result())

    async def run(self) -> None:
        """Look at feeds until cancelled."""
        try:
            while True:
                if self._may_begin:
                    self._start_looks()
                    self._report()
                await asyncio.sleep(self._beat_s)
        finally:
            for task in self._looking:
                task.cancel()
            await asyncio.gather(*self._looking, return_exceptions=True)
            await self._fetcher.close()
            self._reading.shutdown(wait=False, cancel_futures=True)

    def _configure(self, message: Configure) -> None:
        self._clock.set(message.now_ns, message.speed)
        before, self._desks = self._desks, {}
        for source in message.sources:
            every_s = _real_pause(source, message.speed)
            desk = before.pop(source.name, None)
            if desk is None or desk.source.url != source.url:
                # A look that is still under way finds out that it is not asked any more.
                desk = Desk(source, every_s)
            desk.source = desk.health.source = source
            desk.pace.set_every(every_s, time.monotonic())
            if not source.is_on or source.fault:
                # Switched on again it is asked at once, whatever was wrong before.
                desk.pace = Pace(every_s)
                desk.health.failures, desk.health.text = 0, ""
            self._desks[source.name] = desk

    def _start_looks(self) -> None:
        now_s = time.monotonic()
        due = sorted(self._desks.values(), key=lambda desk: desk.pace.due_s)
        for desk in due:
            if len(self._looking) >= MOST_AT_ONCE or desk.pace.due_s > now_s:
                return
            host = _host(desk.source)
            is_readable = desk.source.is_on and not desk.source.fault
            if not is_readable or desk.looking is not None or not self._hosts.may_ask(host, now_s):
                continue
            self._hosts.ask(host)
            desk.looking = asyncio.create_task(self._look(desk, host))
            self._looking.add(desk.looking)

    async def _look(self, desk: Desk, host: str) -> None:
        """Look once; whatever goes wrong is this feed's failure and nobody else's."""
        source, health, wait_s = desk.source, desk.health, 0.0
        health.asked_ns = self._clock.now_ns()
        try:
            text = await self._items(desk, source)
        except FetchFailed as error:
            wait_s = error.wait_s
            self._failed(desk, str(error), wait_s)
        except UnreadableFeed as error:
            self._failed(desk, str(error), 0.0)
        except Exception as error:
            self._failed(desk, f"the desk failed at it ({type(error).__name__})", 0.0)
        else:
            desk.pace.answered(time.monotonic())
            health.ok_ns, health.failures, health.text = self._clock.now_ns(), 0, text
        finally:
            self._hosts.done(host, time.monotonic(), wait_s)
            if desk.looking is not None:
                self._looking.discard(desk.looking)
                desk.looking = None

    async def _items(self, desk: Desk, source: Source) -> str:
        """Fetch, parse, read and tell; return what went wrong in reading, empty for nothing."""
        answer = await self._fetcher.fetch(source, desk.validators)
        now_ns = self._clock.now_ns()
        desk.health.latency_ms = answer.latency_ms
        if answer.body is None:
            return ""
        body, kind = answer.body, source.kind
        entries = await asyncio.to_thread(
            entries_of, kind, body, url=answer.url, content_type=answer.content_type
        )
        if self._desks.get(source.name) is not desk or not desk.source.is_on:
            return ""
        is_first_look = not self._memory.has_looked_at(source.name)
        items = self._memory.take(source, entries, now_ns)
        desk.validators = answer.validators
        desk.health.note_items(items, is_first_look=is_first_look)
        return await self._tell(items)

    async def _tell(self, items: list[NewsItem]) -> str:
        loop = asyncio.get_running_loop()
        fault = ""
        for at in range(0, len(items), MOST_ITEMS):
            some = items[at : at + MOST_ITEMS]
            read, why = await loop.run_in_executor(self._reading, self._room.read, some)
            fault = why or fault
            self._say(NewsArrived(tuple(self._memory.read(item) for item in read)))
        return fault

    def _failed(self, desk: Desk, text: str, wait_s: float) -> None:
        desk.pace.failed(time.monotonic(), wait_s)
        desk.health.failures = desk.pace.failures
        desk.health.text = clean(text, 300)

    def _report(self) -> None:
        reports = tuple(desk.health.report() for desk in self._desks.values())
        if self._herald.due(reports, time.monotonic()):
            self._say(FeedsReported(reports))


def _host(source: Source) -> str:
    try:
        return urlsplit(source.url).netloc.rpartition("@")[2].lower()
    except ValueError:
        return source.name


def _real_pause(source: Source, speed: float) -> float:
    """Return real seconds between two looks: only the exchange's own news run with its clock."""
    if source.name != PRACTICE_FEED:
        return float(source.every_s)
    return max(source.every_s / max(speed, 1e-3), LEAST_EVERY_S)
