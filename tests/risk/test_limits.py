"""Each limit refuses alone with the number seen and allowed; a hedge and a reduction pass."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from kalshi_desk.core.reasons import ReasonCode
from kalshi_desk.core.records import OrderIntent
from kalshi_desk.core.types import BookSide, Count, Money, parse_count, parse_money, parse_price
from kalshi_desk.risk.exposure import Edges, Resting, Stake, edges_of, event_worst
from kalshi_desk.risk.gate import GateView, examine
from kalshi_desk.risk.limits import Limits, RiskView, part_of
from kalshi_desk.risk.tail import TailView
from tests.risk.test_gate import NOW, codes, intent, view

W = parse_money("10000")
MACHINE = "strategy:test"


def risky(**changes: object) -> GateView:
    """A view of ten thousand dollars in which one hundred contracts break no limit."""
    risk = RiskView(limits=Limits(), wealth=W, halt_day_loss=2.0, reduce_day_loss=3.0)
    risk = replace(replace(risk, halt_drawdown=20.0, data_age_ns=0), **changes)
    return replace(view(), cash=parse_money("10000"), risk=risk)


def order(count: str = "100", origin: str = "manual") -> OrderIntent:
    return intent(count=parse_count(count), origin=origin)


LOSES_400 = Edges(-parse_money("400"), 0)
ALONE = Limits(
    position_percent=100,
    event_percent=100,
    category_percent=100,
    theme_percent=100,
    shortfall_percent=100,
    stress_shortfall_percent=100,
    settlement_day_percent=100,
    total_percent=100,
)


@pytest.mark.parametrize(
    ("changes", "origin", "code", "seen", "needed"),
    [
        (
            {"limits": msgspec.structs.replace(ALONE, position_percent=4.0)},
            "manual",
            ReasonCode.POSITION_LIMIT,
            "$497.48",
            "$400.00",
        ),
        (
            {"limits": msgspec.structs.replace(ALONE, event_percent=4.0)},
            "manual",
            ReasonCode.EVENT_LIMIT,
            "$497.48",
            "$400.00",
        ),
        (
            {"theme_worst": parse_money("600")},
            "manual",
            ReasonCode.THEME_LIMIT,
            "$1,097.48",
            "$1,000.00",
        ),
        (
            {"tail": TailView(base=parse_money("600")), "total_worst": parse_money("700")},
            "manual",
            ReasonCode.SHORTFALL_LIMIT,
            "$1,097.48",
            "$1,000.00",
        ),
        (
            {"tail": TailView(stress=parse_money("1600")), "total_worst": parse_money("1700")},
            "manual",
            ReasonCode.SHORTFALL_LIMIT,
            "$2,097.48",
            "$2,000.00",
        ),
        (
            {"category_worst": parse_money("1600")},
            "manual",
            ReasonCode.CATEGORY_LIMIT,
            "$2,097.48",
            "$2,000.00",
        ),
        (
            {"day_worst": parse_money("2100")},
            "manual",
            ReasonCode.DAY_LIMIT,
            "$2,597.48",
            "$2,500.00",
        ),
        (
            {"total_worst": parse_money("4600")},
            "manual",
            ReasonCode.TOTAL_LIMIT,
            "$5,097.48",
            "$5,000.00",
        ),
    ],
)
def test_each_worst_loss_has_its_limit(
    changes: dict[str, object], origin: str, code: ReasonCode, seen: str, needed: str
) -> None:
    wide = Limits(position_percent=100, event_percent=100)
    (reason,) = examine(order("1000", origin), risky(**{"limits": wide, **changes}))
    assert (reason.code, reason.seen, reason.needed) == (code, seen, needed)


@pytest.mark.parametrize(
    ("changes", "code", "seen", "needed"),
    [
        ({"day_loss": 2.0}, ReasonCode.DAILY_LOSS, "2.00%", "2.00%"),
        ({"drawdown": 20.5}, ReasonCode.DRAWDOWN, "20.50%", "20.00%"),
        ({"open_elsewhere": 10}, ReasonCode.OPEN_POSITIONS, "11", "10"),
        ({"resting": 50}, ReasonCode.RESTING_ORDERS, "50", "50"),
    ],
)
def test_limits_of_what_may_be_lost_hold_persons_and_machines(
    changes: dict[str, object], code: ReasonCode, seen: str, needed: str
) -> None:
    for origin in ("manual", MACHINE):
        (reason,) = examine(order(origin=origin), risky(**changes))
        assert (reason.code, reason.seen, reason.needed) == (code, seen, needed)


@pytest.mark.parametrize(
    ("changes", "count", "code", "seen", "needed"),
    [
        ({}, "210", ReasonCode.ORDER_NOTIONAL, "$104.47", "$100.00"),
        (
            {"members": {"M": Edges(-parse_money("190"), 0)}},
            "100",
            ReasonCode.MARKET_LIMIT,
            "$239.75",
            "$200.00",
        ),
        (
            {"kin": ((Money(300), 0.9), (Money(100), 0.3))},
            "1",
            ReasonCode.CORRELATION,
            "0.75",
            "0.70",
        ),
        ({"messages": 60}, "1", ReasonCode.ORDER_RATE, "60", "60"),
        ({"data_age_ns": 5_100_000_000}, "1", ReasonCode.STALE_BOOK, "5.1 s", "5 s"),
        ({"book_why": "a gap"}, "1", ReasonCode.STALE_BOOK, "a gap", ""),
        ({"differs": "positions differ"}, "1", ReasonCode.RECONCILING, "positions differ", ""),
    ],
)
def test_limits_of_machines_hold_no_person(
    changes: dict[str, object], count: str, code: ReasonCode, seen: str, needed: str
) -> None:
    (reason,) = examine(order(count, MACHINE), risky(**changes))
    assert (reason.code, reason.seen, reason.needed) == (code, seen, needed)
    assert codes(order(count), risky(**changes)) == []


def test_a_machine_does_not_enter_near_the_close() -> None:
    seen = risky()
    assert seen.market is not None
    closing = msgspec.structs.replace(seen.market, close_ns=NOW + 299 * 1_000_000_000)
    (reason,) = examine(order("1", MACHINE), replace(seen, market=closing))
    assert (reason.code, reason.seen, reason.needed) == (ReasonCode.NEAR_CLOSE, "299 s", "300 s")
    later = msgspec.structs.replace(closing, close_ns=NOW + 300 * 1_000_000_000)
    assert codes(order("1", MACHINE), replace(seen, market=later)) == []


def test_a_theme_that_moves_with_the_risk_held_must_stay_small() -> None:
    """Above .6 on average a theme may lose 5 per cent of W; up to .6 what any theme may."""
    kin = {"kin": ((Money(300), 0.65),), "theme": "KXRAIN", "theme_worst": parse_money("460")}
    (reason,) = examine(order("100", MACHINE), risky(**kin))
    assert reason.code is ReasonCode.CORRELATION
    assert (reason.seen, reason.needed) == ("0.65, $509.75", "0.60, $500.00")
    assert "KXRAIN" in reason.text
    assert codes(order("100"), risky(**kin)) == [], "it holds machines only"
    small = {**kin, "theme_worst": parse_money("440")}
    assert codes(order("100", MACHINE), risky(**small)) == []
    prior = {**kin, "kin": ((Money(100), 0.6), (Money(301), 0.6), (Money(7), 0.6))}
    assert codes(order("100", MACHINE), risky(**prior)) == []


def test_a_shortfall_counts_what_came_since_and_never_more_than_the_worst_of_all() -> None:
    loses = Edges(-parse_money("400"), parse_money("300"))
    seen = {
        "members": {"M": loses},
        "total_worst": parse_money("900"),
        "limits": ALONE,
    }
    known = TailView(base=parse_money("700"), elsewhere=parse_money("50"), was={"M": loses})
    bid = Resting("M", "", False, BookSide.BID, parse_price("0.48"), parse_count("100"), Money(0))
    after = risky(**seen, tail=known).risk.after(bid)
    assert after.shortfall == (parse_money("750"), parse_money("798"))
    assert after.stress_shortfall == (parse_money("50"), parse_money("98"))
    # All of the event is new since: it counts with its worst, and all is at most lost once.
    after = risky(**seen, tail=TailView(base=parse_money("700"))).risk.after(bid)
    assert after.shortfall == (parse_money("900"), parse_money("948"))


def test_a_hedge_of_the_same_event_raises_no_shortfall() -> None:
    held = {"N": Edges(-parse_money("100"), parse_money("900"))}
    view_ = risky(
        members=held,
        excludes=True,
        total_worst=parse_money("100"),
        tail=TailView(base=parse_money("100"), was=held, mean=Money(0)),
    )
    both = view_.risk.after(
        Resting("M", "", False, BookSide.ASK, parse_price("0.98"), parse_count("100"), Money(0))
    )
    before, after = both.shortfall
    assert before == parse_money("100")
    assert after <= parse_money("102"), "NO for two cents of the other market"


def test_a_reduction_passes_every_limit() -> None:
    seen = risky(
        members={"M": Edges(-parse_money("9000"), 0)},
        total_worst=parse_money("9000"),
        theme="T",
        theme_worst=parse_money("9000"),
        tail=TailView(base=parse_money("9000"), stress=parse_money("9000")),
        kin=((Money(300), 0.65),),
        category_worst=parse_money("9000"),
        day_worst=parse_money("9000"),
        day_loss=50.0,
        drawdown=60.0,
        messages=999,
        resting=999,
        open_elsewhere=99,
        book_why="gap",
        differs="x",
    )
    sale = intent(side=BookSide.ASK, price=parse_price("0.47"), origin=MACHINE)
    assert codes(sale, replace(seen, position=parse_count("10"))) == []


def test_the_ten_per_cent_of_a_position_and_the_stricter_wins() -> None:
    """With everything else wide open the position alone may lose 10 per cent of W."""
    wide = msgspec.structs.replace(ALONE, position_percent=10.0)
    assert codes(order("2010"), risky(limits=wide)) == []
    assert codes(order("2011"), risky(limits=wide)) == [ReasonCode.POSITION_LIMIT]
    assert codes(order("2011"), risky()) == [
        ReasonCode.POSITION_LIMIT,
        ReasonCode.EVENT_LIMIT,
        ReasonCode.THEME_LIMIT,
        ReasonCode.SHORTFALL_LIMIT,
    ]


def test_a_hedge_passes_a_limit_that_is_exceeded_already() -> None:
    held = {"N": Edges(0, -parse_money("900"))}
    seen = risky(members=held, excludes=True)
    hedge = intent(side=BookSide.ASK, price=parse_price("0.47"), count=parse_count("100"))
    assert codes(hedge, seen) == [], "NO here loses only where the other market pays nothing"
    worse = risky(members={"M": Edges(-parse_money("900"), 0)}, excludes=True)
    assert codes(order("100"), worse) == [ReasonCode.EVENT_LIMIT]


def test_w_is_the_smaller_of_equity_and_bankroll() -> None:
    assert Limits().wealth(W) == W
    assert Limits(bankroll_dollars=500).wealth(W) == parse_money("500")
    assert Limits(bankroll_dollars=50_000).wealth(W) == W
    assert Limits().wealth(Money(-5)) == 0
    assert Limits().wealth(None) is None
    assert part_of(W, 0.25) == parse_money("25")


def bought(ticker: str, count: str, cost: str) -> Stake:
    return Stake(ticker, "E", True, parse_count(count), parse_money(cost))


def test_the_worst_of_an_event_is_that_of_its_worst_outcome() -> None:
    """o06: NO in three markets for 221.1237 dollars loses 21.1237, not all of it."""
    cost = {"A": "66.5925", "B": "73.4112", "C": "81.1200"}
    edges = {name: edges_of(bought(name, "-100", paid)) for name, paid in cost.items()}
    assert event_worst(edges, excludes=True) == -parse_money("21.1237")
    assert event_worst(edges, excludes=False) == -parse_money("221.1237")


def test_an_event_with_both_sides_is_enumerated() -> None:
    """o06: long A and B, NO on C: everything is lost when C wins, and not more."""
    held = [("A", "100", "41.6800"), ("B", "50", "15.7350"), ("C", "-80", "57.1760")]
    edges = {name: edges_of(bought(name, count, paid)) for name, count, paid in held}
    assert event_worst(edges, excludes=True) == -parse_money("114.5910")


def test_a_nested_ladder_counts_what_can_happen_together() -> None:
    """YES above 50 and NO above 60 can't both lose; YES above 60 and NO above 50 can."""
    states = (frozenset[str](), frozenset({"50"}), frozenset({"50", "60"}))
    safe = {"50": edges_of(bought("50", "100", "60")), "60": edges_of(bought("60", "-100", "60"))}
    assert event_worst(safe, excludes=False, states=states) == -parse_money("20")
    assert event_worst(safe, excludes=False) == -parse_money("120")
    risky_pair = {
        "50": edges_of(bought("50", "-100", "40")),
        "60": edges_of(bought("60", "100", "40")),
    }
    assert event_worst(risky_pair, excludes=False, states=states) == -parse_money("80")


def test_an_order_is_no_hedge_before_it_has_filled() -> None:
    members = {"N": LOSES_400}
    seen = RiskView(limits=Limits(), wealth=W, members=members, excludes=True)
    bid = Resting("M", "E", True, BookSide.BID, parse_price("0.10"), Count(100_000), Money(0))
    after = seen.after(bid)
    assert after.event == (parse_money("400"), parse_money("500"))
    assert after.market == (0, parse_money("100"))
