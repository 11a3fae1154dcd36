"""A large exchange with an engine and a bare client on it: what arrives, how late, at what cost.

Run with ``python tests/benchmarks/bench_scale.py``; about three minutes.  3,000 markets and 5,000
book changes a second; the bare client follows every book, the engine what it follows by itself.
Best measured on a machine that does nothing else.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import httpx
import msgspec
import psutil
from websockets.asyncio.client import connect

from kalshi_desk.store.paths import open_home
from tests.benchmarks.pty_rig import ROOT, fresh_home, median, percentile, print_table
from tests.exchange.client import WS_PATH, Seat
from tests.running_desk import end, start_engine

MARKETS, RATE, SECONDS, REPEATS = 3_000, 5_000, 30.0, 3


class Body(msgspec.Struct):
    ts_ms: int = 0


class Message(msgspec.Struct):
    type: str
    sid: int = 0
    seq: int = 0
    msg: Body | None = None


class Follower:
    """Counts the messages of a socket, their age, and the numbers missing in their sequence."""

    def __init__(self):
        self.taken = self.changes = self.gaps = 0
        self.ages = []
        self._last = {}
        self._decode = msgspec.json.Decoder(Message).decode

    def take(self, data):
        message = self._decode(data)
        self.taken += 1
        if message.seq:
            expected = self._last.get(message.sid, message.seq - 1) + 1
            self.gaps += message.seq != expected
            self._last[message.sid] = message.seq
        if message.type == "orderbook_delta":
            self.changes += 1
            self.ages.append(time.time() * 1_000 - message.msg.ts_ms)


@contextmanager
def exchange(root, markets, rate):
    """Run an exchange where the engine of this home will find it; give its ready line."""
    home = open_home(str(root))
    home.prepare()
    command = [sys.executable, "-m", "kalshi_desk.exchange.main", "--json", "--home", str(root)]
    command += ["--markets", str(markets), "--rate", str(rate)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    try:
        began = time.monotonic()
        ready = json.loads(process.stdout.readline())
        ready["start_s"] = time.monotonic() - began
        saved = {"pid": process.pid, "address": ready}
        home.exchange_ready_path.parent.mkdir(parents=True, exist_ok=True)
        home.exchange_ready_path.write_text(json.dumps(saved))
        yield ready
    finally:
        process.terminate()
        process.wait(30)
        process.stdout.close()


def frames_sent(ready):
    """Return how many frames each open socket was sent."""
    answer = httpx.get(f"{ready['admin']}/health", trust_env=False).json()
    return answer["frames_sent"]


def open_tickers(seat):
    """Return the tickers of all open markets."""
    found, cursor = [], ""
    while True:
        page = seat.get(f"/markets?status=open&limit=1000&cursor={cursor}")
        found += [market["ticker"] for market in page["markets"]]
        cursor = page["cursor"]
        if not cursor:
            return found


async def follow(ready, tickers, seconds, measure):
    """Follow every book; what ``measure`` gives is read when the time begins and when it ends."""
    pem = Path(ready["private_key_path"]).read_bytes()
    seat = Seat(ready, ready["key_id"], pem)
    headers = seat.headers("GET", WS_PATH)
    options = {"additional_headers": headers, "compression": None, "max_size": 1 << 24}
    async with connect(ready["ws"], proxy=None, max_queue=4_096, **options) as socket:
        params = {"channels": ["orderbook_delta"], "market_tickers": tickers}
        await socket.send(json.dumps({"id": 1, "cmd": "subscribe", "params": params}))
        follower = Follower()
        while follower.changes < 1_000:
            follower.take(await socket.recv(decode=False))
        counted, begin = Follower(), measure()
        counted._last = follower._last
        give_up = begin["at"] + seconds
        while time.monotonic() < give_up:
            counted.take(await socket.recv(decode=False))
        stop = measure()
    seat.http.close()
    return counted, begin, stop


def once(asked):
    """Return the figures of one run."""
    with fresh_home() as root, exchange(root, asked.markets, asked.rate) as ready:
        desk = start_engine(root) if asked.engine else None
        try:
            return measured(asked, ready, desk)
        finally:
            if desk is not None:
                end(desk)


def measured(asked, ready, desk):
    watched = {"exchange": psutil.Process(ready["pid"]), "client": psutil.Process()}
    if desk is not None:
        watched["engine"] = psutil.Process(desk.process.pid)
        time.sleep(10)

    def measure():
        found = {"at": time.monotonic(), "frames": frames_sent(ready)}
        for name, process in watched.items():
            times = process.cpu_times()
            found[name] = times.user + times.system
        return found

    pem = Path(ready["private_key_path"]).read_bytes()
    seat = Seat(ready, ready["key_id"], pem)
    tickers = open_tickers(seat)
    seat.http.close()
    follower, begin, stop = asyncio.run(follow(ready, tickers, asked.seconds, measure))
    took = stop["at"] - begin["at"]
    ages = follower.ages
    figures = {
        "markets open": len(tickers),
        "exchange start, s": ready["start_s"],
        "book messages/s, bare client": follower.changes / took,
        "gaps, bare client": follower.gaps,
        "age p50, ms": percentile(ages, 0.5),
        "age p99, ms": percentile(ages, 0.99),
        "age worst, ms": max(ages),
        "client CPU a 1,000 messages, ms": (stop["client"] - begin["client"])
        / follower.changes
        * 1e6,
    }
    for name, process in watched.items():
        figures[f"{name} CPU, % of a core"] = (stop[name] - begin[name]) / took * 100
        figures[f"{name} memory, MB"] = process.memory_info().rss / 1e6
    if desk is not None:
        others = sum(stop["frames"]) - sum(begin["frames"]) - follower.taken
        figures["messages/s, engine"] = others / took
        figures["age as the engine says, ms"] = desk.shell("status")["message_age_ms"]
    figures["sockets lost"] = len(watched) - 1 - len(stop["frames"])
    return figures


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--markets", type=int, default=MARKETS)
    parser.add_argument("--rate", type=float, default=RATE)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--repeats", type=int, default=REPEATS)
    parser.add_argument("--no-engine", dest="engine", action="store_false")
    asked = parser.parse_args()
    runs = [once(asked) for _ in range(asked.repeats)]
    rows = []
    for name in runs[0]:
        values = [run[name] for run in runs]
        rows.append(
            [name, *(f"{value:,.1f}" for value in (min(values), median(values), max(values)))]
        )
    title = (
        f"{asked.markets:,} markets, {asked.rate:,.0f} book changes/s, {asked.seconds:.0f} s a run"
    )
    print_table(title, ["", "min", "median", "max"], rows)


if __name__ == "__main__":
    main()
