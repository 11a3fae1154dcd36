"""What reading news costs: taking a universe of 3,000 markets, and one item against it.

Run with ``python tests/benchmarks/bench_news.py``; half a minute, no network.  The markets are
made up, each event with rules of its own; times are of the processor, so that a busy machine
does not count.  No exchange has an event for each of its markets: that row is the worst case,
and the goal for the universe does not count it.
"""

import random
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from kalshi_desk.core.news import NewsItem, Tier
from kalshi_desk.news.index import title_sense
from kalshi_desk.news.reading import Reader
from kalshi_desk.news.texts import MarketText
from tests.benchmarks.pty_rig import percentile, print_table

MARKETS, ITEMS = 3_000, 400
GOALS = {"set_universe, ms": 1_000.0, "read, ms": 20.0}
_SUBJECTS = """inflation payrolls rain snow shutdown recession bitcoin ethereum gas crude tariffs
senate governor mayor election rates nominee hurricane launch earnings"""
_PLACES = """Texas Maine Ohio Nevada Chicago Miami Boston Denver France Brazil Japan India Canada
Georgia Kansas Oregon"""
SUBJECTS, PLACES = _SUBJECTS.split(), _PLACES.split()
WORDS = 6_000
"""So many different words; a language has more, but the rules of markets repeat themselves."""
NAMES = "".join("bcdfghklmnprst")


def vocabulary():
    rng = random.Random(3)
    parts = [a + b for a in NAMES for b in "aeiou"]
    return ["".join(rng.choice(parts) for _ in range(3)).title() for _ in range(WORDS)]


def word(rng):
    return rng.choice(KNOWN)


KNOWN = vocabulary()


def markets(rng, each):
    """Return markets, ``each`` of them an event, whose titles all differ between events."""
    made = []
    for number in range(MARKETS // each):
        name, subject, place = word(rng), rng.choice(SUBJECTS), rng.choice(PLACES)
        title = f"Will {name} {subject} in {place} be above {number} before July?"
        rules = f"If {subject} in {place} as published by {name} is above the strike, then the "
        rules += "market resolves to Yes. " + " ".join(word(rng) for _ in range(40))
        made += [
            MarketText(
                ticker=f"KX{number}-26-T{strike}",
                event_ticker=f"KX{number}-26",
                series_ticker=f"KX{number}",
                title=title,
                subtitle=f"Above {strike}",
                rules=rules,
            )
            for strike in range(each)
        ]
    return made


def item(rng, number):
    words = [rng.choice(SUBJECTS), "rises", "in", rng.choice(PLACES), "as", word(rng), "says"]
    return NewsItem(
        item_id=str(number),
        feed="wire",
        tier=Tier.PRESS,
        title=" ".join([word(rng), *words, *(word(rng) for _ in range(6))]),
        summary=" ".join(word(rng) for _ in range(120)),
        first_seen_ns=number,
        cluster=str(number),
    )


def measured(each):
    rng = random.Random(5)
    reader = Reader()
    reader.set_universe(markets(rng, each)[:10])
    reader.read(item(rng, 0))
    universe = markets(rng, each)
    title_sense.cache_clear()
    start = time.process_time()
    reader.set_universe(universe)
    taking = (time.process_time() - start) * 1e3
    times = []
    for number in range(ITEMS):
        one = item(rng, number)
        start = time.process_time()
        reader.read(one)
        times.append((time.process_time() - start) * 1e3)
    return taking, times


def main():
    rows, worst = [], {}
    for each in (10, 3, 1):
        taking, times = measured(each)
        rows.append(
            [f"{MARKETS // each} events of {each}", f"{taking:.0f}"]
            + [f"{percentile(times, share):.1f}" for share in (0.5, 0.95, 0.99)]
        )
        if each > 1:
            worst["set_universe, ms"] = max(worst.get("set_universe, ms", 0.0), taking)
        worst["read, ms"] = max(worst.get("read, ms", 0.0), percentile(times, 0.95))
    head = ["markets", "set_universe ms", "read p50 ms", "p95", "p99"]
    print_table(f"News against {MARKETS:,} markets", head, rows)
    missed = [name for name, goal in GOALS.items() if worst[name] > goal]
    print("missed: " + ", ".join(missed) if missed else "goals met: below 1 s and below 20 ms")
    return bool(missed)


if __name__ == "__main__":
    sys.exit(main())
