"""From items to stories: copies, retractions, contradictions, and what counts for nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_desk.core.news import NewsItem, Polarity, Tier
from kalshi_desk.core.types import Price
from kalshi_desk.strategies.news_reading import Reading, readings
from tests.market.news import SECOND, START, item, match

NOW = START + 600 * SECOND


def read(*news: NewsItem) -> Reading:
    return readings(news, NOW, min_relevance=0.8).get("A", Reading())


def test_a_story_counts_once_by_its_first_copy_that_names_the_market() -> None:
    found = read(
        item("1", match("B")),
        item("2", match("A", 0.95), at_s=60, cluster="1", copy=2, sentiment=0.5, confidence=1.0),
        item("3", match("A"), at_s=120, cluster="1", copy=3),
    )
    assert len(found.stories) == 1
    signal = found.stories[0].signal
    assert (signal.score, signal.confidence, signal.relevance, signal.copies) == (0.5, 1, 0.95, 2)
    assert (signal.age, found.stories[0].began_ns) == (10.0, START)


def test_stories_stand_in_the_order_in_which_they_began() -> None:
    later = item("1", match("A", pre_price=Price(4_700)), at_s=60, tier=Tier.OFFICIAL)
    found = read(later, item("2", match("A"), at_s=30))
    assert [story.cluster for story in found.stories] == ["2", "1"]
    assert [story.before for story in found.stories] == [None, 0.47]
    assert found.stories[1].tier is Tier.OFFICIAL
    assert [s.cluster for s in found.fresh(9.4)] == ["1"]


@pytest.mark.parametrize(
    ("others", "score"),
    [
        ((), 0.8),
        ((item("2", match("A"), at_s=5, cluster="1", sentiment=0.3),), 0.8),
        ((item("2", match("A"), at_s=5, cluster="1", sentiment=-0.05),), 0.8),
        ((item("2", match("A"), at_s=5, cluster="1", sentiment=-0.5),), 0.4),
        ((item("2", match("A", polarity=Polarity.AGAINST), at_s=5, cluster="1"),), 0.4),
        ((item("2", at_s=5, cluster="1", is_retraction=True),), -0.8),
        ((item("2", at_s=5, cluster="2", is_retraction=True),), 0.8),
    ],
)
def test_taken_back_it_turns_and_contradicted_it_halves(
    others: tuple[NewsItem, ...], score: float
) -> None:
    assert read(item("1", match("A")), *others).stories[0].signal.score == pytest.approx(score)


@pytest.mark.parametrize(
    ("made", "code"),
    [
        (item("1", match("A", 0.79)), "not_relevant"),
        (item("1", match("A", is_ambiguous=True)), "ambiguous"),
        (item("1", match("A", polarity=Polarity.UNKNOWN)), "unknown_polarity"),
        (item("1", match("A"), published_ns=0), "no_date"),
        (item("1", match("A"), published_ns=START + 2 * SECOND), "clock_skew"),
        (item("1", match("A"), published_ns=START - 301 * SECOND), "feed_lag"),
    ],
)
def test_what_is_not_sure_or_not_new_is_no_story(made: NewsItem, code: str) -> None:
    found = read(made)
    assert found.stories == []
    assert [one.code for one in found.refusals] == [code]


@pytest.mark.parametrize(
    "made",
    [
        item("1", match("A", 0.0, by_person=True)),
        item("1", match("A"), is_retraction=True),
        item("1", match("B")),
        item("1"),
    ],
)
def test_what_says_nothing_of_a_market_leaves_no_trace(made: NewsItem) -> None:
    assert read(made) == Reading()


@given(st.permutations(range(5)))
def test_the_order_of_items_does_not_matter(order: list[int]) -> None:
    news = [
        item("1", match("A")),
        item("2", match("A"), at_s=1, cluster="1", copy=2, sentiment=-0.7),
        item("3", match("A", polarity=Polarity.AGAINST), at_s=1),
        item("4", match("A", 0.5), at_s=2),
        item("5", at_s=3, cluster="3", is_retraction=True),
    ]
    assert read(*(news[n] for n in order)).stories == read(*news).stories
