"""What is new: ids that last, entries that change, backlogs, and what people said."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from kalshi_desk.core.news import NewsItem, NewsMatch, Polarity, Tier
from kalshi_desk.news.clusters import HOUR_NS, KEPT_NS
from kalshi_desk.news.entries import Entry
from kalshi_desk.news.memory import Memory, item_id_of
from kalshi_desk.news.sources import Source

NOW_NS = 1_785_154_501_000_000_000
ONE = Source(name="one", title="One", url="https://example.org/1", tier=Tier.OFFICIAL)
TWO = Source(name="two", title="Two", url="https://example.org/2")


def entry(key: str, title: str = "", at_ns: int = NOW_NS - HOUR_NS, summary: str = "") -> Entry:
    title = title or f"Story {key} about matter {key}"
    return Entry(key=key, title=title, published_ns=at_ns, summary=summary)


def test_ids_are_the_same_for_ever_and_differ_by_feed() -> None:
    assert item_id_of("one", "g1") == "5dade3338e7a505f"
    assert item_id_of("one", "g1") != item_id_of("two", "g1")
    assert item_id_of("one", "g1") != item_id_of("one", "g2")


def test_an_item_is_told_once_by_our_clock_oldest_first() -> None:
    memory = Memory()
    entries = [entry("b", at_ns=NOW_NS - 1), entry("a", at_ns=NOW_NS - 2)]
    told = memory.take(ONE, entries, NOW_NS)
    assert [item.item_id for item in told] == [item_id_of("one", key) for key in "ab"]
    assert {item.first_seen_ns for item in told} == {NOW_NS}
    assert {item.tier for item in told} == {Tier.OFFICIAL}
    assert memory.take(ONE, entries, NOW_NS + 1) == []


def test_what_stood_there_undated_at_the_first_look_is_no_news() -> None:
    memory = Memory()
    assert memory.take(ONE, [entry("a", at_ns=0)], NOW_NS) == []
    told = memory.take(ONE, [entry("b", at_ns=0), entry("a", at_ns=0)], NOW_NS + 1)
    assert [item.item_id for item in told] == [item_id_of("one", "b")]
    assert told[0].published_ns == 0


def test_old_news_are_no_news_and_do_not_come_back_when_forgotten() -> None:
    memory = Memory()
    old = entry("old", at_ns=NOW_NS - KEPT_NS - 1)
    assert [item.title for item in memory.take(ONE, [entry("a"), old], NOW_NS)] == [
        entry("a").title
    ]
    later_ns = NOW_NS + 3 * KEPT_NS
    # Both still stand in the feed: known though their items are gone.
    assert memory.take(ONE, [entry("a", at_ns=later_ns), old], later_ns) == []
    assert len(memory) == 0


def test_a_feed_that_is_empty_for_once_has_shown_what_it_showed() -> None:
    memory = Memory(most=1)
    undated = [entry("a", at_ns=0), entry("b", at_ns=0)]
    assert memory.take(ONE, undated, NOW_NS) == []
    assert memory.take(ONE, [], NOW_NS + 1) == []
    assert memory.take(ONE, undated, NOW_NS + 2) == []


def test_a_date_in_the_future_is_no_claim() -> None:
    memory = Memory()
    memory.take(ONE, [entry("z")], NOW_NS)
    (item,) = memory.take(ONE, [entry("a", at_ns=NOW_NS + 48 * HOUR_NS)], NOW_NS + 1)
    assert item.published_ns == 0


def test_an_item_that_changes_replaces_itself_and_stays_the_same_copy() -> None:
    memory = Memory()
    (first,) = memory.take(ONE, [entry("a", "Ferry sinks off the coast")], NOW_NS)
    (second,) = memory.take(TWO, [entry("x", "Ferry sinks off the coast - Wire")], NOW_NS + 1)
    assert (second.cluster, second.copy) == (first.item_id, 2)
    changed = entry("a", "CORRECTED: Ferry did not sink off the coast")
    (again,) = memory.take(ONE, [changed], NOW_NS + 2)
    assert (again.item_id, again.cluster, again.copy) == (first.item_id, first.item_id, 1)
    assert again.first_seen_ns == NOW_NS
    assert (first.is_retraction, again.is_retraction) == (False, True)


def test_what_people_said_stands_when_an_item_is_read_again() -> None:
    memory = Memory()
    (item,) = memory.take(ONE, [entry("a")], NOW_NS)
    said = NewsMatch(ticker="A", relevance=1.0, polarity=Polarity.AGAINST, by_person=True)
    other = NewsMatch(ticker="B", relevance=0.4)
    corrected = msgspec.structs.replace(item, label=1, matches=(said, other))
    memory.restore([corrected])
    (again,) = memory.take(ONE, [entry("a", "Story a, told otherwise")], NOW_NS + 1)
    found = NewsMatch(ticker="A", relevance=0.3, polarity=Polarity.FOR)
    new = NewsMatch(ticker="C", relevance=0.5)
    read = memory.read(msgspec.structs.replace(again, label=None, matches=(found, new)))
    assert read.label == 1
    assert read.matches == (said, new)


KEYS = st.lists(st.sampled_from("abcdef"), unique=True, max_size=6)
LOOKS = st.lists(st.tuples(st.sampled_from([ONE, TWO]), KEYS), max_size=12)


@given(LOOKS, st.integers(0, 12))
def test_no_item_is_told_twice_also_over_a_restart(
    looks: list[tuple[Source, list[str]]], restart_at: int
) -> None:
    memory, told, now_ns = Memory(most=64), dict[str, NewsItem](), NOW_NS
    for number, (source, keys) in enumerate(looks):
        if number == restart_at:
            memory = Memory(most=64)
            memory.restore(told.values())
        now_ns += HOUR_NS
        for item in memory.take(source, [entry(key) for key in keys], now_ns):
            assert item.item_id not in told
            told[item.item_id] = item
    shown = {item_id_of(source.name, key) for source, keys in looks for key in keys}
    assert set(told) == shown


@given(st.integers(1, 40), st.integers(1, 10))
def test_memory_is_bounded(count: int, most: int) -> None:
    memory = Memory(most=most)
    entries = [entry(f"{number}") for number in range(count)]
    memory.take(ONE, entries, NOW_NS)
    assert memory.take(ONE, entries, NOW_NS + 1) == []
    assert len(memory) <= most


def test_a_date_that_can_not_be_meant_makes_a_backlog_no_news() -> None:
    memory = Memory()
    future = entry("a", at_ns=NOW_NS + 400 * 24 * HOUR_NS)
    assert memory.take(ONE, [future], NOW_NS) == []
    told = memory.take(ONE, [entry("b", at_ns=NOW_NS + 400 * 24 * HOUR_NS), future], NOW_NS + 1)
    assert [(item.title, item.published_ns) for item in told] == [(entry("b").title, 0)]
