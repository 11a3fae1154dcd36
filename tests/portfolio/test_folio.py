"""Fees predicted as the exchange computes them, round trips summed up, and the record's bound."""

from __future__ import annotations

import pytest

from kalshi_desk.core.fees import FeeRule
from kalshi_desk.core.records import Fill
from kalshi_desk.core.types import BookSide, Count, Money, Price
from kalshi_desk.portfolio.fee_check import FeeCheck
from kalshi_desk.portfolio.folio import Folio, lower_bound, summarize
from kalshi_desk.portfolio.parts import Trip


def fill(
    number: int,
    *,
    order: str = "o",
    price: int = 550,
    count: int = 100,
    side: BookSide = BookSide.BID,
    is_taker: bool = True,
    ticker: str = "A",
) -> Fill:
    return Fill(
        trade_id=f"t{number}",
        order_id=order,
        ticker=ticker,
        side=side,
        price=Price(price),
        count=Count(count),
        fee=Money(0),
        is_taker=is_taker,
        executed_ns=number + 1,
    )


def test_one_contract_at_five_and_a_half_cents_costs_what_the_fee_page_says() -> None:
    found = FeeCheck().predict(fill(0), FeeRule())
    assert found is not None
    assert (found.direct, found.non_direct) == (3_700, 5_000)


def test_the_accumulator_belongs_to_the_order_and_outlives_a_restart() -> None:
    check = FeeCheck()
    first = [check.predict(fill(n, count=7, price=3_333), FeeRule()) for n in range(4)]
    other = FeeCheck()
    last = first[1]
    assert last is not None
    other.recall(last)
    assert [other.predict(fill(n, count=7, price=3_333), FeeRule()) for n in (2, 3)] == first[2:]
    fresh = FeeCheck().predict(fill(2, count=7, price=3_333), FeeRule())
    assert fresh is not None
    assert first[2] is not None
    assert fresh.non_direct_left != first[2].non_direct_left


def test_makers_waivers_and_unknown_formulas() -> None:
    check = FeeCheck()
    free = check.predict(fill(0, price=5_000, is_taker=False), FeeRule())
    assert free is not None
    assert (free.direct, free.non_direct) == (0, 0)
    waived = check.predict(fill(1, price=5_000), FeeRule(waived_until_ns=10))
    assert waived is not None
    assert waived.direct == 0
    assert check.predict(fill(2), FeeRule(fee_type="flat")) is None


def trips(*nets: int, ticker: str = "A") -> list[Trip]:
    return [Trip(f"{ticker}{n}", Money(net), n) for n, net in enumerate(nets)]


def test_the_win_rate_stands_beside_the_rate_that_breaks_even() -> None:
    found = summarize(trips(3_000_000, 1_000_000, -6_000_000, 0))
    assert (found.count, found.wins, found.rate) == (4, 2, pytest.approx(2 / 3))
    assert (found.average_win, found.average_loss) == (2_000_000, 6_000_000)
    assert found.break_even == pytest.approx(6 / 8)
    assert (found.best, found.worst) == (3_000_000, -6_000_000)


def test_rates_are_unknown_until_they_are_known() -> None:
    assert summarize([]).rate is None
    assert summarize([]).best is None
    only_even = summarize(trips(0, 0))
    assert (only_even.count, only_even.rate, only_even.best) == (2, None, 0)
    only_won = summarize(trips(5))
    assert (only_won.rate, only_won.break_even, only_won.average_loss) == (1.0, None, None)


def test_the_bound_of_the_record_is_that_of_student_with_errors_by_event() -> None:
    # Four independent trades 1, 2, 3, 6: mean 3, sd 2.160247, t(0.95, 3) = 2.353363.
    alone = lower_bound(trips(1, 2, 3, 6), lambda ticker: ticker)
    assert alone == pytest.approx(3 - 2.353363 * 2.160247 / 2, abs=1e-5)
    paired = lower_bound(trips(1, 2, 3, 6), lambda ticker: ticker[:1] + str(int(ticker[1]) // 2))
    assert paired is not None
    assert paired < alone, "two events say less than four"
    assert lower_bound(trips(1, 2, 3, 6), lambda ticker: "E") is None
    assert lower_bound([], lambda ticker: ticker) is None


def test_the_record_looks_at_the_last_hundred_and_again_after_a_booking() -> None:
    folio = Folio()

    def trade(number: int, gain: int) -> None:
        ticker = f"M{number}"
        for place, (side, price) in enumerate(
            ((BookSide.BID, 5_000), (BookSide.ASK, 5_000 + gain))
        ):
            made = fill(2 * number + place, side=side, price=price, ticker=ticker)
            folio.parts.fill(made, "arbitrage", None)

    trade(0, -4_000)
    for number in range(1, 101):
        trade(number, 100 + number % 2)
    bound = folio.record_bound("arbitrage", lambda ticker: ticker)
    assert bound is not None
    assert bound > 10_000 * 0.99, "the loss is a hundred and one trades ago"
    assert folio.trips().count == 101
    trade(101, -4_000)
    later = folio.record_bound("arbitrage", lambda ticker: ticker)
    assert later is not None
    assert later < bound
    assert folio.trips().worst == -400_000
    assert folio.record_bound("volatility", lambda ticker: ticker) is None
