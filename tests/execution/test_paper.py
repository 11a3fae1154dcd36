"""The paper broker: the queue fixture, no double counting, no liquidity taken twice."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_desk.core.book import OrderBook
from kalshi_desk.core.fees import FeeRule
from kalshi_desk.core.records import OrderIntent
from kalshi_desk.core.types import BookSide, Count, Price, TimeInForce, parse_count, parse_price
from kalshi_desk.execution.paper import FRONT, PROBABLE, RISK_AVERSE, PaperBroker

RULE = FeeRule()


def intent(
    side: BookSide, price: str, count: str, tif: TimeInForce = TimeInForce.GTC, **more: bool
) -> OrderIntent:
    return OrderIntent(
        client_order_id=f"{side}-{price}-{count}",
        ticker="M",
        side=side,
        price=parse_price(price),
        count=parse_count(count),
        time_in_force=tif,
        **more,
    )


def book(bids: dict[str, str], asks: dict[str, str]) -> OrderBook:
    made = OrderBook()
    for price, size in bids.items():
        made.set_level(BookSide.BID, parse_price(price), parse_count(size))
    for price, size in asks.items():
        made.set_level(BookSide.ASK, parse_price(price), parse_count(size))
    made.is_valid = True
    return made


@pytest.mark.parametrize(
    ("share", "expected"), [(RISK_AVERSE, "75"), (PROBABLE, "80"), (FRONT, "85")]
)
def test_the_queue_fixture(share: Fraction, expected: str) -> None:
    """Our bid 100 at 55 behind 40; a naive touch model says 100, double counting 90."""
    broker = PaperBroker(cancel_share=share)
    broker.place(
        intent(BookSide.BID, "0.55", "100"), book({"0.55": "40"}, {"0.57": "500"}), RULE, 0
    )
    at = parse_price("0.55")

    def traded(price: str, count: str, taker: BookSide = BookSide.ASK) -> int:
        fills = broker.on_print("M", parse_price(price), parse_count(count), taker, RULE, 1)
        return sum(fill.count for fill in fills)

    def changed(count: str) -> None:
        broker.on_delta("M", BookSide.BID, at, parse_count(count))

    total = traded("0.55", "25")
    changed("-25")
    changed("-10")
    changed("80")
    total += traded("0.55", "30")
    changed("-30")
    total += traded("0.53", "60")
    total += traded("0.57", "500", BookSide.BID)
    assert total == parse_count(expected)


def test_a_taker_walks_what_is_displayed_and_takes_none_of_it_twice() -> None:
    broker, shown = PaperBroker(), book({}, {"0.48": "10", "0.49": "5"})
    first = broker.place(intent(BookSide.BID, "0.49", "12"), shown, RULE, 0)
    assert [(fill.price, fill.count) for fill in first.fills] == [(4_800, 1_000), (4_900, 200)]
    second = broker.place(intent(BookSide.BID, "0.49", "9"), shown, RULE, 0)
    assert [fill.count for fill in second.fills] == [300]
    assert second.rests == parse_count("6")
    broker.on_book("M", shown)
    third = broker.place(intent(BookSide.BID, "0.49", "15", TimeInForce.IOC), shown, RULE, 0)
    assert sum(fill.count for fill in third.fills) == parse_count("15")


def test_fok_post_only_and_ioc() -> None:
    broker, shown = PaperBroker(), book({}, {"0.48": "10"})
    kill = broker.place(intent(BookSide.BID, "0.48", "11", TimeInForce.FOK), shown, RULE, 0)
    assert (kill.fills, kill.refusal) == ((), "fill or kill insufficient resting volume")
    post = broker.place(intent(BookSide.BID, "0.48", "1", post_only=True), shown, RULE, 0)
    assert post.refusal == "post only cross"
    some = broker.place(intent(BookSide.BID, "0.48", "11", TimeInForce.IOC), shown, RULE, 0)
    assert (sum(f.count for f in some.fills), some.rests) == (parse_count("10"), 0)
    assert broker.resting == {}


def test_cancel_returns_what_was_left_once() -> None:
    broker = PaperBroker()
    placed = broker.place(intent(BookSide.ASK, "0.60", "7"), book({}, {}), RULE, 0)
    broker.on_print("M", parse_price("0.60"), parse_count("2"), BookSide.BID, RULE, 1)
    assert broker.cancel(placed.order_id) == parse_count("5")
    assert broker.cancel(placed.order_id) is None


EVENTS = st.lists(
    st.tuples(st.booleans(), st.integers(50, 60), st.integers(-400, 400)), max_size=40
)


@given(EVENTS, st.integers(0, 5_000), st.integers(1, 3_000))
def test_no_model_fills_more_than_was_printed_at_or_through_the_price(
    events: list[tuple[bool, int, int]], ahead: int, size: int
) -> None:
    totals = []
    for share in (RISK_AVERSE, PROBABLE, FRONT):
        broker = PaperBroker(cancel_share=share)
        shown = OrderBook()
        shown.set_level(BookSide.BID, Price(5_500), Count(ahead))
        order = OrderIntent(
            client_order_id="c",
            ticker="M",
            side=BookSide.BID,
            price=Price(5_500),
            count=Count(size),
        )
        broker.place(order, shown, RULE, 0)
        filled, printed = 0, 0
        for is_print, cents, amount in events:
            if is_print and amount > 0:
                at = Price(cents * 100)
                fills = broker.on_print("M", at, Count(amount), BookSide.ASK, RULE, 1)
                filled += sum(fill.count for fill in fills)
                printed += amount if at <= 5_500 else 0
            else:
                broker.on_delta("M", BookSide.BID, Price(cents * 100), Count(amount))
        assert filled <= min(printed, size)
        totals.append(filled)
    assert totals == sorted(totals)
