"""Beliefs after news, what they are worth, and the gates before anything trades on them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_desk.core.types import COUNT_SCALE, MONEY_SCALE, Money
from kalshi_desk.quant.costs import unit_cost
from kalshi_desk.quant.evidence import (
    Posterior,
    Signal,
    agreement,
    bounded_edge,
    items_needed,
    learn_kappa,
    least_gap_to_trade,
    least_move_to_hold,
    log_odds_change,
    posterior,
    sentiment,
    total_strength,
)
from kalshi_desk.quant.gates import (
    MakerRecord,
    MovementRecord,
    SignalRecord,
    drift_shortfalls,
    maker_shortfalls,
    reversion_shortfalls,
    signal_shortfalls,
)
from kalshi_desk.quant.kelly import kelly_count

STRONG = Signal(score=0.8, confidence=0.9)


@pytest.mark.parametrize(
    ("before", "after"),
    [(0.05, 0.059276), (0.2, 0.230357), (0.5, 0.544879), (0.8, 0.827255), (0.95, 0.957890)],
)
def test_one_item_moves_the_log_odds(before: float, after: float) -> None:
    found = posterior(before, [STRONG], 0.25)
    assert found.probability == pytest.approx(after, abs=5e-7)
    assert log_odds_change(before, found.probability) == pytest.approx(0.18)


def test_the_shift_is_capped_and_fades() -> None:
    capped = posterior(0.5, [STRONG] * 20, 0.25)
    assert (capped.probability, capped.shift) == (pytest.approx(0.622459, abs=5e-7), 0.5)
    assert posterior(0.5, [STRONG] * 20, -0.25).shift == -0.5
    old = Signal(score=0.8, confidence=0.9, age=60)
    assert old.strength() == pytest.approx(STRONG.strength() / 4)
    assert Signal(score=0.8, relevance=0.5).strength() == pytest.approx(0.4)
    copy = Signal(score=0.8, confidence=0.9, copies=4)
    assert copy.strength() == pytest.approx(STRONG.strength() / 2)
    silent = posterior(0.3, [], 0.25, kappa_error=0.1)
    assert (silent.probability, silent.error, silent.shift) == (pytest.approx(0.3), 0.0, 0.0)


SIGNALS = st.lists(
    st.builds(
        Signal,
        score=st.floats(-1, 1),
        confidence=st.floats(0, 1),
        copies=st.integers(1, 50),
        age=st.floats(0, 300),
    ),
    max_size=8,
)


@given(st.floats(0.01, 0.99), SIGNALS, st.floats(0.0, 2.0))
def test_beliefs_stay_probabilities_and_follow_the_sign(
    before: float, signals: list[Signal], kappa: float
) -> None:
    found = posterior(before, signals, kappa, kappa_error=0.1)
    assert 0.0 < found.probability < 1.0
    assert abs(found.shift) <= 0.5
    assert found.error >= 0.0
    if total_strength(signals) > 0:
        assert found.probability >= before - 1e-12
    assert found.flipped().flipped().probability == pytest.approx(found.probability)
    shown = sentiment(signals)
    assert -1.0 <= shown.score <= 1.0
    assert shown.effective_items <= len(signals) + 1e-9
    assert 0.0 <= agreement(signals) <= 1.0 + 1e-12


def test_sentiment_weighs_confidence_and_discounts_copies() -> None:
    first, copy = Signal(score=1.0, confidence=0.8), Signal(score=-1.0, confidence=0.8, copies=4)
    found = sentiment([first, copy])
    assert found.score == pytest.approx((0.8 - 0.4) / 1.2)
    assert found.effective_items == pytest.approx(1.2**2 / (0.64 + 0.16))
    assert agreement([first, copy]) == 0.0
    assert sentiment([]).effective_items == 0.0


@pytest.mark.parametrize(
    ("before", "signal", "price", "take_edge", "contracts", "is_no"),
    [
        (0.50, Signal(score=0.8, confidence=0.9, age=2), 0.51, 0.035029, 372, False),
        (0.50, Signal(score=0.8, confidence=0.9, age=2), 0.57, -0.024635, 0, False),
        (0.50, Signal(score=0.15, confidence=0.6, age=2), 0.51, -0.035573, 0, False),
        (0.60, Signal(score=-0.9, confidence=0.95, age=1), 0.41, 0.051021, 457, True),
    ],
)
def test_what_a_taker_may_rely_on(
    before: float, signal: Signal, price: float, take_edge: float, contracts: int, is_no: bool
) -> None:
    belief = posterior(before, [signal], 0.5, kappa_error=0.08)
    side = belief.flipped() if is_no else belief
    found = bounded_edge(side, price)
    assert found == pytest.approx(take_edge, abs=5e-7)
    if found > 0.01:
        cost = unit_cost(price) + 0.01
        equity = Money(10_000 * MONEY_SCALE)
        count = kelly_count(side.probability, cost, equity, error_sd=side.error)
        assert count == contracts * COUNT_SCALE


def test_what_a_maker_may_rely_on() -> None:
    belief = posterior(0.50, [Signal(score=0.8, confidence=0.9, age=2)], 0.5, kappa_error=0.08)
    cost = 0.54 + 0.005 + 0.01
    assert belief.lower_bound() - (0.54 + 0.005) == pytest.approx(0.017522, abs=5e-7)
    equity = Money(10_000 * MONEY_SCALE)
    count = kelly_count(belief.probability, cost, equity, error_sd=belief.error)
    assert count == 194 * COUNT_SCALE


@pytest.mark.parametrize(
    ("belief", "error", "found"),
    [(0.60, 0.02, 0.002675), (0.60, 0.03, -0.007325), (0.58, 0.02, -0.017325)],
)
def test_lower_bound_less_cost_and_margin(belief: float, error: float, found: float) -> None:
    edge = bounded_edge(Posterior(belief, error, 0.0), 0.55, margin=0.01)
    assert edge == pytest.approx(found, abs=5e-7)


def planted(kappa: float, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return scores, logit moves and events: 60 events with 8 items each."""
    random = np.random.default_rng(seed)
    events = np.repeat(np.arange(60), 8)
    scores = random.uniform(-1, 1, 480)
    shared = random.normal(0, 0.1, 60)[events]
    return scores, kappa * scores + shared + random.normal(0, 0.23, 480), events


