"""Guests of the engine: kept alive, given up loudly, ended with it, and never in its way."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from kalshi_desk.core.events import CoreEvent
from kalshi_desk.desk.commands import Outcomes
from kalshi_desk.desk.frames import EventKind, Level
from kalshi_desk.desk.service import GuestSays
from kalshi_desk.desk.service_frames import GuestRow
from kalshi_desk.engine.clock import WallClock
from kalshi_desk.engine.core import TradingCore
from kalshi_desk.engine.effects import GiveAnswer, Notify
from kalshi_desk.engine.guest_desk import MOST_WORDS, WORDS_NS, GuestMoved
from kalshi_desk.engine.guest_house import ApiDoor, GuestHouse, listen
from kalshi_desk.engine.guests import (
    GIVE_UP,
    LOG_BYTES,
    GuestPlan,
    Guests,
    Patience,
    environment,
)
from kalshi_desk.engine.inputs import CommandReceived
from kalshi_desk.engine.state import CoreSettings
from kalshi_desk.engine.topics import build
from kalshi_desk.store.paths import open_home
from kalshi_desk.store.service_settings import ApiSettings
from kalshi_desk.store.settings import Settings
from tests.running_desk import is_alive

SERVES = "import sys; print('here I am', flush=True); sys.stdin.read()"
DIES = "import sys; print('no such token', file=sys.stderr); sys.exit(3)"
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True)\n"
    "while True: time.sleep(1)"
)
CHATTY = "import sys\nprint('up', flush=True)\nwhile True: print('x' * 10_000)"
QUICK = Patience(delays_s=(0.01, 0.02), slow_s=0.4, steady_s=30.0, stop_s=0.3)


class House:
    """Guests and what was told of them."""

    def __init__(self, folder: Path, patience: Patience = QUICK) -> None:
        self.folder = folder
        self.told: list[GuestMoved] = []
        self._news = asyncio.Event()
        self.guests = Guests(self._take, WallClock(), patience)

    def _take(self, event: CoreEvent) -> None:
        assert isinstance(event, GuestMoved)
        self.told.append(event)
        self._news.set()

    def add(self, script: str, *, on: bool = True, handles: tuple[int, ...] = ()) -> None:
        plan = GuestPlan(
            name="guest",
            title="The guest",
            command=(sys.executable, "-c", script),
            log=self.folder / "guest.log",
            handles=handles,
        )
        self.guests.add("guest", lambda: plan, on=on)

    @property
    def row(self) -> GuestRow:
        return self.told[-1].row

    @property
    def said(self) -> list[tuple[Level, str]]:
        return [(event.level, event.title) for event in self.told if event.title]

    async def until(self, is_true: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not is_true():
                self._news.clear()
                await self._news.wait()

    async def runs(self, but: int = 0) -> GuestRow:
        await self.until(lambda: self.row.state == "running" and self.row.pid != but)
        return self.row

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Keep the guests for the length of a block."""
        task = asyncio.create_task(self.guests.run(asyncio.sleep(0)))
        try:
            await self.until(lambda: bool(self.told))
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def test_a_guest_that_runs_on_is_logged_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    house = House(tmp_path, Patience(delays_s=(0.01,), slow_s=0.1, steady_s=0.3, stop_s=0.3))
    house.add(SERVES)
    async with house.open():
        await house.runs()
        # It is said again where it has lived so long that it is trusted.
        await house.until(lambda: sum(e.row.state == "running" for e in house.told) == 2)
    assert [r.message for r in caplog.records if "is running" in r.message] == [
        "guest guest is running: here I am"
    ]


