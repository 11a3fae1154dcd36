"""The exchange's own fees against the published tables and worked examples."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_desk.exchange.fees import (
    ceil_to,
    fill_charge,
    model_fee,
    round_charge,
    schedule_of,
)
from kalshi_desk.exchange.rules import DEFAULT_RULES, Rules

TAKER = Decimal("0.07")
FINE = Decimal("0.000001")
DIRECT = DEFAULT_RULES
NON_DIRECT = msgspec.structs.replace(DIRECT, member_precision=Decimal("0.01"))
NON_DIRECT_FINE = msgspec.structs.replace(NON_DIRECT, fee_step=FINE)


def walk(trade_fee: str, revenue: str, rules: Rules, times: int) -> tuple[list[Decimal], Decimal]:
    """Charge the same fill several times on one order."""
    accumulator = Decimal(0)
    nets = []
    for _ in range(times):
        charge = round_charge(Decimal(revenue), Decimal(trade_fee), accumulator, rules)
        accumulator = charge.accumulator
        nets.append(charge.net)
    return nets, accumulator


@pytest.mark.parametrize(
    ("trade_fee", "revenue", "nets", "left"),
    [
        ("0.0085", "-0.0550", ["0.0150", "0.0050", "0.0150"], "0.0095"),
        ("0.0041", "-0.1500", ["0.0100", "0.0000", "0.0100"], "0.0077"),
        ("0.0005", "-0.009903", ["0.010097", "0.000097", "0.000097"], "0.008791"),
    ],
)
def test_the_published_walk_throughs(
    trade_fee: str, revenue: str, nets: list[str], left: str
) -> None:
    found, accumulator = walk(trade_fee, revenue, NON_DIRECT, 3)
    assert found == [Decimal(net) for net in nets]
    assert accumulator == Decimal(left)


def test_one_contract_at_five_and_a_half_cents() -> None:
    assert model_fee(TAKER, 550, 100) == Decimal("0.00363825")
    assert ceil_to(model_fee(TAKER, 550, 100), FINE) == Decimal("0.003639")
    plain = fill_charge(
        TAKER, is_bid=True, price=550, count=100, accumulator=Decimal(0), rules=NON_DIRECT_FINE
    )
    assert (plain.trade_fee, plain.rounding_fee) == (Decimal("0.003639"), Decimal("0.001361"))
    assert plain.net == Decimal("0.005")
    direct_fine = msgspec.structs.replace(DIRECT, fee_step=FINE)
    direct = fill_charge(
        TAKER, is_bid=True, price=550, count=100, accumulator=Decimal(0), rules=direct_fine
    )
    assert direct.net == Decimal("0.0037")


@pytest.mark.parametrize(
    ("price", "one", "hundred"),
    [
        (100, "0.01", "0.07"),
        (500, "0.01", "0.34"),
        (1000, "0.01", "0.63"),
        (2500, "0.02", "1.32"),
        (5000, "0.02", "1.75"),
        (9000, "0.01", "0.63"),
        (9900, "0.01", "0.07"),
    ],
)
def test_the_general_fee_table(price: int, one: str, hundred: str) -> None:
    for count, expected in ((100, one), (10_000, hundred)):
        charge = fill_charge(
            TAKER, is_bid=True, price=price, count=count, accumulator=Decimal(0), rules=NON_DIRECT
        )
        assert charge.net == Decimal(expected)


def test_fees_of_whole_cent_orders_of_a_direct_member() -> None:
    for price, expected in ((5200, "0.0175"), (9900, "0.0007")):
        charge = fill_charge(
            TAKER, is_bid=True, price=price, count=100, accumulator=Decimal(0), rules=DIRECT
        )
        assert charge.net == Decimal(expected)


def test_series_decide_the_makers_fee() -> None:
    assert schedule_of("quadratic", 1).maker == 0
    assert schedule_of("quadratic_with_maker_fees", 1).maker == Decimal("0.0175")
    assert schedule_of("quadratic_with_combo_maker_fees", 1).maker == Decimal("0.035")
    assert schedule_of("quadratic", 0.5).taker == Decimal("0.035")
    with pytest.raises(ValueError, match="flat"):
        schedule_of("flat", 1)


@given(
    price=st.integers(1, 9_999),
    counts=st.lists(st.integers(1, 500_000), min_size=1, max_size=30),
    is_bid=st.booleans(),
    rules=st.sampled_from([DIRECT, NON_DIRECT, NON_DIRECT_FINE]),
)
def test_rounding_only_lands_on_the_members_precision(
    price: int, counts: list[int], is_bid: bool, rules: Rules
) -> None:
    accumulator = paid = Decimal(0)
    for count in counts:
        charge = fill_charge(
            TAKER, is_bid=is_bid, price=price, count=count, accumulator=accumulator, rules=rules
        )
        value = Decimal(price * count) * FINE
        change = (-value if is_bid else value) - charge.net
        assert change % rules.member_precision == 0
        assert charge.net >= 0
        assert 0 <= charge.rounding_fee < rules.member_precision
        accumulator, paid = charge.accumulator, paid + charge.net
    exact = sum((ceil_to(model_fee(TAKER, price, n), rules.fee_step) for n in counts), Decimal(0))
    assert paid == exact + accumulator
