"""Market data that arrives late is told once, and told again when it is over."""

from __future__ import annotations

from kalshi_desk.core.events import UsageReported
from kalshi_desk.desk.frames import Level
from kalshi_desk.engine.effects import Effect, Notify
from kalshi_desk.engine.rows import status_row
from kalshi_desk.engine.state import CoreSettings
from kalshi_desk.tui.status_line import parts_of
from tests.engine.test_core import Bench


def usage(age_ms: int) -> UsageReported:
    return UsageReported(
        read_left=1,
        read_capacity=1,
        write_left=1,
        write_capacity=1,
        message_age_ms=age_ms,
        reconnects=0,
        gaps=0,
        unreadable=0,
    )


def told(effects: list[Effect]) -> list[tuple[Level, str]]:
    return [(e.event.level, e.event.title) for e in effects if isinstance(e, Notify)]


def test_data_that_stays_late_is_told_once_and_its_end_too() -> None:
    bench = Bench()
    for age_ms in (4_000, 4_000, 20):
        assert told(bench.take(usage(age_ms))) == []
    said = [told(bench.take(usage(4_200))) for _ in range(5)]
    assert said == [[], [], [(Level.WARNING, "Market data arrives 4.2 s late")], [], []]
    assert told(bench.take(usage(30))) == [(Level.GOOD, "Market data is on time again")]
    assert told(bench.take(usage(30))) == []


def test_on_a_scaled_clock_real_lag_counts() -> None:
    bench = Bench(settings=CoreSettings(speed=30))
    for _ in range(5):
        assert told(bench.take(usage(30 * 600))) == []
    bench.wait(30 * 0.5)
    row = status_row(bench.core.state, 1)
    assert row.message_age_ms == 600
    assert row.data_age_ms is not None
    assert 500 <= row.data_age_ms < 510
    said = [told(bench.take(usage(30 * 2_100))) for _ in range(3)]
    assert said[-1] == [(Level.WARNING, "Market data arrives 2.1 s late")]


def test_the_status_line_shows_late_data_only() -> None:
    bench = Bench()
    for age_ms, shown in ((40, False), (4_200, True)):
        bench.take(usage(age_ms))
        row = status_row(bench.core.state, 1)
        assert row.message_age_ms == age_ms
        texts = [cell.text for part in parts_of(row, is_behind=False) for cell in part.cells]
        assert ("data 4.2s late" in texts) is shown
