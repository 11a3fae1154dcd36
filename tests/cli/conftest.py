"""A real engine with its practice exchange, and the shell commands run against it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

START_S = 60
COMMAND_S = 60


@dataclass(slots=True)
class Done:
    """What a command printed and how it ended."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """The JSON on standard output."""
        return json.loads(self.out)


@dataclass(slots=True)
class Desk:
    """One home and the commands on it."""

    home: Path

    def run(self, *words: str, env: dict[str, str] | None = None, typed: str = "") -> Done:
        """Run ``kalshi-desk`` with these words and what is typed at its questions."""
        done = subprocess.run(
            [sys.executable, "-m", "kalshi_desk", *words, "--home", str(self.home)],
            capture_output=True,
            text=True,
            timeout=COMMAND_S,
            env={**os.environ, **(env or {})},
            input=typed,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def start(self) -> subprocess.Popen[bytes]:
        """Start an engine and wait for its ready line."""
        engine = subprocess.Popen(
            [
                *(sys.executable, "-m", "kalshi_desk", "engine", "--venue", "practice"),
                *("--no-api", "--no-news", "--json", "--home", str(self.home)),
            ],
            stdout=subprocess.PIPE,
        )
        assert engine.stdout is not None
        ready = json.loads(engine.stdout.readline())
        assert ready["pid"] == engine.pid
        return engine

    def processes(self) -> list[psutil.Process]:
        """Return every process that has this home on its command line."""
        found = []
        for process in psutil.process_iter():
            try:
                if any(str(self.home) in word for word in process.cmdline()):
                    found.append(process)
            except psutil.Error:
                continue
        return found

    def end(self) -> None:
        """End whatever is left of this desk."""
        for process in self.processes():
            try:
                process.send_signal(signal.SIGKILL)
                process.wait(timeout=10)
            except psutil.Error:
                continue


@pytest.fixture
def bare(tmp_path: Path) -> Desk:
    """A home on which nothing runs."""
    return Desk(tmp_path / "home")


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Desk]:
    """A home of its own, cleaned of processes afterwards."""
    desk = Desk(tmp_path / "home")
    yield desk
    desk.end()


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A home with a running engine."""
    made = Desk(tmp_path_factory.mktemp("desk") / "home")
    engine = made.start()
    yield made
    made.end()
    engine.wait(timeout=10)
