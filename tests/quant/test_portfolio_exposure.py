"""Worst cases by state, and the distribution of a portfolio with and without a common factor."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kalshi_desk.core.relations import Exclusive
from kalshi_desk.core.types import Count, Money, Outcome, parse_money
from kalshi_desk.quant.correlation import (
    Kinship,
    correlation,
    ewma_correlations,
    for_limits,
    shrunk,
)
from kalshi_desk.quant.exposure import (
    EventRisk,
    Holding,
    event_pnl,
    portfolio_distribution,
    portfolio_worst,
)
from kalshi_desk.quant.states import admissible_states

SPACE = admissible_states("ABC", [Exclusive(tuple("ABC"))])
MIXED = [
    Holding("A", Outcome.YES, Count(10_000), parse_money("41.68")),
    Holding("B", Outcome.YES, Count(5_000), parse_money("15.735")),
    Holding("C", Outcome.NO, Count(8_000), parse_money("57.176")),
]
BET = EventRisk((parse_money("45"), parse_money("-55")), (0.55, 0.45))


def test_every_leg_may_lose_in_one_state() -> None:
    by_state = dict(zip([s.label for s in SPACE.states], event_pnl(SPACE, MIXED), strict=True))
    assert by_state == {
        "A": parse_money("65.409"),
        "B": parse_money("15.409"),
        "C": parse_money("-114.591"),
        "none": parse_money("-34.591"),
    }


def test_a_basket_of_no_can_lose_one_leg_only() -> None:
    legs = [("A", "66.5925"), ("B", "73.4112"), ("C", "81.12")]
    held = [Holding(name, Outcome.NO, Count(10_000), parse_money(cost)) for name, cost in legs]
    assert sum(one.cost for one in held) == parse_money("221.1237")
    assert min(event_pnl(SPACE, held)) == parse_money("-21.1237")
    assert event_pnl(SPACE, []) == (0, 0, 0, 0)


def test_independent_events_are_convolved() -> None:
    mixed = EventRisk(event_pnl(SPACE, MIXED), (0.42, 0.28, 0.25, 0.05))
    found = portfolio_distribution([mixed, BET, BET, BET, BET])
    assert found.mean == pytest.approx(1.41, abs=5e-5)
    assert found.value_at_risk() == pytest.approx(234.59)
    assert found.expected_shortfall() == pytest.approx(255.9133, abs=5.1e-5)
    assert found.worst == pytest.approx(-334.59)
    assert portfolio_worst([mixed.pnl, *[BET.pnl] * 4]) == parse_money("-334.591")


@pytest.mark.parametrize(
    ("rho", "all_lose", "value_at_risk", "shortfall"),
    [
        (0.0, 0.04101, 120.0, 202.013),
        (0.2, 0.08322, 220.0, 220.0),
        (0.5, 0.16123, 220.0, 220.0),
        (0.8, 0.26848, 220.0, 220.0),
    ],
)
def test_a_common_factor_makes_all_lose_together(
    rho: float, all_lose: float, value_at_risk: float, shortfall: float
) -> None:
    found = portfolio_distribution([BET] * 4, correlation=rho)
    assert found.chance_at_most(-220.0) == pytest.approx(all_lose, abs=5e-6)
    assert found.value_at_risk() == pytest.approx(value_at_risk)
    assert found.expected_shortfall() == pytest.approx(shortfall, abs=5.1e-4)
    assert found.mean == pytest.approx(0.0, abs=1e-3)


EVENTS = st.lists(
    st.lists(
        st.tuples(st.integers(-90_000_000, 90_000_000), st.floats(0.01, 1.0)),
        min_size=2,
        max_size=5,
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=60, deadline=None)
@given(EVENTS, st.floats(0.0, 1.0))
def test_a_factor_changes_the_tail_but_neither_mean_nor_worst(
    drawn: list[list[tuple[int, float]]], rho: float
) -> None:
    events = []
    for states in drawn:
        pnl, weights = zip(*states, strict=True)
        chances = np.array(weights) / sum(weights)
        events.append(EventRisk(tuple(Money(value) for value in pnl), tuple(chances.tolist())))
    found = portfolio_distribution(events, correlation=rho)
    exact = sum(float(np.dot(event.pnl, event.chances)) for event in events) / 1e6
    assert found.mean == pytest.approx(exact, abs=0.02 + 1e-3 * abs(exact))
    # A coarser grid, of six cents here at most, may reach one bucket further for each event.
    worst = portfolio_worst([event.pnl for event in events]) / 1e6
    assert found.worst >= worst - 0.06 * len(events) - 0.01
    assert found.expected_shortfall() >= found.value_at_risk() - 1e-9
    assert found.value_at_risk() <= -found.worst + 1e-9
    assert found.chances.sum() == pytest.approx(1.0)


def test_large_ranges_use_coarser_buckets_and_nothing_held_is_nothing() -> None:
    large = EventRisk((Money(9 * 10**10), Money(-(10**11))), (0.5, 0.5))
    found = portfolio_distribution([large] * 3)
    assert len(found.values) <= 4_000_001
    assert found.worst == pytest.approx(-300_000, abs=3)
    assert portfolio_distribution([]).worst == 0.0


@pytest.mark.parametrize("rho", [0.0, 0.3, 0.8])
def test_a_coarse_grid_is_near_the_fine_one_and_never_below_it(rho: float) -> None:
    """Sharing a profit between two buckets keeps the mean and only spreads."""
    random = np.random.default_rng(4)
    events = []
    for _ in range(12):
        chance, stake = random.uniform(0.1, 0.9), random.uniform(3.0, 40.0)
        pnl = Money(round(-stake * 1e6)), Money(round((stake / chance - stake) * 1e6))
        events.append(EventRisk(pnl, (1.0 - chance, chance)))
    fine = portfolio_distribution(events, correlation=rho)
    coarse = portfolio_distribution(events, correlation=rho, max_cells=33_000)
    assert len(coarse.values) < len(fine.values)
    assert coarse.mean == pytest.approx(fine.mean, abs=0.06)
    one, other = fine.expected_shortfall(), coarse.expected_shortfall()
    assert one - 0.06 <= other <= 1.01 * one


@pytest.mark.parametrize("bad", [(0.5, 0.4), (0.5,), (1.2, -0.2)])
def test_chances_must_fit(bad: tuple[float, ...]) -> None:
    with pytest.raises(ValueError):
        portfolio_distribution([EventRisk((Money(1), Money(-1)), bad)])


def test_correlation_is_estimated_doubted_and_shrunk() -> None:
    random = np.random.default_rng(6)
    common = random.standard_normal(400)
    one, two = common + random.standard_normal(400), common + random.standard_normal(400)
    found = correlation(one, two)
    assert found.low < 0.5 < found.high
    assert found.p_value < 1e-6
    assert correlation(random.standard_normal(400), two).p_value > 0.01
    matrix = ewma_correlations(np.column_stack([one, two, np.zeros(400)]), half_life=200)
    assert matrix[0, 1] == pytest.approx(found.estimate, abs=0.1)
    assert matrix[2].tolist() == [0.0, 0.0, 1.0]
    turned = np.column_stack([one, np.where(np.arange(400) < 300, one, -one)])
    assert ewma_correlations(turned, half_life=20)[0, 1] < -0.8
    assert ewma_correlations(turned, half_life=2000)[0, 1] > 0.3
    assert shrunk(0.0, Kinship.SAME_UNDERLYING) == pytest.approx(0.3)
    assert for_limits(0.0, Kinship.SAME_UNDERLYING) == 0.6
    assert for_limits(0.9, Kinship.OTHER) == pytest.approx(0.5)
    with pytest.raises(ValueError, match="never changes"):
        correlation([0.0] * 5, [1.0, 2.0, 3.0, 4.0, 5.0])
