"""The screen's share of one core and bytes to the terminal with 50 changing cells at 8 Hz.

Run with ``python tests/benchmarks/bench_screen.py``; about two minutes.  The desk is attached to
an engine with 25 markets in sight whose bid and offer change eight times a second; beside it a
plain Textual DataTable with as many changing cells, in the same 120x40 pseudo-terminal.
"""

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import psutil

from tests.benchmarks.pty_rig import (
    HERE,
    RawTerminal,
    desk_on,
    fresh_home,
    loaded_engine,
    median,
    print_table,
)

SECONDS, REPEATS, SETTLE_S = 8.0, 3, 4.0
CELLS = 50


def measure(terminal):
    """Return per cent of a core, kB/s, frames/s and MB while the terminal is read."""
    process = psutil.Process(terminal.process.pid)
    shares, rates, frames = [], [], []
    for _ in range(REPEATS):
        before, began = process.cpu_times(), time.monotonic()
        bytes_before, frames_before = terminal.received, terminal.frames
        time.sleep(SECONDS)
        after, took = process.cpu_times(), time.monotonic() - began
        used = after.user + after.system - before.user - before.system
        shares.append(100 * used / took)
        rates.append((terminal.received - bytes_before) / took / 1000)
        frames.append((terminal.frames - frames_before) / took)
    return median(shares), median(rates), median(frames), process.memory_info().rss / 1e6


def desk(cells, rate=0, size=(120, 40)):
    with (
        fresh_home() as home,
        loaded_engine(home, cells=cells, rate=rate),
        RawTerminal(desk_on(home), columns=size[0], rows=size[1]) as terminal,
    ):
        terminal.seen_at(b"ACTIVE")
        time.sleep(SETTLE_S)
        return measure(terminal)


def table(cells):
    command = [sys.executable, str(HERE / "bare_apps.py"), "table", str(cells)]
    with RawTerminal(command) as terminal:
        terminal.seen_at(b"Load 000")
        time.sleep(SETTLE_S)
        return measure(terminal)


def main():
    found = {
        "desk, nothing changes": desk(0),
        f"desk, {CELLS} cells at 8 Hz": desk(CELLS),
        "desk, 5,000 updates/s in all books": desk(0, rate=5_000),
        f"DataTable, {CELLS} cells at 8 Hz": table(CELLS),
    }
    base = found[f"desk, {CELLS} cells at 8 Hz"]
    rows = [
        [
            name,
            f"{cpu:.1f} %",
            f"{rate:.1f}",
            f"{hz:.1f}",
            f"{rss:.0f}",
            f"{cpu / base[0]:.1f}x",
            f"{rate / base[1]:.1f}x",
        ]
        for name, (cpu, rate, hz, rss) in found.items()
    ]
    head = ["120x40", "CPU of a core", "kB/s", "frames/s", "RSS MB", "CPU ratio", "bytes ratio"]
    print_table(f"Screen: median of {REPEATS} x {SECONDS:g} s", head, rows)


if __name__ == "__main__":
    main()
