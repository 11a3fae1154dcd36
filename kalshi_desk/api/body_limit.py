"""Takes a request's body in before its route runs: not too large, and not for ever."""

from __future__ import annotations

import asyncio

from starlette.datastructures import Headers
from starlette.types import Message, Receive

from kalshi_desk.api.replies import Refusal

MOST_BYTES = 16 * 1024
PATIENCE_S = 10.0
_TOO_LARGE = Refusal(413, f"A body may have at most {MOST_BYTES:,} bytes.")
_TOO_SLOW = Refusal(408, f"The body did not come within {PATIENCE_S:g} seconds.")


async def take_body(headers: Headers, receive: Receive) -> Receive | Refusal | None:
    """Return a ``receive`` that gives the whole body, why there is none, or None when hung up."""
    announced = headers.get("content-length", "0")
    # A number so long that it can't be read is too large in any case.
    if len(announced) > len(str(MOST_BYTES)) or int(announced or "0") > MOST_BYTES:
        return _TOO_LARGE
    parts: list[bytes] = []
    size, has_more = 0, True
    try:
        async with asyncio.timeout(PATIENCE_S):
            while has_more:
                message = await receive()
                if message["type"] != "http.request":
                    return None
                parts.append(message.get("body", b""))
                size += len(parts[-1])
                if size > MOST_BYTES:
                    return _TOO_LARGE
                has_more = message.get("more_body", False)
    except TimeoutError:
        return _TOO_SLOW
    return _again(b"".join(parts), receive)


def _again(body: bytes, receive: Receive) -> Receive:
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def given() -> Message:
        return waiting.pop() if waiting else await receive()

    return given
