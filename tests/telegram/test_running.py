"""A bridge process between a real engine on the practice exchange and the Bot API's server."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from kalshi_desk.store.paths import open_home
from kalshi_desk.telegram.checking import check
from kalshi_desk.telegram.machine_views import LOOKING, LOOKING_TOO
from kalshi_desk.telegram.settings import BridgeSettings
from tests.running_desk import RunningDesk, end, is_alive, shell, start_engine, wait_until
from tests.telegram.bot_server import TOKEN, BotServer, Message, serving
from tests.telegram.conftest import ANNA, EVE

pytestmark = [pytest.mark.long, pytest.mark.timeout(120)]
SECRET = TOKEN.partition(":")[2]
NAME = "desk_test_bot"


def settings_text(address: str, **more: str) -> str:
    lines = [f'server = "{address}"', *(f'{name} = "{value}"' for name, value in more.items())]
    users = f'[telegram.users]\n"{ANNA}" = "trade"'
    chats = f'[telegram.chats]\n"{ANNA}" = "trade"'
    return "\n".join(["[telegram]", *lines, users, chats]) + "\n"


@dataclass
class Running:
    """The desk, the server and the bridge between them."""

    desk: RunningDesk
    server: BotServer
    bridge: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start a bridge and wait until it serves."""
        self.bridge = subprocess.Popen(
            [
                *(sys.executable, "-m", "kalshi_desk", "telegram", "--json"),
                *("--home", str(self.desk.home.root)),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "TELEGRAM_BOT_TOKEN": TOKEN},
        )
        assert self.bridge.stdout is not None
        ready = json.loads(self.bridge.stdout.readline())
        assert (ready["guest"], ready["bot"]) == ("telegram", NAME)
        wait_until(lambda: "following engine" in self.log)

    def end(self, number: signal.Signals) -> tuple[int, str]:
        """End the bridge and return its exit code and what it said."""
        assert self.bridge is not None
        self.bridge.send_signal(number)
        out, err = self.bridge.communicate(timeout=15)
        return self.bridge.returncode, out + err

    @property
    def log(self) -> str:
        """What the bridge logged."""
        return (self.desk.home.logs / "telegram.log").read_text()

    def asks(self, text: str, words: str) -> Message:
        """Have Anna write, and return the answer."""
        after = self.server.last_number()
        self.server.write(ANNA, text)
        return self.server.wait_for(ANNA, words, after=after)

    def texts(self) -> str:
        """Everything that Anna sees."""
        return "\n".join(message.text for message in self.server.to(ANNA))

    def account(self) -> dict[str, Any]:
        """The desk's account by the exchange's own ledger."""
        found: dict[str, Any] = next(
            a for a in self.desk.ledger()["accounts"] if a["name"] == "desk"
        )
        return found


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    root: Path = tmp_path_factory.mktemp("telegram") / "home"
    with serving() as served:
        home = open_home(str(root))
        home.prepare()
        home.settings_path.write_text(settings_text(served.address))
        made = Running(start_engine(root), served.now)
        try:
            made.start()
            yield made
        finally:
            if made.bridge is not None and made.bridge.poll() is None:
                made.end(signal.SIGKILL)
            end(made.desk)


def a_market(desk: RunningDesk) -> dict[str, Any]:
    """Return a market with cent prices that one can buy into."""
    for row in desk.shell("markets"):
        quotes = [row["yes_bid"], row["yes_ask"]]
        if None in quotes or row["status"] != "active":
            continue
        bid, ask = (Decimal(quote) * 100 for quote in quotes)
        if bid > 15 and ask < 85 and ask - bid <= 5 and bid % 1 == 0 == ask % 1:
            return dict(row)
    raise AssertionError("the crowd makes no market to trade in")


def buy_two(running: Running) -> str:
    """Buy two contracts by words, again when the crowd was faster; returns the ticker."""
    for _ in range(10):
        market = a_market(running.desk)
        cents = int(Decimal(market["yes_ask"]) * 100) + 5
        asked = running.asks(f"/buy {market['ticker']} yes 2 @ {cents} --ioc", "Buy 2 YES")
        if "✔ Buy" not in asked.labels:
            continue
        assert "Fees now" in asked.text
        assert "practice exchange, no real money" in asked.text
        data = asked.button("Buy")
        for _ in range(2):
            running.server.tap(ANNA, asked, "", data=data)
        wait_until(lambda asked=asked: "Done." in asked.text or "Refused" in asked.text)
        if f"{market['ticker']}: 2 filled" in asked.text:
            return str(market["ticker"])
    raise AssertionError("nothing filled")


