"""Backtest events a second, with a Python strategy called at every market event.

    python tests/benchmarks/bench_backtest.py [--events 200000] [--rounds 3]
    python tests/benchmarks/bench_backtest.py --peer /path/to/python-with-nautilus_trader

A synthetic recording of book changes in ten markets is written once.  ``recording`` reads,
decodes and runs it through the whole core, broker and report; ``in memory`` runs the same
events without reading.  The strategy sees the markets at each event and buys one contract
where a spread is two cents, at most once a second.  With ``--peer`` the same book changes run
through nautilus_trader's engine with a strategy that does the same, in its own interpreter.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from kalshi_desk.backtest.ledger import Ledger
from kalshi_desk.backtest.report import make_result
from kalshi_desk.backtest.shell import VirtualShell
from kalshi_desk.backtest.source import RecordingSource, Timed
from kalshi_desk.core.events import (
    BookDelta,
    BookSnapshot,
    ConnectionChanged,
    CoreEvent,
    LinkState,
    MarketsListed,
)
from kalshi_desk.core.records import Market
from kalshi_desk.core.types import Action, Count, Money, Outcome, TimeInForce
from kalshi_desk.desk.commands import PlaceOrder
from kalshi_desk.engine.book_broker import PaperAccount
from kalshi_desk.engine.core import TradingCore
from kalshi_desk.engine.effects import Effect
from kalshi_desk.engine.inputs import CommandReceived
from kalshi_desk.engine.recorder import EngineRecorder
from kalshi_desk.engine.state import CoreSettings
from kalshi_desk.execution.paper import PaperBroker
from kalshi_desk.market.mirror import view_of

START_NS = 1_790_000_000_000_000_000
STEP_NS = 2_000_000
SECOND_NS = 1_000_000_000
MARKETS = [f"BENCH-{number}" for number in range(10)]
CAPITAL = Money(1_000_000_000_000)
PEER = Path(__file__).with_name("peer_nautilus.py")


def changes(count: int, seed: int = 7) -> list[tuple[str, str, int, int]]:
    """Return (ticker, side, cents, contracts) of changes that leave every size at 0 or more."""
    rng = random.Random(seed)
    sizes: dict[tuple[str, str, int], int] = {}
    found = []
    for _ in range(count):
        ticker, side = rng.choice(MARKETS), rng.choice(("yes", "no"))
        cents = rng.randint(40, 49)
        size = sizes.get((ticker, side, cents), 0)
        change = -size if size and rng.random() < 0.5 else rng.randint(1, 500)
        sizes[ticker, side, cents] = size + change
        found.append((ticker, side, cents, change))
    return found


def record(folder: Path, count: int) -> Path:
    """Write the changes as an engine's recording, prices of NO levels as they are on the wire."""
    recorder = EngineRecorder(folder, "practice", START_NS, 10_000)
    markets = MarketsListed(tuple(Market(ticker=t, event_ticker="BENCH") for t in MARKETS))
    recorder.listen(markets, START_NS, of_frame=False)
    recorder.begin_connection(1, START_NS)
    recorder.listen(ConnectionChanged(LinkState.LIVE), START_NS, of_frame=False)
    for number, ticker in enumerate(MARKETS, start=1):
        body = b'{"type":"orderbook_snapshot","sid":1,"seq":%d,"msg":{"market_ticker":"%b"}}'
        recorder.tap(START_NS, body % (number, ticker.encode()))
    for number, (ticker, side, cents, size) in enumerate(changes(count), start=1):
        price = cents if side == "yes" else 100 - cents
        frame = (
            b'{"type":"orderbook_delta","sid":1,"seq":%d,"msg":{"market_ticker":"%b",'
            b'"price_dollars":"0.%02d","delta_fp":"%d.00","side":"%b"}}'
        )
        values = (len(MARKETS) + number, ticker.encode(), price, size, side.encode())
        recorder.tap(START_NS + number * STEP_NS, frame % values)
    recorder.close()
    return recorder.path


class EachEvent:
    """Looks at the markets at every market event, and buys where the spread is two cents."""

    def __init__(self) -> None:
        self.looks = 0
        self._bought_ns = 0
        self._orders = 0

    def begin(self, now_ns: int) -> Iterable[CoreEvent]:
        return ()

    def perform(self, effect: Effect, core: TradingCore, now_ns: int) -> Iterable[CoreEvent]:
        return ()

    def after(self, event: CoreEvent, core: TradingCore, now_ns: int) -> Sequence[CoreEvent]:
        if not isinstance(event, BookDelta | BookSnapshot):
            return ()
        self.looks += 1
        seen = view_of(core.state.markets, now_ns).markets[event.ticker]
        if seen.bid is None or seen.ask is None or seen.ask - seen.bid > 200:
            return ()
        if now_ns - self._bought_ns < SECOND_NS:
            return ()
        self._bought_ns = now_ns
        self._orders += 1
        order = PlaceOrder(
            ticker=event.ticker,
            action=Action.BUY,
            outcome=Outcome.YES,
            count=Count(100),
            price=seen.ask,
            time_in_force=TimeInForce.IOC,
        )
        return (CommandReceived(f"bench-{self._orders}", order),)


def run(events: Iterable[Timed]) -> tuple[int, int, int]:
    """Run the events and return how many there were, the looks, and the fills."""
    core = TradingCore(CoreSettings(venue="paper"))
    ledger, pilot = Ledger(core.state, CAPITAL), EachEvent()
    shell = VirtualShell(core, PaperAccount(CAPITAL), PaperBroker(), pilot, ledger)
    shell.run(events)
    ledger.sample(shell.now_ns)
    make_result(core.state, ledger, {})
    return shell.events, pilot.looks, len(ledger.trades)


def best(
    rounds: int, work: Callable[[], tuple[int, int, int]]
) -> tuple[float, tuple[int, int, int]]:
    """Return the fastest round in events a second, and what it counted."""
    fastest, counted = float("inf"), (0, 0, 0)
    for _ in range(rounds):
        began = time.perf_counter()
        counted = work()
        fastest = min(fastest, time.perf_counter() - began)
    return counted[0] / fastest, counted


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peer", help="an interpreter with nautilus_trader")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = record(Path(folder), options.events)

        def from_disk() -> tuple[int, int, int]:
            return run(RecordingSource([path]))

        rate, counted = best(options.rounds, from_disk)
        print(f"recording:  {rate:>10,.0f} events/s  (events, looks, fills: {counted})")
        events = list(RecordingSource([path]))
        rate, counted = best(options.rounds, lambda: run(events))
        print(f"in memory:  {rate:>10,.0f} events/s  (events, looks, fills: {counted})")
    if options.peer:
        words = [options.peer, str(PEER), str(options.events), str(options.rounds)]
        subprocess.run(words, check=True)


if __name__ == "__main__":
    main()
