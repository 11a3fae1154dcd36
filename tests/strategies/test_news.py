"""The news strategy: shown until proven, one reason for each market left alone, and in time."""

from __future__ import annotations

import random
import time
from typing import Any

import msgspec
import pytest

from kalshi_desk.core.fees import FeeRule
from kalshi_desk.core.news import NewsItem, NewsMatch, Polarity, Tier
from kalshi_desk.core.strategy import (
    Decision,
    MarketSnapshot,
    MarketView,
    Mode,
    Observation,
    Signal,
)
from kalshi_desk.core.types import BookSide, Count, MarketStatus, Outcome, Price, TimeInForce
from kalshi_desk.strategies.news import News
from kalshi_desk.strategies.news_proof import Horizon, prove
from kalshi_desk.strategies.registry import load
from tests.strategies.stories import cells, past
from tests.strategies.views import NOW, snapshot, view

MINUTE = 60_000_000_000
LOOK = NOW + MINUTE
PROVEN = past(0.5)
KAPPA = prove(cells(PROVEN))["Politics|press|30 min"].kappa
UNMOVED = snapshot("A", 5_000, 5_100)


def story(name: str = "1", *, age: float = 2.0, ticker: str = "A", **fields: Any) -> NewsItem:
    """Return an item first seen so many minutes before the look, the price before it 50 cents."""
    seen_ns = LOOK - round(age * MINUTE)
    about = {
        key: fields.pop(key)
        for key in ("polarity", "relevance", "is_ambiguous", "pre_price")
        if key in fields
    }
    match = NewsMatch(
        **{
            "ticker": ticker,
            "relevance": 1.0,
            "polarity": Polarity.FOR,
            "pre_price": Price(5_000),
            **about,
        }
    )
    given = {
        "feed": "wire",
        "tier": Tier.PRESS,
        "title": f"Story {name}",
        "published_ns": seen_ns,
        "first_seen_ns": seen_ns,
        "cluster": name,
        "sentiment": 0.8,
        "confidence": 0.9,
        **fields,
    }
    return NewsItem(item_id=name, matches=(match,), **given)


def seen(
    *snapshots: MarketSnapshot, news: tuple[NewsItem, ...], observations: Any = PROVEN
) -> MarketView:
    return view(*snapshots, news=news, observations=observations)


def decide(
    one: MarketSnapshot, *news: NewsItem, observations: Any = PROVEN, **values: Any
) -> Decision:
    return News(values).decide(seen(one, news=news, observations=observations))


def only(decision: Decision) -> Signal:
    assert (len(decision.signals), decision.reasons) == (1, ())
    return decision.signals[0]


def code(one: MarketSnapshot, *news: NewsItem, **values: Any) -> str:
    decision = decide(one, *news, **values)
    assert (len(decision.signals), len(decision.reasons), decision.scanned) == (0, 1, 1)
    found = decision.reasons[0]
    assert found.candidate == one.market.ticker
    assert found.text
    assert found.seen
    assert found.needed
    return found.code


def test_it_is_known_by_both_names_and_begins_in_shadow() -> None:
    assert load("news") is load("sentiment_strategy") is News
    assert News.default_mode is Mode.SHADOW
    News().prepare()


def test_fresh_news_on_an_unmoved_market_is_taken() -> None:
    signal = only(decide(UNMOVED, story()))
    leg = signal.legs[0]
    assert (leg.ticker, leg.side, leg.price, leg.count) == ("A", BookSide.BID, 5_100, 0)
    assert (signal.time_in_force, signal.post_only, signal.ttl_s) == (TimeInForce.IOC, False, 0)
    assert (signal.cell, signal.unproven, signal.kelly_share) == ("Politics|press|30 min", (), 0.25)
    assert signal.holds_until_ns == 0
    assert signal.hours_left == pytest.approx(240.0, rel=1e-3)
    assert KAPPA is not None
    strength = 0.8 * 0.9 * 2 ** (-2 / 30)
    odds = 2.718281828 ** (KAPPA.ridged * strength)
    assert signal.probability == pytest.approx(odds / (1 + odds), abs=1e-6)
    assert signal.probability_sd > 0.0
    assert "Take YES at 51c" in signal.text
    assert "Story 1" in signal.text


