"""Keeps the strategy worker alive: feeds it, asks it one look at a time, holds its deadline."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from kalshi_desk.core.events import BarsKnown, BookSnapshot, CoreEvent, MarketsListed
from kalshi_desk.core.ports import Clock
from kalshi_desk.core.strategy import Observation
from kalshi_desk.core.types import BookSide
from kalshi_desk.engine.effects import AskStrategy
from kalshi_desk.engine.inputs import StrategiesDeclared, StrategyDecided, StrategyFailed
from kalshi_desk.engine.strategy_messages import (
    LENGTH_BYTES,
    MARKET_EVENTS,
    Declared,
    Fed,
    FromWorker,
    Look,
    Looked,
    MarketEvent,
    pack,
)
from kalshi_desk.market.live import LiveMarkets

BATCH = 512
DEADLINE_S = 1.0
START_S = 60.0
RESTART_S = 1.0
PRIME_SLICE = 100
STOP_S = 2.0
_log = logging.getLogger(__name__)


class StrategyLink:
    """The engine's end of the pipe.

    ``take`` gets the worker's answers as events; ``on_look`` is told of each look in the
    order in which it stands between market events, so that a recording can repeat it.
    """

    def __init__(
        self,
        folder: Path,
        clock: Clock,
        markets: LiveMarkets,
        take: Callable[[CoreEvent], None],
        *,
        observations: Callable[[str], dict[str, tuple[Observation, ...]]],
        on_look: Callable[[int, AskStrategy], None] = lambda now_ns, look: None,
        deadline_s: float = DEADLINE_S,
    ) -> None:
        self._folder = folder
        self._clock = clock
        self._markets = markets
        self._take = take
        self._observations = observations
        self._on_look = on_look
        self._deadline_s = deadline_s
        self._process: asyncio.subprocess.Process | None = None
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
                await self._one_worker()
                await asyncio.sleep(RESTART_S)
        finally:
            await self._end()

    async def _one_worker(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "kalshi_desk.engine.strategy_worker",
            str(self._folder),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            async with asyncio.timeout(START_S) as patience:
                while (message := await self._receive()) is not None:
                    patience.reschedule(None)
                    if isinstance(message, Declared):
                        await self._ready(message)
                    else:
                        self._looked(message)
        except TimeoutError:
            _log.error("the strategy worker did not start within %.0f s", START_S)
        finally:
            self._is_ready = False
            self._batch.clear()
            await self._end()
        if self._looking is not None:
            self._fail("its process ended while it was looking")

    async def _receive(self) -> FromWorker | None:
        stream = self._process.stdout if self._process is not None else None
        if stream is None:
            return None
        try:
            head = await stream.readexactly(LENGTH_BYTES)
            body = await stream.readexactly(int.from_bytes(head, "big"))
            message: FromWorker = self._decoder.decode(body)
        except (asyncio.IncompleteReadError, ConnectionError):
            return None
        except msgspec.MsgspecError:
            _log.exception("the strategy worker wrote what can't be read")
            return None
        return message

    async def _ready(self, message: Declared) -> None:
        self._batch.clear()
        self._is_ready = True
        for number, (at_ns, event) in enumerate(prime(self._markets, self._clock.now_ns())):
            self.feed(event, at_ns)
            if number % PRIME_SLICE == PRIME_SLICE - 1:
                self.flush()
                await asyncio.sleep(0)
        self._take(StrategiesDeclared(message.strategies))
        self._next()

    def feed(self, event: CoreEvent, now_ns: int) -> None:
        """Pass a market event on; other events are none of the worker's business."""
        if self._is_ready and isinstance(event, MARKET_EVENTS):
            self._batch.append((now_ns, event))  # type: ignore[arg-type]
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
                    observations=self._observations(look.strategy),
                )
            )
        )
        self._alarm = asyncio.get_running_loop().call_later(self._deadline_s, self._overran)

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
        self._fail(f"it took longer than {self._deadline_s:g} s")
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()

    def _fail(self, why: str) -> None:
        look = self._settle()
        if look is not None:
            self._take(StrategyFailed(strategy=look.strategy, cycle=look.cycle, why=why))

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
    listed = tuple(
        msgspec.structs.replace(live.market, last_price=live.last_price, volume=live.volume)
        for live in everything
    )
    yield 0, MarketsListed(listed, tuple(markets.events.values()))
    for live in everything:
        if live.has_book:
            bids = tuple(live.book.levels(BookSide.BID))
            asks = tuple(live.book.levels(BookSide.ASK))
            yield live.book.updated_ns, BookSnapshot(live.market.ticker, bids, asks)
        bars = live.bars.shown(now_ns)
        if bars:
            yield now_ns, BarsKnown(live.market.ticker, bars)
