"""The whole client over a loopback WebSocket, recorder on, beside websockets with the peer's parse.

Run with ``python tests/benchmarks/bench_client.py --data DIR --peer PYTHON``.
"""

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kalshi_desk.core.book import OrderBook
from kalshi_desk.core.events import BookDelta, BookSnapshot
from kalshi_desk.core.types import BookSide, format_count, format_price, parse_price
from kalshi_desk.kalshi.environment import practice
from kalshi_desk.kalshi.signing import Signer
from kalshi_desk.kalshi.stream import Stream
from kalshi_desk.store.recording import FrameRecorder
from tests.benchmarks.frame_source import find_peer, load_frames

GOAL = 3


class WallClock:
    def now_ns(self):
        return time.time_ns()


class Books:
    """The sink: applies the stream's events to books, as the trading core does."""

    def __init__(self):
        self.books = {}

    def __call__(self, event):
        if type(event) is BookDelta:
            self.books[event.ticker].add(event.side is BookSide.BID, event.price, event.delta)
        elif type(event) is BookSnapshot:
            book = self.books[event.ticker] = OrderBook()
            for price, size in event.bids:
                book.set_level(BookSide.BID, price, size)
            for price, size in event.asks:
                book.set_level(BookSide.ASK, price, size)

    def shown(self):
        return {
            ticker: {
                "yes": sorted(
                    [format_price(p), format_count(s)] for p, s in book.levels(BookSide.BID)
                ),
                "no": sorted(
                    [format_price(10_000 - p), format_count(s)]
                    for p, s in book.levels(BookSide.ASK)
                ),
            }
            for ticker, book in self.books.items()
        }


def in_yes_prices(frame):
    """Write a frame as a connection with ``use_yes_price`` gets it."""
    message = json.loads(frame)
    body = message.get("msg")
    if message["type"] == "orderbook_delta" and body["side"] == "no":
        body["price_dollars"] = turned(body["price_dollars"])
    elif message["type"] == "orderbook_snapshot" and body.get("no_dollars_fp"):
        body["no_dollars_fp"] = [[turned(p), size] for p, size in body["no_dollars_fp"]]
    return json.dumps(message, separators=(",", ":")).encode()


def turned(price):
    return format_price(10_000 - parse_price(price))


async def desk_round(port, frames, folder):
    """Return the books and CPU nanoseconds per frame of one connection to the last frame."""
    recorder = FrameRecorder(Path(folder) / "bench.jsonl.zst")
    done = asyncio.Event()
    marks = []
    left = [frames]

    def tap(recv_ns, frame):
        if not marks:
            marks.append(time.process_time_ns())
        recorder.record(recv_ns, frame, 1)
        left[0] -= 1
        if not left[0]:
            done.set()

    environment = practice(f"http://127.0.0.1:{port}/x", f"ws://127.0.0.1:{port}/yes")
    stream = Stream(environment, Signer("k", Ed25519PrivateKey.generate()), WallClock(), tap)
    books = Books()
    task = asyncio.create_task(stream.run(books))
    await done.wait()
    spent = time.process_time_ns() - marks[0]
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    recorder.close()
    recorder.path.unlink()
    assert stream.gaps == 0
    return books.shown(), spent / frames


class Peer:
    """The peer's client in its own interpreter, on the same server."""

    def __init__(self, python, address, frames):
        worker = Path(__file__).with_name("peer_pykalshi.py")
        self.process = subprocess.Popen(
            [python, str(worker), "client", address, str(frames)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.books = json.loads(self.process.stdout.readline())

    def round(self):
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait(60)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", help="folder that holds captures/")
    parser.add_argument("--peer", help="interpreter that has pykalshi")
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    source, frames = load_frames(asked.data)
    print(f"{len(frames):,} frames from {source}; CPU per frame, median of {asked.rounds} rounds")
    with tempfile.TemporaryDirectory() as folder:
        files = Path(folder) / "frames"
        files.mkdir()
        (files / "no").write_bytes(b"\n".join(frames))
        (files / "yes").write_bytes(b"\n".join(in_yes_prices(frame) for frame in frames))
        script = Path(__file__).with_name("flood_server.py")
        server = subprocess.Popen(
            [sys.executable, str(script), str(files)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            compare(asked, int(server.stdout.readline()), len(frames), folder)
        finally:
            server.stdin.close()
            server.wait(30)


def compare(asked, port, frames, folder):
    # The desk also gets the four acknowledgements of its own subscriptions.
    run = lambda: asyncio.run(desk_round(port, frames + 4, folder))  # noqa: E731
    books = run()[0]
    python = find_peer(asked.peer)
    peer = Peer(python, f"ws://127.0.0.1:{port}/no", frames) if python else None
    if peer is not None and peer.books != books:
        sys.exit("The peer's final books differ from ours: it is not timed.")
    ours, theirs = [], []
    for _ in range(asked.rounds):
        ours.append(run()[1])
        if peer is not None:
            theirs.append(peer.round())
    desk = statistics.median(ours)
    print(
        f"desk: socket, recorder, decode, events, books  {desk / 1000:8.2f} us"
        f"  {1e9 / desk:10,.0f}/s"
    )
    if peer is not None:
        peer.close()
        other = statistics.median(theirs)
        print(
            f"websockets + pykalshi parse, book, best        {other / 1000:8.2f} us"
            f"  {1e9 / other:10,.0f}/s"
        )
        verdict = "reached" if other / desk >= GOAL else "missed"
        print(f"goal {GOAL}x: {verdict} with {other / desk:.1f}x")


if __name__ == "__main__":
    main()
