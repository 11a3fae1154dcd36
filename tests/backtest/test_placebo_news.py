"""News: nothing is earned where stories say nothing, and the gate opens where they do.

The yardstick is that of the other strategies' placebo.  A past in which stories moved prices
teaches the strategy to believe; then the world begins, in which they don't, or do.
"""

from __future__ import annotations

from math import sqrt
from pathlib import Path

import pytest

from kalshi_desk.backtest import Backtester
from kalshi_desk.backtest.result import BacktestResult
from kalshi_desk.core.events import NewsArrived
from kalshi_desk.core.strategy import ParameterValue
from kalshi_desk.strategies.news import News
from tests.backtest.placebo_check import LEAST_FILLS, WIDE, Placebo, counted, measured, run
from tests.backtest.placebo_news import MINUTE, NewsMarkets
from tests.backtest.placebo_world import paid

pytestmark = pytest.mark.long

VALUES: dict[str, ParameterValue] = {"max_signals": 100}
EFFECT = 1.0


def played(home: Path, **world: float) -> Placebo:
    events = NewsMarkets(**world).happenings()  # type: ignore[arg-type]
    return measured(run(counted(News), events, home, **VALUES), paid(events))


def test_stories_that_say_nothing_earn_nothing_before_costs(tmp_path: Path) -> None:
    found = played(tmp_path)
    print(f"placebo news: {found}")
    assert found.fills >= LEAST_FILLS
    assert found.is_fair
    assert found.net - found.gross == found.spread + found.fees
    assert found.spread < 0
    assert found.fees < 0


@pytest.mark.soak
def test_a_planted_effect_fails_the_same_check(tmp_path: Path) -> None:
    found = played(tmp_path, effect=EFFECT)
    print(f"planted news: {found}")
    assert not found.is_fair
    assert found.gross > 0
    assert found.net > 0


@pytest.mark.soak
def test_the_same_stories_told_of_other_markets_earn_nothing(tmp_path: Path) -> None:
    found = played(tmp_path, effect=EFFECT, shuffled=True)
    print(f"shuffled news: {found}")
    assert found.fills >= LEAST_FILLS
    assert found.is_fair


@pytest.mark.soak
def test_later_news_never_earns_more(tmp_path: Path) -> None:
    """Each five minutes later the price has taken in a third more of the story."""
    each = []
    for delay in (0, 5, 10, 15):
        found = played(tmp_path / str(delay), effect=EFFECT, delay=delay)
        print(f"news {delay} min late: {found}")
        each.append(found.gross)
    assert each == sorted(each, reverse=True)
    assert each[1] <= each[0] / 2


@pytest.mark.soak
@pytest.mark.timeout(1_800)
def test_many_seeds_are_fair_together(tmp_path: Path) -> None:
    scores = []
    for seed in range(20):
        found = played(tmp_path / str(seed), seed=100 + seed)
        print(f"placebo news seed {100 + seed}: {found}")
        scores.append(found.z)
    assert sum(1 for z in scores if abs(z) > 2.0) <= 4
    assert abs(sum(scores)) / sqrt(len(scores)) <= 3.0


def gated(home: Path, world: NewsMarkets) -> BacktestResult:
    """Run with the gate as it is: signals without proof are counted and not sent."""
    home.mkdir(parents=True, exist_ok=True)
    (home / "settings.toml").write_text(WIDE)
    result = Backtester(
        events=world.happenings(), initial_capital=1_000_000, home=home, parameters=VALUES
    ).run_strategy(counted(News))
    assert not result.fault
    return result


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(3))
def test_the_gate_opens_by_itself_from_what_was_measured(tmp_path: Path, seed: int) -> None:
    """Not one order before 200 stories in 30 events were measured; then trading begins."""
    world = NewsMarkets(effect=EFFECT, seed=seed, lessons=0, cohorts=6, markets=80)
    result = gated(tmp_path, world)
    report = result.report
    print(f"gate: {report['unproven_signals_held_back']} held back, {report['fills']} fills")
    proven_ns = min(
        at_ns
        for at_ns, facts in result.decisions
        if any(not signal["unproven"] for signal in facts["signals"])
    )
    assert min(trade.fill.executed_ns for trade in result.fills) > proven_ns
    measured_ns = [
        at_ns + 30 * MINUTE for at_ns, event in world.happenings() if isinstance(event, NewsArrived)
    ]
    assert sum(1 for at_ns in measured_ns if at_ns <= proven_ns) >= 200
    before = [facts for at_ns, facts in result.decisions if at_ns < proven_ns]
    lacking = {
        why["needed"]
        for facts in before
        for signal in facts["signals"]
        for why in signal["unproven"]
    }
    assert "200" in lacking
    assert report["unproven_signals_held_back"] > 100
    assert report["fills"] > 50


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(3))
def test_the_gate_stays_shut_where_stories_say_nothing(tmp_path: Path, seed: int) -> None:
    world = NewsMarkets(seed=seed, lessons=0, cohorts=6, markets=80)
    report = gated(tmp_path, world).report
    print(f"gate: {report['unproven_signals_held_back']} held back, {report['orders']} orders")
    assert (report["orders"], report["fills"]) == (0, 0)
