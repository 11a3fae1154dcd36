"""What stories did to prices is measured once, in time, and from the first reading alone."""

from __future__ import annotations

from math import log
from pathlib import Path

import pytest

from kalshi_desk.core.events import BookSnapshot, BookStale
from kalshi_desk.core.news import NewsItem, Polarity, Tier
from kalshi_desk.core.types import Count, MarketStatus, Price
from kalshi_desk.desk.service import CorrectMatch
from kalshi_desk.engine.core import TradingCore
from kalshi_desk.engine.restore import restore
from kalshi_desk.engine.restore_machine import restore_machine
from kalshi_desk.engine.state import CoreSettings
from kalshi_desk.store.journal import Journal
from tests.engine.news_world import DAY_S, NewsWorld
from tests.market.news import SECOND, START, item, match

SCORE = 0.8 * 0.9 * 0.9
MINUTE = 60.0


def logit(price: float) -> float:
    return log(price / (1.0 - price))


def change(before: float, after: float) -> float:
    return pytest.approx(logit(after) - logit(before))  # type: ignore[return-value]


def test_each_horizon_is_measured_once_when_it_comes() -> None:
    world = NewsWorld()
    world.news(item("1", match("A")))
    world.book("A", 5_000, 100.0)
    world.wait(5 * MINUTE - 1)
    assert world.measured == []
    world.wait(5 * MINUTE)
    world.book("A", 6_000, 20 * MINUTE)
    world.wait(5.1 * MINUTE)
    world.wait(31 * MINUTE)
    world.book("A", 7_000, 60 * MINUTE)
    world.wait(120 * MINUTE)
    world.wait(130 * MINUTE)
    assert world.effects_of("5 min") == [(pytest.approx(SCORE), change(0.4, 0.5))]
    assert world.effects_of("30 min") == [(pytest.approx(SCORE), change(0.4, 0.6))]
    assert world.effects_of("120 min") == [(pytest.approx(SCORE), change(0.4, 0.7))]
    world.settle("A", "yes", 2 * DAY_S)
    world.settle("A", "yes", 2 * DAY_S + 1)
    # A result stands at the end to which logits are clipped.
    assert world.effects_of("settlement") == [(pytest.approx(SCORE), change(0.4, 0.98))]
    assert len(world.measured) == 8
    first = world.measured[0]
    assert (first.strategy, first.cell) == ("news", "Politics|press|5 min")
    assert (first.event_ticker, first.source) == ("E", "1 A")
    assert first.at_ns == START + 300 * SECOND
    prices = [(o.cell, o.score, o.value) for o in world.measured if o.cell.endswith("prices")]
    assert prices == [
        ("Politics|press|5 min|prices", 0.4, 0.5),
        ("Politics|press|30 min|prices", 0.4, 0.6),
        ("Politics|press|120 min|prices", 0.4, 0.7),
        ("Politics|press|settlement|prices", 0.4, 1.0),
    ]
    held = world.core.state.observations["news"]
    assert sum(len(found) for found in held.values()) == 8


def test_a_story_is_measured_for_each_market_and_not_for_its_copies() -> None:
    world = NewsWorld()
    world.news(
        item("1", match("A"), match("B", polarity=Polarity.AGAINST), tier=Tier.OFFICIAL),
        item("2", match("A"), cluster="1", copy=2, at_s=0.5),
        item("3", match("A"), cluster="3", at_s=0.7),
    )
    world.wait(6 * MINUTE)
    found = [(o.source, round(o.score, 3)) for o in world.measured if "prices" not in o.cell]
    assert found == [("1 A", 0.648), ("1 B", -0.648), ("3 A", 0.648)]
    cells = {o.cell for o in world.measured if o.source.startswith("1 ")}
    assert cells == {"Politics|official|5 min", "Politics|official|5 min|prices"}


