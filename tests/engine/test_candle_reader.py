"""Candlesticks are asked for in peace: in order, in parts, once, and never with others' tokens."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest

from kalshi_desk.core.errors import DeskError, Refuse, Retry
from kalshi_desk.core.events import (
    BarsKnown,
    ConnectionChanged,
    CoreEvent,
    LinkState,
    MarketsListed,
)
from kalshi_desk.core.records import Market
from kalshi_desk.core.types import Count, Price
from kalshi_desk.engine.candle_reader import ATTEMPTS, PART, CandleReader, bars_of
from kalshi_desk.engine.clock import WallClock
from kalshi_desk.engine.session import KalshiSession
from kalshi_desk.kalshi.drift_check import check_bytes
from kalshi_desk.kalshi.drift_samples import route_of
from kalshi_desk.kalshi.drift_table import ROUTES
from kalshi_desk.kalshi.environment import practice
from kalshi_desk.kalshi.models import Candle, Ohlc
from kalshi_desk.kalshi.rest import RestClient
from kalshi_desk.kalshi.signing import Signer, parse_private_key
from kalshi_desk.kalshi.wire_history import (
    BatchCandlesAnswer,
    CandleBody,
    MarketCandles,
    QuoteRange,
)
from kalshi_desk.market.bars import HOUR_NS
from kalshi_desk.market.live import LiveMarkets
from tests.exchange.client import Exchange

NOW_NS = 500_000 * HOUR_NS + HOUR_NS // 3
HOUR_S = 3_600


class FakeRest:
    """Answers a candlestick for each market, or what it is told to."""

    def __init__(self) -> None:
        self.answers = self
        self.budget = SimpleNamespace(left=lambda: (self.tokens, 200, 0, 0))
        self.tokens = 200
        self.asked: list[list[str]] = []
        self.fails: Callable[[list[str]], DeskError | None] = lambda tickers: None

    async def get(self, path: str, kind: object, params: dict[str, Any]) -> BatchCandlesAnswer:
        assert path == "/markets/candlesticks"
        tickers = params["market_tickers"].split(",")
        self.asked.append(tickers)
        error = self.fails(tickers)
        if error is not None:
            raise error
        quote = QuoteRange(*["0.40"] * 4), QuoteRange(*["0.42"] * 4)
        body = CandleBody(end_period_ts=params["end_ts"], yes_bid=quote[0], yes_ask=quote[1])
        return BatchCandlesAnswer([MarketCandles(name, [body]) for name in tickers])


class Bench:
    """A reader with a clock and a sleep that cost no time."""

    def __init__(self, mine: set[str] | None = None) -> None:
        self.rest = FakeRest()
        self.slept: list[float] = []
        self.told: list[CoreEvent] = []
        self.reader = CandleReader(
            cast(RestClient, self.rest),
            cast(WallClock, SimpleNamespace(now_ns=lambda: NOW_NS)),
            lambda: mine or set(),
            sleep=self._sleep,
        )

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(0)

    async def run(self, until: Callable[[], bool], turns: int = 3_000) -> None:
        task = asyncio.create_task(self.reader.run(self.told.append))
        for _ in range(turns):
            if until() or task.done():
                break
            await asyncio.sleep(0)
        task.cancel()
        (error,) = await asyncio.gather(task, return_exceptions=True)
        assert isinstance(error, asyncio.CancelledError), error
        assert until()


def markets(count: int) -> list[Market]:
    return [Market(ticker=f"M{number:03}", volume=Count(number)) for number in range(count)]


async def test_the_accounts_own_come_first_then_the_busiest_each_once() -> None:
    bench = Bench(mine={"M000"})
    bench.reader.is_live = True
    bench.reader.add(markets(45))
    bench.reader.add(markets(45))
    await bench.run(lambda: len(bench.told) == 45)
    assert [len(part) for part in bench.rest.asked] == [*[PART] * 4, 5]
    flat = [ticker for part in bench.rest.asked for ticker in part]
    assert flat == ["M000", *(f"M{number:03}" for number in range(44, 0, -1))]
    bench.reader.add(markets(46))
    await bench.run(lambda: len(bench.told) == 46)
    assert bench.rest.asked[-1] == ["M045"]
    event = bench.told[0]
    assert isinstance(event, BarsKnown)
    assert (event.ticker, event.bars[0].close) == ("M000", 4_100)
    assert event.bars[0].start_ns == NOW_NS // HOUR_NS * HOUR_NS - HOUR_NS, "the last whole hour"


async def test_it_waits_for_the_connection_and_for_tokens() -> None:
    bench = Bench()
    bench.reader.add(markets(3))
    await bench.run(lambda: len(bench.slept) > 20)
    assert bench.rest.asked == []
    bench.reader.is_live, bench.rest.tokens = True, 99
    await bench.run(lambda: len(bench.slept) > 40)
    assert bench.rest.asked == []
    bench.rest.tokens = 100
    await bench.run(lambda: len(bench.told) == 3)


async def test_markets_that_just_opened_have_no_past_to_ask_for() -> None:
    bench = Bench()
    bench.reader.is_live = True
    young = Market(ticker="YOUNG", open_ns=NOW_NS - HOUR_NS // 2)
    combo = Market(ticker="COMBO", is_combo=True)
    bench.reader.add([young, combo, Market(ticker="OLD", open_ns=NOW_NS - 2 * HOUR_NS)])
    await bench.run(lambda: len(bench.slept) > 20 or not bench.reader._waiting)
    assert bench.rest.asked == [["OLD"]]


async def test_a_lost_answer_is_asked_again_and_then_left() -> None:
    bench = Bench()
    bench.reader.is_live = True
    bench.rest.fails = lambda tickers: Retry("nothing came back")
    bench.reader.add(markets(2))
    await bench.run(lambda: len(bench.rest.asked) == ATTEMPTS)
    await bench.run(lambda: not bench.reader._again)
    assert bench.told == []
    assert len(bench.rest.asked) == ATTEMPTS


async def test_one_refused_market_does_not_cost_the_others_theirs() -> None:
    bench = Bench()
    bench.reader.is_live = True
    bench.rest.fails = lambda tickers: Refuse("no such market") if "M007" in tickers else None
    bench.reader.add(markets(10))
    await bench.run(lambda: len(bench.told) == 9)
    assert {cast(BarsKnown, event).ticker for event in bench.told} == {
        market.ticker for market in markets(10) if market.ticker != "M007"
    }
    assert len(bench.rest.asked) < 10


def candle(bid: tuple[int, ...] | None, ask: tuple[int, ...] | None, **more: Any) -> Candle:
    made = [None if one is None else Ohlc(*map(Price, one)) for one in (bid, ask)]
    base = {"price": None, "mean": None, "previous": None, "volume": Count(0)}
    return Candle(
        end_s=2 * HOUR_S, bid=made[0], ask=made[1], open_interest=Count(0), **{**base, **more}
    )


def test_an_hour_is_that_of_the_middles() -> None:
    (bar,) = bars_of([candle((3900, 4400, 3800, 4000), (4100, 4600, 4000, 4200))])
    assert (bar.open, bar.high, bar.low, bar.close) == (4_000, 4_500, 3_900, 4_100)
    assert (bar.start_ns, bar.volume, bar.trades) == (HOUR_NS, 0, 0)


def test_quotes_that_say_nothing_leave_the_trades_or_nothing() -> None:
    wide = (1000, 1000, 1000, 1000), (9000, 9000, 9000, 9000)
    assert bars_of([candle(*wide), candle(None, None)]) == ()
    traded = Ohlc(Price(5_000), Price(5_300), Price(4_900), Price(5_200))
    (bar,) = bars_of([candle(*wide, price=traded, volume=Count(300))])
    assert (bar.open, bar.high, bar.low, bar.close) == (5_000, 5_300, 4_900, 5_200)
    assert (bar.volume, bar.trades) == (300, 1)
    # The quotes were pulled within the hour: the widest moments are no prices.
    (bar,) = bars_of([candle((0, 4000, 0, 4000), (10000, 10000, 4100, 4200))])
    assert (bar.open, bar.high, bar.low, bar.close) == (4_100, 4_100, 4_100, 4_100)


@pytest.fixture(scope="module")
def exchange() -> Iterator[Exchange]:
    """A practice exchange with some hours behind it."""
    found = Exchange("--history-min", "200")
    yield found
    assert found.stop() == 0


async def test_a_session_tells_hours_that_lead_the_desks_own(exchange: Exchange) -> None:
    made = exchange.admin("member", name="bars", cash="1000")
    signer = Signer(made["key_id"], parse_private_key(made["private_key"].encode()))
    environment = practice(exchange.ready["rest"], exchange.ready["ws"])
    found = KalshiSession(environment, signer, WallClock(), None, set, lambda ticker: None)
    told: list[CoreEvent] = []
    task = asyncio.create_task(found.run(told.append))
    async with asyncio.timeout(40):
        while not any(isinstance(event, BarsKnown) for event in told):
            await asyncio.sleep(0.05)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    first = next(event for event in told if isinstance(event, BarsKnown))
    before = told[: told.index(first)]
    assert ConnectionChanged(LinkState.LIVE) in before, "never before the desk is ready"
    live, now_ns = LiveMarkets(), time.time_ns()
    for event in before:
        if isinstance(event, MarketsListed):
            live.apply(event, now_ns)
    live.apply(first, now_ns)
    bars = live.bars(first.ticker, now_ns)
    assert len(bars) >= 2
    assert bars[-1].start_ns >= now_ns // HOUR_NS * HOUR_NS - 2 * HOUR_NS
    assert all(0 < bar.low <= bar.close <= bar.high < 10_000 for bar in bars)


async def test_the_canary_knows_the_answer(exchange: Exchange) -> None:
    """What it does not know is drift, and drift halts new exposure."""
    ticker = exchange.quiet_market("KXBTC")["ticker"]
    rest = RestClient(practice(exchange.ready["rest"], exchange.ready["ws"]), None, WallClock())
    now_s = int(time.time())
    params = {"start_ts": now_s - 9_000, "end_ts": now_s, "period_interval": 60}
    body = await rest.http.get("/markets/candlesticks", {**params, "market_tickers": ticker})
    await rest.close()
    shape = ROUTES[route_of("GET", "/markets/candlesticks")]
    assert shape is not None
    assert check_bytes(body, shape) == []
    assert check_bytes(b'{"markets":[{"ticker":"A"}]}', shape) != []
