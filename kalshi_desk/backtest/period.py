"""The time that a backtest covers, and the recordings of a home that lie in it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from kalshi_desk.core.errors import Refuse
from kalshi_desk.engine.recorder import SUFFIX
from kalshi_desk.engine.recordings import recordings_in

When = str | date | datetime | None
_US_NS = 1_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_STAMP = "%Y%m%dT%H%M%SZ"
_DAY = timedelta(days=1)


def start_of(when: When) -> int:
    """Return the first nanosecond meant: of the day in UTC, or of the moment; 0 for None."""
    return 0 if when is None or when == "" else _ns(_moment(when)[0])


def end_of(when: When) -> int:
    """Return the last nanosecond meant: of the whole day in UTC, or the moment; 0 for None."""
    if when is None or when == "":
        return 0
    moment, is_day = _moment(when)
    return _ns(moment + _DAY) - 1 if is_day else _ns(moment)


def _moment(when: str | date | datetime) -> tuple[datetime, bool]:
    if isinstance(when, datetime):
        return _in_utc(when), False
    if isinstance(when, date):
        return datetime(when.year, when.month, when.day, tzinfo=UTC), True
    text = when.strip()
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Refuse(
            f"{when!r} is no date.",
            code="usage",
            todo="Write 2026-11-28 for a whole day in UTC, or 2026-11-28T14:30 for a moment.",
        ) from None
    return _in_utc(found), len(text) <= len("2026-11-28")


def _in_utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _ns(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1) * _US_NS


def choose(folder: Path, start_ns: int, end_ns: int) -> list[Path]:
    """Return the recordings that may hold something of the period, oldest first.

    A recording begins at the time in its name and was last written when it ended.  Raises
    ``Refuse`` when there is none, or when those of several venues would be mixed.
    """
    found: list[tuple[int, str, Path]] = []
    for path in recordings_in(folder):
        venue, began_ns = _named(path)
        if began_ns and (not end_ns or began_ns <= end_ns) and path.stat().st_mtime_ns >= start_ns:
            found.append((began_ns, venue, path))
    if not found:
        raise Refuse(
            f"There is no recording of that time in {folder}.",
            code="no_recording",
            todo="See: kalshi-desk recordings list; or name a file with --recording.",
        )
    venues = sorted({venue for _, venue, _ in found})
    if len(venues) > 1:
        raise Refuse(
            f"The recordings of that time are of several venues: {', '.join(venues)}.",
            code="several_venues",
            todo="Name one file with --recording.",
        )
    return [path for _, _, path in sorted(found)]


def _named(path: Path) -> tuple[str, int]:
    venue, _, stamp = path.name.removesuffix(SUFFIX).partition("-")
    try:
        began = datetime.strptime(stamp.partition("-")[0], _STAMP).replace(tzinfo=UTC)
    except ValueError:
        return venue, 0
    return venue, _ns(began)
