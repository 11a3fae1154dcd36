"""The processes of backtests: started niced beside the engine, heard, and ended with it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

from kalshi_desk.core.events import CoreEvent
from kalshi_desk.core.text import clean
from kalshi_desk.desk.automation import RunBacktest
from kalshi_desk.engine.lab import BacktestMoved, StartBacktest, StopBacktest
from kalshi_desk.store.setting_env import without_secrets

STOP_S = 3.0
_WORDS = 500
_log = logging.getLogger(__name__)


class _Progress(msgspec.Struct):
    progress: float


_progress = msgspec.json.Decoder(_Progress)


class LabRunner:
    """Runs ``kalshi-desk backtest`` as a child for each start, and tells how it goes.

    ``command`` is how the child is started, before its own words; tests give another.
    """

    def __init__(
        self,
        home: Path | None,
        take: Callable[[CoreEvent], None],
        *,
        command: tuple[str, ...] = (sys.executable, "-m", "kalshi_desk"),
    ) -> None:
        self._home = home
        self._take = take
        self._command = command
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def perform(self, effect: StartBacktest | StopBacktest) -> None:
        """Start a run, or end its process; its end is told either way."""
        if isinstance(effect, StartBacktest):
            task = asyncio.create_task(self._run(effect))
            self._tasks[effect.run_id] = task
            task.add_done_callback(lambda done: self._tasks.pop(effect.run_id, None))
        elif effect.run_id in self._tasks:
            self._tasks[effect.run_id].cancel()

    async def close(self) -> None:
        """End every process."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, effect: StartBacktest) -> None:
        run_id, said = effect.run_id, ""
        report, problem = "", "it was canceled"
        process: asyncio.subprocess.Process | None = None
        try:
            process = await asyncio.create_subprocess_exec(
                *self._command,
                *_words(effect.command, self._home),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env=without_secrets(os.environ),
            )
            assert process.stdout is not None
            assert process.stderr is not None
            reading = asyncio.create_task(process.stdout.read())
            said = await self._hear(run_id, process.stderr)
            report = (await reading).decode("utf-8", "replace").strip()
            problem = _problem(await process.wait(), said)
        except OSError as error:
            problem = f"it could not be started: {error.strerror}"
        except ValueError:
            _log.exception("a backtest said what can't be read")
            problem = "it said what can't be read"
        finally:
            if process is not None:
                await _end(process)
            moved = BacktestMoved(
                run_id=run_id, ended=True, report="" if problem else report, problem=problem
            )
            self._take(moved)

    async def _hear(self, run_id: str, stream: asyncio.StreamReader) -> str:
        """Tell the progress line by line, and return what else was said, the end of it."""
        words: list[str] = []
        while line := await stream.readline():
            try:
                progress = _progress.decode(line).progress
            except msgspec.MsgspecError:
                words.append(clean(line.decode("utf-8", "replace")).removeprefix("kalshi-desk: "))
                del words[:-3]
            else:
                self._take(BacktestMoved(run_id=run_id, progress=min(max(progress, 0.0), 1.0)))
        return " ".join(word.strip() for word in words)[:_WORDS]


def _words(command: RunBacktest, home: Path | None) -> list[str]:
    """Return the child's own words; each value is tied to its option, whatever it begins with."""
    words = ["backtest", command.strategy, "--json", "--progress"]
    for option, value in (
        ("--recording", command.recording),
        ("--from", command.start),
        ("--to", command.end),
        ("--capital", command.capital),
        ("--fill-model", command.fill_model),
    ):
        if value:
            words.append(f"{option}={value}")
    words += [f"--set={name}={value}" for name, value in command.parameters.items()]
    if home is not None:
        words.append(f"--home={home}")
    return words


def _problem(code: int, said: str) -> str:
    if code == 0:
        return ""
    if code < 0:
        return f"its process was ended by signal {-code}"
    return said or f"its process ended with code {code}"


async def _end(process: asyncio.subprocess.Process) -> None:
    """End a process that still runs: politely, then for good."""
    if process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        async with asyncio.timeout(STOP_S):
            await process.wait()
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
