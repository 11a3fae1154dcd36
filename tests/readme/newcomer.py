"""Someone who types what the README says, on a home of their own, without a network."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from kalshi_desk.store.paths import Home, open_home
from tests.journeys.terminal import Terminal, clean_environment
from tests.news.headlines import planted
from tests.telegram.bot_server import TOKEN

HERE = Path(__file__).parent
LEAST_LEFT_S = 900
"""A market that closes sooner could close under a test's hands."""
_OURS = ("KALSHI", "TELEGRAM", "BANKROLL", "TRADE_", "MAX_", "STOP_", "NEWS_", "STAT_")


@dataclass
class Newcomer:
    """A home, what runs on it, and the hands that type."""

    root: Path
    bot_server: str = ""
    engine: subprocess.Popen[str] | None = None
    _markets: list[dict[str, Any]] = field(default_factory=list)
    _protected: str = ""

    @property
    def home(self) -> Home:
        """The home that every command goes to."""
        return open_home(str(self.root / "home"))

    @property
    def environment(self) -> dict[str, str]:
        """The environment of every process: of the caller's settings and keys nothing."""
        kept = {
            name: value
            for name, value in clean_environment().items()
            if not name.startswith(_OURS) and not name.endswith("_THRESHOLD")
        }
        return {
            **kept,
            "HOME": str(self.root),
            "KALSHI_DESK_HOME": str(self.home.root),
            "TELEGRAM_BOT_TOKEN": TOKEN,
            "PYTHONPATH": os.pathsep.join((str(HERE / "only_loopback"), str(HERE.parents[1]))),
            "PATH": os.pathsep.join((str(self._programs()), os.environ["PATH"])),
        }

    def _programs(self) -> Path:
        """Return a folder where the program stands under the name that the README uses."""
        program = self.root / "programs" / "kalshi-desk"
        if not program.exists():
            program.parent.mkdir(parents=True, exist_ok=True)
            program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m kalshi_desk "$@"\n')
            program.chmod(0o755)
        return program.parent

    # --- typing -------------------------------------------------------------------------

    def prepare(self) -> None:
        """Make the home, and let a bridge that is started by hand find its server."""
        self.home.prepare()
        people = '[telegram.users]\n"101" = "trade"\n[telegram.chats]\n"101" = "trade"\n'
        bridge = f'[telegram]\nserver = "{self.bot_server}"\n{people}'
        self.home.settings_path.write_text(f"[risk]\nopen_positions = 100\n{bridge}")
        self.home.settings_path.chmod(0o600)

    def run(
        self, command: Sequence[str], typed: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=60,
            cwd=self.root,
            env=self.environment,
            input=typed or "",
            check=False,
        )

    def types(self, *words: str, code: int = 0, typed: str | None = None) -> str:
        """Run a command of the desk; returns what it says, and fails where it ends otherwise."""
        done = self.run(["kalshi-desk", *words], typed)
        told = f"kalshi-desk {' '.join(words)}\n{done.stdout}{done.stderr}"
        assert done.returncode == code, told
        assert "Traceback" not in told, told
        return done.stdout

    def asks(self, *words: str) -> Any:
        """Return what a command says as JSON."""
        return json.loads(self.types(*words, "--json"))

    def starts(self, *words: str) -> subprocess.Popen[str]:
        """Start a command that goes on."""
        return subprocess.Popen(
            ["kalshi-desk", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.root,
            env=self.environment,
            start_new_session=True,
        )

    def sits_down(self, *words: str) -> Terminal:
        """Run a command in a terminal."""
        return Terminal(["kalshi-desk", *words], environment=self.environment)

    # --- the engine ---------------------------------------------------------------------

    def start_engine(self, *words: str) -> dict[str, Any]:
        """Start an engine and return its ready line."""
        self.engine = self.starts("engine", "--json", *words)
        assert self.engine.stdout is not None
        line = self.engine.stdout.readline()
        assert line, self.engine.stderr and self.engine.stderr.read()
        ready: dict[str, Any] = json.loads(line)
        return ready

    def leave(self) -> None:
        """End the engine and whatever it started."""
        if self.engine is not None:
            ends(self.engine)
            self.engine = None

    # --- what stands for the README's words ---------------------------------------------

    def market(self, near_cents: int | None = None) -> dict[str, Any]:
        """Return a market with a price on both sides, a new one each time."""
        if near_cents is not None:
            rows = [r for r in self.asks("markets") if is_liquid(r)]
            return min(rows, key=lambda row: abs(cents(row, "yes_ask") - near_cents))
        if not self._markets:
            self._markets = [row for row in self.asks("markets") if is_liquid(row)]
        return self._markets.pop()

    def ticker(self) -> str:
        """Return the ticker of such a market."""
        return str(self.market()["ticker"])

    def held(self, outcome: str = "yes", count: str = "5") -> dict[str, Any]:
        """Buy in a new market and return the market."""
        for _ in range(5):
            row = self.market()
            price = price_to_buy(row, outcome)
            done = self.asks("buy", row["ticker"], outcome, count, "@", price, "--ioc")
            if Decimal(done["filled"]) > 0:
                return row
        raise AssertionError(f"nobody sells: {done}")

    def order(self) -> str:
        """Rest an order below the bids and return its id."""
        row = self.market()
        price = f"{cents(row, 'yes_bid') - 5:f}"
        return str(self.asks("buy", row["ticker"], "yes", "2", "@", price)["order_id"])

    def position(self) -> str:
        """Return the ticker of a position that stays, always the same."""
        if not self._protected:
            # Dear and with a narrow spread: a stop must be further away than the bid is.
            rows = [row for row in self.asks("markets") if is_liquid(row)]
            rows = [row for row in rows if cents(row, "yes_ask") - cents(row, "yes_bid") <= 2]
            row = max(rows, key=lambda row: cents(row, "yes_bid"))
            price = price_to_buy(row, "yes")
            self.types("buy", row["ticker"], "yes", "1", "@", price, "--ioc")
            self._protected = str(row["ticker"])
        return self._protected

    def stop(self) -> str:
        """Protect a position and return the stop's id."""
        ticker = self.position()
        self.types("protect", ticker, "fixed", "20%")
        stops = self.asks("stops")
        found = next(s for s in stops if (s["ticker"], s["state"]) == (ticker, "armed"))
        return str(found["stop_id"])

    def alert(self) -> str:
        """Set an alert and return its id."""
        self.types("alert", self.ticker(), "above", "99")
        return str(self.asks("alerts")[-1]["alert"])

    def recording(self) -> str:
        """Return the name of the first recording, whose engine has ended."""
        names = [row["name"] for row in self.asks("recordings", "list")]
        return str(min(names))

    def labelled_headlines(self) -> str:
        """Return a table of labelled headlines."""
        path = self.root / "headlines.csv"
        with path.open("w", newline="") as file:
            table = csv.writer(file)
            table.writerow(("text", "label", "date"))
            for row in planted(days=10, each=8):
                day = datetime.fromtimestamp(row.at_ns / 1e9, UTC).date().isoformat()
                table.writerow((row.text, row.label, day))
        return str(path)


def ends(process: subprocess.Popen[str]) -> int:
    """End what was started as Ctrl+C's elder sister does; returns its exit code."""
    process.send_signal(signal.SIGTERM)
    try:
        process.communicate(timeout=20)
    finally:
        process.kill()
    return process.returncode


def cents(row: dict[str, Any], name: str) -> Decimal:
    """Return a price of a market's row in cents."""
    return (Decimal(row[name]) * 100).normalize()


def price_to_buy(row: dict[str, Any], outcome: str) -> str:
    """Return a price above that at which somebody sells, as the book moves on."""
    price = cents(row, "yes_ask") if outcome == "yes" else 100 - cents(row, "yes_bid")
    return f"{price + 4:f}"


def price_to_sell(row: dict[str, Any], outcome: str) -> str:
    """Return a price at which somebody buys, in cents of the outcome."""
    price = cents(row, "yes_bid") if outcome == "yes" else 100 - cents(row, "yes_ask")
    return f"{price:f}"


def is_liquid(row: dict[str, Any]) -> bool:
    """Whether a market has prices on both sides and some time left."""
    if row["status"] != "active" or None in (row["yes_bid"], row["yes_ask"]):
        return False
    left = datetime.fromisoformat(row["close_time"]) - datetime.now(UTC)
    bid, ask = cents(row, "yes_bid"), cents(row, "yes_ask")
    is_priced = bid >= 8 and ask <= 92 and ask - bid <= 6
    return is_priced and left.total_seconds() > LEAST_LEFT_S
