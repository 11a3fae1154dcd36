"""Frames for the benchmarks: the two large real captures, or synthetic ones without them."""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from kalshi_desk.store.recording import RecordedFrame, read_frames
from tests.replay.capture_maker import frames_of

LARGE = ("btc15m-20260513T1333Z.jsonl.gz", "btc15m-20260514T122254Z.jsonl.gz")
_SYNTHETIC_DELTAS = 40_000


def load_frames(data: str | None) -> tuple[str, list[bytes]]:
    """Return what the frames are and the frames, one bytes object each."""
    folder = data or os.environ.get("KALSHI_DESK_REAL_DATA")
    if not folder:
        frames = [frame.strip() for frame in frames_of(7, deltas=_SYNTHETIC_DELTAS)]
        return "synthetic frames (name the real ones with --data or KALSHI_DESK_REAL_DATA)", frames
    captures = Path(folder) / "captures"
    frames = [
        record.frame
        for name in LARGE
        for record in read_frames(captures / name)
        if isinstance(record, RecordedFrame) and not record.problem
    ]
    return f"{len(LARGE)} real captures", frames


def find_peer(asked: str | None) -> str | None:
    """Return the interpreter that has the peer installed, or explain how to get one."""
    python = asked or os.environ.get("PYKALSHI_PYTHON")
    if python:
        return python
    print(
        "The peer is not timed: install it apart and name its interpreter, for example\n"
        "  python3 -m venv peer && peer/bin/pip install pykalshi==2.0.0\n"
        "  and then --peer peer/bin/python (or PYKALSHI_PYTHON).",
        file=sys.stderr,
    )
    return None
