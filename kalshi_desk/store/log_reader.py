"""Reads the structured log backwards, over all its files, with a filter."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from os import SEEK_END, fstat
from pathlib import Path

import msgspec

from kalshi_desk.core.text import clean
from kalshi_desk.store.log import LEVELS, LogRecordLine

BLOCK = 65_536
_decode = msgspec.json.Decoder(LogRecordLine).decode


def read_log(
    path: Path, *, level: str = "info", text: str = "", before: int = 0, limit: int = 200
) -> tuple[list[LogRecordLine], bool]:
    """Return the newest lines that fit, oldest first, and whether older ones fit too.

    ``level`` is the least one; ``text`` must stand in source, text or fields, in any case of
    letters; ``before`` leaves out lines from that number on, 0 none.  A line that is no
    record, as one that was cut by a full disk, is shown as it is.
    """
    least = LEVELS.index(level) if level in LEVELS else 1
    wanted = text.casefold()
    found: list[LogRecordLine] = []
    for line in _backwards(path):
        if before and line.n >= before:
            continue
        if line.level in LEVELS and LEVELS.index(line.level) < least:
            continue
        if wanted and wanted not in _all_of(line).casefold():
            continue
        if len(found) == limit:
            return found[::-1], True
        found.append(line)
    return found[::-1], False


def _all_of(line: LogRecordLine) -> str:
    fields = " ".join(f"{name} {value}" for name, value in line.fields.items())
    return f"{line.source} {line.text} {fields} {line.trace}"


def _backwards(path: Path) -> Iterator[LogRecordLine]:
    """Yield all records of the log, newest first."""
    newest = 0
    known: set[int] = set()
    for file in _files(path):
        for raw in _lines_backwards(file, known):
            try:
                line = _decode(raw)
            except msgspec.MsgspecError:
                words = clean(raw.decode("utf-8", "replace"))
                if not words:
                    continue
                line = LogRecordLine(n=newest, at="", level="info", source="?", text=words)
            newest = line.n
            yield line


def _lines_backwards(file: Path, known: set[int]) -> Iterator[bytes]:
    """Yield the lines of a file, the last one first: a file may be larger than memory.

    One that is ``known`` already was rotated to another name while it was read.
    """
    try:
        with file.open("rb") as stream:
            number = fstat(stream.fileno()).st_ino
            if number in known:
                return
            known.add(number)
            end, rest = stream.seek(0, SEEK_END), b""
            while end:
                start = max(0, end - BLOCK)
                stream.seek(start)
                first, *lines = (stream.read(end - start) + rest).split(b"\n")
                yield from reversed(lines)
                end, rest = start, first
            yield rest
    except OSError:
        return  # gone, or it can't be read


def _files(path: Path) -> Iterator[Path]:
    yield path
    number = 1
    while (older := path.with_name(f"{path.name}.{number}")).exists():
        yield older
        number += 1


def moment_ns(line: LogRecordLine) -> int:
    """Return when a line was written, 0 when it does not say."""
    try:
        at = datetime.fromisoformat(line.at.replace("Z", "+00:00"))
    except ValueError:
        return 0
    return int(at.replace(tzinfo=UTC).timestamp() * 1_000) * 1_000_000
