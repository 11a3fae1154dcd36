"""Recorded books by class: depth is never assumed, and real books hold next to nothing."""

from __future__ import annotations

import gzip
import json
import os
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from kalshi_desk.core.records import Market
from kalshi_desk.core.relations import partition
from kalshi_desk.core.strategy import Levels, MarketSnapshot
from kalshi_desk.core.types import PRICE_ONE, Count, complement, parse_count, parse_price
from kalshi_desk.market.relations import RelationFinder
from kalshi_desk.quant.candidates import Verdict
from kalshi_desk.strategies.relation_scan import Capture, ScanReport, scan
from tests.strategies.books import book, view_of

TILES = partition(("a", "b", "c"))


def capture(*asks: str, has_sizes: bool = True) -> Capture:
    books = [book(name, asks=ask) for name, ask in zip("abc", asks, strict=True)]
    view = view_of(TILES, *books)
    return Capture(at_ns=view.now_ns, markets=view.markets, groups=view.groups, has_sizes=has_sizes)


def test_every_group_of_every_capture_falls_into_one_class() -> None:
    report = scan(
        [
            capture("0.25x100", "0.30x100", "0.35x100"),
            capture("0.34x100", "0.33x100", "0.33x100"),
            capture("0.25x100", "0.30x100", "0.35x1"),
        ]
    )
    assert report.counts == {
        Verdict.NO_PRE_FEE_EDGE: 1,
        Verdict.DEPTH_BELOW_MINIMUM: 1,
        Verdict.CANDIDATE: 1,
    }
    assert (report.captures, report.markets) == (3, 9)
    assert "ages and durations not tested" in report.lines()[0]
    assert report.lines()[1:] == ["no_pre_fee_edge: 1", "depth_below_minimum: 1", "candidate: 1"]


def test_without_sizes_nothing_is_ever_a_candidate() -> None:
    report = scan(
        [
            capture("0.25x100", "0.30x100", "0.35x100", has_sizes=False),
            capture("0.32x100", "0.33x100", "0.32x100", has_sizes=False),
            capture("0.34x100", "0.33x100", "0.33x100", has_sizes=False),
        ]
    )
    assert report.counts == {Verdict.NO_PRE_FEE_EDGE: 1, Verdict.DEPTH_UNKNOWN: 2}
    assert report.cleared == 1
    paying, eaten = report.findings
    # One contract a leg: 90 cents and three fees of two cents, rounded up to whole cents.
    assert "without sizes" in paying.text
    assert "$0.04 is certain after $0.06 of fees" in paying.text
    assert "Fees eat" in eaten.text
    assert "1 would pay their fees" in report.lines()[-1]


@pytest.fixture(scope="module")
def books() -> Path:
    folder = os.environ.get("KALSHI_DESK_REAL_DATA")
    if not folder:
        pytest.skip("KALSHI_DESK_REAL_DATA does not name the folder of the real recordings")
    return Path(folder) / "books"


def rows(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line, parse_float=Decimal)


def nanoseconds(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp()) * 1_000_000_000


def side(levels: list[list[str]]) -> Levels:
    found = [(parse_price(price), parse_count(size)) for price, size in levels]
    return tuple(sorted((one for one in found if 0 < one[0] < PRICE_ONE), reverse=True))


def without_size(price: Decimal | float | None) -> Levels:
    cents = parse_price(str(price)) if price else 0
    return ((parse_price(str(price)), Count(100)),) if 0 < cents < PRICE_ONE else ()


def strike(value: Any) -> Decimal | None:
    return None if value is None else Decimal(value)


def captures(
    taken: dict[str, list[MarketSnapshot]], *, has_sizes: bool = True
) -> Iterator[Capture]:
    finder = RelationFinder()
    for at, snapshots in taken.items():
        yield Capture(
            at_ns=nanoseconds(at),
            markets={one.market.ticker: one for one in snapshots},
            groups=finder.groups([one.market for one in snapshots]),
            has_sizes=has_sizes,
        )


def show(name: str, report: ScanReport) -> None:
    print(f"\n{name}: " + "\n  ".join(report.lines()))
    for found in report.findings[:8]:
        print(f"  {found.group}: {found.verdict.value}: {found.text} {found.seen}")


