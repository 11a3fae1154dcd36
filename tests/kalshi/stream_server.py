"""A scripted exchange stream on loopback: it acknowledges, remembers, and sends what it is told."""

import asyncio
import contextlib
import json
from http import HTTPStatus

from websockets.asyncio.server import serve

from tests.kalshi.frame_maker import encode

DEADLINE_S = 10


class StreamServer:
    """One connection at a time; ``sids`` maps channels to ids of the newest connection."""

    def __init__(self):
        self.port = 0
        self.connections = 0
        self.commands = []
        self.sids = {}
        self.refusals = []
        self.socket = None
        self._changed = asyncio.Event()

    def on_request(self, socket, request):
        if self.refusals:
            return socket.respond(HTTPStatus.UNAUTHORIZED, json.dumps(self.refusals.pop(0)))
        return None

    async def handle(self, socket):
        self.connections += 1
        self.socket = socket
        self.sids = {}
        async for text in socket:
            command = json.loads(text)
            self.commands.append((self.connections, command))
            if command["cmd"] == "subscribe":
                for channel in command["params"]["channels"]:
                    self.sids[channel] = (
                        10 * self.connections + len(self.commands) * 100 + len(self.sids)
                    )
                    body = {"channel": channel, "sid": self.sids[channel]}
                    await socket.send(encode("subscribed", msg=body, id=command["id"]).decode())
            self._changed.set()

    async def send(self, *frames):
        for frame in frames:
            await self.socket.send(frame.decode())

    async def until(self, condition):
        async with asyncio.timeout(DEADLINE_S):
            while not condition():
                self._changed.clear()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._changed.wait(), 0.02)

    def asked(self, action):
        """Return the commands of one kind, by name or by action."""
        return [
            command
            for _, command in self.commands
            if action in {command["cmd"], command["params"].get("action")}
        ]


@contextlib.asynccontextmanager
async def stream_server():
    server = StreamServer()
    async with serve(server.handle, "127.0.0.1", 0, process_request=server.on_request) as listening:
        server.port = listening.sockets[0].getsockname()[1]
        yield server