def test_a_planted_effect_is_learnt() -> None:
    found = learn_kappa(*planted(0.12, 1))
    assert abs(found.estimate - 0.12) < 3 * found.error
    assert found.t > 3
    square = float((planted(0.12, 1)[0] ** 2).sum())
    assert found.ridged == pytest.approx(found.estimate * square / (square + 40))
    assert (found.items, found.events) == (480, 60)
    assert found.p_value < 0.01


def test_shuffled_scores_teach_nothing() -> None:
    random = np.random.default_rng(2)
    scores, moves, events = planted(0.12, 3)
    loud = [abs(learn_kappa(random.permutation(scores), moves, events).t) >= 3 for _ in range(200)]
    assert np.mean(loud) <= 0.03


@pytest.mark.parametrize(("kappa", "items"), [(0.05, 1107), (0.1, 277), (0.2, 70)])
def test_headlines_needed(kappa: float, items: int) -> None:
    assert items_needed(kappa) == items


@pytest.mark.parametrize(
    ("price", "spread", "hold", "trade"),
    [
        (0.5, 0.01, 6.215, 23.08),
        (0.5, 0.03, 8.974, 33.32),
        (0.8, 0.01, 4.417, 16.61),
        (0.2, 0.02, 5.970, 21.74),
    ],
)
def test_news_must_be_large_to_pay(price: float, spread: float, hold: float, trade: float) -> None:
    assert 100 * least_move_to_hold(price, spread, 0.638) == pytest.approx(hold, abs=5.1e-4)
    assert 100 * least_gap_to_trade(price, spread, 0.195) == pytest.approx(trade, abs=5.1e-3)


GOOD = {"items": 400, "events": 70, "t": 6.2, "q": 0.01, "out_of_sample_t": 2.0}


@pytest.mark.parametrize(
    ("changes", "failing"),
    [
        ({}, []),
        ({"t": -6.2}, []),
        ({"t": 2.1}, ["t"]),
        ({"items": 199, "events": 29}, ["items", "events"]),
        ({"q": 0.11}, ["q"]),
        ({"q": math.nan, "out_of_sample_t": math.nan}, ["q", "out_of_sample_t"]),
    ],
)
def test_a_signal_must_bring_every_proof(changes: dict[str, float], failing: list[str]) -> None:
    found = signal_shortfalls(SignalRecord(**{**GOOD, **changes}))  # type: ignore[arg-type]
    assert [one.test for one in found] == failing
    if failing == ["q"]:
        assert (found[0].seen, found[0].needed) == (0.11, 0.10)


def test_directions_and_makers_must_be_proven_too() -> None:
    assert reversion_shortfalls(MovementRecord(events=200, z=3.0)) == ()
    assert [one.test for one in reversion_shortfalls(MovementRecord(events=9, z=2.0))] == [
        "events",
        "z",
    ]
    assert drift_shortfalls(MovementRecord(events=200, z=-3.1)) == ()
    assert drift_shortfalls(MovementRecord(events=200, z=0.0, slope_bound=1.06)) == ()
    assert len(drift_shortfalls(MovementRecord(events=200, z=3.0))) == 1
    maker = MakerRecord(fills=150, events=40, mean_markout=0.002, t=2.1)
    assert maker_shortfalls(maker) == ()
    adverse = MakerRecord(fills=150, events=40, mean_markout=-0.002, t=2.1)
    assert [one.test for one in maker_shortfalls(adverse)] == ["t"]


@pytest.mark.parametrize("bad", [{"score": 1.1}, {"score": 0.0, "copies": 0}, {"score": math.nan}])
def test_signals_out_of_range_are_refused(bad: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="range"):
        Signal(**bad)  # type: ignore[arg-type]
