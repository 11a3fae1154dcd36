"""Starts the real engine and practice exchange for a test, and ends both."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import msgspec

from kalshi_desk.store.paths import Home, open_home

START_S = 40.0


@dataclass
class RunningDesk:
    """An engine process on a home of its own."""

    home: Home
    process: subprocess.Popen[str]
    ready: dict[str, Any]

    @property
    def exchange(self) -> dict[str, Any]:
        """Where the engine's practice exchange can be reached."""
        saved: dict[str, Any] = msgspec.json.decode(self.home.exchange_ready_path.read_bytes())
        return saved

    def ledger(self) -> dict[str, Any]:
        """Return the exchange's own ledger."""
        answer = httpx.get(f"{self.exchange['address']['admin']}/ledger", timeout=10)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def kill(self) -> None:
        """End the engine as a crash would."""
        self.process.kill()
        self.process.wait(10)

    def shell(self, *words: str, code: int = 0) -> Any:
        """Run a shell command with ``--json`` and return what it prints."""
        done = shell(self.home, *words, "--json")
        assert done.returncode == code, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else None


def shell(home: Home, *words: str) -> subprocess.CompletedProcess[str]:
    """Run ``kalshi-desk`` on a home."""
    return subprocess.run(
        [sys.executable, "-m", "kalshi_desk", *words, "--home", str(home.root)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def start_engine(root: Path, *, api: bool = False, news: bool = False) -> RunningDesk:
    """Start an engine, without the API unless asked for, and wait for its ready line."""
    home = open_home(str(root))
    home.prepare()
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "kalshi_desk", "engine", "--json", "--home", str(root)),
            *([] if api else ["--no-api"]),
            *([] if news else ["--no-news"]),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        assert process.stderr is not None
        raise AssertionError(f"the engine did not start: {process.stderr.read()}")
    return RunningDesk(home, process, json.loads(line))


@contextmanager
def running_desk(root: Path, *, api: bool = False, news: bool = False) -> Iterator[RunningDesk]:
    """Run a desk for the length of a block; nothing of it is left afterwards."""
    desk = start_engine(root, api=api, news=news)
    try:
        yield desk
    finally:
        end(desk)


def end(desk: RunningDesk) -> None:
    """Stop engine and exchange, by force where they do not go."""
    exchange_pid = 0
    with suppress(OSError, msgspec.MsgspecError):
        exchange_pid = int(desk.exchange["pid"])
    desk.process.terminate()
    try:
        desk.process.wait(15)
    except subprocess.TimeoutExpired:
        desk.kill()
    for stream in (desk.process.stdout, desk.process.stderr):
        if stream is not None:
            stream.close()
    if exchange_pid and is_alive(exchange_pid):
        with suppress(ProcessLookupError):
            os.kill(exchange_pid, signal.SIGKILL)


def is_alive(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def wait_until(condition: Any, seconds: float = 15.0) -> None:
    """Wait for a condition, and fail when it does not come true."""
    give_up = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > give_up:
            raise AssertionError(f"not true within {seconds} s: {condition}")
        time.sleep(0.05)
