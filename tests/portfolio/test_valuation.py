"""Leaving a position: walked through the depth and after fees, or not priced at all."""

from __future__ import annotations

import pytest

from kalshi_desk.core.book import OrderBook
from kalshi_desk.core.fees import FeeRule
from kalshi_desk.core.records import Balance
from kalshi_desk.core.types import BookSide, Count, Money, parse_count, parse_money, parse_price
from kalshi_desk.portfolio.cash import SETTLE_NS, CashLedger, Purse
from kalshi_desk.portfolio.valuation import close_at, exit_now, walk

RULE = FeeRule()


def book_of(bids: dict[str, str], asks: dict[str, str]) -> OrderBook:
    book = OrderBook()
    for price, size in bids.items():
        book.set_level(BookSide.BID, parse_price(price), parse_count(size))
    for price, size in asks.items():
        book.set_level(BookSide.ASK, parse_price(price), parse_count(size))
    book.is_valid = True
    return book


SKETCH = book_of({"0.47": "412", "0.46": "980", "0.45": "150"}, {"0.48": "310", "0.49": "890"})


@pytest.mark.parametrize(
    ("price", "pnl"),
    [
        ("0.50", "4.56"),
        ("0.49", "3.36"),
        ("0.48", "2.16"),
        ("0.47", "-1.1325"),
        ("0.46", "-2.3266"),
        ("0.45", "-3.519"),
    ],
)
def test_close_pnl_of_the_ladder_in_the_look_and_feel(price: str, pnl: str) -> None:
    """120 YES at 46.2 cents: makers are free, takers pay 0.07 p (1 - p)."""
    cost = Money(parse_price("0.462") * parse_count("120"))
    found = close_at(SKETCH, parse_count("120"), cost, parse_price(price), RULE)
    assert found == parse_money(pnl)


def test_no_positions_leave_through_the_offers() -> None:
    found = exit_now(SKETCH, Count(-parse_count("400")), RULE)
    assert found is not None
    gross = 310 * (1 - 0.48) + 90 * (1 - 0.49)
    assert found.value == parse_money(f"{gross:.6f}")
    assert found.limit == parse_price("0.49")
    assert found.net == found.value - found.fee


def test_what_the_book_can_not_take_has_no_price() -> None:
    assert exit_now(SKETCH, parse_count("1542.01"), RULE) is None
    assert exit_now(SKETCH, parse_count("1"), FeeRule(fee_type="flat")) is None
    stale = book_of({"0.47": "10"}, {})
    stale.is_valid = False
    assert exit_now(stale, parse_count("1"), RULE) is None


def test_a_walk_stops_at_its_limit_and_averages_by_size() -> None:
    found = walk(SKETCH, BookSide.BID, parse_count("400"), RULE, limit=parse_price("0.48"))
    assert (found.count, found.average) == (parse_count("310"), parse_price("0.48"))
    deep = walk(SKETCH, BookSide.BID, parse_count("400"), RULE)
    assert deep.count == parse_count("400")
    assert deep.average == parse_price("0.4823")


def test_cash_follows_the_exchange_only_when_a_difference_holds_still() -> None:
    ledger = CashLedger()
    assert ledger.state(Money(1_000_000), 0) is None
    ledger.move(Money(-300), 1)
    assert ledger.state(Money(1_000_000), 2) is None
    assert ledger.is_doubtful
    ledger.move(Money(-200), SETTLE_NS)
    assert ledger.state(Money(999_700), SETTLE_NS + 1) is None
    assert ledger.cash == 999_500
    assert ledger.state(Money(999_700), 2 * SETTLE_NS + 2) == 200
    assert ledger.cash == 999_700
    assert not ledger.is_doubtful


def stated(total: int, **shards: int) -> Balance:
    split = {int(name[1:]): Money(cash) for name, cash in shards.items()}
    return Balance(cash=Money(total), by_shard=split)


def test_cash_counts_on_the_shard_it_lies_on() -> None:
    purse = Purse()
    assert (purse.cash, purse.on_shard(0)) == (None, None)
    assert purse.state(stated(900, s0=600, s2=300), 0) is None
    purse.move(Money(-100), 2, 1)
    assert [purse.on_shard(shard) for shard in (0, 1, 2)] == [600, 0, 200]
    assert purse.cash == 800
    purse.move(Money(50), 3, 2)
    assert purse.on_shard(3) == 50


def test_money_that_went_to_another_shard_is_followed_without_a_difference() -> None:
    purse = Purse()
    purse.state(stated(900, s0=900), 0)
    assert purse.state(stated(900, s0=600, s2=300), SETTLE_NS) is None
    assert purse.is_doubtful
    assert purse.state(stated(900, s0=600, s2=300), 3 * SETTLE_NS) == 0
    assert [purse.on_shard(shard) for shard in (0, 2)] == [600, 300]


def test_a_balance_without_its_split_counts_everywhere() -> None:
    purse = Purse()
    purse.state(stated(900), 0)
    purse.move(Money(-100), 2, 1)
    assert [purse.on_shard(shard) for shard in (0, 2)] == [800, 800]
    assert purse.state(stated(800, s0=500, s2=300), 2) is None
    assert purse.on_shard(2) == 300


def test_ones_own_resting_order_is_no_way_out() -> None:
    book = book_of({"0.82": "3634.94", "0.74": "900"}, {"0.84": "10"})
    held = parse_count("500")
    alone = {parse_price("0.82"): parse_count("3634.94")}
    among = {parse_price("0.82"): parse_count("3500")}
    found = exit_now(book, held, RULE, own=alone)
    assert found is not None
    assert (found.value, found.limit) == (parse_money("370"), parse_price("0.74"))
    part = exit_now(book, held, RULE, own=among)
    assert part is not None
    assert part.value == parse_money("110.6508") + parse_money("270.1444")
    assert exit_now(book, parse_count("901"), RULE, own=alone) is None
    row = close_at(book, held, parse_money("410"), parse_price("0.82"), RULE, own=alone)
    assert row == found.net - parse_money("410")
