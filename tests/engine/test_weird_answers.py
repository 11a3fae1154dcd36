"""A user's strategy may answer anything: the desk goes on, and says what was wrong."""

from __future__ import annotations

import math

import msgspec
import pytest

from kalshi_desk.core.strategy import Mode, Why
from kalshi_desk.core.types import Price
from kalshi_desk.engine.acting import MOST_ACTED
from kalshi_desk.engine.decision_check import MOST_REASONS, MOST_SIGNALS
from kalshi_desk.engine.inputs import StrategiesDeclared, StrategyFailed
from tests.engine.strategy_world import GTC, INFO, StrategyWorld, signal

WEIRD = {
    "no legs": signal(),
    "negative count": signal("M0", count=-100),
    "endless count": signal("M0", count=2**62),
    "price of nothing": signal("M0", price=0),
    "price of all": signal("M0", price=10_000),
    "negative price": signal("M0", price=-5),
    "no ticker": signal(""),
    "one market twice": signal("M0", "M0", pays=((Price(0),), (Price(0),))),
    "endless time": signal("M0", time_in_force=GTC, ttl_s=2**60),
    "time gone": signal("M0", time_in_force=GTC, ttl_s=-5),
    "nan": signal("M0", count=0, probability=math.nan),
    "inf": signal("M0", count=0, probability=math.inf),
    "nan error": signal("M0", count=0, probability=0.9, probability_sd=math.nan),
    "error that overflows": signal("M0", count=0, probability=0.9, probability_sd=1e300),
    "too much Kelly": signal("M0", count=0, probability=0.9, kelly_share=math.nan),
    "no candidate": msgspec.structs.replace(signal("M0"), candidate=""),
    "pays less legs": signal("M0", "M1", pays=((Price(10_000),),), guaranteed=5),
    "pays ragged": signal("M0", "M1", pays=((Price(1),), (Price(1), Price(2))), guaranteed=5),
    "pays nothing": signal("M0", "M1", pays=((), ()), guaranteed=5),
    "pays too much": signal("M0", "M1", pays=((Price(2**50),), (Price(1),)), guaranteed=5),
    "endless guarantee": signal("M0", "M1", guaranteed=2**62),
}


@pytest.mark.parametrize("mode", [Mode.SHADOW, Mode.PAPER, Mode.TRADE])
@pytest.mark.parametrize("name", WEIRD)
def test_an_answer_that_no_desk_can_use_switches_its_strategy_off(name: str, mode: Mode) -> None:
    world = StrategyWorld(mode)
    world.decide([WEIRD[name]])
    assert "can't use its answer" in world.state.fault
    assert not world.sent
    world.wait()
    asked = world.state.cycle
    world.wait(120)
    assert world.state.cycle == asked


@pytest.mark.parametrize("mode", [Mode.SHADOW, Mode.PAPER, Mode.TRADE])
def test_an_unknown_market_is_a_reason_and_no_fault(mode: Mode) -> None:
    world = StrategyWorld(mode)
    world.decide([signal("NOBODY"), signal("NOBODY", count=0, probability=0.9)])
    assert not world.state.fault
    assert world.codes
    assert not world.sent


@pytest.mark.parametrize("mode", [Mode.SHADOW, Mode.PAPER])
def test_a_simulated_order_stands_on_the_grid_too(mode: Mode) -> None:
    world = StrategyWorld(mode)
    world.decide([signal("M0", price=3_955, time_in_force=GTC)])
    assert not world.core.paper.open_orders("mine")
    assert world.codes == ["simulated"]


def test_more_signals_or_reasons_than_anybody_needs_are_a_fault() -> None:
    world = StrategyWorld()
    world.decide([signal("M0")] * (MOST_SIGNALS + 1))
    assert f"{MOST_SIGNALS} are allowed" in world.state.fault
    world = StrategyWorld()
    why = Why(candidate="M0", code="x", text="y")
    world.decide(reasons=[why] * (MOST_REASONS + 1))
    assert f"{MOST_REASONS} are allowed" in world.state.fault


def test_words_of_a_strategy_can_not_steer_a_terminal() -> None:
    world = StrategyWorld(Mode.SHADOW)
    bad = "\x1b]0;own\x07red\x1b[31m\u202e"
    named = msgspec.structs.replace(signal("M0"), text=bad, candidate=f"c{bad}")
    world.decide([named], [Why(candidate=bad, code=bad, text=bad, seen=bad, needed=bad)], proof=bad)
    state = world.state
    words = [state.proof, *(s.text + s.candidate for s in state.signals)]
    words += [f"{t.why}{key}" for key, t in state.reasons.items()]
    world.take(StrategiesDeclared((msgspec.structs.replace(INFO, title=bad, help=bad, fault=bad),)))
    words += [state.info.title, state.info.help, state.info.fault]
    assert all(word.isprintable() for word in words)


def test_a_failure_without_a_word_switches_off_too() -> None:
    world = StrategyWorld()
    world.wait(61)
    world.take(StrategyFailed(strategy="mine", cycle=world.state.cycle, why=""))
    assert world.state.fault
    assert not world.state.is_on


def test_a_signal_that_names_nothing_unusual_is_sent() -> None:
    world = StrategyWorld()
    world.decide([signal("M0")])
    assert [intent.ticker for intent in world.sent] == ["M0"], world.codes


def test_of_many_signals_the_first_are_acted_on_and_the_others_told_why() -> None:
    world = StrategyWorld(markets=MOST_ACTED + 2)
    named = [msgspec.structs.replace(signal(t), candidate=t) for t in world.tickers]
    world.decide(named)
    assert not world.state.fault
    left = [candidate for candidate, code in world.state.reasons if code == "too_many"]
    assert left == world.tickers[MOST_ACTED:]
