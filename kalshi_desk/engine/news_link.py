"""Keeps the news worker alive: tells it feeds, markets and what is known, and hears news."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import msgspec

from kalshi_desk.core.events import CoreEvent, FeedsReported, NewsArrived
from kalshi_desk.core.news import FeedReport, FeedState, NewsItem
from kalshi_desk.core.ports import Clock
from kalshi_desk.engine.news_model import ModelFile, ModelHand
from kalshi_desk.engine.news_universe import NewsUniverse
from kalshi_desk.engine.reader_life import ReaderLife
from kalshi_desk.market.live import LiveMarkets
from kalshi_desk.news.health import waiting_report
from kalshi_desk.news.messages import (
    LENGTH_BYTES,
    MOST_ANSWER_BYTES,
    Begin,
    Configure,
    FromWorker,
    Known,
    ModelTaken,
    ToWorker,
    pack,
)
from kalshi_desk.news.sources import Source

HOUR_NS = 3_600_000_000_000
KNOWN_NS = 48 * HOUR_NS
MOST_KNOWN = 4_000
KNOWN_SLICE = 50
LOOK_S = 1.0
UNIVERSE_S = 30.0
SILENCE_S = 120.0
"""The worker says something at least every ten seconds; after this long it is ended."""
QUIET_S = 30.0
"""After this long without a word nobody takes news for read."""
STOP_S = 2.0
_log = logging.getLogger(__name__)
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
"""Libraries of arithmetic would take a thread and its memory for each core."""
_SECRET_PREFIXES = ("KALSHI_", "TELEGRAM_")


class NewsLink:
    """The engine's end of the pipe.

    ``sources`` returns the feeds as they should be read now, ``known`` are the items of the
    last days; ``take`` gets news and reports as events.  ``seen`` hears which feeds there
    are whenever that changes.
    """

    def __init__(
        self,
        clock: Clock,
        markets: LiveMarkets,
        take: Callable[[CoreEvent], None],
        sources: Callable[[], tuple[Source, ...]],
        *,
        known: Iterable[NewsItem] = (),
        seen: Callable[[tuple[str, ...]], None] = lambda names: None,
        model_path: Path | None = None,
        command: Sequence[str] = ("-m", "kalshi_desk.news.worker"),
        silence_s: float = SILENCE_S,
        quiet_s: float = QUIET_S,
        life: ReaderLife | None = None,
    ) -> None:
        self._clock = clock
        self._markets = markets
        self._take = take
        self._wanted = sources
        self._seen = seen
        self._command = command
        self._silence_s = silence_s
        self._quiet_s = quiet_s
        self._life = life or ReaderLife(clock)
        self._model = ModelHand(ModelFile(model_path), self._life)
        self._began_s = 0.0
        self._quiet: asyncio.TimerHandle | None = None
        self._is_quiet = False
        self._universe = NewsUniverse()
        self._sources: tuple[Source, ...] = ()
        self._known: OrderedDict[str, NewsItem] = OrderedDict()
        self._remember(known)
        self._reports: dict[str, FeedReport] = {}
        self._process: asyncio.subprocess.Process | None = None
        self._is_told = False
        self._moved = asyncio.Event()
        self._decoder = msgspec.msgpack.Decoder(FromWorker)

    @property
    def pid(self) -> int | None:
        """The worker's process, None while there is none."""
        return self._process.pid if self._process is not None else None

    def know(self, items: Sequence[NewsItem]) -> None:
        """Take items as they now stand, corrected by people: the worker says no more otherwise."""
        self._remember(items)
        for at in range(0, len(items) if self._is_told else 0, KNOWN_SLICE):
            self._write(Known(tuple(items[at : at + KNOWN_SLICE])))

    def refresh(self) -> None:
        """Look at once whether other feeds should be read."""
        self._moved.set()
        self._see_sources()

    def give_up(self, why: str) -> None:
        """Say that nothing is read any more, until the engine is started again."""
        self._life.hangs(f"{why}; it starts again with the engine")
        self._report_waiting()

    async def run(self) -> None:
        """Keep a worker running while there are feeds to read, until cancelled."""
        self._see_sources()
        loop = asyncio.get_running_loop()
        try:
            while True:
                await self._until_wanted()
                self._began_s = loop.time()
                why = ""
                try:
                    why = await self._one_worker()
                except Exception as error:
                    _log.exception("the news worker could not be kept")
                    why = type(error).__name__
                if self._is_wanted():
                    _log.warning("the news worker has ended: %s", why or "no reason given")
                    why = why or "its process ended"
                    pause_s = self._life.ended(why, loop.time() - self._began_s)
                    self._report_waiting()
                    await asyncio.sleep(pause_s)
        finally:
            await self._end()

    # -- one worker --------------------------------------------------------------------

    async def _one_worker(self) -> str:
        """Run one worker until it ends or is not wanted any more; return why it ended."""
        environment = {k: v for k, v in os.environ.items() if not k.startswith(_SECRET_PREFIXES)}
        process = self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={**environment, **_ONE_THREAD},
        )
        hearing = asyncio.create_task(self._hear(process))
        telling = asyncio.create_task(self._keep_told(process))
        try:
            await asyncio.wait({hearing, telling}, return_when=asyncio.FIRST_COMPLETED)
            if telling.done() and not hearing.done():
                telling.result()
                return ""
            why = await hearing
            # It has ended, or it can't be trusted to end when it is asked.
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            return why
        finally:
            self._is_told = False
            self._model.reader_ended()
            self._listen_for(None)
            for task in (hearing, telling):
                task.cancel()
            await asyncio.gather(hearing, telling, return_exceptions=True)
            await self._end()

    async def _hear(self, process: asyncio.subprocess.Process) -> str:
        stream = process.stdout
        assert stream is not None
        self._listen_for(self._quiet_s)
        try:
            async with asyncio.timeout(self._silence_s) as patience:
                while True:
                    length = int.from_bytes(await stream.readexactly(LENGTH_BYTES), "big")
                    if length > MOST_ANSWER_BYTES:
                        return f"it wrote a message of {length:,} bytes"
                    message = self._decoder.decode(await stream.readexactly(length))
                    patience.reschedule(asyncio.get_running_loop().time() + self._silence_s)
                    self._heard(message)
        except TimeoutError:
            return f"it said nothing for {self._silence_s:g} s"
        except (asyncio.IncompleteReadError, ConnectionError):
            return "its process ended"
        except (msgspec.MsgspecError, RecursionError) as error:
            return f"its message can't be read: {error}"

    def _heard(self, message: FromWorker) -> None:
        self._listen_for(self._quiet_s)
        if isinstance(message, NewsArrived):
            self._remember(message.items)
            self._give(message)
        elif isinstance(message, FeedsReported):
            self._reports = {report.name: report for report in message.feeds}
        elif isinstance(message, ModelTaken):
            self._model.answered(message)
        is_word = isinstance(message, FeedsReported) or self._is_quiet
        self._is_quiet = False
        if is_word and self._is_wanted():
            self._life.reads()
        lived_s = asyncio.get_running_loop().time() - self._began_s
        if self._life.steady(lived_s) or is_word or isinstance(message, ModelTaken):
            self._give_reports()

    def _give_reports(self) -> None:
        """Tell how feeds and reader are, as the reader last said it."""
        if self._life.is_reading:
            self._give(FeedsReported(tuple(self._reports.values()), self._life.report))

    def _listen_for(self, seconds: float | None) -> None:
        """Wait so long for the next word before nobody takes news for read; None ends that."""
        if self._quiet is not None:
            self._quiet.cancel()
        self._quiet = None
        if seconds is not None:
            loop = asyncio.get_running_loop()
            self._quiet = loop.call_later(seconds, self._went_quiet)

    def _went_quiet(self) -> None:
        if self._life.is_reading:
            self._is_quiet = True
            self._life.hangs(f"it has said nothing for {self._quiet_s:g} s")
            self._report_waiting()

    def _give(self, event: CoreEvent) -> None:
        """Pass an event on; one that the core can't take must not cost the others."""
        try:
            self._take(event)
        except Exception:
            _log.exception("the desk could not take %s", type(event).__name__)

    async def _keep_told(self, process: asyncio.subprocess.Process) -> None:
        """Tell a worker everything, then what changes; returns when no feed is wanted."""
        self._universe.forget()
        self._configure()
        for model in self._model.first():
            await self._send(process, model)
        await self._tell_model(process)
        known = list(self._known.values())
        for at in range(0, len(known), KNOWN_SLICE):
            await self._send(process, Known(tuple(known[at : at + KNOWN_SLICE])))
        await self._tell_markets(process)
        # From here on what is learned of an item goes to the worker at once; what changed
        # while it was told the rest goes once more.
        self._is_told = True
        for item in known:
            newer = self._known.get(item.item_id)
            if newer is not None and newer is not item:
                self._write(Known((newer,)))
        await self._send(process, Begin())
        loop = asyncio.get_running_loop()
        markets_s = loop.time() + UNIVERSE_S
        while self._is_wanted():
            await self._until_moved()
            self._see_sources()
            await self._tell_model(process)
            if loop.time() >= markets_s:
                self._configure()
                await self._tell_markets(process)
                markets_s = loop.time() + UNIVERSE_S

    async def _tell_model(self, process: asyncio.subprocess.Process) -> None:
        """Hand the trained classifier on where it is another than before."""
        fault = self._life.model_fault
        model = await self._model.look()
        if model is not None:
            await self._send(process, model)
        if self._life.model_fault != fault:
            self._give_reports()

    async def _tell_markets(self, process: asyncio.subprocess.Process) -> None:
        for message in self._universe.changes(self._markets):
            if message.changed or message.gone or message.is_last:
                await self._send(process, message)
            await asyncio.sleep(0)

    async def _send(self, process: asyncio.subprocess.Process, message: ToWorker) -> None:
        self._write(message)
        if process.stdin is not None:
            with contextlib.suppress(ConnectionError, RuntimeError):
                await process.stdin.drain()
        await asyncio.sleep(0)

    def _write(self, message: ToWorker) -> None:
        process = self._process
        if process is not None and process.stdin is not None:
            with contextlib.suppress(ConnectionError, RuntimeError):
                process.stdin.write(pack(message))

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        if process.returncode is not None:
            return
        try:
            async with asyncio.timeout(STOP_S):
                await process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    # -- what is wanted and what is known ------------------------------------------------

    def _see_sources(self) -> None:
        """Find out which feeds should be read, and tell everybody when that has changed."""
        sources = self._wanted()
        if sources == self._sources:
            return
        names = tuple(source.name for source in sources)
        if names != tuple(source.name for source in self._sources):
            self._seen(names)
        self._sources = sources
        if self._process is not None:
            self._configure()
        (self._life.starts if self._is_wanted() else self._life.off)()
        if not self._is_told or not self._is_wanted():
            self._report_waiting()

    def _is_wanted(self) -> bool:
        return any(source.is_on and not source.fault for source in self._sources)

    async def _until_wanted(self) -> None:
        while not self._is_wanted():
            await self._until_moved()
            self._see_sources()

    async def _until_moved(self) -> None:
        """Wait until somebody has changed something, and no longer than a look's pause."""
        self._moved.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LOOK_S):
                await self._moved.wait()

    def _configure(self) -> None:
        speed = float(getattr(self._clock, "speed", 1.0))
        self._write(Configure(sources=self._sources, now_ns=self._clock.now_ns(), speed=speed))

    def _report_waiting(self) -> None:
        """Tell that nobody reads, and of no feed that it is well: what it was is over."""
        reports, text = [], self._life.why_not
        for source in self._sources:
            last = self._reports.get(source.name)
            report = waiting_report(source, text)
            if last is not None and report.state is FeedState.WAITING:
                report = msgspec.structs.replace(last, state=FeedState.WAITING, text=text)
            reports.append(report)
        self._give(FeedsReported(tuple(reports), self._life.report))

    def _remember(self, items: Iterable[NewsItem]) -> None:
        for item in items:
            self._known[item.item_id] = item
        oldest_ns = self._clock.now_ns() - KNOWN_NS
        while self._known:
            first = next(iter(self._known.values()))
            if len(self._known) <= MOST_KNOWN and first.first_seen_ns >= oldest_ns:
                return
            self._known.popitem(last=False)