@pytest.mark.parametrize(
    "made",
    [
        item("1", match("A", 0.79)),
        item("1", match("A", is_ambiguous=True)),
        item("1", match("A", polarity=Polarity.UNKNOWN)),
        item("1", match("A"), sentiment=0.0),
        item("1", match("A"), published_ns=0),
        item("1", match("A"), published_ns=START - 301 * SECOND),
        item("1", match("A"), is_retraction=True),
        item("1", match("A", by_person=True)),
        item("1", match("NOWHERE")),
        item("1"),
    ],
)
def test_what_would_not_be_acted_on_teaches_nothing(made: NewsItem) -> None:
    world = NewsWorld()
    world.news(made)
    world.wait(3 * DAY_S)
    world.settle("A", "yes", 3 * DAY_S)
    assert world.measured == []


def test_without_a_price_before_nothing_is_learned() -> None:
    world = NewsWorld(since_s=-30.0)
    world.news(item("1", match("A")))
    world.wait(3 * DAY_S)
    assert world.measured == []


def test_a_correction_changes_what_is_shown_and_not_what_is_learned() -> None:
    """Who corrects a match after an hour has seen what the price did."""
    world = NewsWorld()
    world.news(item("1", match("A")))
    world.book("A", 3_000, 100.0)
    world.wait(6 * MINUTE)
    for ticker, polarity in (("A", Polarity.AGAINST), ("B", Polarity.AGAINST)):
        world.command(CorrectMatch(item_id="1", ticker=ticker, polarity=polarity))
    matches = {one.ticker: one for one in world.core.state.markets.news.by_id["1"].matches}
    assert matches["A"].polarity is Polarity.AGAINST
    assert matches["B"].by_person
    world.wait(31 * MINUTE)
    world.command(CorrectMatch(item_id="1", ticker="A", polarity=None))
    world.wait(121 * MINUTE)
    assert {(o.source, round(o.score, 3)) for o in world.measured if "prices" not in o.cell} == {
        ("1 A", 0.648)
    }
    assert len(world.measured) == 6


def test_a_better_model_changes_nothing_that_is_learned() -> None:
    world = NewsWorld()
    world.news(item("1", match("A")))
    world.news(item("1", match("A", polarity=Polarity.AGAINST), sentiment=1.0), at_s=30.0)
    world.wait(6 * MINUTE)
    assert world.effects_of("5 min") == [(pytest.approx(SCORE), 0.0)]


def test_a_result_that_overtakes_a_horizon_counts_at_the_result() -> None:
    world = NewsWorld()
    world.news(item("1", match("A")))
    world.wait(6 * MINUTE)
    world.settle("A", "no", 10 * MINUTE)
    world.wait(3 * 60 * MINUTE)
    for horizon in ("30 min", "120 min", "settlement"):
        assert world.effects_of(horizon) == [(pytest.approx(SCORE), change(0.4, 0.02))]
    assert len(world.measured) == 8
    world.news(item("2", match("A"), at_s=11 * MINUTE), at_s=11 * MINUTE)
    world.wait(3 * DAY_S)
    assert len(world.measured) == 8


def test_a_result_that_came_without_a_word_is_found() -> None:
    world = NewsWorld()
    world.news(item("1", match("A")))
    live = world.core.state.markets.by_ticker["A"]
    live.market = type(live.market)(
        ticker="A", event_ticker="E", status=MarketStatus.FINALIZED, result="yes"
    )
    world.wait(2 * MINUTE)
    assert len(world.measured) == 8


def test_a_market_that_cannot_be_valued_is_asked_again() -> None:
    world = NewsWorld()
    world.news(item("1", match("A"), match("B")))
    world.take(BookStale(("A",)), 4 * MINUTE)
    world.book("B", 5_000, 4 * MINUTE, half=1_000)
    world.wait(5 * MINUTE)
    world.wait(6 * MINUTE)
    assert world.measured == []
    world.book("A", 5_000, 7 * MINUTE)
    world.wait(7 * MINUTE)
    # An empty side counts as its end of the scale.
    world.take(BookSnapshot("B", ((Price(9_800), Count(100)),), ()), 8 * MINUTE)
    world.wait(8 * MINUTE)
    assert [o.value for o in world.measured if "prices" in o.cell] == [0.5, 0.99]


