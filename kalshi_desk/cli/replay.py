"""``kalshi-desk replay``: a recording at full speed, or on the screen with its own engine."""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path

from kalshi_desk.cli import outcome
from kalshi_desk.cli.recordings import find
from kalshi_desk.core.errors import Retry
from kalshi_desk.desk.commands import LeaveOrders
from kalshi_desk.store.paths import Home, open_home
from kalshi_desk.store.presence import is_locked
from kalshi_desk.store.setting_env import load_all
from kalshi_desk.store.settings import save_setting

_PREFIX = "kalshi-desk-replay-"
_LEFTOVER_AGE_S = 60.0


def scan(home: Home, file: str, *, as_json: bool) -> int:
    """Run a recording through decoder and books as fast as they go and print the figures."""
    import json

    from kalshi_desk.engine.replay_scan import scan as scan_file

    figures = scan_file(find(home, file)).to_json()
    if as_json:
        print(json.dumps(figures), flush=True)
    else:
        for name, value in figures.items():
            print(f"{name}: {len(value) if isinstance(value, dict) else value}")
    return outcome.DONE


def play(home: Home, file: str) -> int:
    """Show a recording on the screen.

    It has an engine and a folder of its own, so that it never meets the desk that trades;
    both are gone when the screen is closed.
    """
    from kalshi_desk.cli.desk import need_terminal, show
    from kalshi_desk.cli.link import EngineLink
    from kalshi_desk.cli.processes import EngineChild, prepare

    path = find(home, file)
    need_terminal()
    settings = load_all(home).settings
    _clear_leftovers()
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    own = open_home(str(folder))
    try:
        prepare(own)
        save_setting(own.settings_path, "tui.on_gone", "stop")
        child = EngineChild(own, "--venue", "replay", "--file", str(path))
        try:
            return show(own, lambda: EngineLink(own, child), settings)
        finally:
            _end(own)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _end(home: Home) -> None:
    """Stop the replay's engine, however the screen was left."""
    from kalshi_desk.cli.calls import stop_engine

    try:
        stop_engine(home, LeaveOrders.LEAVE)
    except Retry:
        return


def _clear_leftovers() -> None:
    """Remove folders of replays whose screen was killed; their engines have ended by themselves."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        try:
            is_old = time.time() - folder.stat().st_mtime > _LEFTOVER_AGE_S
        except OSError:
            continue
        if is_old and not is_locked(open_home(str(folder), {})):
            shutil.rmtree(folder, ignore_errors=True)
