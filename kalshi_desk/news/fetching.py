"""Fetches feeds: conditionally, politely, and never more than is good for the desk.

One client for all; redirects are followed by hand, so that each step is looked at.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit

import httpx
import msgspec

from kalshi_desk import __version__
from kalshi_desk.core.text import clean
from kalshi_desk.news.addresses import Forbidden, check_scheme, is_private, is_through_proxy
from kalshi_desk.news.sources import Source
from kalshi_desk.news.unpacking import Body, Unpackable

MOST_BYTES = 4_000_000
CONNECT_S = 5.0
READ_S = 10.0
TOTAL_S = 20.0
MOST_REDIRECTS = 3
LONGEST_WAIT_S = 86_400.0
USER_AGENT = f"kalshi-desk/{__version__} (feed reader)"
_ACCEPT = {
    "rss": "application/rss+xml, application/atom+xml, application/xml;q=0.9, */*;q=0.5",
    "json": "application/json, application/geo+json, application/feed+json, */*;q=0.5",
}
_MOVED = frozenset({301, 302, 303, 307, 308})
_CHUNK = 65_536


class FetchFailed(Exception):
    """A feed that gave no answer; ``wait_s`` is how long it asked to be left alone."""

    def __init__(self, text: str, wait_s: float = 0.0) -> None:
        super().__init__(text)
        self.wait_s = wait_s


class Validators(msgspec.Struct, frozen=True):
    """What the publisher called the answer that we hold; valid for one address only."""

    url: str = ""
    etag: str = ""
    modified: str = ""


class Fetched(msgspec.Struct, frozen=True, kw_only=True):
    """An answer; ``body`` is None when nothing has changed.  ``url`` is where it lay in the end."""

    body: bytes | None
    url: str
    content_type: str = ""
    validators: Validators
    latency_ms: int


class Fetcher:
    """Fetches any source; used by one event loop."""

    def __init__(self, *, total_s: float = TOTAL_S, most_bytes: int = MOST_BYTES) -> None:
        self._total_s = total_s
        self._most_bytes = most_bytes
        # Proxies of the environment are for the web, not for this machine.
        here = {f"all://{host}": httpx.AsyncHTTPTransport() for host in ("127.0.0.1", "localhost")}
        self._client = httpx.AsyncClient(
            follow_redirects=False,
            timeout=httpx.Timeout(READ_S, connect=CONNECT_S),
            limits=httpx.Limits(max_connections=20, max_keepalive_connections=10),
            headers={"User-Agent": USER_AGENT, "Accept-Encoding": "gzip"},
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            mounts=here,
        )

    async def close(self) -> None:
        """Close every connection."""
        await self._client.aclose()

    async def fetch(self, source: Source, known: Validators) -> Fetched:
        """Fetch a source; raises ``FetchFailed`` in words."""
        began = time.monotonic()
        try:
            async with asyncio.timeout(self._total_s):
                return await self._follow(source, known, began)
        except (Forbidden, Unpackable) as error:
            raise FetchFailed(str(error)) from error
        except TimeoutError as error:
            raise FetchFailed(f"it took longer than {self._total_s:g} s") from error
        except httpx.HTTPError as error:
            raise FetchFailed(_in_words(error)) from error
        except (httpx.InvalidURL, ValueError) as error:
            raise FetchFailed("its address can't be used") from error

    async def _follow(self, source: Source, known: Validators, began: float) -> Fetched:
        url, before = source.url, None
        may_be_private = source.may_be_private
        seen: set[str] = set()
        while True:
            parts = urlsplit(url)
            check_scheme(parts, before)
            if is_private(parts.hostname or "") and not may_be_private:
                raise _private()
            headers = _headers(source, known)
            async with AsyncExitStack() as stack:
                peers: list[str] = []
                response = await stack.enter_async_context(
                    self._client.stream(
                        "GET",
                        url,
                        headers=headers,
                        extensions={"trace": _tracer(peers, parts, may_be_private)},
                    )
                )
                peers.append(_peer(response.extensions.get("network_stream")))
                _check_peer(peers[-1], parts, may_be_private)
                if response.status_code not in _MOVED:
                    return await self._read(source, known, response, url, began)
                location = response.headers.get("location", "")
            seen.add(url)
            # From outside nobody is led into one's own network.
            may_be_private = may_be_private and is_private(peers[-1])
            url, before = urljoin(url, location.strip()), parts
            if not location:
                raise FetchFailed(f"it answered {response.status_code} without saying where to go")
            if url in seen:
                raise FetchFailed("it leads in circles")
            if len(seen) > MOST_REDIRECTS:
                raise FetchFailed(f"it leads on more than {MOST_REDIRECTS} times")

    async def _read(
        self, source: Source, known: Validators, response: httpx.Response, url: str, began: float
    ) -> Fetched:
        status = response.status_code
        if status == httpx.codes.NOT_MODIFIED and known.url == source.url:
            return Fetched(body=None, url=url, validators=known, latency_ms=_since(began))
        if status != httpx.codes.OK:
            raise _refused(status, response.headers)
        length = response.headers.get("content-length", "")
        if length.isdecimal() and int(length) > self._most_bytes:
            raise Unpackable(f"its answer is larger than {self._most_bytes / 1e6:g} MB")
        body = Body(response.headers.get("content-encoding", ""), self._most_bytes)
        async for chunk in response.aiter_raw(_CHUNK):
            body.add(chunk)
        return Fetched(
            body=body.whole(),
            url=url,
            content_type=response.headers.get("content-type", ""),
            validators=Validators(
                source.url,
                response.headers.get("etag", "")[:1_000],
                response.headers.get("last-modified", "")[:100],
            ),
            latency_ms=_since(began),
        )


def wait_asked(headers: Mapping[str, str], now: datetime | None = None) -> float:
    """Return the seconds that ``Retry-After`` asks for (RFC 9110, 10.2.3), 0 for none."""
    text = headers.get("retry-after", "").strip()
    if text.isdecimal():
        return min(float(text[:10]), LONGEST_WAIT_S)
    try:
        until = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return 0.0
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    seconds = (until - (now or datetime.now(UTC))).total_seconds()
    return min(max(seconds, 0.0), LONGEST_WAIT_S)


def _headers(source: Source, known: Validators) -> dict[str, str]:
    headers = {"Accept": _ACCEPT[source.kind]}
    if known.url == source.url:
        if known.etag:
            headers["If-None-Match"] = known.etag
        if known.modified:
            headers["If-Modified-Since"] = known.modified
    return headers


def _tracer(
    peers: list[str], parts: SplitResult, may_be_private: bool
) -> Callable[[str, Mapping[str, Any]], Awaitable[None]]:
    """Look at who was reached before a word is sent: a name may lead anywhere."""

    async def trace(event: str, info: Mapping[str, Any]) -> None:
        if event == "connection.connect_tcp.complete":
            peers.append(_peer(info.get("return_value")))
            _check_peer(peers[-1], parts, may_be_private)

    return trace


def _peer(stream: Any) -> str:
    address = stream.get_extra_info("server_addr") if stream is not None else None
    return str(address[0]) if isinstance(address, tuple) else ""


def _check_peer(peer: str, parts: SplitResult, may_be_private: bool) -> None:
    if not may_be_private and peer and is_private(peer) and not is_through_proxy(parts):
        raise _private()


def _private() -> Forbidden:
    return Forbidden("it leads into a private network, where only feeds of your own may lie")


def _refused(status: int, headers: Mapping[str, str]) -> FetchFailed:
    wait_s = wait_asked(headers)
    asked = f" and asks to wait {wait_s:g} s" if wait_s else ""
    if status == httpx.codes.TOO_MANY_REQUESTS:
        return FetchFailed(f"it was asked too often (429){asked}", wait_s)
    if status in (401, 403):
        return FetchFailed(f"it refuses this reader ({status})", wait_s)
    if status in (404, 410):
        return FetchFailed(f"there is no feed any more ({status})", wait_s)
    return FetchFailed(f"it answered {status}{asked}", wait_s)


def _in_words(error: httpx.HTTPError) -> str:
    if isinstance(error, httpx.ConnectTimeout):
        return f"it can't be reached within {CONNECT_S:g} s"
    if isinstance(error, httpx.TimeoutException):
        return f"it said nothing for {READ_S:g} s"
    if isinstance(error, httpx.ConnectError):
        if isinstance(_root(error), ssl.SSLError):
            return "its certificate can't be trusted"
        return f"it can't be reached ({clean(error, 100) or 'no connection'})"
    if isinstance(error, httpx.UnsupportedProtocol) or "location header" in str(error):
        return "its address can't be used"
    return "its answer breaks off"


def _root(error: BaseException) -> BaseException:
    while (cause := error.__cause__ or error.__context__) is not None:
        error = cause
    return error


def _since(began: float) -> int:
    return round((time.monotonic() - began) * 1_000)
