"""Placebo: on fair prices, with the gates of proof forced open, no strategy earns or loses.

Everything but the proof is the desk's own: the strategies' rules, the gate, the door, fees,
the queue of the paper broker, settlement.  What a fair market can't be beaten at is the
middle of its book, so gross is what trades brought against the middle at each fill; the
spread paid or earned and the fees are what they cost, and net is the sum, to the
micro-dollar.  Being picked off stands in the cost: the middle at the fill knows of it.

The same yardstick must find an edge where there is one: a test that can't fail shows nothing.
"""

from __future__ import annotations

from math import sqrt
from pathlib import Path

import msgspec
import pytest

from kalshi_desk.core.strategy import ParameterValue
from kalshi_desk.strategies.contract import Strategy
from kalshi_desk.strategies.harvester import Harvester
from kalshi_desk.strategies.learning import BREAKOUT, FADE
from kalshi_desk.strategies.postures import MOMENTUM
from kalshi_desk.strategies.static_arbitrage import StaticArbitrage
from kalshi_desk.strategies.volatility import Volatility
from tests.backtest.days import TakeOffer
from tests.backtest.placebo_check import LEAST_FILLS, Placebo, counted, measured, run
from tests.backtest.placebo_ladders import Ladders
from tests.backtest.placebo_world import Kind, World, paid

pytestmark = pytest.mark.long

MOVES: dict[str, ParameterValue] = {
    "max_signals": 100,
    "per_category": 100,
    "adverse": 0.0,
    "margin": 0.0,
    "fade_hours": 1.0,
    "breakout_hours": 1.0,
}
"""Fades and breakouts end an hour after they are looked at, before their markets do."""
FAVOURITES: dict[str, ParameterValue] = {"adverse": 0.0, "margin": 0.0, "hurdle": 0.0}
LESSONS = 400
"""Settled markets of a past that drifted: without one, momentum believes in nothing."""

Case = tuple[type[Strategy], str, World, World, dict[str, ParameterValue]]
"""Strategy, posture, a fair and an unfair world, parameters."""


LIVELY, QUIET = World(kind=Kind.LIVELY, markets=40), World(kind=Kind.QUIET, markets=40)
CALM = World(kind=Kind.CALM, markets=80)
TAUGHT = World(kind=Kind.CALM).taught(LESSONS)
CASES: dict[str, Case] = {
    "fade": (Volatility, FADE, LIVELY, LIVELY.planted(overshoot=0.35), MOVES),
    "breakout": (Volatility, BREAKOUT, QUIET, QUIET.planted(overshoot=-0.35), MOVES),
    "momentum": (Volatility, MOMENTUM, TAUGHT, TAUGHT.planted(slope=1.8), MOVES),
    "harvester": (Harvester, "", CALM, CALM.planted(slope=1.8), FAVOURITES),
}

SOON = ("fade", "harvester")
"""Cases of every run: one edge that moves took back, one that results show; soak plays all."""
CASE_PARAMS = [
    pytest.param(name, marks=[] if name in SOON else pytest.mark.soak, id=name) for name in CASES
]


def played(name: str, home: Path, *, planted: bool = False, seed: int = 1) -> Placebo:
    kind, posture, fair, unfair, values = CASES[name]
    world = msgspec.structs.replace(unfair if planted else fair, seed=seed)
    events = world.happenings()
    return measured(run(counted(kind, posture), events, home, **values), paid(events))


@pytest.mark.parametrize("name", CASE_PARAMS)
def test_on_fair_prices_nothing_is_earned_before_costs(name: str, tmp_path: Path) -> None:
    found = played(name, tmp_path)
    print(f"placebo {name}: {found}")
    assert found.fills >= LEAST_FILLS
    assert found.is_fair
    assert found.net - found.gross == found.spread + found.fees


@pytest.mark.parametrize("name", CASE_PARAMS)
def test_a_planted_edge_fails_the_same_check(name: str, tmp_path: Path) -> None:
    found = played(name, tmp_path, planted=True)
    print(f"planted {name}: {found}")
    assert not found.is_fair
    assert found.gross > 0


def test_arbitrage_leaves_books_alone_that_hang_together(tmp_path: Path) -> None:
    """It trades on no belief, so its placebo is not 300 fair fills but none at all."""
    ladders = Ladders()
    result = run(StaticArbitrage, ladders.happenings(), tmp_path)
    report = result.report
    print(f"placebo arbitrage: {report['looks']} looks, {report['fills']} fills")
    assert report["looks"] > ladders.moves
    assert sum(report["reasons"].values()) >= ladders.events
    assert (report["signals"], report["orders"], report["fills"]) == (0, 0, 0)


def test_strikes_out_of_line_earn_on_the_same_yardstick(tmp_path: Path) -> None:
    events = Ladders(planted=16).happenings()
    found = measured(run(StaticArbitrage, events, tmp_path), paid(events))
    print(f"planted arbitrage: {found}")
    assert not found.is_fair
    assert found.net > 0


@pytest.mark.soak
def test_a_taker_on_fair_prices_loses_half_the_spread_and_the_fee(tmp_path: Path) -> None:
    events = CALM.happenings()
    found = measured(run(TakeOffer, events, tmp_path), paid(events))
    print(f"placebo taker: {found}")
    assert found.fills >= LEAST_FILLS
    assert found.is_fair
    assert found.spread < 0
    assert found.fees < 0


@pytest.mark.soak
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("name", CASES)
def test_many_seeds_are_fair_together(name: str, tmp_path: Path) -> None:
    """Of 20 seeds 1 lies beyond two errors by chance; 5 or more in a case of 400 would."""
    scores = []
    for seed in range(20):
        found = played(name, tmp_path / str(seed), seed=100 + seed)
        print(f"placebo {name} seed {100 + seed}: {found}")
        scores.append(found.z)
    assert sum(1 for z in scores if abs(z) > 2.0) <= 4
    assert abs(sum(scores)) / sqrt(len(scores)) <= 3.0
