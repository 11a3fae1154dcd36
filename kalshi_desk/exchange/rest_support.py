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

from kalshi_desk.exchange import entry
from kalshi_desk.exchange.access import Grant
from kalshi_desk.exchange.buckets import DEFAULT_COST
from kalshi_desk.exchange.calendar import SECOND_NS
from kalshi_desk.exchange.faults import unavailable
from kalshi_desk.exchange.host import Host
from kalshi_desk.exchange.records import Account
from kalshi_desk.exchange.refusals import Refusal, bad_query, refused
from kalshi_desk.exchange.statefile import StateError

PREFIX = "/trade-api/v2"
_encoder = msgspec.json.Encoder(order="sorted")


@dataclass(slots=True)
class Call:
    """One request with the key behind it (None for public calls)."""

    host: Host
    request: Request
    grant: Grant | None
    body: bytes

    @property
    def owner(self) -> int:
        """The number of the primary account that asks."""
        if self.grant is None:
            raise RuntimeError("a public call has no owner")
        return self.grant.owner

    def whole_member(self) -> int:
        """Return the primary account; raises the 403 for a key locked to a subaccount."""
        if self.grant is not None and self.grant.subaccount is not None:
            raise _locked()
        return self.owner

    def account(self, named: int | None = None) -> Account:
        """Return the subaccount that a request names in its body or query, 0 by default.

        Raises the 403 for a key locked to another one, and a 404 for an unknown one.
        """
        chosen = named
        if chosen is None:
            chosen = self.number("subaccount", -1) if self.text("subaccount") else None
        only = self.grant.subaccount if self.grant is not None else None
        if only is not None and chosen not in {None, only}:
            raise _locked()
        found = self.host.venue.ledger.subaccount(self.owner, chosen or only or 0)
        if found is None:
            raise refused(404, "not_found", message="subaccount not found")
        return found

    def accounts(self) -> list[Account]:
        """Return the named subaccount, or all of the member's where none is named."""
        is_locked = self.grant is not None and self.grant.subaccount is not None
        if self.text("subaccount") or is_locked:
            return [self.account()]
        return self.host.venue.ledger.family(self.owner)

    def views(self) -> list[Account]:
        """Return the same accounts as their owner reads them, late by the read lag."""
        return [self.host.replicas.view(account.number) for account in self.accounts()]

    def view(self) -> Account:
        """Return the one named account (0 by default) as its owner reads it."""
        return self.host.replicas.view(self.account().number)

    def shard(self) -> int | None:
        """Return the shard a query names, None where it names none."""
        return self.number("exchange_index", 0) if self.text("exchange_index") else None

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


def read_body(call: Call) -> dict[str, Any]:
    """Return the JSON object of a request; raises the 400 for anything else."""
    return entry.read_object(call.body, call.request.headers.get("content-type", ""))


def _locked() -> Refusal:
    return refused(403, "forbidden", message="this API key is restricted to a single sub-account")


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
    scope: str = "",
) -> Route:
    """Return a route that authenticates, charges tokens, answers and turns refusals into JSON.

    ``cost`` None lets the handler charge what the body turns out to hold.  ``scope`` is what
    a private operation needs of its key: ``read`` or ``write`` where it is left out.
    """
    kind = bucket or ("read" if method == "GET" else "write")
    needed = scope or ("read" if method == "GET" else "write")
    is_write = private and method != "GET"

    async def endpoint(request: Request) -> Response:
        now_ns = host.signing_ns()
        try:
            grant = _grant(host, request, now_ns, needed) if private else None
            _charge(host, grant, kind, cost)
            await host.faults.before_call()
            body = await request.body() if method != "GET" else b""
            if is_write:
                host.faults.before()
            status, answer = handler(Call(host, request, grant, body))
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


def _grant(host: Host, request: Request, now_ns: int, scope: str) -> Grant:
    raw: bytes = request.scope.get("raw_path", b"")
    path = raw.decode("latin-1").partition("?")[0] or request.url.path
    grant = host.keys.grant_of(request.headers, request.method, path, now_ns)
    host.seen()
    if not grant.allows(scope):
        raise refused(403, host.venue.rules.scope_code, details=f"the key has no scope {scope}")
    return grant


def _charge(host: Host, grant: Grant | None, kind: str, cost: int | None) -> None:
    host.faults.limit()
    if cost is None:
        return
    if grant is not None:
        host.budget(grant.owner).spend(kind, cost, time.monotonic())
    elif host.venue.rules.unsigned_refill:
        host.unsigned.spend(cost, time.monotonic())


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
