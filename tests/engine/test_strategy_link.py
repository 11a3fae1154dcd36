"""The strategy worker: sees what the core saw, keeps its deadline, and survives bad strategies."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from kalshi_desk.core.events import BookDelta, BookSnapshot, CoreEvent, MarketsListed
from kalshi_desk.core.records import Market
from kalshi_desk.core.types import BookSide, Count, Price
from kalshi_desk.engine.clock import WallClock
from kalshi_desk.engine.effects import AskStrategy
from kalshi_desk.engine.inputs import StrategiesDeclared, StrategyDecided, StrategyFailed
from kalshi_desk.engine.strategy_link import StrategyLink
from kalshi_desk.market.live import LiveMarkets

pytestmark = pytest.mark.timeout(60)

SEES = '''"""Says what it sees."""

from kalshi_desk.core.strategy import Decision, Parameter, Why
from kalshi_desk.strategies.contract import Strategy


class Sees(Strategy):
    name = "sees"
    title = "Sees"
    help = "Names the best bid of each market."
    parameters = (Parameter(name="word", default="none", help="said along"),)

    def decide(self, view):
        print("what a strategy prints goes nowhere")
        return Decision(
            reasons=tuple(
                Why(candidate=ticker, code=str(self.values["word"]), text="", seen=str(found.bid))
                for ticker, found in view.markets.items()
            ),
            scanned=len(view.markets),
        )
'''
OTHER = '''"""Fails in its own way."""

import os
import time

from kalshi_desk.core.strategy import Decision
from kalshi_desk.strategies.contract import Strategy


class Other(Strategy):
    name = "{name}"
    title = "Other"
    help = "Fails."

    def decide(self, view):
        {body}
        return Decision()
'''


class Taken:
    """Collects what the link says."""

    def __init__(self) -> None:
        self.events: list[CoreEvent] = []

    def of(self, kind: type[CoreEvent]) -> list[CoreEvent]:
        return [event for event in self.events if isinstance(event, kind)]


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(40):
        while not condition():
            await asyncio.sleep(0.01)


@asynccontextmanager
async def worker(
    folder: Path, markets: LiveMarkets, *, deadline_s: float = 20.0
) -> AsyncIterator[tuple[StrategyLink, Taken]]:
    taken = Taken()
    link = StrategyLink(
        folder,
        WallClock(),
        markets,
        taken.events.append,
        observations=lambda strategy: {},
        deadline_s=deadline_s,
    )
    running = asyncio.create_task(link.run())
    try:
        await until(lambda: bool(taken.of(StrategiesDeclared)))
        yield link, taken
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def look(strategy: str, cycle: int = 1, **values: str) -> AskStrategy:
    return AskStrategy(strategy, cycle, dict(values), {}, ())


def one_market(bid: int) -> LiveMarkets:
    markets = LiveMarkets()
    markets.apply(MarketsListed((Market(ticker="A"), Market(ticker="B"))), 1)
    markets.apply(BookSnapshot("A", ((Price(bid), Count(1_000)),), ()), 2)
    return markets


async def test_a_look_sees_exactly_what_came_before_it(tmp_path: Path) -> None:
    (tmp_path / "sees.py").write_text(SEES)
    markets = one_market(4_000)
    async with worker(tmp_path, markets) as (link, taken):
        better = BookDelta("A", BookSide.BID, Price(4_100), Count(500))
        link.feed(better, 3)
        link.ask(look("sees", word="first"))
        link.feed(BookDelta("A", BookSide.BID, Price(4_200), Count(500)), 4)
        link.ask(look("sees", 2, word="second"))
        await until(lambda: len(taken.of(StrategyDecided)) == 2)
        seen = [
            {why.candidate: (why.code, why.seen) for why in event.decision.reasons}
            for event in taken.of(StrategyDecided)
            if isinstance(event, StrategyDecided)
        ]
        assert seen[0] == {"A": ("first", "4100"), "B": ("first", "None")}
        assert seen[1]["A"] == ("second", "4200")


async def test_a_strategy_that_takes_too_long_fails_and_the_next_worker_knows_the_markets(
    tmp_path: Path,
) -> None:
    (tmp_path / "sees.py").write_text(SEES)
    (tmp_path / "slow.py").write_text(OTHER.format(name="slow", body="time.sleep(60)"))
    async with worker(tmp_path, one_market(3_300), deadline_s=1.0) as (link, taken):
        link.ask(look("slow"))
        link.ask(look("sees"))
        await until(lambda: bool(taken.of(StrategyFailed)))
        failed = taken.of(StrategyFailed)[0]
        assert isinstance(failed, StrategyFailed)
        assert (failed.strategy, failed.why) == ("slow", "it took longer than 1 s")
        await until(lambda: bool(taken.of(StrategyDecided)))
        assert len(taken.of(StrategiesDeclared)) == 2
        decided = taken.of(StrategyDecided)[0]
        assert isinstance(decided, StrategyDecided)
        assert decided.decision.reasons[0].seen == "3300"


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("raise KeyError('gone')", "KeyError: 'gone'"),
        ("os._exit(3)", "its process ended while it was looking"),
        ("os.kill(os.getpid(), 9)", "its process ended while it was looking"),
    ],
)
async def test_a_strategy_that_breaks_harms_only_itself(
    tmp_path: Path, body: str, why: str
) -> None:
    (tmp_path / "sees.py").write_text(SEES)
    (tmp_path / "bad.py").write_text(OTHER.format(name="bad", body=body))
    async with worker(tmp_path, one_market(1_000)) as (link, taken):
        link.ask(look("bad"))
        link.ask(look("sees"))
        await until(lambda: bool(taken.of(StrategyDecided)))
        failed = taken.of(StrategyFailed)[0]
        assert isinstance(failed, StrategyFailed)
        assert (failed.strategy, failed.why) == ("bad", why)


async def test_files_that_hold_no_strategy_are_named_and_hurt_nobody(tmp_path: Path) -> None:
    (tmp_path / "sees.py").write_text(SEES)
    (tmp_path / "broken.py").write_text("def decide(:\n")
    (tmp_path / "empty.py").write_text("")
    (tmp_path / "taken.py").write_text(OTHER.format(name="arbitrage", body="pass"))
    (tmp_path / "test_sees.py").write_text("raise SystemExit")
    async with worker(tmp_path, LiveMarkets()) as (_, taken):
        declared = taken.of(StrategiesDeclared)[0]
        assert isinstance(declared, StrategiesDeclared)
        faults = {info.name: info.fault for info in declared.strategies if info.fault}
        assert set(faults) == {"broken", "empty", "taken"}
        assert "line 1" in faults["broken"]
        names = {info.name for info in declared.strategies}
        assert {"sees", "arbitrage", "volatility", "harvester"} <= names


async def test_an_answer_the_desk_cannot_act_on_ends_one_strategy_and_not_the_others(
    tmp_path: Path,
) -> None:
    (tmp_path / "sees.py").write_text(SEES)

    class Picky(Taken):
        def take(self, event: CoreEvent) -> None:
            if isinstance(event, StrategyDecided) and event.cycle == 1:
                raise ValueError("that makes no sense")
            self.events.append(event)

    picky = Picky()
    link = StrategyLink(
        tmp_path, WallClock(), one_market(4_000), picky.take, observations=lambda _: {}
    )
    running = asyncio.create_task(link.run())
    try:
        await until(lambda: bool(picky.of(StrategiesDeclared)))
        link.ask(look("sees"))
        link.ask(look("sees", 2))
        await until(lambda: bool(picky.of(StrategyDecided)))
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    (failed,) = picky.of(StrategyFailed)
    assert isinstance(failed, StrategyFailed)
    assert (failed.strategy, failed.cycle) == ("sees", 1)
    assert "could not act on its answer" in failed.why
    assert "that makes no sense" in failed.why
