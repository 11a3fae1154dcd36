"""What a running engine says of itself on disk, and how others find out that it runs.

The lock tells whether an engine lives; the ready file, written whole once it serves,
tells where.  A ready file without a held lock is left over from a crash.
"""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path

import msgspec

from kalshi_desk.store.files import try_lock as try_lock
from kalshi_desk.store.files import write_whole
from kalshi_desk.store.paths import Home


class EngineRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The ready line of an engine: ``api`` is the REST API's base address, None without one."""

    venue: str
    pid: int
    link: str
    api: str | None = None
    token_path: str


class EnginePhase(StrEnum):
    """How far an engine of this home has come."""

    ABSENT = "absent"
    STARTING = "starting"
    READY = "ready"


def is_locked(home: Home) -> bool:
    """Return whether an engine of this home is alive."""
    try:
        handle = os.open(home.lock_path, os.O_RDWR)
    except OSError:
        return False
    try:
        return not try_lock(handle, shared=True)
    finally:
        os.close(handle)


def read_ready(home: Home) -> EngineRecord | None:
    """Return what the ready file says, or None when there is none that can be read."""
    try:
        return msgspec.json.decode(home.ready_path.read_bytes(), type=EngineRecord)
    except (OSError, msgspec.MsgspecError):
        return None


def write_ready(home: Home, record: EngineRecord) -> None:
    """Publish where the engine serves."""
    write_whole(home.ready_path, msgspec.json.encode(record))


def engine_phase(home: Home) -> EnginePhase:
    """Return whether an engine runs on this home and whether it serves yet."""
    if not is_locked(home):
        return EnginePhase.ABSENT
    return EnginePhase.READY if read_ready(home) is not None else EnginePhase.STARTING


def find_engine(home: Home) -> EngineRecord | None:
    """Return where the engine of this home serves, or None when none does."""
    return read_ready(home) if is_locked(home) else None


def read_token(record: EngineRecord) -> str:
    """Return the token of the link, empty when it can't be read."""
    try:
        return Path(record.token_path).read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""
