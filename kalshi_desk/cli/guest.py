"""A process that the engine started: it ends when its standard input does."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time

from kalshi_desk.store.paths import GUEST_VARIABLE

GRACE_S = 5.0
"""How long a guest may take to end once its engine is gone."""
_READ_BYTES = 1_024
_NICER = 5


def is_guest() -> bool:
    """Whether the engine started this process."""
    return bool(os.environ.get(GUEST_VARIABLE))


def live_with_engine() -> None:
    """Give way to the engine, and end with it, also when it is killed; nothing for others.

    The end comes as SIGTERM, so that what must be put away is; and for certain after a while.
    """
    if not is_guest():
        return
    os.nice(_NICER)
    threading.Thread(target=_watch, name="engine", daemon=True).start()


def say_ready(words: str) -> None:
    """Tell the engine, in one line, that this guest serves; nothing for others."""
    if is_guest():
        sys.stdout.write(f"{words}\n")
        sys.stdout.flush()


def _watch() -> None:
    try:
        while os.read(0, _READ_BYTES):
            pass
    except OSError:
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_S)
    os._exit(1)
