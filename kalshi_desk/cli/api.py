"""``kalshi-desk api``: where the API is, its secret, and the API itself as a process."""

from __future__ import annotations

import argparse
import asyncio
import logging
import socket
import sys

from kalshi_desk.cli import outcome
from kalshi_desk.core.errors import Stop
from kalshi_desk.store.api_token import api_token
from kalshi_desk.store.paths import Home


def run(home: Home, options: argparse.Namespace) -> int:
    """Carry out one action of ``kalshi-desk api`` and return the exit code."""
    if options.handle is not None or options.action == "serve":
        return _serve(home, options.handle, options.port)
    if options.action == "token":
        print(api_token(home))
    elif options.action == "document":
        import json

        from kalshi_desk.api.openapi import document

        print(json.dumps(document(), indent=2))
    else:
        print(_url(home))
    return outcome.DONE


def _url(home: Home) -> str:
    from kalshi_desk.cli.calls import await_engine

    engine = asyncio.run(await_engine(home))
    if engine.api is None:
        raise Stop(
            "The engine of this home runs without the API.",
            code="no_api",
            todo="Serve it beside the engine with: kalshi-desk api serve",
        )
    return engine.api


def _serve(home: Home, handle: int | None, port: int | None) -> int:
    from kalshi_desk.cli import guest

    # First of all: what is loaded below takes a while, and the engine may end meanwhile.
    guest.live_with_engine()
    from kalshi_desk.api.server import Api, serve_until_signal
    from kalshi_desk.cli.link import EngineLink
    from kalshi_desk.cli.panicking import panic

    logging.basicConfig(
        stream=sys.stderr,
        level=logging.WARNING,
        format="%(asctime)s %(levelname)s %(name)s %(message)s",
    )
    listening = _listen(home, port) if handle is None else _inherited(handle)
    number = listening.getsockname()[1]
    api = Api(
        lambda: EngineLink(home, None, face="api"),
        api_token(home),
        number,
        panic=lambda: panic(home),
    )
    words = f"http://127.0.0.1:{number}/api"

    def ready() -> None:
        if guest.is_guest():
            guest.say_ready(words)
        else:
            print(f"The API is at {words}; Ctrl+C ends it.", flush=True)

    asyncio.run(serve_until_signal(api, listening, ready))
    return outcome.DONE


def _inherited(handle: int) -> socket.socket:
    try:
        # Named as TCP: asyncio switches Nagle's delay off only on sockets that say so.
        kind = socket.SOCK_STREAM
        return socket.socket(socket.AF_INET, kind, socket.IPPROTO_TCP, fileno=handle)
    except OSError as error:
        raise Stop(f"{handle} is no socket of the engine.", code="no_socket") from error


def _listen(home: Home, port: int | None) -> socket.socket:
    """Listen where asked, or where the settings say."""
    from kalshi_desk.engine.guest_house import listen
    from kalshi_desk.store.settings import load_settings

    if port is None:
        port = load_settings(home.settings_path).settings.api.port
    try:
        return listen(port)
    except (OSError, OverflowError) as error:
        raise Stop(f"Can't listen on port {port}: {error}.", code="no_port") from error
