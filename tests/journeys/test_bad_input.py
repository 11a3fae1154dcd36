"""Every kind of bad input through the real processes: a sentence or two, and nothing touched."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kalshi_desk.core.events import LinkState
from kalshi_desk.core.types import MarketStatus
from kalshi_desk.desk.frames import MarketRow, OrderRow, StatusView
from kalshi_desk.store.journal import Journal
from kalshi_desk.store.paths import open_home
from tests.journeys.seat import a_market, administer, end_all, exchange_record, listed, rows_of
from tests.journeys.terminal import open_desk
from tests.running_desk import RunningDesk, is_alive, running_desk, shell, wait_until

pytestmark = pytest.mark.long

MAX_LINES = 2
COMMAND_S = 60.0


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDesk]:
    """One running desk for what is refused by it, where an order may cost more than there is."""
    root = tmp_path_factory.mktemp("bad") / "home"
    root.mkdir()
    (root / "settings.toml").write_text("[risk]\nmax_order_contracts = 100000\n")
    with running_desk(root) as running:
        yield running


@pytest.fixture(scope="module")
def ticker(desk: RunningDesk) -> str:
    """A market that one could trade in."""
    return a_market(desk.home)


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    """A home that nothing runs on; nothing runs on it afterwards."""
    yield tmp_path / "home"
    end_all(tmp_path / "home")


def run(*words: str) -> subprocess.CompletedProcess[str]:
    """Run ``kalshi-desk`` with these words."""
    return subprocess.run(
        [sys.executable, "-m", "kalshi_desk", *words],
        capture_output=True,
        text=True,
        timeout=COMMAND_S,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def says(
    done: subprocess.CompletedProcess[str], code: int, *words: str, lines: int = MAX_LINES
) -> None:
    """Check the exit code, and that at most two lines say what is wrong with these words."""
    said = done.stderr.strip()
    assert done.returncode == code, f"exit code {done.returncode}: {said or done.stdout}"
    assert "Traceback" not in done.stdout + done.stderr
    assert 1 <= len(said.splitlines()) <= lines, said
    for word in words:
        assert word.casefold() in said.casefold(), said


def is_linked(desk: RunningDesk) -> bool:
    """Whether the engine talks to its exchange."""
    status = rows_of(desk.home, "status")[""]
    return isinstance(status, StatusView) and status.link is LinkState.LIVE


def prints(folder: Path) -> dict[str, str]:
    """Return a fingerprint of every file below a folder."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


ORDERS = {
    "unknown ticker": (("buy", "NOSUCH-26-X", "yes", "1", "@", "50"), 1, "NOSUCH-26-X"),
    "off the grid": (("buy", "{ticker}", "yes", "1", "@", "45.5"), 1, "45.5"),
    "zero size": (("buy", "{ticker}", "yes", "0", "@", "45"), (1, 2), "0"),
    "negative size": (("buy", "{ticker}", "yes", "-5", "@", "45"), (1, 2), ""),
    "decimals of a size": (("buy", "{ticker}", "yes", "1.005", "@", "45"), (1, 2), "1.005"),
    "decimals of a price": (("buy", "{ticker}", "yes", "1", "@", "45.123"), (1, 2), "45.123"),
    "price of a dollar": (("buy", "{ticker}", "yes", "1", "@", "100"), (1, 2), "100"),
    "no number": (("buy", "{ticker}", "yes", "many", "@", "45"), 2, "many"),
    "no side": (("buy", "{ticker}", "maybe", "1", "@", "45"), 2, ""),
    "unfinished": (("buy", "{ticker}", "yes"), 2, "usage"),
    "not enough cash": (("buy", "{ticker}", "yes", "60000", "@", "{ask}"), 1, "$"),
    "too large": (("buy", "{ticker}", "yes", "200000", "@", "2"), 1, "100,000"),
    "unknown order": (("cancel", "no-such-order"), 1, "no-such-order"),
    "nothing to sell": (("sell", "{ticker}", "yes", "1", "@", "45"), 1, "hold"),
    "unknown flag": (("buy", "{ticker}", "yes", "1", "@", "45", "--hurry"), 2, "--hurry"),
}
LINES = {"not enough cash": 8, "too large": 8}
"""What is far too much breaks the limits of what may be lost as well: each has its line."""


@pytest.mark.parametrize("name", ORDERS)
def test_an_order_that_cannot_be(desk: RunningDesk, ticker: str, name: str) -> None:
    words, codes, said = ORDERS[name]
    row = rows_of(desk.home, "markets")[ticker]
    assert isinstance(row, MarketRow)
    ask = f"{row.yes_ask or 0:d}"[:2]
    filled_in = [word.format(ticker=ticker, ask=ask) for word in words]
    done = shell(desk.home, *filled_in)
    assert done.returncode in (codes if isinstance(codes, tuple) else (codes,)), done.stderr
    says(done, done.returncode, said, lines=LINES.get(name, MAX_LINES))
    assert rows_of(desk.home, "fills") == {}
    orders = rows_of(desk.home, "orders").values()
    assert [row for row in orders if isinstance(row, OrderRow) and row.order_id] == []


