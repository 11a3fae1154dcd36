"""The practice exchange as a process, played by a small server that can be killed."""

from __future__ import annotations

import asyncio
import os
import signal
import stat
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import psutil
import pytest

from kalshi_desk.core.errors import Retry
from kalshi_desk.engine.exchange_process import ExchangeAddress, PracticeExchange
from kalshi_desk.store.paths import Home, open_home
from kalshi_desk.store.settings import PracticeSettings

WAIT_S = 20.0
STAND_IN = """
import http.server, json, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/admin/secret/health" else 404)
        self.end_headers()
        self.wfile.write(b"{}")
    def log_message(self, *args): pass
server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
base = "http://127.0.0.1:%d" % server.server_port
print(json.dumps({"rest": base, "ws": "ws://127.0.0.1:1/", "admin": base + "/admin/secret",
                  "key_id": "k", "private_key_path": "p"}), flush=True)
server.serve_forever()
"""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = open_home(str(tmp_path), {})
    home.prepare()
    return home


@pytest.fixture
async def exchange(home: Home) -> AsyncIterator[PracticeExchange]:
    made = stand_in(home)
    yield made
    await made.stop()


def stand_in(home: Home) -> PracticeExchange:
    return PracticeExchange(home, PracticeSettings(), command=[sys.executable, "-c", STAND_IN])


async def test_it_starts_in_its_own_session_and_stops(
    home: Home, exchange: PracticeExchange
) -> None:
    address = await exchange.start()
    assert address.rest.startswith("http://127.0.0.1:")
    pid = exchange.pid
    assert pid is not None
    assert os.getsid(pid) == pid
    assert stat.S_IMODE(home.exchange_ready_path.stat().st_mode) == 0o600
    await exchange.stop()
    assert not psutil.pid_exists(pid)
    assert not home.exchange_ready_path.exists()


async def test_a_second_engine_finds_the_first_ones_exchange_and_can_end_it(
    home: Home, exchange: PracticeExchange
) -> None:
    address = await exchange.start()
    again = stand_in(home)
    assert await again.start() == address
    assert again.pid == exchange.pid
    assert exchange.pid is not None
    process = psutil.Process(exchange.pid)
    reaping = asyncio.create_task(asyncio.to_thread(process.wait, WAIT_S))
    await again.stop()
    await reaping
    assert not home.exchange_ready_path.exists()


@pytest.mark.parametrize("saved", [b"{", b'{"pid": 1}', None])
async def test_a_stale_file_means_a_new_start(
    home: Home, exchange: PracticeExchange, saved: bytes | None
) -> None:
    if saved is None:
        await exchange.start()
        saved = home.exchange_ready_path.read_bytes()
        old = exchange.pid
        await exchange.stop()
        home.exchange_ready_path.write_bytes(saved.replace(str(old).encode(), b"1"))
    else:
        home.exchange_ready_path.write_bytes(saved)
    await exchange.start()
    assert exchange.pid != 1


async def test_a_killed_exchange_is_started_again(exchange: PracticeExchange) -> None:
    first = await exchange.start()
    heard: asyncio.Queue[ExchangeAddress | None] = asyncio.Queue()
    watching = asyncio.create_task(exchange.watch(lambda address, _: heard.put_nowait(address)))
    assert exchange.pid is not None
    os.kill(exchange.pid, signal.SIGKILL)
    assert await asyncio.wait_for(heard.get(), WAIT_S) is None
    second = await asyncio.wait_for(heard.get(), WAIT_S)
    assert second is not None
    assert second != first
    watching.cancel()


async def test_an_exchange_that_does_not_come_up_says_why(home: Home) -> None:
    command = [sys.executable, "-c", "import sys; sys.exit('the port 80 is taken')"]
    with pytest.raises(Retry, match="the port 80 is taken"):
        await PracticeExchange(home, PracticeSettings(), command=command).start()
    assert not home.exchange_ready_path.exists()


async def test_the_settings_make_it_larger(home: Home) -> None:
    exchange = PracticeExchange(home, PracticeSettings(markets=200, rate=400))
    address = await exchange.start()
    try:
        async with httpx.AsyncClient(trust_env=False) as client:
            health = (await client.get(f"{address.admin}/health")).json()
        assert health["active_markets"] >= 200
    finally:
        await exchange.stop()
