"""The desk's memory of news: what an item may change when it comes again, and what not."""

from __future__ import annotations

import random

import msgspec
import pytest

from kalshi_desk.core.events import BookSnapshot, BookStale, MarketsListed, NewsArrived
from kalshi_desk.core.news import NewsItem, NewsMatch, Polarity
from kalshi_desk.core.records import Market
from kalshi_desk.core.types import Count, Price
from kalshi_desk.market.live import LiveMarkets
from kalshi_desk.market.mirror import view_of
from kalshi_desk.market.news_log import KEPT_NS, MOST_ITEMS, MOST_MATCHES, NewsLog
from kalshi_desk.quant.evidence import Signal
from tests.market.news import SECOND, START, item, match

NOW = START + 300 * SECOND


def book(ticker: str, middle: int) -> BookSnapshot:
    return BookSnapshot(
        ticker, ((Price(middle - 100), Count(100)),), ((Price(middle + 100), Count(100)),)
    )


def markets() -> LiveMarkets:
    """Market A at 40 cents, at 50 from 30 seconds before the start, at 60 after it."""
    found = LiveMarkets()
    found.apply(MarketsListed((Market(ticker="A"), Market(ticker="B"))), START - 200 * SECOND)
    for at_s, middle in ((-190, 4_000), (-30, 5_000), (30, 6_000)):
        found.apply(book("A", middle), START + at_s * SECOND)
    return found


def told(log: LiveMarkets, *items: NewsItem, at_s: float = 300.0) -> tuple[NewsItem, ...]:
    log.apply(NewsArrived(items), START + round(at_s * SECOND))
    return log.news.changed


def test_the_price_before_is_that_of_a_minute_before_the_story() -> None:
    log = markets()
    first = told(log, item("1", match("A"), match("B"), match("NONE")))[0]
    assert [one.pre_price for one in first.matches] == [4_000, None, None]
    copy = item("2", match("A"), at_s=200.0, cluster="1", copy=2)
    assert told(log, copy)[0].matches[0].pre_price == 4_000
    other = item("3", match("A"), at_s=200.0)
    assert told(log, other)[0].matches[0].pre_price == 6_000


def test_a_lost_book_gives_no_price_before() -> None:
    log = markets()
    log.apply(BookStale(("A",)), START + 60 * SECOND)
    assert told(log, item("1", match("A"), at_s=200.0))[0].matches[0].pre_price is None


def test_what_is_known_of_a_story_is_never_filled_in_anew() -> None:
    log = markets()
    first = told(log, item("1", match("A")))[0].matches[0]
    assert (first.pre_price, first.first_score) == (4_000, pytest.approx(0.8 * 0.9 * 0.9))
    for at_s in range(300, 20_000, 10):
        log.apply(book("A", 3_000 + at_s % 70 * 10), START + at_s * SECOND)
    again = item("1", match("A", 0.95, polarity=Polarity.AGAINST), sentiment=-1.0)
    found = told(log, again, at_s=20_000.0)[0]
    assert (found.sentiment, found.matches[0].relevance) == (-1.0, 0.95)
    assert (found.matches[0].pre_price, found.matches[0].first_score) == (
        first.pre_price,
        first.first_score,
    )
    late = item("2", match("A"), at_s=20_000.0, cluster="1", copy=2)
    assert told(log, late, at_s=20_000.0)[0].matches[0].pre_price == 4_000


def test_the_same_again_changes_nothing() -> None:
    log = markets()
    known = told(log, item("1", match("A")))[0]
    assert told(log, item("1", match("A"))) == ()
    assert told(log, known) == ()
    assert view_of(log, NOW).news == (known,)


@pytest.mark.parametrize(
    ("made", "score"),
    [
        (item("1", match()), 0.648),
        (item("1", match(polarity=Polarity.AGAINST)), -0.648),
        (item("1", match(), copy=4), 0.324),
        (item("1", match(polarity=Polarity.UNKNOWN)), 0.0),
        (item("1", match(is_ambiguous=True)), 0.0),
        (item("1", match(relevance=0.79)), 0.0),
        (item("1", match(), is_retraction=True), 0.0),
        (item("1", match(), published_ns=0), 0.0),
        (item("1", match(), published_ns=START - 301 * SECOND), 0.0),
        (item("1", match(), published_ns=NOW + 2 * SECOND), 0.0),
        (item("1", match(by_person=True)), None),
    ],
)
def test_the_first_score_is_the_strength_that_the_posterior_takes(
    made: NewsItem, score: float | None
) -> None:
    found = told(markets(), made)[0].matches[0].first_score
    assert found == (None if score is None else pytest.approx(score))
    if score:
        side = made.matches[0].polarity
        signal = Signal(score=side * 0.8, confidence=0.9, relevance=0.9, copies=made.copy)
        assert signal.strength() == pytest.approx(score)


