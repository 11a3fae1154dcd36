"""Writing small files whole or not at all, and saying plainly when one may not."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from kalshi_desk.core.errors import Stop

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

WRITER_PATIENCE_S = 2.0
_PAUSE_S = 0.01
PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700


def cannot_write(path: Path, error: OSError) -> Stop:
    """Return the sentence for a place that can't be written."""
    why = error.strerror or type(error).__name__
    return Stop(
        f"Can't write to {path}: {why}.",
        code="no_write",
        money="No order was sent and no file was changed.",
        todo="Free the folder or choose another one with --home DIR.",
    )


def write_whole(path: Path, data: bytes, mode: int = PRIVATE_FILE) -> None:
    """Replace a file in one step, so that a reader sees the old or the new one.

    Raises ``Stop`` when the folder can't be written; the old file is then untouched.
    """
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise cannot_write(path, error) from error
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).chmod(mode)
        Path(name).replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise cannot_write(path, error) from error


def make_folder(path: Path, mode: int = PRIVATE_FOLDER) -> None:
    """Create a folder with its parents and prove that it can be written.

    Raises ``Stop`` when it can't.
    """
    try:
        path.mkdir(parents=True, exist_ok=True, mode=mode)
    except OSError as error:
        raise cannot_write(path, error) from error
    if not os.access(path, os.W_OK | os.X_OK):
        raise cannot_write(path, PermissionError(13, "no permission"))


def try_lock(handle: int, *, shared: bool = False) -> bool:
    """Take the lock on an open file without waiting; it lasts until the file is closed."""
    try:
        if sys.platform == "win32":
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


@contextlib.contextmanager
def only_writer(path: Path) -> Iterator[None]:
    """Keep other processes from changing the same file between our reading and our writing.

    Raises ``Stop`` when another one does not finish.
    """
    lock = path.with_name(f".{path.name}.lock")
    try:
        handle = os.open(lock, os.O_RDWR | os.O_CREAT, PRIVATE_FILE)
    except OSError as error:
        raise cannot_write(path, error) from error
    try:
        give_up = time.monotonic() + WRITER_PATIENCE_S
        while not try_lock(handle):
            if time.monotonic() > give_up:
                raise Stop(
                    f"Another process has been changing {path} for too long.",
                    code="no_write",
                    money="No file was changed.",
                    todo="Try again, or end that process.",
                )
            time.sleep(_PAUSE_S)
        yield
    finally:
        os.close(handle)
