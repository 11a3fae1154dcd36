"""Binds the ports and runs the exchange until it is asked to stop."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import Callable, Iterator

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kalshi_desk.exchange import (
    admin,
    rest_candles,
    rest_exchange,
    rest_groups,
    rest_keys,
    rest_money,
    rest_orders,
    rest_portfolio,
    rest_public,
    rss,
)
from kalshi_desk.exchange.host import Host
from kalshi_desk.exchange.stream import Stream

_TICK_S = 0.1
_STOP_GRACE_S = 2.0


class _QuietServer(uvicorn.Server):
    """Uvicorn without its own signal handling, which belongs to this process's shell."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.is_up = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start listening, and say so."""
        await super().startup(sockets=sockets)
        self.is_up.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield


def bind(port: int) -> socket.socket:
    """Return a listening loopback socket; raises ``OSError`` when the port is taken."""
    # Named as TCP: asyncio switches Nagle's delay off only on sockets that say so.
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind(("127.0.0.1", port))
        sock.listen(128)
    except OSError:
        sock.close()
        raise
    sock.setblocking(False)
    return sock


def make_app(host: Host, token: str) -> Starlette:
    """Return the REST application with the administrator's surface beside it."""
    routes = [
        *admin.routes(host, token),
        *rss.routes(host),
        *rest_exchange.routes(host),
        *rest_candles.routes(host),
        *rest_public.routes(host),
        *rest_portfolio.routes(host),
        *rest_groups.routes(host),
        *rest_money.routes(host),
        *rest_keys.routes(host),
        Route("/{path:path}/", _bare_path, methods=["GET", "POST", "PUT", "DELETE"]),
        *rest_orders.routes(host),
    ]
    app = Starlette(routes=routes)
    app.router.redirect_slashes = False
    return app


async def _bare_path(request: Request) -> Response:
    """Redirect a path with a trailing slash; a signature does not survive it."""
    bare = request.url.path.rstrip("/")
    query = f"?{request.url.query}" if request.url.query else ""
    return Response(status_code=301, headers={"Location": bare + query})


async def run_until_stopped(
    host: Host,
    rest_socket: socket.socket,
    ws_socket: socket.socket,
    token: str,
    on_ready: Callable[[], None],
    until_idle_s: float | None,
) -> None:
    """Serve REST and stream and let time pass until a signal or idleness ends it."""
    stop = asyncio.Event()
    _stop_on_signals(stop)
    config = uvicorn.Config(
        make_app(host, token),
        log_level="warning",
        access_log=False,
        lifespan="off",
        date_header=False,
        server_header=False,
        timeout_graceful_shutdown=1,
        loop="asyncio",
        http="h11",
        ws="none",
    )
    server = _QuietServer(config)
    stream = await Stream(host).start(ws_socket)
    serving = asyncio.create_task(server.serve(sockets=[rest_socket]))
    try:
        await server.is_up.wait()
        on_ready()
        await _live(host, stop, until_idle_s)
    finally:
        server.should_exit = True
        stream.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_STOP_GRACE_S):
                await asyncio.gather(serving, stream.wait_closed(), return_exceptions=True)


async def _live(host: Host, stop: asyncio.Event, until_idle_s: float | None) -> None:
    """Tick until stopped."""
    longest = _TICK_S / max(host.clock.speed, 1.0) if host.clock.speed < 20 else 0.005
    while not stop.is_set():
        host.tick()
        if until_idle_s is not None and host.idle_s() > until_idle_s:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(min(max(host.until_step_s(), 0.001), longest)):
                await stop.wait()


def _stop_on_signals(stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, stop.set)
        except (NotImplementedError, RuntimeError, ValueError):
            with contextlib.suppress(ValueError):
                signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop.set))
