"""The book agrees with the plainest possible one after any deltas, on any grid."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kalshi_desk.core.book import OrderBook
from kalshi_desk.core.types import CENT, BookSide, Count, Price

DELTAS = st.lists(
    st.tuples(
        st.booleans(),
        st.one_of(
            st.integers(1, 99).map(lambda cent: cent * 100),
            st.integers(1, 999).map(lambda tenth: tenth * 10),
            st.integers(1, 9_999),
        ),
        st.integers(-500, 500),
    ),
    max_size=60,
)


@given(DELTAS)
def test_the_slots_hold_what_a_dict_would(deltas: list[tuple[bool, int, int]]) -> None:
    book = OrderBook(CENT)
    plain: dict[bool, dict[int, int]] = {True: {}, False: {}}
    for is_bid, price, delta in deltas:
        book.add(is_bid, price, delta)
        size = max(0, plain[is_bid].get(price, 0) + delta)
        plain[is_bid][price] = size
        bids = {p for p, s in plain[True].items() if s}
        asks = {p for p, s in plain[False].items() if s}
        assert book.bid == (max(bids) if bids else None)
        assert book.ask == (min(asks) if asks else None)
        assert book.is_crossed == bool(bids and asks and max(bids) >= min(asks))
    for side, is_bid in ((BookSide.BID, True), (BookSide.ASK, False)):
        expected = sorted(((p, s) for p, s in plain[is_bid].items() if s), reverse=is_bid)
        assert book.levels(side) == expected


def test_a_level_set_to_nothing_gives_up_the_best() -> None:
    book = OrderBook(CENT)
    book.set_level(BookSide.BID, Price(4700), Count(100))
    book.set_level(BookSide.BID, Price(4600), Count(50))
    book.set_level(BookSide.BID, Price(4700), Count(0))
    assert (book.bid, book.bid_size) == (4600, 50)
    assert book.ask is None
    assert book.ask_size == 0
