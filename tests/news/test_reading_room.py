"""Taking up a trained classifier while news is read: the good one, the bad one, and old items."""

from __future__ import annotations

from math import log

import msgspec
import pytest

from kalshi_desk.core.events import NewsArrived
from kalshi_desk.core.news import NewsItem, Tier
from kalshi_desk.market.live import LiveMarkets
from kalshi_desk.news.messages import UNTRAINED, Markets, file_name
from kalshi_desk.news.model import encode_model
from kalshi_desk.news.reading_room import ReadingRoom
from kalshi_desk.news.texts import MarketText
from tests.market.news import START
from tests.news.test_model_file import model

GOOD = encode_model(model())
BETTER = encode_model(
    model(rows=((log(9.0), 0.0, 0.0), (0.0, 0.0, 0.0)), trained_until_ns=1_795_000_000_000_000_000)
)
"""Sees the one word that it knows the other way."""
GAS = MarketText(ticker="KXGAS-1", event_ticker="KXGAS", title="Will gas prices be above $3?")


def item(name: str = "a", title: str = "Gas prices rise as harbors prosper in June") -> NewsItem:
    return NewsItem(
        item_id=name,
        feed="wire",
        tier=Tier.PRESS,
        title=title,
        published_ns=START,
        first_seen_ns=START,
        cluster=name,
    )


def read(room: ReadingRoom, one: NewsItem) -> NewsItem:
    (found,), fault = room.read([one])
    assert fault == ""
    return found


def test_a_classifier_is_taken_before_and_after_the_first_item() -> None:
    for before in (True, False):
        room = ReadingRoom()
        if not before:
            assert read(room, item()).scored_by == "textblob"
        taken = room.adopt(GOOD)
        assert (taken.name, taken.fault) == (file_name(GOOD), "")
        assert taken.scorer == f"classifier of 1970-01-01 ({file_name(GOOD)})"
        found = read(room, item())
        assert (found.scored_by, found.sentiment) == ("classifier", pytest.approx(0.8))
        taken = room.adopt(BETTER)
        assert taken.scorer == f"classifier of 2026-11-18 ({file_name(BETTER)})"
        assert read(room, item()).sentiment == pytest.approx(-0.8)


@pytest.mark.parametrize("file", [b"{", b"\x80\x04garbage", GOOD[:-40], b"x" * 100_000, b"null"])
def test_a_file_that_is_no_good_is_refused_in_words_and_the_old_one_stays(file: bytes) -> None:
    room = ReadingRoom()
    refused = room.adopt(file)
    assert refused.scorer == UNTRAINED
    assert "The file of the news classifier can't be used" in refused.fault
    good = room.adopt(GOOD)
    refused = room.adopt(file)
    assert refused.name == file_name(file)
    assert refused.scorer == good.scorer
    assert refused.fault
    assert read(room, item()).scored_by == "classifier"


def test_one_without_weight_says_that_it_does_not_score_and_none_is_none() -> None:
    room = ReadingRoom()
    room.adopt(GOOD)
    idle = encode_model(model(weight=0.0))
    taken = room.adopt(idle)
    assert taken.scorer == (f"textblob (classifier of 1970-01-01, {file_name(idle)}, has weight 0)")
    assert read(room, item()).scored_by == "textblob"
    room.adopt(GOOD)
    taken = room.adopt(b"")
    assert (taken.name, taken.scorer, taken.fault) == ("", UNTRAINED, "")
    assert read(room, item()).scored_by == "textblob"


def test_the_markets_are_known_to_the_new_one_too() -> None:
    room = ReadingRoom()
    room.take(Markets(changed=(GAS,)))
    before = read(room, item())
    room.adopt(GOOD)
    after = read(room, item())
    assert [one.ticker for one in before.matches] == ["KXGAS-1"]
    assert [one.relevance for one in after.matches] == [one.relevance for one in before.matches]


def test_what_was_learned_from_stays_the_first_reading() -> None:
    """A better model says otherwise of the same story: not of what the desk measures it by."""
    room = ReadingRoom()
    room.take(Markets(changed=(GAS,)))
    room.adopt(GOOD)
    markets = LiveMarkets()
    markets.apply(NewsArrived((read(room, item()),)), START)
    (first,) = markets.news.by_id["a"].matches
    assert first.first_score is not None
    assert first.first_score > 0.0
    room.adopt(encode_model(model(intercepts=(0.5, 0.0))))
    again = read(room, msgspec.structs.replace(item(), summary="more of it"))
    markets.apply(NewsArrived((again,)), START + 1)
    kept = markets.news.by_id["a"]
    assert kept.sentiment == again.sentiment != pytest.approx(0.8)
    assert kept.matches[0].first_score == first.first_score
