"""Positions against a third, small ledger that knows only cash and contracts."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from kalshi_desk.core.records import Fill, Settlement
from kalshi_desk.core.types import PRICE_ONE, BookSide, Count, Money, Price
from kalshi_desk.portfolio.positions import Positions

TRADES = st.lists(
    st.tuples(
        st.sampled_from(list(BookSide)),
        st.integers(1, 9_999),
        st.integers(1, 5_000),
        st.integers(0, 20_000),
    ),
    min_size=1,
    max_size=25,
)


def fills_of(trades: list[tuple[BookSide, int, int, int]]) -> list[Fill]:
    return [
        Fill(
            trade_id=f"t{index}",
            order_id=f"o{index}",
            ticker="M",
            side=side,
            price=Price(price),
            count=Count(count),
            fee=Money(fee),
            is_taker=True,
            executed_ns=index,
        )
        for index, (side, price, count, fee) in enumerate(trades)
    ]


class PlainLedger:
    """YES and NO held apart; a pair is worth a dollar at once.  Fractions, no averages."""

    def __init__(self) -> None:
        self.cash = Fraction(0)
        self.yes = 0
        self.no = 0

    def trade(self, fill: Fill) -> None:
        if fill.side is BookSide.BID:
            self.cash -= Fraction(fill.price * fill.count)
            self.yes += fill.count
        else:
            self.cash -= Fraction((PRICE_ONE - fill.price) * fill.count)
            self.no += fill.count
        self.cash -= fill.fee
        pairs = min(self.yes, self.no)
        self.yes, self.no = self.yes - pairs, self.no - pairs
        self.cash += pairs * PRICE_ONE

    def worth(self, value: int) -> Fraction:
        return self.cash + self.yes * value + self.no * (PRICE_ONE - value)


@given(TRADES, st.sampled_from([0, PRICE_ONE, 3_300]))
def test_cash_positions_and_pnl_agree_with_the_plain_ledger(
    trades: list[tuple[BookSide, int, int, int]], value: int
) -> None:
    positions, plain, cash = Positions(), PlainLedger(), 0
    for fill in fills_of(trades):
        moved = positions.book_fill(fill)
        assert moved is not None
        cash += moved
        plain.trade(fill)
        held = positions.get("M")
        assert held.count == plain.yes - plain.no
        assert cash == plain.cash
        assert held.cost >= 0
        assert cash + held.cost == held.realized - held.fees
    owed = positions.get("M").payout(Price(value))
    payout = positions.book_settlement(paid(owed, value))
    assert payout == owed
    assert cash + payout == plain.worth(value)
    held = positions.get("M")
    assert held.count == 0
    assert held.realized - held.fees == plain.worth(value)


def paid(revenue: int, value: int = PRICE_ONE) -> Settlement:
    return Settlement(
        ticker="M", result="x", value=Price(value), revenue=Money(revenue), settled_ns=9
    )


def test_what_the_exchange_paid_is_booked_not_what_its_rounded_value_comes_to() -> None:
    positions = Positions()
    for fill in fills_of([(BookSide.BID, 4_000, 1_000, 0)]):
        positions.book_fill(fill)
    assert positions.book_settlement(paid(4_560_000, 4_500)) == 4_560_000
    assert positions.get("M").realized == 4_560_000 - 4_000_000


def test_whole_cents_of_the_exchange_do_not_round_a_payout_of_hundredths() -> None:
    positions = Positions()
    for fill in fills_of([(BookSide.BID, 4_000, 1, 0)]):
        positions.book_fill(fill)
    owed = positions.get("M").payout(Price(3_333))
    assert owed % 10_000
    assert positions.book_settlement(paid(owed // 10_000 * 10_000, 3_333)) == owed


@given(TRADES, st.integers(0, 5), st.integers(0, 10**9))
def test_fills_told_after_the_payout_end_where_fills_told_before_it_do(
    trades: list[tuple[BookSide, int, int, int]], told: int, revenue: int
) -> None:
    before, after = Positions(), Positions()
    fills = fills_of(trades)
    for fill in fills:
        before.book_fill(fill)
    before.book_settlement(paid(revenue))
    cash = sum(after.book_fill(fill) or 0 for fill in fills[:told])
    cash += after.book_settlement(paid(revenue)) or 0
    cash += sum(after.book_fill(fill) or 0 for fill in fills[told:])
    if told < len(fills):
        assert after.book_settlement(paid(revenue)) is None
    assert after.by_ticker == before.by_ticker
    assert cash == after.get("M").realized - after.get("M").fees


@given(TRADES, st.randoms(use_true_random=False))
def test_every_fill_counts_once_however_often_it_is_told(
    trades: list[tuple[BookSide, int, int, int]], rng: object
) -> None:
    once, often = Positions(), Positions()
    for fill in fills_of(trades):
        once.book_fill(fill)
        often.book_fill(fill)
        for earlier in fills_of(trades)[: fill.executed_ns + 1]:
            assert often.book_fill(earlier) is None
    assert once.by_ticker == often.by_ticker


def test_closing_part_removes_its_share_of_the_cost_rounded_down() -> None:
    positions = Positions()
    rows = [(BookSide.BID, 3_333, 3, 0), (BookSide.BID, 3_334, 4, 0), (BookSide.ASK, 5_000, 2, 0)]
    for fill in fills_of(rows):
        positions.book_fill(fill)
    held = positions.get("M")
    paid = 3 * 3_333 + 4 * 3_334
    removed = paid * 2 // 7
    assert held.cost == paid - removed
    assert held.realized == 2 * 5_000 - removed