def test_a_later_copy_is_not_scored_again() -> None:
    log = markets()
    told(log, item("1", match("B")))
    found = told(log, item("2", match("A"), match("B"), cluster="1", copy=2))[0]
    assert [one.first_score is None for one in found.matches] == [False, True]


def test_what_a_person_said_stands() -> None:
    log = markets()
    told(log, item("1", match("A"), match("B")))
    said = NewsMatch(ticker="A", relevance=1.0, polarity=Polarity.AGAINST, by_person=True)
    gone = NewsMatch(ticker="B", relevance=0.0, by_person=True)
    told(log, item("1", said, gone, label=-1))
    found = told(log, item("1", match("A"), match("B"), match("C"), summary="more"))[0]
    assert [(one.ticker, one.relevance, one.polarity) for one in found.matches] == [
        ("A", 1.0, Polarity.AGAINST),
        ("B", 0.0, Polarity.UNKNOWN),
        ("C", 0.9, Polarity.FOR),
    ]
    assert found.label == -1
    assert found.matches[0].first_score == pytest.approx(0.648)
    assert told(log, item("1", match("A", by_person=True), summary="x"))[0].matches[0].polarity > 0


def test_nothing_is_seen_before_it_is_news_nor_after_two_days() -> None:
    log = markets()
    told(log, item("1", match("A"), at_s=10.0), item("2", at_s=100.0), at_s=200.0)
    assert [one.item_id for one in log.news.known(START + 50 * SECOND)] == ["1"]
    over = START + 10 * SECOND + KEPT_NS
    assert [one.item_id for one in log.news.known(over - 1)] == ["1", "2"]
    assert [one.item_id for one in log.news.known(over)] == ["2"]
    assert told(log, item("3", at_s=-1.0), at_s=172_800.0) == ()
    told(log, item("4", at_s=172_820.0), at_s=172_820.0)
    assert list(log.news.by_id) == ["2", "4"]


def test_a_clock_ahead_makes_no_news_of_the_future() -> None:
    log = markets()
    found = told(log, item("1", at_s=500.0), at_s=300.0)[0]
    assert found.first_seen_ns == NOW
    assert told(log, item("1", at_s=500.0), at_s=301.0) == ()


def test_a_reader_whose_clock_is_behind_saw_a_story_when_it_was_published() -> None:
    made = item("1", match("A"), published_ns=START + 3 * SECOND)
    found = told(markets(), made, at_s=4.0)[0]
    assert (found.first_seen_ns, found.is_timely) == (START + 3 * SECOND, True)
    ahead = told(markets(), item("1", match("A"), published_ns=START + 9 * SECOND), at_s=4.0)[0]
    assert (ahead.first_seen_ns, ahead.is_timely) == (START, False)


def test_it_is_bounded() -> None:
    log, none = NewsLog(), lambda ticker, at_ns: None
    items = [item(f"{number}", match(), at_s=number / 10) for number in range(MOST_ITEMS + 50)]
    random.Random(1).shuffle(items)
    for one in items:
        log.take((one,), NOW, none)
    assert len(log.by_id) == MOST_ITEMS
    kept = [int(one.item_id) for one in log.known(NOW)]
    assert kept == sorted(kept)
    assert kept[0] == 50
    crowd = item("x", *(match(f"M{number}") for number in range(100)), at_s=299.0)
    log.take((crowd,), NOW, none)
    assert len(log.by_id["x"].matches) == MOST_MATCHES


def test_numbers_from_outside_are_numbers_in_their_ranges() -> None:
    odd = item(
        "1",
        match("A", float("nan")),
        match("B", 7.0),
        match("", 0.5),
        sentiment=float("-inf"),
        confidence=9.0,
        copy=-3,
    )
    found = told(markets(), odd)[0]
    assert (found.sentiment, found.confidence, found.copy) == (0.0, 1.0, 1)
    assert [(one.ticker, one.relevance) for one in found.matches] == [("A", 0.0), ("B", 1.0)]


def test_all_who_are_told_alike_know_alike() -> None:
    """A worker that is told of the desk's items, and one told of what arrived, agree."""
    desk, other = markets(), markets()
    arrived = [
        item("1", match("A")),
        item("2", match("A"), at_s=5.0, cluster="1", copy=2),
        item("1", match("A", 1.0, by_person=True, polarity=Polarity.AGAINST)),
        item("1", match("A"), match("B"), summary="again"),
    ]
    for number, one in enumerate(arrived):
        now_ns = START + (10 + number) * SECOND
        desk.apply(NewsArrived((one,)), now_ns)
        other.apply(NewsArrived(desk.news.changed), now_ns)
    assert view_of(desk, NOW).news == view_of(other, NOW).news
    primed = LiveMarkets()
    primed.apply(NewsArrived(tuple(desk.news.by_id.values())), NOW)
    assert view_of(primed, NOW).news == view_of(desk, NOW).news
    assert msgspec.msgpack.decode(
        msgspec.msgpack.encode(desk.news.known(NOW)), type=tuple[NewsItem, ...]
    ) == desk.news.known(NOW)
