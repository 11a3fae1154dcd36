"""Labels: what a table, people and markets say of headlines, and what none of them says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_desk.core.errors import Refuse
from kalshi_desk.core.news import NewsItem, NewsMatch, Polarity, Tier
from kalshi_desk.core.strategy import Observation
from kalshi_desk.news.labels import CLEAR_MOVE, Labelled, Origin, from_journal, read_table

CELL = "Economics|press|30 min"


def item(name: str, **changes: object) -> NewsItem:
    whole = {
        "item_id": name,
        "feed": "wire",
        "tier": Tier.PRESS,
        "title": f"Story {name}",
        "first_seen_ns": 5,
        "cluster": name,
        "matches": (NewsMatch(ticker="KXA-1", relevance=0.9, polarity=Polarity.FOR),),
    }
    return NewsItem(**(whole | changes))  # type: ignore[arg-type]


def move(cluster: str, value: float, cell: str = CELL, ticker: str = "KXA-1") -> Observation:
    return Observation(
        strategy="news",
        cell=cell,
        event_ticker="KXA",
        value=value,
        at_ns=9,
        source=f"{cluster} {ticker}",
        score=0.4,
    )


def test_a_table_with_and_without_heading_is_the_same() -> None:
    bare = "Rates rise,1,2026-11-01\nRates fall,bad\n"
    rows, problems = read_table(bare)
    assert read_table("text,label,date\n" + bare) == (rows, problems)
    assert read_table("date,text,label\n2026-11-01,Rates rise,1\n,Rates fall,-1\n")[0] == rows
    assert problems == []
    assert [row.label for row in rows] == [1, -1]
    assert rows[0].at_ns == 1_793_491_200 * 1_000_000_000
    assert rows[1].at_ns == 0


@pytest.mark.parametrize(
    ("word", "label"),
    [("-1", -1), ("NEGATIVE", -1), ("bad", -1), ("0", 0), ("neutral", 0), ("+1", 1), ("Good", 1)],
)
def test_labels_are_numbers_or_words(word: str, label: int) -> None:
    assert read_table(f"Some headline,{word}")[0][0].label == label


def test_a_zone_in_a_date_counts() -> None:
    utc, east = read_table("a b,1,2026-11-01T12:00\nc d,1,2026-11-01T12:00-05:00")[0]
    assert east.at_ns - utc.at_ns == 5 * 3_600 * 1_000_000_000


def test_bad_lines_are_told_and_the_others_kept() -> None:
    rows, problems = read_table("Good one,1\nWhich?,maybe\nWhen?,1,yesterday\n,1\nOld,1,1950-01-01")
    assert [row.text for row in rows] == ["Good one"]
    assert [line.split(":")[0] for line in problems] == ["line 2", "line 3", "line 4", "line 5"]


@pytest.mark.parametrize("text", ["", "\n\n", "text,label\n", "a,b,c\n", "\x00\x00"])
def test_a_table_without_labels_is_refused(text: str) -> None:
    with pytest.raises(Refuse, match="no labelled headline"):
        read_table(text)


@given(text=st.text(max_size=400))
def test_any_text_is_a_table_or_refused(text: str) -> None:
    try:
        rows, _ = read_table(text)
    except Refuse:
        return
    assert all(row.label in (-1, 0, 1) and row.text for row in rows)


def test_a_person_goes_before_the_market() -> None:
    found = from_journal([item("a", label=-1), item("b")], [move("a", 0.5), move("b", 0.5)])
    assert found == [
        Labelled(text="Story a", label=-1, at_ns=5, cluster="a", origin=Origin.PERSON),
        Labelled(text="Story b", label=1, at_ns=5, cluster="b", origin=Origin.MARKET),
    ]


@pytest.mark.parametrize(
    ("polarity", "value", "label"),
    [
        (Polarity.FOR, 0.5, 1),
        (Polarity.FOR, -0.5, -1),
        (Polarity.AGAINST, 0.5, -1),
        (Polarity.AGAINST, -0.5, 1),
        (Polarity.FOR, CLEAR_MOVE / 2, 0),
    ],
)
def test_a_move_is_turned_into_the_direction_of_the_subject(
    polarity: Polarity, value: float, label: int
) -> None:
    match = NewsMatch(ticker="KXA-1", relevance=0.9, polarity=polarity)
    assert from_journal([item("a", matches=(match,))], [move("a", value)])[0].label == label


def test_what_answers_nothing_gives_no_label() -> None:
    unsure = NewsMatch(ticker="KXA-1", relevance=0.9)
    vague = NewsMatch(ticker="KXA-1", relevance=0.9, polarity=Polarity.FOR, is_ambiguous=True)
    both = tuple(
        NewsMatch(ticker=ticker, relevance=0.9, polarity=Polarity.FOR) for ticker in ("A", "B")
    )
    items = [
        item("none"),
        item("unsure", matches=(unsure,)),
        item("vague", matches=(vague,)),
        item("both", matches=both),
        item("back", is_retraction=True, label=1),
        item("prices"),
    ]
    moves = [
        move("unsure", 0.5),
        move("vague", 0.5),
        move("both", 0.5, ticker="A"),
        move("both", -0.5, ticker="B"),
        move("back", 0.5),
        move("prices", 0.5, cell=f"{CELL}|prices"),
        move("none", 0.5, cell="Economics|press|settlement"),
    ]
    assert from_journal(items, moves) == []


def test_half_an_hour_is_the_horizon_asked_first() -> None:
    moves = [
        move("a", -0.5, cell="Economics|press|120 min"),
        move("a", 0.5),
        move("a", -0.5, cell="Economics|press|5 min"),
    ]
    assert from_journal([item("a")], moves)[0].label == 1


def test_copies_of_a_story_are_one_headline() -> None:
    copies = [item("a"), item("a2", cluster="a", copy=2, first_seen_ns=9)]
    assert len(from_journal(copies, [move("a", 0.5)])) == 1
