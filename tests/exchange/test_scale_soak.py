"""A minute of a large exchange over a real socket: run with ``python -m pytest -m soak``."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from websockets.asyncio.client import connect

from tests.exchange.client import WS_PATH, Exchange

MARKETS, RATE, SECONDS = 3_000, 5_000, 60.0
QUIET_S = 2.0
Levels = dict[str, Decimal]


class Follower:
    """Every book as its messages make it, and what was missing or negative on the way."""

    def __init__(self) -> None:
        self.books: dict[str, dict[str, Levels]] = defaultdict(lambda: {"yes": {}, "no": {}})
        self.changes = 0
        self.faults: list[str] = []
        self._last: dict[int, int] = {}

    def take(self, data: bytes) -> None:
        """Apply one message."""
        message = msgspec.json.decode(data)
        sid, seq, body = message.get("sid", 0), message.get("seq", 0), message.get("msg")
        if seq:
            if seq != self._last.get(sid, seq - 1) + 1:
                self.faults.append(f"{self._last[sid]} is followed by {seq}")
            self._last[sid] = seq
        if message["type"] == "orderbook_snapshot":
            for side in ("yes", "no"):
                levels = body.get(f"{side}_dollars_fp", [])
                self.books[body["market_ticker"]][side] = {p: Decimal(size) for p, size in levels}
        elif message["type"] == "orderbook_delta":
            self.changes += 1
            self._change(body)
        elif message["type"] == "error":
            self.faults.append(str(message))

    def _change(self, body: dict[str, Any]) -> None:
        levels = self.books[body["market_ticker"]][body["side"]]
        price = body["price_dollars"]
        size = levels.pop(price, Decimal(0)) + Decimal(body["delta_fp"])
        if size < 0:
            self.faults.append(f"{size} left at {price}: {body}")
        elif size:
            levels[price] = size

    def shown(self) -> dict[str, Any]:
        """Return the books in the form in which REST gives them."""
        return {
            ticker: {f"{side}_dollars": sorted_levels(levels) for side, levels in book.items()}
            for ticker, book in self.books.items()
        }


def sorted_levels(levels: Levels) -> list[list[str]]:
    """Return price and size of each level, in rising price."""
    return [[price, f"{size:.2f}"] for price, size in sorted(levels.items())]


def rest_books(exchange: Exchange, tickers: list[str]) -> dict[str, Any]:
    """Return the books of markets from REST."""
    books = {}
    for start in range(0, len(tickers), 100):
        query = "&".join(f"tickers={ticker}" for ticker in tickers[start : start + 100])
        for row in exchange.http.get(f"/markets/orderbooks?{query}").json()["orderbooks"]:
            books[row["ticker"]] = row["orderbook_fp"]
    return books


def open_tickers(exchange: Exchange) -> list[str]:
    """Return the tickers of all markets that trade."""
    found: list[str] = []
    cursor = ""
    while True:
        page = exchange.http.get(f"/markets?status=open&limit=1000&cursor={cursor}").json()
        found += [market["ticker"] for market in page["markets"]]
        cursor = page["cursor"]
        if not cursor:
            return found


async def follow(exchange: Exchange, tickers: list[str]) -> Follower:
    """Follow all books for a minute, then until trading is paused and all is said."""
    follower = Follower()
    async with connect(
        exchange.ready["ws"],
        additional_headers=exchange.headers("GET", WS_PATH),
        compression=None,
        max_size=1 << 24,
        max_queue=4_096,
    ) as socket:
        params = {"channels": ["orderbook_delta"], "market_tickers": tickers}
        command = {"id": 1, "cmd": "subscribe", "params": params}
        await socket.send(msgspec.json.encode(command).decode())
        give_up = time.monotonic() + SECONDS
        while time.monotonic() < give_up:
            follower.take(await socket.recv(decode=False))
        pausing = asyncio.create_task(asyncio.to_thread(exchange.admin, "pause"))
        while True:
            try:
                follower.take(await asyncio.wait_for(socket.recv(decode=False), QUIET_S))
            except TimeoutError:
                break
        await pausing
    return follower


@pytest.mark.soak
@pytest.mark.timeout(300)
async def test_every_book_of_a_large_exchange_is_exact_after_a_minute(tmp_path: Path) -> None:
    exchange = Exchange(
        *("--markets", str(MARKETS), "--rate", str(RATE), "--history-min", "2"),
        *("--state", str(tmp_path / "x.sqlite")),
    )
    try:
        tickers = open_tickers(exchange)
        assert len(tickers) >= MARKETS
        follower = await follow(exchange, tickers)
        assert follower.faults == []
        assert follower.changes > RATE * SECONDS * 0.9
        assert follower.shown() == rest_books(exchange, tickers)
        ledger = exchange.admin("ledger")
        assert ledger["holds"]
    finally:
        exchange.stop()
