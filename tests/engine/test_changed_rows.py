"""A topic too large to come whole: a face that pulls now and then ends with the very same rows."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_desk.core.types import Price
from kalshi_desk.desk.frames import Frame, Row
from kalshi_desk.engine import changed_rows
from kalshi_desk.engine.board import Board
from kalshi_desk.engine.changed_rows import ChangedRows
from kalshi_desk.tui.board import Board as Screen
from tests.engine.news_world import NewsWorld
from tests.market.news import item, match
from tests.strategies.stories import past


def pull(board: Board, since: int = 0) -> Frame:
    return board.frame(("news",), since, (), 0)


def test_a_second_pull_brings_only_what_changed() -> None:
    world = NewsWorld()
    world.news(item("1", match("A")), item("2", match("B")), item("3"), at_s=1.0)
    board = Board(world.core.state, 1)
    first = pull(board)
    assert set(first.changed["news"]) == {"1", "2", "3"}
    assert first.full == ("news",)
    second = pull(board, first.board_seq)
    assert (second.changed, second.removed, second.full) == ({}, {}, ())
    world.news(item("2", match("B"), label=1), item("4"), at_s=2.0)
    third = pull(board, second.board_seq)
    assert set(third.changed["news"]) == {"2", "4"}
    # Whoever asks from the start, or with a number of another engine, gets all of it.
    assert set(pull(board).changed["news"]) == {"1", "2", "3", "4"}
    assert pull(board, 10_000).full == ("news",)
    assert set(pull(board, first.board_seq).changed["news"]) == {"2", "4"}


def test_a_price_that_moves_and_an_effect_that_is_measured_change_rows() -> None:
    world = NewsWorld()
    world.news(item("1", match("A")), item("2", match("B")), at_s=1.0)
    board = Board(world.core.state, 1)
    seq = pull(board).board_seq
    world.book("A", 4_500, 2.0)
    moved = pull(board, seq)
    assert set(moved.changed["news"]) == {"1"}
    row = moved.changed["news"]["1"]
    assert row.matches[0].now_price == Price(4_500)  # type: ignore[union-attr]
    for one in past(0.5):
        world.core.state.observations.setdefault("news", {}).setdefault(one.cell, []).append(one)
    proven = pull(board, moved.board_seq)
    assert set(proven.changed["news"]) == {"1", "2"}
    assert proven.changed["news"]["1"].matches[0].posterior  # type: ignore[union-attr]


def test_what_becomes_too_old_is_taken_away() -> None:
    world = NewsWorld()
    world.news(item("1"), item("2", at_s=3_600.0), at_s=3_600.0)
    board = Board(world.core.state, 1)
    seq = pull(board).board_seq
    world.core.state.now_ns += 48 * 3_600 * 1_000_000_000 - 60 * 1_000_000_000
    later = pull(board, seq)
    assert (later.changed, later.removed) == ({}, {"news": ("1",)})


def rows_of(names: str, version: int) -> dict[str, Row]:
    world = NewsWorld()
    world.news(*(item(name, summary=str(version)) for name in names))
    return pull(Board(world.core.state, 1)).changed.get("news", {})


KNOWN = {(name, version): rows_of(name, version)[name] for name in "abcd" for version in (0, 1)}


@given(
    st.lists(
        st.tuples(
            st.dictionaries(st.sampled_from("abcd"), st.integers(0, 1)),
            st.booleans(),
            st.booleans(),
        ),
        max_size=12,
    )
)
def test_two_faces_that_pull_at_different_times_see_what_there_is(
    steps: list[tuple[dict[str, int], bool, bool]],
) -> None:
    topic = ChangedRows()
    screens, seen = (Screen(lambda: 0), Screen(lambda: 0)), [0, 0]
    for number, (wanted, *pulls) in enumerate(steps, start=1):
        # Equal rows that are not the same: as built anew.
        rows = {name: msgspec.structs.replace(KNOWN[name, wanted[name]]) for name in wanted}
        for at, (screen, does) in enumerate(zip(screens, pulls, strict=True)):
            if not does:
                continue
            topic.take(rows, number)
            found = topic.since(seen[at])
            changed, removed = found if found is not None else (rows, ())
            screen.apply(
                Frame(
                    board_seq=number,
                    event_seq=0,
                    changed={"news": changed},
                    removed={"news": removed},
                    full=() if found is not None else ("news",),
                    events=(),
                )
            )
            seen[at] = number
            assert screen.topics["news"] == rows


def test_a_face_that_stayed_away_too_long_gets_all_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changed_rows, "MOST_GONE", 2)
    topic = ChangedRows()
    for number, names in enumerate(("abcd", "bcd", "cd", "d", ""), start=1):
        topic.take({name: KNOWN[name, 0] for name in names}, number)
    assert topic.since(1) is None
    assert topic.since(2) is None, "what went with pull 2 and 3 is forgotten"
    assert topic.since(3) is None
    assert topic.since(4) == ({}, ("d",))
