"""``kalshi-desk recordings``: which there are, what one holds, and whether it is whole."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from kalshi_desk.cli import outcome
from kalshi_desk.cli.flat import Flat, moment
from kalshi_desk.cli.printing import Form, print_object
from kalshi_desk.core.errors import Stop
from kalshi_desk.core.text import clean
from kalshi_desk.engine.recordings import RecordingFacts, recordings_in, survey
from kalshi_desk.store.paths import Home

_SECOND_NS = 1_000_000_000


def run(home: Home, action: str, file: str | None, *, as_json: bool) -> int:
    """List the home's recordings, or look at one; ``verify`` fails when it isn't whole."""
    if action == "list":
        return _list(home, as_json=as_json)
    if not file:
        raise Stop(f"recordings {action} needs a file.", code="usage", todo="See: recordings list")
    facts = survey(find(home, file), decode=action == "verify")
    shown = _facts(facts)
    if as_json:
        print(json.dumps(shown | {"problems": list(facts.problems)}), flush=True)
    else:
        print_object(shown, Form.TABLE)
        for problem in facts.problems:
            print(f"problem: {clean(problem)}")
    if action == "verify" and not facts.is_whole:
        print(
            f"kalshi-desk: {facts.path} is not whole; it can be read up to where it breaks off.",
            file=sys.stderr,
        )
        return outcome.REFUSED
    return outcome.DONE


NEWEST = "newest"
"""What stands for the recording that was written last, the running engine's own included."""


def find(home: Home, file: str) -> Path:
    """Return a recording by its path, its name in the home, or ``newest``; raises ``Stop``."""
    if file == NEWEST:
        written = sorted(recordings_in(home.recordings), key=lambda path: path.stat().st_mtime_ns)
        file = str(written[-1]) if written else str(home.recordings / file)
    path = Path(file).expanduser()
    for candidate in (path, home.recordings / path.name):
        if candidate.is_file():
            return candidate.absolute()
    raise Stop(
        f"There is no recording {path}.",
        code="no_recording",
        todo="Check the file's name; see: kalshi-desk recordings list",
    )


def _list(home: Home, *, as_json: bool) -> int:
    found: list[Flat] = [
        {
            "name": path.name,
            "bytes": (stat := path.stat()).st_size,
            "changed": moment(stat.st_mtime_ns),
        }
        for path in recordings_in(home.recordings)
    ]
    if as_json:
        print(json.dumps(found), flush=True)
    elif not found:
        print(f"There is no recording in {home.recordings}.")
    else:
        for row in found:
            print(f"{row['name']}  {row['bytes']:>12,} bytes  last written {row['changed']}")
    return outcome.DONE


def _facts(facts: RecordingFacts) -> Flat:
    seconds = (facts.end_ns - facts.start_ns) / _SECOND_NS
    return {
        "file": facts.path,
        "bytes": facts.bytes,
        "venue": facts.venue or None,
        "start": moment(facts.start_ns),
        "end": moment(facts.end_ns),
        "seconds": round(seconds, 3),
        "frames": facts.frames,
        "markets": facts.markets,
        "connections": facts.connections,
        "cycles": facts.cycles,
        "decisions": facts.decisions,
        "orders": facts.orders,
        "fills": facts.fills,
        "gaps": facts.gaps if facts.was_decoded else None,
        "unreadable": facts.unreadable,
        "whole": facts.is_whole,
    }
