"""A practice run, recorded, then backtested: the decisions are identical, one by one."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest

from kalshi_desk.backtest import Backtester
from kalshi_desk.cli import outcome
from kalshi_desk.core.news import NewsItem, NewsMatch, Polarity, Tier
from kalshi_desk.core.strategy import Mode, Observation
from kalshi_desk.core.types import Price
from kalshi_desk.desk.automation import (
    CancelBacktest,
    RunBacktest,
    SetAuto,
    SetImplication,
    SetMode,
)
from kalshi_desk.desk.automation_frames import LabRow, StrategyRow
from kalshi_desk.desk.client import LinkClient
from kalshi_desk.desk.commands import Command, Outcomes
from kalshi_desk.desk.frames import FillRow, MarketRow
from kalshi_desk.desk.service import CorrectMatch
from kalshi_desk.desk.service_frames import ReaderRow
from kalshi_desk.news.sources import PRACTICE_FEED
from kalshi_desk.store.journal import Journal
from kalshi_desk.store.paths import Home, open_home
from kalshi_desk.store.recording import RecordedMeta, read_frames
from kalshi_desk.store.settings import save_setting
from tests.running_desk import RunningDesk, end, running_desk, shell, start_engine, wait_until
from tests.seams.test_three_ledgers import face

pytestmark = [pytest.mark.long, pytest.mark.timeout(180)]
STRATEGIES = ("arbitrage", "volatility", "harvester", "news", "pairs")
LADDER = "KXNBATOTAL-"
LOOKS = 8
SETTINGS = """
[strategies]
interval_s = 1
[strategies.parameters.arbitrage]
budget = 100
"""
LEARNED = Observation(
    strategy="harvester",
    cell="Climate and Weather",
    event_ticker="KXHIGHNY-25NOV28",
    value=0.01,
    at_ns=1_760_000_000_000_000_000,
    source="an-earlier-fill",
)

TOLD, CORRECTED = "KXGOVSHUT-27FEB05", "KXRECSSNBER-28JAN02"


def told() -> NewsItem:
    """Return an item that was journaled just before the engine starts."""
    now_ns = time.time_ns()
    return NewsItem(
        item_id="story",
        feed="wire",
        tier=Tier.PRESS,
        title="A story from before",
        published_ns=now_ns - 1_000_000_000,
        first_seen_ns=now_ns,
        cluster="story",
        sentiment=0.9,
        confidence=0.9,
        matches=(
            NewsMatch(
                ticker=TOLD,
                relevance=0.9,
                polarity=Polarity.FOR,
                pre_price=Price(3_000),
                first_score=0.7,
            ),
        ),
    )


@dataclass
class Recorded:
    """What a run left behind."""

    root: Path
    home: Home
    path: Path

    def lines(self, kind: str) -> list[dict[str, Any]]:
        """Return what the lines of a kind say, in order."""
        return [
            record.content
            for record in read_frames(self.path)
            if isinstance(record, RecordedMeta) and record.kind == kind
        ]

    def decisions(self, strategy: str) -> list[dict[str, Any]]:
        """Return what a strategy decided while the engine ran."""
        return [facts for facts in self.lines("decision") if facts["strategy"] == strategy]

    def again(self, strategy: str) -> list[dict[str, Any]]:
        """Return what the strategy decides in a backtest."""
        result = Backtester(recording=self.path, home=self.home).run_strategy(strategy)
        assert result.report["looks_at"] == "the recorded moments"
        return [{"recv_ns": at_ns, **facts} for at_ns, facts in result.decisions]

    def shell(self, *words: str, code: int = 0) -> Any:
        """Run a shell command on this home, which needs no engine."""
        done = shell(self.home, *words, "--json")
        assert done.returncode == code, done.stderr
        return json.loads(done.stdout)


class Violation:
    """Two rungs of a ladder, held at prices that contradict each other by ten cents."""

    def __init__(self, desk: RunningDesk) -> None:
        self._admin = desk.exchange["address"]["admin"]
        markets = rows(desk, "markets", MarketRow)
        rungs = sorted(row for row in markets if row.startswith(LADDER))
        self.low, self.high = rungs[1], rungs[2]
        ask = markets[self.high].yes_ask
        assert ask is not None
        self.offer = -(-ask // 100) * 100
        self.bid = self.offer + 1_000

    def hold(self) -> None:
        """Offer the lower rung for less than is bid for the higher one, a cent wide each."""
        self._order(self.low, is_bid=False, price=self.offer)
        self._order(self.low, is_bid=True, price=self.offer - 100)
        self._order(self.high, is_bid=True, price=self.bid)
        self._order(self.high, is_bid=False, price=self.bid + 100)

    def is_taken(self, desk: RunningDesk) -> bool:
        """Hold it, and return whether the desk has bought both rungs."""
        self.hold()
        fills = rows(desk, "fills", FillRow).values()
        return {self.low, self.high} <= {fill.ticker for fill in fills}

    def _order(self, ticker: str, *, is_bid: bool, price: int) -> None:
        order = {"account": "informed-a", "ticker": ticker, "is_bid": is_bid}
        body = {**order, "price": price, "count": 20_000_00}
        answer = httpx.post(f"{self._admin}/order", json=body, timeout=10)
        assert answer.status_code == 200, answer.text


def home_in(root: Path) -> Home:
    """Return a home whose strategies look each second."""
    home = open_home(str(root))
    home.prepare()
    home.settings_path.write_text(SETTINGS)
    return home


RowT = TypeVar("RowT")


def rows(desk: RunningDesk, topic: str, kind: type[RowT]) -> dict[str, RowT]:
    """Return what a topic shows now."""

    async def pull() -> dict[str, RowT]:
        client = await face(desk)
        frame = await client.pull((topic,), 0, 0)
        await client.close()
        found = frame.changed.get(topic, {})
        return {name: row for name, row in found.items() if isinstance(row, kind)}

    return asyncio.run(pull())


def say(desk: RunningDesk, *commands: Command) -> None:
    """Give commands and see that each is done."""

    async def submit() -> None:
        client = await face(desk)
        for command in commands:
            answer = await client.submit(command)
            assert answer.outcome is Outcomes.DONE, answer
        await client.close()

    asyncio.run(submit())


def mode_of(strategy: str) -> Mode:
    return Mode.TRADE if strategy == "arbitrage" else Mode.SHADOW


def turn_on(desk: RunningDesk) -> None:
    wait_until(lambda: set(STRATEGIES) <= set(rows(desk, "strategies", StrategyRow)))
    say(
        desk, *(SetMode(strategy=name, mode=mode_of(name)) for name in STRATEGIES), SetAuto(on=True)
    )


def looked(desk: RunningDesk, times: int) -> Callable[[], bool]:
    """Return whether every strategy has looked so often since now."""
    begun = rows(desk, "strategies", StrategyRow)

    def have() -> bool:
        now = rows(desk, "strategies", StrategyRow)
        assert not [row.fault for row in now.values() if row.fault]
        return all(row.cycles >= begun[name].cycles + times for name, row in now.items())

    return have


def is_reading(desk: RunningDesk) -> Callable[[], bool]:
    """Return whether the engine's reader reads news."""
    return lambda: any(row.report.is_reading for row in rows(desk, "reader", ReaderRow).values())


