"""Which feeds a desk reads, how politely, and how their health is told."""

from __future__ import annotations

from urllib.parse import urlsplit

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_desk.core.news import FeedState, NewsItem, Tier
from kalshi_desk.news.health import CHANGE_PAUSE_S, DETAIL_PAUSE_S, Health, Herald, waiting_report
from kalshi_desk.news.pace import LONGEST_BACKOFF_S, Hosts, Pace
from kalshi_desk.news.sources import (
    MOST_OWN,
    PRACTICE_EVERY_S,
    PRACTICE_FEED,
    PUBLIC,
    OwnSource,
    Source,
    is_feed_name,
    sources_for,
)

OWN = {"mine": OwnSource(url="https://example.org/feed")}


def test_the_table_is_sound() -> None:
    assert len({source.name for source in PUBLIC}) == len(PUBLIC)
    for source in PUBLIC:
        assert is_feed_name(source.name)
        assert urlsplit(source.url).scheme == "https"
        assert 60 <= source.every_s <= 3_600
        assert len(source.title) <= 30
        assert not source.may_be_private
        assert source.shown_url == source.url
    kinds = {(source.kind, source.tier) for source in PUBLIC}
    assert {("rss", Tier.OFFICIAL), ("rss", Tier.PRESS), ("json", Tier.SOCIAL)} <= kinds
    assert sum(source.tier is Tier.SOCIAL for source in PUBLIC) == 1


def names(venue: str, **more: object) -> set[str]:
    return {source.name for source in sources_for(venue, own=OWN, **more)}  # type: ignore[arg-type]


def test_each_venue_has_its_feeds() -> None:
    public = {source.name for source in PUBLIC}
    assert names("practice") == {PRACTICE_FEED, "mine"}
    assert names("practice", public_in_practice=True) == {PRACTICE_FEED, "mine"} | public
    for venue in ("paper", "demo", "live"):
        assert names(venue) == {"mine"} | public
    assert names("replay") == set()


def test_settings_slow_feeds_down_but_the_exchanges_own() -> None:
    found = {
        source.name: source
        for source in sources_for(
            "practice",
            own=OWN,
            public_in_practice=True,
            interval_s=90,
            practice_url="http://127.0.0.1:1/news",
            switched={"bbc": False, "mine": True},
        )
    }
    assert found["fed"].every_s == 90
    assert found["bls"].every_s == 300
    assert found["mine"].every_s == 90
    assert found[PRACTICE_FEED].every_s == PRACTICE_EVERY_S
    assert (found["bbc"].is_on, found["mine"].is_on, found["fed"].is_on) == (False, True, True)
    assert found[PRACTICE_FEED].may_be_private
    assert found["mine"].may_be_private


@pytest.mark.parametrize(
    ("name", "url", "fault"),
    [
        ("mine", "https://example.org/feed", ""),
        ("mine", "http://192.168.0.1:8080/feed", ""),
        ("Mine", "https://example.org", "its name may hold"),
        ("a.b", "https://example.org", "its name may hold"),
        ("x" * 41, "https://example.org", "its name may hold"),
        (PRACTICE_FEED, "https://example.org", "belongs to the practice exchange"),
        ("mine", "ftp://example.org/feed", "must begin with http"),
        ("mine", "/etc/passwd", "must begin with http"),
        ("mine", "http://", "must begin with http"),
        ("mine", "http://[::1", "can't be read"),
        ("mine", "http://example.org:99999/", "can't be read"),
    ],
)
def test_a_feed_of_ones_own_that_can_not_be_is_named(name: str, url: str, fault: str) -> None:
    own = {name: OwnSource(url=url)}
    found = {source.name: source for source in sources_for("paper", own=own)}
    assert fault in found[name].fault
    assert bool(found[name].fault) is bool(fault)
    report = waiting_report(found[name])
    assert report.state is (FeedState.FAILING if fault else FeedState.WAITING)
    assert report.text == found[name].fault


