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

from kalshi_desk.core.strategy import Decision, Observation
from kalshi_desk.engine.strategy_book import StrategyBook
from kalshi_desk.engine.strategy_messages import (
    MOST_ANSWER_BYTES,
    Declared,
    Fed,
    Look,
    Looked,
    ToWorker,
    pack,
    read_from,
)
from kalshi_desk.market.live import LiveMarkets
from kalshi_desk.market.mirror import view_of
from kalshi_desk.market.relations import RelationFinder
from kalshi_desk.strategies.contract import Strategy

NICENESS = 10


class Worker:
    """Markets as the engine told of them, and the strategies that look at them."""

    def __init__(self, book: StrategyBook) -> None:
        self.book = book
        self.markets = LiveMarkets()
        self.relations = RelationFinder()
        self._made: dict[str, Strategy] = {}
        self._observed: dict[str, dict[str, tuple[Observation, ...]]] = {}

    def prepare(self) -> None:
        """Let strategies load what their first look would otherwise wait for."""
        for kind in self.book.classes.values():
            with contextlib.suppress(Exception, SystemExit):  # a look will say what is wrong
                kind().prepare()

    def feed(self, message: Fed) -> None:
        """Take market events in their order."""
        for now_ns, event in message.events:
            self.markets.apply(event, now_ns)
        self.markets.touched.clear()

    def completed(self, look: Look) -> Look:
        """Return a look that came through the pipe with all observations so far."""
        cells = self._observed.setdefault(look.strategy, {})
        for cell, new in look.observations.items():
            cells[cell] = (*cells.get(cell, ()), *new)
        return msgspec.structs.replace(look, observations=dict(cells))

    def look(self, look: Look) -> Looked:
        """Ask one strategy; whatever it raises becomes a fault."""
        began = time.perf_counter_ns()
        # As the core does at each beat: the exchange says nothing when a market closes.
        self.markets.close_due(look.now_ns)
        try:
            strategy = self._strategy(look)
            view = view_of(
                self.markets,
                look.now_ns,
                groups=self.relations.groups(
                    (live.market for live in self.markets.by_ticker.values()), look.implications
                ),
                observations=look.observations,
                since_ns=look.since_ns,
            )
            decision, proof, fault = _decision(strategy.decide(view)), strategy.proof(view), ""
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

    def _strategy(self, look: Look) -> Strategy:
        """Return the strategy with these values, the same one while they stay the same."""
        if look.strategy not in self.book.classes:
            raise LookupError("its file can't be used any more")
        made = self._made.get(look.strategy)
        if made is None or made.values != look.values:
            made = self._made[look.strategy] = self.book.classes[look.strategy](look.values)
        return made


def serve(source: BinaryIO, sink: BinaryIO, folder: Path | None) -> None:
    """Answer until the engine has gone."""
    worker = Worker(StrategyBook(folder))
    worker.prepare()
    _send(sink, pack(Declared(worker.book.infos())))
    gc.freeze()
    decoder = msgspec.msgpack.Decoder(ToWorker)
    while (body := read_from(source)) is not None:
        message = decoder.decode(body)
        if isinstance(message, Fed):
            worker.feed(message)
        else:
            _send(sink, _packed(worker.look(worker.completed(message))))


def _decision(answer: object) -> Decision:
    if not isinstance(answer, Decision):
        raise TypeError(f"decide answered {type(answer).__name__}, not a Decision")
    return answer


def _packed(looked: Looked) -> bytes:
    """Return an answer ready for the pipe, or the fault that it can't be sent."""
    try:
        body = pack(looked)
        if len(body) <= MOST_ANSWER_BYTES:
            return body
        fault = f"its answer has {len(body):,} bytes; {MOST_ANSWER_BYTES:,} are allowed"
    except Exception as error:  # a strategy may have put anything into it
        fault = f"its answer can't be sent: {type(error).__name__}: {error}"
    return pack(msgspec.structs.replace(looked, decision=None, proof="", fault=fault))


def _send(sink: BinaryIO, message: bytes) -> None:
    sink.write(message)
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
