"""Fan-out: what happened in a step, turned into the frames of 1, 10 and 100 sockets.

Run with ``python tests/benchmarks/bench_fanout.py``; half a minute, no network.  Every socket
follows every book; beside it is one JSON encoding of one message for each that is sent.
"""

import asyncio
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import msgspec

from kalshi_desk.exchange.access import KeyRing
from kalshi_desk.exchange.clock import Clock
from kalshi_desk.exchange.fanout import Fanout
from kalshi_desk.exchange.host import Host
from kalshi_desk.exchange.notices import LevelChanged
from kalshi_desk.exchange.rules import DEFAULT_RULES
from kalshi_desk.exchange.subscriptions import Member
from kalshi_desk.exchange.venue import Venue
from tests.benchmarks.pty_rig import median, print_table

MARKETS, RATE, STEPS, REPEATS = 1_000, 5_000, 10, 5


def made():
    """Return a host and the changes of books of each of some steps."""
    origin = time.time_ns()
    options = {"warm_minutes": 1, "markets": MARKETS, "book_rate": float(RATE)}
    venue = Venue.new(7, origin, DEFAULT_RULES, **options)
    host = Host(venue, Clock(origin), KeyRing(DEFAULT_RULES))
    steps = []
    for _ in range(STEPS):
        venue.step()
        steps.append([n for n in venue.take_notices() if isinstance(n, LevelChanged)])
        venue.take_dirty()
    return host, steps


def sockets(count, tickers):
    """Return so many members who follow every book."""
    members = set()
    for _ in range(count):
        member = Member(0, 1 << 30)
        member.open("orderbook_delta", set(tickers), {"use_yes_price": True})
        members.add(member)
    return members


def fan_out(host, steps, members):
    """Return seconds of CPU for telling all members of all changes."""
    fanout = Fanout(host, members)
    began = time.process_time()
    for notices in steps:
        fanout.tell(notices, set())
    took = time.process_time() - began
    for member in members:
        if len(member.outbox.frames) != sum(map(len, steps)):
            raise AssertionError("not everybody was told everything")
        member.outbox.frames.clear()
    return took


def encode_alone(messages):
    """Return seconds of CPU for encoding a typical message so many times."""
    encode = msgspec.json.encode
    body = {
        "market_ticker": "KXHIGHNY-26NOV23-B51.5",
        "market_id": "00000000-0000-4000-a000-000000000000",
        "clock": 123,
        "price_dollars": "0.4700",
        "delta_fp": "-120.00",
        "side": "yes",
        "ts": "2026-11-23T12:00:00.1Z",
        "ts_ms": 1_795_390_000_100,
    }
    began = time.process_time()
    for _ in range(messages):
        encode({"type": "orderbook_delta", "sid": 1, "seq": 7, "msg": {**body}})
    return time.process_time() - began


async def measure():
    host, steps = made()
    rows = []
    for count in (1, 10, 100):
        members = sockets(count, host.venue.engine.markets)
        messages = count * sum(map(len, steps))
        rates, ratios = [], []
        for _ in range(REPEATS):
            ours = fan_out(host, steps, members)
            rates.append(messages / ours)
            ratios.append(ours / encode_alone(messages))
        spread = (min(rates), median(rates), max(rates))
        name = f"{count} sockets" if count > 1 else "1 socket"
        rows.append([name, *(f"{rate:,.0f}" for rate in spread), f"{median(ratios):.2f}x"])
    head = ["", "min", "median", "max", "time of encoding each"]
    print_table("Messages fanned out a second, a core", head, rows)


if __name__ == "__main__":
    asyncio.run(measure())
