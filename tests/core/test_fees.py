"""The fee engine reproduces the oracle, each case with the step that it states."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_desk.core.fees import (
    DIRECT,
    NON_DIRECT,
    FeeGrid,
    FeeRule,
    fill_fee,
    order_fee,
    trade_fee,
    worst_order_fee,
)
from kalshi_desk.core.types import Count, Money, Price, parse_count, parse_money, parse_price

MICRO = Money(1)
QUADRATIC = FeeRule()


def test_model_fee_of_the_page_rounds_up_on_a_micro_dollar_step() -> None:
    fee = trade_fee(QUADRATIC, parse_price("0.055"), parse_count("1"), is_taker=True, step=MICRO)
    assert fee == parse_money("0.003639")
    other = fill_fee(fee, parse_money("-0.055"), grid=NON_DIRECT)
    assert (other.rounding_fee, other.net) == (parse_money("0.001361"), parse_money("0.005"))
    assert parse_money("-0.055") - other.net == parse_money("-0.06")
    direct = fill_fee(fee, parse_money("-0.055"), grid=DIRECT)
    assert direct.net == parse_money("0.0037")
    assert parse_money("-0.055") - direct.net == parse_money("-0.0587")


@pytest.mark.parametrize(
    ("fee", "revenue", "nets", "left"),
    [
        ("0.0085", "-0.0550", ("0.0150", "0.0050", "0.0150"), "0.0095"),
        ("0.0041", "-0.1500", ("0.0100", "0.0000", "0.0100"), "0.0077"),
        ("0.0005", "-0.009903", ("0.010097", "0.000097", "0.000097"), "0.008791"),
    ],
)
def test_the_accumulator_of_the_page(
    fee: str, revenue: str, nets: tuple[str, ...], left: str
) -> None:
    accumulator = Money(0)
    for net in nets:
        charged = fill_fee(
            parse_money(fee), parse_money(revenue), accumulator=accumulator, grid=NON_DIRECT
        )
        assert charged.net == parse_money(net)
        accumulator = charged.accumulator
    assert accumulator == parse_money(left)


@pytest.mark.parametrize(
    ("price", "one", "hundred"),
    [
        ("0.01", "0.01", "0.07"),
        ("0.05", "0.01", "0.34"),
        ("0.10", "0.01", "0.63"),
        ("0.25", "0.02", "1.32"),
        ("0.50", "0.02", "1.75"),
        ("0.90", "0.01", "0.63"),
        ("0.99", "0.01", "0.07"),
    ],
)
def test_the_published_table(price: str, one: str, hundred: str) -> None:
    for count, expected in (("1", one), ("100", hundred)):
        fee = order_fee(
            QUADRATIC, parse_price(price), parse_count(count), is_taker=True, grid=NON_DIRECT
        )
        assert fee == parse_money(expected)


@pytest.mark.parametrize(("price", "fee"), [("0.52", "0.0175"), ("0.99", "0.0007")])
def test_fees_recorded_on_the_wire(price: str, fee: str) -> None:
    assert order_fee(QUADRATIC, parse_price(price), parse_count("1"), is_taker=True) == parse_money(
        fee
    )


def test_makers_are_free_unless_the_series_says_so() -> None:
    price, count = parse_price("0.50"), parse_count("100")
    assert trade_fee(QUADRATIC, price, count, is_taker=False) == 0
    maker = FeeRule(fee_type="quadratic_with_maker_fees")
    assert trade_fee(maker, price, count, is_taker=False) == parse_money("0.4375")
    combo = FeeRule(fee_type="quadratic_with_combo_maker_fees")
    assert trade_fee(combo, price, count, is_taker=False) == parse_money("0.875")


def test_half_multiplier_waiver_and_unknown_type() -> None:
    price, count = parse_price("0.50"), parse_count("100")
    assert trade_fee(FeeRule(multiplier=5000), price, count, is_taker=True) == parse_money("0.875")
    waived = FeeRule(waived_until_ns=100)
    assert trade_fee(waived, price, count, is_taker=True, now_ns=99) == 0
    assert trade_fee(waived, price, count, is_taker=True, now_ns=100) == parse_money("1.75")
    assert trade_fee(waived, price, count, is_taker=True) == parse_money("1.75")
    with pytest.raises(KeyError):
        trade_fee(FeeRule(fee_type="flat"), price, count, is_taker=True)


@given(
    st.integers(1, 9_999),
    st.lists(st.integers(1, 100_000), min_size=1, max_size=8),
    st.sampled_from([DIRECT, NON_DIRECT]),
)
def test_an_order_is_never_paid_for_trading_and_rounding_stays_small(
    price: int, counts: list[int], grid: FeeGrid
) -> None:
    accumulator, net, model = Money(0), 0, 0
    for count in counts:
        fee = trade_fee(QUADRATIC, Price(price), Count(count), is_taker=True)
        charged = fill_fee(fee, Money(-price * count), accumulator=accumulator, grid=grid)
        accumulator = charged.accumulator
        assert charged.net >= 0
        assert 0 <= charged.rounding_fee < grid.precision
        assert (-price * count - charged.net) % grid.precision == 0 or charged.rebate
        net += charged.net
        model += fee
    assert net >= model
    assert net - model == accumulator


@given(st.integers(1, 9_999), st.integers(1, 1_000_000))
def test_the_worst_fee_is_at_least_both(price: int, count: int) -> None:
    worst = worst_order_fee(QUADRATIC, Price(price), Count(count), is_taker=True)
    for grid in (DIRECT, NON_DIRECT):
        assert worst >= order_fee(QUADRATIC, Price(price), Count(count), is_taker=True, grid=grid)
