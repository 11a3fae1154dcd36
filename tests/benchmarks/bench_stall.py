"""Worst stall of the engine's and of the screen's event loop while nobody reads the terminal.

Run with ``python tests/benchmarks/bench_stall.py``; about a minute.  Both processes carry a probe
in their loop; the terminal is read for 5 s, not read for 5 s, and read again.  A stall under 10 ms
is not noted.
"""

import itertools
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.benchmarks.pty_rig import HERE, RawTerminal, fresh_home, loaded_engine, print_table

SECONDS, REPEATS = 5.0, 3
RATE, CELLS = 5_000, 50


def worst(notes, begin, end):
    """Return the longest stall that ended in a span of time, in milliseconds."""
    stalls = [tuple(map(float, line.split())) for line in notes.read_text().splitlines()]
    return max((took for at, took in stalls if begin <= at <= end), default=0.0)


def once():
    """Return the worst stalls of engine and screen: read, frozen, and read again."""
    with fresh_home() as home:
        home.mkdir()
        engine_notes, screen_notes = home / "engine.notes", home / "screen.notes"
        command = [sys.executable, str(HERE / "probed.py"), str(screen_notes), "-desk"]
        with (
            loaded_engine(home, rate=RATE, cells=CELLS, notes=engine_notes),
            RawTerminal([*command, "--home", str(home)]) as terminal,
        ):
            terminal.seen_at(b"ACTIVE")
            time.sleep(4)
            marks = [time.monotonic()]
            time.sleep(SECONDS)
            marks.append(time.monotonic())
            terminal.freeze()
            bytes_before = terminal.received
            time.sleep(SECONDS)
            queued = terminal.received - bytes_before
            marks.append(time.monotonic())
            terminal.thaw()
            time.sleep(2)
            marks.append(time.monotonic())
        spans = list(itertools.pairwise(marks))
        # A stall is noted when it ends, so one that began while frozen counts as frozen.
        spans[1] = (spans[1][0], spans[1][1] + 0.5)
        return queued, [
            [worst(notes, begin, end) for begin, end in spans]
            for notes in (engine_notes, screen_notes)
        ]


def main():
    rows = []
    for number in range(REPEATS):
        _, (engine, screen) = once()
        for name, stalls in (("engine", engine), ("screen", screen)):
            rows.append([f"{number + 1} {name}", *(f"{ms:.0f}" if ms else "<10" for ms in stalls)])
    title = f"Worst stall of the loop, ms, at {RATE:,} updates/s and {CELLS} cells at 8 Hz"
    print_table(title, ["run", "read 5 s", "frozen 5 s", "read again 2 s"], rows)


if __name__ == "__main__":
    main()
