"""A headless replay agrees with a naive reading, and says what it could not read."""

import gzip
import os
from pathlib import Path

import pytest

from kalshi_desk.core.errors import Refuse
from kalshi_desk.engine.replay_scan import scan
from kalshi_desk.store.recording import FrameRecorder
from tests.kalshi.frame_maker import delta, snapshot, subscribed
from tests.replay.capture_maker import START_NS, capture_lines, frames_of, write_capture
from tests.replay.naive import naive_figures

CAPTURES = (
    "btc-1h-20260418.jsonl.gz",
    "btc15m-20260513T1333Z.jsonl.gz",
    "btc15m-20260514T122254Z.jsonl.gz",
    "prod-20260807-stream.jsonl.gz",
)


@pytest.fixture
def real_captures():
    folder = os.environ.get("KALSHI_DESK_REAL_DATA")
    if not folder:
        pytest.skip("KALSHI_DESK_REAL_DATA does not name the folder of the real recordings")
    captures = Path(folder) / "captures"
    if not captures.is_dir():
        pytest.skip(f"{captures} is not there: the real recordings are not on this machine")
    return captures


@pytest.mark.realdata
@pytest.mark.parametrize("name", CAPTURES)
def test_real_captures_agree_with_the_naive_reading(real_captures, name):
    figures = scan(real_captures / name)
    assert figures.to_json() == naive_figures(real_captures / name)
    assert figures.problems == ()
    assert figures.unknown_types == {}


@pytest.mark.parametrize("seed", range(6))
def test_synthetic_captures_agree_with_the_naive_reading(tmp_path, seed):
    path = write_capture(tmp_path / "c.jsonl.gz", capture_lines(frames_of(seed)))
    figures = scan(path).to_json()
    assert figures == naive_figures(path)
    assert figures["crossed_instants"] > 0
    assert len(figures["markets"]) == 6


def test_the_object_has_exactly_the_promised_keys(tmp_path):
    path = write_capture(tmp_path / "c.jsonl.gz", capture_lines(frames_of(1, deltas=5)))
    shown = scan(path).to_json()
    assert list(shown) == [
        "frames",
        "snapshots",
        "deltas",
        "gaps",
        "errors",
        "unreadable",
        "crossed_instants",
        "markets",
    ]
    for book in shown["markets"].values():
        assert list(book) == ["best_bid", "best_ask", "bid_size", "ask_size", "levels"]


def test_an_empty_side_is_null(tmp_path):
    lines = capture_lines([subscribed(), snapshot(1, yes=[("0.4700", "1.50")])])
    shown = scan(write_capture(tmp_path / "c.jsonl.gz", lines)).to_json()
    assert shown["markets"]["A"] == {
        "best_bid": "0.4700",
        "best_ask": None,
        "bid_size": "1.50",
        "ask_size": None,
        "levels": 1,
    }


def test_lines_and_frames_that_can_not_be_read_are_counted_and_named(tmp_path):
    lines = capture_lines(frames_of(3, deltas=20))
    clean = scan(write_capture(tmp_path / "clean.jsonl.gz", lines)).to_json()
    spoilt = [
        *lines[:9],
        b"garbage\n",
        b'{"recv_ns":1,"frame":{"no":"type"}}\n',
        b"{}\n",
        *lines[9:],
    ]
    figures = scan(write_capture(tmp_path / "spoilt.jsonl.gz", spoilt))
    assert figures.unreadable == 3
    assert figures.gaps == 0
    assert figures.to_json()["markets"] == clean["markets"]
    assert figures.frames == clean["frames"] + 3
    assert [problem.split(":")[0] for problem in figures.problems] == [
        "frame 10 (line 10)",
        "frame 12 (line 12)",
        "frame 11",
    ]


def test_a_missing_frame_is_one_gap_and_its_books_say_that_they_are_stale(tmp_path):
    frames = [
        subscribed(),
        snapshot(1, yes=[("0.4700", "1.00")]),
        delta(2, "0.4700", "1.00"),
        delta(4, "0.4700", "1.00"),
        delta(5, "0.4700", "1.00"),
    ]
    shown = scan(write_capture(tmp_path / "c.jsonl.gz", capture_lines(frames))).to_json()
    assert shown["gaps"] == 1
    assert shown["markets"]["A"]["stale"] is True
    assert shown["markets"]["A"]["bid_size"] == "2.00"


def test_a_truncated_file_is_read_up_to_the_break(tmp_path):
    whole = write_capture(tmp_path / "c.jsonl.gz", capture_lines(frames_of(2))).read_bytes()
    path = tmp_path / "broken.jsonl.gz"
    path.write_bytes(whole[: len(whole) // 2])
    figures = scan(path)
    assert 10 < figures.frames < 800
    assert figures.unreadable == 1
    assert "breaks off" in figures.problems[0]


@pytest.mark.parametrize(
    "content",
    [b"\x00\x01\x02" * 50, b"hello\nworld\n", b"", gzip.compress(b"no\nrecording\n", mtime=0)],
)
def test_a_file_that_is_no_recording_is_refused_in_words(tmp_path, content):
    path = tmp_path / "garbage.jsonl.gz"
    path.write_bytes(content)
    with pytest.raises(Refuse, match="is not a recording"):
        scan(path)
    assert path.read_bytes() == content


def test_a_missing_file_is_refused_in_words(tmp_path):
    with pytest.raises(Refuse, match="can't be opened"):
        scan(tmp_path / "none.jsonl.gz")
    with pytest.raises(Refuse, match="can't be opened"):
        scan(tmp_path)


def test_our_own_recording_gives_the_same_books_as_the_foreign_form(tmp_path):
    frames = frames_of(5)
    foreign = scan(write_capture(tmp_path / "c.jsonl.gz", capture_lines(frames)))
    recorder = FrameRecorder(tmp_path / "own.jsonl.zst")
    recorder.begin_connection(1, yes_prices=False, recv_ns=START_NS)
    for index, frame in enumerate(frames):
        recorder.record(START_NS + index * 10_000_000, frame, 1)
    recorder.record(START_NS, b'{"id":1,"cmd":"subscribe"}', 1, is_outgoing=True)
    recorder.close()
    assert scan(recorder.path) == foreign


def test_a_recorded_connection_in_yes_prices_is_read_as_such(tmp_path):
    recorder = FrameRecorder(tmp_path / "own.jsonl.zst")
    recorder.begin_connection(1, yes_prices=True, recv_ns=START_NS)
    recorder.record(START_NS, subscribed(), 1)
    recorder.record(START_NS, snapshot(1, no=[("0.4800", "2.00")]), 1)
    recorder.close()
    assert scan(recorder.path).markets["A"].best_ask == "0.4800"
