"""Break-evens: holding to settlement needs less than a round trip, to the printed digits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_desk.core.fees import FeeRule, trade_fee
from kalshi_desk.core.types import COUNT_SCALE, MONEY_SCALE, PRICE_SCALE, Count, Price
from kalshi_desk.quant.costs import (
    fee_rate,
    maker_entry_move,
    no_trade_band,
    round_trip_move,
    rule_at,
    unit_cost,
    unit_fee,
)


@pytest.mark.parametrize(
    ("price", "taker", "maker", "break_even"),
    [
        (0.02, 0.137, 0.034, 0.02137),
        (0.10, 0.630, 0.158, 0.10630),
        (0.50, 1.750, 0.438, 0.51750),
        (0.90, 0.630, 0.158, 0.90630),
        (0.95, 0.3325, 0.0831, 0.95333),
    ],
)
def test_fee_and_break_even_held_to_settlement(
    price: float, taker: float, maker: float, break_even: float
) -> None:
    rule = FeeRule(fee_type="quadratic_with_maker_fees")
    assert 100 * unit_fee(price) == pytest.approx(taker, abs=5.1e-4)
    assert 100 * unit_fee(price, fee_rate(rule, is_taker=False)) == pytest.approx(maker, abs=5.1e-4)
    assert unit_cost(price) == pytest.approx(break_even, abs=5.1e-6)


@pytest.mark.parametrize(
    ("mid", "moves", "maker_in"),
    [
        (0.10, (2.39, 3.45, 5.56, 7.67), 0.61),
        (0.25, (3.75, 4.78, 6.85, 8.91), 1.32),
        (0.50, (4.49, 5.49, 7.48, 9.46), 1.75),
        (0.75, (3.50, 4.46, 6.39, 8.31), 1.30),
        (0.90, (2.14, 3.08, 4.97, 6.86), 0.65),
    ],
)
def test_move_that_a_round_trip_needs(
    mid: float, moves: tuple[float, ...], maker_in: float
) -> None:
    found = [100 * round_trip_move(mid, spread) for spread in (0.01, 0.02, 0.04, 0.06)]
    assert found == pytest.approx(moves, abs=0.0051)
    assert 100 * maker_entry_move(mid, 0.02) == pytest.approx(maker_in, abs=0.0051)


def test_a_trip_that_no_price_pays_for_is_infinite() -> None:
    assert round_trip_move(0.998, 0.01) == float("inf")
    assert round_trip_move(0.5, 0.02, entry_rate=0.0, exit_rate=0.0) == pytest.approx(0.02)


@given(
    st.floats(0.03, 0.8), st.floats(0.0, 0.06), st.sampled_from([0.035, 0.07]), st.floats(0, 0.07)
)
def test_after_exactly_that_move_the_trip_pays_nothing(
    mid: float, spread: float, exit_rate: float, entry_rate: float
) -> None:
    move = round_trip_move(mid, spread, entry_rate=entry_rate, exit_rate=exit_rate)
    sold = mid + move - spread / 2
    got = sold - unit_fee(sold, exit_rate)
    assert got == pytest.approx(unit_cost(mid + spread / 2, entry_rate), abs=1e-12)


def test_no_trade_band() -> None:
    assert no_trade_band(0.53, 0.55) == pytest.approx((0.512563, 0.567325), abs=5e-7)


def test_a_waiver_counts_only_while_it_lasts() -> None:
    rule = FeeRule(waived_until_ns=100)
    assert fee_rate(rule_at(rule, 99), is_taker=True) == 0.0
    assert rule_at(rule, 100) == rule_at(rule) == FeeRule()


def test_an_unpublished_fee_type_has_no_rate() -> None:
    with pytest.raises(KeyError):
        fee_rate(FeeRule(fee_type="flat"), is_taker=True)


@given(
    st.integers(1, 9999),
    st.integers(1, 10**6),
    st.sampled_from([0, 5_000, 10_000]),
    st.booleans(),
)
def test_the_continuous_fee_never_exceeds_the_fee_engine(
    price: int, count: int, multiplier: int, is_taker: bool
) -> None:
    rule = FeeRule(fee_type="quadratic_with_maker_fees", multiplier=multiplier)
    fee = unit_fee(price / PRICE_SCALE, fee_rate(rule, is_taker=is_taker)) * count / COUNT_SCALE
    charged = trade_fee(rule, Price(price), Count(count), is_taker=is_taker) / MONEY_SCALE
    assert fee - 1e-9 <= charged <= fee + 1e-4 + 1e-9


def test_arrays_are_priced_at_once() -> None:
    prices = np.array([0.25, 0.5])
    assert unit_fee(prices).tolist() == pytest.approx([0.013125, 0.0175])