def weather(path: Path) -> dict[str, list[MarketSnapshot]]:
    taken: dict[str, list[MarketSnapshot]] = defaultdict(list)
    moments: dict[str, str] = {}
    for row in rows(path):
        event = row["ticker"].rpartition("-")[0]
        close = nanoseconds(row["close_time"])
        market = Market(
            ticker=row["ticker"],
            event_ticker=event,
            # So listed; the recording keeps only markets, not their events.
            mutually_exclusive=row["group"] == "daily",
            strike_type=row["strike_type"],
            floor_strike=strike(row["floor_strike"]),
            cap_strike=strike(row["cap_strike"]),
            close_ns=close,
            expiration_ns=close,
        )
        raw = row["raw_orderbook"]
        asks = sorted((complement(p), size) for p, size in side(raw["no_dollars"]))
        at = moments.setdefault(row["capture_id"], row["captured_at"])
        taken[at].append(
            MarketSnapshot(
                market=market, bids=side(raw["yes_dollars"]), asks=tuple(asks), is_fresh=True
            )
        )
    return taken


@pytest.mark.realdata
def test_the_real_weather_books(books: Path) -> None:
    taken = weather(books / "weather_books.jsonl.gz")
    found = list(captures(taken))
    report = scan(found)
    show("daily and hourly temperatures", report)
    assert report.markets == 8_240
    daily = [g for one in found for g in one.groups if len(g.markets) == 6]
    assert len(daily) == 1_240
    assert all("one of the 6 must win" in group.source for group in daily)
    assert Verdict.DEPTH_UNKNOWN not in report.counts
    assert sum(report.counts.values()) == sum(len(one.groups) for one in found) >= 1_240


@pytest.mark.realdata
def test_the_real_temperatures_settled_as_their_brackets_say(books: Path) -> None:
    groups = {
        group.name: group
        for one in captures(weather(books / "weather_books.jsonl.gz"))
        for group in one.groups
    }
    checked = 0
    for row in rows(books / "weather_actuals.jsonl.gz"):
        for event in row["settled_markets"]["events"]:
            group = groups.get(event["event_ticker"])
            results = {name: result == "yes" for name, result in event["results"].items()}
            if group is not None and set(group.markets) == set(results):
                assert all(relation.allows(results) for relation in group.relations)
                assert sum(results.values()) == 1
                checked += 1
    assert checked >= 100


@pytest.mark.realdata
def test_the_real_ladders_of_releases_have_prices_but_no_sizes(books: Path) -> None:
    taken: dict[str, list[MarketSnapshot]] = defaultdict(list)
    for row in rows(books / "econ_prints.jsonl.gz"):
        for event in row["open_events"].get("events") or []:
            close = nanoseconds(event["close_time"])
            for one in event["strikes"]:
                market = Market(
                    ticker=one["ticker"],
                    event_ticker=event["event_ticker"],
                    title=one["title"],
                    strike_type=one["strike_type"],
                    floor_strike=strike(one["floor_strike"]),
                    close_ns=close,
                    expiration_ns=close,
                )
                taken[row["captured_at"]].append(
                    MarketSnapshot(
                        market=market,
                        bids=without_size(one["yes_bid"]),
                        asks=without_size(one["yes_ask"]),
                        is_fresh=True,
                    )
                )
    found = list(captures(taken, has_sizes=False))
    report = scan(found)
    show("releases", report)
    assert report.markets == 30_488
    assert Verdict.CANDIDATE not in report.counts
    assert all(len(g.relations) == 1 for one in found for g in one.groups)
    assert sum(report.counts.values()) > 2_000


@pytest.mark.realdata
def test_the_real_fed_decisions_have_prices_but_no_sizes(books: Path) -> None:
    taken: dict[str, list[MarketSnapshot]] = defaultdict(list)
    for row in rows(books / "fed_decision_quotes.jsonl.gz"):
        quote = row["kalshi"]
        event = quote["ticker"].rpartition("-")[0]
        market = Market(
            ticker=quote["ticker"],
            event_ticker=event,
            # So listed; that one of the five must happen is nowhere proven by strikes.
            mutually_exclusive=True,
            strike_type="custom",
        )
        taken[row["captured_at"]].append(
            MarketSnapshot(
                market=market,
                bids=without_size(quote["yes_bid"]),
                asks=without_size(quote["yes_ask"]),
                is_fresh=True,
            )
        )
    report = scan(captures(taken, has_sizes=False))
    show("Fed decisions", report)
    assert report.markets == 6_285
    assert Verdict.CANDIDATE not in report.counts
    assert sum(report.counts.values()) == 1_257
