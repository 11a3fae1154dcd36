"""One look of the volatility strategy and of the harvester at 2,000 markets, and learning.

Run with ``python tests/benchmarks/bench_makers.py``; a few seconds, no network.  A strategy has
one second; the share of it is what counts.
"""

import random
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from kalshi_desk.core.records import Market
from kalshi_desk.strategies.harvester import Harvester
from kalshi_desk.strategies.learning import SettledMarket, learn
from kalshi_desk.strategies.volatility import Volatility
from tests.benchmarks.pty_rig import median, print_table
from tests.strategies.views import HOUR_NS, NOW, cell, hours, snapshot, view

MARKETS, CATEGORIES, REPEATS = 2_000, 9, 9


def wandering(rng, hours_long=96):
    """Return closes that go up or down a little each hour."""
    price, found = 5_000, []
    for _ in range(hours_long):
        price = min(9_000, max(1_000, price + rng.choice((-100, -50, 0, 0, 0, 50, 100))))
        found.append(price)
    return found


def usual(rng):
    for n in range(MARKETS):
        closes = wandering(rng)
        bid = closes[-1] - 100
        yield snapshot(f"M{n}", bid, bid + 200, hours(closes), category=f"C{n % CATEGORIES}")


def upset():
    """Yield markets of which every one made a large move in the last hour."""
    for n in range(MARKETS):
        closes = (*((4_000 + n % 40, 4_400) * 48)[:-1], 5_600)
        yield snapshot(f"M{n}", 5_500, 5_700, hours(closes), category=f"C{n % CATEGORIES}")


def quoted():
    """Yield favourites of which every one is worth a bid."""
    for n in range(MARKETS):
        bid = 7_100 + n % 20 * 100
        yield snapshot(f"M{n}", bid, bid + 300, category=f"C{n % CATEGORIES}")


def seconds(work):
    """Return processor seconds of a call, the median of several."""
    found = []
    for _ in range(REPEATS):
        started = time.process_time()
        work()
        found.append(time.process_time() - started)
    return median(found)


def main():
    rng = random.Random(1)
    known = [
        one
        for kind in ("excess", "fade", "breakout")
        for n in range(CATEGORIES)
        for one in cell(f"C{n}|{kind}", 0.02, 0.05, 240)
    ]
    fills = [one for n in range(CATEGORIES) for one in cell(f"C{n}", 0.004, 0.01, 60, each=4)]
    looks = [
        ("volatility, a usual hour", Volatility(), view(*usual(rng), observations=known)),
        ("volatility, every market moved", Volatility(), view(*upset(), observations=known)),
        ("harvester, every market quoted", Harvester(), view(*quoted(), observations=fills)),
    ]
    rows = []
    for name, strategy, shown in looks:
        took = seconds(lambda one=strategy, now=shown: one.decide(now))
        rows.append((name, f"{1_000 * took:.0f} ms", f"{took:.0%}"))
    print_table(f"One look at {MARKETS} markets", ["", "processor", "of the deadline"], rows)
    bars = hours([price for _ in range(15) for price in wandering(rng)])
    settled = SettledMarket(
        market=Market(ticker="A"), category="C", value=1.0, deadline_ns=NOW + 200 * HOUR_NS, at_ns=1
    )
    took = seconds(lambda: learn(settled, bars))
    print_table("Learning", ["", "processor"], [("60 days of hours", f"{1_000 * took:.1f} ms")])


if __name__ == "__main__":
    main()
