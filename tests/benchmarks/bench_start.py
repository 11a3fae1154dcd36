"""Start to first frame beside a bare Textual app, to the first live price; memory of each process.

Run with ``python tests/benchmarks/bench_start.py``; about a minute.  *Cold* opens the desk on an
empty home (engine and practice exchange start too), *attach* on a home where an engine runs.
"""

import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.benchmarks.pty_rig import HERE, RawTerminal, desk_on, fresh_home, median, print_table
from tests.journeys.seat import end_all, processes_of

REPEATS = 5
CENT = "\\d¢".encode()
SETTLE_S = 8.0


def first_frame(command, pattern):
    """Return seconds from exec to the first frame."""
    with RawTerminal(command) as terminal:
        return terminal.seen_at(pattern) - terminal.started_s


def command_time(command):
    began = time.monotonic()
    subprocess.run(command, check=True, capture_output=True)
    return time.monotonic() - began


def memory(home):
    """Return megabytes by process: resident, and what is its own."""
    found = {}
    for process in processes_of(home):
        words = process.cmdline()
        name = next((w for w in ("engine", "exchange") if w in words), "screen")
        if any(word.endswith("kalshi_desk.exchange.main") for word in words):
            name = "exchange"
        info = process.memory_full_info()
        found[name] = (info.rss / 1e6, info.uss / 1e6)
    return found


def cold():
    """Return seconds to first frame and first price on an empty home, attached, and memory."""
    with fresh_home() as home:
        try:
            with RawTerminal(desk_on(home)) as terminal:
                frame = terminal.seen_at(b"Markets") - terminal.started_s
                price = terminal.seen_at(CENT) - terminal.started_s
                time.sleep(SETTLE_S)
                sizes = memory(home)
            with RawTerminal(desk_on(home)) as terminal:
                again = terminal.seen_at(b"Markets") - terminal.started_s
                attached = terminal.seen_at(CENT) - terminal.started_s
            return frame, price, again, attached, sizes
        finally:
            end_all(home)


def main():
    bare_command = [sys.executable, str(HERE / "bare_apps.py"), "bare"]
    desks, bares, pythons, versions = [], [], [], []
    for _ in range(REPEATS):
        bares.append(first_frame(bare_command, b"pressed 0"))
        desks.append(cold())
        pythons.append(command_time([sys.executable, "-c", "pass"]))
        versions.append(command_time([sys.executable, "-m", "kalshi_desk", "--version"]))
    base = median(bares)
    times = {
        "python -c pass": median(pythons),
        "kalshi-desk --version": median(versions),
        "bare Textual app, first frame": base,
        "attach, first frame": median(d[2] for d in desks),
        "cold, first frame": median(d[0] for d in desks),
        "attach, first live price": median(d[3] for d in desks),
        "cold, first live price": median(d[1] for d in desks),
    }
    rows = [[name, f"{1000 * s:.0f}", f"{s / base:.2f}x"] for name, s in times.items()]
    print_table(f"Start, ms, median of {REPEATS}", ["", "ms", "to bare app"], rows)
    sizes = [d[4] for d in desks]
    rows = [
        [name, *(f"{median(s[name][n] for s in sizes if name in s):.0f}" for n in (0, 1))]
        for name in ("screen", "engine", "exchange")
        if any(name in s for s in sizes)
    ]
    print_table(f"Memory, MB, {SETTLE_S:g} s after the first price", ["", "RSS", "own"], rows)


if __name__ == "__main__":
    main()
