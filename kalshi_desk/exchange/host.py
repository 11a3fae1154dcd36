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
from kalshi_desk.exchange.snapshot import Snapshot
from kalshi_desk.exchange.statefile import StateFile
from kalshi_desk.exchange.venue import Venue

Listener = Callable[[list[Notice], set[str]], None]
_SNAPSHOT_EVERY_S = 30.0
_ENCODE_S = 0.008
"""How long a tick encodes before sockets get their turn."""
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
        self.sent_frames: Callable[[], list[int]] = list
        """How many frames each open socket was sent."""
        self._state = state
        self._listeners: list[Listener] = []
        self._last_seen_s = time.monotonic()
        self._saved_s = time.monotonic()
        self._snapshot: Snapshot | None = None
        self._is_tidy = True
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
        """Let the steps that are due pass; a long gap becomes one logged jump.

        While a snapshot is being encoded no step passes: the next tick is due at once.
        """
        if not self._is_free_to_change():
            return
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

    def until_step_s(self) -> float:
        """Return the real seconds until the next step is due, at most 0 when it is."""
        venue = self.venue
        due_ns = venue.origin_ns + (venue.step_number + 1) * venue.step_ns
        return (due_ns - self.clock.now_ns()) / 1e9 / self.clock.speed

    def advance(self, seconds: float) -> None:
        """Move the clock forward and apply what falls due, without simulating the crowd."""
        self.clock.advance(seconds)
        target = self._step_at(self.clock.now_ns())
        if target > self.venue.step_number:
            self.execute(Jump(to_step=target))

    def execute(self, command: Command) -> Any:
        """Log a command, apply it and publish; raises ``Refusal`` when it is turned down."""
        if self._snapshot is not None:
            self._snapshot.encode()
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
        self._snapshot = None
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

    def _is_free_to_change(self) -> bool:
        """Encode some of the snapshot under way; return whether that leaves nothing to encode."""
        if self._snapshot is None or self._snapshot.is_encoded:
            return True
        self._snapshot.encode(_ENCODE_S)
        return self._snapshot.is_encoded

    def _save_when_due(self) -> None:
        """Begin a snapshot when one is due, or go on with writing the one under way."""
        if self._state is None:
            return
        if self._snapshot is not None:
            if self._state.write_some(self._snapshot):
                self._snapshot, self._is_tidy = None, False
        elif not self._is_tidy:
            self._is_tidy = self._state.tidy()
        elif time.monotonic() - self._saved_s > _SNAPSHOT_EVERY_S:
            self._saved_s = time.monotonic()
            self._snapshot = self._state.begin(self.venue)
            self._snapshot.encode(_ENCODE_S)