def test_bad_news_buys_no() -> None:
    signal = only(decide(UNMOVED, story(sentiment=-0.9)))
    assert (signal.legs[0].side, signal.legs[0].price) == (BookSide.ASK, 5_000)
    assert signal.probability is not None
    assert signal.probability > 0.5
    assert "Take NO at 50c" in signal.text
    against = only(decide(UNMOVED, story(polarity=Polarity.AGAINST, sentiment=0.9)))
    assert against.legs == signal.legs


def test_what_has_moved_half_way_gets_a_bid_that_ends_by_itself() -> None:
    signal = only(decide(snapshot("A", 5_300, 5_600), story()))
    assert (signal.legs[0].side, signal.legs[0].price) == (BookSide.BID, 5_400)
    assert (signal.time_in_force, signal.post_only, signal.ttl_s) == (TimeInForce.GTC, True, 600)
    short = only(decide(snapshot("A", 5_300, 5_600), story(age=0.1), half_life=5.0))
    assert short.ttl_s == 300
    no = only(decide(snapshot("A", 4_400, 4_700), story(sentiment=-0.8)))
    assert (no.legs[0].side, no.legs[0].price) == (BookSide.ASK, 4_600)
    assert "Bid NO at 54c" in no.text


def test_an_unproven_cell_is_shown_with_all_it_lacks() -> None:
    few = past(1.5, events=20, each=5)
    signal = only(decide(UNMOVED, story(), observations=few))
    assert {why.code for why in signal.unproven} == {"cell_not_significant"}
    assert ("100", "200") in {(why.seen, why.needed) for why in signal.unproven}
    assert ("20", "30") in {(why.seen, why.needed) for why in signal.unproven}
    assert code(UNMOVED, story(), observations=()) == "cell_not_significant"
    assert code(snapshot("A", 4_700, 5_400), story(), observations=few) == "cell_not_significant"


def test_proof_of_one_cell_is_none_of_another() -> None:
    assert code(UNMOVED, story(tier=Tier.SOCIAL)) == "cell_not_significant"
    assert code(snapshot("A", 5_000, 5_100, category="Sports"), story()) == "cell_not_significant"
    assert code(UNMOVED, story(), horizon="120 min") == "cell_not_significant"
    long = past(0.5, horizon=Horizon.MINUTES_120)
    signal = only(decide(UNMOVED, story(), observations=long, horizon="120 min"))
    assert (signal.cell, signal.unproven) == ("Politics|press|120 min", ())


def test_the_proven_tier_decides() -> None:
    loud = story("2", tier=Tier.SOCIAL, sentiment=1.0, confidence=1.0)
    signal = only(decide(UNMOVED, story(), loud))
    assert (signal.cell, signal.legs[0].side) == ("Politics|press|30 min", BookSide.BID)
    quiet = story("2", tier=Tier.SOCIAL, sentiment=-0.3, confidence=1.0)
    assert only(decide(UNMOVED, story(), quiet)).legs == signal.legs


def test_a_story_of_another_tier_can_contradict() -> None:
    denied = story("2", tier=Tier.OFFICIAL, sentiment=-0.9)
    assert code(UNMOVED, story(), denied) == "contradictory"
    old = story("2", tier=Tier.OFFICIAL, sentiment=-0.9, age=31.0)
    assert only(decide(UNMOVED, story(), old)).legs[0].side is BookSide.BID


