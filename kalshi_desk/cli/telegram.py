"""``kalshi-desk telegram``: run the bridge, check what it needs, or keep the bot's token."""

from __future__ import annotations

import asyncio
import contextlib
import getpass
import json
import logging
import logging.handlers
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from kalshi_desk.cli import guest, outcome
from kalshi_desk.cli.link import EngineLink
from kalshi_desk.core.errors import DeskError, Retry, Stop
from kalshi_desk.desk.commands import Answer
from kalshi_desk.store.bot_token import load_bot_token, save_bot_token
from kalshi_desk.store.bridge_state import BridgeState
from kalshi_desk.store.env_files import env_paths
from kalshi_desk.store.files import PRIVATE_FILE, cannot_write
from kalshi_desk.store.paths import Home
from kalshi_desk.store.presence import is_locked, read_ready, try_lock
from kalshi_desk.store.setting_env import load_all

if TYPE_CHECKING:
    from kalshi_desk.telegram.bridge import Bridge
    from kalshi_desk.telegram.settings import BridgeSettings

FACE = "telegram"
LOCK_PATIENCE_S = 20.0
"""How long a bridge waits for another one of this home, which may be ending."""
FAREWELL_S = 3.0
"""How long a guest whose engine has died tries to say so, within the grace it has."""
_PAUSE_S = 0.1
_LOCK_LOOKS = 4
_RELOAD_S = 1.0
_LOG_BYTES, _LOG_FILES = 5_000_000, 2
_log = logging.getLogger(__name__)


def run(home: Home, action: str, *, as_json: bool, in_keyring: bool = False) -> int:
    """Carry out ``run``, ``check`` or ``token``; raises ``DeskError`` with the reason."""
    if action == "token":
        return _keep_token(home, in_keyring=in_keyring)
    if action == "check":
        return _check(home, as_json=as_json)
    guest.live_with_engine()
    home.prepare()
    token = load_bot_token(home)
    settings = SettingsNow(home)
    with _only_one(home):
        _log_to(None if guest.is_guest() else home.logs / "telegram.log", token)
        try:
            return asyncio.run(_serve(home, token, settings, as_json=as_json))
        except DeskError:
            raise
        except Exception:
            # The traceback may hold addresses, which hold the token: the log scrubs it.
            _log.exception("the bridge failed")
            raise Stop(
                "The bridge failed through a fault of its own.",
                code="fault",
                money="The engine and its orders go on without it.",
                todo=f"The traceback is in {home.logs / 'telegram.log'}.",
            ) from None


class SettingsNow:
    """The bridge's settings, read again when a file of them has changed."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._paths = (home.settings_path, *env_paths(home))
        self._looked = time.monotonic()
        self._stamp = self._stamp_now()
        self._settings = self._read()

    def __call__(self) -> BridgeSettings:
        """Return the settings of now; a file that can't be read keeps those of before."""
        if time.monotonic() - self._looked >= _RELOAD_S:
            self._looked = time.monotonic()
            stamp = self._stamp_now()
            if stamp != self._stamp:
                self._stamp = stamp
                try:
                    self._settings = self._read()
                except DeskError as error:
                    _log.error("%s The bridge goes on as before.", error)
        return self._settings

    def _read(self) -> BridgeSettings:
        from kalshi_desk.telegram.settings import BridgeSettings

        section = load_all(self._home).settings.telegram
        return BridgeSettings(
            users=dict(section.users),
            chats={chat: role for chat, role in section.chats.items() if _is_id(chat)},
            notify=dict(section.notify),
            frequency=section.frequency,
            style=section.style,
            language=section.language,
            confirm_s=section.confirm_s,
            server=section.server,
        )

    def _stamp_now(self) -> list[tuple[int, int]]:
        stamps = []
        for path in self._paths:
            try:
                found = path.stat()
            except OSError:
                stamps.append((0, 0))
            else:
                stamps.append((found.st_mtime_ns, found.st_size))
        return stamps


class DeskOfHome(EngineLink):
    """The engine of a home, and a panic that needs no engine."""

    def __init__(self, home: Home) -> None:
        super().__init__(home, None, FACE)
        self._desk_home = home

    async def panic(self) -> Answer:
        """Cancel everything, by the engine or at the exchange itself."""
        from kalshi_desk.cli.panicking import panic

        return await panic(self._desk_home)