def test_a_confirmed_order_is_in_the_exchanges_own_ledger_once(running: Running) -> None:
    ticker = buy_two(running)
    held = running.account()["positions"]
    assert {name: Decimal(str(count)) for name, count in held.items()} == {ticker: 200}
    running.server.wait_for(ANNA, "Filled: buy")
    page = running.asks("/positions", "Positions (1)")
    assert f"{ticker} 2 YES at" in page.text
    cash = Decimal(running.desk.shell("balance")["cash"])
    balance = running.asks("/balance", "Cash")
    assert f"Cash ${cash:,.2f}" in balance.text


def test_every_page_is_read_from_a_real_engine(running: Running) -> None:
    for name in (*LOOKING, *LOOKING_TOO):
        page = running.asks(f"/{name}", "")
        assert "did not work" not in page.text, name
        assert "fault of its own" not in page.text, name


def test_an_order_is_picked_step_by_step_rests_and_is_cancelled(running: Running) -> None:
    market = a_market(running.desk)
    page = running.asks("/buy", "Which market?")
    running.server.write(ANNA, market["ticker"])
    wait_until(lambda: f"“{market['ticker']}”" in page.text)
    for label, words in (
        (page.labels[0], "Which side?"),
        ("YES", "How many"),
        ("5", "which price"),
    ):
        running.server.tap(ANNA, page, label)
        wait_until(lambda words=words: words in page.text)
    running.server.write(ANNA, "2")
    wait_until(lambda: "✔ Buy" in page.labels)
    assert "5 stay in the book" in page.text
    running.server.tap(ANNA, page, "Buy")
    wait_until(lambda: "Done." in page.text)
    assert [row["remaining"] for row in running.desk.shell("orders")] == ["5.00"]
    page = running.asks("/cancel", "which order?")
    running.server.tap(ANNA, page, "Buy 5 YES at 2¢")
    wait_until(lambda: "✔ Yes" in page.labels)
    running.server.tap(ANNA, page, "Yes")
    wait_until(lambda: "Done." in page.text)
    assert running.desk.shell("orders") == []


def test_a_limit_is_changed_by_a_confirmation(running: Running) -> None:
    asked = running.asks("/limit open_positions 17", "becomes 17")
    running.server.tap(ANNA, asked, "Yes")
    wait_until(lambda: "Done." in asked.text)
    rows = {row["name"]: row for row in running.desk.shell("risk")}
    assert rows["open_positions"]["allowed"] == 17
    running.server.wait_for(ANNA, "10 becomes 17", after=asked.number)


def test_a_stranger_gets_nothing_at_all(running: Running) -> None:
    running.server.write(EVE, "/panic")
    running.server.write(EVE, "/start")
    running.asks("/status", "Equity")
    assert running.server.to(EVE) == []
    assert f'[telegram.users] "{EVE}"' in running.log
    assert running.desk.shell("status")["risk"] == "ACTIVE"


def test_a_kill_in_the_middle_of_sending_loses_nothing_and_marks_the_repetition(
    running: Running,
) -> None:
    running.server.hang_on = "becomes 18"
    running.desk.shell("limit", "open_positions", "18")
    running.server.wait_for(ANNA, "becomes 18")
    running.desk.shell("limit", "open_positions", "19")
    running.end(signal.SIGKILL)
    running.server.hang_on = ""
    running.desk.shell("limit", "open_positions", "20")
    running.start()
    running.server.wait_for(ANNA, "becomes 20")
    told = running.texts()
    assert told.count("becomes 18") == 2
    assert told.count("becomes 19") == told.count("becomes 20") == 1
    (marked,) = (m for m in running.server.to(ANNA) if "Perhaps sent before" in m.text)
    assert "becomes 18" in marked.text


