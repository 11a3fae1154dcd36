"""One connection to an exchange environment: its feed, its broker, and the books it follows."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping, Sequence

from kalshi_desk.core.errors import Refuse, Retry
from kalshi_desk.core.events import (
    ConnectionChanged,
    CoreEvent,
    LinkState,
    MarketsListed,
    MarketStatusChanged,
    TradeHistory,
)
from kalshi_desk.core.ports import Clock, EventSink
from kalshi_desk.core.records import Market
from kalshi_desk.core.types import MarketStatus
from kalshi_desk.engine.candle_reader import CandleReader
from kalshi_desk.engine.recorder import EngineRecorder, fan_out
from kalshi_desk.engine.universe import Universe
from kalshi_desk.engine.venue_actions import VenueActions
from kalshi_desk.kalshi.broker import KalshiBroker
from kalshi_desk.kalshi.environment import Environment
from kalshi_desk.kalshi.rest import RestClient
from kalshi_desk.kalshi.signing import Signer
from kalshi_desk.kalshi.stale_books import TopOf
from kalshi_desk.kalshi.venue import KalshiFeed

MAX_WATCHED = 2_000
"""Books followed without being asked for; more are added when a ladder opens."""
HISTORY_TRADES = 1_000
_log = logging.getLogger(__name__)
_FOLLOWED = frozenset({MarketStatus.ACTIVE, MarketStatus.INACTIVE})


class KalshiSession(VenueActions):
    """Feed and broker of one environment for as long as its addresses hold."""

    def __init__(
        self,
        environment: Environment,
        signer: Signer,
        clock: Clock,
        recorder: EngineRecorder | None,
        keep: Callable[[], set[str]],
        top_of: TopOf | None = None,
    ) -> None:
        self._rest = RestClient(environment, signer, clock)
        self._keep = keep
        self._universe = Universe(keep)
        self.broker = KalshiBroker(self._rest, clock)
        self.feed = KalshiFeed(
            environment,
            signer,
            self._rest,
            clock,
            tap=None if recorder is None else recorder.tap,
            on_connection=None if recorder is None else recorder.begin_connection,
            top_of=top_of,
            mine=keep,
        )
        self._candles = CandleReader(self._rest, clock, keep)
        self._sink: EventSink = lambda event: None
        self._watched: set[str] = set()
        self._watching: set[asyncio.Task[None]] = set()

    async def run(self, sink: EventSink) -> None:
        """Deliver events until cancelled."""
        self._sink = sink
        deliver = fan_out(sink, self._follow)
        reading = asyncio.create_task(self._candles.run(sink))
        reading.add_done_callback(_say_failure)
        try:
            await self.feed.run(lambda event: deliver(self._trimmed(event)))
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
            await self._rest.close()

    @property
    def frame_ns(self) -> int:
        """When the frame was received whose events are being told now; 0 between frames."""
        return self.feed.stream.frame_ns

    @property
    def is_frame_tapped(self) -> bool:
        """Whether the recording holds the frame whose events are being told now."""
        return self.feed.stream.is_frame_tapped

    @property
    def unlisted(self) -> Mapping[str, Market]:
        """Open markets of the exchange that the desk does not follow."""
        return self._universe.left_out

    def _trimmed(self, event: CoreEvent) -> CoreEvent:
        return self._universe.take(event) if isinstance(event, MarketsListed) else event

    def _follow(self, event: CoreEvent) -> None:
        """Follow the books of markets that trade, as far as the desk follows unasked.

        Those that the account is in come first, and whatever it takes: an exit needs a book.
        """
        if isinstance(event, MarketStatusChanged) and event.status is MarketStatus.FINALIZED:
            self._watched.discard(event.ticker)
        if isinstance(event, ConnectionChanged):
            self._candles.is_live = event.state is LinkState.LIVE
        if not isinstance(event, MarketsListed):
            return
        mine = self._keep()
        new = [
            market.ticker
            for market in event.markets
            if market.status in _FOLLOWED and market.ticker not in self._watched
        ]
        fresh = [ticker for ticker in new if ticker in mine]
        room = max(0, MAX_WATCHED - len(self._watched) - len(fresh))
        fresh += [ticker for ticker in new if ticker not in mine][:room]
        self._watched.update(fresh)
        followed = set(fresh)
        self._candles.add(market for market in event.markets if market.ticker in followed)
        if fresh:
            task = asyncio.create_task(self.feed.watch(fresh))
            self._watching.add(task)
            task.add_done_callback(self._watching.discard)

    async def watch(self, tickers: Sequence[str]) -> None:
        """Follow more books, and fetch the trades that led to where they stand.

        A market that was left out of the listing is read anew first.
        """
        unlisted = [ticker for ticker in tickers if ticker in self._universe.left_out]
        if unlisted:
            with contextlib.suppress(Retry, Refuse):
                await self.feed.describe(unlisted)
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


def _say_failure(task: asyncio.Task[None]) -> None:
    """Without older hours the desk works as before: the session goes on."""
    error = None if task.cancelled() else task.exception()
    if error is not None:
        _log.error("reading candlesticks failed", exc_info=error)
