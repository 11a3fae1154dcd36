"""A recording on the screen: it plays, pauses, steps, speeds up and jumps, and takes no order."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

import psutil
import pytest

from tests.journeys.seat import leave, processes_of
from tests.journeys.terminal import Terminal, open_desk
from tests.replay.capture_maker import capture_lines, frames_of, write_capture

pytestmark = pytest.mark.long

START_S = 30.0
REAL = "btc15m-20260513T1333Z.jsonl.gz"
REAL_DATA = "KALSHI_DESK_REAL_DATA"


def place(seen: str) -> tuple[int, int]:
    """Return the number of the frame that is shown and of all frames."""
    found = re.search(r"([\d,]+) of ([\d,]+) frames", seen)
    assert found is not None, seen
    now, total = (int(number.replace(",", "")) for number in found.groups())
    return now, total


def wait_for_frame(terminal: Terminal, above: int) -> int:
    """Wait until the replay is past a frame and return where it is."""
    seen = terminal.wait_for(
        lambda seen: "frames" in seen and place(seen)[0] > above, what=f"a frame above {above}"
    )
    return place(seen)[0]


def is_in_the_middle(seen: str) -> bool:
    """Whether about half of the recording has been played."""
    now, total = place(seen) if "frames" in seen else (0, 1)
    return abs(now - total / 2) < total / 20


def try_everything(terminal: Terminal) -> None:
    """Steer a replay with every key and try to trade in it."""
    terminal.wait_for("REPLAY", START_S)
    terminal.wait_for(lambda seen: "playing 1x" in seen and "¢" in seen, START_S, "it plays")
    first = wait_for_frame(terminal, 0)
    wait_for_frame(terminal, first)

    terminal.press("p")
    held = place(terminal.wait_for("paused 1x"))[0]
    terminal.press(".")
    wait_for_frame(terminal, held)
    assert place(terminal.text)[0] == held + 1

    faster, slower = (2, 4, 8, 16, 32, 64, 100), (50, 25, 12.5, 6.25, 3.125, 1.5625, 1)
    for key, speeds in ((">", faster), ("<", slower)):
        for speed in speeds:
            terminal.press(key)
            terminal.wait_for(f"paused {speed:g}x")

    terminal.press("J")
    terminal.wait_for("per cent of the recording")
    terminal.press("50", "enter")
    now = place(terminal.wait_for(is_in_the_middle, what="half of the recording"))[0]

    terminal.press("b")
    terminal.wait_for("A replay takes no")
    terminal.press("enter")
    terminal.wait_for("refused")
    assert "Enter sends" not in terminal.text.replace("a second Enter sends", "")
    terminal.press("escape")
    terminal.wait_for("a second Enter sends")

    terminal.press("p")
    terminal.wait_for("playing 1x")
    wait_for_frame(terminal, now)


def play(home: Path, recording: Path) -> None:
    """Open a recording in a terminal, use it, and leave without a trace."""
    before = hashlib.sha256(recording.read_bytes()).hexdigest()
    with open_desk(home, "replay", str(recording)) as terminal:
        try_everything(terminal)
        assert leave(terminal, "d") == 0
        assert terminal.is_restored
    _, alive = psutil.wait_procs(processes_of(recording), timeout=10)
    assert alive == []
    assert hashlib.sha256(recording.read_bytes()).hexdigest() == before


def test_a_recording_on_the_screen(tmp_path: Path) -> None:
    recording = tmp_path / "made-up.jsonl.gz"
    write_capture(recording, capture_lines(frames_of(7, deltas=4_000)))
    play(tmp_path / "home", recording)


@pytest.mark.realdata
@pytest.mark.skipif(REAL_DATA not in os.environ, reason=f"{REAL_DATA} is not set")
def test_a_recording_of_the_real_exchange(tmp_path: Path) -> None:
    recording = Path(os.environ[REAL_DATA])
    if recording.is_dir():
        recording = next(recording.rglob(REAL))
    play(tmp_path / "home", recording)
