"""Relations of everything the practice exchange lists, held against how it settles."""

from __future__ import annotations

from collections import Counter
from random import Random

import msgspec
import pytest

from kalshi_desk.core.records import Market
from kalshi_desk.core.relations import Exclusive, Exhaustive, Measured
from kalshi_desk.core.strategy import RelationGroup
from kalshi_desk.exchange import beliefs, wire
from kalshi_desk.exchange.beliefs import new_drivers
from kalshi_desk.exchange.book import Book
from kalshi_desk.exchange.catalog_wide import templates_for, terms_for
from kalshi_desk.exchange.listing import list_event, series_record
from kalshi_desk.exchange.records import Event
from kalshi_desk.exchange.records import Market as ExchangeMarket
from kalshi_desk.kalshi.convert import Terms
from kalshi_desk.kalshi.wire import EventBody, MarketBody, SeriesBody
from kalshi_desk.market.relations import RelationFinder
from kalshi_desk.quant.states import admissible_states

ORIGIN = 1_795_390_000_000_000_000
MARKETS = 2_000

Listed = list[tuple[Event, list[ExchangeMarket], str]]


@pytest.fixture(scope="module")
def listed() -> Listed:
    templates = templates_for(MARKETS)
    drivers = new_drivers(Random(7), ORIGIN, terms_for(templates))
    return [(*list_event(one, drivers[one.driver], ORIGIN), one.shape) for one in templates]


@pytest.fixture(scope="module")
def records(listed: Listed) -> list[Market]:
    """Return the desk's records of all that is listed, over the words of the wire."""
    terms = Terms()
    encode, decode = msgspec.json.encode, msgspec.json.decode
    for template in templates_for(MARKETS):
        body = decode(encode(wire.series_json(series_record(template))), type=SeriesBody)
        terms.series[template.series] = body
    series = {one.series: series_record(one) for one in templates_for(MARKETS)}
    found = []
    for event, markets, _ in listed:
        body = encode(wire.event_json(event, series[event.series_ticker]))
        terms.events[event.ticker] = decode(body, type=EventBody)
        for market in markets:
            market.status = "active"
            text = encode(wire.market_json(market, Book(), ORIGIN))
            found.append(terms.market(decode(text, type=MarketBody)))
    return found


@pytest.fixture(scope="module")
def groups(records: list[Market]) -> dict[str, RelationGroup]:
    return {group.name: group for group in RelationFinder().groups(records)}


def test_each_shape_gets_its_relations(listed: Listed, groups: dict[str, RelationGroup]) -> None:
    expected: dict[str, set[type]] = {
        "brackets": {Exclusive, Measured, Exhaustive},
        "range": {Exclusive, Measured, Exhaustive},
        "ladder": {Measured},
        "choice": {Exclusive},
    }
    seen: Counter[str] = Counter()
    for event, markets, shape in listed:
        group = groups.get(event.ticker)
        if len(markets) < 2:
            assert group is None
            continue
        assert group is not None
        assert {type(relation) for relation in group.relations} == expected[shape]
        assert set(group.markets) == set(event.markets)
        assert not group.can_void
        states = len(admissible_states(group.markets, group.relations).states)
        assert states == len(markets) + (shape in {"ladder", "choice"})
        seen[shape] += 1
    assert all(seen[shape] for shape in expected)


def test_no_way_in_which_the_exchange_settles_is_excluded(
    listed: Listed, groups: dict[str, RelationGroup]
) -> None:
    rng = Random(11)
    checked = 0
    for event, markets, shape in listed:
        group = groups.get(event.ticker)
        if group is None:
            continue
        if shape == "choice":
            truths = [float(index) for index in range(len(markets))]
        else:
            bounds = [b for m in markets for b in (m.low, m.high) if b is not None]
            width = max(bounds) - min(bounds) or 1.0
            truths = [b + shift for b in bounds for shift in (-width / 1e4, 0.0, width / 1e4)]
            truths += [rng.uniform(min(bounds) - width, max(bounds) + width) for _ in range(20)]
        for truth in truths:
            event.truth = truth
            outcomes = {m.ticker: beliefs.result_of(event, m) == "yes" for m in markets}
            for relation in group.relations:
                assert relation.allows(outcomes), (relation, outcomes)
            checked += 1
    assert checked > 5_000
