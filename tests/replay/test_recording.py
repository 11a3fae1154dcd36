"""The recorder keeps frames verbatim through crashes; the reader takes what is there."""

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from kalshi_desk.core.errors import Refuse
from kalshi_desk.core.records import Event, Market
from kalshi_desk.store.recording import FrameRecorder, RecordedFrame, RecordedMeta, read_frames
from tests.kalshi.frame_maker import delta


def frames_in(path):
    return [record for record in read_frames(path) if isinstance(record, RecordedFrame)]


@pytest.mark.parametrize(
    "frame",
    [
        b'{"type":"ticker","msg":{"a":"\xc3\xa9"}}',
        b'{"type":"ticker"}\n',
        b'{"type":\n"ticker"}',
        b"not json at all",
        b"\xff\x00\xfe",
        b"",
    ],
)
def test_frames_come_back_as_they_were(tmp_path, frame):
    recorder = FrameRecorder(tmp_path / "r.jsonl.zst")
    recorder.record(17, frame, 3, is_outgoing=True)
    recorder.close()
    (read,) = frames_in(recorder.path)
    assert read.frame == frame.rstrip(b"\n")
    assert (read.recv_ns, read.connection, read.is_outgoing) == (17, 3, True)


def test_a_frame_that_only_looks_like_json_spoils_no_other(tmp_path):
    recorder = FrameRecorder(tmp_path / "r.jsonl.zst")
    for frame in (delta(1, "0.1000", "1.00"), b"{oops}", delta(2, "0.1000", "1.00")):
        recorder.record(1, frame)
    recorder.close()
    assert [bool(read.problem) for read in frames_in(recorder.path)] == [False, True, False]


def test_what_was_flushed_survives_a_kill(tmp_path):
    path = tmp_path / "r.jsonl.zst"
    script = textwrap.dedent(
        """
        import sys, time
        from pathlib import Path
        from kalshi_desk.store.recording import FrameRecorder
        recorder = FrameRecorder(Path(sys.argv[1]))
        for number in range(1000):
            recorder.record(number, b'{"n":%d}' % number)
        recorder.flush()
        recorder.record(1000, b'{"n":1000}')
        print("flushed", flush=True)
        time.sleep(60)
        """
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(path)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "flushed\n"
        os.kill(process.pid, signal.SIGKILL)
        process.wait(10)
    assert [read.frame for read in frames_in(path)] == [b'{"n":%d}' % n for n in range(1000)]


def test_a_second_old_chunk_is_written_by_itself(tmp_path):
    recorder = FrameRecorder(tmp_path / "r.jsonl.zst")
    recorder.record(1_000_000_000, b'{"n":1}')
    recorder.record(2_500_000_000, b'{"n":2}')
    assert len(frames_in(recorder.path)) == 2
    recorder.close()


def test_a_chunk_that_breaks_off_leaves_those_before_it(tmp_path):
    recorder = FrameRecorder(tmp_path / "r.jsonl.zst")
    for number in range(3):
        recorder.record(number, b'{"n":%d,"x":"%s"}' % (number, os.urandom(200).hex().encode()))
        recorder.flush()
    recorder.close()
    whole = recorder.path.read_bytes()
    recorder.path.write_bytes(whole[:-20])
    read = frames_in(recorder.path)
    assert [bool(line.problem) for line in read] == [False, False, True]
    assert "breaks off" in read[-1].problem


def test_an_earlier_recording_is_never_touched(tmp_path):
    paths = []
    for number in range(3):
        recorder = FrameRecorder(tmp_path / "r.jsonl.zst")
        recorder.record(number, b'{"n":%d}' % number)
        recorder.close()
        paths.append(recorder.path)
    assert [path.name for path in paths] == ["r.jsonl.zst", "r-2.jsonl.zst", "r-3.jsonl.zst"]
    assert [frames_in(path)[0].recv_ns for path in paths] == [0, 1, 2]


def test_markets_are_described_in_the_recording(tmp_path):
    recorder = FrameRecorder(tmp_path / "r.jsonl.zst")
    market = Market(ticker="M", event_ticker="E", title="Will it?")
    recorder.write_markets([market], [Event(event_ticker="E", series_ticker="S", title="It")])
    recorder.close()
    (meta,) = [
        record
        for record in read_frames(recorder.path)
        if isinstance(record, RecordedMeta) and record.kind == "markets"
    ]
    assert meta.content["markets"][0]["title"] == "Will it?"


def test_a_recording_is_private(tmp_path):
    recorder = FrameRecorder(tmp_path / "r.jsonl.zst")
    recorder.close()
    assert recorder.path.stat().st_mode & 0o777 == 0o600


def test_a_folder_that_can_not_be_written_is_refused_in_words(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(Refuse, match="can't be written"):
        FrameRecorder(tmp_path / "file" / "r.jsonl.zst")


def test_a_full_disk_stops_the_recording_and_nothing_else(tmp_path):
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full")
    recorder = FrameRecorder(tmp_path / "r.jsonl.zst")
    recorder.close()
    with full.open("ab", buffering=0) as file:
        recorder._file = file
        recorder.record(1, b'{"n":1}')
        recorder.flush()
        assert "stopped" in recorder.problem
        recorder.record(2, b'{"n":2}')
        recorder.close()
