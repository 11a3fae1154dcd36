"""The lab: one backtest at a time, heard while it runs, and survived when its process fails."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from kalshi_desk.core.events import CoreEvent
from kalshi_desk.desk.automation import CancelBacktest, RunBacktest
from kalshi_desk.desk.automation_frames import LabRow
from kalshi_desk.desk.commands import Answer, Command, Outcomes
from kalshi_desk.engine.core import TradingCore
from kalshi_desk.engine.effects import Effect, GiveAnswer
from kalshi_desk.engine.inputs import CommandReceived
from kalshi_desk.engine.lab import BacktestMoved, StartBacktest, StopBacktest
from kalshi_desk.engine.lab_runner import LabRunner
from kalshi_desk.engine.state import CoreSettings
from kalshi_desk.engine.topics import build

ASKED = RunBacktest(strategy="arbitrage", recording="a.jsonl.zst", parameters={"least": "3"})
SECOND = 1_000_000_000


class Bench:
    """A core whose lab is asked for things; ``runner`` carries its effects out if there is one."""

    def __init__(self) -> None:
        self.core = TradingCore(CoreSettings())
        self.at_ns = 1_000 * SECOND
        self.runner: LabRunner | None = None
        self._asked = 0

    def ask(self, command: Command) -> tuple[Answer, list[Effect]]:
        self._asked += 1
        effects = self.take(CommandReceived(f"c{self._asked}", command))
        (answer,) = [e.answer for e in effects if isinstance(e, GiveAnswer)]
        return answer, [e for e in effects if isinstance(e, StartBacktest | StopBacktest)]

    def take(self, event: CoreEvent) -> list[Effect]:
        effects = self.core.step(event, self.at_ns)
        for effect in effects:
            if self.runner is not None and isinstance(effect, StartBacktest | StopBacktest):
                self.runner.perform(effect)
        return effects

    def rows(self) -> dict[str, LabRow]:
        return {
            key: row
            for key, row in (build(self.core.state, "lab") or {}).items()
            if isinstance(row, LabRow)
        }

    def states(self) -> list[str]:
        return [row.state for row in self.rows().values()]


def test_one_runs_and_the_next_begins_when_it_has_ended() -> None:
    bench = Bench()
    first, started = bench.ask(ASKED)
    assert started == [StartBacktest("run-1", ASKED)]
    second, waits = bench.ask(ASKED)
    assert (waits, second.text) == ([], "Backtest run-2 waits for its turn.")
    assert first.text == "Backtest run-1 runs."
    bench.at_ns += 10 * SECOND
    bench.take(BacktestMoved(run_id="run-1", progress=0.25))
    row = bench.rows()["run-1"]
    assert (row.progress, row.seconds_left) == (0.25, pytest.approx(30.0))
    assert row.asked == {"recording": "a.jsonl.zst", "least": "3"}
    effects = bench.take(BacktestMoved(run_id="run-1", ended=True, report='{"x":1}'))
    assert StartBacktest("run-2", ASKED) in effects
    assert bench.states() == ["done", "running"]
    assert bench.rows()["run-1"].report == '{"x":1}'


def test_a_canceled_run_makes_room_only_once_its_process_is_gone() -> None:
    bench = Bench()
    bench.ask(ASKED)
    bench.ask(ASKED)
    answer, effects = bench.ask(CancelBacktest(run_id="run-1"))
    assert (answer.outcome, effects) == (Outcomes.DONE, [StopBacktest("run-1")])
    assert bench.states() == ["canceled", "queued"]
    bench.take(BacktestMoved(run_id="run-1", ended=True, problem="it was canceled"))
    assert bench.states() == ["canceled", "running"]
    assert bench.ask(CancelBacktest(run_id="run-1"))[0].outcome is Outcomes.REFUSED
    bench.ask(ASKED)
    assert bench.ask(CancelBacktest(run_id="run-3"))[1] == []
    assert bench.states() == ["canceled", "running", "canceled"]


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (RunBacktest(strategy="--home=/etc", recording="a"), "is no strategy's name"),
        (RunBacktest(strategy="arbitrage"), "needs a recording"),
    ],
)
def test_what_could_not_run_is_refused(command: RunBacktest, words: str) -> None:
    answer, effects = Bench().ask(command)
    assert (answer.outcome, effects) == (Outcomes.REFUSED, [])
    assert words in answer.reasons[0].text


def test_only_so_many_wait_and_only_the_newest_are_kept() -> None:
    bench = Bench()
    answers = [bench.ask(ASKED)[0].outcome for _ in range(12)]
    assert answers == [Outcomes.DONE] * 11 + [Outcomes.REFUSED]
    for number in range(1, 40):
        bench.take(BacktestMoved(run_id=f"run-{number}", ended=True, report="{}"))
        bench.ask(ASKED)
    assert len(bench.rows()) == 20


CHILD = """
import json, sys, time
print(json.dumps({"progress": 0.5}), file=sys.stderr, flush=True)
mode = [w for w in sys.argv if w.startswith("--capital=")][0].partition("=")[2]
if mode == "fail":
    print("kalshi-desk: There is no recording b.", file=sys.stderr)
    sys.exit(1)
if mode == "hang":
    time.sleep(600)
print(json.dumps(sys.argv[1:]))
"""


@asynccontextmanager
async def laboratory(home: None = None) -> AsyncIterator[Bench]:
    bench = Bench()
    bench.runner = LabRunner(home, bench.take, command=(sys.executable, "-c", CHILD))
    try:
        yield bench
    finally:
        await bench.runner.close()


async def until(bench: Bench, run_id: str, *states: str) -> LabRow:
    async with asyncio.timeout(30):
        while bench.rows()[run_id].state not in states:
            await asyncio.sleep(0.01)
    return bench.rows()[run_id]


async def test_a_child_is_heard_and_its_report_kept() -> None:
    async with laboratory() as bench:
        bench.ask(RunBacktest(strategy="x", recording="-r", capital="good", parameters={"a": "1"}))
        row = await until(bench, "run-1", "done", "failed")
    assert (row.state, row.problem) == ("done", "")
    assert json.loads(row.report) == [
        *("backtest", "x", "--json", "--progress", "--recording=-r"),
        *("--capital=good", "--set=a=1"),
    ]


async def test_a_child_that_fails_says_why_and_the_next_one_runs() -> None:
    async with laboratory() as bench:
        bench.ask(RunBacktest(strategy="x", recording="r", capital="fail"))
        bench.ask(RunBacktest(strategy="x", recording="r", capital="good"))
        failed = await until(bench, "run-1", "failed")
        assert failed.problem == "There is no recording b."
        assert (await until(bench, "run-2", "done", "failed")).state == "done"


async def test_a_canceled_child_is_gone() -> None:
    async with laboratory() as bench:
        bench.ask(RunBacktest(strategy="x", recording="r", capital="hang"))
        async with asyncio.timeout(30):
            while bench.rows()["run-1"].progress < 0.5:
                await asyncio.sleep(0.01)
        bench.ask(CancelBacktest(run_id="run-1"))
        bench.ask(RunBacktest(strategy="x", recording="r", capital="good"))
        assert (await until(bench, "run-2", "done", "failed")).state == "done"
        assert bench.rows()["run-1"].state == "canceled"


async def test_a_child_that_can_not_be_started_is_a_problem_in_words() -> None:
    bench = Bench()
    bench.runner = LabRunner(None, bench.take, command=("/nowhere/python",))
    bench.ask(RunBacktest(strategy="x", recording="r"))
    row = await until(bench, "run-1", "failed")
    assert row.problem == "it could not be started: No such file or directory"
