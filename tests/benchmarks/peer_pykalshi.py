"""The peer's side of the benchmarks; runs under an interpreter that has pykalshi.

Speaks over pipes: prints its final books as one JSON line, then times one round for every
line that it gets.  Its parts are used as its own documentation shows.
"""

import asyncio
import json
import logging
import sys
import time
from pathlib import Path

from pykalshi.feed import OrderbookDeltaMessage, OrderbookSnapshotMessage, _parse_message
from pykalshi.orderbook import OrderbookManager

logging.disable(logging.CRITICAL)


def apply(raw, books, wants_best=True):
    """Parse one frame, change its book and, if wanted, ask for the best prices."""
    message = _parse_message(raw)[2]
    if isinstance(message, OrderbookDeltaMessage):
        book = books.get(message.market_ticker)
        if book is None:
            return
        book.apply_delta(message.side, message.price_dollars, message.delta_fp)
    elif isinstance(message, OrderbookSnapshotMessage):
        book = books[message.market_ticker] = OrderbookManager(message.market_ticker)
        book.apply_snapshot(message.yes_dollars_fp, message.no_dollars_fp)
    else:
        return
    if wants_best:
        _ = book.best_bid, book.best_ask


def shown(books):
    return {
        ticker: {
            side: sorted((f"{float(p):.4f}", f"{float(q):.2f}") for p, q in levels.items())
            for side, levels in (("yes", book.yes), ("no", book.no))
        }
        for ticker, book in books.items()
    }


def decode_rounds(frames):
    books = {}
    for frame in frames:
        apply(frame, books)
    print(json.dumps(shown(books)), flush=True)
    for command in sys.stdin:
        wants_best = command.strip() == "best"
        books = {}
        began = time.process_time_ns()
        for frame in frames:
            apply(frame, books, wants_best)
        print((time.process_time_ns() - began) / len(frames), flush=True)


async def one_connection(address, frames):
    import websockets

    books = {}
    async with websockets.connect(address, compression=None, max_size=None) as socket:
        await socket.send('{"id":1,"cmd":"subscribe","params":{"channels":["orderbook_delta"]}}')
        await socket.recv()
        began = time.process_time_ns()
        left = frames
        async for raw in socket:
            apply(raw, books)
            left -= 1
            if not left:
                break
        spent = time.process_time_ns() - began
    return books, spent / frames


def client_rounds(address, frames):
    books, _ = asyncio.run(one_connection(address, frames))
    print(json.dumps(shown(books)), flush=True)
    for _ in sys.stdin:
        print(asyncio.run(one_connection(address, frames))[1], flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "decode":
        decode_rounds(Path(sys.argv[2]).read_bytes().split(b"\n"))
    else:
        client_rounds(sys.argv[2], int(sys.argv[3]))
