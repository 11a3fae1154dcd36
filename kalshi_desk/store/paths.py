"""Where everything lies: the folders of one home and the files in them."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kalshi_desk.store.files import PRIVATE_FOLDER, make_folder

APP_NAME = "kalshi-desk"
HOME_VARIABLE = "KALSHI_DESK_HOME"
GUEST_VARIABLE = "KALSHI_DESK_GUEST"
"""Set by the engine for a process that must end with it."""
MAX_SOCKET_BYTES = 100
"""Unix socket paths hold 104 bytes on macOS and 108 on Linux."""


@dataclass(frozen=True, slots=True)
class Home:
    """The folders of one desk; two desks with different homes share nothing.

    ``root`` is the folder a person named, or None for the platform's own places.
    """

    root: Path | None
    config: Path
    data: Path
    state: Path
    logs: Path
    runtime: Path

    @property
    def settings_path(self) -> Path:
        """The settings, TOML."""
        return self.config / "settings.toml"

    @property
    def watchlist_path(self) -> Path:
        """The starred markets, one ticker a line."""
        return self.data / "watchlist.txt"

    @property
    def news_model_path(self) -> Path:
        """The trained classifier of news, JSON."""
        return self.data / "news-model.json"

    @property
    def keys(self) -> Path:
        """API keys, one file a venue."""
        return self.config / "keys"

    @property
    def strategies(self) -> Path:
        """Strategies of the user's own, one Python file each."""
        return self.config / "strategies"

    @property
    def recordings(self) -> Path:
        """Recorded frames."""
        return self.data / "recordings"

    @property
    def lock_path(self) -> Path:
        """The lock that the engine holds for life."""
        return self.state / "engine.lock"

    @property
    def panic_lock_path(self) -> Path:
        """The lock that a panic without an engine holds while it works."""
        return self.state / "panic.lock"

    @property
    def ready_path(self) -> Path:
        """What the running engine says of itself."""
        return self.state / "engine.json"

    @property
    def last_venue_path(self) -> Path:
        """Which venue the last engine traded on; it stays when that engine ends."""
        return self.state / "venue.json"

    @property
    def token_path(self) -> Path:
        """The token of the link, 0600."""
        return self.state / "link.token"

    @property
    def api_token_path(self) -> Path:
        """The token of the API, 0600; it stays the same until it is deleted."""
        return self.state / "api.token"

    @property
    def exchange_folder(self) -> Path:
        """The practice exchange's own folder."""
        return self.data / "exchange"

    @property
    def exchange_state_path(self) -> Path:
        """The practice exchange's one state file."""
        return self.exchange_folder / "exchange.sqlite"

    @property
    def exchange_ready_path(self) -> Path:
        """Where the running practice exchange can be reached."""
        return self.state / "exchange.json"

    @property
    def practice_clock_path(self) -> Path:
        """The scaled clock of the practice exchange, once it was not the wall's."""
        return self.state / "practice-clock.json"

    @property
    def engine_log(self) -> Path:
        """The engine's log."""
        return self.logs / "engine.log"

    @property
    def engine_output(self) -> Path:
        """What an engine that was started in the background said, this time only."""
        return self.logs / "engine.out"

    @property
    def exchange_log(self) -> Path:
        """The practice exchange's log."""
        return self.logs / "exchange.log"

    @property
    def cli_log(self) -> Path:
        """Tracebacks of the commands and of the screen."""
        return self.logs / "desk.log"

    def journal_path(self, venue: str) -> Path:
        """The journal of one venue."""
        return self.data / f"journal-{venue}.sqlite3"

    @property
    def link_address(self) -> str:
        """The address to serve the link on: a Unix socket, else loopback with any port."""
        path = self.runtime / "link.sock"
        if hasattr(os, "getuid") and len(os.fsencode(path)) < MAX_SOCKET_BYTES:
            return f"unix:{path}"
        return "ws://127.0.0.1:0"

    def prepare(self) -> None:
        """Create every folder, private to the person; raises ``Stop`` where one may not write."""
        for folder in (self.config, self.data, self.state, self.logs):
            make_folder(folder)
        make_folder(self.exchange_folder)
        make_folder(self.runtime)
        if hasattr(os, "getuid") and self.runtime.stat().st_uid == os.getuid():
            self.runtime.chmod(PRIVATE_FOLDER)


def open_home(explicit: str | None = None, env: Mapping[str, str] | None = None) -> Home:
    """Return the home named by ``--home``, else by the environment, else the platform's.

    Creates nothing: call :meth:`Home.prepare` before writing.
    """
    variables = os.environ if env is None else env
    named = explicit or variables.get(HOME_VARIABLE) or ""
    return _named_home(Path(named).expanduser().absolute()) if named else _platform_home(variables)


def _named_home(root: Path) -> Home:
    runtime = root / "run"
    if len(os.fsencode(runtime / "link.sock")) >= MAX_SOCKET_BYTES:
        runtime = _short_runtime(str(root))
    return Home(
        root=root,
        config=root,
        data=root / "data",
        state=root / "state",
        logs=root / "logs",
        runtime=runtime,
    )


def _platform_home(variables: Mapping[str, str]) -> Home:
    from platformdirs import PlatformDirs

    places = PlatformDirs(APP_NAME, appauthor=False)
    base = variables.get("XDG_RUNTIME_DIR", "")
    runtime = Path(base) / APP_NAME if base and Path(base).is_dir() else _short_runtime("default")
    return Home(
        root=None,
        config=places.user_config_path,
        data=places.user_data_path,
        state=places.user_state_path,
        logs=places.user_log_path,
        runtime=runtime,
    )


def _short_runtime(name: str) -> Path:
    """Return a short folder for sockets, one per person and home."""
    person = str(os.getuid()) if hasattr(os, "getuid") else "me"
    digest = hashlib.sha256(name.encode(errors="surrogateescape")).hexdigest()[:8]
    return Path(tempfile.gettempdir()) / f"kalshi-desk-{person}-{digest}"
