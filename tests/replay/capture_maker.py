"""Synthetic captures in the form of the real ones: two connections, several markets, errors."""

import gzip
import json
import random

from tests.kalshi.frame_maker import delta, encode, snapshot, subscribed

START_NS = 1_790_000_000_000_000_000
STEP_NS = 10_000_000


def frames_of(seed, deltas=400, markets=("A-1", "A-2", "B-1")):
    """Return frames of two connections; books may cross, sizes never fall below zero."""
    rng = random.Random(seed)
    frames = [encode("error", msg={"code": 8, "msg": "Unknown channel name"}, id=9)]
    for part in range(2):
        sizes = {}
        frames += [subscribed("ticker", 1), subscribed("orderbook_delta", 2)]
        seq = 0
        tickers = [f"{ticker}-{part}" for ticker in markets]
        for ticker in tickers:
            seq += 1
            sides = {}
            for side in ("yes", "no"):
                prices = sorted(rng.sample(range(1, 600), rng.randint(0, 12)))
                sides[side] = [
                    (f"{p / 1000:.4f}", f"{rng.randint(1, 90000) / 100:.2f}") for p in prices
                ]
                sizes |= {
                    (ticker, side, price): round(float(size) * 100) for price, size in sides[side]
                }
            frames.append(snapshot(seq, ticker, sides["yes"], sides["no"], sid=2))
        for _ in range(deltas):
            seq += 1
            ticker, side = rng.choice(tickers), rng.choice(("yes", "no"))
            price = f"{rng.randint(1, 600) / 1000:.4f}"
            size = sizes.get((ticker, side, price), 0)
            change = -size if size and rng.random() < 0.6 else rng.randint(1, 50000)
            sizes[(ticker, side, price)] = size + change
            frames.append(delta(seq, price, f"{change / 100:.2f}", side, ticker, sid=2))
    return frames


def capture_lines(frames):
    """Return the lines of a foreign capture."""
    return [
        b'{"recv_ns":%d,"frame":%b}\n' % (START_NS + index * STEP_NS, frame.strip())
        for index, frame in enumerate(frames)
    ]


def write_capture(path, lines):
    """Write lines as a gzip file."""
    path.write_bytes(gzip.compress(b"".join(lines)))
    return path


def as_json(line):
    return json.loads(line)