@pytest.mark.parametrize(
    ("one", "news", "expected"),
    [
        (UNMOVED, (), "no_fresh_relevant_item"),
        (UNMOVED, (story(age=45.0),), "no_fresh_relevant_item"),
        (UNMOVED, (story(relevance=0.79),), "not_relevant"),
        (UNMOVED, (story(relevance=0.79, age=45.0),), "no_fresh_relevant_item"),
        (UNMOVED, (story(is_ambiguous=True),), "ambiguous"),
        (UNMOVED, (story(polarity=Polarity.UNKNOWN),), "unknown_polarity"),
        (UNMOVED, (story(published_ns=0),), "no_date"),
        (UNMOVED, (story(published_ns=LOOK),), "clock_skew"),
        (UNMOVED, (story(published_ns=LOOK - 8 * MINUTE),), "feed_lag"),
        (UNMOVED, (story(pre_price=None),), "no_price_before"),
        (UNMOVED, (story(), story("2", sentiment=-0.7)), "contradictory"),
        (snapshot("A", 2_500, 2_600), (story(sentiment=0.5, confidence=1.0),), "weak_sentiment"),
        (snapshot("A", 5_600, 5_700), (story(),), "edge_below_cost"),
        (snapshot("A", 4_700, 5_400), (story(),), "spread"),
        (snapshot("A", 200, 400), (story(),), "price_band"),
        (snapshot("A", 5_000, 5_100, hours_left=0.2), (story(),), "near_close"),
        (snapshot("A", 5_000, 5_100, fresh=False), (story(),), "stale_book"),
        (snapshot("A", 5_000, 5_100, age_s=541.0), (story(),), "old_quote"),
        (snapshot("A", None, 5_100), (story(),), "one_sided"),
        (snapshot("A", 5_100, 5_100), (story(),), "crossed"),
        (snapshot("A", 5_000, 5_100, status=MarketStatus.INACTIVE), (story(),), "not_active"),
    ],
)
def test_each_reason_to_do_nothing(
    one: MarketSnapshot, news: tuple[NewsItem, ...], expected: str
) -> None:
    assert code(one, *news) == expected


def changed(**fields: Any) -> MarketSnapshot:
    market = msgspec.structs.replace(UNMOVED.market, **fields)
    return msgspec.structs.replace(UNMOVED, market=market)


def test_rules_that_may_pay_neither_and_unknown_fees_forbid() -> None:
    assert (
        code(changed(rules="If the game is postponed, see the last price."), story()) == "can_void"
    )
    assert code(changed(fee=FeeRule(fee_type="new", multiplier=1)), story()) == "no_fee_rule"


def test_a_deadline_of_the_same_category_is_a_scheduled_release() -> None:
    proven = past(0.5, category="Economics")
    rates = snapshot("A", 5_000, 5_100, category="Economics")

    def answer(minutes: float, category: str = "Economics", **values: Any) -> Decision:
        cpi = snapshot("CPI", 5_000, 5_100, category=category, hours_left=(minutes + 1) / 60)
        return News(values).decide(seen(rates, cpi, news=(story(),), observations=proven))

    reasons = {why.candidate: why.code for why in answer(5.0).reasons}
    assert reasons == {"A": "scheduled_release", "CPI": "no_fresh_relevant_item"}
    assert [s.candidate for s in answer(11.0).signals] == ["A"]
    assert [s.candidate for s in answer(-5.0).signals] == ["A"]
    assert [s.candidate for s in answer(5.0, "Sports").signals] == ["A"]
    assert [s.candidate for s in answer(5.0, release_quiet=4.0).signals] == ["A"]
    assert [s.candidate for s in answer(5.0, release_categories="Weather").signals] == ["A"]


def test_no_bid_rests_into_a_scheduled_release() -> None:
    proven = past(0.5, category="Economics")
    rates = snapshot("A", 5_300, 5_600, category="Economics")

    def ttl_s(minutes: float) -> int:
        cpi = snapshot("CPI", 5_000, 5_100, category="Economics", hours_left=(minutes + 1) / 60)
        values = {"ttl_minutes": 60.0}
        decision = News(values).decide(seen(rates, cpi, news=(story(),), observations=proven))
        (signal,) = decision.signals
        assert signal.post_only
        return signal.ttl_s

    assert ttl_s(12.0) == 720
    assert ttl_s(50.0) == 1_800


def ended(one: MarketSnapshot, *news: NewsItem, observations: Any = PROVEN) -> list[Outcome]:
    """Return the outcomes of market A that are given up."""
    found = decide(one, *news, observations=observations).endings
    assert {ending.ticker for ending in found} <= {"A"}
    return [ending.outcome for ending in found]


