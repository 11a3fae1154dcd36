"""The running exchange: the venue driven by a clock, made durable, and heard by listeners."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from kalshi_desk.exchange.access import KeyRing
from kalshi_desk.exchange.buckets import Budget, Unsigned
from kalshi_desk.exchange.clock import Clock
from kalshi_desk.exchange.commands import Command, Jump
from kalshi_desk.exchange.faults import Faults
from kalshi_desk.exchange.notices import Notice
from kalshi_desk.exchange.replicas import Replicas
from kalshi_desk.exchange.statefile import StateFile
from kalshi_desk.exchange.venue import Venue

Listener = Callable[[list[Notice], set[str]], None]
_SNAPSHOT_EVERY_S = 30.0
_MOST_STEPS_BEHIND = 50


class Host:
    """One exchange in this process; every change passes through ``tick`` or ``execute``."""

    def __init__(
        self, venue: Venue, clock: Clock, keys: KeyRing, state: StateFile | None = None
    ) -> None:
        self.venue = venue
        self.clock = clock
        self.keys = keys
        self.budgets: dict[int, Budget] = {}
        self.unsigned = Unsigned(venue.rules, time.monotonic())
        self.open_sockets = 0
        self.faults = Faults()
        self.on_stream_fault: Callable[[str, int], None] = lambda kind, count: None
        self._state = state
        self._listeners: list[Listener] = []
        self._last_seen_s = time.monotonic()
        self._saved_s = time.monotonic()
        if clock.now_ns() < venue.now_ns:
            clock.advanced_ns += venue.now_ns - clock.now_ns()
        self.replicas = Replicas(venue.ledger.accounts, venue.rules.read_lag_ms, clock.now_ns)
        for key in venue.api_keys:
            keys.add_made(key)
        if state is not None:
            state.save(venue)

    def listen(self, listener: Listener) -> None:
        """Call ``listener`` with what happened after each step and command."""
        self._listeners.append(listener)

    # -- time ---------------------------------------------------------------------------

    def tick(self) -> None:
        """Let the steps that are due pass; a long gap becomes one logged jump."""
        venue = self.venue
        target = self._step_at(self.clock.now_ns())
        if target - venue.step_number > _MOST_STEPS_BEHIND * max(self.clock.speed, 1.0):
            self.execute(Jump(to_step=target - 1))
        while venue.step_number < target:
            venue.step()
            if self._state is not None:
                self._state.reached(venue.step_number)
            self._publish()
        self._save_when_due()

    def advance(self, seconds: float) -> None:
        """Move the clock forward and apply what falls due, without simulating the crowd."""
        self.clock.advance(seconds)
        target = self._step_at(self.clock.now_ns())
        if target > self.venue.step_number:
            self.execute(Jump(to_step=target))

    def execute(self, command: Command) -> Any:
        """Log a command, apply it and publish; raises ``Refusal`` when it is turned down."""
        venue = self.venue
        ts_ns = max(self.clock.now_ns(), venue.now_ns)
        if isinstance(command, Jump):
            ts_ns = venue.origin_ns + command.to_step * venue.step_ns
        if self._state is not None:
            self._state.log(venue.step_number, ts_ns, command)
        try:
            return venue.apply(command, ts_ns)
        finally:
            if self._state is not None and isinstance(command, Jump):
                self._state.reached(venue.step_number)
            self._publish()

    def signing_ns(self) -> int:
        """Return the time that signatures are held against and ``Date`` tells."""
        return self.clock.signing_ns() + int(self.faults.skew_s * 1_000_000_000)

    # -- lifetime -----------------------------------------------------------------------

    def seen(self) -> None:
        """Note that somebody with a key is here."""
        self._last_seen_s = time.monotonic()

    def idle_s(self) -> float:
        """Return for how long nobody with a key was here."""
        if self.open_sockets:
            self.seen()
        return time.monotonic() - self._last_seen_s

    def budget(self, owner: int) -> Budget:
        """Return an account's token buckets."""
        found = self.budgets.get(owner)
        if found is None:
            found = self.budgets[owner] = Budget(self.venue.rules, time.monotonic())
        return found

    def close(self) -> None:
        """Save the last state and let go of the file."""
        if self._state is not None:
            try:
                self._state.save(self.venue)
            finally:
                self._state.close()

    def _step_at(self, now_ns: int) -> int:
        return (now_ns - self.venue.origin_ns) // self.venue.step_ns

    def _publish(self) -> None:
        notices = self.venue.take_notices()
        dirty = self.venue.take_dirty()
        self.replicas.note(notices, self.clock.now_ns())
        if notices or dirty:
            for listener in self._listeners:
                listener(notices, dirty)

    def _save_when_due(self) -> None:
        now_s = time.monotonic()
        if self._state is not None and now_s - self._saved_s > _SNAPSHOT_EVERY_S:
            self._saved_s = now_s
            self._state.save(self.venue)
