"""Recordings at a glance: their span, what they hold, and whether they can be read whole."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import msgspec

from kalshi_desk.core.errors import Refuse
from kalshi_desk.engine.recorder import SUFFIX
from kalshi_desk.engine.tape import when
from kalshi_desk.kalshi.decode import BookFeed
from kalshi_desk.store.recording import RecordedMeta, read_frames

_PROBLEMS_KEPT = 20
NOT_CLOSED = (
    "the recording was never closed: its engine was killed, or runs still; "
    "what is here reaches to about a second before"
)


class RecordingFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What one recording holds; times are nanoseconds since the epoch, 0 when there is none.

    ``markets`` were described or had a book; ``cycles`` are looks of strategies,
    ``first_cycles`` the first of each, and ``unanswered`` those that were lost; ``orders``
    and ``fills`` are our own.  ``is_whole`` says that every line was read and the recorder
    closed the file; ``was_decoded`` that every frame went through the decoder too, which
    alone finds ``gaps`` and unreadable frames.
    """

    path: str
    bytes: int
    venue: str
    start_ns: int
    end_ns: int
    lines: int
    frames: int
    markets: int
    connections: int
    cycles: int
    first_cycles: dict[str, int]
    unanswered: frozenset[tuple[str, int]]
    decisions: int
    orders: int
    fills: int
    is_whole: bool
    was_decoded: bool
    gaps: int
    unreadable: int
    problems: tuple[str, ...]


def recordings_in(folder: Path) -> list[Path]:
    """Return the recordings of a home, oldest first by name within a venue."""
    return sorted(folder.glob(f"*{SUFFIX}"))


def survey(path: Path, *, decode: bool = False) -> RecordingFacts:
    """Read a recording once; ``decode`` passes each frame through the live decoder too.

    Raises ``Refuse`` when the file is missing or none of its lines can be read.
    """
    counts: Counter[str] = Counter()
    markets: set[str] = set()
    problems: list[str] = []
    feed = BookFeed()
    first_cycles: dict[str, int] = {}
    looking: dict[str, int] = {}
    unanswered: set[tuple[str, int]] = set()
    venue = ""
    start_ns = end_ns = 0
    for record in read_frames(path):
        counts["lines"] += 1
        if isinstance(record, RecordedMeta):
            counts[record.kind] += 1
            content, moment = record.content, when(record)
            if record.kind == "engine":
                venue = str(content.get("venue", ""))
            elif record.kind == "markets":
                markets.update(_tickers(content.get("markets")))
            elif record.kind == "connection":
                feed.begin_connection(yes_prices=bool(content.get("yes_prices")))
            elif record.kind == "cycle":
                for name in _names(content.get("strategies")):
                    first_cycles.setdefault(name, moment)
                    looking[name] = moment
            elif record.kind in ("decision", "failure"):
                name = str(content.get("strategy", ""))
                looking.pop(name, None)
                if content.get("unanswered") is True:
                    unanswered.add((name, moment))
            elif record.kind == "own":
                counts["orders"] += "order" in content
                counts["fills"] += "fill" in content
        elif record.problem:
            counts["bad"] += 1
            if len(problems) < _PROBLEMS_KEPT:
                problems.append(f"line {record.line}: {record.problem}")
            continue
        else:
            moment = record.recv_ns
            if not record.is_outgoing:
                counts["frames"] += 1
                if decode:
                    feed.apply(record.frame)
        start_ns = start_ns or moment
        end_ns = max(end_ns, moment)
    if counts["lines"] == counts["bad"]:
        raise Refuse(
            f"{path} is not a recording: none of its {counts['lines']} lines can be read.",
            code="not_a_recording",
            todo="Recordings end in .jsonl.zst and captures in .jsonl.gz, one frame a line.",
        )
    markets.update(feed.books)
    is_open = bool(counts["engine"]) and not counts["end"]
    if is_open:
        problems.append(NOT_CLOSED)
    return RecordingFacts(
        path=str(path),
        bytes=path.stat().st_size,
        venue=venue,
        start_ns=start_ns,
        end_ns=end_ns,
        lines=counts["lines"],
        frames=counts["frames"],
        markets=len(markets),
        connections=counts["connection"],
        cycles=counts["cycle"],
        first_cycles=first_cycles,
        # The engine ended before these looks were answered.
        unanswered=frozenset((*unanswered, *looking.items())),
        decisions=counts["decision"],
        orders=counts["orders"],
        fills=counts["fills"],
        is_whole=not counts["bad"] and not feed.counts.unreadable and not is_open,
        was_decoded=decode,
        gaps=feed.counts.gaps,
        unreadable=counts["bad"] + feed.counts.unreadable,
        problems=(*problems, *feed.counts.problems)[:_PROBLEMS_KEPT],
    )


def _names(names: object) -> list[str]:
    return [name for name in names if isinstance(name, str)] if isinstance(names, list) else []


def _tickers(markets: object) -> list[str]:
    if not isinstance(markets, list):
        return []
    found = [market.get("ticker") for market in markets if isinstance(market, dict)]
    return [ticker for ticker in found if isinstance(ticker, str)]
