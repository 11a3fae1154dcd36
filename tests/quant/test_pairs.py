"""Pairs: planted relations are found, independent and pinned legs are not, costs decide."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_desk.quant.logit import clipped_logit, sigmoid
from kalshi_desk.quant.pair_screens import PairFacts, leg_shortfalls, pair_shortfalls
from kalshi_desk.quant.pairs import (
    TradedLeg,
    cointegration,
    contract_ratio,
    engle_granger,
    expected_closure,
    johansen,
    kalman_hedge,
    least_divergence,
    reversion,
)


def planted(seed: int, bars: int = 600) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return y = .2 + .8 x + OU(.95, .05), x a walk, and the OU part."""
    random = np.random.default_rng(seed)
    x = 0.06 * random.standard_normal(bars).cumsum()
    residual = np.zeros(bars)
    for bar in range(1, bars):
        residual[bar] = 0.95 * residual[bar - 1] + 0.05 * random.standard_normal()
    return 0.2 + 0.8 * x + residual, x, residual


def test_a_planted_pair_is_found_in_both_directions() -> None:
    y, x, _ = planted(1)
    found = cointegration(y, x)
    assert found.forward.beta == pytest.approx(0.8, abs=0.1)
    assert found.forward.statistic < -3.34
    assert found.p_value < 0.05
    ways = {found.forward.p_value, found.backward.p_value}
    assert len(ways) == 2
    assert found.p_value == max(ways)
    basket = johansen(np.column_stack([y, x]))
    assert basket.bounds.tolist() == pytest.approx([15.4943, 3.8415])
    assert basket.statistics[0] > 15.4943
    assert basket.rank == 1


def test_independent_walks_pass_about_as_often_as_they_should() -> None:
    random = np.random.default_rng(2)
    walks = random.standard_normal((80, 2, 150)).cumsum(axis=2)
    hits = sum(engle_granger(y, x).p_value < 0.05 for y, x in walks)
    assert hits <= 80 * 0.05 + 3 * math.sqrt(80 * 0.05 * 0.95)


def test_the_half_life_of_the_residual() -> None:
    _, _, residual = planted(3, bars=6000)
    found = reversion(residual)
    assert found.phi == pytest.approx(0.95, abs=0.015)
    assert found.half_life == pytest.approx(-math.log(2) / math.log(found.phi))
    assert found.half_life == pytest.approx(13.513, rel=0.3)
    assert found.sd == pytest.approx(0.05 / math.sqrt(1 - 0.95**2), rel=0.2)
    assert reversion(np.arange(60.0) ** 2).half_life == math.inf
    assert reversion([0.0, 1.0] * 30).half_life == 0.0


def test_half_life_of_printed_coefficients() -> None:
    assert -math.log(2) / math.log(0.9285) == pytest.approx(9.343, abs=5e-3)


def test_the_filter_finds_and_follows_the_hedge() -> None:
    y, x, _ = planted(4, bars=800)
    assert kalman_hedge(y, x).betas[-1] == pytest.approx(0.8, abs=0.25)
    random = np.random.default_rng(5)
    beta = np.where(np.arange(800) < 400, 0.8, 1.6)
    moving = beta * x + 0.01 * random.standard_normal(800)
    found = kalman_hedge(moving, x, wander=1e-3)
    assert found.betas[390] == pytest.approx(0.8, abs=0.1)
    assert found.betas[-1] == pytest.approx(1.6, abs=0.15)
    still = kalman_hedge(0.5 + 0.8 * x + 0.01 * random.standard_normal(800), x)
    assert np.std(still.scores[100:]) == pytest.approx(1.0, abs=0.2)


def test_the_filter_sees_no_later_bar() -> None:
    y, x, _ = planted(6)
    whole, part = kalman_hedge(y, x), kalman_hedge(y[:300], x[:300])
    assert np.isnan(part.betas).sum() == np.isnan(part.scores).sum() == 30
    assert np.array_equal(whole.betas[:300], part.betas, equal_nan=True)
    assert np.array_equal(whole.scores[:300], part.scores, equal_nan=True)