async def _serve(home: Home, token: str, settings: SettingsNow, *, as_json: bool) -> int:
    from kalshi_desk.telegram.bridge import Bridge

    kept = BridgeState(home.data / "telegram.sqlite3")

    def ready(name: str) -> None:
        guest.say_ready(f"@{name}")
        if not guest.is_guest():
            line = f"The bridge serves @{name}. Ctrl+C ends it."
            facts = {"guest": FACE, "pid": os.getpid(), "bot": name}
            with contextlib.suppress(OSError):
                print(json.dumps(facts) if as_json else line, flush=True)

    bridge = Bridge(DeskOfHome(home), kept, token, settings, on_ready=ready)
    ending: set[asyncio.Task[None]] = set()

    def stop() -> None:
        if not ending:
            ending.add(asyncio.create_task(_stop(home, bridge)))

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, stop)
    try:
        await bridge.run()
    finally:
        kept.close()
    return outcome.DONE


async def _stop(home: Home, bridge: Bridge) -> None:
    """End the bridge; a guest whose engine has died says so before it ends with it."""
    if guest.is_guest():
        # An engine that ends takes its ready file away; one that died leaves it, unlocked.
        for _ in range(_LOCK_LOOKS):
            if not is_locked(home) and read_ready(home) is not None:
                await bridge.say_engine_died(FAREWELL_S)
                break
            await asyncio.sleep(_PAUSE_S / 2)
    bridge.stopped.set()


@contextlib.contextmanager
def _only_one(home: Home) -> Iterator[None]:
    """Hold the home's lock of the bridge: two would answer everything twice."""
    path = home.state / "telegram.lock"
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, PRIVATE_FILE)
    except OSError as error:
        raise cannot_write(path, error) from error
    try:
        give_up = time.monotonic() + LOCK_PATIENCE_S
        while not try_lock(handle):
            if time.monotonic() > give_up:
                raise Retry(
                    "Another Telegram bridge runs on this home.",
                    code="bridge_runs",
                    money="This one was not started.",
                    todo="End the other one first; the engine starts one where settings say so.",
                )
            time.sleep(_PAUSE_S)
        yield
    finally:
        os.close(handle)


def _log_to(path: Path | None, token: str) -> None:
    """Write the log to a file, and warnings to the terminal, both without the token.

    Without a file everything goes to standard error: the engine keeps that of its guests.
    """
    from kalshi_desk.telegram.scrub import Scrubber, ScrubbingFormatter

    said = logging.StreamHandler(sys.stderr)
    handlers: list[logging.Handler] = [said]
    if path is not None:
        said.setLevel(logging.WARNING)
        handlers.append(
            logging.handlers.RotatingFileHandler(
                path, maxBytes=_LOG_BYTES, backupCount=_LOG_FILES, encoding="utf-8"
            )
        )
    form, root = ScrubbingFormatter(Scrubber(token)), logging.getLogger()
    for handler in handlers:
        handler.setFormatter(form)
        root.addHandler(handler)
    root.setLevel(logging.INFO)
    for chatty in ("httpx", "httpcore", "websockets", "telegram"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def _check(home: Home, *, as_json: bool) -> int:
    from kalshi_desk.telegram.checking import check

    settings = SettingsNow(home)()
    found = asyncio.run(check(load_bot_token(home), settings))
    if as_json:
        rows = [{"what": f.what, "good": f.is_good, "text": f.text} for f in found]
        print(json.dumps({"good": all(f.is_good for f in found), "found": rows}))
    else:
        for finding in found:
            print(f"{'ok ' if finding.is_good else 'BAD'} {finding.what}: {finding.text}")
    if all(finding.is_good for finding in found):
        return outcome.DONE
    is_server = any(f.what == "server" and not f.is_good for f in found)
    return outcome.UNREACHABLE if is_server else outcome.REFUSED


def _keep_token(home: Home, *, in_keyring: bool) -> int:
    """Read the token without showing it, or from a pipe; never from the command line."""
    home.prepare()
    if sys.stdin.isatty():
        token = getpass.getpass("The bot's token, from @BotFather (not shown): ")
    else:
        token = sys.stdin.readline()
    where = save_bot_token(home, token, in_keyring=in_keyring)
    print(f"The token is kept in {where}. Try it with: kalshi-desk telegram check")
    return outcome.DONE


def _is_id(text: str) -> bool:
    """Return whether text is the number of a chat; names can't be told of events."""
    return text.lstrip("-").isdigit()
