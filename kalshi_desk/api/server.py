"""Serves the API on a socket that is bound already, until it is told to end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from kalshi_desk.api.desk_view import DeskLink, DeskView
from kalshi_desk.api.feed import MOST_MESSAGE_BYTES, Feed
from kalshi_desk.api.guard import Guard
from kalshi_desk.api.metrics import Metrics
from kalshi_desk.api.offers import BASE, EVERYWHERE, OFFERS
from kalshi_desk.api.replies import Refusal, refused
from kalshi_desk.api.routes import Handler, Routes
from kalshi_desk.api.strangers import Strangers
from kalshi_desk.api.subscriber import ABORT
from kalshi_desk.desk.commands import Answer

HEAD_BYTES = 16 * 1024
HEAD_S = 10.0
SOCKETS = ("/", "/ws")
_GRACE_S = 1
_log = logging.getLogger(__name__)


class Api:
    """The application and all that it holds; ``token`` is what callers must know.

    ``panic`` cancels everything also where no engine answers.
    """

    def __init__(
        self,
        open_link: Callable[[], DeskLink],
        token: str,
        port: int,
        *,
        panic: Callable[[], Awaitable[Answer]] | None = None,
    ) -> None:
        self.desk = DeskView(open_link, panic)
        self.metrics = Metrics()
        self.strangers = Strangers(self.desk, self.metrics)
        guard = Guard(self._inside, token, port, self.strangers.came)
        self.feed = Feed(self.desk, self.metrics, guard.knows)
        self.app: ASGIApp = guard
        routes = Routes(self.desk, self.metrics, self.feed.config_changed)
        self._starlette = _application(routes, self.feed)

    async def _inside(self, scope: Any, receive: Any, send: Any) -> None:
        await self._starlette(scope, receive, send)

    async def close(self) -> None:
        """Let go of sockets and of the engine."""
        await self.feed.close()
        await self.desk.close()


async def serve(
    api: Api,
    listening: socket.socket,
    stop: asyncio.Event,
    on_ready: Callable[[], None] = lambda: None,
) -> None:
    """Serve until ``stop`` is set; ``on_ready`` is called once callers are answered."""
    config = uvicorn.Config(
        api.app,
        log_config=None,
        access_log=False,
        lifespan="off",
        date_header=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=_GRACE_S,
        loop="asyncio",
        http=_Line,
        h11_max_incomplete_event_size=HEAD_BYTES,
        ws=_Socket,
        ws_max_size=MOST_MESSAGE_BYTES,
        ws_per_message_deflate=False,
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    up, stopping = asyncio.create_task(server.is_up.wait()), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({serving, up}, return_when=asyncio.FIRST_COMPLETED)
        if up.done():
            on_ready()
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        # Subscribers first: the server would wait for them to hang up.
        await api.feed.close()
        server.should_exit = True
        await serving
    finally:
        up.cancel()
        stopping.cancel()
        await api.close()


async def serve_until_signal(
    api: Api, listening: socket.socket, on_ready: Callable[[], None] = lambda: None
) -> None:
    """Serve until SIGINT or SIGTERM."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await serve(api, listening, stop, on_ready)


class _Server(uvicorn.Server):
    """Uvicorn without its own signal handling; it says when it serves."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.is_up = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self.is_up.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class _Line(H11Protocol):
    """A connection that must ask for something soon: silence costs a file and nothing else."""

    # uvicorn narrows the transport so itself; only streams come here.
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._late = self.loop.call_later(HEAD_S, self._end_if_silent)

    def connection_lost(self, exc: Exception | None) -> None:
        self._late.cancel()
        super().connection_lost(exc)

    def _end_if_silent(self) -> None:
        if self.scope is None:
            self.transport.abort()


class _Socket(WebSocketsSansIOProtocol):
    """A WebSocket that the application can cut off, whatever waits to be sent."""

    def handle_connect(self, event: Any) -> None:
        super().handle_connect(event)
        scope = getattr(self, "scope", None)
        if scope is not None:
            scope["extensions"][ABORT] = self.transport.abort


def _application(routes: Routes, feed: Feed) -> Starlette:
    by_place: dict[str, dict[str, Handler]] = {}
    for offer in OFFERS:
        for place in (BASE + offer.path, offer.path)[: 2 if offer.name in EVERYWHERE else 1]:
            by_place.setdefault(place, {})[offer.method] = routes.handler(offer)
    made: list[BaseRoute] = [
        Route(place, _by_method(handlers), methods=list(handlers))
        for place, handlers in by_place.items()
    ]
    made += [WebSocketRoute(place, feed.serve) for place in SOCKETS]
    app = Starlette(routes=made, exception_handlers={HTTPException: _http_error, 500: _fault})
    app.router.redirect_slashes = False
    return app


def _by_method(handlers: dict[str, Handler]) -> Handler:
    """Return one handler for a place, so that its 405 names every method that it takes."""

    async def handle(request: Request) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        return await handlers[method](request)

    return handle


async def _http_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    texts = {404: "There is nothing here.", 405: "This address takes other methods."}
    text = texts.get(error.status_code, str(error.detail))
    response = refused(Refusal(error.status_code, text))
    for name, value in (error.headers or {}).items():
        response.headers[name] = value
    return response


async def _fault(_request: Request, error: Exception) -> Response:
    _log.error("a call failed through a fault of the API", exc_info=error)
    text = "The API failed through a fault of its own; more is in its log."
    return refused(Refusal(500, text))
