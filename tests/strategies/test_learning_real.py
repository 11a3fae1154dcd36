"""Real quotes and their real results through the desk: books to hours to what they teach."""

from __future__ import annotations

import csv
import gzip
import io
import os
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import pytest

from kalshi_desk.core.events import BookSnapshot, MarketsListed, MarketStatusChanged
from kalshi_desk.core.records import Market
from kalshi_desk.core.types import Count, MarketStatus, Price
from kalshi_desk.engine.core import TradingCore
from kalshi_desk.engine.state import CoreSettings
from kalshi_desk.market.bars import HOUR_NS
from kalshi_desk.quant.gates import MovementRecord, reversion_shortfalls
from kalshi_desk.strategies.cells import event_mean
from kalshi_desk.strategies.learning import is_excess, pair_of

pytestmark = pytest.mark.realdata


def rows() -> list[dict[str, str]]:
    folder = os.environ.get("KALSHI_DESK_REAL_DATA")
    if not folder:
        pytest.skip("KALSHI_DESK_REAL_DATA does not name the folder of the real recordings")
    path = Path(folder) / "settled" / "quotes_then_result.csv.gz"
    if not path.is_file():
        pytest.fail("KALSHI_DESK_REAL_DATA names a folder without the real recordings")
    with gzip.open(path) as packed:
        return list(csv.DictReader(io.TextIOWrapper(packed, "utf-8")))


def price(text: str) -> int:
    return round(10_000 * float(text))


def time_ns(row: dict[str, str]) -> int:
    return round(datetime.fromisoformat(row["captured_at"]).timestamp() * 1e9)


def lived(found: list[dict[str, str]]) -> tuple[TradingCore, int]:
    """Let a desk see every quote at its time and, an hour after the last, every result."""
    core, listed = TradingCore(CoreSettings()), set()
    at_ns = 0
    for row in sorted(found, key=lambda row: row["captured_at"]):
        at_ns = time_ns(row)
        name = row["ticker"]
        if name not in listed:
            listed.add(name)
            market = Market(
                ticker=name,
                event_ticker=row["event_ticker"],
                category=row["category"],
                close_ns=at_ns + round(float(row["hours_to_close"] or 0.0) * HOUR_NS),
            )
            core.step(MarketsListed((market,)), at_ns)
        if not row["yes_bid"] or not row["yes_ask"]:
            continue
        bid, ask = price(row["yes_bid"]), price(row["yes_ask"])
        book = BookSnapshot(
            name,
            ((Price(bid), Count(100)),) if bid > 0 else (),
            ((Price(ask), Count(100)),) if ask < 10_000 else (),
        )
        core.step(book, at_ns)
    for name, result in {row["ticker"]: row["result"] for row in found}.items():
        word = "yes" if float(result) > 0.5 else "no"
        settled = MarketStatusChanged(ticker=name, status=MarketStatus.DETERMINED, result=word)
        core.step(settled, at_ns + HOUR_NS)
    return core, at_ns + HOUR_NS


def naive_excess(found: list[dict[str, str]], end_ns: int) -> float | None:
    """Return the excess of one market from its rows alone, None where no hour had a price."""
    by_hour: dict[int, float] = {}
    for row in sorted(found, key=lambda row: row["captured_at"]):
        bid, ask = price(row["yes_bid"] or "0"), price(row["yes_ask"] or "1")
        if 0 < bid < ask < 10_000 and ask - bid <= 1_000:
            by_hour[time_ns(row) // HOUR_NS] = (bid + ask) // 2 / 10_000
    if not by_hour:
        return None
    path, last = [], 0.0
    for hour in range(min(by_hour), end_ns // HOUR_NS):
        last = by_hour.get(hour, last)
        path.append(last)
    result = float(float(found[0]["result"]) > 0.5)
    steps = [after - before for before, after in pairwise([*path, result])]
    raw = sum((1.0 - 2.0 * before) * step for before, step in zip(path, steps, strict=True))
    if len(steps) < 2:
        return raw
    noise = -sum(one * two for one, two in pairwise(steps)) / (len(steps) - 1)
    return raw - 2.0 * len(steps) * noise


def test_real_quotes_teach_what_a_naive_reading_of_them_does() -> None:
    found = rows()
    core, end_ns = lived(found)
    by_market: dict[str, list[dict[str, str]]] = {}
    for row in found:
        by_market.setdefault(row["ticker"], []).append(row)
    expected = {name: naive_excess(one, end_ns) for name, one in by_market.items()}
    cells = core.state.observations["volatility"]
    taught = {
        one.source: one.value for name, kept in cells.items() if is_excess(name) for one in kept
    }
    assert len(taught) > 1_000
    assert taught == {
        name: pytest.approx(value, abs=1e-9)
        for name, value in expected.items()
        if value is not None
    }


def test_real_prices_are_paired_with_their_results_and_few_events_prove_nothing() -> None:
    found = rows()
    core, _ = lived(found)
    results = {row["ticker"]: int(float(row["result"]) > 0.5) for row in found}
    cells = core.state.observations["harvester"]
    pairs = [(one.source, pair_of(one.value)) for kept in cells.values() for one in kept]
    assert len(pairs) > 300
    for name, (quoted, outcome) in pairs:
        assert outcome == results[name]
        assert 0.0 < quoted < 1.0
    few = event_mean(core.state.observations["volatility"]["econ|excess"])
    assert reversion_shortfalls(MovementRecord(events=few.events, z=few.z))
