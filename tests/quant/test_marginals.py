"""Chances of states: each market wins as often as its price says, and nothing is invented."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_desk.quant.marginals import state_chances


def sets(*names: str) -> list[frozenset[str]]:
    return [frozenset(name) for name in names]


def won(states: list[frozenset[str]], chances: tuple[float, ...], name: str) -> float:
    return sum(chance for one, chance in zip(states, chances, strict=True) if name in one)


def test_of_an_exclusive_set_the_rest_is_that_none_wins() -> None:
    found = state_chances(sets("A", "B", "C", ""), {"A": 0.42, "B": 0.28, "C": 0.25})
    assert found == pytest.approx((0.42, 0.28, 0.25, 0.05))


def test_prices_that_sum_to_more_than_one_are_scaled() -> None:
    assert state_chances(sets("A", "B", ""), {"A": 0.8, "B": 0.4}) == pytest.approx(
        (2 / 3, 1 / 3, 0.0)
    )
    assert state_chances(sets("A", "B"), {"A": 0.3, "B": 0.2}) == pytest.approx((0.6, 0.4))
    assert state_chances(sets("A", "B"), {"A": 0.0, "B": 0.0}) == (0.5, 0.5)


def test_a_nested_ladder_has_the_differences_of_its_prices() -> None:
    states = sets("", "A", "AB", "ABC")
    found = state_chances(states, {"A": 0.7, "B": 0.45, "C": 0.1})
    assert found == pytest.approx((0.3, 0.25, 0.35, 0.1), abs=1e-5)


def test_without_a_relation_the_markets_are_independent() -> None:
    states = sets("", "A", "B", "AB")
    found = state_chances(states, {"A": 0.3, "B": 0.6})
    assert found == pytest.approx((0.28, 0.12, 0.42, 0.18))


def test_contradictory_prices_still_give_chances() -> None:
    found = state_chances(sets("", "A", "AB"), {"A": 0.2, "B": 0.6})
    assert sum(found) == pytest.approx(1.0)
    assert min(found) >= 0.0
    with pytest.raises(ValueError, match="at least one state"):
        state_chances([], {})


@given(st.lists(st.floats(0.01, 1.0), min_size=8, max_size=8))
def test_chances_of_any_states_come_back_as_the_same_marginals(weights: list[float]) -> None:
    states = sets("", "A", "B", "C", "AB", "AC", "BC", "ABC")
    total = sum(weights)
    true = tuple(one / total for one in weights)
    wins = {name: won(states, true, name) for name in "ABC"}
    found = state_chances(states, wins)
    assert sum(found) == pytest.approx(1.0)
    for name, chance in wins.items():
        assert won(states, found, name) == pytest.approx(chance, abs=1e-5)
