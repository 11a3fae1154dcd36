"""Stories made of items, filters over them, the words of their numbers, and why there are none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_desk.core.news import FeedState
from kalshi_desk.core.types import Price
from kalshi_desk.desk.service_frames import FeedRow, NewsRow
from kalshi_desk.tui import news_words as w
from kalshi_desk.tui.screens.news_stories import Shown, Stories, Story, StoryFilter, why_no_news
from tests.tui.headlines import feed, feeds, item, items, match
from tests.tui.scripted import HELD, NOW_NS, SECOND

ITEMS = cast("dict[str, NewsRow]", items())
FEEDS = cast("dict[str, FeedRow]", feeds())


def stories_of(rows: Mapping[str, NewsRow]) -> dict[str, Story]:
    made = Stories()
    made.sync(rows)
    return made.by_id


def test_copies_of_a_story_are_one_line() -> None:
    found = stories_of(ITEMS)
    assert len(found) == len(ITEMS) - 1
    story = found["n-3"]
    assert (story.copies, story.others) == (2, ("gazette",))


def test_a_copy_whose_first_is_gone_stands_for_it() -> None:
    rows = {key: row for key, row in ITEMS.items() if key != "n-3"}
    assert stories_of(rows)["n-3b"].copies == 2


@given(
    st.lists(
        st.dictionaries(
            st.sampled_from("abcdef"),
            st.tuples(st.sampled_from("xyz"), st.integers(1, 3), st.sampled_from("pq")),
        ),
        max_size=6,
    )
)
def test_what_is_put_together_step_by_step_is_what_it_is_at_once(
    steps: list[dict[str, tuple[str, int, str]]],
) -> None:
    made = Stories()
    for step in steps:
        rows = {
            key: cast("NewsRow", item(key, 10, cluster=cluster, copy=copy, feed=feed))
            for key, (cluster, copy, feed) in step.items()
        }
        before, version = dict(made.by_id), made.version
        made.sync(rows)
        assert made.by_id == stories_of(rows)
        assert (made.version > version) >= (made.by_id != before)
        made.sync({key: msgspec.structs.replace(row) for key, row in rows.items()})
        assert made.by_id == stories_of(rows)


def test_what_did_not_change_stays_the_same_story() -> None:
    made = Stories()
    made.sync(ITEMS)
    before, version = dict(made.by_id), made.version
    made.sync({key: msgspec.structs.replace(row) for key, row in ITEMS.items()})
    assert made.version == version
    changed = msgspec.structs.replace(ITEMS["n-4"], title="Otherwise")
    made.sync({**ITEMS, "n-4": changed})
    assert made.version == version + 1
    assert made.by_id["n-4"].row is changed
    assert all(made.by_id[key] is story for key, story in before.items() if key != "n-4")


def test_the_filters() -> None:
    found = stories_of(ITEMS)

    def keys(**fields: object) -> set[str]:
        return set(StoryFilter(**fields).wanted(found, {HELD}))  # type: ignore[arg-type]

    assert keys(shown=Shown.MATCHED) == {"n-1", "n-2", "n-3"}
    assert keys(shown=Shown.MINE) == {"n-1"}
    assert keys(text="RATE fed") == {"n-1"}
    assert keys(text="51°") == {"n-2"}, "by the name of a market"
    assert keys(feed="gazette") == {"n-3"}, "a copy counts too"
    assert keys(text="nothing") == set()
    assert StoryFilter(text="a", feed="wire", shown=Shown.MINE).said == (
        "“a” from wire with one of mine"
    )


def test_numbers_have_sign_and_arrow() -> None:
    assert w.signed(0.617) == "▲ +0.62"
    assert w.signed(-0.31) == "▼ −0.31"
    assert w.signed(0.004) == "0.00"
    assert w.sentiment_cell(item("x", 1, scored_by="")).text == "—"
    assert w.moved_cell(match(HELD, pre_price=Price(4_650))).text == "▲+2.5"
    assert w.moved_cell(match(HELD, pre_price=None)).text == "—"


@pytest.mark.parametrize(
    ("value", "left", "right"),
    [
        (1.0, "    ", "████"),
        (-1.0, "████", "    "),
        (-0.01, "   █", "    "),
        (0.0, "    ", "    "),
        (5.0, "    ", "████"),
    ],
)
def test_bars_stay_in_their_half(value: float, left: str, right: str) -> None:
    assert w.two_sided(value, 4) == (left, right)


def test_ages_in_one_unit() -> None:
    ages = [w.short_age(NOW_NS - s * SECOND, NOW_NS) for s in (0, 59, 60, 3_599, 7_200, 200_000)]
    assert ages == ["0s", "59s", "1m", "59m", "2h", "2d"]
    assert w.short_age(0, NOW_NS) == "—"
    assert w.short_age(NOW_NS + SECOND, NOW_NS) == "0s"


def test_why_there_is_no_news() -> None:
    def said(*rows: FeedRow) -> str:
        return why_no_news({row.report.name: row for row in rows}, NOW_NS)[0]

    off = feed("a", "A", FeedState.OFF)
    failing = feed("b", "Bee", FeedState.FAILING, text="It answered 403.")
    waiting = feed("c", "C", FeedState.WAITING, ok_ns=0)
    good = feed("d", "D")
    assert said().startswith("News is off")
    assert said(off).startswith("Every feed is switched off")
    assert said(off, failing) == "No feed answers. Bee: It answered 403."
    assert said(failing, waiting) == "No news yet: 2 feeds are being asked for the first time."
    assert said(failing, good) == "No news yet: 1 feeds answer, the last 12s ago."


def test_labels_from_elsewhere_do_not_break_a_row() -> None:
    row = msgspec.structs.replace(ITEMS["n-3"], label=7)
    assert w.label_cell(row).text == "? 7"