def test_the_same_story_teaches_the_same_whatever_the_beats() -> None:
    def run(beats: tuple[float, ...]) -> list[tuple[str, float]]:
        world = NewsWorld()
        world.news(item("1", match("A")), item("2", match("B"), sentiment=-0.5))
        for beat in beats:
            world.wait(beat)
        return [(o.cell, o.value) for o in world.measured]

    often = run(tuple(float(second) for second in range(2, 130 * 60, 7)))
    seldom = run((5 * MINUTE, 30 * MINUTE, 120 * MINUTE))
    assert sorted(often) == sorted(seldom)


def saved(journal: Journal, world: NewsWorld) -> None:
    journal.write([*world.kept, *world.measured])


def started(journal: Journal, at_s: float) -> NewsWorld:
    """Start a core on a journal, with markets whose books it has known for no time at all."""
    core = TradingCore(CoreSettings())
    now_ns = START + round(at_s * SECOND)
    restore(core.state, journal, now_ns)
    restore_machine(core, journal, now_ns)
    return NewsWorld(core, since_s=at_s)


@pytest.fixture
def journal(tmp_path: Path):  # type: ignore[no-untyped-def]
    found = Journal(tmp_path / "journal.db", durable=False)
    yield found
    found.close()


def test_a_restart_forgets_no_story_and_measures_none_twice(journal: Journal) -> None:
    world = NewsWorld()
    world.news(item("1", match("A")), item("2", match("B"), at_s=0.5))
    world.wait(6 * MINUTE)
    world.settle("B", "yes", 7 * MINUTE)
    saved(journal, world)
    again = started(journal, 10 * MINUTE)
    assert [one.item_id for one in again.core.state.markets.news.known(START + 600 * SECOND)] == [
        "1",
        "2",
    ]
    again.news(item("1", match("A")), at_s=10 * MINUTE)
    assert again.kept == []
    again.book("A", 6_000, 11 * MINUTE)
    again.wait(31 * MINUTE)
    again.wait(120 * MINUTE)
    again.settle("A", "yes", DAY_S)
    again.settle("B", "yes", DAY_S)
    found = [o.cell.rpartition("|")[2] for o in again.measured if "prices" not in o.cell]
    assert found == ["30 min", "120 min", "settlement"]
    assert again.effects_of("30 min") == [(pytest.approx(SCORE), change(0.4, 0.6))]
    saved(journal, again)
    assert len(journal.observations()) == 16
    third = started(journal, 2 * DAY_S)
    third.settle("A", "yes", 2 * DAY_S)
    assert third.measured == []
    held = third.core.state.observations["news"]
    assert sum(len(one) for one in held.values()) == 16


def test_a_horizon_that_passed_without_the_engine_is_lost_and_a_result_is_not(
    journal: Journal,
) -> None:
    world = NewsWorld()
    world.news(item("1", match("A")))
    saved(journal, world)
    again = started(journal, 20 * DAY_S)
    again.wait(20 * DAY_S + 60)
    assert again.measured == []
    assert again.core.state.markets.news.by_id == {}
    again.settle("A", "no", 20 * DAY_S + 120)
    assert again.effects_of("settlement") == [(pytest.approx(SCORE), change(0.4, 0.02))]


def test_what_a_person_took_away_is_learned_after_a_restart_too(journal: Journal) -> None:
    world = NewsWorld()
    world.news(item("1", match("A")))
    world.command(CorrectMatch(item_id="1", ticker="A", polarity=None))
    saved(journal, world)
    again = started(journal, 60.0)
    again.wait(5 * MINUTE)
    assert again.effects_of("5 min") == [(pytest.approx(SCORE), pytest.approx(0.0))]
