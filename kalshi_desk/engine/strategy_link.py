"""Keeps the strategy worker alive: feeds it, asks it one look at a time, holds its deadline."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from kalshi_desk.core.events import (
    BarsKnown,
    BookSnapshot,
    CoreEvent,
    MarketsListed,
    NewsArrived,
    TickerChanged,
)
from kalshi_desk.core.ports import Clock
from kalshi_desk.core.strategy import Observation
from kalshi_desk.core.types import NO_COUNT, BookSide
from kalshi_desk.engine.effects import AskStrategy
from kalshi_desk.engine.inputs import StrategiesDeclared, StrategyDecided, StrategyFailed
from kalshi_desk.engine.strategy_messages import (
    LENGTH_BYTES,
    MOST_ANSWER_BYTES,
    Declared,
    Fed,
    FromWorker,
    Look,
    Looked,
    MarketEvent,
    StrategyInfo,
    pack,
)
from kalshi_desk.engine.worker_watch import DEADLINE_S, PATIENCE_S, WorkerWatch
from kalshi_desk.market.live import LiveMarkets
from kalshi_desk.store.setting_env import without_secrets

BATCH = 512
START_S = 60.0
RESTART_S = 1.0
PRIME_SLICE = 100
STOP_S = 2.0
_log = logging.getLogger(__name__)


class StrategyLink:
    """The engine's end of the pipe.

    ``take`` gets the worker's answers as events; ``on_look`` is told of each look in the
    order in which it stands between market events, so that a recording can repeat it.
    ``observations`` returns those of a strategy by cell, which only grow: each is told once.
    """

    def __init__(
        self,
        folder: Path,
        clock: Clock,
        markets: LiveMarkets,
        take: Callable[[CoreEvent], None],
        *,
        observations: Callable[[str], Mapping[str, Sequence[Observation]]],
        on_look: Callable[[int, AskStrategy], None] = lambda now_ns, look: None,
        deadline_s: float = DEADLINE_S,
        patience_s: float = PATIENCE_S,
        start_s: float = START_S,
    ) -> None:
        self._folder = folder
        self._clock = clock
        self._markets = markets
        self._take = take
        self._observations = observations
        self._told: dict[tuple[str, str], int] = {}
        self._on_look = on_look
        self._watch = WorkerWatch(deadline_s, patience_s)
        self._start_s = start_s
        self._ended_why = ""
        self._folder_fault = ""
        self._process: asyncio.subprocess.Process | None = None
        self._is_fed = False
        self._is_ready = False
        self._batch: list[tuple[int, MarketEvent]] = []
        self._waiting: deque[AskStrategy] = deque()
        self._looking: AskStrategy | None = None
        self._alarm: asyncio.TimerHandle | None = None
        self._decoder = msgspec.msgpack.Decoder(FromWorker)

    async def run(self) -> None:
        """Keep a worker running until cancelled."""
        try:
            while True:
                try:
                    await self._one_worker()
                except Exception:
                    # Strategies must not be left alone with orders that nobody looks after.
                    _log.exception("the strategy worker could not be kept")
                await asyncio.sleep(RESTART_S)
        finally:
            await self._end()

    async def _one_worker(self) -> None:
        self._ended_why = ""
        self._told.clear()
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "kalshi_desk.engine.strategy_worker",
            *([] if self._folder_fault else [str(self._folder)]),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=without_secrets(os.environ),
        )
        try:
            async with asyncio.timeout(self._start_s) as patience:
                while (message := await self._receive()) is not None:
                    patience.reschedule(None)
                    if isinstance(message, Declared):
                        await self._ready(message)
                    else:
                        self._looked(message)
        except TimeoutError:
            self._ended_why = f"it did not start within {self._start_s:g} s"
            # A machine too busy to start one in time must not be kept from it for ever.
            self._start_s *= 2
        finally:
            has_started = self._is_ready
            self._is_fed = self._is_ready = False
            self._batch.clear()
            await self._end()
        if not has_started:
            self._without_folder(self._ended_why or "it ended at once")
        if self._looking is not None:
            why = self._ended_why or "its process ended while it was looking"
            self._fail(why, unanswered=True)

    def _without_folder(self, why: str) -> None:
        """A worker that never came up has met a file that stops it: go on without the folder."""
        _log.error("the strategy worker did not come up: %s", why)
        if not self._folder_fault:
            self._folder_fault = (
                f"No strategy of {self._folder} can be used: with these files the worker did not "
                f"come up ({why}). Take the file away that stops it and start the engine again."
            )

    async def _receive(self) -> FromWorker | None:
        stream = self._process.stdout if self._process is not None else None
        if stream is None:
            return None
        try:
            head = await stream.readexactly(LENGTH_BYTES)
            length = int.from_bytes(head, "big")
            if length > MOST_ANSWER_BYTES:
                self._ended_why = f"it wrote a message of {length:,} bytes"
                return None
            body = await stream.readexactly(length)
            message: FromWorker = self._decoder.decode(body)
        except (asyncio.IncompleteReadError, ConnectionError):
            return None
        except (msgspec.MsgspecError, RecursionError) as error:
            self._ended_why = f"its answer can't be read: {error}"
            return None
        return message

    async def _ready(self, message: Declared) -> None:
        self._batch.clear()
        self._is_fed = True
        for number, (at_ns, event) in enumerate(prime(self._markets, self._clock.now_ns())):
            self._feed(event, at_ns)
            if number % PRIME_SLICE == PRIME_SLICE - 1:
                self.flush()
                await asyncio.sleep(0)
        # Only now: a look at half of the markets would decide on what it misses.
        self._is_ready = True
        strategies = message.strategies
        if self._folder_fault:
            folder = StrategyInfo(name=f"{self._folder.name}/", fault=self._folder_fault)
            strategies = (*strategies, folder)
        self._take(StrategiesDeclared(strategies))
        self._next()

    def feed(self, event: CoreEvent, now_ns: int) -> None:
        """Pass a market event on; other events are none of the worker's business."""
        if self._is_fed and isinstance(event, MarketEvent):
            if isinstance(event, NewsArrived):
                # As it now stands: a worker that began later knows fewer prices of before.
                event = NewsArrived(self._markets.news.changed)
            self._feed(event, now_ns)

    def _feed(self, event: MarketEvent, now_ns: int) -> None:
        self._batch.append((now_ns, event))
        if len(self._batch) >= BATCH:
            self.flush()

    def flush(self) -> None:
        """Hand what gathered to the worker."""
        if self._batch:
            self._write(pack(Fed(self._batch)))
            self._batch = []

    def ask(self, look: AskStrategy) -> None:
        """Let a strategy look once those before it are done."""
        self._waiting.append(look)
        self._next()

    def _next(self) -> None:
        if not self._is_ready or self._looking is not None or not self._waiting:
            return
        look = self._looking = self._waiting.popleft()
        self.flush()
        now_ns = self._clock.now_ns()
        self._on_look(now_ns, look)
        self._write(
            pack(
                Look(
                    strategy=look.strategy,
                    cycle=look.cycle,
                    now_ns=now_ns,
                    values=look.values,
                    since_ns=look.since_ns,
                    implications=look.implications,
                    observations=self._untold(look.strategy),
                )
            )
        )
        if self._process is not None:
            self._watch.begin(self._process.pid)
        self._set_alarm(self._watch.deadline_s)

    def _untold(self, strategy: str) -> dict[str, tuple[Observation, ...]]:
        """Return what this worker does not know yet: months of it would hold up the loop."""
        found = {}
        for cell, known in self._observations(strategy).items():
            told = self._told.get((strategy, cell), 0)
            if len(known) > told:
                found[cell] = tuple(known[told:])
                self._told[strategy, cell] = len(known)
        return found

    def _set_alarm(self, seconds: float) -> None:
        self._alarm = asyncio.get_running_loop().call_later(seconds, self._overran)

    def _write(self, message: bytes) -> None:
        process = self._process
        if process is not None and process.stdin is not None:
            with contextlib.suppress(ConnectionError, RuntimeError):
                process.stdin.write(message)

    def _looked(self, message: Looked) -> None:
        look = self._looking
        if look is None or (look.strategy, look.cycle) != (message.strategy, message.cycle):
            return
        if message.decision is None:
            self._fail(message.fault)
        else:
            self._settle()
            self._hand(
                StrategyDecided(
                    strategy=message.strategy,
                    cycle=message.cycle,
                    looked_ns=message.now_ns,
                    took_ns=message.took_ns,
                    decision=message.decision,
                    proof=message.proof,
                )
            )
        self._next()

    def _hand(self, answer: StrategyDecided) -> None:
        """Pass an answer on; one that the desk can't act on ends its strategy, not the others."""
        try:
            self._take(answer)
        except Exception as error:  # what a strategy answers may be any nonsense
            _log.exception("acting on an answer of strategy %s", answer.strategy)
            why = f"the desk could not act on its answer ({type(error).__name__}: {error})"
            self._take(StrategyFailed(strategy=answer.strategy, cycle=answer.cycle, why=why))

    def _overran(self) -> None:
        """A look is over its time: the worker can't be trusted to come back, so it goes."""
        left_s = self._watch.seconds_left()
        if left_s:
            self._set_alarm(left_s)
            return
        self._fail(self._watch.why(), unanswered=True)
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()

    def _fail(self, why: str, *, unanswered: bool = False) -> None:
        look = self._settle()
        if look is not None:
            self._take(
                StrategyFailed(
                    strategy=look.strategy, cycle=look.cycle, why=why, is_unanswered=unanswered
                )
            )

    def _settle(self) -> AskStrategy | None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        look, self._looking = self._looking, None
        return look

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        if process.stdin is not None:
            process.stdin.close()
        try:
            async with asyncio.timeout(STOP_S):
                await process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


def prime(markets: LiveMarkets, now_ns: int) -> Iterator[tuple[int, MarketEvent]]:
    """Yield what a new worker must be told to see the markets as they are."""
    everything = list(markets.by_ticker.values())
    listed = tuple(live.market for live in everything)
    yield 0, MarketsListed(listed, tuple(markets.events.values()))
    for live in everything:
        yield now_ns, TickerChanged(live.market.ticker, live.last_price, live.volume, NO_COUNT)
        # Before the book: its last change may be hours old and would begin its own hour anew.
        bars, current = live.bars.shown(now_ns), live.bars.current(now_ns)
        if bars or current is not None:
            yield now_ns, BarsKnown(live.market.ticker, bars, current)
        if live.has_book:
            bids = tuple(live.book.levels(BookSide.BID))
            asks = tuple(live.book.levels(BookSide.ASK))
            yield live.book.updated_ns, BookSnapshot(live.market.ticker, bids, asks)
    yield now_ns, NewsArrived(tuple(markets.news.by_id.values()))
    yield now_ns, markets.sources.said
