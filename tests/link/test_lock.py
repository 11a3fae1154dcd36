"""One engine per home, and how others find it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kalshi_desk.core.errors import Stop
from kalshi_desk.engine.lock import EngineLock
from kalshi_desk.store.paths import Home, open_home
from kalshi_desk.store.presence import (
    EnginePhase,
    EngineRecord,
    engine_phase,
    find_engine,
    is_locked,
    read_token,
    write_ready,
)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = open_home(str(tmp_path), {})
    home.prepare()
    return home


def a_record(home: Home) -> EngineRecord:
    return EngineRecord(
        venue="practice", pid=os.getpid(), link="unix:x", token_path=str(home.token_path)
    )


def test_an_engine_is_absent_then_starting_then_ready_then_absent(home: Home) -> None:
    assert engine_phase(home) is EnginePhase.ABSENT
    lock = EngineLock(home)
    lock.acquire()
    assert engine_phase(home) is EnginePhase.STARTING
    assert find_engine(home) is None
    lock.announce(a_record(home))
    assert find_engine(home) == a_record(home)
    lock.release()
    assert engine_phase(home) is EnginePhase.ABSENT
    assert find_engine(home) is None


def test_a_second_engine_is_refused_with_who_holds_it(home: Home) -> None:
    lock = EngineLock(home)
    lock.acquire()
    lock.announce(a_record(home))
    with pytest.raises(Stop, match=f"process {os.getpid()}"):
        EngineLock(home).acquire()
    assert find_engine(home) == a_record(home)
    lock.release()
    again = EngineLock(home)
    again.acquire()
    again.release()


def test_a_killed_engine_leaves_no_lock(home: Home) -> None:
    script = (
        "import sys; from kalshi_desk.engine.lock import EngineLock;"
        "from kalshi_desk.store.paths import open_home;"
        "lock = EngineLock(open_home(sys.argv[1])); lock.acquire();"
        "print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(home.root)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        assert is_locked(home)
        with pytest.raises(Stop):
            EngineLock(home).acquire()
        other.kill()
        other.wait(timeout=10)
    lock = EngineLock(home)
    lock.acquire()
    lock.release()


def test_a_ready_file_without_a_lock_is_a_leftover(home: Home) -> None:
    write_ready(home, a_record(home))
    assert find_engine(home) is None
    lock = EngineLock(home)
    lock.acquire()
    assert not home.ready_path.exists()
    lock.release()


def test_a_broken_ready_file_is_no_engine_yet(home: Home) -> None:
    lock = EngineLock(home)
    lock.acquire()
    home.ready_path.write_bytes(b"{")
    assert engine_phase(home) is EnginePhase.STARTING
    lock.release()


def test_a_token_that_cannot_be_read_is_empty(home: Home) -> None:
    assert read_token(a_record(home)) == ""
    home.token_path.write_text("abc\n")
    assert read_token(a_record(home)) == "abc"
