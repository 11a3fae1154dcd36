"""Stands before every route: who calls, from where, how often and how much.

Loopback alone is no protection: any web page can make a browser call it, by a name of its
own too (DNS rebinding), and so can every program of every user of this computer.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import time
from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from kalshi_desk.api.body_limit import take_body
from kalshi_desk.api.buckets import Bucket
from kalshi_desk.api.offers import BASE, FOR_BROWSERS, OFFERS
from kalshi_desk.api.replies import UNKNOWN_CALLER, Refusal, refuse

KNOWN_RATE, KNOWN_BURST = 50.0, 100
STRANGER_RATE, STRANGER_BURST = 10.0, 30
_BEARER, _BASIC = "bearer", "basic"
_SAME_SITE = frozenset({"", "none", "same-origin"})
_PROTECTIVE = frozenset(f"{BASE}{offer.path}" for offer in OFFERS if offer.protective)
_PAGES = frozenset(f"{BASE}{offer.path}" for offer in OFFERS if offer.name in FOR_BROWSERS)
_FOREIGN_HOST = Refusal(403, "This API answers to 127.0.0.1 and localhost with its port only.")
_FOREIGN_PAGE = Refusal(403, "Pages of other origins may not call this API.")


class Guard:
    """Lets callers in who know the token and come from here.

    ``port`` is the one that is served; ``on_stranger`` is told in words of whoever came with
    a wrong token or through a foreign page.
    """

    def __init__(
        self,
        app: ASGIApp,
        token: str,
        port: int,
        on_stranger: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._app = app
        self._token = token.encode()
        self._hosts = frozenset({f"127.0.0.1:{port}", f"localhost:{port}"})
        self._origins = frozenset(f"http://{host}" for host in self._hosts)
        self._on_stranger = on_stranger
        self._known = Bucket(KNOWN_RATE, KNOWN_BURST, clock)
        self._strangers = Bucket(STRANGER_RATE, STRANGER_BURST, clock)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse a call, or pass it on."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refusal = self._foreign(headers) or self._stranger(scope, headers)
        if refusal is None and scope["type"] == "http":
            taken = await take_body(headers, receive)
            if taken is None:
                return
            if isinstance(taken, Refusal):
                refusal = taken
            else:
                receive = taken
        if refusal is not None:
            await refuse(refusal, scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def knows(self, token: object) -> bool:
        """Return whether this is the token, in a time that tells nothing of it."""
        given = token.encode("utf-8", "replace") if isinstance(token, str) else b""
        return hmac.compare_digest(given, self._token)

    def _foreign(self, headers: Headers) -> Refusal | None:
        hosts, origins = headers.getlist("host"), headers.getlist("origin")
        if len(hosts) != 1 or hosts[0].lower() not in self._hosts:
            self._on_stranger("it was called by a name that is not its own")
            return _FOREIGN_HOST
        if (
            any(origin.lower() not in self._origins for origin in origins)
            or headers.get("sec-fetch-site", "") not in _SAME_SITE
        ):
            self._on_stranger("a web page called it")
            return _FOREIGN_PAGE
        return None

    def _stranger(self, scope: Scope, headers: Headers) -> Refusal | None:
        """Refuse who does not know the token, and who calls too often.

        A socket may come without one: it has to say it in its first message.
        """
        path = scope["path"]
        given = _given(path, headers)
        is_known = self.knows(given)
        scope.setdefault("state", {})["is_known"] = is_known
        if is_known:
            wait_s = 0 if path in _PROTECTIVE else self._known.wait_s()
            return Refusal(429, "Too many calls; wait a moment.", wait_s) if wait_s else None
        if given is not None:
            self._on_stranger("somebody called it with a wrong token")
        wait_s = self._strangers.wait_s()
        if wait_s:
            return Refusal(429, "Too many calls without the token.", wait_s)
        may_say_later = scope["type"] == "websocket" and given is None
        return None if may_say_later else UNKNOWN_CALLER


def _given(path: str, headers: Headers) -> str | None:
    """Return the token that a caller gives, empty when it can't be one, None for none."""
    lines = headers.getlist("authorization")
    if not lines:
        return None
    scheme, _, rest = lines[0].strip().partition(" ")
    if len(lines) == 1 and scheme.lower() == _BEARER:
        return rest.strip()
    if len(lines) == 1 and scheme.lower() == _BASIC and path in _PAGES:
        try:
            return base64.b64decode(rest.strip(), validate=True).decode().partition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            return ""
    return ""
