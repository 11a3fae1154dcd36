"""Which items tell one story: likeness, contradictions, windows, and what is taken back."""

from __future__ import annotations

import csv
import os
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_desk.core.news import NewsItem, Tier
from kalshi_desk.news.clusters import (
    ALIKE,
    HOUR_NS,
    JOIN_NS,
    KEPT_NS,
    MINUTE_NS,
    SAME_FEED_NS,
    Clusters,
)
from kalshi_desk.news.likeness import contradicts, jaccard, shingles, telling_of, without_press
from kalshi_desk.news.retractions import takes_back

NOW_NS = 1_785_154_501_000_000_000
SECOND_NS = 1_000_000_000
SAME = [
    ("Central bank holds rates steady", "Central bank holds rates steady - Harbor Wire"),
    ("Central bank holds rates steady", "BREAKING: Central bank holds rates steady"),
    ("Central bank holds rates steady", "UPDATE 2-Central bank holds rates steady"),
    ("Central bank holds rates steady", "CENTRAL BANK HOLDS RATES STEADY"),
    ("Central bank holds rates steady", "Central bank holds rates steady, officials say"),
    ("U.S. carrier makes rare call in Vietnam", "US carrier Lincoln makes rare call in Vietnam"),
    ("Kovalenko says army needs 30,000 men", "Kovalenka says army needs 30,000 men"),
    ("Beijing calls in envoy over reef clash", "China calls in envoy over reef clash at sea"),
    ("Ferry sinks off the coast, ten missing", "Ferry sinks off the coast, 10 missing"),
]
OTHER = [
    ("Jobs report: 71.3 above estimates", "Jobs report: 70.1 above estimates"),
    ("Payrolls rise more than expected", "Payrolls fall more than expected"),
    ("Forecasters raise the high temp in Boston", "Forecasters raise the high temp in Denver"),
    ("Analysts expect a higher policy rate", "Analysts expect a lower policy rate"),
    ("Officials speak in favour of: Hike 25bps", "Officials speak in favour of: Cut 25bps"),
    ("Officials speak for: Cut 25bps", "Officials speak for: Cut >25bps"),
    ("Senate will vote on the spending bill", "Senate will not vote on the spending bill"),
    ("Critics praise Glass Country for its cast", "Critics praise Nine Winters for its cast"),
    ("Strikes kill at least 17 in the east", "At least 12 killed in strikes in the east"),
    ("Campaign assessment, July 25, 2026", "Campaign assessment, July 27, 2026"),
]


def same_story(first: str, second: str) -> bool:
    clusters = Clusters(most=8)
    clusters.place("a", "one", first, "", NOW_NS)
    return clusters.place("b", "two", second, "", NOW_NS + MINUTE_NS).cluster == "a"


@pytest.mark.parametrize(("first", "second"), SAME)
def test_a_story_told_again_is_known(first: str, second: str) -> None:
    assert same_story(first, second)
    assert same_story(second, first)


@pytest.mark.parametrize(("first", "second"), OTHER)
def test_another_story_in_the_same_words_is_another(first: str, second: str) -> None:
    assert jaccard(telling_of(first).title, telling_of(second).title) > ALIKE - 0.05
    assert contradicts(telling_of(first), telling_of(second))
    assert not same_story(first, second)
    assert not same_story(second, first)


SOME = ["Fed", "rates", "Boston", "up", "25bps", "not", "rain"]
WORDS = st.lists(st.sampled_from(SOME), max_size=8)


@given(WORDS, WORDS)
def test_likeness_and_contradiction_take_no_sides(first: list[str], second: list[str]) -> None:
    one, other = telling_of(" ".join(first)), telling_of(" ".join(second))
    assert jaccard(one.title, other.title) == jaccard(other.title, one.title)
    assert jaccard(one.title, one.title) == (1.0 if one.words else 0.0)
    assert not contradicts(one, one)


def test_shingles_are_five_letters_in_a_row() -> None:
    assert len(shingles(("rates", "up"))) == len(" rates up ") - 4
    assert shingles(()) == frozenset()
    assert len(shingles(("a",))) == 1


