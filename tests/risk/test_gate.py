"""The gate: each check refuses on its own with the number seen; reductions pass."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from kalshi_desk.core.book import OrderBook
from kalshi_desk.core.fees import FeeRule
from kalshi_desk.core.reasons import Reason, ReasonCode
from kalshi_desk.core.records import Market, OrderIntent
from kalshi_desk.core.types import (
    BookSide,
    Count,
    MarketStatus,
    Money,
    Price,
    parse_count,
    parse_money,
    parse_price,
)
from kalshi_desk.risk.gate import GateView, examine
from kalshi_desk.risk.limits import Limits, RiskView

NOW = 10_000_000_000


def book() -> OrderBook:
    made = OrderBook()
    made.set_level(BookSide.BID, parse_price("0.47"), parse_count("100"))
    made.set_level(BookSide.ASK, parse_price("0.48"), parse_count("100"))
    made.is_valid = True
    return made


def view() -> GateView:
    return GateView(
        now_ns=NOW,
        cannot_send=None,
        halted_why="",
        market=Market(ticker="M"),
        book=book(),
        position=Count(0),
        resting_reducing=Count(0),
        cash=parse_money("100"),
        committed=Money(0),
        is_unresolved=False,
        recent=[],
        collar=parse_price("0.10"),
        max_count=parse_count("5000"),
        risk=RiskView(limits=Limits(), wealth=None, halt_day_loss=2.0, reduce_day_loss=3.0),
    )


def intent(**changes: object) -> OrderIntent:
    made = OrderIntent(
        client_order_id="c",
        ticker="M",
        side=BookSide.BID,
        price=parse_price("0.48"),
        count=parse_count("10"),
        created_ns=NOW,
    )
    return msgspec.structs.replace(made, **changes)


def codes(order: OrderIntent, seen: GateView) -> list[ReasonCode]:
    return [reason.code for reason in examine(order, seen)]


def test_a_good_order_passes() -> None:
    assert codes(intent(), view()) == []


@pytest.mark.parametrize(
    ("changes", "order", "code"),
    [
        (
            {"cannot_send": Reason(ReasonCode.NOT_CONNECTED, "no")},
            {},
            ReasonCode.NOT_CONNECTED,
        ),
        ({"halted_why": "panic"}, {}, ReasonCode.HALTED),
        ({"reducing_why": "order.status is missing"}, {}, ReasonCode.REDUCING),
        ({"market": None, "book": None}, {}, ReasonCode.UNKNOWN_MARKET),
        (
            {"market": Market(ticker="M", status=MarketStatus.INACTIVE)},
            {},
            ReasonCode.MARKET_NOT_ACTIVE,
        ),
        ({"market": Market(ticker="M", close_ns=NOW)}, {}, ReasonCode.MARKET_NOT_ACTIVE),
        ({}, {"price": Price(4_750)}, ReasonCode.OFF_GRID),
        ({}, {"count": Count(0)}, ReasonCode.BAD_SIZE),
        ({"cash": parse_money("10000")}, {"count": parse_count("5001")}, ReasonCode.BAD_SIZE),
        ({}, {"count": parse_count("207")}, ReasonCode.BALANCE),
        ({"cash": None}, {}, ReasonCode.RECONCILING),
        ({"market": Market(ticker="M", fee=FeeRule(fee_type="flat"))}, {}, ReasonCode.NO_FEE_RULE),
        ({}, {"price": parse_price("0.59")}, ReasonCode.COLLAR),
        ({"recent": [intent(created_ns=NOW - 1)]}, {}, ReasonCode.DUPLICATE),
        ({"is_unresolved": True}, {}, ReasonCode.UNRESOLVED),
    ],
)
def test_each_check_refuses_alone(
    changes: dict[str, object], order: dict[str, object], code: ReasonCode
) -> None:
    assert codes(intent(**order), replace(view(), **changes)) == [code]


@pytest.mark.parametrize(("price", "near"), [(4_750, "47¢ or 48¢"), (45, "1¢"), (9_950, "99¢")])
def test_the_nearest_prices_are_each_named_once(price: int, near: str) -> None:
    reason = next(
        one
        for one in examine(intent(price=Price(price)), view())
        if one.code is ReasonCode.OFF_GRID
    )
    assert reason.text.endswith(f"nearest: {near}.")


def test_every_failed_check_is_named() -> None:
    seen = replace(view(), halted_why="panic", is_unresolved=True)
    found = codes(intent(price=Price(5_955), count=parse_count("400")), seen)
    assert found == [
        ReasonCode.HALTED,
        ReasonCode.OFF_GRID,
        ReasonCode.BALANCE,
        ReasonCode.COLLAR,
        ReasonCode.UNRESOLVED,
    ]


def test_the_balance_counts_the_fee_and_what_rests() -> None:
    cost = parse_money("4.80") + parse_money("0.18")
    exact = replace(view(), cash=Money(cost))
    assert codes(intent(), exact) == []
    assert codes(intent(), replace(exact, committed=Money(1))) == [ReasonCode.BALANCE]


def test_cash_on_other_shards_is_named_but_does_not_help() -> None:
    poor = replace(view(), cash=Money(0), cash_everywhere=parse_money("100"))
    (reason,) = examine(intent(), poor)
    assert reason.code is ReasonCode.BALANCE
    assert "$100.00 more lie on other parts of the exchange than shard 0" in reason.text


def test_a_reduction_passes_when_halted_unresolved_and_out_of_cash() -> None:
    seen = replace(
        view(),
        halted_why="panic",
        is_unresolved=True,
        cash=Money(0),
        position=parse_count("10"),
    )
    sell = intent(side=BookSide.ASK, price=parse_price("0.47"))
    assert codes(sell, seen) == []
    assert codes(sell, replace(seen, resting_reducing=parse_count("1"))) == [
        ReasonCode.HALTED,
        ReasonCode.BALANCE,
        ReasonCode.UNRESOLVED,
    ]


def test_the_collar_is_one_sided() -> None:
    assert codes(intent(price=parse_price("0.01")), view()) == []
    assert codes(intent(price=parse_price("0.58")), view()) == []
    sell = intent(side=BookSide.ASK, price=parse_price("0.36"))
    assert codes(sell, view()) == [ReasonCode.COLLAR]


def test_a_duplicate_is_one_within_half_a_second() -> None:
    old = intent(created_ns=NOW - 500_000_000)
    assert codes(intent(), replace(view(), recent=[old])) == []
