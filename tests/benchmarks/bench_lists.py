"""What the Markets and the News screen cost: the engine's list of 7,000 markets, and the frames.

Run with ``python tests/benchmarks/bench_lists.py``; half a minute, no network.  For the engine
the longest time in which nothing else could run, and the whole of it; for the screen the time
in its loop per answer or frame, drawing apart.  All in milliseconds of this thread.
"""

import asyncio
import gc
import sys
import time
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import msgspec

from kalshi_desk.core.events import MarketsListed
from kalshi_desk.core.records import Market
from kalshi_desk.core.types import Price
from kalshi_desk.desk.frames import Frame
from kalshi_desk.desk.protocol import to_face
from kalshi_desk.desk.service import AskMarkets, MarketFilter, MarketSort
from kalshi_desk.engine.board import Board
from kalshi_desk.engine.market_list import MarketList
from kalshi_desk.engine.state import CoreSettings, CoreState
from kalshi_desk.tui.app import DeskApp
from kalshi_desk.tui.board import Delta
from kalshi_desk.tui.settings import TuiSettings
from tests.benchmarks.bench_scan import NOW, records
from tests.benchmarks.pty_rig import median, print_table
from tests.engine.news_world import NewsWorld
from tests.market.news import item as news_item
from tests.market.news import match as news_match
from tests.tui.headlines import add_news, item, match
from tests.tui.scripted import HELD, NOW_NS, Engine, ScriptedLink

MARKETS, BEYOND, ITEMS, REPEATS = 7_000, 60_000, 300, 7
WANTED = {
    "all, closing first": AskMarkets(),
    "all, most traded": AskMarkets(sort=MarketSort.VOLUME, descending=True),
    "all, tightest spread": AskMarkets(sort=MarketSort.SPREAD),
    "search, one word": AskMarkets(wanted=MarketFilter(text="bitcoin")),
    "search, three words": AskMarkets(
        wanted=MarketFilter(text="will be above"), sort=MarketSort.RELEVANCE
    ),
    "filters": AskMarkets(wanted=MarketFilter(max_spread=Price(300), closes_within_s=86_400)),
}


def timed(work):
    began = time.thread_time()
    result = work()
    return (time.thread_time() - began) * 1e3, result


def row(name, slices):
    """Return a line: the longest slice and the whole, medians over the repeats."""
    longest = median([max(one) for one in slices])
    whole = median([sum(one) for one in slices])
    return [name, f"{longest:.2f}", f"{whole:.2f}", f"{len(slices[0])}"]


def slices_of(listing, ask):
    """Return the milliseconds of each slice of making an order."""
    found, work = [], listing.ordering(ask)
    while True:
        began = time.thread_time()
        try:
            next(work)
        except StopIteration as done:
            order = done.value
            found.append((time.thread_time() - began) * 1e3)
            break
        found.append((time.thread_time() - began) * 1e3)
    took, _ = timed(lambda: listing.cut(ask, order))
    return [*found, took]


def engine_side():
    markets = records(MARKETS)
    state = CoreState(CoreSettings())
    state.now_ns = NOW
    state.markets.apply(MarketsListed(tuple(markets)), NOW)
    far = {
        f"FAR-{n}": Market(ticker=f"FAR-{n}", title=f"Will it be number {n}?")
        for n in range(BEYOND)
    }
    gc.collect()
    gc.freeze()
    lines = [row("first question, all texts read", [slices_of(MarketList(state), AskMarkets())])]
    for name, ask in WANTED.items():
        runs = []
        for _ in range(REPEATS):
            listing = MarketList(state)
            for _ in listing.index.refresh():
                pass
            runs.append(slices_of(listing, ask))
        lines.append(row(name, runs))
    listing = MarketList(state)
    slices_of(listing, AskMarkets())
    again = [slices_of(listing, AskMarkets(offset=3_000)) for _ in range(REPEATS)]
    lines.append(row("another page of a known order", again))
    wide = MarketList(state, lambda: far)
    slices_of(wide, AskMarkets())
    ask = AskMarkets(wanted=MarketFilter(text="number"))
    lines.append(row(f"search, and {BEYOND:,} beyond", [slices_of(wide, ask)]))
    print_table(f"Engine: ms over {MARKETS:,} markets", ["", "longest", "whole", "slices"], lines)


