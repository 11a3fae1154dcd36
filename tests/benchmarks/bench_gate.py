"""What the gate costs an order at 200 positions with 50 resting orders, quiet and while books move.

Run with ``python tests/benchmarks/bench_gate.py``; a few seconds, no network.  The gate is the
view of all limits and every check; the last rows are the same with nothing held.
"""

import random
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import msgspec

from kalshi_desk.core.events import BookDelta, FillReported, OrderAnswered
from kalshi_desk.core.records import Fill, OrderIntent
from kalshi_desk.core.types import Action, BookSide, Count, Money, Outcome, Price
from kalshi_desk.desk.commands import PlaceOrder
from kalshi_desk.engine.effects import SendOrder
from kalshi_desk.engine.inputs import CommandReceived
from kalshi_desk.risk.gate import examine
from tests.benchmarks.bench_engine import START_NS, made_core
from tests.benchmarks.pty_rig import percentile, print_table

POSITIONS, RESTING, ORDERS, WARM_UP = 200, 50, 1_000, 20
SECOND_NS = 1_000_000_000
QUIET, BUSY = 0, 100
"""Book changes between two orders: of 2,000 markets, a tenth of which are held."""


def held_core(positions, resting):
    """Return a live core with so many positions and orders; its limits refuse none of them."""
    core = made_core()
    wide = dict.fromkeys(("open_positions", "resting_orders"), 1_000)
    names = ("event", "theme", "category", "settlement_day", "shortfall", "stress_shortfall")
    wide |= {f"{name}_percent": 100.0 for name in names}
    core.state.settings.limits = msgspec.structs.replace(core.state.settings.limits, **wide)
    for n in range(positions):
        fill = Fill(
            trade_id=f"t{n}",
            order_id=f"f{n}",
            ticker=f"M{10 * (n // 2) + n % 2}",
            side=BookSide.BID,
            price=Price(5_000),
            count=Count(1_000),
            fee=Money(10_000),
            is_taker=True,
            executed_ns=START_NS,
        )
        core.step(FillReported(fill), START_NS)
    for n in range(resting):
        command = PlaceOrder(
            ticker=f"M{n * 20}",
            action=Action.BUY,
            outcome=Outcome.YES,
            price=Price(4_000 + 100 * (n % 5)),
            count=Count(500),
        )
        effects = core.step(CommandReceived(f"c{n}", command), START_NS + n * SECOND_NS)
        (intent,) = [e.intent for e in effects if isinstance(e, SendOrder)]
        answer = OrderAnswered(intent.client_order_id, f"o{n}", Count(0), intent.count)
        core.step(answer, START_NS + n * SECOND_NS)
    return core


def time_gate(core, changes):
    """Return microseconds for each of many orders, p50 and p95."""
    rng, took = random.Random(7), []
    now_ns = START_NS + 100 * SECOND_NS
    for n in range(WARM_UP + ORDERS):
        now_ns += 10_000_000
        for change in range(changes):
            size = Count(100 if (n + change) & 1 else -100)
            delta = BookDelta(f"M{rng.randrange(2_000)}", BookSide.BID, Price(4_800), size)
            core.step(delta, now_ns)
        intent = OrderIntent(
            client_order_id=f"g{n}",
            ticker=f"M{rng.randrange(2_000)}",
            side=BookSide.BID,
            price=Price(5_200),
            count=Count(1_000),
            origin="strategy:bench",
            created_ns=now_ns,
        )
        core.state.markets.data_ns = core.state.now_ns = now_ns
        began = time.perf_counter()
        reasons = examine(intent, core.state.gate_view(intent.ticker))
        if n >= WARM_UP:
            took.append((time.perf_counter() - began) * 1e6)
        if reasons and changes == QUIET:
            raise AssertionError(f"the gate refuses the order to be timed: {reasons}")
    return percentile(took, 0.5), percentile(took, 0.95)


def main():
    rows = []
    for positions, resting in ((POSITIONS, RESTING), (0, 0)):
        core = held_core(positions, resting)
        held = len(core.state.positions.held())
        if held != positions:
            raise AssertionError(f"{held} positions are held, not {positions}")
        for changes in (QUIET, BUSY):
            p50, p95 = time_gate(core, changes)
            rows.append(
                [
                    f"{positions} positions, {resting} resting, {changes} book changes",
                    f"{p50:.0f}",
                    f"{p95:.0f}",
                ]
            )
    print_table("Gate, microseconds an order", ["", "p50", "p95"], rows)


if __name__ == "__main__":
    main()
