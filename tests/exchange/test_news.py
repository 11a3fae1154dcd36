"""The news wire: repeatable, ahead of the value it moves, and silent about what it moves."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from statistics import fmean
from xml.etree import ElementTree

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_desk.exchange import beliefs
from kalshi_desk.exchange.calendar import SECOND_NS
from kalshi_desk.exchange.catalog import TEMPLATES
from kalshi_desk.exchange.catalog_terms import DRIVERS
from kalshi_desk.exchange.news import KEPT, NewsItem, Newsroom, Wire
from kalshi_desk.exchange.news_beats import BEATS
from kalshi_desk.exchange.records import Shift
from kalshi_desk.exchange.rss import render
from kalshi_desk.exchange.rules import Rules
from kalshi_desk.exchange.statefile import StateFile
from kalshi_desk.exchange.venue import Venue
from tests.exchange.client import Exchange

START_NS = 1_795_834_800 * SECOND_NS
SECRETS = ("impact", "wander", "truth", "latent")


def plain(url: str, headers: dict[str, str] | None = None) -> httpx.Response:
    """Ask as any reader of feeds does."""
    return httpx.get(url, headers=headers, trust_env=False)


def newsroom(seed: int = 7) -> tuple[Newsroom, Random]:
    drivers = beliefs.new_drivers(Random(seed), START_NS)
    return Newsroom(Wire(lived_ns=START_NS), drivers), Random(seed)


def resting(venue: Venue) -> list[tuple[int, int, int]]:
    """Return every resting order with its price and what is left of it."""
    orders = [order for group in venue.engine.open_orders for order in group.values()]
    return sorted((order.number, order.price, order.remaining) for order in orders)


def lived(seed: int, seconds: int) -> Newsroom:
    room, rng = newsroom(seed)
    for second in range(1, seconds + 1):
        room.run(rng, START_NS + second * SECOND_NS)
    return room


def test_every_beat_writes_about_a_hidden_value_and_its_outcomes() -> None:
    assert BEATS.keys() == DRIVERS.keys()
    for name, beat in BEATS.items():
        labels = {
            label for t in TEMPLATES if t.driver == name for _, label in t.outcomes if t.outcomes
        }
        assert set(beat.names) <= labels
        assert len(beat.names) <= len(DRIVERS[name].start)


def test_the_same_seed_writes_the_same_wire() -> None:
    first, second = lived(3, 2_000).wire, lived(3, 2_000).wire
    assert msgspec.json.encode(first) == msgspec.json.encode(second)
    assert first.items != lived(4, 2_000).wire.items
    assert len({item.number for item in first.items}) == len(first.items) > 20


def test_figures_are_released_when_they_are_due_and_say_which_way() -> None:
    releases = [item for item in lived(1, 2 * 3_600).wire.items if item.is_release]
    assert {item.published_ns % (3_600 * SECOND_NS) for item in releases} == {0}
    for item in releases:
        expected = "above" if item.impact > 0 else "below"
        assert expected in item.headline or "in line" in item.headline


def test_a_release_does_not_print_the_hidden_value() -> None:
    """Of the figures of a day, no more show it than chance lets them."""
    room, rng = newsroom(4)
    shown, releases = 0, 0
    for hour in range(1, 49):
        room.run(rng, START_NS + hour * 3_600 * SECOND_NS)
        for item in room.wire.items:
            if item.is_release and item.published_ns == room.wire.lived_ns:
                beat, value = BEATS[item.driver], room.drivers[item.driver].values[0]
                releases += 1
                shown += f"; {value:.{beat.digits}f}{beat.unit} had been expected" in item.summary
    assert releases > 100
    assert shown < releases / 4


def test_the_wire_keeps_the_newest_only() -> None:
    wire = lived(1, 12_000).wire
    assert len(wire.items) == KEPT
    assert [item.number for item in wire.items] == list(
        range(wire.next_number - KEPT, wire.next_number)
    )


def test_a_rewrite_by_another_press_moves_nothing_again() -> None:
    wire = lived(2, 4_000).wire
    again = [item for item in wire.items if item.headline.endswith(f" - {item.press}")]
    assert again
    headlines = {item.headline for item in wire.items}
    for item in again:
        assert item.impact == 0.0
        assert item.headline.removesuffix(f" - {item.press}") in headlines


@given(
    impact=st.floats(-5, 5).filter(bool),
    steps=st.lists(st.integers(1, 40), min_size=1, max_size=30),
)
def test_news_enters_a_value_whole_however_time_is_cut(impact: float, steps: list[int]) -> None:
    driver = beliefs.new_drivers(Random(1), START_NS)["temp-ny"]
    driver.wander = driver.pull = 0.0
    before = driver.values[0]
    driver.shifts = [
        Shift(
            index=0,
            left=impact,
            start_ns=START_NS + 10 * SECOND_NS,
            end_ns=START_NS + 60 * SECOND_NS,
        )
    ]
    now_ns = START_NS
    for step in steps:
        now_ns += step * SECOND_NS
        beliefs.walk(driver, Random(0), now_ns)
        part = min(max((now_ns - START_NS) / SECOND_NS - 10, 0) / 50, 1)
        assert driver.values[0] == pytest.approx(before + impact * part, abs=1e-6)
        assert beliefs.foreseen(driver)[0] == pytest.approx(before + impact, abs=1e-6)
    beliefs.walk(driver, Random(0), START_NS + 10_000 * SECOND_NS)
    assert driver.shifts == []


def test_a_story_moves_the_market_its_way_after_it_is_out() -> None:
    """Over fixed seeds: nothing at publication, the readers first, the value in the end."""
    soon, late = [], []
    for seed in range(2):
        venue = Venue.new(seed, START_NS, Rules(), warm_minutes=2)
        market = next(m for m in venue.engine.markets.values() if m.series_ticker == "KXRECSSNBER")
        driver = venue.drivers[venue.events[market.event_ticker].driver]
        sign = 1 if seed % 2 else -1
        fair = venue.crowd.fair[market.ticker]
        book = venue.engine.books[market.ticker]
        assert book.best_bid is not None
        assert book.best_ask is not None
        mid = (book.best_bid + book.best_ask) / 2
        driver.shifts.append(
            Shift(
                index=0,
                left=sign * 1.2,
                start_ns=venue.now_ns + 60 * SECOND_NS,
                end_ns=venue.now_ns + 120 * SECOND_NS,
            )
        )
        venue.newsroom.wire.items.append(
            NewsItem(
                number=9_999,
                published_ns=venue.now_ns,
                driver=driver.name,
                category="Economics",
                press="Test",
                headline="x",
                summary="x",
                impact=sign * 1.2,
            )
        )
        for _ in range(590):
            venue.step()
        soon.append(sign * (venue.crowd.fair[market.ticker] - fair))
        for _ in range(1_800):
            venue.step()
        after = venue.engine.books[market.ticker]
        low, high = after.best_bid or 0, after.best_ask or 10_000
        late.append(sign * ((low + high) / 2 - mid))
        assert venue.total() == venue.opening_total
    assert abs(fmean(soon)) < 0.05
    assert fmean(late) > 800


def test_the_reader_of_news_trades_before_the_value_has_moved() -> None:
    """The reader's bets on a strong story gain at the value that comes, whoever else trades."""
    gains = []
    for seed in range(2):
        venue = Venue.new(seed, START_NS, Rules(), warm_minutes=2)
        before = {t: p.quantity for t, p in venue.ledger.accounts[8].positions.items()}
        driver = venue.drivers["shutdown"]
        driver.shifts = [
            Shift(
                index=0,
                left=1.5,
                start_ns=venue.now_ns + 50 * SECOND_NS,
                end_ns=venue.now_ns + 90 * SECOND_NS,
            )
        ]
        venue.newsroom.wire.items = [
            NewsItem(
                number=1,
                published_ns=venue.now_ns,
                driver="shutdown",
                category="Politics",
                press="Test",
                headline="x",
                summary="x",
                impact=1.5,
            )
        ]
        for _ in range(480):
            venue.step()
        held = venue.ledger.accounts[8].positions
        gains.append(
            sum(
                position.quantity - before.get(ticker, 0)
                for ticker, position in held.items()
                if venue.engine.markets[ticker].series_ticker == "KXGOVSHUT"
            )
        )
    assert fmean(gains) > 0
    assert min(gains) >= 0


