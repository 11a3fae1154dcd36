"""The screen's link says what it is waiting for, from no engine to a served one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kalshi_desk.cli.desk import tui_settings
from kalshi_desk.cli.link import EngineLink
from kalshi_desk.cli.processes import EngineChild
from kalshi_desk.core.errors import Retry
from kalshi_desk.engine.lock import EngineLock
from kalshi_desk.store.paths import Home, open_home
from kalshi_desk.store.settings import Settings, TuiSettings


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = open_home(str(tmp_path / "home"), {})
    home.prepare()
    return home


async def why(link: EngineLink) -> Retry:
    with pytest.raises(Retry) as caught:
        await link.connect()
    return caught.value


async def test_no_engine_then_a_starting_one(home: Home) -> None:
    link = EngineLink(home, None)
    assert (await why(link)).code == "no_engine"
    lock = EngineLock(home)
    lock.acquire()
    assert (await why(link)).code == "engine_starting"
    lock.release()
    with pytest.raises(Retry):
        await link.pull((), 0, 0)
    await link.close()


async def test_an_engine_that_fails_is_quoted(home: Home) -> None:
    home.settings_path.write_text('venue = "mars"\n')
    child = EngineChild(home)
    link = EngineLink(home, child)
    process = child._process
    assert isinstance(process, subprocess.Popen)
    assert process.wait(timeout=60) == 1
    error = await why(link)
    assert error.code == "engine_failed"
    assert "line 1" in str(error)
    assert str(home.engine_log) in str(error)


async def test_the_child_has_a_session_of_its_own(home: Home) -> None:
    lock = EngineLock(home)
    lock.acquire()
    child = EngineChild(home)
    try:
        assert os.getsid(child.pid) == child.pid
        child._process.wait(timeout=60)
        assert "Another engine" in child.last_words()
    finally:
        lock.release()


@pytest.mark.parametrize("remote", [False, True])
def test_the_screen_gets_its_settings(monkeypatch: pytest.MonkeyPatch, remote: bool) -> None:
    monkeypatch.delenv("SSH_CONNECTION", raising=False)
    if remote:
        monkeypatch.setenv("SSH_CONNECTION", "x")
    chosen = Settings(tui=TuiSettings(rate_hz=9, ssh_rate_hz=3, keymap={"buy": "f5"}))
    told = tui_settings(chosen)
    assert told.rate_hz == (3.0 if remote else 9.0)
    assert told.keymap == {"buy": "f5"}
    assert told.theme
    assert tui_settings(Settings(tui=TuiSettings(theme="dark"))).theme == "dark"


def test_the_screen_waits_for_nothing_heavy() -> None:
    script = "import sys, kalshi_desk.cli.desk; print('websockets' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert done.stdout.strip() == b"False"
