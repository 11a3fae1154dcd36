"""A snapshot taken in pieces: nothing changes meanwhile, nothing is lost, the old one holds."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from kalshi_desk.exchange import host as host_module
from kalshi_desk.exchange import snapshot as snapshot_module
from kalshi_desk.exchange.access import KeyRing
from kalshi_desk.exchange.clock import Clock
from kalshi_desk.exchange.commands import CancelAll, NewOrder
from kalshi_desk.exchange.host import Host
from kalshi_desk.exchange.pieces import join, split
from kalshi_desk.exchange.rules import DEFAULT_RULES
from kalshi_desk.exchange.statefile import StateFile
from kalshi_desk.exchange.venue import DESK, Venue

ORIGIN = 1_795_390_000_000_000_000
encode = msgspec.msgpack.encode


class Machine:
    """A host whose time stands still until told, and whose file can be looked at as a crash
    would leave it."""

    def __init__(self, folder: Path) -> None:
        self.now_ns = 0
        self.folder = folder
        self.venue = Venue.new(7, ORIGIN, DEFAULT_RULES, warm_minutes=1)
        self.state = StateFile(folder / "x.sqlite")
        clock = Clock(ORIGIN, 1.0, lambda: self.now_ns)
        self.host = Host(self.venue, clock, KeyRing(DEFAULT_RULES), self.state)
        self.copies = 0

    def tick(self) -> None:
        """Let a tenth of a second pass."""
        self.now_ns += 100_000_000
        self.host.tick()

    def buy(self) -> None:
        """Place an order of the desk's that rests."""
        ticker = next(t for t, m in self.venue.engine.markets.items() if m.shard == 0)
        self.host.execute(NewOrder(owner=DESK, ticker=ticker, is_bid=True, price=100, count=100))

    def as_after_a_crash(self) -> Venue:
        """Return the exchange that a copy of the file brings back."""
        self.copies += 1
        folder = self.folder / str(self.copies)
        folder.mkdir()
        for path in self.folder.glob("x.sqlite*"):
            shutil.copy(path, folder / path.name)
        file = StateFile(folder / "x.sqlite")
        venue = file.load(DEFAULT_RULES)
        file.close()
        assert venue is not None
        return venue

    def is_saving(self) -> bool:
        """Whether a snapshot is under way."""
        return self.host._snapshot is not None


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    """Return a machine that encodes and writes as little at a time as there is."""
    monkeypatch.setattr(host_module, "_ENCODE_S", 0.0)
    monkeypatch.setattr(host_module, "_SNAPSHOT_EVERY_S", 0.0)
    monkeypatch.setattr(snapshot_module.Snapshot.next_rows, "__defaults__", (1,))
    machine = Machine(tmp_path)
    yield machine
    machine.host.close()


def test_a_split_state_joins_to_the_same() -> None:
    state = Venue.new(7, ORIGIN, DEFAULT_RULES, warm_minutes=1).state()
    head, pieces = split(state)
    assert encode(join(head, pieces)) == encode(state)


def test_no_step_passes_while_a_snapshot_is_encoded_and_all_are_made_up_for(
    machine: Machine,
) -> None:
    machine.tick()
    assert machine.is_saving()
    step = machine.venue.step_number
    machine.tick()
    machine.tick()
    assert machine.venue.step_number == step
    for _ in range(20):
        machine.tick()
    assert machine.venue.step_number == machine.now_ns // 100_000_000


def test_after_a_crash_at_any_moment_the_exchange_is_the_same(machine: Machine) -> None:
    seen = set()
    for number in range(120):
        machine.tick()
        if number % 7 == 3:
            machine.buy()
        if number % 31 == 30:
            machine.host.execute(CancelAll(owner=DESK))
        seen.add(machine.is_saving())
        if number % 3 == 0:
            assert encode(machine.as_after_a_crash().state()) == encode(machine.venue.state()), (
                number
            )
    assert seen == {True, False}


def test_a_command_does_not_wait_for_the_next_tick(machine: Machine) -> None:
    machine.tick()
    step = machine.venue.step_number
    machine.buy()
    assert len(machine.venue.engine.open_orders[DESK]) == 1
    machine.tick()
    assert machine.venue.step_number == step + 1
    while machine.is_saving():
        machine.tick()
    assert len(machine.as_after_a_crash().engine.open_orders[DESK]) == 1


def test_earlier_snapshots_leave_the_file(machine: Machine) -> None:
    for _ in range(400):
        machine.tick()
    pieces = machine.state._db.execute("SELECT generation, count(*) FROM piece GROUP BY 1")
    assert len(list(pieces)) <= 3


def test_the_next_step_is_waited_for_exactly(machine: Machine) -> None:
    while machine.is_saving() or not machine.venue.step_number:
        machine.tick()
    machine.now_ns += 30_000_000
    assert machine.host.until_step_s() == pytest.approx(0.07)
    machine.now_ns += 100_000_000
    assert machine.host.until_step_s() == pytest.approx(-0.03)
