"""A real HTTP server on loopback that serves feeds well and badly."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from kalshi_desk.core.news import Tier
from kalshi_desk.news.sources import Kind, Source

RSS_TYPE = "application/rss+xml"


@dataclass
class Asked:
    """One request as it came in."""

    path: str
    headers: dict[str, str]


Writer = asyncio.StreamWriter
Answer = bytes | Callable[[Asked, Writer], Awaitable[None]]


@dataclass
class FeedServer:
    """Answers by path; what was asked is kept."""

    port: int = 0
    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def source(self, path: str, *, name: str = "one", kind: Kind = "rss") -> Source:
        """Return a feed of one's own at this server."""
        return Source(
            name=name,
            title=name.title(),
            url=self.base + path,
            kind=kind,
            tier=Tier.PRESS,
            every_s=1,
            may_be_private=True,
        )

    async def handle(self, reader: asyncio.StreamReader, writer: Writer) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            path = head[0].split(" ")[1]
            pairs = (line.partition(": ") for line in head[1:] if line)
            request = Asked(path, {name.lower(): value for name, _, value in pairs})
            self.asked.append(request)
            answer = self.answers.get(path, response(404, b"nothing here"))
            if isinstance(answer, bytes):
                writer.write(answer)
                await writer.drain()
            else:
                await answer(request, writer)
        writer.close()


def response(status: int, body: bytes = b"", **headers: str) -> bytes:
    """Return an answer; underscores in names of headers are hyphens."""
    found = {"Content-Type": RSS_TYPE, "Content-Length": str(len(body)), "Connection": "close"}
    found.update({name.replace("_", "-"): value for name, value in headers.items()})
    lines = [f"HTTP/1.1 {status} X", *(f"{name}: {value}" for name, value in found.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body


def rss(*titles: str, more: str = "") -> bytes:
    """Return RSS with one item a title, whose guid is its place from the end."""
    items = "".join(
        f"<item><title>{title}</title><guid>g{len(titles) - number}</guid>"
        f"<link>https://example.org/{len(titles) - number}</link>{more}</item>"
        for number, title in enumerate(titles)
    )
    return f'<rss version="2.0"><channel><title>C</title>{items}</channel></rss>'.encode()


@asynccontextmanager
async def feed_server() -> AsyncIterator[FeedServer]:
    """Serve until the end of the block."""
    serving = FeedServer()
    server = await asyncio.start_server(serving.handle, "127.0.0.1", 0)
    serving.port = server.sockets[0].getsockname()[1]
    try:
        yield serving
    finally:
        server.close()
