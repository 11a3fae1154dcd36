"""Where the exchange is: REST and stream address as one record, so that they can't be mixed."""

from __future__ import annotations

from urllib.parse import urlsplit

import msgspec

from kalshi_desk.core.addresses import HOSTS, LOOPBACK
from kalshi_desk.core.errors import Stop

API_PATH = "/trade-api/v2"
STREAM_PATH = "/trade-api/ws/v2"

_ENCRYPTED = frozenset({"https", "wss"})


class Environment(msgspec.Struct, frozen=True, kw_only=True):
    """One environment of the exchange: its name and its two addresses.

    ``name`` is ``practice``, ``demo`` or ``live``; orders on ``live`` are real money.
    ``subaccount`` is the only one that is traded and looked at, 0 for the primary account.

    Raises ``Stop`` where the two addresses belong to different environments, or to another
    one than the name says; the exchange on this machine may pose as any of them.
    """

    name: str
    rest_url: str
    ws_url: str
    subaccount: int = 0

    def __post_init__(self) -> None:
        """Hold the addresses against the name."""
        wheres = {_environment_of(url) for url in (self.rest_url, self.ws_url)}
        if wheres not in ({_HERE}, {self.name}):
            raise Stop(
                f"The addresses of {self.name} lead to {' and '.join(sorted(wheres))}.",
                code="environment_mixed",
                todo="Start the desk without addresses, or choose the venue demo or live.",
            )

    def check_key(self, venue: str) -> None:
        """Raise ``Stop`` for a key that was stored for another environment."""
        if venue and venue != self.name:
            raise Stop(
                f"This is the key of {venue}, and the connection is to {self.name}.",
                code="environment_mixed",
                money="Nothing was sent.",
                todo=f"Store a key for {self.name}.",
            )

    @property
    def rest_path(self) -> str:
        """The path that every signed REST path begins with."""
        return urlsplit(self.rest_url).path.rstrip("/")

    @property
    def ws_path(self) -> str:
        """The path that the stream's upgrade request signs."""
        return urlsplit(self.ws_url).path

    @property
    def is_real_money(self) -> bool:
        """Whether orders here cost real money."""
        return self.name == "live"


_HERE = "this machine"


def _environment_of(url: str) -> str:
    """Return whose an address is; one without encryption is nobody's but this machine's."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if host in LOOPBACK:
        return _HERE
    for name, hosts in HOSTS.items():
        if host in hosts and parts.scheme in _ENCRYPTED:
            return name
    return f"an unknown place ({parts.scheme}://{host})"


DEMO = Environment(
    name="demo",
    rest_url="https://external-api.demo.kalshi.co/trade-api/v2",
    ws_url="wss://external-api-ws.demo.kalshi.co/trade-api/ws/v2",
)
LIVE = Environment(
    name="live",
    rest_url="https://external-api.kalshi.com/trade-api/v2",
    ws_url="wss://external-api-ws.kalshi.com/trade-api/ws/v2",
)


def keyed(venue: str, subaccount: int = 0) -> Environment:
    """Return Kalshi's ``demo`` or ``live`` environment for one subaccount of a key's owner."""
    return msgspec.structs.replace({"demo": DEMO, "live": LIVE}[venue], subaccount=subaccount)


def practice(rest_url: str, ws_url: str) -> Environment:
    """Return the environment of a practice exchange; both addresses must be on this machine.

    Raises ``Stop`` otherwise: a practice desk must never be able to send a real order.
    """
    for url in (rest_url, ws_url):
        host = urlsplit(url).hostname or ""
        if host not in LOOPBACK:
            raise Stop(
                f"The practice exchange is on this machine only, but its address says {host!r}.",
                code="environment_mixed",
                todo="Start the desk without an address, or choose the venue demo or live.",
            )
    return Environment(name="practice", rest_url=rest_url.rstrip("/"), ws_url=ws_url)
