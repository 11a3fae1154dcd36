"""A killed engine is started again under an open screen; a stopped one, and LIVE, are left."""

from __future__ import annotations

from pathlib import Path

import pytest

from kalshi_desk.cli.keeper import STEADY_S, WAITS_S, EngineKeeper
from kalshi_desk.core.errors import Retry, Stop
from kalshi_desk.engine.lock import EngineLock, EngineRecord
from kalshi_desk.store.paths import Home, open_home
from kalshi_desk.store.presence import panic_under_way


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = open_home(str(tmp_path / "home"), {})
    home.prepare()
    return home


class Child:
    """An engine that ends when the test says so."""

    def __init__(self) -> None:
        self.has_ended = False

    def last_words(self) -> str:
        return "It fell over."


class World:
    """A home whose engine serves and ends as the test says, and a clock turned by hand."""

    def __init__(self, home: Home, *, venue: str = "practice", restarts: bool = True) -> None:
        self.home = home
        self.now_s = 0.0
        self.started: list[str] = []
        self.fault: Stop | None = None
        self.child = Child()
        self.keeper = EngineKeeper(
            home,
            None,
            venue,
            restarts=restarts,
            start=self._start,  # type: ignore[arg-type]
            clock_s=lambda: self.now_s,
        )

    def _start(self, home: Home, venue: str) -> Child:
        if self.fault is not None:
            raise self.fault
        self.started.append(venue)
        self.child = Child()
        return self.child

    def serve(self, venue: str = "practice", *, by_desk: bool = True) -> EngineLock:
        """Have an engine serve this home, seen by the screen."""
        lock = EngineLock(self.home)
        lock.acquire()
        record = EngineRecord(venue=venue, pid=1, link="", token_path="", by_desk=by_desk)
        lock.announce(record)
        self.keeper.saw(record)
        return lock

    def die(self, lock: EngineLock) -> None:
        """End the engine as a crash would."""
        lock.release(crashed=True)
        self.child.has_ended = True

    def after(self, seconds: float) -> Retry:
        self.now_s += seconds
        return self.keeper.look()


def test_a_killed_engine_is_started_again_after_a_moment(home: Home) -> None:
    world = World(home)
    world.die(world.serve())
    assert world.after(0).todo == "Starting it again (1 of 3)."
    assert world.after(WAITS_S[0] / 2).todo == "Starting it again (1 of 3)."
    assert world.started == []
    world.after(WAITS_S[0])
    assert world.started == ["practice"]
    for _ in range(5):
        assert world.after(5).todo == "Starting it again (1 of 3)."
    assert world.started == ["practice"], "one at a time"


def test_it_is_started_on_the_venue_where_it_was(home: Home) -> None:
    world = World(home, venue="practice")
    world.die(world.serve("demo"))
    world.after(0)
    world.after(WAITS_S[0])
    assert world.started == ["demo"]


def test_a_stopped_engine_stays_stopped_until_a_person_wants_it(home: Home) -> None:
    world = World(home)
    world.serve().release()
    assert world.after(0).what == "The engine was stopped."
    assert "E starts it again" in world.after(1_000).todo
    assert world.started == []
    world.keeper.ask()
    world.after(0)
    assert world.started == ["practice"]


def test_live_is_only_started_by_a_person(home: Home) -> None:
    world = World(home)
    world.die(world.serve("live"))
    for _ in range(10):
        said = world.after(60)
    assert world.started == []
    assert said.todo == "LIVE: E starts it, arming nothing."
    world.keeper.ask()
    world.after(0)
    assert world.started == ["live"]


@pytest.mark.parametrize(("restarts", "by_desk"), [(False, True), (True, False)])
def test_an_engine_that_others_look_after_is_left_to_them(
    home: Home, restarts: bool, by_desk: bool
) -> None:
    world = World(home, restarts=restarts)
    world.die(world.serve(by_desk=by_desk))
    for _ in range(10):
        said = world.after(60)
    assert world.started == []
    assert "E starts it again" in said.todo


def test_one_that_dies_again_and_again_is_given_up(home: Home) -> None:
    world = World(home)
    world.die(world.serve())
    for wait_s in WAITS_S:
        world.after(0)
        world.after(wait_s)
        world.die(world.serve())
    assert len(world.started) == len(WAITS_S)
    assert "started again 3 times and is gone" in world.after(0).what
    assert "E tries once more" in world.after(1_000).todo
    assert len(world.started) == len(WAITS_S)
    world.keeper.ask()
    world.after(0)
    assert len(world.started) == len(WAITS_S) + 1
    lock = world.serve()
    world.now_s += STEADY_S
    world.die(lock)
    assert world.after(0).todo == "Starting it again (1 of 3).", "it was well meanwhile"


def test_one_that_does_not_come_up_again_is_given_up_with_its_words(home: Home) -> None:
    world = World(home)
    world.die(world.serve())
    for wait_s in WAITS_S:
        world.after(0)
        world.after(wait_s)
        home.ready_path.unlink(missing_ok=True)  # as the new engine does
        world.child.has_ended = True
    assert len(world.started) == len(WAITS_S)
    said = world.after(0)
    assert "It fell over." in said.what
    assert str(home.engine_log) in said.what


def test_what_forbids_a_start_is_said(home: Home) -> None:
    world = World(home)
    world.fault = Stop("There is no key for demo.", code="no_key")
    world.die(world.serve("demo"))
    world.after(0)
    assert "There is no key for demo." in world.after(WAITS_S[0]).what
    assert world.started == []


def test_another_engine_that_is_faster_is_taken(home: Home) -> None:
    world = World(home)
    world.die(world.serve())
    world.after(0)
    world.after(WAITS_S[0])
    lock = EngineLock(home)
    lock.acquire()
    world.child.has_ended = True
    assert world.after(0).code == "engine_starting"
    assert len(world.started) == 1
    lock.release()


def test_nothing_is_started_while_a_panic_is_at_work(home: Home) -> None:
    world = World(home)
    world.die(world.serve())
    world.after(0)
    with panic_under_way(home):
        assert "panic" in world.after(100).what
        assert world.started == []
    world.after(0)
    world.after(WAITS_S[0])
    assert world.started == ["practice"]


def test_the_first_start_that_fails_is_quoted_and_waits_for_a_person(home: Home) -> None:
    world = World(home)
    world.keeper.ask()
    world.after(0)
    world.child.has_ended = True
    for _ in range(10):
        said = world.after(60)
    assert said.code == "engine_failed"
    assert "It fell over." in said.what
    assert len(world.started) == 1
