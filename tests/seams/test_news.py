"""News of the practice exchange reach the desk: by a worker that may die, and is steered."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import psutil
import pytest

from kalshi_desk.core.events import CoreEvent, NewsArrived
from kalshi_desk.core.news import FeedState, NewsItem
from kalshi_desk.desk.client import LinkClient
from kalshi_desk.desk.commands import Outcomes
from kalshi_desk.desk.service import SetFeed
from kalshi_desk.desk.service_frames import FeedRow, ReaderRow
from kalshi_desk.engine.clock import WallClock
from kalshi_desk.engine.news_link import NewsLink
from kalshi_desk.engine.reader_life import ReaderLife
from kalshi_desk.market.live import LiveMarkets
from kalshi_desk.news.sources import PRACTICE_FEED, sources_for
from kalshi_desk.store.news_table import read_news
from kalshi_desk.store.presence import find_engine, read_token
from kalshi_desk.store.settings import load_settings
from tests.running_desk import RunningDesk, is_alive, running_desk, wait_until

pytestmark = [pytest.mark.long, pytest.mark.timeout(120)]
WORKER = "kalshi_desk.news.worker"


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.02)


async def news_arrive_once(desk: RunningDesk) -> None:
    """Read the exchange's wire with a worker that is killed in the middle."""
    sources = sources_for("practice", practice_url=desk.exchange["address"]["news"])
    arrived: list[NewsItem] = []

    def take(event: CoreEvent) -> None:
        if isinstance(event, NewsArrived):
            arrived.extend(event.items)

    clock = WallClock()
    life = ReaderLife(clock, first_restart_s=0.1)
    link = NewsLink(clock, LiveMarkets(), take, lambda: sources, life=life)
    running = asyncio.create_task(link.run())
    try:
        await until(lambda: arrived)
        before, pid = {item.item_id for item in arrived}, link.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        # As if it were not known: only that one may be told again by the new worker, and it
        # shows that the worker has looked at all the others.
        forgotten, _ = link._known.popitem()
        await until(lambda: len(arrived) > len(before))
        assert link.pid not in (None, pid)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    after = [item.item_id for item in arrived]
    assert [name for name in set(after) if after.count(name) > 1] == [forgotten]
    assert before <= set(after)
    for item in arrived:
        assert item.feed == PRACTICE_FEED
        assert item.title
        assert item.link.startswith("http://127.0.0.1:")
        assert 0 < item.published_ns <= item.first_seen_ns


def workers(pid: int) -> list[psutil.Process]:
    """Return the news workers of an engine."""
    found = []
    for child in psutil.Process(pid).children():
        with suppress(psutil.Error):  # it may end while it is looked at
            if WORKER in child.cmdline():
                found.append(child)
    return found


async def the_end_of_a_worker_is_told(client: LinkClient, pid: int) -> None:
    """Kill the engine's worker: an event tells it, no feed is well, then it reads again."""
    titles: list[str] = []
    feeds: dict[str, FeedState] = {}

    async def looks(until_title: str) -> None:
        seq = 0
        async with asyncio.timeout(60):
            while until_title not in titles:
                frame = await client.pull(("feeds", "reader"), 0, seq)
                seq = frame.event_seq
                titles.extend(event.title for event in frame.events)
                for row in frame.changed["feeds"].values():
                    assert isinstance(row, FeedRow)
                    feeds[row.report.name] = row.report.state
                for row in frame.changed["reader"].values():
                    assert isinstance(row, ReaderRow)
                    states.add((row.report.is_reading, feeds[PRACTICE_FEED]))
                await asyncio.sleep(0.05)

    states: set[tuple[bool, FeedState]] = set()
    os.kill(pid, signal.SIGKILL)
    await looks("News is read again")
    lost = titles.index("News is no longer read")
    assert lost < titles.index("News is read again")
    assert (False, FeedState.OK) not in states
    assert any(not reads for reads, _ in states)


def journaled(desk: RunningDesk) -> list[NewsItem]:
    """Return the news that the engine's journal holds."""
    path = desk.home.journal_path("practice")
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        return read_news(lambda words, values: database.execute(words, values).fetchall())


async def test_news_arrive_once_are_switched_and_leave_nobody_behind(tmp_path: Path) -> None:
    with running_desk(tmp_path, news=True) as desk:
        engine = desk.process.pid
        await news_arrive_once(desk)
        wait_until(lambda: workers(engine), 30)
        record = find_engine(desk.home)
        assert record is not None
        client = LinkClient(record.link, read_token(record), "test")
        await client.connect()
        for on in (False, True):
            answer = await client.submit(SetFeed(feed=PRACTICE_FEED, on=on))
            assert answer.outcome is Outcomes.DONE
            wait_until(lambda on=on: bool(workers(engine)) is on, 30)
            path, kept = desk.home.settings_path, {PRACTICE_FEED: on}
            wait_until(lambda p=path, k=kept: load_settings(p).settings.news.switched == k)
        refused = await client.submit(SetFeed(feed="bbc", on=True))
        assert refused.outcome is Outcomes.REFUSED
        assert "there are practice." in refused.reasons[0].text
        (worker,) = workers(engine)
        await the_end_of_a_worker_is_told(client, worker.pid)
        await client.close()
        (worker,) = workers(engine)
        wait_until(lambda: journaled(desk), 30)
        desk.kill()
        wait_until(lambda: not is_alive(worker.pid), 10)
