"""The practice exchange as a process: start it or find it again, watch it, end it.

It runs in a session of its own, so that it and its resting orders outlive a killed
engine; where it can be reached stands in a file under the home, written whole.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import IO

import httpx
import msgspec

from kalshi_desk.core.errors import Retry
from kalshi_desk.core.ports import Clock
from kalshi_desk.engine.clock import ScaledClock
from kalshi_desk.store.files import PRIVATE_FILE, cannot_write, write_whole
from kalshi_desk.store.paths import Home
from kalshi_desk.store.setting_env import without_secrets
from kalshi_desk.store.settings import PracticeSettings

START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 5.0
IDLE_S = 60
"""The exchange ends by itself this long after its engine was last heard."""
_PROBE_TIMEOUT_S = 2.0
_POLL_S = 0.25
_DELAYS_S = (0.2, 0.5, 1.0, 2.0, 5.0)


class ExchangeAddress(msgspec.Struct, frozen=True, kw_only=True):
    """The ready line of the practice exchange; ``news`` is its feed of news."""

    rest: str
    ws: str
    admin: str
    key_id: str
    private_key_path: str
    news: str = ""


class _Running(msgspec.Struct, frozen=True, kw_only=True):
    """A ready line with the process that said it, as kept on disk."""

    pid: int
    address: ExchangeAddress
    clock: str = ""


class PracticeExchange:
    """The one practice exchange of a home; ``command`` replaces how it is started."""

    def __init__(
        self,
        home: Home,
        practice: PracticeSettings,
        *,
        command: Sequence[str] | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._home = home
        self._command = list(command) if command else _command(home, practice)
        self._clock = clock.argument() if isinstance(clock, ScaledClock) else ""
        if self._clock:
            self._command += ["--clock", self._clock]
        self._child: subprocess.Popen[bytes] | None = None
        self._running: _Running | None = None

    @property
    def pid(self) -> int | None:
        """The process that runs the exchange, None before the start."""
        return self._running.pid if self._running else None

    @property
    def was_started(self) -> bool:
        """Whether this object started the exchange, rather than found it running."""
        return self._child is not None

    async def start(self) -> ExchangeAddress:
        """Return where the exchange can be reached, starting one when none answers.

        Raises ``Retry`` with its last words when it does not come up.
        """
        running = self._saved()
        if running is not None and not await self._answers(running):
            running = None
        if running is not None and running.clock != self._clock:
            # Nobody could sign for an exchange whose time is another.
            self._running = running
            await self.stop()
            running = None
        self._running = running or await self._spawn()
        return self._running.address

    async def find(self) -> ExchangeAddress:
        """Return where the exchange can be reached; raises ``Retry`` when none answers."""
        running = self._saved()
        if running is None or not await self._answers(running):
            raise Retry(
                "The practice exchange does not answer.",
                code="exchange_failed",
                money="No real money is involved.",
            )
        self._running = running
        return running.address

    async def watch(self, on_change: Callable[[ExchangeAddress | None, str], None]) -> None:
        """Restart the exchange whenever it dies, until cancelled.

        ``on_change`` hears None and why when it is gone, and the new address when it is back.
        """
        while True:
            while self._is_alive():
                await asyncio.sleep(_POLL_S)
            on_change(None, "The practice exchange has ended; it is being started again.")
            for attempt in range(sys.maxsize):
                try:
                    address = await self.start()
                except Retry as error:
                    on_change(None, str(error))
                    await asyncio.sleep(_DELAYS_S[min(attempt, len(_DELAYS_S) - 1)])
                else:
                    on_change(address, "The practice exchange is back.")
                    break

    async def stop(self) -> None:
        """End the exchange and wait until it is gone, by force when it does not go."""
        running, self._running = self._running, None
        if running is None:
            return
        end = getattr(signal, "SIGKILL", signal.SIGTERM)
        for number in (signal.SIGTERM, end):
            if self._child is None and not (_exists(running.pid) and await self._answers(running)):
                break
            with contextlib.suppress(OSError):
                os.kill(running.pid, number)
            if await self._gone(running.pid):
                break
        self._child = None
        self._home.exchange_ready_path.unlink(missing_ok=True)

    def _saved(self) -> _Running | None:
        try:
            data = self._home.exchange_ready_path.read_bytes()
            saved = msgspec.json.decode(data, type=_Running)
        except (OSError, msgspec.MsgspecError):
            return None
        return saved if _exists(saved.pid) else None

    async def _answers(self, running: _Running) -> bool:
        """Ask whether it is up, at the address whose secret only this exchange knows."""
        try:
            async with httpx.AsyncClient(timeout=_PROBE_TIMEOUT_S, trust_env=False) as client:
                answer = await client.get(f"{running.address.admin}/health")
        except httpx.HTTPError:
            return False
        return answer.status_code == httpx.codes.OK

    async def _spawn(self) -> _Running:
        child = self._popen()
        stdout = child.stdout
        assert stdout is not None
        reading = asyncio.create_task(asyncio.to_thread(stdout.readline))
        try:
            async with asyncio.timeout(START_TIMEOUT_S):
                line = await asyncio.shield(reading)
            address = msgspec.json.decode(line, type=ExchangeAddress)
        except (TimeoutError, msgspec.MsgspecError) as error:
            child.kill()
            child.wait()
            raise self._failed() from error
        except BaseException:
            child.kill()
            child.wait()
            raise
        self._child = child
        running = _Running(pid=child.pid, address=address, clock=self._clock)
        write_whole(self._home.exchange_ready_path, msgspec.json.encode(running))
        return running

    def _popen(self) -> subprocess.Popen[bytes]:
        path = self._home.exchange_log
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE_FILE)
        except OSError as error:
            raise cannot_write(path, error) from error
        with os.fdopen(handle, "wb") as log:
            return _start_detached(self._command, log)

    def _failed(self) -> Retry:
        try:
            lines = self._home.exchange_log.read_text("utf-8", errors="replace").split("\n")
        except OSError:
            lines = []
        words = next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")
        return Retry(
            f"The practice exchange does not start: {words[:300]}",
            code="exchange_failed",
            money="No real money is involved.",
            todo=f"More is in {self._home.exchange_log}.",
        )

    def _is_alive(self) -> bool:
        if self._child is not None:
            return self._child.poll() is None
        return self._running is not None and _exists(self._running.pid)

    async def _gone(self, pid: int) -> bool:
        loop = asyncio.get_running_loop()
        give_up = loop.time() + STOP_TIMEOUT_S
        while loop.time() < give_up:
            if self._child is not None:
                if self._child.poll() is not None:
                    return True
            elif not _exists(pid):
                return True
            await asyncio.sleep(0.02)
        return False


def _command(home: Home, practice: PracticeSettings) -> list[str]:
    sizes = [("--markets", practice.markets), ("--rate", practice.rate)]
    return [
        sys.executable,
        "-m",
        "kalshi_desk.cli.main",
        "exchange",
        "--port",
        "0",
        "--seed",
        str(practice.seed),
        "--json",
        "--home",
        str(home.exchange_folder),
        "--state",
        str(home.exchange_state_path),
        "--until-idle-s",
        str(IDLE_S),
        *(word for name, value in sizes if value for word in (name, str(value))),
    ]


def _start_detached(command: list[str], log: IO[bytes]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=log,
        start_new_session=True,
        env=without_secrets(os.environ),
    )


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
