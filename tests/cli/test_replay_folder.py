"""A replay's own folder: left by a killed screen, it goes with the next replay."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from kalshi_desk.cli import replay
from kalshi_desk.engine.lock import EngineLock
from kalshi_desk.store.paths import open_home


def test_only_old_folders_without_an_engine_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    names = ("old", "old-but-running", "new")
    folders = {name: tmp_path / f"kalshi-desk-replay-{name}" for name in names}
    for name, folder in folders.items():
        open_home(str(folder), {}).prepare()
        if name.startswith("old"):
            os.utime(folder, (1, 1))
    lock = EngineLock(open_home(str(folders["old-but-running"]), {}))
    lock.acquire()
    os.utime(folders["old-but-running"], (1, 1))
    (tmp_path / "something-else").mkdir()
    replay._clear_leftovers()
    lock.release()
    assert not folders["old"].exists()
    assert folders["old-but-running"].exists()
    assert folders["new"].exists()
    assert (tmp_path / "something-else").exists()
