"""The process in which strategies decide: its own copy of the markets, one look at a time.

Started by the engine with the user's strategy folder; it reads messages from standard
input and answers on standard output.  It knows no key, no account and no socket.
"""

from __future__ import annotations

import contextlib
import gc
import os
import sys
import time
from pathlib import Path
from typing import BinaryIO

import msgspec

from kalshi_desk.engine.strategy_book import StrategyBook
from kalshi_desk.engine.strategy_messages import (
    Declared,
    Fed,
    FromWorker,
    Look,
    Looked,
    ToWorker,
    pack,
    read_from,
)
from kalshi_desk.market.live import LiveMarkets
from kalshi_desk.market.mirror import view_of

NICENESS = 10


class Worker:
    """Markets as the engine told of them, and the strategies that look at them."""

    def __init__(self, book: StrategyBook) -> None:
        self.book = book
        self.markets = LiveMarkets()

    def feed(self, message: Fed) -> None:
        """Take market events in their order."""
        for now_ns, event in message.events:
            self.markets.apply(event, now_ns)
        self.markets.touched.clear()

    def look(self, look: Look) -> Looked:
        """Ask one strategy; whatever it raises becomes a fault."""
        began = time.perf_counter_ns()
        try:
            strategy = self.book.classes[look.strategy](look.values)
            view = view_of(
                self.markets,
                look.now_ns,
                observations=look.observations,
                since_ns=look.since_ns,
            )
            decision, proof, fault = strategy.decide(view), strategy.proof(view), ""
        except Exception as error:  # a strategy may raise anything
            decision, proof, fault = None, "", f"{type(error).__name__}: {error}"
        return Looked(
            strategy=look.strategy,
            cycle=look.cycle,
            now_ns=look.now_ns,
            took_ns=time.perf_counter_ns() - began,
            decision=decision,
            proof=proof,
            fault=fault,
        )


def serve(source: BinaryIO, sink: BinaryIO, folder: Path | None) -> None:
    """Answer until the engine has gone."""
    _warm_up()
    worker = Worker(StrategyBook(folder))
    _send(sink, Declared(worker.book.infos()))
    gc.freeze()
    decoder = msgspec.msgpack.Decoder(ToWorker)
    while (body := read_from(source)) is not None:
        message = decoder.decode(body)
        if isinstance(message, Fed):
            worker.feed(message)
        else:
            _send(sink, worker.look(message))


def _warm_up() -> None:
    """Load what the first look would have to wait for."""
    import scipy.optimize  # noqa: F401


def _send(sink: BinaryIO, message: FromWorker) -> None:
    sink.write(pack(message))
    sink.flush()


def main() -> None:
    """Run as ``python -m kalshi_desk.engine.strategy_worker FOLDER``."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    source, sink = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    # What a strategy prints must not break the stream of messages.
    os.dup2(2, 1)
    with contextlib.suppress(OSError):
        os.nice(NICENESS)
    with contextlib.suppress(BrokenPipeError, KeyboardInterrupt):
        serve(source, sink, folder)


if __name__ == "__main__":
    main()