@pytest.mark.parametrize(
    ("title", "bare", "press"),
    [
        ("Fed holds rates - CNBC", "Fed holds rates", "cnbc"),
        ("Fed holds rates | The Meridian Post", "Fed holds rates", "the meridian post"),
        ("Trade-off looms", "Trade-off looms", ""),
        ("Up - Down", "Up - Down", ""),
        (
            "He said it - and then all of them said it",
            "He said it - and then all of them said it",
            "",
        ),
    ],
)
def test_the_press_behind_a_title_is_no_part_of_it(title: str, bare: str, press: str) -> None:
    assert without_press(title) == (bare, press)


def test_copies_are_counted_and_belong_to_the_first() -> None:
    clusters = Clusters(most=8)
    told = [
        clusters.place(f"{n}", feed, "Central bank holds rates steady", "", NOW_NS + n * HOUR_NS)
        for n, feed in enumerate(["one", "two", "three"])
    ]
    assert {story.cluster for story in told} == {"0"}
    assert told[0].copies == 3


def test_a_feed_that_repeats_itself_later_tells_something_new() -> None:
    clusters = Clusters(most=8)
    title = "Bitcoin rallies as funds buy"
    clusters.place("a", "one", title, "", NOW_NS)
    soon = clusters.place("b", "one", title, "", NOW_NS + SAME_FEED_NS)
    later = clusters.place("c", "one", title, "", NOW_NS + 2 * SAME_FEED_NS + 1)
    assert (soon.cluster, later.cluster) == ("a", "c")
    # Another press in the same feed, as aggregators have it, tells the newer one again.
    again = clusters.place("d", "one", f"{title} - Wire", "", NOW_NS + 3 * SAME_FEED_NS)
    assert again.cluster == "c"


def test_a_day_later_it_is_a_new_story() -> None:
    clusters = Clusters(most=8)
    title = "Bitcoin rallies as funds buy"
    clusters.place("a", "one", title, "", NOW_NS)
    assert clusters.place("b", "two", title, "", NOW_NS + JOIN_NS).cluster == "a"
    assert clusters.place("c", "three", title, "", NOW_NS + JOIN_NS + 1).cluster == "c"


def test_short_titles_are_no_story_unless_they_are_equal() -> None:
    assert not same_story("Morning briefing", "Morning briefing now")
    assert same_story("Rates unchanged", "Rates unchanged")
    assert not same_story("日銀", "Fed")


def test_summaries_join_what_titles_leave_open() -> None:
    lead = (
        "The central bank of Norland left its main rate at four percent on Thursday and said "
        "that it sees no reason to move before the spring, its governor told reporters."
    )
    clusters = Clusters(most=8)
    clusters.place("a", "one", "Norland leaves main rate alone", lead, NOW_NS)
    same = clusters.place("b", "two", "Norland bank keeps its rate", lead, NOW_NS + 1)
    foreign = clusters.place("c", "three", "Subscribe to our newsletter today", lead, NOW_NS + 2)
    assert (same.cluster, foreign.cluster) == ("a", "c")


def test_what_is_old_or_too_much_is_forgotten() -> None:
    clusters = Clusters(most=8)
    for number in range(20):
        clusters.place(
            f"{number}", "one", f"Story {number} about thing {number}", "", NOW_NS + number
        )
    assert len(clusters) == 8
    clusters.forget(NOW_NS + KEPT_NS + 18)
    assert len(clusters) == 2
    clusters.forget(NOW_NS + 2 * KEPT_NS)
    assert len(clusters) == 0
    assert clusters.place("x", "two", "Story 19 about thing 19", "", NOW_NS).cluster == "x"


TITLES = [
    "Central bank holds rates steady",
    "Central bank holds rates steady - Wire",
    "Central bank raises rates",
    "Ferry sinks off the coast",
    "CORRECTED: Ferry sinks off the coast",
    "Briefing",
]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["one", "two"]), st.sampled_from(TITLES), st.integers(0, 10 * HOUR_NS)
    ),
    max_size=12,
)