@pytest.mark.parametrize(
    ("price", "spread", "closing"),
    [
        (0.5, 0.01, 0.3600),
        (0.5, 0.02, 0.4400),
        (0.5, 0.04, 0.6000),
        (0.3, 0.01, 0.3752),
        (0.3, 0.02, 0.4705),
        (0.2, 0.01, 0.4050),
        (0.2, 0.04, 0.7800),
        (0.1, 0.01, 0.5022),
        (0.1, 0.02, 0.7244),
        (0.1, 0.04, 1.1689),
    ],
)
def test_the_divergence_that_pays(price: float, spread: float, closing: float) -> None:
    legs = [TradedLeg(price, spread)] * 2
    assert least_divergence(legs) == pytest.approx(closing, abs=5.1e-5)


def test_holding_to_settlement_needs_half() -> None:
    legs = [TradedLeg(0.5, 0.02)] * 2
    assert least_divergence(legs, round_trip=False) == pytest.approx(0.22)
    assert expected_closure(-2.5, 0.12) == pytest.approx(0.24)
    assert expected_closure(0.3, 0.12) == 0.0
    assert contract_ratio(0.8, 0.5, 0.2) == pytest.approx(0.8 * 0.25 / 0.16)


@given(st.floats(0.05, 0.95), st.floats(0.0, 0.1), st.floats(0.0, 3.0))
def test_more_spread_or_another_leg_never_pays_sooner(
    price: float, spread: float, contracts: float
) -> None:
    one = least_divergence([TradedLeg(price, spread)])
    assert least_divergence([TradedLeg(price, spread + 0.01)]) > one
    assert least_divergence([TradedLeg(price, spread), TradedLeg(0.5, 0.02, contracts)]) >= one


def bars(mids: np.ndarray, spread: float = 0.02, age: float = 1.0) -> list[str]:
    found = leg_shortfalls(mids, np.full(len(mids), spread), np.full(len(mids), age))
    return [one.test for one in found]


def test_a_pinned_leg_is_screened_out_however_well_it_tests() -> None:
    random = np.random.default_rng(7)
    pinned = np.where(random.random(300) < 0.03, 0.03, 0.02)
    active = 0.06 * random.standard_normal(300).cumsum()
    assert engle_granger(clipped_logit(pinned, 0.005), active).p_value < 0.01
    assert bars(pinned) == ["changed_bars", "lowest_price"]


def test_a_leg_that_wanders_passes_and_one_that_reverts_does_not() -> None:
    random = np.random.default_rng(8)
    walk = sigmoid(0.04 * random.standard_normal(400).cumsum())
    assert bars(walk) == []
    assert bars(walk[:150]) == ["bars"]
    assert bars(walk, spread=0.05, age=11.0) == ["spread", "quote_age_minutes"]
    assert bars(sigmoid(0.1 * random.standard_normal(400))) == ["unit_root_p_value"]


GOOD = PairFacts(
    q=0.05,
    beta=0.8,
    half_life_hours=8.0,
    hours_to_close=240.0,
    z=-3.0,
    sd=0.20,
    legs=(TradedLeg(0.5, 0.02), TradedLeg(0.5, 0.02, 0.8)),
)


@pytest.mark.parametrize(
    ("changes", "failing"),
    [
        ({}, []),
        ({"sd": 0.12}, ["closure"]),
        ({"sd": 0.12, "is_hold": True}, []),
        ({"z": 2.4}, ["z", "closure"]),
        ({"q": 0.2, "beta": -0.1}, ["q", "hedge_ratio"]),
        ({"hours_to_close": 20.0}, ["hours_to_close", "half_life_hours"]),
        ({"half_life_hours": math.inf}, ["half_life_hours"]),
        ({"half_life_hours": math.nan, "beta": 6.0}, ["hedge_ratio", *["half_life_hours"] * 2]),
    ],
)
def test_a_pair_must_pass_every_test(changes: dict[str, object], failing: list[str]) -> None:
    found = pair_shortfalls(msgspec.structs.replace(GOOD, **changes))
    assert [one.test for one in found] == failing


def test_what_is_no_series_is_refused() -> None:
    with pytest.raises(ValueError, match="never changes"):
        engle_granger(np.ones(50), np.arange(50.0))
    with pytest.raises(ValueError, match="a line of the other"):
        engle_granger(2 * np.arange(50.0) ** 2, np.arange(50.0) ** 2)
    with pytest.raises(ValueError, match="at least 30"):
        reversion([1.0, 2.0])
    with pytest.raises(ValueError, match="two columns"):
        johansen(np.zeros((50, 1)))
