"""Responses of the API: JSON bodies, and refusals in words on both kinds of connection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from kalshi_desk.api.bodies import Result

JSON = "application/json"
CHALLENGE = 'Bearer realm="kalshi-desk", Basic realm="kalshi-desk"'
POLICY = 1008
_encode = msgspec.json.Encoder().encode
_SAFE = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a call is not carried out; ``wait_s`` when it may be repeated, 0 when never."""

    status: int
    message: str
    wait_s: int = 0


UNKNOWN_CALLER = Refusal(
    401,
    "The token is missing or wrong. Send it as 'Authorization: Bearer TOKEN'; "
    "'kalshi-desk api token' prints it.",
)


def reply(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Return a body as JSON."""
    return text_reply(_encode(body), JSON, status, headers)


def text_reply(
    body: bytes | str, media_type: str, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    """Return anything, never to be kept or guessed at by a browser."""
    return Response(body, status, {**_SAFE, **(headers or {})}, media_type)


def refused(refusal: Refusal) -> Response:
    """Return a refusal as JSON; the connection of one that may not call is not kept."""
    headers = {}
    if refusal.status == UNKNOWN_CALLER.status:
        headers["WWW-Authenticate"] = CHALLENGE
    if refusal.wait_s:
        headers["Retry-After"] = str(refusal.wait_s)
    if refusal.status in {401, 403, 408, 413}:
        headers["Connection"] = "close"
    return reply(Result(success=False, message=refusal.message), refusal.status, headers)


async def refuse(refusal: Refusal, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a call, or a socket that was not accepted yet, with a refusal."""
    if scope["type"] == "http":
        await refused(refusal)(scope, receive, send)
        return
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": POLICY, "reason": "refused"})
        return
    body = _encode(Result(success=False, message=refusal.message))
    headers = [(b"content-type", JSON.encode()), (b"content-length", str(len(body)).encode())]
    await send(
        {
            "type": "websocket.http.response.start",
            "status": refusal.status,
            "headers": headers,
        }
    )
    await send({"type": "websocket.http.response.body", "body": body})
