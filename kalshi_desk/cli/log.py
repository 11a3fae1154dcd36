"""``kalshi-desk log``: the newest lines of the engine's log, with or without an engine."""

from __future__ import annotations

import argparse

import msgspec

from kalshi_desk.core.errors import Refuse
from kalshi_desk.store.log import LogRecordLine
from kalshi_desk.store.log_reader import read_log
from kalshi_desk.store.paths import Home

MOST_LINES = 100_000


def run(home: Home, options: argparse.Namespace) -> int:
    """Print lines, oldest first; returns the exit code.  Raises ``Refuse``."""
    if not 0 < options.lines <= MOST_LINES:
        raise Refuse(f"Between 1 and {MOST_LINES:,} lines can be shown.", code="usage")
    lines, has_older = read_log(
        home.engine_log, level=options.level, text=options.text, limit=options.lines
    )
    if options.json:
        for line in lines:
            print(msgspec.json.encode(line).decode())
        return 0
    if not lines:
        print(f"Nothing in {home.engine_log} fits.")
    elif has_older:
        print(f"… older lines are in {home.engine_log}; -n shows more")
    for line in lines:
        print(_text(line))
    return 0


def _text(line: LogRecordLine) -> str:
    fields = " ".join(f"{name}={value}" for name, value in line.fields.items())
    trace = f"\n{line.trace}" if line.trace else ""
    head = f"{line.at} {line.level.upper():7} {line.source}: {line.text}"
    return f"{head} {fields}".rstrip() + trace
