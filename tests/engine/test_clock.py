"""The scaled clock: one affine map shared by engine and exchange, which never goes back."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_desk.core.errors import Stop
from kalshi_desk.engine.clock import ScaledClock, WallClock, practice_clock, speed_of
from kalshi_desk.exchange.clock import Clock

T0 = 1_795_000_000_000_000_000


def test_at_the_wall_s_speed_nothing_is_kept(tmp_path: Path) -> None:
    clock = practice_clock(tmp_path / "clock.json", 1.0)
    assert isinstance(clock, WallClock)
    assert speed_of(clock) == 1.0
    assert list(tmp_path.iterdir()) == []


def test_another_start_goes_on_where_the_exchange_is(tmp_path: Path) -> None:
    path = tmp_path / "clock.json"
    first = practice_clock(path, 10.0, lambda: T0)
    again = practice_clock(path, 10.0, lambda: T0 + 5_000_000_000)
    assert first == again
    assert isinstance(again, ScaledClock)
    assert again.at(T0 + 5_000_000_000) == T0 + 50_000_000_000


@given(
    st.lists(st.tuples(st.sampled_from((1.0, 2.0, 10.0, 60.0)), st.integers(0, 10**12)), min_size=1)
)
def test_it_never_goes_back_whatever_speeds_are_set(changes: list[tuple[float, int]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clock.json"
        wall, shown = T0, T0
        for speed, passed in changes:
            wall += passed
            clock = practice_clock(path, speed, partial(int, wall))
            at = clock.at(wall) if isinstance(clock, ScaledClock) else wall
            assert at >= shown
            assert speed_of(clock) == speed
            shown = at


@pytest.mark.parametrize("garbage", [b"", b"{}", b'{"origin_ns": "x"}', b"\xff"])
def test_a_garbage_file_is_a_sentence_and_stays(tmp_path: Path, garbage: bytes) -> None:
    path = tmp_path / "clock.json"
    path.write_bytes(garbage)
    with pytest.raises(Stop, match="practice clock"):
        practice_clock(path, 10.0)
    assert path.read_bytes() == garbage


def test_the_exchange_shows_the_same_time() -> None:
    ours = ScaledClock(origin_ns=T0 + 7, anchor_ns=T0, speed=4.0)
    wall = T0 + 3_000_000_000
    theirs = Clock(ours.origin_ns, ours.speed, lambda: wall, ours.anchor_ns)
    assert theirs.signing_ns() == ours.at(wall)
