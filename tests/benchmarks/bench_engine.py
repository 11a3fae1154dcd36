"""The core's cost of a book delta, a gate, an order and a frame, and the commit of an intent.

Run with ``python tests/benchmarks/bench_engine.py``; a few seconds, no network.  Ratios are to the
bare book, or to the commit that a disk forces.
"""

import random
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import msgspec

from kalshi_desk.core.book import OrderBook
from kalshi_desk.core.events import (
    AccountRead,
    BookDelta,
    BookSnapshot,
    ConnectionChanged,
    LinkState,
    MarketsListed,
    OrderAnswered,
)
from kalshi_desk.core.records import Balance, Market, OrderIntent
from kalshi_desk.core.types import Action, BookSide, Count, Money, Outcome, Price
from kalshi_desk.desk.commands import PlaceOrder
from kalshi_desk.desk.protocol import encode
from kalshi_desk.engine.board import Board
from kalshi_desk.engine.core import TradingCore
from kalshi_desk.engine.effects import SendOrder
from kalshi_desk.engine.inputs import CommandReceived
from kalshi_desk.engine.state import CoreSettings
from kalshi_desk.risk.gate import examine
from kalshi_desk.store.journal import Journal
from tests.benchmarks.pty_rig import median, percentile, print_table

MARKETS, LEVELS, DELTAS, REPEATS = 2_000, 20, 200_000, 5
ORDERS, COMMITS = 50, 500
START_NS = 1_800_000_000_000_000_000


def made_core():
    """Return a live core with many markets at 48 and 52 cents and cash."""
    core = TradingCore(CoreSettings())
    markets = tuple(Market(ticker=f"M{n}", event_ticker=f"E{n // 10}") for n in range(MARKETS))
    core.step(MarketsListed(markets), START_NS)
    for n in range(MARKETS):
        bids = tuple((Price(4_800 - 100 * k), Count(50_000)) for k in range(LEVELS))
        asks = tuple((Price(5_200 + 100 * k), Count(50_000)) for k in range(LEVELS))
        core.step(BookSnapshot(f"M{n}", bids, asks), START_NS)
    core.step(ConnectionChanged(LinkState.LIVE), START_NS)
    core.step(
        AccountRead(
            orders=(),
            fills=(),
            positions=(),
            settlements=(),
            balance=Balance(cash=Money(10_000_000_000)),
            asked_ns=START_NS,
        ),
        START_NS,
    )
    return core


def made_deltas():
    rng = random.Random(7)
    found = []
    for n in range(DELTAS):
        side = BookSide.BID if rng.random() < 0.5 else BookSide.ASK
        step = 100 * rng.randrange(LEVELS)
        price = Price(4_800 - step if side is BookSide.BID else 5_200 + step)
        size = Count(100 if n & 1 else -100)
        found.append(BookDelta(f"M{rng.randrange(MARKETS)}", side, price, size))
    return found


def per_call(work, calls):
    """Return microseconds a call, the median of several runs."""
    found = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        work()
        found.append((time.perf_counter() - began) / calls * 1e6)
    return median(found)


def time_deltas(core, deltas):
    books = {f"M{n}": OrderBook() for n in range(MARKETS)}

    def bare():
        for delta in deltas:
            books[delta.ticker].add(delta.side is BookSide.BID, delta.price, delta.delta)

    def stepped():
        step = core.step
        for delta in deltas:
            step(delta, START_NS)

    return per_call(bare, DELTAS), per_call(stepped, DELTAS)


def time_gate(core):
    order = OrderIntent(
        client_order_id="c",
        ticker="M0",
        side=BookSide.BID,
        price=Price(5_200),
        count=Count(1_000),
        created_ns=START_NS,
    )
    view = core.state.gate_view("M0")
    if examine(order, view):
        raise AssertionError("the gate refuses the order to be timed")

    def seen():
        for _ in range(ORDERS):
            examine(order, core.state.gate_view("M0"))

    return per_call(seen, ORDERS)


