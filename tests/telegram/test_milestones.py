"""Milestones: each once, deposits are none, and a new day begins anew."""

from __future__ import annotations

from kalshi_desk.core.types import Money
from kalshi_desk.telegram.milestones import DayStep, High, Standing, Told, exchange_day, judge

START = 10_000_000_000
DAY_NS = 86_400_000_000_000
NOON_NS = 1_790_006_400_000_000_000


def stand(
    equity: int | None, pnl: int | None = None, *, outside: int = 0, day: int = 0, fall: float = 0
) -> Standing:
    return Standing(
        at_ns=NOON_NS + day * DAY_NS,
        equity=None if equity is None else Money(equity),
        day_pnl=None if pnl is None else Money(pnl),
        outside=Money(outside),
        drawdown=fall,
    )


def test_the_first_look_tells_nothing_and_an_unknown_equity_neither() -> None:
    told, found = judge(Told(), stand(None))
    assert (told, found) == (Told(), [])
    told, found = judge(told, stand(START, 0))
    assert found == []
    assert told.high == START


def test_a_high_is_told_at_each_per_cent_and_never_twice() -> None:
    told, _ = judge(Told(), stand(START))
    told, found = judge(told, stand(START * 1_009 // 1_000))
    assert found == []
    told, found = judge(told, stand(START * 101 // 100))
    assert found == [High(Money(START), Money(START * 101 // 100))]
    told, found = judge(told, stand(START))
    assert found == []
    _, found = judge(told, stand(START * 101 // 100))
    assert found == []


def test_a_first_look_below_the_highest_waits_for_a_real_high() -> None:
    told, _ = judge(Told(), stand(START, fall=0.2))
    assert told.high == START * 5 // 4
    _, found = judge(told, stand(START * 6 // 5))
    assert found == []


def test_a_deposit_is_no_milestone() -> None:
    told, _ = judge(Told(), stand(START, 0))
    told, found = judge(told, stand(START * 2, 0, outside=START))
    assert found == []
    _, found = judge(told, stand(START * 2 + START // 50, START // 50, outside=START))
    assert [type(one) for one in found] == [High, DayStep]


def test_steps_of_the_day_go_both_ways_each_once() -> None:
    told, _ = judge(Told(), stand(START, 0))
    cent = START // 100
    seen: list[int] = []
    for steps in (0.5, 1.2, 1.9, 0.9, 1.5, 3.1, -0.99, -1.0, -2.5, -1.5, 3.9, 4.0):
        pnl = round(cent * steps)
        told, found = judge(told, stand(START + pnl, pnl))
        seen += [one.steps for one in found if isinstance(one, DayStep)]
    assert seen == [1, 3, -1, -2, 4]


def test_a_new_day_begins_when_both_the_date_and_the_opening_changed() -> None:
    told, _ = judge(Told(), stand(START, 0))
    gain = START // 50
    told, found = judge(told, stand(START + gain, gain))
    assert DayStep(2, Money(gain)) in found
    told, found = judge(told, stand(START + gain, gain, day=1))
    assert found == [], "the desk has not opened its day yet"
    told, found = judge(told, stand(START + gain, 0, day=1))
    assert found == []
    _, found = judge(told, stand(START + gain + START // 40, START // 40, day=1))
    assert [one.steps for one in found if isinstance(one, DayStep)] == [2]


def test_the_day_is_that_of_the_exchange() -> None:
    assert exchange_day(1_790_000_000_000_000_000) == "2026-09-21"
    assert exchange_day(1_790_040_000_000_000_000) == "2026-09-21", "late evening in New York"