def test_telegrams_429_is_obeyed(running: Running) -> None:
    running.server.floods = [2]
    running.desk.shell("limit", "open_positions", "21")
    running.server.wait_for(ANNA, "becomes 21")
    assert running.server.early == 0
    assert running.texts().count("becomes 21") == 1


def test_a_sigterm_ends_the_long_poll_at_once_and_quietly(running: Running) -> None:
    began = time.monotonic()
    code, said = running.end(signal.SIGTERM)
    running.start()
    assert code == 0
    assert "Traceback" not in said
    assert time.monotonic() - began < 15


def test_a_second_bridge_of_the_same_home_waits_and_gives_up(running: Running) -> None:
    environment = {**os.environ, "TELEGRAM_BOT_TOKEN": TOKEN}
    script = (
        "import sys, kalshi_desk.cli.telegram as t; t.LOCK_PATIENCE_S = 0.3;"
        "from kalshi_desk.cli.main import main; sys.exit(main(sys.argv[1:]))"
    )
    home = str(running.desk.home.root)
    done = subprocess.run(
        [sys.executable, "-c", script, "telegram", "--home", home],
        capture_output=True,
        text=True,
        env=environment,
        timeout=30,
        check=False,
    )
    assert done.returncode == 3
    assert "Another Telegram bridge runs on this home" in done.stderr


def test_the_check_says_what_works_and_what_does_not(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN", TOKEN)
    done = shell(running.desk.home, "telegram", "check")
    assert done.returncode == 0, done
    assert f"ok  token: It is that of @{NAME}." in done.stdout
    assert f"ok  chat {ANNA}: private P{ANNA}, may trade." in done.stdout


async def test_what_would_not_work_is_named(running: Running) -> None:
    server = running.server
    settings = BridgeSettings(users={"7": "view"}, chats={"8": "view"}, server=server.address)
    server.gone = {8}
    found = await check(TOKEN, settings)
    server.gone = set()
    assert [finding.what for finding in found if not finding.is_good] == ["chat 8"]
    wrong = await check(TOKEN.replace("4711", "4712"), settings)
    assert [f.text for f in wrong if not f.is_good] == [
        "Telegram refuses the token: ask @BotFather for another."
    ]
    nobody = await check(TOKEN, BridgeSettings(server="http://127.0.0.1:9"))
    assert [finding.what for finding in nobody] == ["server", "list"]
    assert not any(TOKEN in finding.text for finding in (*found, *wrong, *nobody))


def test_a_panic_by_telegram_cancels_everything_and_halts(running: Running) -> None:
    market = a_market(running.desk)
    running.desk.shell("buy", market["ticker"], "yes", "3", "@", "2")
    asked = running.asks("/panic", "PANIC")
    running.server.tap(ANNA, asked, "PANIC")
    wait_until(lambda: "All orders are canceled, verified. HALTED." in asked.text)
    assert running.desk.shell("status")["risk"] == "HALTED"
    assert not any(order for order in running.account().get("orders", []))
    assert running.desk.shell("orders") == []
    running.server.wait_for(ANNA, "HALTED", after=asked.number)


@pytest.mark.soak
def test_a_killed_engine_is_survived_told_and_a_panic_works_without_it(running: Running) -> None:
    exchange = int(running.desk.exchange["pid"])
    running.desk.kill()
    page = running.asks("/status", "The engine does not answer")
    asked = running.asks("/panic", "PANIC")
    running.server.tap(ANNA, asked, "PANIC")
    wait_until(lambda: "Done." in asked.text, 30)
    root = running.desk.home.root
    assert root is not None
    running.desk = start_engine(root)
    assert is_alive(exchange)
    running.server.wait_for(ANNA, "The engine has started anew", after=page.number)
    running.asks("/status", "HALTED")


def test_nothing_that_was_written_holds_the_token(running: Running) -> None:
    home = running.desk.home.root
    assert home is not None
    secret = SECRET.encode()
    held = [path for path in home.rglob("*") if path.is_file() and secret in path.read_bytes()]
    assert held == []
    assert running.bridge is not None
    assert SECRET not in Path(f"/proc/{running.bridge.pid}/cmdline").read_text()
