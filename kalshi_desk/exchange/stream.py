"""The WebSocket side: sign-in on the upgrade, commands, and fan-out of what happened."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from http import HTTPStatus
from typing import Any

import msgspec
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from kalshi_desk.exchange.commandset import CommandError, CommandReader
from kalshi_desk.exchange.fanout import Fanout
from kalshi_desk.exchange.faults import FRAME_FAULTS
from kalshi_desk.exchange.host import Host
from kalshi_desk.exchange.notices import MaintenanceBegan, Notice
from kalshi_desk.exchange.refusals import Refusal
from kalshi_desk.exchange.subscriptions import BUFFER_OVERFLOW, CHANNEL_ERROR, Member, Outbox

PATH = "/trade-api/ws/v2"
_HEARTBEAT_S = 10.0
_BOOKS = "orderbook_delta"
_AT_ONCE = 100
"""Frames that go out in one write; other sockets get their turn in between."""


class Stream:
    """Every open socket of the exchange."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._members: set[Member] = set()
        self._owners: dict[object, int] = {}
        self._commands = CommandReader(host.venue)
        self._connections: dict[Member, ServerConnection] = {}
        self._fanout = Fanout(host, self._members)
        self._closing: set[asyncio.Task[None]] = set()
        host.listen(self._on_notices)
        host.on_stream_fault = self._misbehave
        host.sent_frames = lambda: [member.outbox.sent for member in self._members]

    async def start(self, sock: Any) -> Server:
        """Serve on a bound socket."""
        return await serve(
            self._serve_socket,
            sock=sock,
            process_request=self._sign_in,
            compression="deflate",
            ping_interval=None,
            max_size=1 << 20,
            close_timeout=1,
        )

    # -- one socket ---------------------------------------------------------------------

    def _sign_in(self, connection: ServerConnection, request: Request) -> Response | None:
        path = request.path.partition("?")[0]
        if path != PATH:
            return connection.respond(HTTPStatus.NOT_FOUND, "not found\n")
        headers = {name.lower(): value for name, value in request.headers.raw_items()}
        try:
            grant = self._host.keys.grant_of(headers, "GET", path, self._host.signing_ns())
        except Refusal as refusal:
            response = connection.respond(
                HTTPStatus(refusal.status), msgspec.json.encode(refusal.body).decode()
            )
            del response.headers["Content-Type"]
            response.headers["Content-Type"] = "application/json"
            return response
        self._owners[connection.id] = grant.owner
        self._host.seen()
        return None

    async def _serve_socket(self, connection: ServerConnection) -> None:
        owner = self._owners.pop(connection.id)
        member = Member(owner, self._host.venue.rules.stream_queue_frames)
        self._members.add(member)
        self._connections[member] = connection
        self._host.open_sockets += 1
        tasks = [
            asyncio.create_task(_write(connection, member, self._host)),
            asyncio.create_task(_heartbeat(connection)),
        ]
        try:
            async for data in connection:
                self._on_command(member, data)
        except ConnectionClosed:
            pass
        finally:
            self._host.open_sockets -= 1
            self._host.seen()
            self._members.discard(member)
            del self._connections[member]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _on_command(self, member: Member, data: str | bytes) -> None:
        try:
            if member.is_hasty(self._host.venue.rules.commands_per_s, time.monotonic()):
                raise CommandError(27)
            self._commands.run(member, data)
        except CommandError as error:
            member.reply(error.message())

    def _on_notices(self, notices: list[Notice], dirty: set[str]) -> None:
        self._fanout.tell(notices, dirty)
        if any(isinstance(notice, MaintenanceBegan) for notice in notices):
            code = self._host.venue.rules.maintenance_close_code
            for connection in self._connections.values():
                closing = asyncio.create_task(connection.close(code, "maintenance"))
                self._closing.add(closing)
                closing.add_done_callback(self._closing.discard)

    def _misbehave(self, kind: str, count: int) -> None:
        """Cut every socket, spoil its next frames or its sequences, or end a subscription."""
        for member, connection in list(self._connections.items()):
            if kind == "cut":
                connection.transport.abort()
            elif kind == "gap":
                member.skip()
            elif kind in FRAME_FAULTS:
                member.faults[kind] += count
            else:
                member.end_channel(_BOOKS, BUFFER_OVERFLOW if kind == "overflow" else CHANNEL_ERROR)


async def _write(connection: ServerConnection, member: Member, host: Host) -> None:
    """Send what waits; a slow socket holds up only its own queue."""
    outbox = member.outbox
    with suppress(ConnectionClosed):
        while True:
            await outbox.wake.wait()
            outbox.wake.clear()
            while outbox.frames:
                if host.faults.slow_s:
                    await asyncio.sleep(host.faults.slow_s)
                    await _send(connection, outbox, host, 1)
                else:
                    await _send(connection, outbox, host, _AT_ONCE)


async def _send(connection: ServerConnection, outbox: Outbox, host: Host, most: int) -> None:
    """Send the next frames in one write: a system call each would cost more than all the rest."""
    tail = b',"sending_ts_ms":%d}\n' % (host.clock.now_ns() // 1_000_000)
    async with connection.send_context():
        protocol = connection.protocol
        for _ in range(min(most, len(outbox.frames))):
            protocol.send_text(outbox.frames.popleft()[1] + tail)
            outbox.sent += 1
        connection.transport.write(b"".join(protocol.data_to_send()))


async def _heartbeat(connection: ServerConnection) -> None:
    with suppress(ConnectionClosed):
        while True:
            await asyncio.sleep(_HEARTBEAT_S)
            with suppress(RuntimeError):
                await connection.ping(b"heartbeat")
