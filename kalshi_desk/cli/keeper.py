"""Starts the engine of a home again when it was killed under an open screen."""

from __future__ import annotations

import time
from collections.abc import Callable

from kalshi_desk.cli.processes import EngineChild, check_venue, prepare
from kalshi_desk.core.errors import DeskError, Retry
from kalshi_desk.store.paths import Home
from kalshi_desk.store.presence import (
    EnginePhase,
    EngineRecord,
    engine_phase,
    is_panicking,
    read_ready,
)

WAITS_S = (1.0, 3.0, 10.0)
"""How long before each start in a row; after the last of them a person must say so."""
STEADY_S = 60.0
"""An engine that served that long has been well: its next death is the first in a row."""
KEPT_VENUES = frozenset({"practice", "paper", "demo"})
_SOON_S = 0.05
_MONEY = "Orders at the exchange stand as they are."


def start_engine(home: Home, venue: str) -> EngineChild:
    """Start an engine in the background; raises ``DeskError`` when it may not or can't."""
    prepare(home)
    check_venue(home, venue)
    return EngineChild(home, "--by-desk", "--venue", venue)


class EngineKeeper:
    """What becomes of the engine of a home while a screen is open.

    An engine that was started by a screen and killed is started again: never on live, never
    after it was stopped, and not for ever. Whether there is one already, the lock of the home
    decides: an engine that comes second ends by itself. ``child`` is the engine that this
    process has started, ``venue`` the one to start on; ``restarts`` is False where only a
    person may start it.
    """

    def __init__(
        self,
        home: Home,
        child: EngineChild | None,
        venue: str,
        *,
        restarts: bool = True,
        start: Callable[[Home, str], EngineChild] = start_engine,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._home = home
        self._child = child
        self._venue = venue
        self._restarts = restarts
        self._start = start
        self._clock_s = clock_s
        self._asked = False
        self._tries = 0
        self._due_s: float | None = None
        self._seen_s: float | None = None
        self._has_served = False
        self._failure = ""

    def ask(self) -> None:
        """Start an engine at the next look, for a person wants one."""
        self._asked = True

    def saw(self, record: EngineRecord) -> None:
        """Note that an engine answers."""
        self._venue = record.venue
        self._seen_s = self._clock_s()
        self._has_served = True
        self._asked = False
        self._due_s = None
        self._failure = ""

    def look(self) -> Retry:
        """Return what is waited for while no engine serves; starts one when it is time."""
        if engine_phase(self._home) is not EnginePhase.ABSENT:
            return _starting(0 if self._has_served else self._tries)
        if self._child is not None and not self._has_served and not self._child.has_ended:
            return _starting(self._tries)
        self._note_end()
        if is_panicking(self._home):
            return _say("A panic is at work at the exchange.", todo="Waiting until it has ended.")
        if self._asked:
            self._asked = False
            return self._begin(self._venue)
        left = read_ready(self._home)
        if left is not None:
            self._venue = left.venue
        if not self._may_restart(left):
            return self._stays_gone(left)
        if self._tries == len(WAITS_S):
            return self._gives_up()
        now_s = self._clock_s()
        if self._due_s is None:
            self._due_s = now_s + WAITS_S[self._tries]
        if now_s < self._due_s:
            return _starting(self._tries + 1)
        self._due_s = None
        self._tries += 1
        return self._begin(self._venue)

    def _note_end(self) -> None:
        """Forget the failures before an engine that was well, and keep a child's last words."""
        if self._seen_s is not None:
            if self._clock_s() - self._seen_s >= STEADY_S:
                self._tries = 0
            self._seen_s = None
        if self._child is not None and self._child.has_ended:
            if not self._has_served:
                self._failure = self._child.last_words()
            self._child = None

    def _may_restart(self, left: EngineRecord | None) -> bool:
        if not self._restarts or self._venue not in KEPT_VENUES:
            return False
        # A start that failed leaves no record, and is tried again in its row.
        return self._tries > 0 if left is None else left.by_desk is True

    def _begin(self, venue: str) -> Retry:
        self._has_served = False
        try:
            self._child = self._start(self._home, venue)
        except DeskError as error:
            self._failure = str(error)
            return self._did_not_start()
        return _starting(self._tries)

    def _stays_gone(self, left: EngineRecord | None) -> Retry:
        if self._failure:
            return self._did_not_start()
        if left is None:
            return _say("The engine was stopped.", todo="E starts it again; Ctrl+Q leaves.")
        if left.venue == "live":
            return _say(
                "The engine was killed; on LIVE only you start it again.",
                todo="LIVE: E starts it, arming nothing.",
            )
        return _say("The engine was killed.", todo="E starts it again; Ctrl+Q leaves.")

    def _did_not_start(self) -> Retry:
        return _say(
            f"The engine did not start: {self._failure} Its log is {self._home.engine_log}.",
            code="engine_failed",
            todo="It did not start; E tries again.",
        )

    def _gives_up(self) -> Retry:
        said = f" The last one said: {self._failure}" if self._failure else ""
        return _say(
            f"The engine was started again {len(WAITS_S)} times and is gone.{said} "
            f"Its log is {self._home.engine_log}.",
            code="engine_failed",
            todo=f"Started {len(WAITS_S)} times in vain; E tries once more.",
        )


def _starting(number: int = 0) -> Retry:
    again = f"Starting it again ({number} of {len(WAITS_S)})." if number else ""
    return Retry(
        "The engine has ended." if again else "The engine is starting.",
        code="engine_starting",
        todo=again,
        retry_after_s=_SOON_S,
    )


def _say(what: str, *, todo: str, code: str = "no_engine") -> Retry:
    return Retry(what, code=code, money=_MONEY, todo=todo)
