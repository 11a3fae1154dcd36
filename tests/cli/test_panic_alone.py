"""Panic without an engine reaches every venue where orders of this home may rest."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from kalshi_desk.cli import cancel_alone, panic_alone
from kalshi_desk.cli.main import main
from kalshi_desk.core.errors import DeskError, Retry, Stop
from kalshi_desk.core.records import OrderState
from kalshi_desk.desk.commands import Outcomes
from kalshi_desk.kalshi.rest import RestClient
from kalshi_desk.store.journal import Journal
from kalshi_desk.store.paths import Home, open_home
from kalshi_desk.store.settings import Settings
from kalshi_desk.store.venues import remember_venue
from tests.cli.test_cancel_alone import FAILED, ScriptedExchange, resting


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = open_home(str(tmp_path / "h"))
    made.prepare()
    return made


@pytest.fixture
def exchanges(monkeypatch: pytest.MonkeyPatch) -> dict[str, ScriptedExchange | DeskError]:
    """Put scripted exchanges in the place of every venue; return those that were opened."""
    made: dict[str, ScriptedExchange | DeskError] = {}

    @contextlib.asynccontextmanager
    async def opened(home: Home, venue: str, settings: Settings) -> AsyncIterator[RestClient]:
        exchange = made.setdefault(venue, ScriptedExchange("1"))
        if isinstance(exchange, DeskError):
            raise exchange
        yield exchange.client

    monkeypatch.setattr(panic_alone, "_exchange", opened)
    monkeypatch.setattr(cancel_alone, "VERIFY_S", 0.5)
    return made


def journaled(home: Home, venue: str, state: OrderState = OrderState.RESTING) -> None:
    journal = Journal(home.journal_path(venue), durable=False)
    journal.write([msgspec.structs.replace(resting("1"), state=state)])
    journal.close()


def halted(home: Home) -> dict[str, str | None]:
    """Return why each venue that has a journal is HALTED."""
    found = {}
    for path in sorted(home.data.glob("journal-*.sqlite3")):
        journal = Journal(path, durable=False)
        found[path.stem.removeprefix("journal-")] = journal.halted_reason()
        journal.close()
    return found


def test_orders_left_on_live_are_canceled_there(
    home: Home, exchanges: dict[str, ScriptedExchange | DeskError]
) -> None:
    journaled(home, "live")
    answer = asyncio.run(panic_alone.panic_alone(home))
    assert list(exchanges) == ["live"]
    assert answer.outcome is Outcomes.DONE
    assert "All orders on live are canceled, verified." in answer.text
    assert halted(home) == {"live": "panic"}


def test_every_venue_has_its_line_and_its_halted(
    home: Home, exchanges: dict[str, ScriptedExchange | DeskError]
) -> None:
    remember_venue(home, "demo")
    journaled(home, "live", OrderState.UNRESOLVED)
    journaled(home, "practice", OrderState.CANCELED)
    journaled(home, "paper")
    answer = asyncio.run(panic_alone.panic_alone(home))
    assert answer.outcome is Outcomes.DONE
    assert [line.split()[3] for line in answer.text.splitlines()] == ["live", "demo", "paper"]
    assert set(exchanges) == {"live", "demo"}
    assert halted(home) == {"demo": "panic", "live": "panic", "paper": "panic", "practice": None}


def test_a_named_venue_is_the_only_one(
    home: Home, exchanges: dict[str, ScriptedExchange | DeskError]
) -> None:
    journaled(home, "live")
    journaled(home, "practice")
    assert main(["panic", "--venue", "live", "--home", str(home.root)]) == 0
    assert list(exchanges) == ["live"]


def test_without_a_known_last_venue_every_journal_counts(home: Home) -> None:
    journaled(home, "live", OrderState.EXECUTED)
    journaled(home, "paper", OrderState.EXECUTED)
    assert panic_alone.covered_venues(home, "practice") == ["live", "paper"]
    remember_venue(home, "practice")
    assert panic_alone.covered_venues(home, "demo") == ["practice"]


def test_a_home_that_never_traded_panics_where_it_would_trade(home: Home) -> None:
    assert panic_alone.covered_venues(home, "demo") == ["demo"]


def test_a_journal_that_can_not_be_read_proves_nothing(home: Home) -> None:
    remember_venue(home, "practice")
    home.journal_path("live").write_bytes(b"damaged")
    assert panic_alone.covered_venues(home, "practice") == ["live", "practice"]


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        (Stop("There is no key for live."), "no key for live"),
        (Retry("The exchange can't be reached."), "can't be reached"),
        (ScriptedExchange("1", "2"), "2 orders on live still rest"),
    ],
)
def test_one_venue_in_trouble_is_never_done(
    home: Home,
    exchanges: dict[str, ScriptedExchange | DeskError],
    capsys: pytest.CaptureFixture[str],
    trouble: ScriptedExchange | DeskError,
    said: str,
) -> None:
    journaled(home, "live")
    journaled(home, "demo")
    if isinstance(trouble, ScriptedExchange):
        trouble.trouble = lambda call, number: FAILED if call in {"all", "1", "2"} else None
    exchanges["live"] = trouble
    assert main(["panic", "--home", str(home.root)]) == 4
    told = capsys.readouterr().err
    assert said in told
    assert "All orders on demo are canceled, verified." in told
    assert halted(home) == {"demo": "panic", "live": "panic"}


def test_no_exchange_within_reach_ends_with_3(
    home: Home,
    exchanges: dict[str, ScriptedExchange | DeskError],
    capsys: pytest.CaptureFixture[str],
) -> None:
    journaled(home, "live")
    exchanges["live"] = Retry("The exchange can't be reached.")
    assert main(["panic", "--home", str(home.root)]) == 3
    told = capsys.readouterr().err
    assert "On live it is not known what rests: The exchange can't be reached." in told
    assert "HALTED stands" in told


def test_a_journal_that_is_locked_stops_no_cancel_but_is_not_done(
    home: Home,
    exchanges: dict[str, ScriptedExchange | DeskError],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("kalshi_desk.store.journal._BUSY_TIMEOUT_S", 0.1)
    journaled(home, "live")
    frozen = sqlite3.connect(home.journal_path("live"), isolation_level=None)
    frozen.execute("BEGIN IMMEDIATE")
    answer = asyncio.run(panic_alone.panic_alone(home))
    frozen.close()
    assert answer.outcome is Outcomes.UNKNOWN
    assert "All orders on live are canceled" in answer.reasons[0].text
    assert "HALTED could not be left" in answer.reasons[0].text
    (exchange,) = exchanges.values()
    assert isinstance(exchange, ScriptedExchange)
    assert exchange.open == {}


def test_a_fault_on_one_venue_does_not_keep_the_others_from_being_canceled(
    home: Home, exchanges: dict[str, ScriptedExchange | DeskError]
) -> None:
    journaled(home, "live")
    journaled(home, "demo")

    def broken(call: str, number: int) -> DeskError | None:
        raise ZeroDivisionError

    exchange = ScriptedExchange("1")
    exchange.trouble = broken
    exchanges["live"] = exchange
    answer = asyncio.run(panic_alone.panic_alone(home))
    assert answer.outcome is Outcomes.UNKNOWN
    assert "fault of its own" in answer.reasons[0].text
    assert "All orders on demo are canceled, verified." in answer.text
