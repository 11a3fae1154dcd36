"""The news strategy without a live reader, and with sources that are not well: it does nothing."""

from __future__ import annotations

import pytest

from kalshi_desk.core.news import FeedReport, FeedState, NewsItem, ReaderReport, ReaderState
from kalshi_desk.core.strategy import Decision, Why
from kalshi_desk.strategies.news import News
from tests.market.news import feed_report
from tests.strategies.test_news import LOOK, MINUTE, PROVEN, UNMOVED, story
from tests.strategies.views import snapshot, view

READING = ReaderReport(state=ReaderState.READING, since_ns=LOOK - 90 * MINUTE)
WELL = feed_report("wire", ok_ns=LOOK)


def decide(
    *news: NewsItem, feeds: tuple[FeedReport, ...] = (WELL,), reader: ReaderReport | None = READING
) -> Decision:
    other = snapshot("B", 5_000, 5_100)
    return News().decide(
        view(UNMOVED, other, news=news, observations=PROVEN, feeds=feeds, reader=reader)
    )


def about_a(decision: Decision) -> Why:
    assert decision.signals == ()
    return next(one for one in decision.reasons if one.candidate == "A")


def test_with_a_reader_and_a_source_that_is_well_it_acts() -> None:
    assert [one.candidate for one in decide(story()).signals] == ["A"]


@pytest.mark.parametrize(
    ("state", "text"),
    [
        (ReaderState.DOWN, "its process ended"),
        (ReaderState.STARTING, "the reader of news is starting"),
        (ReaderState.OFF, "no feed is switched on"),
    ],
)
def test_without_a_live_reader_it_does_nothing_at_all(state: ReaderState, text: str) -> None:
    down = ReaderReport(state=state, since_ns=LOOK - 3 * MINUTE, text=text)
    found = decide(story(), reader=down)
    assert (found.signals, found.endings, found.scanned) == ((), (), 2)
    assert {why.candidate: why.code for why in found.reasons} == {
        "A": "no_reader",
        "B": "no_reader",
    }
    why = about_a(found)
    assert why.text == "No news is being read."
    # The view is of 00:01:00 UTC.
    assert why.seen == f"{state.value} since 23:58:00 UTC: {text}"
    assert why.needed == "a reader that runs"


def test_what_was_bought_is_not_sold_on_what_nobody_follows() -> None:
    """What became of the stories is unknown: neither an order nor an ending rests on them."""
    risen = snapshot("A", 6_200, 6_300)
    down = ReaderReport(state=ReaderState.DOWN, since_ns=LOOK - MINUTE)

    def endings(reader: ReaderReport) -> int:
        seen = view(risen, news=(story(),), observations=PROVEN, feeds=(WELL,), reader=reader)
        return len(News().decide(seen).endings)

    assert (endings(READING), endings(down)) == (1, 0)


@pytest.mark.parametrize(
    ("feeds", "seen", "needed"),
    [
        (
            (
                feed_report(
                    "wire", FeedState.FAILING, failures=3, ok_ns=LOOK - 12 * MINUTE, text="403"
                ),
            ),
            "wire fails 3 times in a row, last answer 12 min ago",
            "wire answers",
        ),
        ((feed_report("wire", FeedState.FAILING),), "wire fails for good", "wire answers"),
        ((feed_report("wire", FeedState.OFF),), "wire is off", "wire answers"),
        ((feed_report("wire", FeedState.WAITING),), "wire is waiting", "wire answers"),
        ((feed_report("other"),), "its source is not read any more", "a source that answers"),
        ((), "its source is not read any more", "a source that answers"),
    ],
)
def test_a_source_that_is_not_well_moves_nothing(
    feeds: tuple[FeedReport, ...], seen: str, needed: str
) -> None:
    found = about_a(decide(story(), feeds=feeds))
    assert (found.code, found.seen, found.needed) == ("source_unhealthy", seen, needed)
    assert found.text == "The source of a story is not well."


def test_another_source_that_is_well_carries_the_same_story() -> None:
    ill = feed_report("wire", FeedState.FAILING, failures=1)
    copy = story("2", cluster="1", copy=2, feed="gazette", sentiment=1.0, confidence=1.0)
    found = decide(story(), copy, feeds=(ill, feed_report("gazette")))
    assert [one.candidate for one in found.signals] == ["A"]
    assert decide(story(), copy, feeds=(ill,)).signals == ()


def test_a_story_taken_back_by_a_source_that_is_not_well_is_taken_back_all_the_same() -> None:
    back = story("2", cluster="1", feed="gazette", age=1.0, is_retraction=True, ticker="B")
    ill = feed_report("gazette", FeedState.FAILING, failures=1)
    (kept,), (turned,) = (
        decide(story(), *more, feeds=(WELL, ill)).signals for more in ((), (back,))
    )
    assert kept.legs[0].side is not turned.legs[0].side


def test_what_is_wrong_with_the_item_itself_is_said_first() -> None:
    ill = feed_report("wire", FeedState.FAILING, failures=1)
    assert about_a(decide(story(is_ambiguous=True), feeds=(ill,))).code == "ambiguous"


def test_where_nobody_says_how_sources_are_none_is_left_out() -> None:
    """Recordings from before there was such a word, and simulations, which have no feeds."""
    assert [one.candidate for one in decide(story(), feeds=(), reader=None).signals] == ["A"]
