"""Frame bytes to best prices: the desk beside the peer and beside json with dictionaries.

Run with ``python tests/benchmarks/bench_decode.py --data DIR --peer PYTHON``.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from kalshi_desk.core.types import BookSide, format_count, format_price
from kalshi_desk.kalshi.decode import BookFeed, decode
from tests.benchmarks.frame_source import find_peer, load_frames

GOAL = 12
PEER = "pykalshi 2.0.0: parse, book, best"


def desk_books(frames):
    feed = BookFeed()
    for frame in frames:
        feed.apply(frame)
    assert feed.counts.gaps == 0
    return {
        ticker: {
            "yes": sorted(
                [format_price(price), format_count(size)]
                for price, size in book.levels(BookSide.BID)
            ),
            "no": sorted(
                [format_price(10_000 - price), format_count(size)]
                for price, size in book.levels(BookSide.ASK)
            ),
        }
        for ticker, book in feed.books.items()
    }


def desk_round(frames):
    apply = BookFeed().apply
    began = time.process_time_ns()
    for frame in frames:
        apply(frame)
    return (time.process_time_ns() - began) / len(frames)


def decode_round(frames):
    began = time.process_time_ns()
    for frame in frames:
        decode(frame)
    return (time.process_time_ns() - began) / len(frames)


class DictBook:
    """What one writes in an afternoon: a dictionary a side, the best kept until it empties."""

    def __init__(self):
        self.sides = {"yes": {}, "no": {}}
        self.best = {"yes": 0, "no": 0}

    def change(self, side, price, delta):
        levels = self.sides[side]
        size = levels.get(price, 0) + delta
        if size:
            levels[price] = size
            if price > self.best[side]:
                self.best[side] = price
        else:
            levels.pop(price, None)
            if price == self.best[side]:
                self.best[side] = max(levels, default=0)


def dict_round(frames):
    books = {}
    began = time.process_time_ns()
    for frame in frames:
        message = json.loads(frame)
        body = message.get("msg")
        if message["type"] == "orderbook_delta":
            book = books.get(body["market_ticker"])
            if book is not None:
                ticks = round(float(body["price_dollars"]) * 10_000)
                book.change(body["side"], ticks, round(float(body["delta_fp"]) * 100))
        elif message["type"] == "orderbook_snapshot":
            book = books[body["market_ticker"]] = DictBook()
            for side in ("yes", "no"):
                for price, size in body.get(f"{side}_dollars_fp") or ():
                    book.change(side, round(float(price) * 10_000), round(float(size) * 100))
    return (time.process_time_ns() - began) / len(frames)


class Peer:
    """The peer in its own interpreter; timed only after its final books equal ours."""

    def __init__(self, python, frames, folder):
        path = Path(folder) / "frames"
        path.write_bytes(b"\n".join(frames))
        worker = Path(__file__).with_name("peer_pykalshi.py")
        self.process = subprocess.Popen(
            [python, str(worker), "decode", str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.books = json.loads(self.process.stdout.readline())

    def round(self, what="best"):
        self.process.stdin.write(f"{what}\n")
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
    contestants = {
        "desk: decode, sequence, book, best": lambda: desk_round(frames),
        "msgspec decode alone": lambda: decode_round(frames),
        "json with dictionaries, best": lambda: dict_round(frames),
    }
    python = find_peer(asked.peer)
    with tempfile.TemporaryDirectory() as folder:
        peer = Peer(python, frames, folder) if python else None
        if peer is not None:
            if peer.books != desk_books(frames):
                sys.exit("The peer's final books differ from ours: it is not timed.")
            contestants[PEER] = peer.round
            contestants["pykalshi 2.0.0: parse, book only"] = lambda: peer.round("book")
        times = {name: [] for name in contestants}
        for _ in range(asked.rounds):
            for name, run in contestants.items():
                times[name].append(run())
        if peer is not None:
            peer.close()
    report(times)


def report(times):
    medians = {name: statistics.median(rounds) for name, rounds in times.items()}
    ours = next(iter(medians.values()))
    for name, median in medians.items():
        print(f"{name:38} {median / 1000:8.2f} us  {1e9 / median:12,.0f}/s  {median / ours:6.1f}x")
    peer = medians.get(PEER)
    if peer is not None:
        verdict = "reached" if peer / ours >= GOAL else "missed"
        print(f"goal {GOAL}x pykalshi: {verdict} with {peer / ours:.1f}x")


if __name__ == "__main__":
    main()
