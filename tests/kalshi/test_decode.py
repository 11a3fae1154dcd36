"""The frame reader and the books behind it: sequence, encodings, and frames that make no sense."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_desk.core.types import BookSide, format_count, format_price
from kalshi_desk.kalshi.decode import BookFeed
from tests.kalshi.frame_maker import delta, encode, snapshot, subscribed

TWO_SIDED = {"yes": [("0.4600", "120.00"), ("0.4700", "3.50")], "no": [("0.5200", "8.00")]}


def fed(*frames, yes_prices=False):
    feed = BookFeed(yes_prices=yes_prices)
    for frame in frames:
        feed.apply(frame)
    return feed


def test_a_no_level_is_an_ask_at_the_complement_by_default():
    book = fed(subscribed(), snapshot(1, **TWO_SIDED)).books["A"]
    assert (book.best_bid, book.best_ask) == (4700, 4800)
    assert (book.bid_size, book.ask_size) == (350, 800)


def test_a_connection_in_yes_prices_takes_no_levels_as_they_are():
    feed = fed(
        subscribed(),
        snapshot(1, yes=[("0.4700", "1.00")], no=[("0.4800", "2.00")]),
        delta(2, "0.4900", "5.00", "no"),
        yes_prices=True,
    )
    assert feed.books["A"].levels(BookSide.ASK) == [(4800, 200), (4900, 500)]


def test_a_delta_is_a_signed_change_and_zero_removes_the_level():
    feed = fed(
        subscribed(),
        snapshot(1, **TWO_SIDED),
        delta(2, "0.4700", "-3.50"),
        delta(3, "0.5200", "-2.00", "no"),
    )
    book = feed.books["A"]
    assert book.best_bid == 4600
    assert (book.best_ask, book.ask_size) == (4800, 600)


def test_a_snapshot_without_sides_empties_the_book():
    book = fed(subscribed(), snapshot(1, **TWO_SIDED), snapshot(2)).books["A"]
    assert (book.bid, book.ask) == (None, None)


def test_sub_cent_prices_keep_their_place():
    feed = fed(subscribed(), snapshot(1, yes=[("0.0010", "1602.00")]), delta(2, "0.0005", "7.77"))
    assert feed.books["A"].levels(BookSide.BID) == [(10, 160200), (5, 777)]


def test_an_equal_number_is_a_duplicate_and_not_applied_again():
    feed = fed(subscribed(), snapshot(1, **TWO_SIDED), *[delta(2, "0.4700", "1.00")] * 3)
    assert feed.books["A"].bid_size == 450
    assert (feed.counts.duplicates, feed.counts.gaps) == (2, 0)


def test_a_gap_makes_every_book_of_the_subscription_stale_until_its_snapshot():
    feed = fed(
        subscribed(),
        snapshot(1, "A", **TWO_SIDED),
        snapshot(2, "B", **TWO_SIDED),
        delta(4, "0.4700", "1.00", ticker="A"),
    )
    assert feed.counts.gaps == 1
    assert feed.gapped == {"A", "B"}
    assert not feed.books["B"].is_valid
    assert feed.apply(delta(5, "0.4700", "1.00", ticker="B")) is None
    feed.apply(snapshot(6, "B", yes=[("0.4000", "1.00")]))
    feed.apply(delta(7, "0.4000", "1.00", ticker="B"))
    assert feed.books["B"].bid_size == 200
    assert feed.gapped == {"A"}


def test_a_gap_on_another_subscription_leaves_the_books_alone():
    feed = fed(
        subscribed(),
        snapshot(1, **TWO_SIDED),
        encode(
            "trade",
            2,
            5,
            {"trade_id": "t", "market_ticker": "A", "yes_price_dollars": "0.5", "count_fp": "1"},
        ),
        encode(
            "trade",
            2,
            9,
            {"trade_id": "u", "market_ticker": "A", "yes_price_dollars": "0.5", "count_fp": "1"},
        ),
    )
    assert feed.counts.gaps == 1
    assert feed.books["A"].is_valid


def test_ok_frames_take_a_number_of_their_subscription():
    feed = fed(
        subscribed(),
        snapshot(1, **TWO_SIDED),
        encode("ok", 1, 2, {"market_tickers": ["A", "B"]}, id=4),
        snapshot(3, "B"),
    )
    assert feed.counts.gaps == 0


def test_numbers_begin_again_after_subscribed():
    feed = fed(
        subscribed(),
        *[snapshot(1, **TWO_SIDED), delta(2, "0.4700", "1.00"), delta(3, "0.4700", "1.00")],
        subscribed(),
        snapshot(1, "B", **TWO_SIDED),
        delta(2, "0.4700", "1.00", ticker="B"),
    )
    assert feed.counts.gaps == 0
    assert feed.books["B"].bid_size == 450
    assert not feed.gapped


def test_a_missing_first_frame_after_subscribed_is_a_gap():
    assert fed(subscribed(), snapshot(2, **TWO_SIDED)).counts.gaps == 1


def test_subscribing_to_an_open_channel_lets_the_numbers_go_on():
    feed = fed(subscribed(), snapshot(1, **TWO_SIDED), subscribed(), delta(2, "0.4700", "1.00"))
    assert feed.counts.gaps == 0
    assert feed.books["A"].bid_size == 450


def test_a_recording_may_begin_in_the_middle():
    assert fed(snapshot(4711, **TWO_SIDED), delta(4712, "0.4700", "1.00")).counts.gaps == 0


def test_a_lower_number_is_a_reset_and_not_trusted():
    feed = fed(subscribed(), *[snapshot(seq, **TWO_SIDED) for seq in range(1, 9)])
    feed.apply(delta(2, "0.4700", "1.00"))
    assert feed.counts.gaps == 1
    assert not feed.books["A"].is_valid


@pytest.mark.parametrize(
    "bad",
    [
        b"",
        b"not json",
        b"[]",
        b'{"sid":1}',
        b'{"type":7}',
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b'{"type":"orderbook_delta","sid":1,"seq":2}',
        b'{"type":"orderbook_delta","sid":"one","seq":2,"msg":{}}',
    ],
)
def test_a_frame_that_can_not_be_read_is_counted_and_named_and_skipped(bad):
    feed = fed(subscribed(), snapshot(1, **TWO_SIDED), bad, delta(2, "0.4700", "1.00"))
    assert feed.counts.unreadable == 1
    assert feed.counts.problems[0].startswith("frame 3: ")
    assert feed.books["A"].bid_size == 450


@pytest.mark.parametrize(
    "frame",
    [
        delta(2, "1.5000", "1.00"),
        delta(2, "-0.1000", "1.00"),
        delta(2, "cheap", "1.00"),
        delta(2, "0.47001", "1.00"),
        delta(2, "0.4700", "1e3"),
        delta(2, "0.4700", "1.00", "maybe"),
        snapshot(2, yes=[("2.0000", "1.00")]),
    ],
)
def test_the_sequence_does_not_move_on_past_a_payload_that_makes_no_sense(frame):
    feed = fed(subscribed(), snapshot(1, **TWO_SIDED), frame)
    assert feed.counts.unreadable == 1
    assert feed.counts.gaps == 0
    feed.apply(delta(3, "0.4700", "1.00"))
    assert feed.counts.gaps == 1
    assert feed.gapped == {"A"}


def test_unknown_types_are_counted_by_name_and_their_numbers_kept():
    feed = fed(
        subscribed(),
        snapshot(1, **TWO_SIDED),
        encode("rfq_created", 1, 2, {"rfq": 1}),
        delta(3, "0.4700", "1.00"),
    )
    assert feed.counts.unknown_types == {"rfq_created": 1}
    assert (feed.counts.unreadable, feed.counts.gaps) == (0, 0)


def test_error_frames_are_counted():
    feed = fed(encode("error", msg={"code": 8, "msg": "Unknown channel name"}, id=1))
    assert feed.counts.errors == 1


def test_a_delta_without_a_book_changes_nothing():
    feed = fed(subscribed(), delta(1, "0.4700", "1.00", ticker="NEVER"))
    assert feed.books == {}
    assert feed.counts.without_book == 1


STEPS = st.lists(
    st.tuples(
        st.integers(1, 999),
        st.sampled_from(["yes", "no"]),
        st.integers(-500, 900).filter(bool),
    ),
    max_size=60,
)


@given(STEPS, st.booleans())
def test_books_agree_with_a_dictionary_of_decimals(steps, yes_prices):
    feed = fed(subscribed(), snapshot(1), yes_prices=yes_prices)
    sides = {"yes": {}, "no": {}}
    seq = 1
    for mills, side, change in steps:
        price = Decimal(mills) / 1000
        size = sides[side].get(price, Decimal(0)) + Decimal(change) / 100
        if size < 0:
            continue
        seq += 1
        feed.apply(delta(seq, f"{price:.4f}", f"{Decimal(change) / 100:.2f}", side))
        sides[side][price] = size
    book = feed.books["A"]
    bids = {price: size for price, size in sides["yes"].items() if size}
    asks = {
        (price if yes_prices else 1 - price): size for price, size in sides["no"].items() if size
    }
    shown = [
        [(format_price(price), format_count(size)) for price, size in book.levels(side)]
        for side in (BookSide.BID, BookSide.ASK)
    ]
    assert shown[0] == [(f"{p:.4f}", f"{s:.2f}") for p, s in sorted(bids.items(), reverse=True)]
    assert shown[1] == [(f"{p:.4f}", f"{s:.2f}") for p, s in sorted(asks.items())]


@given(st.binary(max_size=200))
def test_no_bytes_can_raise(data):
    fed(subscribed(), data, json.dumps({"type": "ticker", "msg": None}).encode())