def newest(home: Home) -> Path:
    return max(home.recordings.glob("*.jsonl.zst"), key=lambda path: path.stat().st_mtime_ns)


def workers_of(desk: RunningDesk) -> list[int]:
    """Return the strategy workers of an engine, as the system lists its children."""
    pid = desk.process.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [
        int(child)
        for child in children
        if b"strategy_worker" in Path(f"/proc/{child}/cmdline").read_bytes()
    ]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """A run that was stopped as people stop it."""
    root = tmp_path_factory.mktemp("recorded")
    home = home_in(root)
    with running_desk(root) as desk:
        turn_on(desk)
        violation = Violation(desk)
        have_looked = looked(desk, LOOKS + 1)
        wait_until(looked(desk, 2))
        wait_until(lambda: violation.is_taken(desk))
        wait_until(have_looked)
    return Recorded(root, home, newest(home))


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_decisions_are_identical(run: Recorded, strategy: str) -> None:
    live, again = run.decisions(strategy), run.again(strategy)
    assert len(live) >= LOOKS
    for one, other in zip(live, again, strict=False):
        assert json.dumps(other) == json.dumps(one)
    assert len(again) == len(live)


def test_the_violation_is_taken_alike(run: Recorded) -> None:
    """Both rungs were offered in any number at one price: takers get the same of them.

    Later fills differ: the backtest is a desk of its own, with other positions and cash.
    """
    signals = [facts["signals"] for facts in run.decisions("arbitrage") if facts["signals"]]
    named = [one for found in signals for one in found if one["candidate"].startswith(LADDER)]
    assert named
    real = [line["fill"] for line in run.lines("own") if "fill" in line]
    result = Backtester(recording=run.path, home=run.home, fill_model="queue-averse").run_strategy(
        "arbitrage"
    )

    def first(fills: list[tuple[str, str, int, int, int, bool]]) -> dict[str, object]:
        found: dict[str, object] = {}
        for fill in fills:
            if fill[0].startswith(LADDER):
                found.setdefault(fill[0], fill)
        return found

    of_real = first(
        [(f["ticker"], f["side"], f["price"], f["count"], f["fee"], f["is_taker"]) for f in real]
    )
    of_backtest = first(
        [
            (f.ticker, f.side.value, f.price, f.count, f.fee, f.is_taker)
            for f in (trade.fill for trade in result.fills)
        ]
    )
    assert of_backtest == of_real
    assert len(of_real) == 2


