"""The process that reads news: when it counts as reading, and what people are told of its ends."""

from __future__ import annotations

import msgspec
import pytest

from kalshi_desk.core.events import FeedsReported
from kalshi_desk.core.news import FeedState, ReaderReport, ReaderState
from kalshi_desk.desk.frames import EventKind, Level
from kalshi_desk.desk.service_frames import ReaderRow
from kalshi_desk.engine.reader_life import STEADY_S, ReaderLife
from kalshi_desk.engine.reader_watch import GIVE_UP
from kalshi_desk.engine.topics import build
from tests.engine.news_world import NewsWorld
from tests.market.news import SECOND, START, feed_report


class Clock:
    def __init__(self) -> None:
        self.at_s = 0

    def now_ns(self) -> int:
        return START + self.at_s * SECOND


class Told:
    """A reader's life, and the core that is told of it."""

    def __init__(self) -> None:
        self.clock, self.world = Clock(), NewsWorld()
        self.life = ReaderLife(self.clock)

    def tell(self) -> None:
        self.world.take(FeedsReported((), self.life.report), float(self.clock.at_s))

    def end(self, lived_s: float = 1.0) -> float:
        pause_s = self.life.ended("its process ended", lived_s)
        self.tell()
        return pause_s

    def read(self) -> None:
        self.life.reads()
        self.tell()

    @property
    def said(self) -> list[tuple[Level, str]]:
        return [(one.level, one.title) for one in self.world.said(EventKind.SYSTEM)]


def test_since_when_nothing_is_read_goes_on_over_restarts() -> None:
    clock = Clock()
    life = ReaderLife(clock)
    assert (life.report.state, life.why_not) == (ReaderState.OFF, "")
    clock.at_s = 10
    life.starts()
    assert life.report.state is ReaderState.STARTING
    clock.at_s = 12
    life.reads()
    assert (life.report.is_reading, life.report.since_ns) == (True, START + 12 * SECOND)
    clock.at_s = 70
    life.ended("its process ended", 58.0)
    down_ns = START + 70 * SECOND
    clock.at_s = 75
    life.ended("it did not come up", 1.0)
    life.starts()
    assert (life.report.state, life.report.since_ns) == (ReaderState.DOWN, down_ns)
    assert life.why_not == (
        f"not read since {clock_text(70)} UTC: it did not come up; it starts again in 2 s"
    )
    clock.at_s = 80
    life.reads()
    assert (life.report.since_ns, life.report.ends) == (START + 80 * SECOND, 2)
    life.off()
    assert (life.report.state, life.report.ends) == (ReaderState.OFF, 0)
    clock.at_s = 90
    life.starts()
    assert life.report.since_ns == START + 90 * SECOND


def clock_text(at_s: int) -> str:
    of_day = (START // SECOND + at_s) % 86_400
    return f"{of_day // 3600:02}:{of_day // 60 % 60:02}:{of_day % 60:02}"


def test_each_start_waits_longer_and_a_long_life_begins_anew() -> None:
    life = ReaderLife(Clock())
    life.starts()
    pauses = [life.ended("gone", 2.0) for _ in range(2_000)]
    assert pauses[:6] == [1.0, 2.0, 4.0, 8.0, 60.0, 60.0]
    assert set(pauses[4:]) == {60.0}
    assert not life.steady(STEADY_S + 1.0), "it does not read"
    life.reads()
    assert not life.steady(STEADY_S)
    assert life.steady(STEADY_S + 1.0)
    assert not life.steady(STEADY_S + 2.0), "once"
    assert life.report.ends == 0
    assert life.ended("gone", 10.0) == 1.0
    assert life.ended("gone", STEADY_S + 1.0) == 1.0


def test_a_death_and_the_restart_are_events_that_are_shown() -> None:
    told = Told()
    told.life.starts()
    told.tell()
    told.read()
    assert told.said == []
    told.clock.at_s = 5
    told.end()
    (event,) = told.world.said(EventKind.SYSTEM)
    assert (event.level, event.title) == (Level.WARNING, "News is no longer read")
    assert event.text == (
        "Its process ended; it starts again in 1 s. Until then no news is read, and the "
        "strategy news does nothing."
    )
    # The same word again says nothing new.
    told.tell()
    assert len(told.said) == 1
    told.read()
    told.tell()
    assert told.said[1:] == [(Level.GOOD, "News is read again")]


def test_one_that_never_came_up_is_told_too_and_one_switched_off_is_not() -> None:
    told = Told()
    told.life.starts()
    told.end()
    assert told.said == [(Level.WARNING, "News is no longer read")]
    told.life.off()
    told.tell()
    told.life.starts()
    told.tell()
    told.read()
    assert len(told.said) == 1


def test_one_that_keeps_ending_is_given_up_loudly_and_once() -> None:
    told = Told()
    told.life.starts()
    for _ in range(GIVE_UP + 10):
        told.read()
        told.end()
    warning, error = (
        (Level.WARNING, "News is no longer read"),
        (
            Level.ERROR,
            "The reader of news keeps ending",
        ),
    )
    good = (Level.GOOD, "News is read again")
    assert told.said == [*[warning, good] * (GIVE_UP - 1), error]
    assert told.world.said(EventKind.SYSTEM)[-1].text.startswith(
        "Its process ended; it starts again in 60 s."
    )
    # Reading alone is not enough for it to be trusted again.
    told.read()
    assert told.said[-1] == error
    assert told.life.steady(STEADY_S + 1.0)
    told.tell()
    assert told.said[-1] == good


def test_one_that_hangs_is_told_like_one_that_has_ended() -> None:
    told = Told()
    told.life.starts()
    told.read()
    told.life.hangs("it has said nothing for 30 s")
    told.tell()
    told.tell()
    assert told.said == [(Level.WARNING, "News is no longer read")]
    told.end()
    assert told.said == [(Level.WARNING, "News is no longer read")] * 2


def test_another_model_and_one_that_is_refused_are_told_once() -> None:
    told = Told()
    told.life.starts()
    told.tell()
    told.life.model = "classifier of 2026-11-20 (aaaa)"
    told.read()
    told.tell()
    scored = (Level.INFO, "News is scored by classifier of 2026-11-20 (aaaa)")
    assert told.said == [scored]
    told.life.model_fault = "It is damaged. News goes on being scored as before."
    told.tell()
    told.tell()
    (*_, event) = told.world.said(EventKind.SYSTEM)
    assert (event.level, event.title, event.text) == (
        Level.WARNING,
        "The trained classifier is not used",
        told.life.model_fault,
    )
    assert len(told.said) == 2


def test_it_is_shown_as_reported_and_where_nobody_says_there_is_none() -> None:
    told = Told()
    state = told.world.core.state
    assert build(state, "reader") == {}
    told.life.starts()
    told.tell()
    assert build(state, "reader") == {"": ReaderRow(report=told.life.report)}
    assert msgspec.json.decode(
        msgspec.json.encode(ReaderRow(report=told.life.report)), type=ReaderRow
    )
    told.world.take(FeedsReported((feed_report("wire", FeedState.OK),)), 9.0)
    assert build(state, "reader") == {}


@pytest.mark.parametrize("state", list(ReaderState))
def test_a_first_word_of_any_kind_is_taken(state: ReaderState) -> None:
    told = Told()
    told.world.take(FeedsReported((), ReaderReport(state=state, since_ns=1, text="why")), 1.0)
    assert len(told.said) == (state is ReaderState.DOWN)
