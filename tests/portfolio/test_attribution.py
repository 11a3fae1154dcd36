"""The parts of the account sum to the account, and each one's P&L is its own."""

from __future__ import annotations

from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_desk.core.records import Fill, Settlement
from kalshi_desk.core.types import PRICE_ONE, BookSide, Count, Money, Price
from kalshi_desk.portfolio.attribution import Attribution
from kalshi_desk.portfolio.market_parts import part_of
from kalshi_desk.portfolio.parts import shared
from kalshi_desk.portfolio.positions import Positions

OWNERS = ["manual", "arbitrage", "volatility", "flatten", ""]
FILLS = st.lists(
    st.tuples(
        st.sampled_from("AB"),
        st.sampled_from(list(BookSide)),
        st.integers(1, 9_999),
        st.integers(1, 3_000),
        st.integers(0, 20_000),
        st.booleans(),
        st.sampled_from(OWNERS),
    ),
    min_size=1,
    max_size=30,
)
Row = tuple[str, BookSide, int, int, int, bool, str]


def fill_of(number: int, row: Row) -> Fill:
    ticker, side, price, count, fee, is_taker, owner = row
    return Fill(
        trade_id=f"t{number}",
        order_id=f"{owner}-{number}",
        ticker=ticker,
        side=side,
        price=Price(price),
        count=Count(count),
        fee=Money(fee),
        is_taker=is_taker,
        executed_ns=number + 1,
    )


def paid(ticker: str, value: int, revenue: int, at_ns: int = 99) -> Settlement:
    return Settlement(
        ticker=ticker, result="x", value=Price(value), revenue=Money(revenue), settled_ns=at_ns
    )


def check(parts: Attribution, positions: Positions) -> None:
    """Every scope sums to the account, and nobody holds what the account does not."""
    owners, roles = parts.by_owner().values(), parts.by_role().values()
    assert sum(p.gross for p in owners) + parts.averaging() == positions.realized()
    assert sum(p.gross for p in roles) == positions.realized()
    assert sum(p.fees for p in owners) == sum(p.fees for p in roles) == positions.fees()
    for ticker, held in positions.by_ticker.items():
        market = parts.by_ticker[ticker]
        whole = part_of(market)
        assert (whole.gross, whole.fees) == (held.realized, held.fees)
        assert (market.whole.count, market.whole.cost) == (held.count, held.cost)
        assert sum(o.count for o in market.owners.values()) == abs(held.count)
        assert sum(r.count for r in market.roles.values()) == abs(held.count)
        assert {n for n, o in market.owners.items() if o.count} == set(market.queue)
        assert len(set(market.queue)) == len(market.queue)
        own_cost = sum(o.cost for o in market.owners.values())
        # What pooling moves out of realised P&L is what it leaves in the cost held.
        assert market.averaging == held.cost - own_cost
        if not held.count:
            assert market.averaging == 0
        assert min(o.cost for o in market.owners.values()) >= 0


@given(FILLS, st.integers(0, 30), st.sampled_from([0, 3_333, PRICE_ONE]), st.integers(0, 10**8))
def test_every_scope_sums_to_the_account_after_every_booking(
    rows: list[Row], told: int, value: int, revenue: int
) -> None:
    parts, positions = Attribution(), Positions()
    for number, row in enumerate(rows):
        if number == told:
            settlement = paid("A", value, revenue)
            positions.book_settlement(settlement)
            parts.settle(settlement)
        fill = fill_of(number, row)
        assert positions.book_fill(fill) is not None
        parts.fill(fill, row[-1], None)
        check(parts, positions)
    for ticker in "AB":
        settlement = paid(ticker, value, positions.get(ticker).payout(Price(value)))
        positions.book_settlement(settlement)
        parts.settle(settlement)
        check(parts, positions)