def test_the_shell_knows_the_recording(run: Recorded) -> None:
    report = run.shell("backtest", "arbitrage", "--recording", run.path.name)
    result = Backtester(recording=run.path, home=run.home).run_strategy("arbitrage")
    assert report == json.loads(result.to_json())
    assert report["looks"] == len(run.decisions("arbitrage"))
    assert [row["name"] for row in run.shell("recordings", "list")] == [run.path.name]
    for action in ("info", "verify"):
        facts = run.shell("recordings", action, str(run.path))
        assert (facts["venue"], facts["whole"], facts["problems"]) == ("practice", True, [])
        assert facts["decisions"] == sum(len(run.decisions(name)) for name in STRATEGIES)
        assert facts["fills"] == len([line for line in run.lines("own") if "fill" in line]) > 0


async def in_the_lab(
    client: LinkClient, command: RunBacktest, *, then: CancelBacktest | None = None
) -> list[LabRow]:
    """Start a backtest and return all that its row showed, until it is over."""
    answer = await client.submit(command)
    run_id = answer.text.split()[1]
    seen: list[LabRow] = []
    async with asyncio.timeout(40):
        while not seen or seen[-1].state in ("queued", "running"):
            frame = await client.pull(("lab",), 0, 0)
            row = frame.changed["lab"][run_id]
            assert isinstance(row, LabRow)
            if not seen or row != seen[-1]:
                seen.append(row)
            if then is not None and row.state == "running":
                await client.submit(CancelBacktest(run_id=run_id))
                then = None
            await asyncio.sleep(0.01)
    return seen


async def try_the_lab(desk: RunningDesk, recording: str) -> tuple[list[LabRow], ...]:
    client = await face(desk)
    ask = RunBacktest(strategy="arbitrage", recording=recording)
    done = await in_the_lab(client, ask)
    canceled = await in_the_lab(client, ask, then=CancelBacktest(run_id=""))
    lost = await in_the_lab(client, RunBacktest(strategy="arbitrage", recording="none.jsonl.zst"))
    wrong = await in_the_lab(
        client,
        RunBacktest(strategy="arbitrage", recording=recording, parameters={"budget": "-1"}),
    )
    await client.close()
    return done, canceled, lost, wrong


