"""Key press to changed screen, while the engine takes 5,000 book updates a second and without.

Run with ``python tests/benchmarks/bench_keys.py``; about two minutes.  The key is cursor down in
the market table: *cursor* is the marked row on the terminal, *ladder* the book of the newly chosen
market, which has gone to the engine and back.  Beside it a bare Textual app that counts presses.
"""

import random
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.benchmarks.loaded_engine import ticker_of, title_of
from tests.benchmarks.pty_rig import (
    HERE,
    RawTerminal,
    desk_on,
    fresh_home,
    loaded_engine,
    percentile,
    print_table,
)

PRESSES = 100
RATE = 5_000
MARK = "▸".encode()


def pause():
    """Wait as people do, so that no beat of the screen is hit more often than another."""
    time.sleep(random.uniform(0.15, 0.35))


def desk(rate):
    """Return milliseconds to the moved cursor, and to the ladder of the market it is on."""
    cursor, ladder = [], []
    with (
        fresh_home() as home,
        loaded_engine(home, rate=rate) as _,
        RawTerminal(desk_on(home)) as terminal,
    ):
        terminal.seen_at(b"ACTIVE")
        terminal.seen_at(ticker_of(0).encode())
        time.sleep(3)
        place = 0
        for press in range(PRESSES):
            down = (press // 10) % 2 == 0
            place += 1 if down else -1
            terminal.forget()
            pressed = time.monotonic()
            terminal.press("down" if down else "up")
            row = MARK + b"[^\xe2]{0,60}?" + title_of(place).encode()
            cursor.append(1000 * (terminal.seen_at(row) - pressed))
            header = ticker_of(place).encode()
            ladder.append(1000 * (terminal.seen_at(header) - pressed))
            pause()
    return cursor, ladder


def bare():
    """Return milliseconds to the changed line of an app that does nothing else."""
    found = []
    with RawTerminal([sys.executable, str(HERE / "bare_apps.py"), "bare"]) as terminal:
        terminal.seen_at(b"pressed 0")
        time.sleep(1)
        for press in range(PRESSES):
            terminal.forget()
            pressed = time.monotonic()
            terminal.press("j")
            found.append(1000 * (terminal.seen_at(b"%d times" % (press + 1)) - pressed))
            pause()
    return found


def main():
    plain = bare()
    found = {"bare Textual app": plain}
    for rate in (0, RATE):
        cursor, ladder = desk(rate)
        found[f"cursor, {rate:,} updates/s"] = cursor
        found[f"ladder, {rate:,} updates/s"] = ladder
    base = percentile(plain, 0.5)
    rows = [
        [
            name,
            *(f"{percentile(took, share):.1f}" for share in (0.5, 0.95)),
            f"{max(took):.0f}",
            f"{percentile(took, 0.5) / base:.1f}x",
        ]
        for name, took in found.items()
    ]
    print_table(f"Key to screen, ms, {PRESSES} presses", ["", "p50", "p95", "max", "ratio"], rows)


if __name__ == "__main__":
    main()
