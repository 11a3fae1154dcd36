"""News at 3,000 markets and 2,000 items: looks, arrivals, the screen's rows, and what books pay.

Run with ``python tests/benchmarks/bench_stories.py``; a few seconds, no network.  A strategy has
one second; rows are built at each pull of a face that shows news; the last lines tell what
remembering middles adds to a change of a book.
"""

import random
import sys
import time
import tracemalloc
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import msgspec

from kalshi_desk.core.events import BookSnapshot, MarketsListed, NewsArrived, TimerFired
from kalshi_desk.core.records import Market
from kalshi_desk.core.types import Count, Price
from kalshi_desk.engine.core import TradingCore
from kalshi_desk.engine.state import CoreSettings
from kalshi_desk.engine.topics import build
from kalshi_desk.market.middles import Middles
from kalshi_desk.market.mirror import view_of
from kalshi_desk.strategies.news import News
from kalshi_desk.strategies.news_proof import Horizon
from kalshi_desk.strategies.volatility import Volatility
from tests.benchmarks.pty_rig import median, print_table
from tests.market.news import SECOND, START, item, match
from tests.strategies.stories import cells, past

MARKETS, ITEMS, REPEATS = 3_000, 2_000, 9
NOW = START + 3_600 * SECOND


def timed(work):
    """Return milliseconds of CPU of a call, the median of several, and its result."""
    found = []
    for _ in range(REPEATS):
        began = time.process_time()
        result = work()
        found.append((time.process_time() - began) * 1e3)
    return median(found), result


def full_core():
    """Return a core with every market quoted for an hour and news about many of them."""
    core, rng = TradingCore(CoreSettings()), random.Random(3)
    markets = tuple(
        Market(
            ticker=f"M{n}",
            event_ticker=f"E{n // 4}",
            category=("Politics", "Sports", "Economics")[n % 3],
            close_ns=NOW + 10 * 86_400 * SECOND,
        )
        for n in range(MARKETS)
    )
    core.step(MarketsListed(markets), START)
    for at_ns in (START, NOW - SECOND):
        for n, market in enumerate(markets):
            bid = 4_000 + n % 20 * 100
            book = BookSnapshot(
                market.ticker, ((Price(bid), Count(900)),), ((Price(bid + 100), Count(900)),)
            )
            core.step(book, at_ns)
    news = [
        item(
            f"{n}",
            *(match(f"M{rng.randrange(MARKETS)}") for _ in range(4)),
            at_s=rng.uniform(100, 3_590),
            cluster=f"{n // 2}",
            copy=1 + n % 2,
        )
        for n in range(ITEMS)
    ]
    return core, news


def measured():
    """Return some twenty thousand observations."""
    found = []
    for horizon in Horizon:
        for category in ("Politics", "Sports", "Economics"):
            found += past(0.5, events=104, category=category, horizon=horizon)
    return found


def per_change():
    """Return nanoseconds that one note of a middle takes: the same again, and another."""
    middles, same, other = Middles(), [], []
    for number in range(200_000):
        middles.note(START + number * 50_000_000, 4_000 + number % 7)
    for times, step in ((same, 0), (other, 1)):
        for _ in range(REPEATS):
            at_ns = NOW + 10**15
            began = time.process_time_ns()
            for number in range(20_000):
                middles.note(at_ns + number * 50_000_000, 4_000 + number * step % 7)
            times.append((time.process_time_ns() - began) / 20_000)
    return median(same), median(other)


def measure():
    core, news = full_core()
    began = time.process_time()
    core.step(NewsArrived(tuple(news)), NOW)
    rows = [["all items arrive at once", f"{(time.process_time() - began) * 1e3:,.1f}", ""]]
    again = msgspec.structs.replace(news[0], summary="more")
    took, _ = timed(lambda: core.step(NewsArrived((again,)), NOW + 1))
    rows.append(["one item comes again", f"{took:,.2f}", "the first time changed, then known"])
    took, _ = timed(lambda: core.step(TimerFired(), NOW + 2 * SECOND))
    rows.append(["a beat with all stories waiting", f"{took:,.2f}", ""])
    observations = measured()
    strategy, calm = News(), Volatility()
    strategy.prepare()
    held = cells(observations)

    def look(one):
        view = view_of(core.state.markets, NOW + SECOND, observations=held)
        return one.decide(view), one.proof(view)

    took, (decision, proof) = timed(lambda: look(strategy))
    note = f"{len(decision.signals)} signals of {MARKETS:,}; {len(observations):,} observations"
    rows.append(["look of news", f"{took:,.1f}", note])
    rows.append(["", "", proof[:70]])
    took, _ = timed(lambda: look(calm))
    rows.append(["look of volatility", f"{took:,.1f}", "with the same news"])
    core.state.now_ns = NOW + SECOND
    took, found = timed(lambda: build(core.state, "news"))
    rows.append(["rows of topic news", f"{took:,.2f}", f"{len(found or {})} rows"])
    print_table("Milliseconds of CPU", ["", "median", ""], rows)
    same, other = per_change()
    tracemalloc.start()
    lines = [Middles() for _ in range(100)]
    for line in lines:
        for number in range(2_000):
            line.note(START + number * 10 * SECOND, 4_000 + number % 7)
    size, _ = tracemalloc.get_traced_memory()
    rows = [
        ["ns for a change that leaves the middle", f"{same:,.0f}"],
        ["ns for a change that moves it", f"{other:,.0f}"],
        ["bytes of a market, at most", f"{size / 100:,.0f}"],
    ]
    print_table("What remembering middles costs", ["", ""], rows)


if __name__ == "__main__":
    measure()
