"""An engine that does not answer can't stand between a person and a panic."""

from __future__ import annotations

import os
import signal

import pytest

from kalshi_desk.cli import panicking
from kalshi_desk.cli.main import main
from kalshi_desk.desk.commands import Answer, CancelAll, LeaveLive, Outcomes, Panic
from kalshi_desk.engine.lock import EngineLock, EngineRecord
from kalshi_desk.store.journal import Journal
from kalshi_desk.store.paths import Home, open_home
from kalshi_desk.store.venues import last_venue, remember_venue
from tests.cli.conftest import Desk
from tests.cli.test_cancel_alone import resting
from tests.cli.test_running import rest_one


def test_a_frozen_engine_is_passed_by(
    fresh: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    engine = fresh.start()
    home = open_home(str(fresh.home))
    assert last_venue(home) == "practice"
    order = rest_one(fresh).data["order_id"]
    os.kill(engine.pid, signal.SIGSTOP)
    monkeypatch.setattr(panicking, "PANIC_PATIENCE_S", 1.0)
    code = main(["panic", "--home", str(fresh.home)])
    said = capsys.readouterr()
    assert code == 0, said.err
    assert "All orders on practice are canceled, verified." in said.out
    assert f"(process {engine.pid}) did not answer" in said.out
    assert "still runs" in said.out
    journal = Journal(home.journal_path("practice"), durable=False)
    assert journal.halted_reason() == "panic"
    journal.close()

    # The exchange is still the engine's, which halts by itself as soon as it wakes up.
    os.kill(engine.pid, signal.SIGCONT)
    assert fresh.run("panic").code == 0
    assert fresh.run("status", "--json").data["risk"] == "HALTED"
    closed = {row["order_id"]: row["state"] for row in fresh.run("orders", "--all", "--json").data}
    assert closed[order] == "canceled"
    assert fresh.run("stop").code == 0
    engine.wait(timeout=10)
    assert last_venue(home) == "practice"


def test_an_engine_stuck_while_starting_is_passed_by(
    bare: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home = open_home(str(bare.home))
    home.prepare()
    remember_venue(home, "demo")
    monkeypatch.setattr(panicking, "PANIC_PATIENCE_S", 0.2)
    lock = EngineLock(home)
    lock.acquire()
    try:
        code = main(["panic", "--home", str(bare.home)])
    finally:
        lock.release()
    said = capsys.readouterr().err
    assert code == 4
    assert "On demo it is not known what rests: There is no key for demo." in said
    assert "The engine did not answer within" in said
    journal = Journal(home.journal_path("demo"), durable=False)
    assert journal.halted_reason() == "panic"
    journal.close()


async def test_the_engines_answer_names_other_venues_where_orders_may_rest(
    bare: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = open_home(str(bare.home))
    home.prepare()
    for venue in ("practice", "live"):
        journal = Journal(home.journal_path(venue), durable=False)
        journal.write([resting("1")])
        journal.close()

    async def submit(home: Home, command: object) -> Answer:
        return Answer(command_id="1", outcome=Outcomes.DONE, text="All orders are canceled.")

    monkeypatch.setattr(panicking, "submit", submit)
    lock = EngineLock(home)
    lock.acquire()
    lock.announce(EngineRecord(venue="practice", pid=1, link="unix:/nowhere", token_path=""))
    try:
        answer = await panicking.panic(home)
    finally:
        lock.release()
    assert answer.outcome is Outcomes.DONE
    assert answer.text.splitlines() == [
        "All orders are canceled.",
        "Orders of this home may still rest on live: kalshi-desk panic --venue live",
    ]


@pytest.mark.parametrize("command", [Panic, CancelAll, LeaveLive])
def test_what_takes_risk_away_waits_for_no_venue(command: type) -> None:
    from kalshi_desk.cli.calls import _URGENT

    assert command in _URGENT
