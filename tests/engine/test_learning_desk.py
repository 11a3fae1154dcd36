"""A market that settles teaches the strategies once, also across a restart."""

from __future__ import annotations

import asyncio
from pathlib import Path

from kalshi_desk.core.events import (
    BookSnapshot,
    CoreEvent,
    MarketsListed,
    MarketStatusChanged,
)
from kalshi_desk.core.records import Event, Market
from kalshi_desk.core.strategy import Observation
from kalshi_desk.core.types import Count, MarketStatus, Price
from kalshi_desk.engine.core import TradingCore
from kalshi_desk.engine.effects import Effect, KeepObservation
from kalshi_desk.engine.learning_desk import take_in
from kalshi_desk.engine.restore import restore
from kalshi_desk.engine.shell import EngineShell
from kalshi_desk.engine.state import CoreSettings, CoreState
from kalshi_desk.store.journal import Journal

HOUR = 3_600_000_000_000
START = 480_000 * HOUR
DEADLINE = START + 30 * HOUR
CLOSES = (4_000, 4_400, 4_200, 5_000)


def listed(*tickers: str, close_ns: int = DEADLINE) -> MarketsListed:
    return MarketsListed(
        tuple(Market(ticker=name, event_ticker="E", close_ns=close_ns) for name in tickers),
        (Event(event_ticker="E", series_ticker="S", title="", category="Politics"),),
    )


def book(ticker: str, middle: int) -> BookSnapshot:
    return BookSnapshot(
        ticker,
        ((Price(middle - 100), Count(100)),),
        ((Price(middle + 100), Count(100)),),
    )


def story() -> list[tuple[CoreEvent, int]]:
    found: list[tuple[CoreEvent, int]] = [(listed("A"), START)]
    found += [(book("A", middle), START + n * HOUR) for n, middle in enumerate(CLOSES)]
    return found


def result(status: MarketStatus, value: str = "yes") -> MarketStatusChanged:
    return MarketStatusChanged(ticker="A", status=status, close_ns=START + 4 * HOUR, result=value)


def kept(effects: list[Effect]) -> list[KeepObservation]:
    return [effect for effect in effects if isinstance(effect, KeepObservation)]


def lived() -> TradingCore:
    core = TradingCore(CoreSettings())
    for event, at_ns in story():
        assert kept(core.step(event, at_ns)) == []
    return core


def test_a_result_teaches_from_the_hours_before_it() -> None:
    core = lived()
    effects = kept(core.step(result(MarketStatus.DETERMINED), START + 4 * HOUR + 7))
    by_cell = {(one.observation.strategy, one.observation.cell): one for one in effects}
    assert set(by_cell) == {
        ("volatility", "Politics|excess"),
        ("volatility", "Politics|calibration 6-48h"),
        ("harvester", "Politics|calibration 6-48h"),
    }
    excess = by_cell["volatility", "Politics|excess"].observation
    assert (excess.event_ticker, excess.source, excess.at_ns) == ("E", "A", START + 4 * HOUR + 7)
    # Steps .04 -.02 .08 .50: movement .2584 less .24, noise 2 * 4 * .0376 / 3 taken away.
    assert round(excess.value, 6) == round(0.2584 - 0.24 + 2 * 4 * 0.0376 / 3, 6)
    price = by_cell["harvester", "Politics|calibration 6-48h"].observation
    # The deadline was 29 hours off when the first hour was known, whatever came of it later.
    assert round(price.value, 6) == 1.4
    assert core.state.observations["volatility"]["Politics|excess"] == [excess]


def test_it_teaches_once() -> None:
    core = lived()
    assert kept(core.step(result(MarketStatus.DETERMINED), START + 4 * HOUR))
    assert kept(core.step(result(MarketStatus.FINALIZED), START + 5 * HOUR)) == []
    assert len(core.state.observations["volatility"]["Politics|excess"]) == 1


def test_no_result_no_hours_and_other_words_teach_nothing() -> None:
    core = lived()
    for event in (
        result(MarketStatus.CLOSED, ""),
        result(MarketStatus.DETERMINED, ""),
        result(MarketStatus.DETERMINED, "scalar"),
        MarketStatusChanged(ticker="B", status=MarketStatus.DETERMINED, result="yes"),
    ):
        assert kept(core.step(event, START + 4 * HOUR)) == []
    assert core.state.observations == {}


def test_a_settlement_between_yes_and_no_is_no_outcome_to_calibrate_by() -> None:
    core = lived()
    between = MarketStatusChanged(
        ticker="A",
        status=MarketStatus.FINALIZED,
        result="scalar",
        settlement_value=Price(5_000),
    )
    found = kept(core.step(between, START + 4 * HOUR))
    assert [one.observation.cell for one in found] == ["Politics|excess"]


class FixedClock:
    def __init__(self) -> None:
        self.at_ns = START

    def now_ns(self) -> int:
        return self.at_ns


async def run_once(path: Path, end: MarketStatusChanged) -> dict[str, dict[str, list[object]]]:
    """Start on a journal, live through the story to an end, and stop; return what is known."""
    journal, clock = Journal(path, durable=False), FixedClock()
    core = TradingCore(CoreSettings(), next_event_seq=journal.last_event_seq() + 1)
    fills = restore(core.state, journal, clock.now_ns())
    shell = EngineShell(core, journal, clock, fills, save_starred=lambda starred: None)
    for event, at_ns in story():
        clock.at_ns = at_ns
        shell.take(event)
    clock.at_ns = START + 4 * HOUR
    shell.take(end)
    await shell.close()
    return {name: {**cells} for name, cells in core.state.observations.items()}


def test_a_restart_keeps_what_was_learnt_and_learns_it_no_second_time(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    first = asyncio.run(run_once(path, result(MarketStatus.DETERMINED)))
    second = asyncio.run(run_once(path, result(MarketStatus.FINALIZED, "no")))
    assert first
    assert second == first
    journal = Journal(path, durable=False)
    assert len(journal.observations()) == 3
    journal.close()


def test_what_is_no_number_proves_nothing() -> None:
    state = CoreState(CoreSettings())
    for value in (float("nan"), float("inf"), 0.25):
        one = Observation(strategy="s", cell="c", event_ticker="E", value=value, at_ns=1)
        take_in(state, one)
    assert [one.value for one in state.observations["s"]["c"]] == [0.25]
