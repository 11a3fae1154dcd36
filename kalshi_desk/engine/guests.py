"""The guests of the desk, the API and the bridge: child processes that no order waits for.

A guest is ``python -m kalshi_desk.cli.main NAME …`` with ``GUEST_VARIABLE`` set.  It ends
when its standard input does, and so with the engine, also when that is killed.  It says one
line on standard output when it serves, which faces then see; what it says on standard error
is kept in a file of its own.  A guest that ends is started again: soon, later, and after
:data:`GIVE_UP` starts in a row that came to nothing only once in :data:`SLOW_S`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kalshi_desk.core.events import CoreEvent
from kalshi_desk.core.ports import Clock
from kalshi_desk.core.text import clean
from kalshi_desk.desk.frames import Level
from kalshi_desk.desk.service_frames import GuestRow
from kalshi_desk.engine.guest_desk import GuestMoved
from kalshi_desk.store.files import PRIVATE_FILE
from kalshi_desk.store.paths import GUEST_VARIABLE

DELAYS_S = (0.2, 1.0, 3.0, 10.0)
GIVE_UP = 5
SLOW_S = 60.0
STEADY_S = 20.0
"""A guest that lived so long did not fail at its start; a silent one counts as running."""
STOP_S = 1.5
LOG_BYTES = 2_000_000
_WORDS = 300
_LAST_BYTES = 4_096
_KEPT = frozenset(
    {
        *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TMPDIR"),
        *("VIRTUAL_ENV", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "KALSHI_DESK_HOME"),
        *("SSL_CERT_FILE", "SSL_CERT_DIR"),
    }
)
_KEPT_BEGINNINGS = ("LC_", "XDG_", "PYTHON", "COVERAGE_")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestPlan:
    """How one guest is started.

    ``command`` is the whole command; ``log`` takes its standard error.  Of the environment
    a guest gets what every program needs and what begins with one of ``needs``: no key.
    ``handles`` are open files that it inherits under the same number.
    """

    name: str
    title: str
    command: tuple[str, ...]
    log: Path
    needs: tuple[str, ...] = ()
    handles: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long guests are waited for, seconds; tests have less of it."""

    delays_s: tuple[float, ...] = DELAYS_S
    slow_s: float = SLOW_S
    steady_s: float = STEADY_S
    stop_s: float = STOP_S