@given(FILLS, st.integers(0, 30), st.data())
def test_a_fill_named_late_goes_to_its_owner_and_every_sum_still_holds(
    rows: list[Row], told: int, data: st.DataObject
) -> None:
    parts, positions, nameless = Attribution(), Positions(), list[Fill]()
    for number, row in enumerate(rows):
        fill = fill_of(number, row)
        if number == told:
            for one in (positions.book_settlement, parts.settle):
                one(paid("A", 4_000, 10**7))
        positions.book_fill(fill)
        parts.fill(fill, row[-1], None)
        if not row[-1]:
            nameless.append(fill)
        if nameless and data.draw(st.booleans()):
            before = parts.by_owner()
            named = nameless.pop(0)
            parts.rename(named, "arbitrage", None)
            after = parts.by_owner()
            assert after["foreign"].trades == before["foreign"].trades - 1
            assert after["foreign"].fees == before["foreign"].fees - named.fee
        check(parts, positions)


def test_a_strategys_fill_named_late_is_its_position_and_its_trip() -> None:
    late = fill_of(0, ("A", BUY, 4_000, 100, 1_000, True, ""))
    parts = book(("A", BUY, 4_000, 100, 1_000, True, ""))
    parts.rename(late, "arbitrage", None)
    closing = ("A", SELL, 5_000, 100, 2_000, True, "arbitrage")
    parts.fill(fill_of(1, closing), "arbitrage", None)
    sums = parts.by_owner()
    assert (sums["arbitrage"].gross, sums["arbitrage"].fees) == (100_000, 3_000)
    assert (sums["foreign"].gross, sums["foreign"].fees, sums["foreign"].trades) == (0, 0, 0)
    assert [trip.net for trip in parts.trips_of("arbitrage")] == [97_000]
    assert parts.trips_of("foreign") == []


@given(FILLS, st.integers(0, 10**8))
def test_fills_told_after_the_payout_leave_the_parts_of_fills_told_before_it(
    rows: list[Row], revenue: int
) -> None:
    before, after = Attribution(), Attribution()
    half = len(rows) // 2
    for number, row in enumerate(rows):
        if number == half:
            after.settle(paid("A", 5_000, revenue))
        before.fill(fill_of(number, row), row[-1], None)
        after.fill(fill_of(number, row), row[-1], None)
    for parts in (before, after):
        parts.settle(paid("A", 5_000, revenue))
    if "A" in before.by_ticker:
        assert after.by_ticker == before.by_ticker
    assert after.trips() == before.trips()


@given(FILLS)
def test_who_trades_alone_in_a_market_earns_what_the_account_does(rows: list[Row]) -> None:
    """With a market for each owner nothing is shared, so each has an account of its own."""
    parts = Attribution()
    alone: dict[str, Positions] = defaultdict(Positions)
    for number, row in enumerate(rows):
        owner = row[-1] or "foreign"
        fill = fill_of(number, (f"{row[0]}-{owner}", *row[1:]))
        parts.fill(fill, row[-1], None)
        alone[owner].book_fill(fill)
    sums = parts.by_owner()
    assert {name: (p.gross, p.fees) for name, p in sums.items()} == {
        name: (p.realized(), p.fees()) for name, p in alone.items()
    }
    assert parts.averaging() == 0


@given(FILLS, st.sampled_from([0, 4_321, PRICE_ONE]))
def test_round_trips_hold_all_of_the_profit_once_everything_is_paid(
    rows: list[Row], value: int
) -> None:
    parts, positions = Attribution(), Positions()
    for number, row in enumerate(rows):
        fill = fill_of(number, row)
        parts.fill(fill, row[-1], None)
        positions.book_fill(fill)
    for ticker in sorted(positions.by_ticker):
        settlement = paid(ticker, value, positions.get(ticker).payout(Price(value)))
        parts.settle(settlement)
        positions.book_settlement(settlement)
    net = positions.realized() - positions.fees()
    assert sum(trip.net for trip in parts.trips()) == net
    owned = [trip for name in parts.by_owner() for trip in parts.trips_of(name)]
    assert sum(trip.net for trip in owned) == net
    ends = [trip.ended_ns for trip in parts.trips()]
    assert ends == sorted(ends)


