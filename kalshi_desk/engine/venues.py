"""The venues as the shell sees them: a feed, a broker, and what else can be asked of one."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from pathlib import Path

from kalshi_desk.core.errors import DeskError, Refuse, Retry, Stop
from kalshi_desk.core.events import (
    BookStale,
    ConnectionChanged,
    CoreEvent,
    LinkState,
    MarketsListed,
    TradeHistory,
)
from kalshi_desk.core.ports import Clock, EventSink
from kalshi_desk.core.types import MarketStatus
from kalshi_desk.engine.exchange_process import ExchangeAddress, PracticeExchange
from kalshi_desk.engine.recorder import EngineRecorder, fan_out
from kalshi_desk.engine.shell import VenueActions
from kalshi_desk.kalshi.environment import Environment, practice
from kalshi_desk.kalshi.rest import RestClient
from kalshi_desk.kalshi.signing import Signer, load_private_key
from kalshi_desk.kalshi.venue import KalshiBroker, KalshiFeed

MAX_WATCHED = 1_000
"""Books followed without being asked for; more are added when a ladder opens."""
HISTORY_TRADES = 1_000
START_RETRY_S = 1.0
_log = logging.getLogger(__name__)


class KalshiSession(VenueActions):
    """Feed and broker of one environment for as long as its addresses hold."""

    def __init__(
        self,
        environment: Environment,
        signer: Signer,
        clock: Clock,
        recorder: EngineRecorder | None,
    ) -> None:
        self._rest = RestClient(environment, signer, clock)
        self._recorder = recorder
        self.broker = KalshiBroker(self._rest, clock)
        self.feed = KalshiFeed(
            environment,
            signer,
            self._rest,
            clock,
            tap=None if recorder is None else recorder.tap,
            on_connection=None if recorder is None else recorder.begin_connection,
        )
        self._sink: EventSink = lambda event: None
        self._watched: set[str] = set()
        self._watching: set[asyncio.Task[None]] = set()

    async def run(self, sink: EventSink) -> None:
        """Deliver events until cancelled."""
        self._sink = sink
        sinks: list[EventSink] = [sink, self._follow]
        if self._recorder is not None:
            sinks.append(self._recorder.listen)
        try:
            await self.feed.run(fan_out(*sinks))
        finally:
            await self._rest.close()

    def _follow(self, event: CoreEvent) -> None:
        """Follow the books of markets that trade, as far as the desk follows unasked."""
        if not isinstance(event, MarketsListed):
            return
        fresh = [
            market.ticker
            for market in event.markets
            if market.status is MarketStatus.ACTIVE and market.ticker not in self._watched
        ][: max(0, MAX_WATCHED - len(self._watched))]
        self._watched.update(fresh)
        if fresh:
            task = asyncio.create_task(self.feed.watch(fresh))
            self._watching.add(task)
            task.add_done_callback(self._watching.discard)

    async def watch(self, tickers: Sequence[str]) -> None:
        """Follow more books, and fetch the trades that led to where they stand."""
        new = [ticker for ticker in tickers if ticker not in self._watched]
        self._watched.update(new)
        if new:
            await self.feed.watch(new)
        for ticker in tickers:
            with contextlib.suppress(Retry, Refuse):
                trades = await self._rest.trades(ticker, limit=HISTORY_TRADES)
                self._sink(TradeHistory(ticker, tuple(reversed(trades))))

    async def cancel_everything(self) -> None:
        """Cancel all orders of the account."""
        await self._rest.cancel_all()

    async def read_account(self) -> None:
        """Read the account again."""
        await self.feed.read_account()


class PracticeVenue(VenueActions):
    """The practice exchange: its process, and a session that follows it to new addresses."""

    def __init__(self, exchange: PracticeExchange, clock: Clock, recorder: EngineRecorder | None):
        self._exchange = exchange
        self._clock = clock
        self._recorder = recorder
        self._session: KalshiSession | None = None
        self._moved = asyncio.Event()
        self._address: ExchangeAddress | None = None
        self._sink: EventSink = lambda event: None

    async def run(self, sink: EventSink) -> None:
        """Start the exchange and deliver its events; follow it when it is restarted."""
        self._sink = sink
        self._address = await self._start()
        watching = [asyncio.create_task(self._exchange.watch(self._on_change))]
        if self._recorder is not None:
            watching.append(asyncio.create_task(self._recorder.keep_flushing()))
        try:
            while True:
                await self._run_session()
        finally:
            for task in watching:
                task.cancel()

    async def _start(self) -> ExchangeAddress:
        while True:
            text = "the practice exchange is opening its markets"
            self._sink(ConnectionChanged(LinkState.STARTING, text))
            try:
                return await self._exchange.start()
            except Retry as error:
                self._sink(ConnectionChanged(LinkState.STARTING, str(error)))
                await asyncio.sleep(START_RETRY_S)

    async def _run_session(self) -> None:
        address = self._address
        if address is None:
            await self._moved.wait()
            self._moved.clear()
            return
        session = self._session = KalshiSession(
            practice(address.rest, address.ws),
            Signer(address.key_id, load_private_key(Path(address.private_key_path))),
            self._clock,
            self._recorder,
        )
        self.broker = session.broker
        self._moved.clear()
        running = asyncio.create_task(session.run(self._sink))
        moving = asyncio.create_task(self._moved.wait())
        try:
            await asyncio.wait({running, moving}, return_when=asyncio.FIRST_COMPLETED)
            if running.done():
                running.result()
        except Stop as stop:
            _log.error("%s", stop)
            await asyncio.sleep(START_RETRY_S)
        except Exception:
            _log.exception("the connection to the exchange failed")
            self._sink(ConnectionChanged(LinkState.LOST, "the connection failed inside the desk"))
            await asyncio.sleep(START_RETRY_S)
        finally:
            for task in (running, moving):
                task.cancel()
            await asyncio.gather(running, moving, return_exceptions=True)
            self._sink(BookStale((), "the connection is being made again"))

    def _on_change(self, address: ExchangeAddress | None, text: str) -> None:
        if address is None:
            self._sink(ConnectionChanged(LinkState.LOST, text))
        elif address != self._address:
            self._address = address
            self._moved.set()

    async def watch(self, tickers: Sequence[str]) -> None:
        """Follow more books."""
        if self._session is not None:
            await self._session.watch(tickers)

    async def cancel_everything(self) -> None:
        """Cancel all orders of the account."""
        if self._session is not None:
            await self._session.cancel_everything()

    async def read_account(self) -> None:
        """Read the account again."""
        if self._session is not None:
            with contextlib.suppress(DeskError):
                await self._session.read_account()

    async def close(self) -> None:
        """End the exchange with its engine."""
        await self._exchange.stop()
