"""Starting, killing, stopping, and panic without an engine, with real processes."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import psutil
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from kalshi_desk.core.records import Order, OrderState
from kalshi_desk.core.types import BookSide, Count, Price
from kalshi_desk.store.journal import Journal
from kalshi_desk.store.live_switch import PHRASE
from kalshi_desk.store.paths import open_home
from kalshi_desk.store.secrets import save_key
from tests.cli.conftest import Desk
from tests.cli.test_running import buy_some, rest_one

pytestmark = pytest.mark.long

RESTING = Order(
    order_id="paper-order-1",
    client_order_id="c",
    ticker="M",
    side=BookSide.BID,
    price=Price(4_000),
    initial_count=Count(100),
    filled=Count(0),
    remaining=Count(100),
    state=OrderState.RESTING,
)


def make_key(home: Path, venue: str) -> None:
    """Put a key where a venue looks for it."""
    pem = Ed25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    save_key(open_home(str(home)), venue, "key-id", pem)


def test_a_killed_engine_comes_back_with_its_orders_and_positions(fresh: Desk) -> None:
    engine = fresh.start()
    ticker, _ = buy_some(fresh)
    resting = rest_one(fresh).data["order_id"]
    before = fresh.run("positions", "--json").data
    fills = fresh.run("fills", "--json").data
    os.kill(engine.pid, signal.SIGKILL)
    engine.wait(timeout=10)
    gone = fresh.run("status", "--json")
    assert (gone.code, gone.data["outcome"]) == (3, "unreachable")

    again = fresh.start()
    assert [row["order_id"] for row in fresh.run("orders", "--json").data] == [resting]
    after = fresh.run("positions", "--json").data
    same = ("ticker", "position", "average_price", "realized_pnl", "fees")
    assert [[row[name] for name in same] for row in after] == [
        [row[name] for name in same] for row in before
    ]
    assert [row["trade_id"] for row in fresh.run("fills", "--json").data] == [
        row["trade_id"] for row in fills
    ]
    assert ticker in {row["ticker"] for row in after}

    stopped = fresh.run("stop", "--orders", "cancel", "--json")
    assert stopped.code == 0, stopped
    again.wait(timeout=10)
    _, alive = psutil.wait_procs(fresh.processes(), timeout=10)
    assert alive == []
    assert fresh.run("stop").code == 3


def test_panic_without_an_engine_cancels_at_the_exchange_and_leaves_halted(fresh: Desk) -> None:
    engine = fresh.start()
    rest_one(fresh)
    os.kill(engine.pid, signal.SIGKILL)
    engine.wait(timeout=10)

    done = fresh.run("panic", "--json")
    assert (done.code, done.data["outcome"]) == (0, "done"), done
    journal = Journal(fresh.home / "data" / "journal-practice.sqlite3", durable=False)
    assert journal.halted_reason() == "panic"
    journal.close()

    again = fresh.start()
    status = fresh.run("status", "--json").data
    assert status["risk"] == "HALTED"
    assert fresh.run("orders", "--json").data == []
    assert fresh.run("stop").code == 0
    again.wait(timeout=10)


@pytest.mark.parametrize(
    "words",
    [
        ("status",),
        ("markets",),
        ("buy", "FED", "yes", "1", "@", "50"),
        ("cancel", "all"),
        ("flatten", "all"),
        ("resume",),
        ("stop",),
    ],
)
def test_without_an_engine_commands_start_nothing_and_say_what_to_do(
    bare: Desk, words: tuple[str, ...]
) -> None:
    done = bare.run(*words, "--json")
    assert done.code == 3
    assert "Start it with: kalshi-desk" in done.err
    assert done.data["outcome"] == "unreachable"
    assert not bare.home.exists()


def test_the_desk_without_a_terminal_says_so(bare: Desk) -> None:
    done = bare.run()
    assert done.code == 1
    assert "terminal" in done.err
    assert not bare.home.exists()


def test_unreadable_settings_stop_the_engine_and_stay_as_they_were(bare: Desk) -> None:
    bare.home.mkdir()
    settings = bare.home / "settings.toml"
    settings.write_text("[risk]\ncollar_cents = 0\n")
    done = bare.run("engine", "--venue", "practice", "--json")
    assert done.code == 1
    assert "line 2" in done.err
    assert settings.read_text() == "[risk]\ncollar_cents = 0\n"


@pytest.mark.parametrize("venue", ["demo", "live"])
def test_a_venue_without_its_key_is_never_played_by_another(bare: Desk, venue: str) -> None:
    done = bare.run("engine", "--venue", venue, "--json")
    assert (done.code, done.data["outcome"]) == (1, "refused")
    assert f"no key for {venue}" in done.err


def test_live_needs_its_key_and_typed_words_and_ends_at_once(bare: Desk) -> None:
    make_key(bare.home, "live")
    without = bare.run("engine", "--venue", "live", "--json")
    assert without.code == 1
    assert "not switched on" in without.err
    assert bare.run("live", "on", typed="yes\n").code == 1
    assert "LIVE is off" in bare.run("live").out
    assert bare.run("live", "on", typed=f"{PHRASE}\n").code == 0
    assert "LIVE is on since" in bare.run("live").out
    assert bare.run("live", "off").code == 0
    assert bare.run("engine", "--venue", "live").code == 1


def test_a_panic_on_paper_ends_the_orders_that_the_next_engine_would_restore(bare: Desk) -> None:
    bare.home.mkdir()
    (bare.home / "settings.toml").write_text('venue = "paper"\n')
    path = bare.home / "data" / "journal-paper.sqlite3"
    path.parent.mkdir()
    journal = Journal(path, durable=False)
    journal.write([RESTING])
    journal.close()
    done = bare.run("panic", "--json")
    assert (done.code, done.data["outcome"]) == (0, "done")
    journal = Journal(path, durable=False)
    assert [order.state for order in journal.orders()] == [OrderState.CANCELED]
    assert journal.halted_reason() == "panic"
    journal.close()


def test_panic_without_a_key_says_so_and_still_leaves_halted(bare: Desk) -> None:
    bare.home.mkdir()
    (bare.home / "settings.toml").write_text('venue = "demo"\n')
    done = bare.run("panic", "--json")
    assert (done.code, done.data["outcome"]) == (4, "unknown")
    assert "no key for demo" in done.err
    assert "HALTED stands" in done.err
    journal = Journal(bare.home / "data" / "journal-demo.sqlite3", durable=True)
    assert journal.halted_reason() == "panic"
    journal.close()


def test_a_newer_journal_stops_the_engine_and_stays_as_it_was(bare: Desk) -> None:
    path = bare.home / "data" / "journal-practice.sqlite3"
    path.parent.mkdir(parents=True)
    Journal(path, durable=True).close()
    raw = bytearray(path.read_bytes())
    raw[60:64] = (999).to_bytes(4, "big")
    path.write_bytes(raw)
    done = bare.run("engine", "--venue", "practice", "--json")
    assert done.code == 1
    assert "newer" in done.err
    assert path.read_bytes() == raw


def test_a_home_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    done = Desk(tmp_path / "file" / "home").run("engine", "--json")
    assert done.code == 1
    assert "Can't write" in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize("words", [("replay", "nothing.jsonl.gz", "--headless", "--json")])
def test_a_missing_recording_is_one_sentence(bare: Desk, words: tuple[str, ...]) -> None:
    done = bare.run(*words)
    assert done.code == 1
    assert "no recording" in done.err


def test_a_fault_of_our_own_leaves_its_traceback_in_a_log(
    bare: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from kalshi_desk.cli import calls
    from kalshi_desk.cli.main import main

    def broken(*_: object) -> int:
        raise ZeroDivisionError("a fault")

    monkeypatch.setattr(calls, "run", broken)
    assert main(["buy", "FED", "yes", "1", "@", "50", "--home", str(bare.home)]) == 4
    assert main(["status", "--home", str(bare.home)]) == 1
    said = capsys.readouterr().err
    assert "ZeroDivisionError" not in said
    assert "desk.log" in said
    assert "ZeroDivisionError: a fault" in (bare.home / "logs" / "desk.log").read_text()