def book(*rows: Row) -> Attribution:
    parts = Attribution()
    for number, row in enumerate(rows):
        parts.fill(fill_of(number, row), row[-1], None)
    return parts


BUY, SELL = BookSide.BID, BookSide.ASK


def test_each_keeps_its_own_cost_while_the_account_pools_it() -> None:
    parts = book(
        ("A", BUY, 4_000, 1_000, 0, True, "arbitrage"),
        ("A", BUY, 6_000, 1_000, 0, True, "manual"),
        ("A", SELL, 5_000, 1_000, 0, True, "arbitrage"),
    )
    sums = parts.by_owner()
    assert sums["arbitrage"].gross == 1_000_000, "bought at 40, sold at 50"
    assert sums["manual"].gross == 0, "its contracts are still held"
    assert parts.averaging() == -1_000_000, "at the pooled cost of 50 the account made nothing"
    parts.fill(fill_of(3, ("A", SELL, 5_000, 1_000, 0, True, "manual")), "manual", None)
    assert parts.by_owner()["manual"].gross == -1_000_000
    assert parts.averaging() == 0


def test_a_sale_takes_its_own_contracts_first_then_the_earliest_holder() -> None:
    parts = book(
        ("A", BUY, 3_000, 500, 0, True, "arbitrage"),
        ("A", BUY, 5_000, 500, 0, True, "volatility"),
        ("A", BUY, 4_000, 200, 0, True, "manual"),
        ("A", SELL, 6_000, 800, 8_000, True, "manual"),
    )
    sums = parts.by_owner()
    assert sums["manual"].gross == 2_000 * 200
    assert sums["arbitrage"].gross == 3_000 * 500
    assert sums["volatility"].gross == 1_000 * 100
    assert (sums["manual"].fees, sums["arbitrage"].fees) == (8_000, 0)
    (trip,) = parts.trips_of("arbitrage")
    assert trip.net == 3_000 * 500 - 8_000 * 500 // 800, "its trip pays its part of that fee"


def test_by_role_closings_take_from_both_in_proportion() -> None:
    parts = book(
        ("A", BUY, 4_000, 300, 0, False, "manual"),
        ("A", BUY, 4_000, 100, 700, True, "manual"),
        ("A", SELL, 5_000, 200, 900, True, "manual"),
    )
    roles = parts.by_role()
    assert (roles[False].gross, roles[True].gross) == (1_000 * 150, 1_000 * 50)
    assert (roles[False].fees, roles[True].fees) == (0, 1_600)


def test_a_fill_through_zero_ends_one_trip_and_begins_the_next() -> None:
    parts = book(
        ("A", BUY, 4_000, 100, 1_000, True, "manual"),
        ("A", SELL, 5_000, 400, 8_000, True, "volatility"),
    )
    (trip,) = parts.trips()
    assert trip.net == 1_000 * 100 - 1_000 - 2_000
    assert parts.by_ticker["A"].queue == ["volatility"]
    assert parts.trips_of("manual") == [trip]
    assert parts.trips_of("volatility") == []


def test_a_payout_for_contracts_nobody_told_of_has_no_owner() -> None:
    parts, positions = book(("A", BUY, 4_000, 100, 0, True, "manual")), Positions()
    positions.book_fill(fill_of(0, ("A", BUY, 4_000, 100, 0, True, "manual")))
    closing = fill_of(1, ("A", SELL, 4_000, 100, 0, True, "manual"))
    parts.fill(closing, "manual", None)
    positions.book_fill(closing)
    settlement = paid("A", PRICE_ONE, 3_000_000)
    parts.settle(settlement)
    positions.book_settlement(settlement)
    check(parts, positions)
    assert parts.by_owner()["foreign"].gross == 3_000_000


@pytest.mark.parametrize("total", [0, 7, -7, 10**12 + 1])
def test_shares_are_exact(total: int) -> None:
    weights = [1, 2, 4]
    shares = shared(total, weights)
    assert sum(shares) == total
    assert all(abs(s - total * w / 7) <= 3 for s, w in zip(shares, weights, strict=True)), (
        "and fair to a few micro-dollars"
    )
