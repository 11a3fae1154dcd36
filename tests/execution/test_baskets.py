"""The basket machine alone: what it wishes next, from what its orders really did."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_desk.core.fees import FeeRule
from kalshi_desk.core.records import Fill, OrderIntent
from kalshi_desk.core.types import BookSide, Count, Money, Price
from kalshi_desk.execution.baskets import (
    BARRED_FOR_NS,
    COMPLETE_FOR_NS,
    TRAILING,
    UNWIND_FOR_NS,
    BasketLeg,
    BasketRecord,
    LegTally,
    Stage,
    Wish,
    advance,
    completion_rate,
    excess,
    needed,
    outcome_of,
    sent,
    settled,
    tally,
)
from kalshi_desk.execution.orders import Orders
from kalshi_desk.quant.baskets import least_fill_chance, unwind_loss

NOW = 1_000


def basket(*planned: int) -> BasketRecord:
    return BasketRecord(
        basket_id="b",
        strategy="arbitrage",
        events=("E",),
        legs=tuple(
            BasketLeg(
                ticker=f"M{index}", side=BookSide.BID, limit=Price(3_000), planned=Count(count)
            )
            for index, count in enumerate(planned)
        ),
        payout=Money(10_000 * planned[0]),
        guaranteed=Money(500 * planned[0]),
        started_ns=NOW,
        updated_ns=NOW,
    )


def held(*counts: int, price: int = 3_000) -> tuple[LegTally, ...]:
    return tuple(
        LegTally(Count(count), Count(0), Money(count * price), Money(0), is_booked=True)
        for count in counts
    )


def tried(record: BasketRecord, leg: int, count: int = 1) -> BasketRecord:
    """Send an order of a leg and let it be over."""
    name = f"{leg}-{record.attempt}"
    return settled(sent(record, Wish(leg, Count(count)), name, NOW), NOW)


def test_each_leg_is_sized_to_what_the_ones_before_it_filled() -> None:
    record, wishes = advance(basket(100, 100, 100), held(0, 0, 0), NOW)
    assert wishes == (Wish(0, Count(100)),)
    record, wishes = advance(tried(record, 0), held(40, 0, 0), NOW)
    assert wishes == (Wish(1, Count(40)),)
    record, wishes = advance(tried(record, 1), held(40, 40, 0), NOW)
    assert wishes == (Wish(2, Count(40)),)
    record, wishes = advance(tried(record, 2), held(40, 40, 40), NOW)
    assert (record.stage, wishes) == (Stage.COMPLETE, ())
    assert record.locked == 10_000 * 40 - 3 * 40 * 3_000
    assert record.legging_loss == 0
    assert record.barred_until_ns == 0


def test_a_first_leg_that_misses_ends_the_basket_and_bars_the_event() -> None:
    record, wishes = advance(tried(basket(100, 100), 0), held(0, 0), NOW)
    assert (record.stage, wishes) == (Stage.MISSED, ())
    assert record.barred_until_ns == NOW + BARRED_FOR_NS
    assert outcome_of(record) is None


def test_a_missing_leg_is_completed_for_thirty_seconds_and_then_unwound() -> None:
    record = tried(tried(basket(100, 100), 0), 1)
    record, wishes = advance(record, held(100, 0), NOW)
    assert (record.stage, wishes) == (Stage.COMPLETING, (Wish(1, Count(100)),))
    last = NOW + COMPLETE_FOR_NS - 1
    record, wishes = advance(record, held(100, 0), last)
    assert wishes == (Wish(1, Count(100)),)
    record, wishes = advance(record, held(100, 0), last + 1)
    assert (record.stage, wishes) == (Stage.UNWINDING, (Wish(0, Count(100), is_unwind=True),))
    record, wishes = advance(record, held(100, 0), last + UNWIND_FOR_NS)
    assert wishes
    record, wishes = advance(record, held(100, 0), last + 1 + UNWIND_FOR_NS)
    assert (record.stage, wishes) == (Stage.RESIDUAL, ())
    assert outcome_of(record) is False


def test_a_part_of_a_leg_is_still_hedged_by_the_legs_after_it() -> None:
    record = tried(tried(basket(100, 100, 100), 0), 1)
    record, wishes = advance(record, held(100, 30, 0), NOW)
    assert wishes == (Wish(1, Count(70)),)
    late = NOW + COMPLETE_FOR_NS
    record, wishes = advance(record, held(100, 30, 0), late)
    assert wishes == (Wish(2, Count(30)),)
    record, wishes = advance(tried(record, 2), held(100, 30, 30), late)
    assert wishes == (Wish(0, Count(70), is_unwind=True),)
    unwound = (
        LegTally(Count(100), Count(70), Money(300_000), Money(196_000), is_booked=True),
        *held(30, 30),
    )
    record, _ = advance(record, unwound, late)
    assert record.stage is Stage.UNWOUND
    assert record.legging_loss == 210_000 - 196_000
    assert record.locked == 300_000 - 3 * 30 * 3_000


def test_nothing_more_is_wished_while_an_order_is_under_way() -> None:
    record = sent(basket(10, 10), Wish(0, Count(10)), "c", NOW)
    for stage in (Stage.FILLING, Stage.COMPLETING, Stage.UNWINDING):
        waiting = msgspec.structs.replace(record, stage=stage, is_abandoned=True)
        assert advance(waiting, held(10, 0), NOW + 10**12) == (waiting, ())


def test_an_abandoned_basket_unwinds_at_once() -> None:
    record = msgspec.structs.replace(tried(basket(10, 10), 0), is_abandoned=True)
    record, wishes = advance(record, held(10, 0), NOW)
    assert wishes == (Wish(0, Count(10), is_unwind=True),)
    record, _ = advance(record, held(0, 0), NOW)
    assert outcome_of(record) is None


def test_it_ends_only_when_every_trade_is_booked() -> None:
    record = tried(tried(basket(10, 10), 0), 1)
    loose = tuple(msgspec.structs.replace(leg, is_booked=False) for leg in held(10, 10))
    record, wishes = advance(record, loose, NOW)
    assert (record.stage.is_over, wishes) == (False, ())
    record, _ = advance(record, held(10, 10), NOW)
    assert record.stage is Stage.COMPLETE


def test_unbooked_trades_count_at_their_limit_with_the_worst_fee() -> None:
    orders = Orders()
    leg = BasketLeg(
        ticker="M", side=BookSide.ASK, limit=Price(6_000), planned=Count(1_000), buys=("c",)
    )
    orders.add_intent(
        OrderIntent(
            client_order_id="c",
            ticker="M",
            side=BookSide.ASK,
            price=Price(6_000),
            count=Count(1_000),
            command_id="x",
        )
    )
    orders.answered("c", "o", Count(1_000), Count(0), NOW)
    found = tally(leg, orders, FeeRule())
    # Ten NO at 40 cents, and a fee of 16.8 cents that a non-direct member is charged 17 for.
    assert (found.bought, found.paid, found.is_booked) == (1_000, 4_000_000 + 170_000, False)
    orders.filled(
        Fill(
            trade_id="t",
            order_id="o",
            ticker="M",
            side=BookSide.ASK,
            price=Price(6_100),
            count=Count(1_000),
            fee=Money(167_000),
            is_taker=True,
            executed_ns=NOW,
        ),
        NOW,
    )
    found = tally(leg, orders, FeeRule())
    assert (found.paid, found.is_booked) == (3_900_000 + 167_000, True)


def test_case_n_two_legs_need_a_second_fill_more_likely_than_0_7692() -> None:
    """o02: net 1.6351 cents, unwinding 5.4482 cents a contract."""
    least = least_fill_chance(0.016351, unwind_loss(0.57, 0.55))
    assert least == pytest.approx(0.7692, abs=5e-5)
    assert completion_rate([]) == 0.5
    assert completion_rate([True] * 2) == 0.75 < least
    assert completion_rate([True] * 3) == 0.8 > least
    assert completion_rate([False] * 1_000 + [True] * TRAILING) == 101 / 102


@given(
    planned=st.lists(st.integers(1, 400), min_size=2, max_size=5),
    first=st.integers(1, 400),
)
def test_legs_that_fill_what_they_lack_leave_no_excess(planned: list[int], first: int) -> None:
    """Also where the legs are of different sizes and shares must be rounded."""
    record = basket(*planned)
    counts = [min(first, planned[0])] + [0] * (len(planned) - 1)
    for index in range(1, len(planned)):
        counts[index] = needed(record, [Count(n) for n in counts], index)
        assert counts[index] <= planned[index]
    assert not any(excess(record, [Count(n) for n in counts]))


@given(
    planned=st.lists(st.integers(1, 50), min_size=2, max_size=4),
    shares=st.lists(st.integers(0, 100), min_size=4, max_size=4),
)
def test_what_is_left_after_unwinding_matches(planned: list[int], shares: list[int]) -> None:
    record = basket(*planned)
    counts = [Count(count * share // 100) for count, share in zip(planned, shares, strict=False)]
    left = excess(record, counts)
    kept = [Count(count - out) for count, out in zip(counts, left, strict=True)]
    assert all(count >= 0 for count in kept)
    assert not any(excess(record, kept))