def test_a_closed_market(desk: RunningDesk, ticker: str) -> None:
    administer(desk.home, "market", ticker=ticker, active=False)

    def is_inactive() -> bool:
        row = rows_of(desk.home, "markets")[ticker]
        return isinstance(row, MarketRow) and row.status is MarketStatus.INACTIVE

    wait_until(is_inactive)
    says(shell(desk.home, "buy", ticker, "yes", "1", "@", "45"), 1, "inactive")
    administer(desk.home, "market", ticker=ticker, active=True)


def test_two_engines_on_one_home(desk: RunningDesk) -> None:
    before = desk.home.ready_path.read_bytes()
    done = shell(desk.home, "engine", "--venue", "practice")
    says(done, 1, str(desk.process.pid))
    assert desk.home.ready_path.read_bytes() == before
    assert desk.shell("status")["engine_pid"] == desk.process.pid


def test_no_engine(root: Path) -> None:
    for words in (("status",), ("buy", "X", "yes", "1", "@", "45"), ("cancel", "all")):
        says(run(*words, "--home", str(root)), 3, "kalshi-desk", "engine")
    assert not root.exists()


def test_a_port_that_is_taken(root: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        says(run("exchange", "--port", str(port)), 2, str(port), "--port")


@pytest.mark.parametrize(
    "text",
    [b"[risk]\ncollar_cents = 'ten'\n", b"[risk\n", b"[tui]\nrate_hz = 500\n", b"\xff\xfe\x00"],
)
@pytest.mark.parametrize("words", [("engine",), ()])
def test_unreadable_settings(root: Path, text: bytes, words: tuple[str, ...]) -> None:
    root.mkdir()
    (root / "settings.toml").write_bytes(text)
    if words:
        done = run(*words, "--home", str(root))
        says(done, 1, "settings.toml")
    else:
        with open_desk(root) as terminal:
            assert terminal.wait_end() == 1
            seen = terminal.text
        assert "settings.toml" in seen.replace("\n", "")
        assert "Traceback" not in seen
    assert (root / "settings.toml").read_bytes() == text
    assert not list(root.rglob("*.sqlite3"))


def test_a_journal_from_a_newer_version(root: Path) -> None:
    home = open_home(str(root))
    home.prepare()
    path = home.journal_path("practice")
    Journal(path, durable=True).close()
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA user_version = 999")
    database.close()
    before = prints(home.data)
    says(run("engine", "--home", str(root)), 1, "newer", path.name)
    assert prints(home.data) == before
    with open_desk(root) as terminal:
        terminal.wait_for("newer")
        assert "Traceback" not in terminal.text
    assert prints(home.data) == before


def test_a_folder_where_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    before = prints(tmp_path)
    says(run("engine", "--home", str(tmp_path / "file" / "home")), 1, "write")
    says(run("exchange", "--home", str(tmp_path / "file" / "home"), "--port", "0"), 2, "--key-dir")
    with open_desk(tmp_path / "file" / "home") as terminal:
        assert terminal.wait_end() == 1
        assert "write" in terminal.text
        assert "Traceback" not in terminal.text
    assert prints(tmp_path) == before


def test_a_terminal_that_is_too_small(desk: RunningDesk) -> None:
    assert desk.home.root is not None
    with open_desk(desk.home.root, columns=50, rows=10) as terminal:
        seen = terminal.wait_for("This terminal is 50x10")
        assert "60x20" in seen
        assert "Ctrl+Q quits" in seen


GARBAGE = {
    "noise": os.urandom(4096),
    "text": b"this is no recording\n" * 50,
    "empty": b"",
    "half": b'{"ts": 1, "frame": {"type": "orderbook_snap',
}


@pytest.mark.parametrize("name", GARBAGE)
def test_a_garbage_recording(tmp_path: Path, name: str) -> None:
    """Frames that can't be read are counted and skipped; a file that holds none is refused."""
    for ending in (".jsonl", ".jsonl.gz"):
        path = tmp_path / f"{name}{ending}"
        path.write_bytes(GARBAGE[name])
        done = run("replay", str(path), "--headless", "--json")
        assert "Traceback" not in done.stdout + done.stderr
        assert path.read_bytes() == GARBAGE[name]
        if done.returncode:
            says(done, 1, path.name)
        else:
            found = json.loads(done.stdout)
            assert found["unreadable"] == found["frames"]
            assert found["markets"] == {}


def test_an_exchange_killed_in_the_middle(root: Path) -> None:
    """The desk says that it lost the exchange, starts it again, and knows its order."""
    with running_desk(root) as desk:
        ticker = a_market(desk.home)
        placed = desk.shell("buy", ticker, "yes", "3", "@", "2")
        pid = int(exchange_record(desk.home)["pid"])
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not is_alive(pid))
        wait_until(lambda: int(exchange_record(desk.home)["pid"]) != pid, 30)
        wait_until(lambda: is_linked(desk), 30)
        orders = listed(desk.home, "orders")
        assert [row["order_id"] for row in orders] == [placed["order_id"]]
        again = desk.shell("buy", ticker, "yes", "2", "@", "2")
        assert again["remaining"] == "2.00"
        assert desk.process.poll() is None
