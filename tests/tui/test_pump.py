"""The pump: one frame at a time, none while the terminal is behind, slower when they cost much."""

from __future__ import annotations

import io
import queue
from types import SimpleNamespace

import pytest
from textual.drivers._writer_thread import WriterThread

from kalshi_desk.tui.pump import BEHIND_S, MAX_DIVIDER, FramePump, writer_backlog
from tests.tui.conftest import Seconds


class Rig:
    """A pump with a clock and a backlog that tests set."""

    def __init__(self) -> None:
        self.seconds = Seconds()
        self.backlog = 0
        self.pump = FramePump(lambda: self.backlog, self.seconds)

    def frame(self, took_s: float) -> bool:
        """Run one beat and, when it asks, a frame that takes so long."""
        if not self.pump.tick():
            return False
        self.pump.asked()
        self.pump.began()
        self.seconds.value += took_s
        self.pump.drawn()
        return True


def test_no_second_frame_is_asked_before_the_first_is_drawn() -> None:
    rig = Rig()
    assert rig.pump.tick()
    rig.pump.asked()
    assert not rig.pump.tick()
    rig.pump.began()
    rig.pump.drawn()
    assert rig.pump.tick()


def test_a_terminal_that_does_not_read_is_left_alone() -> None:
    rig = Rig()
    rig.backlog = 4
    assert [rig.pump.tick() for _ in range(50)] == [False] * 50
    assert rig.pump.skipped == 50
    assert rig.pump.is_behind
    rig.backlog = 0
    assert rig.pump.tick()
    assert not rig.pump.is_behind


def test_slow_frames_halve_the_rate_and_quick_ones_restore_it() -> None:
    rig = Rig()
    assert rig.frame(0.041)
    assert rig.pump.divider == 2
    assert sum(rig.frame(0.400) for _ in range(100)) < 30
    assert rig.pump.divider == MAX_DIVIDER
    for _ in range(400):
        rig.frame(0.005)
    assert rig.pump.divider == 1
    assert sum(rig.frame(0.005) for _ in range(40)) == 40


@pytest.mark.parametrize(("took_s", "divider"), [(0.035, 1), (0.060, 2), (0.120, 4), (0.300, 8)])
def test_the_rate_settles_where_drawing_leaves_most_of_the_time_to_keys(
    took_s: float, divider: int
) -> None:
    rig = Rig()
    for start in (1, MAX_DIVIDER):
        rig.pump.divider = start
        for _ in range(MAX_DIVIDER * 40):
            rig.frame(took_s)
        assert rig.pump.divider in (divider, 2 * divider), "near its place it may rest"
    rig.pump.divider = 1
    for _ in range(MAX_DIVIDER * 40):
        rig.frame(took_s)
    assert rig.pump.divider == divider


def test_behind_is_a_picture_that_is_really_old() -> None:
    rig = Rig()
    assert not rig.pump.is_behind, "nothing was shown yet"
    rig.frame(0.400)
    rig.frame(0.400)
    assert rig.pump.divider > 1
    assert not rig.pump.is_behind, "slower, and still of this half second"
    rig.seconds.value += BEHIND_S
    assert rig.pump.is_behind
    rig.pump.lost()
    assert not rig.pump.is_behind, "an engine that is gone is said elsewhere"


def test_who_wants_one_picture_a_second_is_not_behind_between_two() -> None:
    rig = Rig()
    rig.pump.interval_s = 1.0
    rig.frame(0.050)
    rig.seconds.value += 1.2
    assert not rig.pump.is_behind
    rig.seconds.value += 2.0
    assert rig.pump.is_behind


def test_a_lost_frame_does_not_stop_the_pump() -> None:
    rig = Rig()
    rig.pump.asked()
    assert not rig.pump.tick()
    rig.pump.lost()
    assert rig.pump.tick()


def test_a_key_press_is_followed_by_a_frame_on_the_next_beat() -> None:
    rig = Rig()
    for _ in range(12):
        rig.frame(0.400)
    assert rig.pump.divider == MAX_DIVIDER
    rig.pump.hurry()
    assert rig.pump.tick()


def test_textual_still_keeps_its_queue_where_we_look() -> None:
    writer = WriterThread(io.StringIO())
    assert isinstance(writer._queue, queue.Queue)
    for _ in range(5):
        writer.write("x")
    assert writer_backlog(SimpleNamespace(_writer_thread=writer)) == 5


def test_a_driver_without_a_queue_is_never_behind() -> None:
    assert writer_backlog(None) == 0
    assert writer_backlog(SimpleNamespace(_writer_thread=SimpleNamespace())) == 0
