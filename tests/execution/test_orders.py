"""An order's life, however its reports are shuffled."""

from __future__ import annotations

from itertools import permutations

import pytest

from kalshi_desk.core.records import Fill, Order, OrderIntent, OrderState
from kalshi_desk.core.types import BookSide, Count, Money, Price
from kalshi_desk.execution.orders import FOREIGN, ManagedOrder, Orders

INTENT = OrderIntent(
    client_order_id="client-1",
    ticker="M",
    side=BookSide.BID,
    price=Price(4_700),
    count=Count(1_000),
    command_id="x",
    created_ns=1,
)


def report(filled: int, remaining: int, state: OrderState) -> Order:
    return Order(
        order_id="order-1",
        client_order_id="client-1",
        ticker="M",
        side=BookSide.BID,
        price=Price(4_700),
        initial_count=Count(1_000),
        filled=Count(filled),
        remaining=Count(remaining),
        state=state,
    )


def fill(name: str, count: int) -> Fill:
    return Fill(
        trade_id=name,
        order_id="order-1",
        client_order_id="client-1",
        ticker="M",
        side=BookSide.BID,
        price=Price(4_700),
        count=Count(count),
        fee=Money(5),
        is_taker=False,
        executed_ns=2,
    )


def test_reports_in_any_order_end_in_the_same_place() -> None:
    steps = [
        lambda o: o.answered("client-1", "order-1", Count(400), Count(600), 2),
        lambda o: o.reported(report(400, 600, OrderState.RESTING), 3),
        lambda o: o.filled(fill("a", 400), 4),
        lambda o: o.filled(fill("b", 600), 5),
        lambda o: o.reported(report(1_000, 0, OrderState.EXECUTED), 6),
    ]
    for order_of in permutations(steps):
        orders = Orders()
        orders.add_intent(INTENT)
        for step in order_of:
            step(orders)
        found = orders.by_client_id["client-1"]
        assert (found.state, found.filled, found.remaining, found.booked, found.fees) == (
            OrderState.EXECUTED,
            1_000,
            0,
            1_000,
            10,
        )
        assert orders.open_orders() == []
        assert orders.unbooked() == []


def test_an_order_that_is_over_stays_over() -> None:
    orders = Orders()
    orders.add_intent(INTENT)
    orders.answered("client-1", "order-1", Count(0), Count(1_000), 2)
    orders.canceled("order-1", Count(1_000), 3)
    orders.reported(report(0, 1_000, OrderState.RESTING), 4)
    assert orders.by_client_id["client-1"].state is OrderState.CANCELED


def half_canceled() -> tuple[Orders, ManagedOrder]:
    """An order of 1,000 of which a cancel took 250 off: 750 traded, or were decreased."""
    orders = Orders()
    orders.add_intent(INTENT)
    orders.answered("client-1", "order-1", Count(0), Count(1_000), 2)
    orders.canceled("order-1", Count(250), 3)
    return orders, orders.by_client_id["client-1"]


def test_a_cancel_that_took_off_less_than_rested_proves_no_fill() -> None:
    orders, found = half_canceled()
    assert (found.state, found.filled, found.remaining) == (OrderState.UNRESOLVED, 0, 750)
    orders.canceled("order-1", Count(0), 4)
    assert (found.state, found.filled, found.remaining) == (OrderState.UNRESOLVED, 0, 750)
    orders.reported(report(300, 0, OrderState.CANCELED), 5)
    assert (found.state, found.filled, found.reason) == (OrderState.CANCELED, 300, "")
    assert orders.unbooked() == [found]


def test_fills_explain_what_a_cancel_did_not_take_off() -> None:
    orders, found = half_canceled()
    orders.filled(fill("a", 300), 4)
    assert (found.state, found.filled, found.remaining) == (OrderState.UNRESOLVED, 300, 450)
    orders.filled(fill("b", 450), 5)
    assert (found.state, found.filled) == (OrderState.CANCELED, 750)
    assert orders.open_orders() == orders.unbooked() == []


def test_a_late_report_explains_a_cancel_but_never_puts_the_order_back() -> None:
    orders, found = half_canceled()
    orders.reported(report(0, 1_000, OrderState.RESTING), 4)
    assert (found.state, found.remaining) == (OrderState.UNRESOLVED, 750)
    orders.reported(report(0, 250, OrderState.RESTING), 5)
    assert (found.state, found.filled) == (OrderState.CANCELED, 0)
    assert orders.unbooked() == []


def test_a_cancel_that_took_off_more_than_was_known_waits_for_the_last_word() -> None:
    orders = Orders()
    orders.add_intent(INTENT)
    orders.answered("client-1", "order-1", Count(400), Count(600), 2)
    orders.canceled("order-1", Count(900), 3)
    found = orders.by_client_id["client-1"]
    assert (found.state, found.filled, found.remaining) == (OrderState.UNRESOLVED, 400, 0)
    orders.reported(report(500, 0, OrderState.CANCELED), 4)
    assert (found.state, found.filled) == (OrderState.CANCELED, 500)


def test_a_cancel_that_found_nothing_left_of_a_filled_order_ends_it_as_executed() -> None:
    orders = Orders()
    orders.add_intent(INTENT)
    orders.answered("client-1", "order-1", Count(0), Count(1_000), 2)
    orders.canceled("order-1", Count(0), 3)
    orders.filled(fill("a", 1_000), 4)
    assert orders.by_client_id["client-1"].state is OrderState.EXECUTED


def test_unknown_is_a_state_until_a_report_ends_it() -> None:
    orders = Orders()
    orders.add_intent(INTENT)
    orders.unknown("client-1", "timed out", 2)
    assert [o.client_order_id for o in orders.unresolved("M")] == ["client-1"]
    orders.unknown("client-1", "again", 3)
    orders.reported(report(0, 1_000, OrderState.RESTING), 4)
    assert orders.unresolved() == []
    assert orders.find("order-1") is orders.by_client_id["client-1"]


def test_an_order_believed_lost_that_turns_up_is_taken_back() -> None:
    orders = Orders()
    orders.add_intent(INTENT)
    orders.unknown("client-1", "timed out", 2)
    orders.never_placed("client-1", 3)
    assert orders.by_client_id["client-1"].state is OrderState.REJECTED
    orders.reported(report(0, 1_000, OrderState.RESTING), 4)
    assert orders.by_client_id["client-1"].state is OrderState.RESTING


def test_orders_of_others_are_adopted_and_marked() -> None:
    orders = Orders()
    orders.reported(report(0, 1_000, OrderState.RESTING), 4)
    found = orders.by_client_id["client-1"]
    assert found.origin == FOREIGN
    assert orders.open_orders("M") == [found]


@pytest.mark.parametrize("name", ["order-1", "client-1", "client"])
def test_an_order_is_found_by_either_name_or_a_clear_beginning(name: str) -> None:
    orders = Orders()
    orders.add_intent(INTENT)
    orders.answered("client-1", "order-1", Count(0), Count(1_000), 2)
    assert orders.find(name) is orders.by_client_id["client-1"]
    assert orders.find("nothing") is None
