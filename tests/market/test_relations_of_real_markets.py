"""Relations of the real exchange's own market bodies: subjects apart, results within."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from kalshi_desk.core.records import Market
from kalshi_desk.core.relations import Measured
from kalshi_desk.core.types import MarketStatus
from kalshi_desk.kalshi.convert import Terms
from kalshi_desk.kalshi.wire import EventBody, MarketBody
from kalshi_desk.market.relations import event_groups


@pytest.fixture(scope="module")
def events() -> dict[str, list[Market]]:
    """Return the records of all recorded markets, by event."""
    folder = os.environ.get("KALSHI_DESK_REAL_DATA")
    if not folder:
        pytest.skip("KALSHI_DESK_REAL_DATA does not name the folder of the real recordings")
    files = sorted((Path(folder) / "rest").glob("*.json"))
    files += sorted((Path(folder) / "wire_cases").glob("*.json"))
    found = [one for file in files for one in objects(json.loads(file.read_text("utf-8")))]
    terms = Terms()
    for one in found:
        if "mutually_exclusive" in one:
            body = msgspec.convert({**one, "markets": None}, EventBody, strict=False)
            terms.events[body.event_ticker] = body
    markets = {
        one["ticker"]: terms.market(msgspec.json.decode(json.dumps(one), type=MarketBody))
        for one in found
        if "strike_type" in one and "price_ranges" in one
    }
    by_event: dict[str, list[Market]] = defaultdict(list)
    for market in markets.values():
        by_event[market.event_ticker].append(market)
    assert len(markets) > 500
    return by_event


def objects(value: Any) -> Iterator[dict[str, Any]]:
    """Return every object anywhere inside."""
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from objects(one)


@pytest.mark.realdata
def test_real_events_of_many_players_are_split_and_results_are_possible(
    events: dict[str, list[Market]],
) -> None:
    split = checked = 0
    for event, markets in events.items():
        trading = [msgspec.structs.replace(m, status=MarketStatus.ACTIVE) for m in markets]
        titles = {market.ticker: market.subtitle for market in markets}
        results = {m.ticker: m.result == "yes" for m in markets if m.result in {"yes", "no"}}
        groups = event_groups(trading)
        assert len({group.name for group in groups}) == len(groups)
        for group in groups:
            for relation in group.relations:
                assert relation.allows(results), (event, relation)
                checked += bool(set(relation.markets) & set(results))
                if isinstance(relation, Measured):
                    # "Player: 2+" names the player; other subtitles name no subject at all.
                    names = [titles[name].partition(":") for name in relation.markets]
                    assert len({player for player, colon, _ in names if colon}) <= 1
        split += len(groups) > 1
    assert split >= 5
    assert checked >= 1
