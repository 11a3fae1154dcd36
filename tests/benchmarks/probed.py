"""Runs a script with a probe in every event loop, which notes whenever the loop stood still.

``python probed.py NOTES SCRIPT ...``: a line in NOTES for each stall is when it ended (seconds of
the monotonic clock) and how long it was, in milliseconds.
"""

import asyncio
import runpy
import sys
import time
from pathlib import Path

PERIOD_S = 0.005
WORTH_NOTING_S = 0.010


def install(notes):
    """Have every loop call the probe as often as it can, at most every 5 ms."""
    original = asyncio.base_events.BaseEventLoop.run_forever

    def run_forever(loop):
        def beat(due):
            now = time.monotonic()
            if now - due > WORTH_NOTING_S:
                notes.write(f"{now:.4f} {(now - due) * 1000:.2f}\n")
                notes.flush()
            loop.call_later(PERIOD_S, beat, time.monotonic() + PERIOD_S)

        loop.call_soon(beat, time.monotonic())
        return original(loop)

    asyncio.base_events.BaseEventLoop.run_forever = run_forever


if __name__ == "__main__":
    path, script, *rest = sys.argv[1:]
    install(Path(path).open("w"))  # noqa: SIM115 - it stays open as long as the process
    sys.argv = [script, *rest]
    if script == "-desk":
        from kalshi_desk.cli.main import main

        sys.exit(main(rest))
    runpy.run_path(script, run_name="__main__")