def test_too_many_of_ones_own_are_told_and_ones_own_replaces_a_public_one() -> None:
    many = {f"f{n}": OwnSource(url="https://example.org") for n in range(MOST_OWN + 1)}
    found = sources_for("practice", own=many)
    assert [source.name for source in found if "at most" in source.fault] == [f"f{MOST_OWN}"]
    mine = sources_for("live", own={"bbc": OwnSource(url="https://example.org/bbc", title="B")})
    assert [source.url for source in mine if source.name == "bbc"] == ["https://example.org/bbc"]


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://me:secret@example.org/feed?key=secret#x", "https://example.org/feed"),
        ("https://example.org:8443/feed", "https://example.org:8443/feed"),
        ("http://[::1", ""),
    ],
)
def test_what_may_be_a_secret_is_not_shown(url: str, shown: str) -> None:
    (source,) = (
        s for s in sources_for("practice", own={"mine": OwnSource(url=url)}) if s.url == url
    )
    assert source.shown_url == shown
    assert "secret" not in repr(waiting_report(source))


@given(st.integers(1, 5_000), st.lists(st.booleans(), max_size=30), st.floats(0, 1e6))
def test_back_off_doubles_without_chance_and_ends_with_the_first_answer(
    every_s: int, answers: list[bool], wait_s: float
) -> None:
    pace, now_s = Pace(every_s), 100.0
    for is_answer in answers:
        before = pace.due_s - now_s
        now_s = max(now_s, pace.due_s)
        if is_answer:
            pace.answered(now_s)
            assert pace.due_s == now_s + every_s
        else:
            failures = pace.failures
            pace.failed(now_s, wait_s)
            pause = pace.due_s - now_s
            assert pause >= wait_s - 1e-6
            assert pause >= every_s - 1e-6
            if not wait_s and failures and pause < LONGEST_BACKOFF_S:
                assert pause == pytest.approx(2 * before)
            assert pause <= max(LONGEST_BACKOFF_S, every_s, wait_s) + 1e-6
    twin = Pace(every_s)
    twin.failed(0.0)
    assert twin.due_s == min(2 * every_s, max(LONGEST_BACKOFF_S, every_s))


def test_a_faster_pace_counts_from_now_unless_the_feed_fails() -> None:
    pace = Pace(300)
    pace.answered(0.0)
    pace.set_every(60, 10.0)
    assert pace.due_s == 70.0
    pace.failed(70.0)
    pace.set_every(5, 80.0)
    assert pace.due_s == 190.0


def test_a_host_is_asked_one_thing_at_a_time() -> None:
    hosts = Hosts(pause_s=1.0)
    assert hosts.may_ask("a", 0.0)
    hosts.ask("a")
    assert not hosts.may_ask("a", 5.0)
    assert hosts.may_ask("b", 5.0)
    hosts.done("a", 5.0)
    assert not hosts.may_ask("a", 5.9)
    assert hosts.may_ask("a", 6.0)
    hosts.ask("a")
    hosts.done("a", 6.0, wait_s=120.0)
    assert not hosts.may_ask("a", 125.0)
    assert hosts.may_ask("a", 126.0)


def test_health_is_told_at_changes_and_not_too_often() -> None:
    source = Source(name="one", title="One", url="https://example.org")
    health, herald = Health(source), Herald()
    assert herald.due((health.report(),), 0.0)
    assert not herald.due((health.report(),), 1_000.0)
    health.failures, health.text = 1, "it answered 500"
    assert herald.due((health.report(),), 1_000.0)
    health.failures, health.text, health.ok_ns = 0, "", 5
    assert not herald.due((health.report(),), 1_000.0 + CHANGE_PAUSE_S - 0.1)
    assert herald.due((health.report(),), 1_000.0 + CHANGE_PAUSE_S)
    health.items, health.asked_ns = 7, 9
    assert not herald.due((health.report(),), 1_000.0 + DETAIL_PAUSE_S)
    assert herald.due((health.report(),), 1_100.0)
    assert health.report().state is FeedState.OK


def test_the_delay_is_that_of_the_newest_item_and_not_of_old_ones() -> None:
    health = Health(Source(name="one", title="One", url="https://example.org"))
    second = 1_000_000_000
    item = NewsItem(
        item_id="a",
        feed="one",
        tier=Tier.PRESS,
        title="T",
        first_seen_ns=100 * second,
        published_ns=40 * second,
        cluster="a",
    )
    health.note_items([item], is_first_look=True)
    assert (health.items, health.lag_s) == (1, None)
    health.note_items([item, msgspec.structs.replace(item, published_ns=0)], is_first_look=False)
    assert (health.items, health.lag_s) == (3, 60)
    early = msgspec.structs.replace(item, published_ns=500 * second)
    health.note_items([early], is_first_look=False)
    assert health.lag_s == 0
