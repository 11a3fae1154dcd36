"""Who leaves the screen is told what goes on without it."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from kalshi_desk.cli import desk
from kalshi_desk.store.paths import open_home
from kalshi_desk.store.presence import EnginePhase, EngineRecord


@pytest.mark.parametrize("is_running", [True, False])
def test_only_an_engine_left_behind_is_told_of(
    is_running: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    record = msgspec.convert(
        {"venue": "practice", "pid": 1, "link": "unix:/x", "api": "", "token_path": "/x"},
        EngineRecord,
        strict=False,
    )
    monkeypatch.setattr(desk, "need_terminal", lambda: None)
    monkeypatch.setattr(desk, "engine_phase", lambda _home: EnginePhase.READY)
    monkeypatch.setattr(desk, "show", lambda *_: 0)
    monkeypatch.setattr(desk, "find_engine", lambda _home: record if is_running else None)
    assert desk.open_desk(open_home(str(tmp_path))) == 0
    out = capsys.readouterr().out
    told = "Detached: the engine goes on, on practice." in out and "kalshi-desk stop" in out
    assert told is is_running
