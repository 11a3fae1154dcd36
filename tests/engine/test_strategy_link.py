"""The strategy worker: sees what the core saw, keeps its deadline, and survives bad strategies."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_desk.core.events import (
    BookDelta,
    BookSnapshot,
    BookStale,
    CoreEvent,
    FeedsReported,
    MarketsListed,
    NewsArrived,
    TradePrinted,
)
from kalshi_desk.core.news import ReaderReport, ReaderState
from kalshi_desk.core.records import Market, Trade
from kalshi_desk.core.strategy import Observation
from kalshi_desk.core.types import BookSide, Count, MarketStatus, Price
from kalshi_desk.engine.clock import WallClock
from kalshi_desk.engine.effects import AskStrategy
from kalshi_desk.engine.inputs import StrategiesDeclared, StrategyDecided, StrategyFailed
from kalshi_desk.engine.strategy_link import PRIME_SLICE, StrategyLink, prime
from kalshi_desk.market.bars import HOUR_NS
from kalshi_desk.market.live import LiveMarkets
from kalshi_desk.market.mirror import view_of
from tests.market.news import item

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
                Why(
                    candidate=ticker,
                    code=str(self.values["word"]),
                    text="",
                    seen=str(found.bid),
                    needed=f"{len(view.news)} items, {view.reader and view.reader.state.value}",
                )
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
GARBAGE = """
        for descriptor in range(3, 20):
            try:
                os.write(descriptor, b"garbage")
            except OSError:
                pass