@pytest.fixture(scope="module")
def second(
    run: Recorded,
) -> tuple[Recorded, tuple[list[LabRow], ...]]:
    """Another run on this home, which has learned; its worker and then itself are killed."""
    journal = Journal(run.home.journal_path("practice"), durable=False)
    journal.write([LEARNED, told()])
    journal.close()
    # With its reader, without which no story counts, but with nothing for it to read.
    save_setting(run.home.settings_path, f"news.switched.{PRACTICE_FEED}", False)
    save_setting(run.home.settings_path, "news.own.none.url", "http://127.0.0.1:9/feed.xml")
    desk = start_engine(run.root, news=True)
    try:
        turn_on(desk)
        wait_until(is_reading(desk))
        wait_until(looked(desk, 2))
        say(desk, SetImplication(cause="KXGOVSHUT-27FEB05", effect="KXRECSSNBER-28JAN02"))
        wait_until(looked(desk, 2))
        say(desk, CorrectMatch(item_id="story", ticker=CORRECTED, polarity=Polarity.FOR))
        before = workers_of(desk)
        os.kill(before[0], signal.SIGKILL)
        wait_until(lambda: len(workers_of(desk)) == 1 and workers_of(desk) != before)
        turn_on(desk)
        tried = asyncio.run(try_the_lab(desk, run.path.name))
        wait_until(looked(desk, 3))
        desk.kill()
    finally:
        end(desk)
    return Recorded(run.root, run.home, newest(run.home)), tried


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_decisions_are_identical_up_to_where_the_engine_was_killed(
    second: tuple[Recorded, tuple[list[LabRow], ...]], strategy: str
) -> None:
    killed, _ = second
    assert [line["known"] for line in killed.lines("observation")] == [True]
    assert any("implications" in line for line in killed.lines("cycle"))
    live, again = killed.decisions(strategy), killed.again(strategy)
    assert len(live) >= 5
    for one, other in zip(live, again, strict=False):
        assert json.dumps(other) == json.dumps(one)
    assert len(again) == len(live)
    if strategy == "harvester":
        # What was learned shows: one of the fills that a proof needs.
        assert any('"seen": "1"' in json.dumps(facts["signals"]) for facts in live)


def test_news_of_before_and_a_correction_are_in_the_recording(
    second: tuple[Recorded, tuple[list[LabRow], ...]],
) -> None:
    """Both are seen by the strategy: what was journaled, and what a person said of it."""
    killed, _ = second
    arrived = [line["event"] for line in killed.lines("event")]
    matched = [
        {match["ticker"]: match["by_person"] for match in item["matches"]}
        for event in arrived
        if event["type"] == "NewsArrived"
        for item in event["items"]
        if item["item_id"] == "story"
    ]
    assert matched == [{TOLD: False}, {TOLD: False, CORRECTED: True}]
    assert not killed.decisions("news")[0]["signals"]
    # Its source is none that this engine reads: a reason for each market that it names.
    about = [facts["reasons"].get("source_unhealthy", 0) for facts in killed.decisions("news")]
    assert {1, 2} <= set(about) <= {0, 1, 2}
    assert "no_reader" not in killed.decisions("news")[-1]["reasons"]


def test_the_shell_says_that_the_killed_one_was_not_closed(
    second: tuple[Recorded, tuple[list[LabRow], ...]],
) -> None:
    killed, _ = second
    facts = killed.shell("recordings", "verify", killed.path.name, code=outcome.REFUSED)
    assert not facts["whole"]
    assert "was never closed" in facts["problems"][0]
    assert len(killed.shell("recordings", "list")) == 2


def test_the_lab_runs_shows_and_ends_backtests(
    run: Recorded, second: tuple[Recorded, tuple[list[LabRow], ...]]
) -> None:
    done, canceled, lost, wrong = second[1]
    assert done[-1].state == "done"
    assert any(0 < row.progress < 1 for row in done)
    progress = [row.progress for row in done]
    assert progress == sorted(progress)
    assert progress[-1] == 1
    again = Backtester(recording=run.path, home=run.home).run_strategy("arbitrage")
    assert done[-1].report == again.to_json().decode()
    assert canceled[-1].state == "canceled"
    assert [rows[-1].state for rows in (lost, wrong)] == ["failed", "failed"]
    assert "There is no recording none.jsonl.zst" in lost[-1].problem
    assert "budget can't be '-1'; allowed is a whole number from 1 to 100000" in wrong[-1].problem
