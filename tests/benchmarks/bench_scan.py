"""A look of the arbitrage strategy over 2,000 markets, in milliseconds of a core.

Run with ``python tests/benchmarks/bench_scan.py``; a minute, no network.  Books of five
levels a side around fair prices; in some groups an offer that the others contradict makes
the linear programme run.  Beside it what deriving the relations costs.
"""

import pickle
import sys
import time
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import msgspec

from kalshi_desk.core.records import Market
from kalshi_desk.core.strategy import MarketSnapshot, MarketView
from kalshi_desk.core.types import CENT, PRICE_ONE, Count
from kalshi_desk.exchange import wire
from kalshi_desk.exchange.beliefs import new_drivers
from kalshi_desk.exchange.book import Book
from kalshi_desk.exchange.catalog_wide import templates_for, terms_for
from kalshi_desk.exchange.listing import list_event, series_record
from kalshi_desk.kalshi.convert import Terms
from kalshi_desk.kalshi.wire import EventBody, MarketBody, SeriesBody
from kalshi_desk.market.relations import RelationFinder
from kalshi_desk.quant.states import admissible_states
from kalshi_desk.strategies.static_arbitrage import StaticArbitrage
from tests.benchmarks.pty_rig import median, print_table

MARKETS, REPEATS, LEVELS = 2_000, 9, 5
NOW = 1_795_390_000_000_000_000
decode, encode = msgspec.json.decode, msgspec.json.encode


def records(count: int) -> list[Market]:
    """Return the desk's records of what the practice exchange lists."""
    templates = templates_for(count)
    drivers = new_drivers(Random(7), NOW, terms_for(templates))
    terms, found = Terms(), []
    for template in templates:
        series = series_record(template)
        body = decode(encode(wire.series_json(series)), type=SeriesBody)
        terms.series[template.series] = body
        event, markets = list_event(template, drivers[template.driver], NOW)
        body = decode(encode(wire.event_json(event, series)), type=EventBody)
        terms.events[event.ticker] = body
        for market in markets:
            market.status = "active"
            text = encode(wire.market_json(market, Book(), NOW))
            found.append(terms.market(decode(text, type=MarketBody)))
    return found


def books(markets, groups, planted, seed=3):
    """Return snapshots around fair prices, with contradicting offers in so many groups."""
    rng = Random(seed)
    fair = {market.ticker: rng.uniform(0.1, 0.9) for market in markets}
    for group in groups:
        space = admissible_states(group.markets, group.relations)
        chance = [rng.expovariate(1.0) for _ in space.states]
        for column, name in enumerate(space.markets):
            won = sum(c * s.values[column] for c, s in zip(chance, space.states, strict=True))
            fair[name] = won / sum(chance) / PRICE_ONE
    shift = {group.markets[0]: 1500 for group in groups[: 4 * planted : 4]}
    found = {}
    for market in markets:
        middle = int(fair[market.ticker] * 100) * CENT + shift.get(market.ticker, 0)
        bids = [(middle - k * CENT, Count(rng.randrange(500, 9_000))) for k in range(LEVELS)]
        asks = [(middle + k * CENT, Count(rng.randrange(500, 9_000))) for k in range(1, LEVELS + 1)]
        found[market.ticker] = MarketSnapshot(
            market=market,
            bids=tuple(level for level in bids if 0 < level[0] < PRICE_ONE),
            asks=tuple(level for level in asks if 0 < level[0] < PRICE_ONE),
            is_fresh=True,
        )
    return found


def timed(work):
    """Return milliseconds of CPU and the result of one call."""
    began = time.process_time()
    result = work()
    return (time.process_time() - began) * 1e3, result


def row(name, times, note=""):
    return [name, *(f"{t:,.1f}" for t in (min(times), median(times), max(times))), note]


def measure():
    markets = records(MARKETS)
    finder, rows = RelationFinder(), []
    cold = [timed(lambda: RelationFinder().groups(markets))[0] for _ in range(REPEATS)]
    groups = finder.groups(markets)
    warm = [timed(lambda: finder.groups(markets))[0] for _ in range(REPEATS)]
    rows.append(row("relations, all new", cold, f"{len(groups)} groups, {len(markets)} markets"))
    rows.append(row("relations, nothing new", warm))
    StaticArbitrage().prepare()
    for planted in (0, 10, 40):
        snapshots = books(markets, groups, planted)
        view = MarketView(now_ns=NOW, markets=snapshots, groups=groups)
        first, again = [], []
        for _ in range(REPEATS):
            strategy = StaticArbitrage()
            first.append(timed(lambda it=strategy, at=view: it.decide(at))[0])
            # As it reaches a worker: equal, but other objects than the time before.
            copy = pickle.loads(pickle.dumps(view))
            took, found = timed(lambda it=strategy, at=copy: it.decide(at))
            again.append(took)
        programmes = sum(why.code != "no_pre_fee_edge" for why in found.reasons)
        note = f"{programmes + len(found.signals)} of {len(groups)} groups need the programme"
        rows.append(row(f"look, {planted} planted, first", first, note))
        rows.append(row(f"look, {planted} planted, again", again))
    head = ["", "min", "median", "max", ""]
    print_table(f"Milliseconds of CPU over {len(markets):,} markets", head, rows)


if __name__ == "__main__":
    measure()
