"""The canary on every recorded body: the real exchange gives it nothing to fear."""

from __future__ import annotations

import gzip
import json
import os
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from kalshi_desk.core.drift import DriftKind
from kalshi_desk.kalshi import drift_table as table
from kalshi_desk.kalshi.drift_check import check
from kalshi_desk.kalshi.drift_frames import FRAMES
from kalshi_desk.kalshi.drift_samples import check_frame, route_of
from kalshi_desk.kalshi.drift_shape import Shape

pytestmark = pytest.mark.realdata
Part = tuple[Any, Shape]

SINCE_TAKEN_AWAY = {
    "event.available_on_brokers",
    "market.fractional_trading_enabled",
    "market.liquidity_dollars",
    "market.response_price_units",
}
"""Fields of June to August 2026 that the exchange no longer sends: new ones, to the desk."""

NOT_LOOKED_AT = {
    "orderbook__base",
    "orders__legacy_cancel",
    "orders__legacy_create",
    "series__fee_changes",
}
"""Answers of routes that the canary does not look at, or that no longer exist."""
PLAIN = {
    "markets__high_temp": "/markets",
    "markets__single": "/markets/M",
    "markets__single_filter_lastpage": "/markets",
}
"""Wire cases that may have no description of their own."""
FRAMES_A_FILE = 20_000


def each(bodies: Iterable[Any], shape: Shape) -> list[Part]:
    return [(body, shape) for body in bodies]


def answer(path: str, body: Any) -> list[Part]:
    shape = table.ROUTES[route_of("GET", path)]
    assert shape is not None
    return [(body, shape)]


REST: dict[str, Callable[[Any], list[Part]]] = {
    "candlesticks_mlb": lambda d: [],
    "candlesticks_pregame_mlb": lambda d: [(d["market"], table.MARKET)],
    "combo_orderbooks": lambda d: answer("/markets/orderbooks", {"orderbooks": d}),
    "combo_priced_markets": lambda d: each([*d["combos"], *d["legs"].values()], table.MARKET),
    "events_mlb_props_nested": lambda d: each(
        [event for events in d["events_by_series"].values() for event in events], table.EVENT
    ),
    "events_nfl_preseason": lambda d: each(d["events"], table.EVENT),
    "market_single": lambda d: [
        *answer("/markets/M", d["single"]),
        (d["nested"], table.MARKET),
        (d["orderbook"]["orderbook_fp"], table.BOOK),
    ],
    "markets_settled": lambda d: each(d["markets"], table.MARKET),
    "portfolio_fills_redacted": lambda d: answer("/portfolio/fills", d["payload"]),
    "portfolio_settlements_redacted": lambda d: answer("/portfolio/settlements", d["payload"]),
    "price_grids": lambda d: each(
        [{"price_ranges": grid["price_ranges"]} for grid in d["grids"]],
        Shape("grid", {"price_ranges": table.MARKET.fields["price_ranges"]}),
    ),
    "raw_markets_KXBTC-26JUL0921_20260710T002212Z": lambda d: each(d.values(), table.MARKET),
    "series_fee_fields": lambda d: [
        part for body in d["payloads"].values() for part in answer("/series/S", body)
    ],
}


@pytest.fixture(scope="module")
def data() -> Path:
    folder = os.environ.get("KALSHI_DESK_REAL_DATA")
    if not folder:
        pytest.skip("KALSHI_DESK_REAL_DATA does not name the folder of the real recordings")
    if not (Path(folder) / "wire_cases").is_dir():
        pytest.fail("KALSHI_DESK_REAL_DATA names a folder without the real recordings")
    return Path(folder)


def drifted(parts: Iterable[Part]) -> set[str]:
    """Return the new fields found; nothing else may have been."""
    found = [finding for body, shape in parts for finding in check(body, shape)]
    assert [finding.text for finding in found if finding.kind is not DriftKind.NEW] == []
    assert not any(finding.touches_money for finding in found)
    return {finding.field for finding in found}


def test_bodies_of_production(data: Path) -> None:
    files = {path.stem: path for path in (data / "rest").glob("*.json")}
    assert files.keys() == REST.keys()
    parts = [
        part for name, path in files.items() for part in REST[name](json.loads(path.read_bytes()))
    ]
    assert len(parts) > 100
    assert drifted(parts) <= SINCE_TAKEN_AWAY


def test_answers_as_they_were_on_the_wire(data: Path) -> None:
    parts: list[Part] = []
    left_out = set()
    for path in sorted((data / "wire_cases").glob("*.json")):
        name = path.stem
        described = path.with_name(f"{name}.meta.json")
        if name.endswith(".meta"):
            continue
        meta = (
            json.loads(described.read_text())
            if described.exists()
            else {"status": 200, "method": "GET", "path": PLAIN[name]}
        )
        route = route_of(
            meta["method"], meta["path"].removeprefix("/trade-api/v2").partition("?")[0]
        )
        if meta["status"] >= 300:
            continue
        shape = table.ROUTES.get(route)
        if shape is None:
            left_out.add(name)
        else:
            parts.append((json.loads(path.read_bytes()), shape))
    assert left_out == NOT_LOOKED_AT
    assert drifted(parts) <= SINCE_TAKEN_AWAY


def test_frames_of_production(data: Path) -> None:
    seen: Counter[str] = Counter()
    for path in sorted((data / "captures").glob("*.jsonl.gz")):
        with gzip.open(path) as lines:
            for number, line in enumerate(lines):
                if number == FRAMES_A_FILE:
                    break
                frame = json.loads(line)["frame"]
                seen[frame["type"]] += frame["type"] in FRAMES
                assert check_frame(json.dumps(frame).encode()) == []
    assert seen["orderbook_delta"] > 1_000
    assert min(seen["orderbook_snapshot"], seen["ticker"]) > 10
