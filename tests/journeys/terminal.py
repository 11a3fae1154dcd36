"""A terminal to sit at in tests: a program in a pseudo-terminal, its screen kept by pyte."""

from __future__ import annotations

import errno
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType

import pyte

COLUMNS, ROWS = 120, 40
WAIT_S = 20.0
CHUNK = 65_536
ASKS_FOR_WHOLE_FRAMES = b"\x1b[?2026$p"
GIVES_WHOLE_FRAMES = b"\x1b[?2026;2$y"
FRAME_BEGINS, FRAME_ENDS = b"\x1b[?2026h", b"\x1b[?2026l"
KEYS = {
    "enter": "\r",
    "escape": "\x1b",
    "tab": "\t",
    "up": "\x1b[A",
    "down": "\x1b[B",
    "right": "\x1b[C",
    "left": "\x1b[D",
    "ctrl+q": "\x11",
    "backspace": "\x7f",
}


def clean_environment(**changes: str) -> dict[str, str]:
    """Return an environment in which the screen looks the same everywhere."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("TEXTUAL", "KALSHI_DESK", "SSH_"))
        and name not in {"NO_COLOR", "COLUMNS", "LINES", "TMUX"}
    }
    return {**kept, "TERM": "xterm-256color", "COLORTERM": "truecolor", **changes}


class Terminal:
    """Runs a command in a pseudo-terminal of a given size and reads what it draws.

    A thread reads all the time, as a terminal does, until :meth:`freeze`.  Like today's
    terminals it shows a synchronized frame whole or not at all, so no test sees half of one.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        columns: int = COLUMNS,
        rows: int = ROWS,
        environment: Mapping[str, str] | None = None,
        keeps_screen: bool = True,
    ) -> None:
        self.screen = pyte.Screen(columns, rows)
        self.received = 0
        self._stream = pyte.ByteStream(self.screen)
        self._keeps_screen = keeps_screen
        self._tail = self._unshown = b""
        self._news = threading.Condition()
        self._reads = threading.Event()
        self._reads.set()
        self._ends = False
        self._is_reading = False
        self._master, self._slave = pty.openpty()
        self._set_size(columns, rows)
        self._before = termios.tcgetattr(self._slave)
        self.started_s = time.monotonic()
        self.process = subprocess.Popen(
            command,
            stdin=self._slave,
            stdout=self._slave,
            stderr=self._slave,
            env=dict(environment if environment is not None else clean_environment()),
            start_new_session=True,
            preexec_fn=_take_terminal,
        )
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None and self._keeps_screen:
            error.add_note(f"The terminal showed:\n{self.text}")
        self.end()

    # --- what is on it -----------------------------------------------------------------

    @property
    def lines(self) -> list[str]:
        """The lines of the screen."""
        with self._news:
            return list(self.screen.display)

    @property
    def text(self) -> str:
        """The whole screen."""
        return "\n".join(line.rstrip() for line in self.lines)

    @property
    def is_restored(self) -> bool:
        """Whether the program left the terminal as it found it."""
        with self._news:
            tail = self._tail
        modes = (b"\x1b[?1049l", b"\x1b[?25h", b"\x1b[?1000l")
        return termios.tcgetattr(self._slave) == self._before and all(
            mode in tail for mode in modes
        )

    def wait_for(
        self, wanted: str | Callable[[str], object], seconds: float = WAIT_S, what: str = ""
    ) -> str:
        """Wait for a text on the screen, or for a condition on it; returns the screen."""
        give_up = time.monotonic() + seconds
        while True:
            with self._news:
                seen = self.text
                if wanted in seen if isinstance(wanted, str) else wanted(seen):
                    return seen
                left = give_up - time.monotonic()
                if left <= 0:
                    name = what or (wanted if isinstance(wanted, str) else "the condition")
                    raise AssertionError(f"not on screen within {seconds:g} s: {name!r}\n{seen}")
                self._news.wait(left)

    def wait_end(self, seconds: float = WAIT_S) -> int:
        """Wait until the program has ended and all it said is read; returns its exit code."""
        code = self.process.wait(seconds)
        quiet = time.monotonic() + 2.0
        while select.select([self._master], [], [], 0)[0] and time.monotonic() < quiet:
            time.sleep(0.01)
        with self._news:
            return code

    # --- hands -------------------------------------------------------------------------

    def press(self, *keys: str) -> None:
        """Press keys by name; any other word is typed letter by letter."""
        for key in keys:
            os.write(self._master, KEYS.get(key, key).encode())

    def resize(self, columns: int, rows: int) -> None:
        """Make the window another size."""
        with self._news:
            self.screen.resize(rows, columns)
        self._set_size(columns, rows)

    def freeze(self) -> None:
        """Stop reading: the program's writes pile up, as with a dropped connection."""
        self._reads.clear()

    @property
    def is_being_read(self) -> bool:
        """Whether a last read may still be under way."""
        return self._is_reading

    def thaw(self) -> None:
        """Read again."""
        self._reads.set()

    def disappear(self) -> None:
        """Close the window: the program is hung up on."""
        self._stop_reading()
        os.close(self._master)
        self._master = -1

    def kill(self) -> None:
        """End the program as a crash would."""
        self.process.kill()
        self.process.wait(10)

    def end(self) -> None:
        """Kill the program when it still runs, and let go of the terminal."""
        if self.process.poll() is None:
            with suppress(ProcessLookupError):
                self.process.send_signal(signal.SIGKILL)
            self.process.wait(10)
        self._stop_reading()
        for handle in (self._master, self._slave):
            if handle >= 0:
                os.close(handle)
        self._master = self._slave = -1

    # --- inside ------------------------------------------------------------------------

    def _set_size(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self._slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def _stop_reading(self) -> None:
        self._ends = True
        self._reads.set()
        self._thread.join(5)

    def _read(self) -> None:
        while not self._ends:
            self._is_reading = False
            self._reads.wait()
            self._is_reading = True
            if not select.select([self._master], [], [], 0.05)[0] or not self._reads.is_set():
                continue
            try:
                data = os.read(self._master, CHUNK)
            except OSError as error:
                if error.errno in (errno.EIO, errno.EBADF):
                    return
                raise
            self._take(data)

    def _take(self, data: bytes) -> None:
        with self._news:
            self.received += len(data)
            self._tail = (self._tail + data)[-4096:]
            if ASKS_FOR_WHOLE_FRAMES in self._tail[-len(data) - len(ASKS_FOR_WHOLE_FRAMES) + 1 :]:
                os.write(self._master, GIVES_WHOLE_FRAMES)
            if self._keeps_screen:
                self._show(data)
            self._news.notify_all()

    def _show(self, data: bytes) -> None:
        """Draw all but the frame that has begun and not yet ended."""
        waiting = self._unshown + data
        begun = waiting.rfind(FRAME_BEGINS)
        if begun < 0 or FRAME_ENDS in waiting[begun:]:
            begun = len(waiting) - _length_of_start(waiting)
        self._stream.feed(waiting[:begun])
        self._unshown = waiting[begun:]


def _length_of_start(data: bytes) -> int:
    """Return how many bytes at the end may be the start of a frame cut in two by a read."""
    lengths = range(len(FRAME_BEGINS) - 1, 0, -1)
    return next((length for length in lengths if data.endswith(FRAME_BEGINS[:length])), 0)


def _take_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def desk_command(home: Path, *words: str) -> list[str]:
    """Return the command that opens the desk, or runs another branch, on a home."""
    return [sys.executable, "-m", "kalshi_desk", *words, "--home", str(home)]


def open_desk(home: Path, *words: str, columns: int = COLUMNS, rows: int = ROWS) -> Terminal:
    """Open the desk on a home in a terminal of its own."""
    return Terminal(desk_command(home, *words), columns=columns, rows=rows)
