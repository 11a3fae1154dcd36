"""The frame of every REST answer: authentication, token cost, paging and JSON."""

from __future__ import annotations

import base64
import binascii
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kalshi_desk.exchange.buckets import DEFAULT_COST
from kalshi_desk.exchange.calendar import SECOND_NS
from kalshi_desk.exchange.faults import unavailable
from kalshi_desk.exchange.host import Host
from kalshi_desk.exchange.refusals import Refusal, bad_query
from kalshi_desk.exchange.statefile import StateError

PREFIX = "/trade-api/v2"
NOBODY = -1
_encoder = msgspec.json.Encoder(order="sorted")


@dataclass(slots=True)
class Call:
    """One request with the account behind it (``NOBODY`` for public calls)."""

    host: Host
    request: Request
    owner: int
    body: bytes

    def text(self, name: str) -> str:
        """Return a query parameter, empty when absent."""
        return self.request.query_params.get(name, "")

    def path(self, name: str) -> str:
        """Return a path parameter."""
        return str(self.request.path_params[name])

    def flag(self, name: str) -> bool:
        """Return a boolean query parameter."""
        return self.text(name).lower() in {"true", "1"}

    def number(self, name: str, default: int) -> int:
        """Return an integer query parameter; raises the 400 for anything else."""
        text = self.text(name)
        if not text:
            return default
        try:
            return int(text)
        except ValueError:
            raise bad_query(f"invalid value for parameter {name}") from None

    def limit(self, default: int, most: int) -> int:
        """Return ``limit``; above the maximum is an error, as recorded."""
        found = self.number("limit", default)
        if not 0 <= found <= most:
            raise bad_query(f"limit must be between 0 and {most}")
        return found or default


Answer = tuple[int, Any]
Handler = Callable[[Call], Answer]


def json_response(status: int, body: Any, now_ns: int) -> Response:
    """Return a JSON response with keys in order; None is an empty body."""
    headers = {"Date": formatdate(now_ns / SECOND_NS, usegmt=True)}
    if body is None:
        return Response(status_code=status, headers=headers)
    return Response(
        _encoder.encode(body),
        status_code=status,
        headers=headers,
        media_type="application/json",
    )


def route(
    host: Host,
    method: str,
    path: str,
    handler: Handler,
    *,
    private: bool = False,
    bucket: str = "",
    cost: int | None = DEFAULT_COST,
) -> Route:
    """Return a route that authenticates, charges tokens, answers and turns refusals into JSON.

    ``cost`` None lets the handler charge what the body turns out to hold.
    """
    kind = bucket or ("read" if method == "GET" else "write")

    async def endpoint(request: Request) -> Response:
        now_ns = host.clock.signing_ns()
        try:
            owner = _owner(host, request, now_ns) if private else NOBODY
            if private and cost is not None:
                host.budget(owner).spend(kind, cost, time.monotonic())
            body = await request.body() if method != "GET" else b""
            is_write = private and method != "GET"
            if is_write:
                host.faults.before()
            status, answer = handler(Call(host, request, owner, body))
            if is_write:
                await host.faults.after()
        except Refusal as refusal:
            status, answer = refusal.status, refusal.body
        except StateError as error:
            unwritten = unavailable(str(error))
            status, answer = unwritten.status, unwritten.body
        return json_response(status, answer, now_ns)

    return Route(PREFIX + path, _named(endpoint, method, path), methods=[method])


def _named(
    endpoint: Callable[[Request], Awaitable[Response]], method: str, path: str
) -> Callable[[Request], Awaitable[Response]]:
    endpoint.__name__ = f"{method} {path}"
    return endpoint


def _owner(host: Host, request: Request, now_ns: int) -> int:
    raw: bytes = request.scope.get("raw_path", b"")
    path = raw.decode("latin-1").partition("?")[0] or request.url.path
    owner = host.keys.owner_of(request.headers, request.method, path, now_ns)
    host.seen()
    return owner


def to_cursor(value: int) -> str:
    """Return an opaque cursor for a place in a list."""
    return base64.urlsafe_b64encode(f"p{value}".encode()).decode().rstrip("=")


def from_cursor(text: str) -> int | None:
    """Return the place a cursor stands for; None (the first page) for garbage."""
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
        return int(raw[1:]) if raw[:1] == "p" else None
    except (ValueError, binascii.Error):
        return None


def page(items: list[Any], call: Call, default: int, most: int) -> tuple[list[Any], str]:
    """Return one page of a list and the cursor of the next, empty on the last."""
    limit = call.limit(default, most)
    start = max(from_cursor(call.text("cursor")) or 0, 0)
    end = start + limit
    return items[start:end], to_cursor(end) if end < len(items) else ""


def newest_page(
    items: list[Any], keys: list[int], call: Call, default: int, most: int
) -> tuple[list[Any], str]:
    """Return one page of a newest-first list whose keys fall; new items do not shift pages."""
    limit = call.limit(default, most)
    before = from_cursor(call.text("cursor"))
    start = 0
    if before is not None:
        start = next((at for at, key in enumerate(keys) if key < before), len(keys))
    end = start + limit
    return items[start:end], to_cursor(keys[end - 1]) if end < len(items) else ""
