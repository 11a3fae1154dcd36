"""Switching LIVE off also reaches an engine that is on its way to the exchange."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import MagicMock

import pytest

from kalshi_desk.cli import calls
from kalshi_desk.cli.main import main
from kalshi_desk.core.errors import Stop
from kalshi_desk.engine import main as engine
from kalshi_desk.engine.lock import EngineLock, EngineRecord
from kalshi_desk.store.live_switch import PHRASE, is_live_on, turn_live_off, turn_live_on
from kalshi_desk.store.paths import Home, open_home
from kalshi_desk.store.settings import LoadedSettings, Settings
from kalshi_desk.store.venues import last_venue
from tests.cli.test_lifetime import make_key


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = open_home(str(tmp_path / "h"))
    made.prepare()
    turn_live_on(made, PHRASE, 1.0)
    return made


def test_an_engine_that_does_not_say_where_it_starts_leaves_it_unknown(
    home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(calls, "START_PATIENCE_S", 0.2)
    lock = EngineLock(home)
    lock.acquire()
    try:
        assert main(["live", "off", "--home", str(home.root)]) == 4
    finally:
        lock.release()
    said = capsys.readouterr()
    assert "LIVE is off" not in said.out
    assert "still starting" in said.err
    assert not is_live_on(home)


def test_an_engine_that_starts_meanwhile_is_waited_for(
    home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[object] = []

    async def submit(home: Home, command: object) -> None:
        asked.append(command)
        raise Stop("enough")

    lock = EngineLock(home)
    lock.acquire()
    record = EngineRecord(venue="live", pid=1, link="unix:/nowhere", token_path="")
    monkeypatch.setattr(calls, "submit", submit)
    monkeypatch.setattr("kalshi_desk.cli.live.time.sleep", lambda _: lock.announce(record))
    try:
        assert main(["live", "off", "--home", str(home.root)]) == 1
    finally:
        lock.release()
    assert len(asked) == 1
    assert "LIVE is off" not in capsys.readouterr().out


def test_an_engine_whose_permission_ends_while_it_starts_never_goes_live(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_key(Path(str(home.root)), "live")
    announced: list[str] = []

    def announce(lock: EngineLock, record: EngineRecord) -> None:
        announced.append(record.venue)
        turn_live_off(home)

    def opened(*_: object) -> None:
        raise AssertionError("the engine went LIVE")

    # What is for the life of a process stays out of the process of the tests.
    monkeypatch.setattr(engine, "Log", MagicMock())
    monkeypatch.setattr(engine, "_stop_on_signals", lambda shell: None)
    monkeypatch.setattr(EngineLock, "announce", announce)
    monkeypatch.setattr(engine, "KeyedVenue", opened)
    with pytest.raises(Stop, match="not switched on"):
        engine.run_engine(home, LoadedSettings(settings=Settings()), "live", json_ready=False)
    assert announced == ["live"]
    assert last_venue(home) == "live"
