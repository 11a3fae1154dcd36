"""The bureau against a real server: looks when due, tells once, and says how feeds are."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from kalshi_desk.core.events import FeedsReported, NewsArrived
from kalshi_desk.core.news import FeedReport, FeedState, NewsItem, NewsMatch, Tier
from kalshi_desk.news.bureau import Bureau
from kalshi_desk.news.fetching import Fetcher
from kalshi_desk.news.health import Herald
from kalshi_desk.news.messages import (
    MOST_ITEMS,
    Begin,
    Configure,
    FromWorker,
    Known,
    Markets,
    ModelTaken,
    UseModel,
    file_name,
)
from kalshi_desk.news.model import Model, encode_model
from kalshi_desk.news.pace import Hosts
from kalshi_desk.news.reading_room import ReadingRoom
from kalshi_desk.news.sources import PRACTICE_FEED, Kind, Source
from kalshi_desk.news.texts import MarketText
from tests.news.feed_server import Asked, FeedServer, Writer, feed_server, response, rss
from tests.news.test_model_file import model

NOW_NS = 1_785_154_501_000_000_000
DATE = "<pubDate>Mon, 27 Jul 2026 12:00:00 GMT</pubDate>"


class Marker:
    """A reader that says which markets it knew; titles with ``boom`` break it."""

    def __init__(self) -> None:
        self.tickers: list[str] = []

    def set_universe(self, markets: list[MarketText]) -> None:
        self.tickers = [market.ticker for market in markets]

    def use(self, model: Model | None) -> None:
        self.model = model

    def read(self, item: NewsItem) -> NewsItem:
        if "boom" in item.title:
            raise KeyError(item.title)
        matches = tuple(NewsMatch(ticker=ticker, relevance=1.0) for ticker in self.tickers)
        return msgspec.structs.replace(item, matches=matches, scored_by="marker")


class Heard:
    """What the engine would hear."""

    def __init__(self) -> None:
        self.messages: list[FromWorker] = []

    @property
    def items(self) -> list[NewsItem]:
        return [item for m in self.messages if isinstance(m, NewsArrived) for item in m.items]

    @property
    def models(self) -> list[ModelTaken]:
        return [m for m in self.messages if isinstance(m, ModelTaken)]

    @property
    def titles(self) -> list[str]:
        return [item.title for item in self.items]

    def feed(self, name: str) -> FeedReport | None:
        reports = [m for m in self.messages if isinstance(m, FeedsReported)]
        found = [report for report in reports[-1].feeds if report.name == name] if reports else []
        return found[0] if found else None


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.01)


@pytest.fixture
async def server() -> AsyncIterator[FeedServer]:
    async with feed_server() as serving:
        yield serving


@asynccontextmanager
async def bureau(
    *sources: Source, known: tuple[NewsItem, ...] = (), begin: bool = True
) -> AsyncIterator[tuple[Bureau, Heard]]:
    heard = Heard()
    made = Bureau(
        heard.messages.append,
        fetcher=Fetcher(total_s=5.0),
        hosts=Hosts(pause_s=0.0),
        room=ReadingRoom(Marker()),
        herald=Herald(change_pause_s=0.0, detail_pause_s=0.0),
        beat_s=0.02,
    )
    made.hear(Configure(sources=sources, now_ns=NOW_NS))
    if known:
        made.hear(Known(known))
    if begin:
        made.hear(Begin())
    running = asyncio.create_task(made.run())
    try:
        yield made, heard
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_news_arrive_once_with_their_markets(server: FeedServer) -> None:
    server.answers["/f"] = response(200, rss("Second story", "First story", more=DATE))
    async with bureau(server.source("/f"), begin=False) as (made, heard):
        made.hear(Markets(changed=(MarketText(ticker="A"), MarketText(ticker="B")), is_last=False))
        await asyncio.sleep(0)
        assert server.asked == []
        made.hear(Markets(gone=("B",)))
        made.hear(Begin())
        await until(lambda: len(server.asked) >= 2)
        assert heard.titles == ["First story", "Second story"]
        assert [match.ticker for match in heard.items[0].matches] == ["A"]
        assert 0 <= heard.items[0].first_seen_ns - NOW_NS < 20_000_000_000
        server.answers["/f"] = response(200, rss("Third story", "Second story", "First story"))
        await until(lambda: len(heard.items) == 3)
        assert heard.titles[-1] == "Third story"


async def test_what_the_engine_knows_is_not_told_again(server: FeedServer) -> None:
    server.answers["/f"] = response(200, rss("Second story", "First story", more=DATE))
    async with bureau(server.source("/f")) as (_, heard):
        await until(lambda: len(heard.items) == 2)
    server.answers["/f"] = response(200, rss("Third", "Second story", "First story", more=DATE))
    async with bureau(server.source("/f"), known=tuple(heard.items)) as (_, again):
        await until(lambda: again.items)
        assert again.titles == ["Third"]


async def test_many_items_come_in_portions(server: FeedServer) -> None:
    server.answers["/f"] = response(200, rss(*(f"T{n} x{n} y{n}" for n in range(70)), more=DATE))
    async with bureau(server.source("/f")) as (_, heard):
        await until(lambda: len(heard.items) == 70)
        sizes = [len(m.items) for m in heard.messages if isinstance(m, NewsArrived)]
        assert max(sizes) <= MOST_ITEMS
        assert len({item.item_id for item in heard.items}) == 70


async def test_a_feed_that_fails_is_told_and_comes_back(server: FeedServer) -> None:
    server.answers["/f"] = response(503, Retry_After="0")
    server.answers["/g"] = response(200, rss("Fine", more=DATE))
    feeds = server.source("/f"), server.source("/g", name="two")
    async with bureau(*feeds) as (made, heard):
        await until(lambda: (one := heard.feed("one")) and one.state is FeedState.FAILING)
        failing = heard.feed("one")
        assert failing is not None
        assert failing.text == "it answered 503"
        assert failing.failures >= 1
        await until(lambda: (two := heard.feed("two")) and two.state is FeedState.OK)
        two = heard.feed("two")
        assert two is not None
        assert two.items == 1
        assert two.ok_ns >= two.asked_ns >= NOW_NS
        server.answers["/f"] = response(200, rss("Back", more=DATE))
        # Switched off and on again it is asked at once.
        off = msgspec.structs.replace(feeds[0], is_on=False)
        made.hear(Configure(sources=(off, feeds[1]), now_ns=NOW_NS))
        await until(lambda: (one := heard.feed("one")) and one.state is FeedState.OFF)
        assert "Back" not in heard.titles
        made.hear(Configure(sources=feeds, now_ns=NOW_NS))
        await until(lambda: "Back" in heard.titles)


PAGE = b"<!DOCTYPE html><html><title>Access Denied</title></html>"


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (response(200, PAGE), "rss", "it answered with a web page ('Access Denied')"),
        (response(200, b"{"), "json", "its answer is no JSON"),
        (response(200, b"\x1f\x8bxx", Content_Encoding="gzip"), "rss", "its answer is packed"),
        (
            response(429, Retry_After="9"),
            "rss",
            "it was asked too often (429) and asks to wait 9 s",
        ),
        (response(302, Location="/f"), "rss", "it leads in circles"),
    ],
    ids=["page", "json", "gzip", "429", "circle"],
)
async def test_whatever_comes_back_is_health_in_words(
    server: FeedServer, answer: bytes, kind: Kind, words: str
) -> None:
    server.answers["/f"] = answer
    async with bureau(server.source("/f", kind=kind)) as (_, heard):
        await until(lambda: (one := heard.feed("one")) and one.state is FeedState.FAILING)
        report = heard.feed("one")
        assert report is not None
        assert report.text.startswith(words)
        assert len(server.asked) == 1


async def test_an_answer_is_only_known_once_it_was_understood(server: FeedServer) -> None:
    async def answer(asked: Asked, writer: Writer) -> None:
        is_known = asked.headers.get("if-none-match") == '"x"'
        first = len(server.asked) == 1
        body = PAGE if first else b"" if is_known else rss("At last", more=DATE)
        writer.write(response(304 if is_known else 200, body, ETag='"x"'))

    server.answers["/f"] = answer
    async with bureau(server.source("/f")) as (_, heard):
        await until(lambda: len(server.asked) >= 3)
        assert heard.titles == ["At last"]
        assert [("if-none-match" in asked.headers) for asked in server.asked[:3]] == [
            False,
            False,
            True,
        ]


async def test_an_item_that_can_not_be_read_arrives_without_markets(server: FeedServer) -> None:
    server.answers["/f"] = response(200, rss("boom", "Quiet words", more=DATE))
    async with bureau(server.source("/f"), begin=False) as (made, heard):
        made.hear(Markets(changed=(MarketText(ticker="A"),)))
        made.hear(Begin())
        await until(lambda: (one := heard.feed("one")) and one.text)
        report = heard.feed("one")
        assert report is not None
        assert (report.state, report.text) == (
            FeedState.OK,
            "an item could not be read (KeyError)",
        )
        assert {item.title: len(item.matches) for item in heard.items} == {
            "boom": 0,
            "Quiet words": 1,
        }


def test_markets_that_can_not_be_arranged_match_nothing_and_say_so() -> None:
    class Clumsy(Marker):
        def set_universe(self, markets: list[MarketText]) -> None:
            if any(market.ticker == "BAD" for market in markets):
                raise ValueError("no title")
            super().set_universe(markets)

    item = NewsItem(
        item_id="a", feed="one", tier=Tier.PRESS, title="T", first_seen_ns=1, cluster="a"
    )
    room = ReadingRoom(Clumsy())
    room.take(Markets(changed=(MarketText(ticker="A"),)))
    room.arrange()
    assert [m.ticker for m in room.read([item])[0][0].matches] == ["A"]
    room.take(Markets(changed=(MarketText(ticker="BAD"),)))
    with pytest.raises(ValueError, match="no title"):
        room.arrange()
    for _ in range(2):
        read, fault = room.read([item])
        assert (read[0].matches, fault) == ((), "an item could not be read (ValueError)")
    room.take(Markets(gone=("BAD",)))
    assert room.read([item])[1] == ""


def test_without_the_reader_news_arrive_all_the_same_and_say_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(model: object) -> None:
        raise ImportError("no library")

    item = NewsItem(
        item_id="a", feed="one", tier=Tier.PRESS, title="T", first_seen_ns=1, cluster="a"
    )
    room = ReadingRoom()
    with monkeypatch.context() as patched:
        patched.setattr("kalshi_desk.news.reading.Reader", broken)
        read, fault = room.read([item])
        assert (read, "ImportError" in fault) == ([item], True)
    assert room.read([item])[1] == ""


async def test_a_model_is_taken_between_two_looks_and_answered(server: FeedServer) -> None:
    server.answers["/f"] = response(200, rss("First story", more=DATE))
    async with bureau(server.source("/f")) as (made, heard):
        await until(lambda: heard.items)
        file = encode_model(model())
        made.hear(UseModel(file))
        made.hear(UseModel(b"{"))
        await until(lambda: len(heard.models) == 2)
        taken, refused = heard.models
        assert (taken.name, taken.fault) == (file_name(file), "")
        assert "classifier can't be used" in refused.fault
        assert refused.scorer == taken.scorer, "the old one stays"
        assert heard.titles == ["First story"], "nothing is told twice for it"


async def test_a_feed_switched_off_while_it_is_asked_tells_nothing(server: FeedServer) -> None:
    asked = asyncio.Event()
    go_on = asyncio.Event()

    async def wait(request: Asked, writer: Writer) -> None:
        asked.set()
        await go_on.wait()
        writer.write(response(200, rss("Too late", more=DATE)))

    server.answers["/f"] = wait
    source = server.source("/f")
    async with bureau(source) as (made, heard):
        await asyncio.wait_for(asked.wait(), 10)
        made.hear(Configure(sources=(msgspec.structs.replace(source, is_on=False),), now_ns=NOW_NS))
        go_on.set()
        await until(lambda: (one := heard.feed("one")) and one.latency_ms)
        assert heard.items == []
        made.hear(Configure(sources=(source,), now_ns=NOW_NS))
        await until(lambda: heard.items)
        assert heard.titles == ["Too late"]


async def test_a_new_address_is_a_new_start(server: FeedServer) -> None:
    server.answers["/old"] = response(500)
    server.answers["/new"] = response(200, rss("Moved", more=DATE))
    old = msgspec.structs.replace(server.source("/old"), name=PRACTICE_FEED, every_s=5)
    async with bureau(old) as (made, heard):
        await until(lambda: (one := heard.feed(PRACTICE_FEED)) and one.failures)
        new = msgspec.structs.replace(old, url=server.base + "/new")
        made.hear(Configure(sources=(new,), now_ns=NOW_NS))
        await until(lambda: heard.items)


async def test_only_the_exchanges_feed_runs_with_a_fast_clock(server: FeedServer) -> None:
    for path in ("/f", "/g"):
        server.answers[path] = response(200, rss("T"))
    fast = msgspec.structs.replace(server.source("/f"), name=PRACTICE_FEED, every_s=5)
    slow = msgspec.structs.replace(server.source("/g"), name="two", every_s=5)
    async with bureau(begin=False) as (made, heard):
        made.hear(Configure(sources=(fast, slow), now_ns=NOW_NS, speed=60.0))
        made.hear(Begin())
        await until(lambda: sum(asked.path == "/f" for asked in server.asked) >= 4)
        assert sum(asked.path == "/g" for asked in server.asked) == 1
        await until(lambda: heard.feed(PRACTICE_FEED))


@pytest.mark.realdata
async def test_every_recorded_feed_is_handled(server: FeedServer) -> None:
    folder = os.environ.get("KALSHI_DESK_REAL_DATA")
    if not folder:
        pytest.skip("KALSHI_DESK_REAL_DATA names no folder of recordings")
    files = sorted((Path(folder) / "feeds" / "real").iterdir())
    sources = []
    for number, file in enumerate(files):
        path = f"/{file.name}"
        server.answers[path] = response(200, file.read_bytes())
        kind: Kind = "json" if file.suffix == ".json" else "rss"
        sources.append(server.source(path, name=f"f{number}", kind=kind))
    async with bureau(begin=False) as (made, heard):
        # Recordings are of June to August 2026: looked at on the day each was made, none is old.
        made.hear(Configure(sources=tuple(sources), now_ns=1_781_000_000_000_000_000))
        made.hear(Begin())
        states = (FeedState.OK, FeedState.FAILING)
        await until(
            lambda: all(
                (report := heard.feed(source.name)) and report.state in states for source in sources
            )
        )
    for file, source in zip(files, sources, strict=True):
        report = heard.feed(source.name)
        assert report is not None
        mine = [item for item in heard.items if item.feed == source.name]
        is_bad = file.suffix == ".html" or file.name.startswith("malformed")
        assert report.state is (FeedState.FAILING if is_bad else FeedState.OK), file.name
        assert bool(mine) is not is_bad, file.name
        assert bool(report.text) is is_bad, file.name
        for item in mine:
            assert item.title
            assert "<" not in item.title + item.summary
            assert item.link.startswith("https://")
    assert len(files) >= 9