class Guest:
    """Keeps one guest as a person wants it: off, or running."""

    def __init__(
        self,
        plan: Callable[[], GuestPlan],
        name: str,
        take: Callable[[CoreEvent], None],
        clock: Clock,
        patience: Patience,
    ) -> None:
        self.name = name
        self._plan = plan
        self._take = take
        self._clock = clock
        self._patience = patience
        self._wanted = asyncio.Event()
        self._changed = asyncio.Event()
        self._failures = 0
        self._restarts = 0
        self._was_lost = False
        self._told: tuple[str, str, int] | None = None

    def switch(self, on: bool) -> None:
        """Start or end the guest."""
        (self._wanted.set if on else self._wanted.clear)()
        self._changed.set()

    def renew(self) -> None:
        """Start the guest again, for settings that it reads only then."""
        self._changed.set()

    async def run(self) -> None:
        """Keep the guest until cancelled."""
        self._row("off", "")
        while True:
            await self._wanted.wait()
            self._changed.clear()
            began = asyncio.get_running_loop().time()
            problem = await self._one_life()
            if not self._wanted.is_set():
                self._failures, self._was_lost = 0, False
                self._row("off", "")
                continue
            if problem is None:
                self._failures = 0
                continue
            lived_s = asyncio.get_running_loop().time() - began
            self._failures = 1 if lived_s >= self._patience.steady_s else self._failures + 1
            self._restarts += 1
            await self._pause(self._tell_of(problem))

    def _tell_of(self, problem: str) -> float:
        """Say that the guest has ended and return how long to wait before the next start."""
        plan, delays_s = self._plan(), self._patience.delays_s
        if self._failures < GIVE_UP:
            delay_s = delays_s[min(self._failures, len(delays_s)) - 1]
            if self._failures == 1:
                self._was_lost = True
                self._row(
                    *("starting", problem),
                    level=Level.WARNING,
                    title=f"{plan.title} has ended",
                    words=f"{problem}. It is started again; trading does not depend on it.",
                )
            else:
                self._row("starting", problem)
            return delay_s
        is_new = self._failures == GIVE_UP
        self._was_lost = True
        self._row(
            *("failing", problem),
            level=Level.ERROR,
            title=f"{plan.title} keeps failing" if is_new else "",
            words=f"{problem}. It is tried once in {self._patience.slow_s:g} s from now on; more "
            f"is in {plan.log}. Trading does not depend on it.",
        )
        return self._patience.slow_s

    async def _pause(self, delay_s: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(delay_s):
                await self._changed.wait()

    async def _one_life(self) -> str | None:
        """Run one process to its end; return why it ended, None when it was told to."""
        plan = self._plan()
        self._row("starting", "")
        try:
            process = await _start(plan)
        except (OSError, ValueError) as error:
            return f"its process could not be started: {error}"
        try:
            return await self._attend(plan, process)
        finally:
            await _end(process, self._patience.stop_s)

    async def _attend(self, plan: GuestPlan, process: asyncio.subprocess.Process) -> str | None:
        assert process.stdout is not None
        first: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        ending = asyncio.create_task(process.wait())
        changing = asyncio.create_task(self._changed.wait())
        hearing = asyncio.create_task(_hear(process.stdout, first))
        waiting: set[asyncio.Future[Any]] = {ending, changing, first}
        patience_s: float | None = self._patience.steady_s
        try:
            while True:
                done, _ = await asyncio.wait(
                    waiting, timeout=patience_s, return_when=asyncio.FIRST_COMPLETED
                )
                if changing in done:
                    return None
                if ending in done:
                    return _why(process.returncode or 0, plan.log)
                if first in done:
                    waiting.discard(first)
                    is_trusted = self._failures < GIVE_UP
                    self._serves(plan, process.pid, first.result(), is_trusted=is_trusted)
                else:
                    # What has lived so long is taken to run, also when it says nothing.
                    said = first.result() if first.done() else ""
                    self._serves(plan, process.pid, said, is_trusted=True)
                    patience_s = None
        finally:
            for task in (ending, changing, hearing):
                task.cancel()

    def _serves(self, plan: GuestPlan, pid: int, said: str, *, is_trusted: bool) -> None:
        """Show that it runs; what has failed again and again is only trusted after a while."""
        is_back = self._was_lost and is_trusted
        self._was_lost &= not is_trusted
        title = f"{plan.title} is back" if is_back else ""
        self._row("running", said, pid=pid, level=Level.GOOD, title=title)

    def _row(
        self,
        state: str,
        text: str,
        *,
        pid: int = 0,
        level: Level = Level.INFO,
        title: str = "",
        words: str = "",
    ) -> None:
        row = GuestRow(
            name=self.name,
            state=state,
            text=text,
            pid=pid,
            restarts=self._restarts,
            since_ns=self._clock.now_ns(),
        )
        told = (state, text, pid)
        if title or (state in {"running", "failing"} and told != self._told):
            _log.info("guest %s is %s: %s", self.name, state, text)
        self._told = told
        self._take(GuestMoved(row=row, level=level, title=title, text=words))


class Guests:
    """All guests of one engine."""

    def __init__(
        self,
        take: Callable[[CoreEvent], None],
        clock: Clock,
        patience: Patience | None = None,
    ) -> None:
        self._take = take
        self._clock = clock
        self._patience = patience or Patience()
        self._guests: dict[str, Guest] = {}

    def add(self, name: str, plan: Callable[[], GuestPlan], *, on: bool) -> None:
        """Have a guest; ``plan`` is asked anew for each start."""
        guest = Guest(plan, name, self._take, self._clock, self._patience)
        guest.switch(on)
        self._guests[name] = guest

    def switch(self, name: str, on: bool) -> None:
        """Start or end a guest; one that is not there is none of ours."""
        if name in self._guests:
            self._guests[name].switch(on)

    def renew(self, name: str) -> None:
        """Start a guest again so that it reads its settings anew."""
        if name in self._guests:
            self._guests[name].renew()

    async def run(self, after: Awaitable[object]) -> None:
        """Keep all guests until cancelled, from when ``after`` is over: the engine goes first."""
        with contextlib.suppress(Exception):
            await after
        await asyncio.gather(*(self._keep(guest) for guest in self._guests.values()))

    async def _keep(self, guest: Guest) -> None:
        while True:
            try:
                await guest.run()
            except Exception:
                # A fault in keeping one must reach neither the engine nor the other guests.
                _log.exception("guest %s could not be kept", guest.name)
                await asyncio.sleep(self._patience.slow_s)


def environment(needs: tuple[str, ...], env: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return what a guest gets of the environment: what programs need, and its own."""
    beginnings = (*_KEPT_BEGINNINGS, *needs)
    kept = os.environ if env is None else env
    return {
        name: value for name, value in kept.items() if name in _KEPT or name.startswith(beginnings)
    }


def module_command(name: str, home: Path | None, *words: str) -> tuple[str, ...]:
    """Return the command of a guest that is a branch of this program."""
    at = () if home is None else ("--home", str(home))
    return (sys.executable, "-m", "kalshi_desk.cli.main", name, *words, *at)


async def _start(plan: GuestPlan) -> asyncio.subprocess.Process:
    with contextlib.suppress(OSError):
        if plan.log.stat().st_size > LOG_BYTES:
            plan.log.replace(plan.log.with_name(f"{plan.log.name}.1"))
    handle = os.open(plan.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, PRIVATE_FILE)
    try:
        return await asyncio.create_subprocess_exec(
            *plan.command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=handle,
            env={**environment(plan.needs), GUEST_VARIABLE: plan.name},
            pass_fds=plan.handles,
            # Ctrl+C in the engine's terminal is the engine's, which then ends its guests.
            start_new_session=True,
        )
    finally:
        os.close(handle)


async def _hear(stream: asyncio.StreamReader, first: asyncio.Future[str]) -> None:
    """Pass the first line on, and let whatever else is said go by."""
    try:
        line = await stream.readline()
    except ValueError:
        line = b"it talks too much"
    if line and not first.done():
        first.set_result(clean(line.decode("utf-8", "replace"))[:_WORDS])
    while await stream.read(_LAST_BYTES):
        pass


async def _end(process: asyncio.subprocess.Process, patience_s: float) -> None:
    """Let a guest end by itself, then by request, then by force."""
    if process.stdin is not None:
        process.stdin.close()
    for number in (None, signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            if number is not None:
                process.send_signal(number)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience_s):
                await process.wait()
                return


def _why(code: int, log: Path) -> str:
    """Return how a guest ended and its last words."""
    how = f"it was ended by signal {-code}" if code < 0 else f"it ended with code {code}"
    try:
        with log.open("rb") as stream:
            stream.seek(max(0, stream.seek(0, os.SEEK_END) - _LAST_BYTES))
            lines = stream.read().decode("utf-8", "replace").splitlines()
    except OSError:
        lines = []
    said = next((clean(line) for line in reversed(lines) if line.strip()), "")
    said = said.removeprefix("kalshi-desk: ").rstrip(".")
    # Old words of the file must not explain a process that was killed.
    return f"{how} ({said[:_WORDS]})" if said and code > 0 else how
