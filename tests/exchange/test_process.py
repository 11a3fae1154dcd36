"""The exchange as a process: ready line, state after kill -9, clean ends, refusals in one line."""

from __future__ import annotations

import signal
import socket
import sqlite3
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kalshi_desk.exchange.main import run
from tests.exchange.client import Exchange, start_process

Refused = Callable[..., str]
BRIEF = ("--history-min", "2", "--rule", "read_lag_ms=0")


@pytest.fixture
def refused(capsys: pytest.CaptureFixture[str]) -> Refused:
    """Return how a start that must fail is explained: one line, exit code 2, nothing else."""

    def start(*options: str) -> str:
        assert run(["--json", *options]) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert err.count("\n") == 1, err
        return err

    return start


def public_state(exchange: Exchange) -> dict[str, Any]:
    """Return what anybody and the account's owner can see."""
    books = {}
    markets = exchange.http.get("/markets?limit=1000").json()["markets"]
    for start in range(0, len(markets), 100):
        query = "&".join(f"tickers={m['ticker']}" for m in markets[start : start + 100])
        for row in exchange.http.get(f"/markets/orderbooks?{query}").json()["orderbooks"]:
            books[row["ticker"]] = row["orderbook_fp"]
    balance = exchange.get("/portfolio/balance")
    del balance["updated_ts"]
    return {
        "books": books,
        "balance": balance,
        "orders": exchange.get("/portfolio/orders")["orders"],
        "fills": exchange.get("/portfolio/fills")["fills"],
        "positions": exchange.get("/portfolio/positions"),
        "queue": exchange.get("/portfolio/orders/queue_positions?event_ticker=KXRECSSNBER-27DEC27"),
        "ledger": exchange.admin("ledger"),
    }


def test_a_killed_exchange_comes_back_the_same(tmp_path: Path) -> None:
    options = ("--state", str(tmp_path / "x.sqlite"), "--key-dir", str(tmp_path / "keys"))
    first = Exchange(*BRIEF, *options)
    ticker = first.quiet_market()["ticker"]
    assert first.order(ticker, "bid", "0.0200", "7").status_code == 201
    bought = first.order(ticker, "bid", "0.9500", "3", time_in_force="immediate_or_cancel")
    assert bought.json()["fill_count"] == "3.00"
    deadline = time.monotonic() + 10
    while first.admin("health")["step"] < 10 and time.monotonic() < deadline:
        time.sleep(0.05)
    first.order(ticker, "ask", "0.9800", "1.5")
    first.admin("pause")
    before = public_state(first)
    assert first.stop(kill=True) == -signal.SIGKILL
    second = Exchange(*BRIEF, *options)
    assert second.ready["key_id"] == first.ready["key_id"]
    assert public_state(second) == before
    step = second.admin("health")["step"]
    assert second.stop() == 0
    third = Exchange(*BRIEF, *options)
    assert third.admin("health")["step"] >= step
    assert public_state(third) == before
    third.admin("resume")
    gone = third.call("DELETE", "/portfolio/events/orders")
    assert gone.status_code == 204
    assert third.admin("ledger")["holds"] is True
    assert third.stop() == 0


def test_a_state_file_belongs_to_one_process(tmp_path: Path, refused: Refused) -> None:
    state = str(tmp_path / "x.sqlite")
    running = Exchange(*BRIEF, "--state", state)
    assert "in use by another practice exchange" in refused("--state", state)
    assert running.stop() == 0


def test_foreign_and_newer_state_files_are_left_alone(tmp_path: Path, refused: Refused) -> None:
    garbage = tmp_path / "garbage"
    garbage.write_bytes(b"these are not the bytes of a database " * 50)
    kept = garbage.read_bytes()
    assert "not a practice exchange state file" in refused("--state", str(garbage))
    assert garbage.read_bytes() == kept
    other = tmp_path / "other.sqlite"
    database = sqlite3.connect(other)
    database.execute("CREATE TABLE notes (text)")
    database.close()
    kept = other.read_bytes()
    assert "not a practice exchange state file" in refused("--state", str(other))
    assert other.read_bytes() == kept
    newer = tmp_path / "newer.sqlite"
    database = sqlite3.connect(newer)
    database.execute("PRAGMA user_version=99")
    database.close()
    kept = newer.read_bytes()
    assert "newer version" in refused("--state", str(newer))
    assert newer.read_bytes() == kept


def test_a_taken_port_says_what_to_do(refused: Refused) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert "choose another with --port" in refused("--port", str(port))
        assert "choose another with --ws-port" in refused("--ws-port", str(port))


def test_usage_errors(refused: Refused) -> None:
    assert "--speed" in refused("--speed", "0")
    assert "ISO 8601" in refused("--start", "tomorrow")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_end_it_cleanly_and_the_private_key_goes_with_it(number: signal.Signals) -> None:
    running = Exchange(*BRIEF)
    key = Path(running.ready["private_key_path"])
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert stat.S_IMODE(key.parent.stat().st_mode) == 0o700
    running.process.send_signal(number)
    out, err = running.process.communicate(timeout=10)
    assert (running.process.returncode, out, err) == (0, "", "")
    assert not key.parent.exists()
    running.http.close()


def test_it_ends_when_nobody_came_for_long_enough() -> None:
    running = Exchange(*BRIEF, "--until-idle-s", "0.6")
    assert running.ready.keys() >= {"rest", "ws", "admin", "key_id", "private_key_path", "pid"}
    assert running.ready["pid"] == running.process.pid
    assert running.process.wait(10) == 0
    assert running.stop() == 0


def test_rsa_keys_and_another_start_time(tmp_path: Path) -> None:
    running = Exchange(*BRIEF, "--key-type", "rsa", "--home", str(tmp_path), "--seed", "3")
    assert running.get("/portfolio/positions")["market_positions"] == []
    assert Path(running.ready["private_key_path"]).is_relative_to(tmp_path)
    assert running.stop() == 0
    assert (tmp_path / "practice" / "exchange.sqlite").exists()


def test_the_ready_line_for_people() -> None:
    process = start_process(*BRIEF, "--port", "0")
    assert process.stdout is not None
    words = process.stdout.readline() + process.stdout.readline()
    assert "Practice exchange ready at http://127.0.0.1:" in words
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=10)[0] == ""
    assert process.returncode == 0


def test_time_can_be_moved_forward() -> None:
    running = Exchange(*BRIEF)
    markets = running.http.get("/markets?series_ticker=KXETH5M&status=open").json()["markets"]
    old = markets[0]["ticker"]
    running.admin("advance", seconds=420)
    market = running.http.get(f"/markets/{old}").json()["market"]
    assert market["status"] in {"closed", "determined", "finalized"}
    deadline = time.monotonic() + 5
    now: list[dict[str, str]] = []
    while not now:  # A new market is unknown to reads for a moment.
        assert time.monotonic() < deadline
        now = running.http.get("/markets?series_ticker=KXETH5M&status=open").json()["markets"]
    assert len(now) == 1
    assert now[0]["ticker"] != old
    assert running.get("/portfolio/positions")["market_positions"] == []
    assert running.stop() == 0
