"""What the benchmarks of the screen share: raw terminals, loaded engines, tables of figures."""

import re
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT))

from tests.journeys.terminal import Terminal, clean_environment  # noqa: E402

KEPT_BYTES = 400_000
BETWEEN_FRAMES_S = 0.015


class RawTerminal(Terminal):
    """A terminal that draws nothing: it counts bytes and notes when something was written."""

    def __init__(self, command, **options):
        self.raw = b""
        self.frames = 0
        self.last_read_s = 0.0
        environment = clean_environment(PYTHONPATH=str(ROOT))
        super().__init__(command, keeps_screen=False, environment=environment, **options)

    def _take(self, data):
        now = time.monotonic()
        with self._news:
            self.received += len(data)
            self.frames += now - self.last_read_s > BETWEEN_FRAMES_S
            self.raw = (self.raw + data)[-KEPT_BYTES:]
            self.last_read_s = now
            self._news.notify_all()

    def forget(self):
        """Begin to look from here."""
        with self._news:
            self.raw = b""

    def seen_at(self, pattern, seconds=30.0):
        """Wait until the bytes match and return when they were read."""
        give_up = time.monotonic() + seconds
        compiled = re.compile(pattern, re.DOTALL)
        with self._news:
            while not compiled.search(self.raw):
                left = give_up - time.monotonic()
                if left <= 0:
                    raise AssertionError(f"never written: {pattern!r}; last {self.raw[-600:]!r}")
                self._news.wait(left)
            return self.last_read_s


def desk_on(home):
    """The command that opens the desk on a home."""
    return [sys.executable, "-m", "kalshi_desk", "--home", str(home)]


@contextmanager
def loaded_engine(home, *, rate=0, cells=0, notes=None):
    """Run an engine on made-up markets; with ``notes`` its loop is probed."""
    command = [str(HERE / "loaded_engine.py"), "--home", str(home)]
    command += ["--rate", str(rate), "--cells", str(cells)]
    probe = [str(HERE / "probed.py"), str(notes)] if notes else []
    process = subprocess.Popen([sys.executable, *probe, *command], stdout=subprocess.PIPE)
    try:
        if process.stdout.readline().strip() != b"ready":
            raise AssertionError("the loaded engine did not start")
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@contextmanager
def fresh_home():
    """A folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="kd-bench-", ignore_cleanup_errors=True) as folder:
        yield Path(folder) / "home"


def percentile(values, share):
    """The value below which a share of them lies."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def median(values):
    return statistics.median(values)


def print_table(title, head, rows):
    """Print rows under a head, each column as wide as it needs."""
    table = [head, *[[str(cell) for cell in row] for row in rows]]
    widths = [max(len(row[n]) for row in table) for n in range(len(head))]
    print(f"\n{title}")
    for row in table:
        first, *rest = (
            cell.ljust(w) if not n else cell.rjust(w)
            for n, (cell, w) in enumerate(zip(row, widths, strict=True))
        )
        print("  " + "  ".join([first, *rest]))
    sys.stdout.flush()


def end_quietly(process):
    """Kill a psutil process that may be gone."""
    with suppress(Exception):
        process.kill()
