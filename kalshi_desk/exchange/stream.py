"""The WebSocket side: sign-in on the upgrade, commands, and fan-out of what happened."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from typing import Any

import msgspec
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from kalshi_desk.exchange import messages
from kalshi_desk.exchange.clock import Clock
from kalshi_desk.exchange.commandset import CommandError, CommandReader
from kalshi_desk.exchange.host import Host
from kalshi_desk.exchange.notices import (
    EventListed,
    Filled,
    LevelChanged,
    LifecycleChanged,
    Notice,
    OrderChanged,
    PositionChanged,
    Traded,
)
from kalshi_desk.exchange.refusals import Refusal
from kalshi_desk.exchange.subscriptions import Member

PATH = "/trade-api/ws/v2"
_HEARTBEAT_S = 10.0
_GOING_AWAY = 1001


class Stream:
    """Every open socket of the exchange."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._members: set[Member] = set()
        self._owners: dict[object, int] = {}
        self._commands = CommandReader(host.venue)
        self._connections: dict[Member, ServerConnection] = {}
        host.listen(self._on_notices)
        host.on_stream_fault = self._misbehave

    async def start(self, sock: Any) -> Server:
        """Serve on a bound socket."""
        return await serve(
            self._serve_socket,
            sock=sock,
            process_request=self._sign_in,
            compression=None,
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
            owner = self._host.keys.owner_of(headers, "GET", path, self._host.clock.signing_ns())
        except Refusal as refusal:
            response = connection.respond(
                HTTPStatus(refusal.status), msgspec.json.encode(refusal.body).decode()
            )
            del response.headers["Content-Type"]
            response.headers["Content-Type"] = "application/json"
            return response
        self._owners[connection.id] = owner
        self._host.seen()
        return None

    async def _serve_socket(self, connection: ServerConnection) -> None:
        owner = self._owners.pop(connection.id)
        member = Member(owner, self._host.venue.rules.stream_queue_frames)
        self._members.add(member)
        self._connections[member] = connection
        self._host.open_sockets += 1
        tasks = [
            asyncio.create_task(_write(connection, member, self._host.clock)),
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
            self._commands.run(member, data)
        except CommandError as error:
            member.reply(error.message())

    def _misbehave(self, kind: str) -> None:
        """Cut every socket, leave a gap in every sequence, or end a subscription by overflow."""
        for member, connection in list(self._connections.items()):
            if kind == "cut":
                connection.transport.abort()
            elif kind == "gap":
                member.skip()
            else:
                member.overflow("orderbook_delta")

    # -- fan-out ------------------------------------------------------------------------

    def _on_notices(self, notices: list[Notice], dirty: set[str]) -> None:
        if not self._members:
            return
        for notice in notices:
            match notice:
                case LevelChanged():
                    self._on_level(notice)
                case Traded():
                    self._public("trade", notice.ticker, "trade", messages.trade_body, notice)
                case Filled():
                    self._own("fill", notice.fill.ticker, "fill", messages.fill_body, notice)
                case OrderChanged():
                    ticker = notice.order.ticker
                    self._own("user_orders", ticker, "user_order", messages.order_body, notice)
                case PositionChanged():
                    self._own(
                        "market_positions",
                        notice.ticker,
                        "market_position",
                        messages.position_body,
                        notice,
                    )
                case LifecycleChanged():
                    self._public(
                        "market_lifecycle_v2",
                        notice.ticker,
                        "market_lifecycle_v2",
                        messages.lifecycle_body,
                        notice,
                    )
                case EventListed():
                    self._on_event(notice)
        self._on_dirty(dirty)

    def _on_level(self, notice: LevelChanged) -> None:
        made: dict[tuple[bool, bool], bytes] = {}
        for member in self._members:
            sub = member.by_channel.get("orderbook_delta")
            if sub is None or not sub.wants(notice.ticker):
                continue
            key = (sub.use_yes_price, member.owner == notice.owner)
            body = made.get(key)
            if body is None:
                body = made[key] = messages.delta_body(
                    self._host.venue, notice, use_yes_price=key[0], is_own=key[1]
                )
            member.send(sub, "orderbook_delta", body)

    def _public(
        self, channel: str, ticker: str, kind: str, make: Callable[..., bytes], notice: Notice
    ) -> None:
        body = b""
        for member in self._members:
            sub = member.by_channel.get(channel)
            if sub is not None and sub.wants(ticker):
                body = body or make(self._host.venue, notice)
                member.send(sub, kind, body)

    def _own(
        self,
        channel: str,
        ticker: str,
        kind: str,
        make: Callable[..., bytes],
        notice: Filled | OrderChanged | PositionChanged,
    ) -> None:
        body = b""
        for member in self._members:
            sub = member.by_channel.get(channel)
            if sub is not None and member.owner == notice.owner and sub.wants(ticker):
                body = body or make(self._host.venue, notice)
                member.send(sub, kind, body)

    def _on_event(self, notice: EventListed) -> None:
        body = messages.event_body(self._host.venue, notice.event_ticker)
        for member in self._members:
            sub = member.by_channel.get("market_lifecycle_v2")
            if sub is not None:
                member.send(sub, "event_lifecycle", body)

    def _on_dirty(self, dirty: set[str]) -> None:
        listening = [
            (member, sub)
            for member in self._members
            if (sub := member.by_channel.get("ticker")) is not None
        ]
        if not listening:
            return
        now_ns = self._host.clock.now_ns()
        for ticker in sorted(dirty):
            body = b""
            for member, sub in listening:
                if sub.wants(ticker):
                    market = self._host.venue.engine.markets[ticker]
                    body = body or messages.ticker_body(self._host.venue, market, now_ns)
                    member.send(sub, "ticker", body)


async def _write(connection: ServerConnection, member: Member, clock: Clock) -> None:
    """Send what waits; a slow socket holds up only its own queue."""
    outbox = member.outbox
    with suppress(ConnectionClosed):
        while True:
            await outbox.wake.wait()
            outbox.wake.clear()
            while outbox.frames:
                _, frame = outbox.frames.popleft()
                tail = b',"sending_ts_ms":%d}\n' % (clock.now_ns() // 1_000_000)
                await connection.send(frame + tail, text=True)


async def _heartbeat(connection: ServerConnection) -> None:
    with suppress(ConnectionClosed):
        while True:
            await asyncio.sleep(_HEARTBEAT_S)
            with suppress(RuntimeError):
                await connection.ping(b"heartbeat")
