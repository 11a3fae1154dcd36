"""What records prove about how markets settle together, and what they don't."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import Any

import msgspec
import pytest

from kalshi_desk.core.records import Market
from kalshi_desk.core.relations import Exclusive, Exhaustive, Implies, Measured
from kalshi_desk.core.rules import can_void
from kalshi_desk.core.strategy import RelationGroup
from kalshi_desk.core.types import Count, MarketStatus
from kalshi_desk.market.relations import RelationFinder, event_groups
from kalshi_desk.market.subjects import by_subject
from kalshi_desk.quant.states import admissible_states

EVENT = "KXHIGHXX-26JUL16"
RULES = "If the highest temperature recorded in the park on Jul 16, 2026 is {}, then Yes."


def market(code: str, kind: str, floor: str = "", cap: str = "", **fields: Any) -> Market:
    given = {
        "event_ticker": EVENT,
        "mutually_exclusive": True,
        "close_ns": 5,
        "expiration_ns": 9,
        "rules": RULES.format(f"{kind.replace('_', ' ')} {floor}-{cap}"),
        **fields,
    }
    return Market(
        ticker=f"{given['event_ticker']}-{code}",
        strike_type=kind,
        floor_strike=Decimal(floor) if floor else None,
        cap_strike=Decimal(cap) if cap else None,
        **given,
    )


def brackets(**fields: Any) -> list[Market]:
    """Return whole degrees in pairs, as daily temperatures are listed."""
    return [
        market("T84", "less", cap="84", **fields),
        market("B84.5", "between", "84", "85", **fields),
        market("B86.5", "between", "86", "87", **fields),
        market("T87", "greater", "87", **fields),
    ]


def only(markets: list[Market]) -> RelationGroup:
    (group,) = event_groups(markets)
    return group


def kinds(group: RelationGroup) -> set[type]:
    return {type(relation) for relation in group.relations}


def labels(group: RelationGroup) -> list[str]:
    states = admissible_states(group.markets, group.relations).states
    return [state.label.replace(f"{EVENT}-", "") for state in states]


def test_brackets_that_tile_are_a_partition() -> None:
    group = only(brackets())
    assert kinds(group) == {Exclusive, Measured, Exhaustive}
    assert labels(group) == ["T84", "B84.5", "B86.5", "T87"]
    assert "cover every value in steps of 1, so one of the 4 must win" in group.source
    assert not group.can_void


def test_cents_tile_as_the_exchange_writes_them() -> None:
    legs = [
        market("T52200", "less", cap="52200"),
        market("B52250", "between", "52200", "52299.99"),
        market("B52350", "between", "52300", "52399.99"),
        market("T52399.99", "greater", "52399.99"),
    ]
    assert labels(only(legs)) == ["T52200", "B52250", "B52350", "T52399.99"]


@pytest.mark.parametrize("missing", range(4))
def test_a_missing_bracket_leaves_values_uncovered(missing: int) -> None:
    legs = brackets()
    del legs[missing]
    group = only(legs)
    assert Exhaustive not in kinds(group)
    assert "none" in labels(group)


@pytest.mark.parametrize("status", [s for s in MarketStatus if s is not MarketStatus.ACTIVE])
def test_exhaustive_ends_with_the_first_leg_that_does_not_trade(status: MarketStatus) -> None:
    legs = brackets()
    legs[1] = msgspec.structs.replace(legs[1], status=status)
    group = only(legs)
    assert legs[1].ticker not in group.markets
    assert Exhaustive not in kinds(group)
    assert labels(group) == ["T84", "none", "B86.5", "T87"]
    assert "a leg no longer trades" in group.source


def test_wide_gaps_are_no_resolution() -> None:
    legs = [
        market("T0", "less", cap="0"),
        market("B5", "between", "0", "10"),
        market("B25", "between", "20", "30"),
        market("T30", "greater", "30"),
    ]
    assert "none" in labels(only(legs))


def test_the_ends_of_strikes_are_taken_as_written() -> None:
    strict = [market("T84", "less", cap="84"), market("T85", "greater", "84")]
    assert labels(only(strict)) == ["T84", "none", "T85"]
    closed = [market("T84", "less", cap="84"), market("T85", "greater_or_equal", "84")]
    assert labels(only(closed)) == ["T84", "T85"]
    other = [market("T84", "less_or_equal", cap="84"), market("T85", "greater", "84")]
    assert labels(only(other)) == ["T84", "T85"]


def test_a_flag_without_strikes_is_exclusive_and_no_more() -> None:
    group = only([market(code, "custom") for code in ("H0", "C25", "H25")])
    assert kinds(group) == {Exclusive}
    assert "none" in labels(group)
    assert "nothing proves" in group.source


def test_without_flag_and_strikes_nothing_is_known() -> None:
    assert event_groups([market(c, "custom", mutually_exclusive=False) for c in "AB"]) == ()
    structured = [market(c, "structured", "1", mutually_exclusive=False) for c in "AB"]
    assert event_groups(structured) == ()


def ladder(*strikes: str, **fields: Any) -> list[Market]:
    given = {"mutually_exclusive": False, **fields}
    return [market(f"T{strike}", "greater", strike, **given) for strike in strikes]


def test_thresholds_are_nested_by_strike_whatever_they_are_called() -> None:
    legs = ladder("9", "10", "2.5", subtitle="Above nothing")
    Random(7).shuffle(legs)
    group = only(legs)
    assert kinds(group) == {Measured}
    (measured,) = group.relations
    assert isinstance(measured, Measured)
    assert [region.low for region in measured.regions] == [Fraction(5, 2), 9, 10]
    assert labels(group) == ["none", "T2.5", "T2.5+T9", "T2.5+T9+T10"]


def test_thresholds_below_and_above_tile_in_pairs() -> None:
    legs = [*ladder("2", "3"), market("B2", "less_or_equal", cap="2", mutually_exclusive=False)]
    group = only(legs)
    assert labels(group) == ["B2", "T2", "T2+T3"]
    assert Exhaustive in kinds(group)


def test_other_windows_and_other_subjects_stay_apart() -> None:
    legs = ladder("1.5", "2.5")
    later = ladder("3.5", expiration_ns=10)
    assert only([*legs, *later]).markets == tuple(sorted(one.ticker for one in legs))
    words = "If {} records {}+ total bases on Aug 15, 2026 (within 2 days), then Yes."
    players = [
        market(
            f"{code}-{count}",
            "greater",
            f"{count - 1}.5",
            mutually_exclusive=False,
            rules=words.format(name, count),
        )
        for code, name in (("AB23", "Andrew B"), ("CD7", "Chris D"))
        for count in (2, 3, 4)
    ]
    groups = event_groups(players)
    assert [len(group.markets) for group in groups] == [3, 3]
    assert {len({name.split("-")[2] for name in group.markets}) for group in groups} == {1}
    assert [group.name for group in groups] == [f"{EVENT}/AB23", f"{EVENT}/CD7"]


def test_numbers_that_are_no_strike_tell_subjects_apart() -> None:
    words = "If more than {} points are scored in period {}, then Yes."
    legs = [
        market(f"T{strike}{period}", "greater", strike, rules=words.format(strike, period))
        for period in (1, 2)
        for strike in ("50.5", "60.5")
    ]
    assert [len(one) for one in by_subject(legs)] == [2, 2]
    millions = [
        market(f"T{n}", "greater", f"{n}500000", rules=f"If more than {n}.5 million, then Yes.")
        for n in (1, 2, 3)
    ]
    assert [len(one) for one in by_subject(millions)] == [3]


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ("If the game is cancelled the market will resolve to a fair price.", True),
        ("If scratched, the market will resolve to the fair market price.", True),
        ("The market settles at the last traded price before the death of the person.", True),
        ("If this game is postponed or delayed, the market stays open.", True),
        ("If the highest temperature is 84 to 85, then the market resolves to Yes.", False),
        ("", False),
    ],
)
def test_a_clause_for_another_settlement_is_noticed(rules: str, expected: bool) -> None:
    assert can_void(rules) is expected
    assert only(brackets(rules=rules or "x")).can_void is expected


def test_combos_and_markets_without_an_event_are_left_out() -> None:
    legs = [msgspec.structs.replace(leg, is_combo=True) for leg in brackets()]
    lone = [msgspec.structs.replace(leg, event_ticker="") for leg in brackets()]
    assert RelationFinder().groups([*legs, *lone]) == ()


def test_confirmed_implications_join_what_they_connect() -> None:
    legs = [market(code, "custom", mutually_exclusive=False) for code in "ABCDE"]
    a, b, c, d, e = (leg.ticker for leg in legs)
    asked = [(a, b), (b, c), (d, e), (a, "GONE"), (a, a)]
    finder = RelationFinder()
    first, second = finder.groups(legs, asked)
    assert set(first.markets) == {a, b, c}
    assert first.relations == (Implies(a, b), Implies(b, c))
    assert second.relations == (Implies(d, e),)
    assert "confirmed by you" in second.source
    # Taken back, or over: no longer there.
    assert len(finder.groups(legs, asked[:2])) == 1
    legs[0] = msgspec.structs.replace(legs[0], status=MarketStatus.DETERMINED)
    (left,) = finder.groups(legs, asked[:2])
    assert left.relations == (Implies(b, c),)
    assert finder.groups(legs, ()) == ()


def test_only_what_changed_is_derived_again() -> None:
    finder = RelationFinder()
    legs = brackets()
    other = brackets(event_ticker="KXHIGHXX-26JUL17")
    before = finder.groups([*legs, *other])
    # Volume says nothing about relations; neither does a listing with equal records.
    busier = [msgspec.structs.replace(leg, volume=Count(7)) for leg in legs]
    again = finder.groups([*busier, *other])
    assert all(a is b for a, b in zip(before, again, strict=True))
    busier[0] = msgspec.structs.replace(busier[0], status=MarketStatus.CLOSED)
    changed = finder.groups([*busier, *other])
    assert changed[0] == only(busier) != before[0]
    assert changed[1] is before[1]
    assert finder.groups(other) == (before[1],)