@given(STEPS, STEPS)
def test_a_restored_memory_places_news_as_the_one_that_lived(
    before: list[tuple[str, str, int]], after: list[tuple[str, str, int]]
) -> None:
    lived, now_ns, items = Clusters(most=32), NOW_NS, []
    for number, (feed, title, wait_ns) in enumerate(before):
        now_ns += wait_ns
        story = lived.place(f"b{number}", feed, title, "", now_ns)
        items.append(
            NewsItem(
                item_id=f"b{number}",
                feed=feed,
                tier=Tier.PRESS,
                title=title,
                first_seen_ns=now_ns,
                cluster=story.cluster,
                copy=story.copies,
            )
        )
    restored = Clusters(most=32)
    for item in items:
        restored.restore(item)
    for number, (feed, title, wait_ns) in enumerate(after):
        now_ns += wait_ns
        one, other = (
            clusters.place(f"a{number}", feed, title, "", now_ns) for clusters in (lived, restored)
        )
        assert (one.cluster, one.copies) == (other.cluster, other.copies)


@pytest.mark.parametrize(
    ("title", "is_back"),
    [
        ("CORRECTED-Central bank holds rates", True),
        ("Correction: Central bank held rates", True),
        ("RETRACTED: Ferry sinks", True),
        ("Retraction | our report on the ferry", True),
        ("(CORRECTED) Ferry sinks", True),
        ("Ferry sinks [corrected]", True),
        ("Agency withdraws its report on the ferry", True),
        ("Story withdrawn: ferry did not sink", True),
        ("Clarification: ferry", True),
        ("Editor's note: ferry", True),
        ("Stocks enter correction as rates rise", False),
        ("Correction officers strike in the state", False),
        ("Markets due for a correction, analysts say", False),
        ("Candidate withdraws from the race", False),
        ("Army withdraws troops from the border", False),
        ("Lawmaker retracts pledge", False),
        ("Corrected visions of the past", False),
    ],
)
def test_words_that_take_a_story_back(title: str, is_back: bool) -> None:
    assert takes_back(title) is is_back


def test_a_retraction_finds_its_story_though_the_figures_differ() -> None:
    clusters = Clusters(most=8)
    clusters.place("a", "one", "Payrolls rise by 210,000 in July", "", NOW_NS)
    clusters.place("b", "one", "Ferry sinks off the coast, ten missing", "", NOW_NS + 1)
    back = clusters.place(
        "c", "one", "CORRECTED-Payrolls rise by 120,000 in July", "", NOW_NS + 30 * HOUR_NS
    )
    assert (back.cluster, back.copies) == ("a", 2)
    alone = clusters.place("d", "one", "Correction: our recipe for bread", "", NOW_NS + HOUR_NS)
    assert alone.cluster == "d"


def _real_titles() -> list[str]:
    folder = os.environ.get("KALSHI_DESK_REAL_DATA")
    if not folder:
        pytest.skip("KALSHI_DESK_REAL_DATA names no folder of recordings")
    path = Path(folder) / "news" / "world_headlines_2026-07_08.csv"
    with path.open(encoding="utf-8", newline="") as file:
        titles = dict.fromkeys(row["title"] for row in csv.DictReader(file))
    return [title for title in titles if len(title.split()) >= 5]


@pytest.mark.realdata
def test_real_headlines_lightly_rewritten_are_found_and_foreign_ones_are_not() -> None:
    titles = _real_titles()
    rng = Random(5)

    def without_a_word(title: str) -> str:
        words = title.split()
        del words[rng.randrange(1, len(words))]
        return " ".join(words)

    rewrites = [
        lambda title: f"{title} - Wire",
        lambda title: f"UPDATE 1-{title}",
        str.upper,
        without_a_word,
        lambda title: f"{title}, officials say",
    ]
    clusters, found, joined = Clusters(), 0, 0
    for number, title in enumerate(titles):
        now_ns = NOW_NS + number * 3 * MINUTE_NS
        first = clusters.place(f"{number}", f"feed {number}", title, "", now_ns)
        joined += first.cluster != f"{number}"
        again = rewrites[number % len(rewrites)](title)
        second = clusters.place(f"{number}b", "two", again, "", now_ns + SECOND_NS)
        found += second.cluster == first.cluster
    assert len(titles) > 800
    assert found / len(titles) > 0.99
    # Each from a feed of its own: what joins another of these days tells mostly the same event.
    assert joined <= len(titles) * 0.02