def test_the_wire_and_what_it_still_moves_survive_a_restart(tmp_path: Path) -> None:
    venue = Venue.new(5, START_NS, Rules(), warm_minutes=2)
    for _ in range(6_000):
        venue.step()
        if any(driver.shifts for driver in venue.drivers.values()):
            break
    assert any(driver.shifts for driver in venue.drivers.values())
    path = tmp_path / "exchange.sqlite"
    file = StateFile(path)
    file.save(venue)
    file.close()
    for _ in range(600):
        venue.step()
    file = StateFile(path)
    again = file.load(Rules())
    file.close()
    assert again is not None
    for _ in range(600):
        again.step()
    assert msgspec.json.encode(again.newsroom.wire) == msgspec.json.encode(venue.newsroom.wire)
    assert again.drivers == venue.drivers
    assert resting(again) == resting(venue)


@given(text=st.text(st.characters(blacklist_categories=["Cs", "Cc"]), max_size=60))
def test_any_words_make_a_feed_that_reads_back(text: str) -> None:
    item = NewsItem(
        number=1,
        published_ns=START_NS,
        driver="fed",
        category=text,
        press=text,
        headline=text,
        summary=f"{text}]]><script>&",
        impact=1.5,
    )
    entry = ElementTree.fromstring(render([item], "http://127.0.0.1/news/rss"))[0].find("item")
    assert entry is not None
    assert (entry.findtext("title") or "") == text
    assert entry.findtext("description") == f"{text}]]><script>&"


