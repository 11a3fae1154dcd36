"""Which guests an engine has, and the socket of the API, which the engine holds for it."""

from __future__ import annotations

import errno
import logging
import socket
import sys
from collections.abc import Callable

from kalshi_desk.core.errors import DeskError
from kalshi_desk.core.events import CoreEvent
from kalshi_desk.core.ports import Clock
from kalshi_desk.engine.guests import GuestPlan, Guests, module_command
from kalshi_desk.store.api_token import api_token
from kalshi_desk.store.paths import Home
from kalshi_desk.store.settings import Settings

API, TELEGRAM = "api", "telegram"
LOOPBACK = "127.0.0.1"
FOLLOWED = (f"{API}.enabled", f"{TELEGRAM}.")
"""Settings that guests follow at once, by the beginning of their names."""
BACKLOG = 128
_NEXT_PORTS = 50
_LAST_PORT = 65_535
_BRIDGE_NEEDS = (
    *("TELEGRAM_", "DBUS_"),
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"),
    *("http_proxy", "https_proxy", "all_proxy", "no_proxy"),
)
_log = logging.getLogger(__name__)


class ApiDoor:
    """The listening socket of the API.

    The engine binds it and each API process inherits it: the port is known before there is
    such a process, callers wait in the backlog while it starts, and the next one keeps it.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self._socket: socket.socket | None = None

    @property
    def url(self) -> str | None:
        """The base address of the API, None while it is shut."""
        if self._socket is None:
            return None
        return f"http://{LOOPBACK}:{self._socket.getsockname()[1]}/api"

    def open(self) -> int:
        """Listen on the port, or on the next free one, and return the open socket's number.

        Raises ``OSError`` when no port can be had.
        """
        if self._socket is None:
            self._socket = listen(self._port)
        return self._socket.fileno()

    def shut(self) -> None:
        """Listen no more."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def listen(port: int) -> socket.socket:
    """Return a socket listening on loopback at ``port``, the next free one, or any.

    Raises ``OSError`` when there is none.
    """
    tried = [*range(port, min(port + _NEXT_PORTS, _LAST_PORT) + 1), 0] if port else [0]
    for candidate in tried:
        try:
            return _bind(candidate)
        except OSError as error:
            if error.errno not in {errno.EADDRINUSE, errno.EACCES} or not candidate:
                raise
    raise OSError(errno.EADDRINUSE, "no port is free")


def _bind(port: int) -> socket.socket:
    # Named as TCP: asyncio switches Nagle's delay off only on sockets that say so.
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if sys.platform == "linux":
            # Here it only ends the wait for connections that are over; elsewhere it would
            # also let this socket take the calls of a server that listens on every address.
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((LOOPBACK, port))
        made.listen(BACKLOG)
    except OSError:
        made.close()
        raise
    return made


class GuestHouse:
    """The guests of one engine: which run follows the settings, also when they change.

    ``announce`` is told the API's address whenever that changes.
    """

    def __init__(
        self,
        home: Home,
        settings: Settings,
        take: Callable[[CoreEvent], None],
        clock: Clock,
        *,
        has_api: bool,
        has_bridge: bool,
    ) -> None:
        self._home = home
        self._door = ApiDoor(settings.api.port)
        self.announce: Callable[[str | None], None] = lambda url: None
        self.guests = Guests(take, clock)
        if has_api:
            self._open_door()
        self.guests.add(API, self._api, on=self.url is not None)
        self.guests.add(TELEGRAM, self._bridge, on=has_bridge)

    @property
    def url(self) -> str | None:
        """The base address of the API, None when it is off."""
        return self._door.url

    def apply(self, name: str, settings: Settings) -> None:
        """Follow a setting that a person has changed, by its dotted name."""
        if name == f"{API}.enabled":
            before = self.url
            if settings.api.enabled:
                self._open_door()
            else:
                self._door.shut()
            if self.url != before:
                self.announce(self.url)
            self.guests.switch(API, self.url is not None)
        elif name == f"{TELEGRAM}.enabled":
            self.guests.switch(TELEGRAM, settings.telegram.enabled)
        elif name == f"{TELEGRAM}.server":
            # The bridge reads all else by itself, without letting go of what people are asking.
            self.guests.renew(TELEGRAM)

    def close(self) -> None:
        """Let the port go; the processes end with the task that keeps them."""
        self._door.shut()

    def _open_door(self) -> None:
        """Listen, and have the token ready before anybody is told where to call."""
        try:
            self._door.open()
            api_token(self._home)
        except OSError as error:
            _log.error("no port for the API: %s", error)
        except DeskError as error:
            # The process of the API will fail for the same reason, and every face is told.
            _log.error("no token for the API: %s", error)

    def _api(self) -> GuestPlan:
        handle = self._door.open()
        return GuestPlan(
            name=API,
            title="The API",
            command=module_command(API, self._home.root, "--handle", str(handle)),
            log=self._home.logs / "api.log",
            handles=(handle,),
        )

    def _bridge(self) -> GuestPlan:
        return GuestPlan(
            name=TELEGRAM,
            title="The Telegram bridge",
            command=module_command(TELEGRAM, self._home.root),
            log=self._home.logs / "telegram.log",
            needs=_BRIDGE_NEEDS,
        )