def news_side():
    """What the topic ``news`` costs the engine: whole, and when nothing or one item changed."""
    world = NewsWorld()
    stories = [
        news_item(f"{n}", news_match("A"), news_match("B"), at_s=float(n), summary="words " * 60)
        for n in range(ITEMS)
    ]
    world.news(*stories, at_s=ITEMS)
    board, seq, lines = Board(world.core.state, 1), 0, []

    def pull(since):
        frame = board.frame(("news",), since, (), 0)
        return frame.board_seq, len(msgspec.msgpack.encode(frame))

    for name in ("all of it", "nothing changed", "one item changed"):
        times = []
        for number in range(5 * REPEATS):
            if name == "one item changed":
                world.news(msgspec.structs.replace(stories[-1], label=number % 2), at_s=ITEMS)
            since = 0 if name == "all of it" else seq
            took, (seq, size) = timed(partial(pull, since))
            times.append(took)
        lines.append([name, f"{median(times):.2f}", f"{max(times):.2f}", f"{size / 1000:.1f}"])
    print_table("Engine: ms and kB for a pull of news", ["", "median", "max", "kB"], lines)


def many_items():
    """Return so many items with two markets each."""
    both = (match(HELD), match("KXFED-26NOV23-T4"))
    return {
        f"n{n}": item(f"n{n}", 60 * n, summary="words " * 60, matches=both if n % 2 else ())
        for n in range(ITEMS)
    }


def noted(notes, name, work):
    """Return a function that notes how long it took in the loop."""

    def run(*args, **kwargs):
        began = time.thread_time()
        try:
            return work(*args, **kwargs)
        finally:
            notes.setdefault(name, []).append((time.thread_time() - began) * 1e3)

    return run


async def screen_side():
    engine = Engine()
    add_news(engine)
    engine.rows["news"] = many_items()
    for n in range(MARKETS // 2):
        for name in (HELD, "KXGAS-26NOV23-T1"):
            ticker = f"{name}-{n}"
            base = engine.world.rows[name]
            engine.world.rows[ticker] = msgspec.structs.replace(base, ticker=ticker)
    app = DeskApp(
        lambda: ScriptedLink(engine),
        settings=TuiSettings(rate_hz=8, start_ticker=HELD),
        now=lambda: NOW_NS,
    )
    notes = {}
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause(1)
        await pilot.press("2")
        await pilot.pause(1)
        screen = app.nav.base
        screen.pages.take = noted(notes, "markets: an answer", screen.pages.take)
        screen.show_changes = noted(notes, "markets: a frame", screen.show_changes)
        screen.found.move = noted(notes, "markets: a key", screen.found.move)
        await pilot.press("tab", *["pagedown"] * 20, "end", "home")
        await pilot.pause(4)
        await pilot.press("7")
        await pilot.pause(1)
        screen = app.nav.base
        screen.show_changes = noted(notes, "news: a frame", screen.show_changes)
        screen.headlines.move = noted(notes, "news: a key", screen.headlines.move)
        await pilot.press(*["down"] * 30, "end", "home")
        for n in range(20):
            engine.put("news", f"new{n}", item(f"new{n}", 30 - n))
            await pilot.pause(0.2)
        # All of it anew, as after a while without the engine: rows of their own each time.
        whole = {"news": Delta(dict(engine.rows["news"]))}
        copy = msgspec.structs.replace
        for _ in range(REPEATS):
            rows = app.board.topics["news"]
            rows.update({key: copy(row) for key, row in rows.items()})
            screen.show_changes(whole, [])
    frame = Frame(
        board_seq=1, event_seq=1, changed={"news": dict(engine.rows["news"])}, removed={},
        full=("news",), events=(),
    )  # fmt: skip
    message = msgspec.msgpack.encode(frame)
    name = f"news: decoding {len(message) / 1000:.0f} kB"
    for _ in range(REPEATS):
        noted(notes, name, to_face.decode)(message)
    lines = [
        [name, f"{median(times):.2f}", f"{sorted(times)[len(times) * 95 // 100]:.2f}",
         f"{max(times):.2f}", f"{len(times)}"]
        for name, times in notes.items()
    ]  # fmt: skip
    head = ["", "median", "95 %", "max", "times"]
    print_table(f"Screen: ms in its loop, {MARKETS:,} markets, {ITEMS} items", head, lines)


if __name__ == "__main__":
    engine_side()
    news_side()
    asyncio.run(screen_side())
