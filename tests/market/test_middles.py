"""What the middle of a market was a while ago, never from after the moment asked for."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kalshi_desk.market.middles import MOST_SLOTS, SLOT_NS, Middles

SECOND = 1_000_000_000
START = 1_795_000_000 * SECOND


def line(*points: tuple[float, int]) -> Middles:
    found = Middles()
    for at_s, price in points:
        found.note(START + round(at_s * SECOND), price)
    return found


def at(middles: Middles, seconds: float) -> int | None:
    return middles.at(START + round(seconds * SECOND))


def test_the_last_price_of_the_ten_seconds_before() -> None:
    found = line((1, 4_000), (12, 4_100), (18, 4_200), (19, 4_200), (45, 4_300))
    assert at(found, 0) is None
    assert at(found, 9.9) is None
    assert [at(found, s) for s in (10, 19.9, 20, 30, 45, 49.9, 50, 5_000)] == [
        *(4_000, 4_000),
        *(4_200, 4_200, 4_200, 4_200),
        *(4_300, 4_300),
    ]


def test_a_lost_book_has_no_middle_until_it_is_back() -> None:
    found = line((1, 4_000), (31, 0), (55, 4_000))
    assert [at(found, s) for s in (35, 45, 55, 60)] == [4_000, None, None, 4_000]


def test_time_that_goes_back_takes_what_came_later_along() -> None:
    found = line((1, 4_000), (31, 4_500), (61, 4_500), (11, 4_500), (25, 4_500))
    assert [at(found, s) for s in (20, 65, 100)] == [4_500] * 3
    assert at(line((31, 4_500), (11, 4_500)), 15) is None


def test_it_forgets_what_is_hours_old() -> None:
    found = Middles()
    for number in range(3 * MOST_SLOTS):
        found.note(START + number * SLOT_NS, 4_000 + number % 2)
    last = 3 * MOST_SLOTS * SLOT_NS
    assert found.at(START + last - (MOST_SLOTS - 1) * SLOT_NS) is not None
    assert found.at(START) is None


@given(
    st.lists(st.tuples(st.integers(0, 3_000), st.integers(0, 9_999)), min_size=1, max_size=60),
    st.integers(0, 3_100),
)
def test_it_never_knows_more_than_was_known(notes: list[tuple[int, int]], asked: int) -> None:
    """The answer is the last price before the ten seconds of the moment asked for."""
    notes.sort(key=lambda note: note[0])
    found = line(*notes)
    slot_s = (START // SECOND + asked) // 10 * 10 - START // SECOND
    before = [price for at_s, price in notes if at_s < slot_s]
    assert at(found, asked) == ((before[-1] or None) if before else None)
