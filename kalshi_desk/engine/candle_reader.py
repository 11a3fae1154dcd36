"""Hours from before the desk listened: candlesticks of the markets it follows, read in peace."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable

from kalshi_desk.core.errors import DeskError, Retry
from kalshi_desk.core.events import BarsKnown
from kalshi_desk.core.ports import Clock, EventSink, Sleep
from kalshi_desk.core.records import Market
from kalshi_desk.core.strategy import Bar
from kalshi_desk.core.types import PRICE_ONE, Price
from kalshi_desk.kalshi.history import History
from kalshi_desk.kalshi.models import Candle, Ohlc
from kalshi_desk.kalshi.rest import RestClient
from kalshi_desk.market.bars import HOUR_NS, SHOWN_HOURS, WIDEST_QUOTE

PART = 10
"""Markets in one request: to read its thousand hours holds the loop for some 20 ms."""
PAUSE_S = 1.0
RETRY_S = 10.0
ATTEMPTS = 3
LEFT_FOR_OTHERS = 0.5
"""Share of the read tokens that stays: listings, readings of the account and reconnects go first.

Orders and cancels are paid from tokens of their own.
"""
_HOUR_S, _MINUTES = 3_600, 60
_SECOND_NS = 1_000_000_000
_log = logging.getLogger(__name__)


class CandleReader:
    """Asks once a session for the newest hours of each market, and tells them as ``BarsKnown``.

    The account's own markets come first, then those that traded most.  It asks only while
    ``is_live``, one request a second at most, and never with less than half of the read
    tokens left.  What can't be had after three attempts is left out: the desk then knows
    such a market from its own hours only, as without this.
    """

    def __init__(
        self,
        rest: RestClient,
        clock: Clock,
        mine: Callable[[], set[str]],
        *,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self.is_live = False
        self._rest = rest
        self._history = History(rest)
        self._clock = clock
        self._mine = mine
        self._sleep = sleep
        self._asked: set[str] = set()
        self._waiting: dict[str, Market] = {}
        self._again: deque[tuple[int, list[str]]] = deque()
        self._news = asyncio.Event()

    def add(self, markets: Iterable[Market]) -> None:
        """Ask for these markets too, unless they were asked for already."""
        for market in markets:
            if market.ticker not in self._asked and not market.is_combo:
                self._waiting[market.ticker] = market
        if self._waiting:
            self._news.set()

    async def run(self, sink: EventSink) -> None:
        """Read until cancelled."""
        while True:
            await self._sleep(PAUSE_S)
            if not self._waiting and not self._again:
                self._news.clear()
                await self._news.wait()
                continue
            if self.is_live and self._has_tokens():
                await self._read(sink)

    def _has_tokens(self) -> bool:
        left, capacity, _, _ = self._rest.budget.left()
        return left >= LEFT_FOR_OTHERS * capacity

    async def _read(self, sink: EventSink) -> None:
        attempt, part = self._again.popleft() if self._again else (1, self._take())
        if not part:
            return
        hour_s = self._clock.now_ns() // HOUR_NS * _HOUR_S
        start_s = hour_s - (SHOWN_HOURS - 1) * _HOUR_S
        try:
            found = await self._history.batch_candles(part, start_s, hour_s, _MINUTES)
        except Retry as error:
            if attempt < ATTEMPTS:
                self._again.append((attempt + 1, part))
                await self._sleep(RETRY_S)
            else:
                _log.warning("no candlesticks of %d markets: %s", len(part), error)
        except DeskError as error:
            # One market that the exchange won't speak of must not cost the others theirs.
            half = len(part) // 2
            if half:
                self._again += [(attempt, part[:half]), (attempt, part[half:])]
            else:
                _log.warning("no candlesticks of %s: %s", part[0], error)
        else:
            for ticker in part:
                bars = bars_of(found.get(ticker, []))
                if bars:
                    sink(BarsKnown(ticker, bars))
                    # Each is recorded and passed to the strategies: let others in between.
                    await self._sleep(0.0)

    def _take(self) -> list[str]:
        """Return the next markets to ask for; one that has no whole hour behind it waits."""
        mine, now_ns = self._mine(), self._clock.now_ns()
        ripe = [market for market in self._waiting.values() if market.open_ns + HOUR_NS <= now_ns]
        ripe.sort(key=lambda one: (one.ticker not in mine, -one.volume, one.ticker))
        part = [market.ticker for market in ripe[:PART]]
        if not part:
            # Markets that have just opened have no past that the desk does not see itself.
            self._asked.update(self._waiting)
            self._waiting.clear()
        for ticker in part:
            del self._waiting[ticker]
        self._asked.update(part)
        return part


def bars_of(candles: Iterable[Candle]) -> tuple[Bar, ...]:
    """Return hours by the middle of the quotes, as the desk's own are, or by trades without one.

    High and low are those of the middles that a candlestick tells; an hour in which nothing
    was quoted or traded is left out.  How often there were trades it does not say: an hour
    with volume counts as one.
    """
    found = []
    for candle in candles:
        prices = _middles(candle.bid, candle.ask) or candle.price
        if prices is None:
            continue
        found.append(
            Bar(
                start_ns=(candle.end_s - _HOUR_S) * _SECOND_NS,
                open=prices.open,
                high=prices.high,
                low=prices.low,
                close=prices.close,
                volume=candle.volume,
                trades=int(candle.volume > 0),
            )
        )
    return tuple(found)


def _middles(bid: Ohlc | None, ask: Ohlc | None) -> Ohlc | None:
    """Return the middles of both quotes, None where the last is too wide to say anything."""
    close = None if bid is None or ask is None else _middle(bid.close, ask.close)
    if bid is None or ask is None or close is None:
        return None
    first = _middle(bid.open, ask.open) or close
    high = _middle(bid.high, ask.high) or close
    low = _middle(bid.low, ask.low) or close
    return Ohlc(first, max(first, high, close), min(first, low, close), close)


def _middle(bid: Price, ask: Price) -> Price | None:
    """Return the middle as :func:`kalshi_desk.market.bars.middle_of` counts it."""
    if bid > 0 and ask < PRICE_ONE and 0 < ask - bid <= WIDEST_QUOTE:
        return Price((bid + ask) // 2)
    return None
