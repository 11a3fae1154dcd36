"""The engine as a process: run it here, or start one that outlives its terminal."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from kalshi_desk.core.errors import Stop
from kalshi_desk.store.files import PRIVATE_FILE, cannot_write
from kalshi_desk.store.paths import Home
from kalshi_desk.store.setting_edit import with_value
from kalshi_desk.store.setting_env import load_all
from kalshi_desk.store.settings import LoadedSettings, Settings, write_template

KEYED_VENUES = frozenset({"demo", "live"})


def run_engine(
    home: Home,
    venue: str | None,
    recording: str | None,
    *,
    as_json: bool,
    without: Sequence[str] = (),
    by_desk: bool = False,
) -> int:
    """Run the engine in this process until it is stopped; returns the exit code.

    ``without`` names sections of the settings whose part of the desk stays off this time;
    ``by_desk`` says that a screen started it.

    Raises ``Stop`` when the home, the settings or the journal forbid it.
    """
    from kalshi_desk.engine import main as engine

    loaded = switched_off(prepare(home), without)
    for warning in loaded.warnings:
        print(f"kalshi-desk: {warning}", file=sys.stderr)
    chosen = venue or loaded.settings.venue
    if (chosen == "replay") != (recording is not None):
        raise Stop(
            "A replay needs both --venue replay and --file FILE.",
            code="usage",
            todo="Use: kalshi-desk replay FILE",
        )
    check_venue(home, chosen)
    if chosen not in ("replay", loaded.settings.venue):
        settings = with_value(loaded.settings, ("venue",), chosen)
        sources = {**loaded.sources, "venue": "command line"}
        loaded = msgspec.structs.replace(loaded, settings=settings, sources=sources)
    path = Path(recording) if recording else None
    return engine.run_engine(
        home, loaded, chosen, json_ready=as_json, replay_path=path, by_desk=by_desk
    )


def switched_off(loaded: LoadedSettings, sections: Sequence[str]) -> LoadedSettings:
    """Return the settings with these parts off; the command line wins over everything."""
    settings, sources = loaded.settings, dict(loaded.sources)
    for section in sections:
        settings = with_value(settings, (section, "enabled"), False)
        sources[f"{section}.enabled"] = "command line"
    return msgspec.structs.replace(loaded, settings=settings, sources=sources)


def check_venue(home: Home, venue: str) -> None:
    """Raise ``Stop`` when a venue lacks what it needs: its key, and the word for real money."""
    if venue in KEYED_VENUES:
        from kalshi_desk.store.live_switch import need_live
        from kalshi_desk.store.secrets import load_key

        load_key(home, venue)
        if venue == "live":
            need_live(home)


def prepare(home: Home) -> LoadedSettings:
    """Make the folders, read all settings, and leave a commented file where there is none.

    Raises ``Stop`` naming what is wrong with the file or with a variable.
    """
    home.prepare()
    loaded = load_all(home)
    write_template(home.settings_path)
    return loaded


def prepare_to_look(home: Home) -> LoadedSettings:
    """Return the settings for a screen on an engine that runs already.

    What is wrong with them is a warning: it must not keep a person from their positions.
    """
    try:
        return prepare(home)
    except Stop as error:
        return LoadedSettings(settings=Settings(), warnings=(error.what,))


class EngineChild:
    """An engine started by this process, in a session of its own, speaking into a file."""

    def __init__(self, home: Home, *arguments: str) -> None:
        self._said = home.engine_output
        try:
            handle = os.open(self._said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE_FILE)
        except OSError as error:
            raise cannot_write(self._said, error) from error
        command = [sys.executable, "-m", "kalshi_desk.cli.main", "engine", *arguments]
        if home.root is not None:
            command += ["--home", str(home.root)]
        with os.fdopen(handle, "wb") as output:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """The process of the engine."""
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        """Whether it is gone already."""
        return self._process.poll() is not None

    def last_words(self) -> str:
        """Return what it said on its way out, one line."""
        try:
            lines = self._said.read_text("utf-8", errors="replace").splitlines()
        except OSError:
            lines = []
        spoken = [line.removeprefix("kalshi-desk: ").strip() for line in lines]
        said = " ".join(line for line in spoken[-2:] if line)
        return said[:500] or "It said nothing."
