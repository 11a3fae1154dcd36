"""Backtests that people start from a face: one at a time, the others wait their turn."""

from __future__ import annotations

import msgspec

from kalshi_desk.core.events import CoreEvent
from kalshi_desk.core.reasons import ReasonCode
from kalshi_desk.desk.automation import CancelBacktest, RunBacktest
from kalshi_desk.desk.automation_frames import LabRow
from kalshi_desk.desk.commands import Outcomes
from kalshi_desk.desk.frames import EventKind, Level, Row
from kalshi_desk.engine.commanding import Commanding
from kalshi_desk.engine.effects import Effect
from kalshi_desk.engine.outbox import Outbox
from kalshi_desk.engine.state import CoreState
from kalshi_desk.engine.topics import WHOLE

QUEUED, RUNNING, DONE, FAILED, CANCELED = "queued", "running", "done", "failed", "canceled"
MOST_WAITING = 10
KEPT_RUNS = 20
_LEAST_PROGRESS = 0.01
_SECOND_NS = 1_000_000_000


class StartBacktest(Effect, frozen=True):
    """Run a backtest in a process of its own."""

    run_id: str
    command: RunBacktest


class StopBacktest(Effect, frozen=True):
    """End the process of a backtest."""

    run_id: str


class BacktestMoved(CoreEvent, frozen=True, kw_only=True):
    """How far a backtest is; with ``ended`` its report, or the problem that ended it."""

    run_id: str
    progress: float = 0.0
    ended: bool = False
    report: str = ""
    problem: str = ""


class Lab:
    """Starts, counts and ends backtests; the row of each is what faces draw."""

    def __init__(self, state: CoreState, outbox: Outbox, commanding: Commanding) -> None:
        self._rows = state.lab
        self._state = state
        self._outbox = outbox
        self._commanding = commanding
        self._commands: dict[str, RunBacktest] = {}
        self._runs = 0
        commanding.others[RunBacktest] = self._run
        commanding.others[CancelBacktest] = self._cancel

    def moved(self, event: BacktestMoved) -> None:
        """Take how far a run is; one that was canceled stays so, whatever its process said."""
        row = self._rows.get(event.run_id)
        if row is None or row.state not in (RUNNING, CANCELED):
            return
        if not event.ended:
            if row.state == RUNNING:
                self._change(row, progress=event.progress, seconds_left=self._left(row, event))
            return
        if row.state == RUNNING:
            self._finish(row, event)
        self._commands.pop(event.run_id, None)
        self._start_next()

    def _finish(self, row: LabRow, event: BacktestMoved) -> None:
        is_good = bool(event.report) and not event.problem
        self._change(
            row,
            state=DONE if is_good else FAILED,
            progress=1.0 if is_good else row.progress,
            seconds_left=None,
            report=event.report,
            problem="" if is_good else event.problem or "it ended without a report",
        )
        self._outbox.say(
            self._state.now_ns,
            EventKind.SYSTEM,
            Level.GOOD if is_good else Level.WARNING,
            f"Backtest of {row.strategy} {'done' if is_good else 'failed'}",
            "" if is_good else event.problem,
        )

    def _left(self, row: LabRow, event: BacktestMoved) -> float | None:
        """Return the seconds left if it goes on as it did, None before that can be said."""
        if event.progress < _LEAST_PROGRESS:
            return None
        gone_s = (self._state.now_ns - row.started_ns) / _SECOND_NS
        return gone_s * (1.0 - event.progress) / event.progress

    def _run(self, name: str, command: RunBacktest) -> None:
        problem = _why_not(command)
        waiting = [row for row in self._rows.values() if row.state == QUEUED]
        if len(waiting) >= MOST_WAITING:
            problem = f"{MOST_WAITING} backtests wait already; cancel one first."
        if problem:
            self._commanding.refuse(name, ReasonCode.BAD_COMMAND, problem)
            return
        self._runs += 1
        run_id = f"run-{self._runs}"
        self._commands[run_id] = command
        self._rows[run_id] = LabRow(
            run_id=run_id,
            strategy=command.strategy,
            recording=command.recording,
            state=QUEUED,
            progress=0.0,
            started_ns=0,
            seconds_left=None,
            asked=_asked(command),
            problem="",
            report="",
        )
        self._start_next()
        is_running = self._rows[run_id].state == RUNNING
        text = f"Backtest {run_id} {'runs' if is_running else 'waits for its turn'}."
        self._commanding.answer(name, Outcomes.DONE, text)
        self._forget()

    def _start_next(self) -> None:
        """Start the one that waits longest once no process of another is left."""
        if any(self._rows[run_id].state != QUEUED for run_id in self._commands):
            return
        for run_id, command in self._commands.items():
            self._change(self._rows[run_id], state=RUNNING, started_ns=self._state.now_ns)
            self._outbox.do(StartBacktest(run_id, command))
            return

    def _cancel(self, name: str, command: CancelBacktest) -> None:
        row = self._rows.get(command.run_id)
        if row is None or row.state not in (QUEUED, RUNNING):
            text = f"There is no backtest {command.run_id} that runs or waits."
            self._commanding.refuse(name, ReasonCode.BAD_COMMAND, text)
            return
        if row.state == RUNNING:
            # Its process is still to end: only then may the next begin.
            self._outbox.do(StopBacktest(row.run_id))
        else:
            del self._commands[row.run_id]
        self._change(row, state=CANCELED, seconds_left=None)
        self._commanding.answer(name, Outcomes.DONE, f"Backtest {row.run_id} is canceled.")

    def _change(self, row: LabRow, **changes: object) -> None:
        self._rows[row.run_id] = msgspec.structs.replace(row, **changes)

    def _forget(self) -> None:
        """Keep the newest runs only."""
        over = [run_id for run_id in self._rows if run_id not in self._commands]
        for run_id in over[: max(0, len(self._rows) - KEPT_RUNS)]:
            del self._rows[run_id]


def _why_not(command: RunBacktest) -> str:
    if not command.strategy.isidentifier():
        return f"{command.strategy!r} is no strategy's name."
    if not (command.recording or command.start or command.end):
        return "A backtest needs a recording, or dates that select from the recordings."
    return ""


def _asked(command: RunBacktest) -> dict[str, str]:
    given = {
        "recording": command.recording,
        "from": command.start,
        "to": command.end,
        "capital": command.capital,
        "fill model": command.fill_model,
        **command.parameters,
    }
    return {name: value for name, value in given.items() if value}


def lab_rows(state: CoreState, _rest: str) -> dict[str, Row]:
    """Return the row of every run, by its id."""
    return dict(state.lab)


WHOLE["lab"] = lab_rows