def test_what_is_worth_less_than_its_bid_is_given_up() -> None:
    risen = snapshot("A", 6_200, 6_300)
    assert ended(risen, story()) == [Outcome.YES]
    fallen = snapshot("A", 3_000, 3_100)
    assert ended(fallen, story(sentiment=-0.8)) == [Outcome.NO]
    assert "NO is bid at 69c" in decide(fallen, story(sentiment=-0.8)).endings[0].text
    # Who holds NO against good news would do better to sell it.
    assert ended(UNMOVED, story()) == [Outcome.NO]
    # Half an hour later less of the story is left than the price has taken in.
    taken_in = snapshot("A", 5_700, 5_800)
    assert ended(taken_in, story(age=1.0)) == []
    assert ended(taken_in, story(age=60.0)) == [Outcome.YES]
    # In the end nothing is believed any more, and what is held is held to settlement.
    assert ended(taken_in, story(age=121.0)) == []
    assert ended(msgspec.structs.replace(risen, is_fresh=False), story()) == []
    assert ended(risen, story(), observations=()) == []


def test_a_story_taken_back_gives_up_what_was_bought_for_it() -> None:
    moved = snapshot("A", 5_300, 5_400)
    assert Outcome.YES not in ended(moved, story())
    back = story("2", age=1.0, cluster="1", is_retraction=True, ticker="B")
    assert ended(moved, story(), back) == [Outcome.YES]
    assert only(decide(moved, story(), back)).legs[0].side is BookSide.ASK


def test_only_the_strongest_are_named_and_the_others_say_so() -> None:
    markets = [snapshot(f"M{n}", 5_000 - 100 * n, 5_100 - 100 * n) for n in range(4)]
    news = tuple(story(f"{n}", ticker=f"M{n}") for n in range(4))
    decision = News({"max_signals": 2}).decide(seen(*markets, news=news))
    assert [signal.candidate for signal in decision.signals] == ["M3", "M2"]
    assert {why.candidate: why.code for why in decision.reasons} == {
        "M1": "enough_signals",
        "M0": "enough_signals",
    }


def test_it_says_how_far_the_proof_is() -> None:
    assert News().proof(seen(UNMOVED, news=(), observations=())) == (
        "No story's effect on a price has been measured yet."
    )
    few = News().proof(seen(UNMOVED, news=(), observations=past(0.5, events=20, each=5)))
    assert few.startswith(
        "Politics|press|30 min: not proven; 100 of 200 stories in 20 of 30 events"
    )
    assert ": proven; 480 of 200" in News().proof(seen(UNMOVED, news=()))


def test_the_future_changes_nothing() -> None:
    """What a look says depends on nothing that was not there to be seen."""
    later = story("9", age=-5.0, sentiment=-1.0)
    known = tuple(item for item in (story(), later) if item.first_seen_ns <= LOOK)
    assert decide(UNMOVED, *known) == decide(UNMOVED, story())


def crowd(markets: int, items: int, measured: int) -> MarketView:
    """Return a full desk: each item names several markets, most of them fresh."""
    rng = random.Random(3)
    snapshots = [
        snapshot(f"M{n}", 4_000 + n % 2_000, 4_100 + n % 2_000, event=f"E{n // 4}")
        for n in range(markets)
    ]
    news = []
    for number in range(items):
        one = story(f"{number}", age=rng.uniform(0.0, 60.0), cluster=f"{number // 2}")
        matches = tuple(
            msgspec.structs.replace(one.matches[0], ticker=f"M{rng.randrange(markets)}")
            for _ in range(4)
        )
        news.append(msgspec.structs.replace(one, matches=matches))
    observations: list[Observation] = []
    for horizon in Horizon:
        for category in ("Politics", "Sports", "Economics"):
            events = measured // 8 // 3 // len(Horizon) // 2
            observations += past(0.5, events=events, category=category, horizon=horizon)
    return view(*snapshots, news=news, observations=observations)


def test_a_full_desk_is_read_well_within_a_second() -> None:
    full = crowd(3_000, 2_000, 20_000)
    strategy = News()
    strategy.prepare()
    began = time.process_time()
    decision = strategy.decide(full)
    proof = strategy.proof(full)
    took = time.process_time() - began
    print(f"3,000 markets, 2,000 items: {took * 1_000:.0f} ms, {len(decision.signals)} signals")
    assert len(decision.reasons) + len(decision.signals) == 3_000
    assert ": proven" in proof
    assert took < 0.5


def test_a_book_without_counts_is_none() -> None:
    empty = msgspec.structs.replace(UNMOVED, bids=((Price(5_000), Count(0)),), asks=())
    assert code(empty, story()) == "one_sided"
