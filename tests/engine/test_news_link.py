"""The news worker under the engine: primed, told what changes, killed, and never trusted."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from textwrap import dedent

import msgspec
import psutil
import pytest

from kalshi_desk.core.events import (
    CoreEvent,
    FeedsReported,
    MarketsListed,
    MarketStatusChanged,
    NewsArrived,
)
from kalshi_desk.core.news import FeedState, NewsItem, NewsMatch, ReaderReport, ReaderState
from kalshi_desk.core.reasons import ReasonCode
from kalshi_desk.core.records import Market
from kalshi_desk.core.types import MarketStatus
from kalshi_desk.desk.commands import Outcomes
from kalshi_desk.desk.service import SetFeed
from kalshi_desk.engine.clock import WallClock
from kalshi_desk.engine.effects import SaveSetting
from kalshi_desk.engine.feed_desk import SwitchFeed
from kalshi_desk.engine.news_link import NewsLink
from kalshi_desk.engine.news_universe import SLICE, NewsUniverse
from kalshi_desk.engine.reader_life import ReaderLife
from kalshi_desk.market.live import LiveMarkets
from kalshi_desk.news.messages import UNTRAINED, file_name
from kalshi_desk.news.model import encode_model
from kalshi_desk.news.sources import PRACTICE_FEED, Source
from kalshi_desk.store.files import write_whole
from kalshi_desk.store.settings import load_settings, save_setting
from tests.engine.test_core import Bench, answer
from tests.news.feed_server import FeedServer, feed_server, response, rss
from tests.news.test_model_file import model

pytestmark = pytest.mark.timeout(60)


class Taken:
    """Collects what the link says."""

    def __init__(self) -> None:
        self.events: list[CoreEvent] = []

    @property
    def items(self) -> list[NewsItem]:
        return [item for e in self.events if isinstance(e, NewsArrived) for item in e.items]

    @property
    def texts(self) -> list[str]:
        return [f.text for e in self.events if isinstance(e, FeedsReported) for f in e.feeds]

    @property
    def readers(self) -> list[ReaderReport]:
        return [e.reader for e in self.events if isinstance(e, FeedsReported) and e.reader]

    def state(self, name: str) -> FeedState | None:
        reports = [event for event in self.events if isinstance(event, FeedsReported)]
        found = [feed.state for feed in reports[-1].feeds if feed.name == name] if reports else []
        return found[0] if found else None


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(40):
        while not condition():
            await asyncio.sleep(0.01)


@pytest.fixture
async def server() -> AsyncIterator[FeedServer]:
    async with feed_server() as serving:
        yield serving


@asynccontextmanager
async def linked(
    sources: Callable[[], tuple[Source, ...]],
    *,
    known: Iterable[NewsItem] = (),
    script: str = "",
    silence_s: float = 60.0,
    quiet_s: float = 60.0,
    model_path: Path | None = None,
) -> AsyncIterator[tuple[NewsLink, Taken]]:
    taken, clock = Taken(), WallClock()
    more = {"command": ("-c", dedent(script))} if script else {}
    link = NewsLink(
        clock,
        LiveMarkets(),
        taken.events.append,
        sources,
        known=known,
        silence_s=silence_s,
        quiet_s=quiet_s,
        model_path=model_path,
        life=ReaderLife(clock, first_restart_s=0.05, last_restart_s=0.2),
        **more,  # type: ignore[arg-type]
    )
    running = asyncio.create_task(link.run())
    try:
        yield link, taken
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def dated(*titles: str) -> bytes:
    from email.utils import formatdate

    return rss(*titles, more=f"<pubDate>{formatdate()}</pubDate>")


@pytest.mark.long
async def test_a_killed_worker_comes_back_and_tells_nothing_twice(server: FeedServer) -> None:
    server.answers["/f"] = response(200, dated("Second story", "First story"))
    source = server.source("/f")
    async with linked(lambda: (source,)) as (link, taken):
        await until(lambda: len(taken.items) == 2)
        first_pid = link.pid
        assert first_pid is not None
        assert psutil.Process(first_pid).nice() == 10
        said = msgspec.structs.replace(
            taken.items[0],
            label=1,
            matches=(NewsMatch(ticker="A", relevance=1.0, by_person=True),),
        )
        link.know([said])
        os.kill(first_pid, signal.SIGKILL)
        # While nobody reads, a story arrives and another is told otherwise.
        server.answers["/f"] = response(200, dated("Third", "Second story", "First story, more"))
        await until(lambda: len(taken.items) == 4)
        assert link.pid != first_pid
        assert [item.title for item in taken.items] == [
            "First story",
            "Second story",
            "First story, more",
            "Third",
        ]
        assert len({item.item_id for item in taken.items}) == 3
        # What a person said of it is known to the new worker too.
        again = taken.items[2]
        assert (again.item_id, again.label) == (said.item_id, 1)
        assert any("its process ended; it starts again in" in text for text in taken.texts)
        last_pid = link.pid
    assert last_pid is not None
    assert not psutil.pid_exists(last_pid)


async def test_what_the_journal_knows_is_no_news_and_feeds_are_switched_live(
    server: FeedServer,
) -> None:
    server.answers["/f"] = response(200, dated("First story"))
    sources = [server.source("/f")]
    async with linked(lambda: tuple(sources)) as (_, taken):
        await until(lambda: taken.items)
    known = tuple(taken.items)
    sources[0] = msgspec.structs.replace(sources[0], is_on=False)
    server.asked.clear()
    async with linked(lambda: tuple(sources), known=known) as (link, taken):
        await until(lambda: taken.state("one") is FeedState.OFF)
        assert link.pid is None
        server.answers["/f"] = response(200, dated("Second story", "First story"))
        sources[0] = msgspec.structs.replace(sources[0], is_on=True)
        link.refresh()
        await until(lambda: taken.items)
        assert [item.title for item in taken.items] == ["Second story"]
        sources[0] = msgspec.structs.replace(sources[0], is_on=False)
        link.refresh()
        # Nothing left to read: the process goes too.
        await until(lambda: link.pid is None)
        assert taken.state("one") is FeedState.OFF


HEAD = "import sys, time; out = sys.stdout.buffer\n"
BAD = {
    "it wrote a message of": "out.write(b'\\xff' * 8); out.flush(); time.sleep(60)",
    "its message can't be read": "out.write(b'\\0\\0\\0\\1\\xc1'); out.flush(); time.sleep(60)",
    "it said nothing for 0.5 s": "time.sleep(60)",
    "its process ended": "sys.exit(3)",
}


@pytest.mark.parametrize("why", BAD)
async def test_a_worker_that_misbehaves_is_ended_and_started_again(
    why: str, caplog: pytest.LogCaptureFixture
) -> None:
    source = Source(name="one", title="One", url="http://127.0.0.1:9/", may_be_private=True)
    async with linked(lambda: (source,), script=HEAD + BAD[why], silence_s=0.5) as (_, taken):
        await until(lambda: sum("starts again in" in text for text in taken.texts) >= 2)
        # Each time it waits twice as long.
        first, last = (reader for reader in taken.readers if reader.ends)
        assert "starts again in 0.05 s" in first.text
        assert "starts again in 0.1 s" in last.text
        assert [(first.state, first.ends), (last.state, last.ends)] == [
            (ReaderState.DOWN, 1),
            (ReaderState.DOWN, 2),
        ]
        assert first.since_ns == last.since_ns == taken.readers[0].since_ns
        assert last.text in taken.texts[-1]
    assert why in caplog.text
    assert taken.state("one") is FeedState.WAITING


REPORTS = """
from kalshi_desk.core.events import FeedsReported
from kalshi_desk.core.news import FeedReport, FeedState
from kalshi_desk.news.messages import Alive, pack
one = FeedReport(name="one", title="One", url="u", kind="rss", tier="press", state=FeedState.OK)
sys.stdin.buffer.read(4)
out.write(pack(FeedsReported((one,)))); out.flush()
"""
"""Says that its feed is well as soon as it is told anything."""


async def test_one_that_hangs_is_taken_for_none_until_it_speaks_again() -> None:
    source = Source(name="one", title="One", url="http://127.0.0.1:9/", may_be_private=True)
    script = HEAD + REPORTS + "time.sleep(1); out.write(pack(Alive())); out.flush(); time.sleep(60)"
    async with linked(lambda: (source,), script=script, quiet_s=0.5) as (_, taken):
        await until(lambda: len(taken.readers) >= 4)
        states = [(reader.state, reader.ends) for reader in taken.readers]
        assert states[:4] == [
            (ReaderState.STARTING, 0),
            (ReaderState.READING, 0),
            (ReaderState.DOWN, 0),
            (ReaderState.READING, 0),
        ]
        feeds = [e.feeds[0] for e in taken.events if isinstance(e, FeedsReported)]
        assert [feed.state for feed in feeds[:4]] == ["waiting", "ok", "waiting", "ok"]
        assert "said nothing for 0.5 s" in feeds[2].text
        assert (feeds[1].text, feeds[3].text) == ("", "")


async def test_of_a_dead_worker_no_feed_is_called_well() -> None:
    source = Source(name="one", title="One", url="http://127.0.0.1:9/", may_be_private=True)
    script = HEAD + REPORTS
    async with linked(lambda: (source,), script=script) as (_, taken):
        await until(lambda: taken.readers and taken.readers[-1].ends == 1)
        by_reader = [
            (e.reader.is_reading, e.feeds[0].state, e.feeds[0].text)
            for e in taken.events
            if isinstance(e, FeedsReported) and e.reader
        ]
        assert by_reader[1] == (True, FeedState.OK, "")
        assert all(state is not FeedState.OK for reads, state, _ in by_reader if not reads)
        assert "not read since" in by_reader[2][2]
        assert "its process ended; it starts again in 0.05 s" in by_reader[2][2]


async def test_a_trained_classifier_is_taken_up_by_the_running_worker_and_its_heir(
    server: FeedServer, tmp_path: Path
) -> None:
    server.answers["/f"] = response(200, dated("First story"))
    source, path = server.source("/f"), tmp_path / "model.json"
    async with linked(lambda: (source,), model_path=path) as (link, taken):
        await until(lambda: taken.items)
        assert taken.readers[-1].model == UNTRAINED
        pid, file = link.pid, encode_model(model())
        write_whole(path, file)
        await until(lambda: file_name(file) in taken.readers[-1].model)
        write_whole(path, b"{")
        await until(lambda: taken.readers[-1].model_fault)
        assert "can't be used" in taken.readers[-1].model_fault
        assert file_name(file) in taken.readers[-1].model
        assert link.pid == pid is not None
        os.kill(pid, signal.SIGKILL)
        server.answers["/f"] = response(200, dated("Harbors prosper", "First story"))
        await until(lambda: len(taken.items) == 2)
        assert [item.scored_by for item in taken.items] == ["textblob", "classifier"]
        assert "can't be used" in taken.readers[-1].model_fault


async def test_news_that_can_not_be_kept_at_all_is_told_of() -> None:
    async with linked(tuple) as (link, taken):
        link.give_up("the desk failed at it (ValueError)")
        assert taken.readers[-1].state is ReaderState.DOWN
        assert taken.readers[-1].text.endswith("it starts again with the engine")


async def test_an_event_that_the_core_can_not_take_costs_no_other(server: FeedServer) -> None:
    server.answers["/f"] = response(200, dated("First story"))
    source, seen = server.source("/f"), []

    def take(event: CoreEvent) -> None:
        seen.append(event)
        raise ValueError("no")

    link = NewsLink(WallClock(), LiveMarkets(), take, lambda: (source,))
    running = asyncio.create_task(link.run())
    await until(lambda: any(isinstance(event, NewsArrived) for event in seen))
    assert not running.done()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


def market(ticker: str, **fields: object) -> Market:
    return Market(ticker=ticker, event_ticker="E", title=f"Will {ticker}?", **fields)  # type: ignore[arg-type]


def told(universe: NewsUniverse, markets: LiveMarkets) -> tuple[dict[str, str], set[str], int]:
    """Return what changed by ticker, what is gone, and how often a series ended."""
    changed: dict[str, str] = {}
    gone: set[str] = set()
    ends = 0
    for message in universe.changes(markets):
        assert len(message.changed) <= SLICE
        changed.update({text.ticker: text.title for text in message.changed})
        gone.update(message.gone)
        ends += message.is_last
    return changed, gone, ends


def test_markets_are_told_once_and_again_when_they_say_something_else() -> None:
    markets, universe = LiveMarkets(), NewsUniverse()
    assert told(universe, markets) == ({}, set(), 0)
    listed = [market(f"M{number}") for number in range(2 * SLICE + 1)]
    markets.apply(MarketsListed((*listed, market("COMBO", is_combo=True))), 1)
    changed, gone, ends = told(universe, markets)
    assert (set(changed), gone, ends) == ({one.ticker for one in listed}, set(), 1)
    assert told(universe, markets) == ({}, set(), 0)
    other = msgspec.structs.replace(listed[0], title="Otherwise")
    # Listed anew with nothing new in it: nothing to tell.
    same = msgspec.structs.replace(listed[1], open_interest=listed[1].open_interest)
    markets.apply(MarketsListed((other, same)), 2)
    assert told(universe, markets) == ({"M0": "Otherwise"}, set(), 1)
    markets.apply(MarketStatusChanged("M1", MarketStatus.FINALIZED), 3)
    assert told(universe, markets) == ({}, {"M1"}, 1)
    universe.forget()
    assert len(told(universe, markets)[0]) == len(listed) - 1


def test_a_feed_is_switched_by_command_and_stays_so(tmp_path: Path) -> None:
    bench = Bench()
    bench.core.feeds.see(("bbc", PRACTICE_FEED, "Own.Name"))
    effects = bench.do(SetFeed(feed="bbc", on=False), "a")
    assert SwitchFeed("bbc", False) in effects
    done = answer(effects)
    assert done is not None
    assert (done.outcome, done.text) == (Outcomes.DONE, "The feed bbc is off.")
    (saved,) = (effect for effect in effects if isinstance(effect, SaveSetting))
    path = tmp_path / "settings.toml"
    save_setting(path, saved.name, saved.value)
    save_setting(path, "news.switched.ecb", True)
    assert load_settings(path).settings.news.switched == {"bbc": False, "ecb": True}
    assert bench.core.state.settings.whole.news.switched == {"bbc": False}
    # A name that the file can't hold is switched for as long as the engine runs.
    effects = bench.do(SetFeed(feed="Own.Name", on=False), "b")
    assert not any(isinstance(effect, SaveSetting) for effect in effects)
    refused = answer(bench.do(SetFeed(feed="nosuch", on=True), "c"))
    assert refused is not None
    assert refused.outcome is Outcomes.REFUSED
    assert refused.reasons[0].code == ReasonCode.BAD_COMMAND
    assert "there are bbc, practice" in refused.reasons[0].text


def test_a_desk_without_feeds_says_so() -> None:
    refused = answer(Bench().do(SetFeed(feed="bbc", on=True), "a"))
    assert refused is not None
    assert "none on this venue" in refused.reasons[0].text
