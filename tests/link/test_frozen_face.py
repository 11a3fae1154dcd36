"""A face that stops reading costs the engine nothing: no stall, no growing queue."""

from __future__ import annotations

import asyncio
import socket
import struct
from pathlib import Path

from kalshi_desk.desk.client import LinkClient
from kalshi_desk.desk.protocol import PROTOCOL_VERSION, Hello, Pull, encode
from kalshi_desk.engine.link_server import LinkServer
from tests.link.test_link import TOKEN, FakeDesk

DEADLINE_S = 60
PULLS = 300


def _websocket_frame(payload: bytes) -> bytes:
    """Return one masked binary frame, so that a bare socket can speak without reading."""
    head = bytes([0x82])
    if len(payload) < 126:
        head += bytes([0x80 | len(payload)])
    else:
        head += bytes([0x80 | 126]) + struct.pack(">H", len(payload))
    return head + bytes(4) + payload


async def test_a_frozen_face_costs_the_engine_nothing(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    desk = FakeDesk()
    desk.padding = "x" * 200_000
    path = str(tmp_path / "l.sock")
    server = LinkServer(desk, f"unix:{path}", TOKEN, "practice")
    await server.start()
    with socket.socket(socket.AF_UNIX) as frozen:
        await _freeze(frozen, path)
        client = LinkClient(f"unix:{path}", TOKEN, "live")
        await client.connect()
        async with asyncio.timeout(DEADLINE_S):
            for _ in range(PULLS):
                await client.pull((), board_seq=1_000_000)
            # What the frozen face was answered lies in buffers of the system, not here.
            answered = sum(1 for _, board_seq, _ in desk.pulls if board_seq == 0)
            assert 0 < answered < 20
            await client.close()
            await server.stop()


async def _freeze(frozen: socket.socket, path: str) -> None:
    """Join as a face, ask five hundred times, and never read an answer."""
    loop = asyncio.get_running_loop()
    frozen.setblocking(False)
    await loop.sock_connect(frozen, path)
    await loop.sock_sendall(
        frozen,
        b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
    )
    assert b"101" in await loop.sock_recv(frozen, 4096)
    hello = encode(Hello(version=PROTOCOL_VERSION, token=TOKEN, face="frozen"))
    pull = encode(Pull(topics=()))
    await loop.sock_sendall(
        frozen, _websocket_frame(hello) + b"".join(_websocket_frame(pull) for _ in range(500))
    )
