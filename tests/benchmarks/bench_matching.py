"""The matching engine alone, with accounts, collateral, fees and notices: operations a second.

Run with ``python tests/benchmarks/bench_matching.py``; a few seconds, no network.  Beside it the
same orders through bare queues by price, which know no accounts and tell nobody.
"""

import sys
import time
from bisect import insort
from collections import deque
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from kalshi_desk.exchange.commands import NewOrder
from tests.benchmarks.pty_rig import median, print_table
from tests.exchange.bench import NOW, TICKER, Bench

OPERATIONS, REPEATS = 40_000, 5
SPREAD = 900


def made(kind, rng):
    """Return owner, side, price and size of each order, by three members in turn."""
    found = []
    for number in range(OPERATIONS):
        is_bid = bool(number & 1)
        away = rng.randrange(1, SPREAD // 100) * 100
        price = 5_000 - away if is_bid else 5_000 + away
        if kind == "trade" and number % 4 >= 2:
            # Every other pair takes what the pair before it left.
            price = 9_900 if is_bid else 100
        found.append((number % 3, is_bid, price, 100 * rng.randrange(1, 20)))
    return found


def through_engine(kind, orders):
    """Return seconds for placing all, where ``cancel`` takes each off again."""
    bench = Bench(members=3, cash="1000000000")
    engine = bench.engine
    new = [
        NewOrder(owner=o, ticker=TICKER, is_bid=b, price=p, count=c, self_trade="maker")
        for o, b, p, c in orders
    ]
    began = time.perf_counter()
    for order in new:
        number = engine.next_order
        engine.place(order, NOW)
        if kind == "cancel":
            engine.cancel(order.owner, number, NOW)
    took = time.perf_counter() - began
    if bench.total() != bench.opening:
        raise AssertionError("money was made or lost")
    return took


class Queues:
    """Orders by price and time, and nothing else."""

    def __init__(self):
        self.levels = ({}, {})
        self.prices = ([], [])

    def place(self, is_bid, price, count):
        mine, other = (0, 1) if is_bid else (1, 0)
        levels, prices = self.levels[other], self.prices[other]
        while count and prices:
            best = prices[0 if is_bid else -1]
            if best > price if is_bid else best < price:
                break
            queue = levels[best]
            left = queue[0] - count
            if left > 0:
                queue[0] = left
                return None
            count = -left
            queue.popleft()
            if not queue:
                del levels[best]
                prices.remove(best)
        if not count:
            return None
        queue = self.levels[mine].get(price)
        if queue is None:
            queue = self.levels[mine][price] = deque()
            insort(self.prices[mine], price)
        queue.append(count)
        return queue


def through_queues(kind, orders):
    """Return seconds for the same with bare queues."""
    book = Queues()
    began = time.perf_counter()
    for _, is_bid, price, count in orders:
        queue = book.place(is_bid, price, count)
        if kind == "cancel" and queue:
            queue.pop()
            if not queue:
                side = 0 if is_bid else 1
                del book.levels[side][price]
                book.prices[side].remove(price)
    return time.perf_counter() - began


def main():
    rows = []
    for kind, name in (("rest", "rest"), ("cancel", "rest and cancel"), ("trade", "half trade")):
        orders = made(kind, Random(7))
        count = OPERATIONS * (2 if kind == "cancel" else 1)
        rates, ratios = [], []
        for _ in range(REPEATS):
            ours, bare = through_engine(kind, orders), through_queues(kind, orders)
            rates.append(count / ours)
            ratios.append(ours / bare)
        spread = (min(rates), median(rates), max(rates))
        rows.append([name, *(f"{rate:,.0f}" for rate in spread), f"{median(ratios):.1f}x"])
    head = ["", "min", "median", "max", "time of bare queues"]
    print_table("Matching engine alone, operations a second", head, rows)


if __name__ == "__main__":
    main()