"""


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
    folder: Path,
    markets: LiveMarkets,
    *,
    deadline_s: float = 20.0,
    patience_s: float = 0.0,
    start_s: float = 60.0,
    observations: dict[str, list[Observation]] | None = None,
) -> AsyncIterator[tuple[StrategyLink, Taken]]:
    taken = Taken()
    link = StrategyLink(
        folder,
        WallClock(),
        markets,
        taken.events.append,
        observations=lambda strategy: observations or {},
        deadline_s=deadline_s,
        patience_s=patience_s,
        start_s=start_s,
    )
    running = asyncio.create_task(link.run())
    try:
        await until(lambda: bool(taken.of(StrategiesDeclared)))
        yield link, taken
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


LEARNS = SEES.replace("view.markets.items()", "sorted(view.observations.items())").replace(
    "str(found.bid)", "' '.join(one.source for one in found)"
)


async def test_each_observation_is_told_once_and_a_new_worker_is_told_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sees.py").write_text(LEARNS)
    cells: dict[str, list[Observation]] = {"a": [observed("a", "1")], "b": [observed("b", "2")]}
    async with worker(tmp_path, one_market(40), observations=cells) as (link, taken):
        written: list[bytes] = []
        write = link._write
        monkeypatch.setattr(link, "_write", lambda m: (written.append(m), write(m)))

        async def seen(cycle: int) -> dict[str, str]:
            link.ask(look("sees", cycle))
            await until(lambda: len(taken.of(StrategyDecided)) == cycle)
            answer = taken.of(StrategyDecided)[-1]
            assert isinstance(answer, StrategyDecided)
            return {why.candidate: why.seen for why in answer.decision.reasons}

        assert await seen(1) == {"a": "1", "b": "2"}
        cells["a"].append(observed("a", "3"))
        before = len(written)
        assert await seen(2) == {"a": "1 3", "b": "2"}
        told = b"".join(written[before:])
        assert told.count(b"at_ns") == 1
        assert link._process is not None
        link._process.kill()
        await until(lambda: len(taken.of(StrategiesDeclared)) == 2)
        assert await seen(3) == {"a": "1 3", "b": "2"}


def observed(cell: str, source: str) -> Observation:
    return Observation(
        strategy="sees", cell=cell, event_ticker="E", value=1.0, at_ns=1, source=source
    )


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


async def test_a_worker_that_is_kept_from_working_is_waited_for(tmp_path: Path) -> None:
    (tmp_path / "sees.py").write_text(SEES)
    async with worker(tmp_path, one_market(3_300), deadline_s=0.2, patience_s=30.0) as (
        link,
        taken,
    ):
        assert link._process is not None
        link._process.send_signal(signal.SIGSTOP)
        link.ask(look("sees"))
        await asyncio.sleep(1.0)  # several deadlines of the wall
        assert not taken.of(StrategyFailed)
        link._process.send_signal(signal.SIGCONT)
        await until(lambda: bool(taken.of(StrategyDecided)))
        assert len(taken.of(StrategiesDeclared)) == 1


async def test_a_look_that_works_for_too_long_ends_long_before_patience_does(
    tmp_path: Path,
) -> None:
    (tmp_path / "busy.py").write_text(OTHER.format(name="busy", body="\n        while True: pass"))
    async with worker(tmp_path, one_market(3_300), deadline_s=0.3, patience_s=100.0) as (
        link,
        taken,
    ):
        link.ask(look("busy"))
        await until(lambda: bool(taken.of(StrategyFailed)))
        failed = taken.of(StrategyFailed)[0]
        assert isinstance(failed, StrategyFailed)
        assert failed.why == "it took longer than 0.3 s"


async def test_no_look_is_taken_before_a_new_worker_knows_every_market(tmp_path: Path) -> None:
    (tmp_path / "sees.py").write_text(SEES)
    (tmp_path / "slow.py").write_text(OTHER.format(name="slow", body="time.sleep(60)"))
    tickers = [f"T{number}" for number in range(5 * PRIME_SLICE)]
    markets = LiveMarkets()
    markets.apply(MarketsListed(tuple(Market(ticker=ticker) for ticker in tickers)), 1)
    for ticker in tickers:
        markets.apply(BookSnapshot(ticker, ((Price(4_000), Count(100)),), ()), 2)
    now_ns = WallClock().now_ns()
    for name in ("1", "2"):
        one = msgspec.structs.replace(item(name), first_seen_ns=now_ns)
        markets.apply(NewsArrived((one,)), now_ns)
    reader = ReaderReport(state=ReaderState.READING, since_ns=now_ns)
    markets.apply(FeedsReported((), reader), now_ns)
    async with worker(tmp_path, markets, deadline_s=1.0) as (link, taken):
        link.ask(look("slow"))
        for cycle in range(1, 100_000):
            # As beats do, at any moment of the restart.
            if link._is_fed:
                link.ask(look("sees", cycle))
            await asyncio.sleep(0)
            if len(taken.of(StrategiesDeclared)) == 2:
                break
            if cycle % 100 == 0:
                await asyncio.sleep(0.01)
        await until(lambda: bool(taken.of(StrategyDecided)))
        failed = taken.of(StrategyFailed)[0]
        assert isinstance(failed, StrategyFailed)
        assert failed.is_unanswered
        for event in taken.of(StrategyDecided):
            assert isinstance(event, StrategyDecided)
            assert {why.seen for why in event.decision.reasons} == {"4000"}
            # All news, not only what came last.
            assert {why.needed for why in event.decision.reasons} == {"2 items, reading"}


CHANGES = st.lists(
    st.tuples(
        st.integers(1, 3 * HOUR_NS // 4),
        st.sampled_from(["quote", "wide", "trade", "stale"]),
        st.integers(20, 80),
    ),
    max_size=12,
)


def apply_changes(
    changes: list[tuple[int, str, int]], begin_ns: int, *all_markets: LiveMarkets
) -> int:
    """Tell the same to each; return when it was over."""
    at_ns = begin_ns
    for number, (wait_ns, what, cents) in enumerate(changes):
        at_ns += wait_ns
        price, gap = Price(cents * 100), 1_500 if what == "wide" else 200
        bids, asks = ((price, Count(100)),), ((Price(price + gap), Count(100)),)
        event: CoreEvent = BookSnapshot("A", bids, asks)
        if what == "trade":
            event = TradePrinted(
                Trade(
                    trade_id=f"{begin_ns}-{number}",
                    ticker="A",
                    price=price,
                    count=Count(100),
                    taker_side=BookSide.BID,
                    executed_ns=at_ns,
                )
            )
        elif what == "stale":
            event = BookStale(("A",), "gap")
        for markets in all_markets:
            markets.apply(event, at_ns)
    return at_ns


@given(CHANGES, CHANGES, st.integers(0, 2 * HOUR_NS))
def test_a_worker_that_starts_later_sees_what_one_saw_that_was_there(
    before: list[tuple[int, str, int]], after: list[tuple[int, str, int]], silence_ns: int
) -> None:
    begin_ns = 500_000 * HOUR_NS
    old, new = LiveMarkets(), LiveMarkets()
    closes_ns = begin_ns + 4 * HOUR_NS
    market = Market(ticker="A", close_ns=closes_ns, status=MarketStatus.ACTIVE)
    old.apply(MarketsListed((market,)), begin_ns)
    at_ns = apply_changes(before, begin_ns, old) + silence_ns
    for told_ns, event in prime(old, at_ns):
        new.apply(event, told_ns)
    end_ns = apply_changes(after, at_ns, old, new) + silence_ns
    for markets in (old, new):
        markets.close_due(end_ns)
    seen = [view_of(markets, end_ns).markets["A"] for markets in (old, new)]
    if not seen[0].is_fresh:
        seen = [msgspec.structs.replace(one, updated_ns=0) for one in seen]
    assert seen[0] == seen[1]


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("raise KeyError('gone')", "KeyError: 'gone'"),
        ("os._exit(3)", "its process ended while it was looking"),
        ("os.kill(os.getpid(), 9)", "its process ended while it was looking"),
        ("return None", "TypeError: decide answered NoneType, not a Decision"),
        ("return Decision(scanned=2**70)", "its answer can't be sent"),
        ("return Decision(scanned=lambda: 1)", "its answer can't be sent"),
        ("return Decision(scanned=1.5)", "its answer can't be read"),
        ("return Decision(reasons='x' * (17 << 20))", "its answer has 17,"),
        (GARBAGE, "it wrote a message"),
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
        assert failed.strategy == "bad"
        assert failed.why.startswith(why)


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
        assert set(faults) == {"broken.py", "empty.py", "taken.py"}
        assert "line 1" in faults["broken.py"]
        names = {info.name for info in declared.strategies}
        assert {"sees", "arbitrage", "volatility", "harvester"} <= names


@pytest.mark.parametrize(
    "text",
    [
        "Other.title = None",
        'Other.parameters = (Parameter(name="a b", default=1, help="h"),)',
        'Other.parameters = (Parameter(name="a", default=None, help="h"),)',
        'Other.parameters = (Parameter(name="a", default=2**70, help="h"),)',
        'Other.parameters = (Parameter(name="a", default=5, low=0, high=1, help="h"),)',
        'Other.name = "manual"',
        'Other.name = "basket"',
        'Other.name = "Upper"',
        "raise SystemExit",
    ],
)
async def test_a_declaration_that_can_not_be_used_is_named_and_hurts_nobody(
    tmp_path: Path, text: str
) -> None:
    head = "from kalshi_desk.core.strategy import Parameter\n"
    (tmp_path / "other.py").write_text(head + OTHER.format(name="other", body="pass") + text)
    async with worker(tmp_path, LiveMarkets()) as (_, taken):
        declared = taken.of(StrategiesDeclared)[0]
        assert isinstance(declared, StrategiesDeclared)
        faults = {info.name for info in declared.strategies if info.fault}
        assert faults == {"other.py"}
        assert "arbitrage" in {info.name for info in declared.strategies}


async def test_a_copy_of_a_built_in_file_does_not_touch_the_strategy_of_that_name(
    tmp_path: Path,
) -> None:
    (tmp_path / "harvester.py").write_text(OTHER.format(name="harvester", body="pass"))
    async with worker(tmp_path, LiveMarkets()) as (_, taken):
        declared = taken.of(StrategiesDeclared)[0]
        assert isinstance(declared, StrategiesDeclared)
        [found] = [info for info in declared.strategies if info.name == "harvester"]
        assert not found.fault


@pytest.mark.long
@pytest.mark.parametrize("text", ["while True: pass", "import os; os._exit(1)"])
async def test_a_file_that_stops_the_worker_does_not_take_the_other_strategies_away(
    tmp_path: Path, text: str
) -> None:
    (tmp_path / "hangs.py").write_text(text)
    async with worker(tmp_path, LiveMarkets(), start_s=6.0) as (_, taken):
        declared = taken.of(StrategiesDeclared)[0]
        assert isinstance(declared, StrategiesDeclared)
        by_name = {info.name: info for info in declared.strategies}
        assert not by_name["arbitrage"].fault
        assert "did not come up" in by_name[f"{tmp_path.name}/"].fault


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
