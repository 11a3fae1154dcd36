"""What a running engine says of itself on disk, and how others find out that it runs.

The lock tells whether an engine lives; the ready file, written whole once it serves,
tells where.  A ready file without a held lock is left over from a crash.  A second lock
tells whether a panic is under way that goes to the exchange without an engine.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path

import msgspec

from kalshi_desk.store.files import PRIVATE_FILE, write_whole
from kalshi_desk.store.files import try_lock as try_lock
from kalshi_desk.store.paths import Home

_LOOKS, _PAUSE_S = 5, 0.01


class EngineRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The ready line of an engine: ``api`` is the REST API's base address, None without one.

    ``by_desk`` stands on disk only: a screen started it, and screens see to it that it runs.
    """

    venue: str
    pid: int
    link: str
    api: str | None = None
    token_path: str
    by_desk: bool | msgspec.UnsetType = msgspec.UNSET


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


@contextmanager
def panic_under_way(home: Home) -> Iterator[None]:
    """Keep screens from starting an engine meanwhile; what can't be locked stops no panic."""
    try:
        handle = os.open(home.panic_lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE)
    except OSError:
        yield
        return
    try:
        for _ in range(_LOOKS):  # one who asks whether a panic runs holds it for microseconds
            if try_lock(handle, shared=True):
                break
            time.sleep(_PAUSE_S)
        yield
    finally:
        os.close(handle)


def is_panicking(home: Home) -> bool:
    """Return whether a panic is at work at the exchange itself."""
    try:
        handle = os.open(home.panic_lock_path, os.O_RDWR)
    except OSError:
        return False
    try:
        return not try_lock(handle)
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