def time_orders(resting):
    """Return microseconds from a command to its intent and send, with so many orders resting."""
    core, took = made_core(), []
    limits = core.state.settings.limits
    core.state.settings.limits = msgspec.structs.replace(
        limits, open_positions=1_000, resting_orders=1_000
    )
    for n in range(resting + ORDERS):
        order = PlaceOrder(
            ticker=f"M{n % MARKETS}",
            action=Action.BUY,
            outcome=Outcome.YES,
            price=Price(100),
            count=Count(100),
        )
        now_ns = START_NS + n * 2_000_000_000
        began = time.perf_counter()
        effects = core.step(CommandReceived(f"c{n}", order), now_ns)
        if n >= resting:
            took.append((time.perf_counter() - began) * 1e6)
        sent = [effect.intent for effect in effects if isinstance(effect, SendOrder)]
        if len(sent) != 1:
            raise AssertionError(f"order {n} was not sent: {effects}")
        answer = OrderAnswered(sent[0].client_order_id, f"o{n}", Count(0), Count(100))
        core.step(answer, now_ns + 1_000_000)
    return percentile(took, 0.5), percentile(took, 0.95)


def time_commits(durable):
    """Return p50 and p95 in microseconds of making an intent durable."""
    with tempfile.TemporaryDirectory(prefix="kd-bench-") as folder:
        journal = Journal(Path(folder) / "journal.sqlite3", durable=durable)
        took = []
        for n in range(COMMITS):
            intent = OrderIntent(
                client_order_id=f"c{n}",
                ticker="M0",
                side=BookSide.BID,
                price=Price(5_200),
                count=Count(1_000),
            )
            began = time.perf_counter()
            journal.append_intent(intent, n)
            took.append((time.perf_counter() - began) * 1e6)
        journal.close()
    return percentile(took, 0.5), percentile(took, 0.95)


def time_frames(core):
    """Return microseconds of a frame with fifty changed markets and a ladder, encoded."""
    board = Board(core.state, 1)
    topics = ("status", "markets", "positions", "orders", "fills", "book:M0", "chart:M0")
    first = board.frame(topics, 0, (), 0)
    seq, took = first.board_seq, []
    for n in range(200):
        for market in range(50):
            size = Count(100 if n & 1 else -100)
            core.step(BookDelta(f"M{market}", BookSide.BID, Price(4_800), size), START_NS)
        began = time.perf_counter()
        frame = board.frame(topics, seq, (), 0)
        encode(frame)
        took.append((time.perf_counter() - began) * 1e6)
        seq = frame.board_seq
    return percentile(took, 0.5), percentile(took, 0.95)


def main():
    core = made_core()
    bare, stepped = time_deltas(core, made_deltas())
    gate = time_gate(core)
    few, many = time_orders(0), time_orders(500)
    normal, full = time_commits(False), time_commits(True)
    frame = time_frames(core)
    rows = [
        ["bare book, one delta", f"{bare:.2f}", "", f"{1e6 / bare:,.0f}/s", "1.0x"],
        [
            "core.step, one delta",
            f"{stepped:.2f}",
            "",
            f"{1e6 / stepped:,.0f}/s",
            f"{stepped / bare:.1f}x",
        ],
        ["gate, one order", f"{gate:.1f}", "", "", f"{gate / normal[0]:.2f}x"],
        [
            "order to intent, few resting",
            f"{few[0]:.0f}",
            f"{few[1]:.0f}",
            "",
            f"{few[0] / normal[0]:.1f}x",
        ],
        [
            "order to intent, 500 resting",
            f"{many[0]:.0f}",
            f"{many[1]:.0f}",
            "",
            f"{many[0] / normal[0]:.1f}x",
        ],
        ["commit an intent, NORMAL", f"{normal[0]:.0f}", f"{normal[1]:.0f}", "", "1.0x"],
        [
            "commit an intent, FULL",
            f"{full[0]:.0f}",
            f"{full[1]:.0f}",
            "",
            f"{full[0] / normal[0]:.1f}x",
        ],
        ["frame, 50 markets and a ladder", f"{frame[0]:.0f}", f"{frame[1]:.0f}", "", ""],
    ]
    title = f"Engine, microseconds, {MARKETS:,} markets, {2 * LEVELS} levels"
    print_table(title, ["", "p50", "p95", "rate", "ratio"], rows)


if __name__ == "__main__":
    main()
