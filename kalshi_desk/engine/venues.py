"""The venues as the shell sees them: a feed, a broker, and what else can be asked of one."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from kalshi_desk.core.errors import DeskError, Retry, Stop
from kalshi_desk.core.events import BookStale, ConnectionChanged, LinkState
from kalshi_desk.core.ports import Clock, EventSink
from kalshi_desk.core.records import Market
from kalshi_desk.engine.exchange_process import ExchangeAddress, PracticeExchange
from kalshi_desk.engine.recorder import EngineRecorder
from kalshi_desk.engine.session import KalshiSession
from kalshi_desk.engine.venue_actions import VenueActions
from kalshi_desk.kalshi.environment import Environment, practice
from kalshi_desk.kalshi.signing import Signer, load_private_key
from kalshi_desk.kalshi.stale_books import TopOf

START_RETRY_S = 1.0
_log = logging.getLogger(__name__)


class SessionVenue(VenueActions):
    """A venue whose feed and broker live in sessions, one after the other."""

    def __init__(
        self,
        clock: Clock,
        recorder: EngineRecorder | None,
        keep: Callable[[], set[str]],
        top_of: TopOf | None,
    ) -> None:
        self._clock = clock
        self._keep = keep
        self._top_of = top_of
        self._recorder = recorder
        self._session: KalshiSession | None = None
        self._moved = asyncio.Event()
        self._sink: EventSink = lambda event: None

    async def _run_session(self, environment: Environment, signer: Signer) -> None:
        """Run one session until it fails or the venue moves; say so either way."""
        session = self._session = KalshiSession(
            environment, signer, self._clock, self._recorder, self._keep, self._top_of
        )
        self.broker = session.broker
        self.sessions += 1
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

    @property
    def frame_ns(self) -> int:
        """When the frame was received whose events are being told now; 0 between frames."""
        return 0 if self._session is None else self._session.frame_ns

    @property
    def is_frame_tapped(self) -> bool:
        """Whether the recording holds the frame whose events are being told now."""
        return self._session is not None and self._session.is_frame_tapped

    @property
    def unlisted(self) -> Mapping[str, Market]:
        """Open markets of the exchange that the desk does not follow."""
        return {} if self._session is None else self._session.unlisted

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

    def _helpers(self) -> list[asyncio.Task[None]]:
        """Start what runs beside every session."""
        if self._recorder is None:
            return []
        return [asyncio.create_task(self._recorder.keep_flushing())]


class KeyedVenue(SessionVenue):
    """Kalshi itself, demo or live, with the home's key."""

    def __init__(
        self,
        environment: Environment,
        signer: Signer,
        clock: Clock,
        recorder: EngineRecorder | None,
        keep: Callable[[], set[str]],
        top_of: TopOf | None = None,
    ) -> None:
        super().__init__(clock, recorder, keep, top_of)
        self._environment = environment
        self._signer = signer

    async def run(self, sink: EventSink) -> None:
        """Deliver events until cancelled; a refused key is said and tried again slowly."""
        self._sink = sink
        helpers = self._helpers()
        try:
            while True:
                await self._run_session(self._environment, self._signer)
        finally:
            for task in helpers:
                task.cancel()


class PracticeVenue(SessionVenue):
    """The practice exchange: its process, and sessions that follow it to new addresses."""

    def __init__(
        self,
        exchange: PracticeExchange,
        clock: Clock,
        recorder: EngineRecorder | None,
        keep: Callable[[], set[str]],
        top_of: TopOf | None = None,
    ) -> None:
        super().__init__(clock, recorder, keep, top_of)
        self._exchange = exchange
        self._address: ExchangeAddress | None = None

    @property
    def news_url(self) -> str:
        """Where the exchange's news can be read."""
        return "" if self._address is None else self._address.news

    async def run(self, sink: EventSink) -> None:
        """Start the exchange and deliver its events; follow it when it is restarted."""
        self._sink = sink
        self._address = await self._start()
        helpers = [asyncio.create_task(self._exchange.watch(self._on_change)), *self._helpers()]
        try:
            while True:
                await self._follow_exchange()
        finally:
            for task in helpers:
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

    async def _follow_exchange(self) -> None:
        address = self._address
        self._moved.clear()
        if address is None:
            await self._moved.wait()
            return
        key = load_private_key(Path(address.private_key_path))
        await self._run_session(practice(address.rest, address.ws), Signer(address.key_id, key))

    def _on_change(self, address: ExchangeAddress | None, text: str) -> None:
        if address is None:
            self._sink(ConnectionChanged(LinkState.LOST, text))
        elif address != self._address:
            self._address = address
            self._moved.set()

    async def close(self) -> None:
        """End the exchange with its engine."""
        await self._exchange.stop()
