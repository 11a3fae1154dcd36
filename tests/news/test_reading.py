"""Reading items against markets: matches, ambiguity, dates, and text that wants to do harm."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_desk.core.news import NewsItem, NewsMatch, Polarity
from kalshi_desk.news.matcher import MOST_MATCHES
from kalshi_desk.news.reading import CLASSIFIER, TEXTBLOB, Reader
from kalshi_desk.news.training import train
from tests.news.headlines import planted
from tests.news.universes import market, practice, reader, story, way

DAY_NS = 86_400 * 1_000_000_000
FED = market("KXFED-26DEC-T4", "Will the federal funds rate be above 4.00%?", "Above 4.00%")
GAS = market("KXGAS-26DEC-T3", "Will average gas prices be above $3.00?", "Above $3.00")
MAINE = market("KXSENME-26-R", "Who will win the Senate race in Maine?", "Susan Collins")
TEXAS = market("KXSENTX-26-R", "Who will win the Senate race in Texas?", "Ken Paxton")


def practice_reader() -> Reader:
    return reader(*practice()[0])


READER = practice_reader()


def best(item: NewsItem) -> str:
    return item.matches[0].ticker if item.matches else ""


@pytest.mark.parametrize(
    ("headline", "series"),
    [
        ("FOMC raises interest rates again", "KXFED"),
        ("BLS: consumer prices rose 0.4% in November", "KXCPIYOY"),
        ("Nonfarm payrolls beat forecasts by a wide margin", "KXPAYROLLS"),
        ("Pain at the pump: gasoline jumps ten cents", "KXAAAGASW"),
        ("BTC tumbles below support", "KXBTC"),
        ("Congress nears a funding lapse as shutdown looms", "KXGOVSHUT"),
        ("Forecasters see heavy rain in New York City", "KXRAINNYC"),
        ("Midway could see a record high temp this weekend", "KXHIGHCHI"),
        ("Economic downturn ahead, economists warn of a recession", "KXRECSSNBER"),
    ],
)
def test_other_words_for_the_same_thing_find_it(headline: str, series: str) -> None:
    assert best(READER.read(story(headline))).startswith(series)


@pytest.mark.parametrize(
    "headline",
    [
        "Local bakery wins a prize for its bread",
        "Speedboat capsizes off the coast of Vietnam",
        "How to sleep better this winter",
        "",
        "🦀🦀🦀",
    ],
)
def test_news_about_nothing_listed_matches_nothing(headline: str) -> None:
    assert READER.read(story(headline)).matches == ()


def test_a_place_tells_markets_apart() -> None:
    eye = reader(MAINE, TEXAS)
    assert best(eye.read(story("Poll shows a tight Senate race in Maine"))) == MAINE.ticker
    assert best(eye.read(story("Texas Senate race tightens in new poll"))) == TEXAS.ticker


def test_news_from_abroad_says_nothing_sure_of_the_same_thing_at_home() -> None:
    eye = reader(FED, GAS)
    abroad = eye.read(story("Australia faces higher interest rates as its bank hikes rates"))
    assert all(one.is_ambiguous and not one.polarity for one in abroad.matches)
    home = eye.read(story("Higher interest rates in the United States as the Fed hikes rates"))
    assert way(home, FED.ticker) > 0
    city = eye.read(story("Gas prices rise in Chicago and across Texas"))
    assert way(city, GAS.ticker) > 0


def test_two_plausible_events_are_ambiguous_and_get_no_polarity() -> None:
    item = reader(MAINE, TEXAS, FED).read(story("Senate race in Maine and Texas tightens"))
    found = {one.ticker: one for one in item.matches}
    assert {MAINE.ticker, TEXAS.ticker} <= found.keys()
    assert all(one.is_ambiguous and one.polarity is Polarity.UNKNOWN for one in found.values())


def test_events_about_the_same_thing_are_both_meant() -> None:
    cut = market("KXFEDD-26DEC-C", "What will the Federal Reserve decide? Cut", "Cut 25bps")
    hike = market("KXFEDD-26DEC-H", "What will the Federal Reserve decide? Hike", "Hike 25bps")
    item = reader(FED, cut, hike).read(story("Federal Reserve raises the federal funds rate"))
    assert {one.ticker for one in item.matches if not one.is_ambiguous} >= {FED.ticker}
    assert way(item, FED.ticker) > 0 >= way(item, cut.ticker)


def test_of_a_series_the_next_event_is_meant_unless_a_month_is_named() -> None:
    title = "Will CPI rise more than 0.2% in {month} 2026?"
    november = market("KXCPI-26NOV-T2", title.format(month="November"), close_ns=DAY_NS)
    december = market("KXCPI-26DEC-T2", title.format(month="December"), close_ns=40 * DAY_NS)
    eye = reader(december, november)
    soon = {one.ticker: one.relevance for one in eye.read(story("CPI rises sharply")).matches}
    assert soon[november.ticker] > soon.get(december.ticker, 0.0)
    named = eye.read(story("CPI expected to rise in December, economists say"))
    assert best(named) == december.ticker


def test_of_a_choice_only_the_outcome_named_is_told() -> None:
    films = [
        market(f"KXOSC-27-{name[:3].upper()}", f"Will {name} win Best Picture?", name)
        for name in ("Glass Country", "Nine Winters", "Paper Lanterns")
    ]
    item = reader(*films).read(story("Critics praise Nine Winters as Best Picture favourite"))
    assert [one.ticker for one in item.matches] == ["KXOSC-27-NIN"]
    assert way(item, "KXOSC-27-NIN") > 0
    vague = reader(*films).read(story("Academy opens voting for Best Picture"))
    assert all(one.is_ambiguous and not one.polarity for one in vague.matches)


def test_a_surname_names_a_candidate_where_nobody_shares_it() -> None:
    race = [
        market("KXGOV-26-A", "Who will be the next governor of Ohio?", "Vivek Ramaswamy"),
        market("KXGOV-26-B", "Who will be the next governor of Ohio?", "Amy Acton"),
    ]
    item = reader(*race).read(story("Ramaswamy leads in Ohio governor race"))
    assert [one.ticker for one in item.matches] == ["KXGOV-26-A"]


def test_a_ticker_spelled_out_is_meant() -> None:
    item = reader(FED, GAS).read(story("Volume in KXGAS doubles"))
    assert best(item) == GAS.ticker
    assert item.matches[0].relevance == 0.99


def test_figures_pick_the_nearest_strikes_of_a_long_ladder() -> None:
    ladder = [
        market(f"KXBTCD-28-T{at}", "Bitcoin price at 5 PM?", f"Above ${at}")
        for at in range(100, 160)
    ]
    item = reader(*ladder).read(story("Bitcoin rises to $140"))
    strikes = sorted(int(one.ticker.rpartition("T")[2]) for one in item.matches)
    assert 140 in strikes
    assert strikes[0] >= 134
    assert strikes[-1] <= 146


def test_a_silent_title_lets_the_summary_speak() -> None:
    item = reader(GAS).read(story("The morning brief", "Gas prices fall across the country"))
    assert best(item) == GAS.ticker
    assert way(item, GAS.ticker) < 0


def test_matches_of_people_stay_and_come_first() -> None:
    mine = NewsMatch(ticker=GAS.ticker, relevance=1.0, polarity=Polarity.AGAINST, by_person=True)
    other = NewsMatch(ticker="KXOLD-1", relevance=0.9)
    item = reader(GAS).read(story("Gas prices rise", matches=(mine, other)))
    assert item.matches == (mine,)


def test_reading_keeps_everything_else_of_an_item() -> None:
    item = story("Gas prices rise", label=1, link="https://example.com", published_ns=3)
    read = reader(GAS).read(item)
    same = ("sentiment", "confidence", "scored_by", "matches")
    assert all(
        getattr(read, name) == getattr(item, name)
        for name in item.__struct_fields__
        if name not in same
    )
    assert read.scored_by == TEXTBLOB


def test_no_universe_matches_nothing_and_still_scores() -> None:
    item = Reader().read(story("Gas prices plunge"))
    assert item.matches == ()
    assert item.sentiment < 0


def test_the_same_universe_again_changes_nothing_and_an_empty_one_forgets() -> None:
    eye = reader(GAS)
    first = eye.read(story("Gas prices rise"))
    eye.set_universe([GAS])
    assert eye.read(story("Gas prices rise")) == first
    eye.set_universe([])
    assert eye.universe_size == 0
    assert eye.read(story("Gas prices rise")).matches == ()


def test_markets_without_words_do_no_harm() -> None:
    eye = reader(market("KXA-1-A", ""), market("KXB-1-A", "?"), market("KXC-1-A", "the of and"))
    assert eye.read(story("Gas prices rise")).matches == ()


def test_a_trained_model_scores_and_what_it_contradicts_has_no_polarity() -> None:
    model = train(planted(days=40, each=15))
    eye = Reader(model)
    assert eye.scored_by == CLASSIFIER
    eye.set_universe([GAS])
    read = eye.read(story("Gas prices rise"))
    assert read.scored_by == CLASSIFIER
    assert 0.0 <= read.confidence <= 1.0
    against = eye.read(story("Gas council withers while gas prices rise"))
    assert against.sentiment < 0
    assert way(against, GAS.ticker) == 0.0
    unproven = Reader(msgspec.structs.replace(model, weight=0.0))
    assert unproven.scored_by == TEXTBLOB


HOSTILE = [
    "A" * 100_000,
    "gas prices rise " * 7_000,
    "[bold red]Gas prices rise[/bold red] [@click=app.quit]x[/]",
    "\x1b[31mGas prices\x1b[0m rise\x00\x07",
    "‮أسعار الغاز ترتفع gas prices rise‬",
    "💥" * 5_000 + " gas prices rise",
    "'; DROP TABLE news; -- gas prices",
    "(((((" * 10_000,
    "1" * 50_000,
    "-1,000" * 10_000,
    "̈" * 50_000,
    "ﷺ" * 20_000,
    "KX" * 30_000,
    "n't " * 20_000,
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_is_read_in_bounds(text: str) -> None:
    for item in (story(text), story("Gas", text), story(text, text)):
        check(READER.read(item))


@given(title=st.text(max_size=500), summary=st.text(max_size=500))
def test_any_text_is_read_in_bounds_and_the_same_twice(title: str, summary: str) -> None:
    item = READER.read(story(title, summary))
    check(item)
    assert READER.read(story(title, summary)) == item
    assert READER.read(item) == item


WORDS = """gas prices rise fall Fed cut hike rates NYC Chicago rain temp above below 3.1% 25bps not
recession fears of shutdown avoid Green Bay injury bitcoin surges and as , : may jobs layoffs"""


@given(chosen=st.lists(st.sampled_from(WORDS.split()), max_size=14))
def test_any_mix_of_market_words_is_read_in_bounds(chosen: list[str]) -> None:
    check(READER.read(story(" ".join(chosen))))


@given(
    texts=st.lists(
        st.tuples(st.text(max_size=60), st.text(max_size=30), st.text(max_size=60)), max_size=8
    ),
    title=st.text(max_size=80),
)
def test_any_markets_can_be_compared_with(texts: list[tuple[str, str, str]], title: str) -> None:
    markets = [
        market(f"KXA-{at // 3}-{at}", name, subtitle, rules=rules)
        for at, (name, subtitle, rules) in enumerate(texts)
    ]
    check(reader(*markets).read(story(title)))


def check(item: NewsItem) -> None:
    assert -1.0 <= item.sentiment <= 1.0
    assert 0.0 <= item.confidence <= 1.0
    assert len(item.matches) <= MOST_MATCHES
    tickers = [one.ticker for one in item.matches]
    assert len(set(tickers)) == len(tickers)
    for one in item.matches:
        assert 0.0 < one.relevance <= 1.0
        assert one.polarity in (-1, 0, 1)
        assert not (one.is_ambiguous and one.polarity)
        assert len(one.why) < 500
