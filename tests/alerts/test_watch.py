"""A rule is raised once, and again only after its number came back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_desk.alerts.rules import parse_rule
from kalshi_desk.alerts.watch import MOST_SUBJECTS, MOST_TOLD, TOLD_WITHIN_NS, Watch


def watch_of(text: str) -> Watch:
    """A watch of one rule."""
    return Watch("a1", parse_rule(text))


def test_a_price_that_flickers_about_the_level_rings_once() -> None:
    watch = watch_of("KXFED > 60")
    rings = [watch.see("KXFED", price, n) for n, price in enumerate([5_900, 6_010, 5_990, 6_010])]
    assert rings == [False, True, False, False]
    assert watch.is_raised
    assert not watch.see("KXFED", 5_900, 5)
    assert not watch.is_raised
    assert watch.see("KXFED", 6_001, 6)
    assert watch.times == 2


def test_a_rule_that_holds_from_the_start_is_told_at_once() -> None:
    assert watch_of("KXFED < 40").see("KXFED", 3_000, 0)


def test_exactly_at_the_level_is_not_beyond_it() -> None:
    assert not watch_of("KXFED > 60").see("KXFED", 6_000, 0)


@given(st.lists(st.integers(5_000, 7_000), max_size=60), st.booleans())
def test_two_rings_have_the_whole_way_back_between_them(prices: list[int], is_above: bool) -> None:
    watch = watch_of("KXFED > 60" if is_above else "KXFED < 60")
    since: list[int] | None = None
    for n, price in enumerate(prices):
        if watch.see("KXFED", price, n):
            assert price > 6_000 if is_above else price < 6_000
            if since is not None:
                assert min(since) <= 5_900 if is_above else max(since) >= 6_100
            since = []
        elif since is not None:
            since.append(price)


def test_subjects_are_raised_apart_and_memory_is_bounded() -> None:
    watch = watch_of("limits > 80%")
    assert watch.see("event_percent", 9_000, 0)
    assert watch.see("total_percent", 9_000, 0)
    for number in range(MOST_SUBJECTS + 50):
        assert watch.once(f"story {number}", number)
    assert len(watch.raised) == MOST_SUBJECTS
    assert not watch.once(f"story {MOST_SUBJECTS + 49}", 0)


def test_what_calls_too_often_is_held_back_counted_and_heard_again() -> None:
    watch = watch_of("news about fed")
    said = [watch.told(f"Story {n}", n) for n in range(200)]
    assert said[:2] == ["Story 0", "Story 1"]
    assert "held back and counted" in said[MOST_TOLD - 1]
    assert not any(said[MOST_TOLD:])
    assert watch.told("Later", TOLD_WITHIN_NS) == (
        f"Later ({200 - MOST_TOLD} before it were held back.) That was often: what follows "
        "within 10 min is held back and counted."
    )
    # A clock that was set back is no reason to be silent.
    assert watch.told("Earlier", -1) == "Earlier"


def test_every_fill_limit_and_close_is_told() -> None:
    for rule in ("fill", "limits > 80%", "closes held in 30m"):
        watch = watch_of(rule)
        assert all(watch.told("x", n) == "x" for n in range(200))


@pytest.mark.parametrize(
    ("text", "beyond", "back"),
    [
        ("A > 1", 200, 50),
        ("A < 99.5", 9_900, 9_980),
        ("A > 60", 6_100, 5_900),
        ("limits > 5%", 800, 0),
        ("limits > 80%", 9_000, 7_000),
        ("A moves 5 in 10m", 600, 200),
    ],
)
def test_every_rule_can_ring_again(text: str, beyond: int, back: int) -> None:
    watch = Watch("w", parse_rule(text))
    assert watch.see("s", beyond, 1)
    assert not watch.see("s", back, 2)
    assert watch.see("s", beyond, 3)
