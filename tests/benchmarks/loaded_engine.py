"""An engine for benchmarks: the real core, shell and link on made-up markets that move as told.

``--rate`` is book updates a second over all markets; ``--cells`` is how many numbers in sight
of a 120x40 desk change eight times a second.  Says ``ready`` when faces may attach.
"""

import argparse
import asyncio
import os
import random
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from kalshi_desk.core.events import (
    AccountRead,
    BookDelta,
    BookSnapshot,
    ConnectionChanged,
    LinkState,
    MarketsListed,
)
from kalshi_desk.core.records import Balance, Event, Market
from kalshi_desk.core.types import BookSide, Count, Money, Price
from kalshi_desk.engine.clock import WallClock
from kalshi_desk.engine.core import TradingCore
from kalshi_desk.engine.link_server import LinkServer, write_token
from kalshi_desk.engine.lock import EngineLock, EngineRecord
from kalshi_desk.engine.restore import restore
from kalshi_desk.engine.shell import EngineShell
from kalshi_desk.engine.state import CoreSettings
from kalshi_desk.store.journal import Journal
from kalshi_desk.store.paths import open_home

MARKETS = 104
LEVELS = 20
BEATS_A_SECOND = 8
SECOND_NS = 1_000_000_000


def ticker_of(number):
    return f"KXLOAD-26DEC31-T{number:03d}"


def title_of(number):
    return f"Load {number:03d}"


class LoadFeed:
    """Lists the markets, sends their books, then keeps them moving."""

    def __init__(self, rate, cells):
        self.rate = rate
        self.cells = cells
        self.sent = 0
        self._rng = random.Random(7)
        self._raised = [[False, False] for _ in range(MARKETS)]

    async def run(self, sink):
        self._describe(sink)
        await asyncio.gather(self._steady(sink), self._visible(sink))

    async def watch(self, tickers):
        """Every book is part of the feed already."""

    def _describe(self, sink):
        close_ns = time.time_ns() + 9 * 86_400 * SECOND_NS
        markets = tuple(
            Market(
                ticker=ticker_of(n),
                event_ticker="KXLOAD-26DEC31",
                title=title_of(n),
                subtitle=title_of(n),
                close_ns=close_ns + n,
                volume=Count(100_000 - n),
            )
            for n in range(MARKETS)
        )
        events = (Event(event_ticker="KXLOAD-26DEC31", series_ticker="KXLOAD", title="Load"),)
        sink(MarketsListed(markets, events))
        for n in range(MARKETS):
            bids = tuple((Price(4_800 - 100 * k), Count(50_000)) for k in range(LEVELS))
            asks = tuple((Price(5_200 + 100 * k), Count(50_000)) for k in range(LEVELS))
            sink(BookSnapshot(ticker_of(n), bids, asks))
        sink(ConnectionChanged(LinkState.LIVE))
        sink(
            AccountRead(
                orders=(),
                fills=(),
                positions=(),
                settlements=(),
                balance=Balance(cash=Money(10_000_000_000)),
                asked_ns=time.time_ns(),
            )
        )

    async def _steady(self, sink):
        """Send ``rate`` size changes a second, in the bunches in which a socket delivers."""
        began, rng = time.monotonic(), self._rng
        while self.rate:
            due = int((time.monotonic() - began) * self.rate) - self.sent
            for _ in range(due):
                side = BookSide.BID if rng.random() < 0.5 else BookSide.ASK
                step = 100 * rng.randrange(LEVELS)
                price = 4_800 - step if side is BookSide.BID else 5_200 + step
                delta = 100 if self.sent & 1 else -100
                sink(BookDelta(ticker_of(rng.randrange(MARKETS)), side, Price(price), Count(delta)))
                self.sent += 1
            await asyncio.sleep(0.005)

    async def _visible(self, sink):
        """Move best bid and offer of the topmost markets: each is one changed cell."""
        while self.cells:
            for cell in range(self.cells):
                number, side = divmod(cell, 2)
                self._toggle(sink, number, side)
            await asyncio.sleep(1 / BEATS_A_SECOND)

    def _toggle(self, sink, number, side):
        """Add or take away a level one cent inside the spread."""
        raised = self._raised[number]
        raised[side] = not raised[side]
        price = 5_100 if side else 4_900
        size = Count(10_000 if raised[side] else -10_000)
        book_side = BookSide.ASK if side else BookSide.BID
        sink(BookDelta(ticker_of(number), book_side, Price(price), size))


async def serve(root, rate, cells):
    home = open_home(root)
    home.prepare()
    lock = EngineLock(home)
    lock.acquire()
    journal = Journal(home.journal_path("practice"), durable=False)
    core = TradingCore(CoreSettings(venue="practice"))
    clock = WallClock()
    remembered = restore(core.state, journal, clock.now_ns())
    shell = EngineShell(core, journal, clock, remembered, save_starred=lambda _: None)
    link = LinkServer(shell, home.link_address, write_token(home.token_path), "practice")
    address = await link.start()
    record = EngineRecord(
        venue="practice", pid=os.getpid(), link=address, token_path=str(home.token_path)
    )
    lock.announce(record)
    print("ready", flush=True)
    await shell.run(LoadFeed(rate, cells))


def main():
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--home", required=True)
    reader.add_argument("--rate", type=int, default=0)
    reader.add_argument("--cells", type=int, default=0)
    chosen = reader.parse_args()
    asyncio.run(serve(chosen.home, chosen.rate, chosen.cells))


if __name__ == "__main__":
    main()
