"""One engine per home: a lock held for life and the ready file beside it."""

from __future__ import annotations

import contextlib
import os
import time

from kalshi_desk.core.errors import Stop
from kalshi_desk.store.files import PRIVATE_FILE, cannot_write
from kalshi_desk.store.paths import Home
from kalshi_desk.store.presence import EngineRecord, find_engine, try_lock, write_ready

__all__ = ["EngineLock", "EngineRecord", "find_engine"]

_PROBE_S = 0.5
"""A client that asks whether an engine lives holds the lock for microseconds."""
_PAUSE_S = 0.01


class EngineLock:
    """The right to be the engine of a home, from :meth:`acquire` to :meth:`release`."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._handle: int | None = None

    def acquire(self) -> None:
        """Become the engine of this home; raises ``Stop`` when another one is."""
        path = self._home.lock_path
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE)
        except OSError as error:
            raise cannot_write(path, error) from error
        give_up = time.monotonic() + _PROBE_S
        while not try_lock(handle):
            if time.monotonic() > give_up:
                os.close(handle)
                raise self._taken()
            time.sleep(_PAUSE_S)
        self._handle = handle
        self._home.ready_path.unlink(missing_ok=True)

    def announce(self, record: EngineRecord) -> None:
        """Publish where this engine serves; only after it does."""
        write_ready(self._home, record)

    def release(self, *, crashed: bool = False) -> None:
        """Let another engine start; the ready file stays behind only after a crash."""
        if self._handle is None:
            return
        if not crashed:
            with contextlib.suppress(OSError):
                self._home.ready_path.unlink(missing_ok=True)
        os.close(self._handle)
        self._handle = None

    def _taken(self) -> Stop:
        other = find_engine(self._home)
        who = f" (process {other.pid}, {other.venue})" if other else ""
        return Stop(
            f"Another engine already runs on this home{who}.",
            code="engine_runs",
            money="It keeps its orders and positions.",
            todo="Use it with kalshi-desk, end it with kalshi-desk stop, or name another --home.",
        )