async def test_a_guest_runs_is_killed_and_comes_back(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.add(SERVES)
    async with house.open():
        first = await house.runs()
        assert first.text == "here I am"
        assert first.restarts == 0
        assert house.said == []
        os.kill(first.pid, signal.SIGKILL)
        second = await house.runs(but=first.pid)
        assert second.restarts == 1
        assert house.said == [
            (Level.WARNING, "The guest has ended"),
            (Level.GOOD, "The guest is back"),
        ]
        words = next(event.text for event in house.told if event.level is Level.WARNING)
        assert "signal 9" in words
    assert not is_alive(second.pid)


async def test_one_that_never_comes_up_is_given_up_loudly_once_and_tried_slowly(
    tmp_path: Path,
) -> None:
    house = House(tmp_path)
    house.add(DIES)
    async with house.open():
        await house.until(lambda: house.row.restarts == GIVE_UP + 1)
    errors = [event for event in house.told if event.level is Level.ERROR and event.title]
    assert len(errors) == 1
    assert errors[0].title == "The guest keeps failing"
    assert "no such token" in errors[0].text
    assert "guest.log" in errors[0].text
    assert errors[0].row.state == "failing"


async def test_what_failed_and_is_mended_is_trusted_after_a_while(tmp_path: Path) -> None:
    patience = Patience(delays_s=(0.01,), slow_s=0.1, steady_s=1.0, stop_s=0.3)
    house = House(tmp_path, patience)
    mended = tmp_path / "mended"
    house.add(f"import os\nif not os.path.exists({str(mended)!r}): raise SystemExit(1)\n{SERVES}")
    async with house.open():
        await house.until(lambda: house.row.state == "failing")
        mended.touch()
        await house.runs()
        assert house.said[-1] == (Level.ERROR, "The guest keeps failing")
        await house.until(lambda: house.said[-1] == (Level.GOOD, "The guest is back"))
        assert house.row.state == "running"


async def test_it_is_switched_and_renewed_as_settings_say(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.add(SERVES, on=False)
    async with house.open():
        assert house.row.state == "off"
        house.guests.switch("guest", True)
        first = await house.runs()
        house.guests.renew("guest")
        second = await house.runs(but=first.pid)
        assert not is_alive(first.pid)
        house.guests.switch("guest", False)
        await house.until(lambda: house.row.state == "off")
        assert not is_alive(second.pid)
        assert house.said == []
        house.guests.switch("nobody", True)


async def test_one_that_will_not_go_is_ended_by_force(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.add(STUBBORN)
    async with house.open():
        row = await house.runs()
    assert not is_alive(row.pid)


async def test_one_that_talks_without_end_is_not_held_up(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.add(CHATTY)
    async with house.open():
        row = await house.runs()
        assert row.text == "up"
    assert not is_alive(row.pid)


async def test_one_that_cannot_be_started_hurts_nobody(tmp_path: Path) -> None:
    house = House(tmp_path)
    plan = GuestPlan(name="bad", title="Bad", command=("/nonexistent",), log=tmp_path / "bad.log")
    house.guests.add("bad", lambda: plan, on=True)
    house.add(SERVES)
    async with house.open():
        await house.until(
            lambda: {"failing", "running"} <= {event.row.state for event in house.told}
        )


def test_a_guest_gets_no_key() -> None:
    env = {
        "PATH": "/bin",
        "LC_ALL": "C",
        "PYTHONPATH": "/x",
        "KALSHI_DESK_HOME": "/home",
        "KALSHI_API_KEY": "secret",
        "KALSHI_PRIVATE_KEY_PATH": "/secret",
        "TELEGRAM_BOT_TOKEN": "secret",
        "AWS_SECRET_ACCESS_KEY": "secret",
    }
    assert set(environment((), env)) == {"PATH", "LC_ALL", "PYTHONPATH", "KALSHI_DESK_HOME"}
    assert "TELEGRAM_BOT_TOKEN" in environment(("TELEGRAM_",), env)


async def test_its_log_is_its_own_and_does_not_grow_for_ever(tmp_path: Path) -> None:
    log = tmp_path / "guest.log"
    log.write_bytes(b"x" * (LOG_BYTES + 1))
    house = House(tmp_path)
    house.add(DIES)
    async with house.open():
        await house.until(lambda: house.row.restarts == 1)
    assert "no such token" in log.read_text()
    assert log.stat().st_mode & 0o077 == 0
    assert (tmp_path / "guest.log.1").stat().st_size > LOG_BYTES


def test_the_door_takes_the_next_free_port_and_keeps_callers_waiting() -> None:
    first = listen(0)
    port = first.getsockname()[1]
    second = listen(port)
    assert 0 < second.getsockname()[1] - port <= 50
    door = ApiDoor(0)
    assert door.url is None
    handle = door.open()
    assert door.open() == handle
    assert door.url is not None
    waiting = socket.create_connection(("127.0.0.1", int(door.url.split(":")[2].split("/")[0])))
    script = f"import socket; s = socket.socket(fileno={handle}); s.accept()[0].sendall(b'late')"
    subprocess.run([sys.executable, "-c", script], pass_fds=(handle,), check=True, timeout=20)
    assert waiting.recv(10) == b"late"
    door.shut()
    for sock in (first, second, waiting):
        sock.close()


def test_the_core_passes_words_of_guests_on_but_not_without_end() -> None:
    core = TradingCore(CoreSettings())
    row = GuestRow(name="api", state="running", text="", pid=1, restarts=0, since_ns=5)
    effects = core.step(GuestMoved(row=row, level=Level.GOOD, title="Back", text="it is"), 5)
    assert [e.event.kind for e in effects if isinstance(e, Notify)] == [EventKind.GUEST]
    assert core.step(GuestMoved(row=row), 6) == []
    assert build(core.state, "guests") == {"api": row}

    def say(number: int, now_ns: int) -> tuple[bool, Outcomes]:
        command = GuestSays(
            guest="telegram", level=Level.WARNING, title="A \x1b[31mstranger", text="x" * 5_000
        )
        found = core.step(CommandReceived(f"c{number}", command), now_ns)
        told = [e.event for e in found if isinstance(e, Notify)]
        assert all(e.title == "telegram: A [31mstranger" and len(e.text) == 600 for e in told)
        answers = [e.answer.outcome for e in found if isinstance(e, GiveAnswer)]
        return bool(told), answers[0]

    for number in range(MOST_WORDS):
        assert say(number, 100 + number) == (True, Outcomes.DONE)
    assert say(50, 200) == (False, Outcomes.REFUSED)
    assert say(51, 200 + WORDS_NS) == (True, Outcomes.DONE)


async def test_a_changed_setting_opens_and_shuts_the_api(tmp_path: Path) -> None:
    home = open_home(str(tmp_path / "home"))
    home.prepare()
    settings = Settings(api=ApiSettings(port=0))
    off = Settings(api=ApiSettings(port=0, enabled=False))
    told: list[str | None] = []
    house = GuestHouse(
        home, settings, lambda event: None, WallClock(), has_api=False, has_bridge=False
    )
    house.announce = told.append
    assert house.url is None
    assert not home.api_token_path.exists()
    house.apply("api.enabled", settings)
    assert house.url is not None
    assert home.api_token_path.exists()
    house.apply("api.enabled", settings)
    house.apply("risk.position_percent", off)
    assert told == [house.url]
    house.apply("api.enabled", off)
    assert (house.url, told[1:]) == (None, [None])
    house.apply("telegram.enabled", settings)
    house.apply("telegram.language", settings)
    house.close()