class TestFeed:
    """The feed over a real socket."""

    def test_it_is_rss_without_a_key(self, exchange: Exchange) -> None:
        answer = plain(exchange.ready["news"])
        assert answer.headers["content-type"].startswith("application/rss+xml")
        channel = ElementTree.fromstring(answer.content)[0]
        items = channel.findall("item")
        assert 0 < len(items) <= 50
        assert len({item.findtext("guid") for item in items}) == len(items)
        for item in items:
            assert item.findtext("title")
            assert item.findtext("pubDate", "").endswith("GMT")

    def test_who_has_it_already_is_told_so(self, exchange: Exchange) -> None:
        url = exchange.ready["news"] + "?category=Sports"
        answer = plain(url)
        tag, changed = answer.headers["etag"], answer.headers["last-modified"]
        assert plain(url, {"If-None-Match": tag}).status_code == 304
        assert plain(url, {"If-Modified-Since": changed}).status_code == 304
        assert plain(url, {"If-None-Match": '"other"'}).status_code == 200
        assert plain(url, {"If-Modified-Since": "never"}).status_code == 200

    def test_nobody_is_told_what_it_moves(self, exchange: Exchange) -> None:
        texts = [
            plain(exchange.ready["news"]).text,
            json.dumps(plain(exchange.ready["admin"] + "/health").json()),
            json.dumps(plain(exchange.ready["admin"] + "/ledger").json()),
            exchange.http.get("/events?limit=200&with_nested_markets=true").text,
            exchange.http.get("/series").text,
        ]
        for text in texts:
            assert not [word for word in SECRETS if word in text.lower()]

    def test_the_administrator_can_have_a_story_told(self, exchange: Exchange) -> None:
        def newest() -> int:
            first = ElementTree.fromstring(plain(exchange.ready["news"]).content)[0].find("item")
            assert first is not None
            return int((first.findtext("guid") or "").rpartition("-")[2])

        before = newest()
        exchange.admin("news", driver="shutdown", sizes=4)
        assert newest() > before

    @pytest.mark.parametrize(
        ("fields", "word"),
        [
            ({"driver": "nobody"}, "driver must be one of"),
            ({"driver": "btc", "sizes": 99}, "sizes"),
        ],
    )
    def test_what_can_not_be_told_is_refused(
        self, exchange: Exchange, fields: dict[str, object], word: str
    ) -> None:
        answer = httpx.post(f"{exchange.ready['admin']}/news", json=fields, trust_env=False)
        assert answer.status_code == 400
        assert word in answer.text


def test_a_story_told_moves_the_value_by_so_many_sizes() -> None:
    room, rng = newsroom()
    for sizes in (3.0, -2.0):
        room.tell(rng, "btc", sizes, START_NS)
        assert room.wire.items[-1].impact == sizes * BEATS["btc"].size
        assert room.drivers["btc"].shifts[-1].left == sizes * BEATS["btc"].size
