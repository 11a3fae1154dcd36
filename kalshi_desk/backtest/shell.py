"""The backtest's shell: the same core, a virtual clock, and orders that travel and queue."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from itertools import count
from typing import Protocol

from kalshi_desk.backtest.source import Timed
from kalshi_desk.core.events import BookDelta, ConnectionChanged, CoreEvent, LinkState, TimerFired
from kalshi_desk.core.records import Fill, OrderIntent, Settlement
from kalshi_desk.engine.book_broker import BookBroker, PaperAccount
from kalshi_desk.engine.core import TradingCore
from kalshi_desk.engine.effects import (
    CancelEverything,
    Effect,
    KeepFill,
    KeepIntent,
    KeepSettlement,
    LookUp,
    ReadAccount,
    SendCancel,
    SendOrder,
)
from kalshi_desk.execution.paper import PaperBroker

MS_NS = 1_000_000
DEFAULT_LATENCY_NS = 150 * MS_NS
"""From the decision to the exchange; the least that a backtest may assume."""
BEAT_NS = 1_000 * MS_NS
IDLE_BEAT_NS = 10_000 * MS_NS
"""Beats where the source has none: each second, ten seconds apart while nothing happens."""


class Pilot(Protocol):
    """Who trades: it is told what the core took and wants, and answers with events for it."""

    def begin(self, now_ns: int) -> Iterable[CoreEvent]:
        """Return what turns the strategy on."""
        ...

    def after(self, event: CoreEvent, core: TradingCore, now_ns: int) -> Sequence[CoreEvent]:
        """Return what the strategy does about an event that the core has just taken."""
        ...

    def perform(self, effect: Effect, core: TradingCore, now_ns: int) -> Iterable[CoreEvent]:
        """Return the answer to an effect that is none of the shell's."""
        ...


class Watcher(Protocol):
    """Who keeps what a report will be made of."""

    def on_intent(self, intent: OrderIntent, now_ns: int) -> None:
        """Take an order that is about to be sent."""
        ...

    def on_fill(self, fill: Fill, now_ns: int) -> None:
        """Take a fill that the core has just booked."""
        ...

    def on_settlement(self, settlement: Settlement, now_ns: int) -> None:
        """Take a payout that the core has just booked."""
        ...

    def on_time(self, now_ns: int) -> None:
        """Take note of the time, at each beat."""
        ...


class VirtualShell:
    """Passes events through the core in the order of their times and carries effects out.

    An order reaches the broker ``latency_ns`` after it was sent and meets the book as it
    then stands; so does a cancel.  What the broker says is known at once.  Beats come from
    the source or, where it has none, from ``BEAT_NS`` and ``IDLE_BEAT_NS``.
    """

    def __init__(
        self,
        core: TradingCore,
        account: PaperAccount,
        broker: PaperBroker,
        pilot: Pilot,
        watcher: Watcher,
        *,
        latency_ns: int = DEFAULT_LATENCY_NS,
    ) -> None:
        self.core = core
        self.now_ns = 0
        self.began_ns = 0
        self.events = 0
        self.desk = BookBroker(core.state, account, lambda: self.now_ns, self._queue, broker)
        self._pilot = pilot
        self._watcher = watcher
        self._latency_ns = latency_ns
        self._has_begun = False
        self._inbox: deque[CoreEvent] = deque()
        self._due: list[tuple[int, int, Callable[[], None]]] = []
        self._number = count()
        self._next_beat_ns = 0
        self._busy_ns = 0

    def run(
        self,
        events: Iterable[Timed],
        *,
        begin_ns: int = 0,
        has_beats: Callable[[], bool] = lambda: False,
        on_progress: Callable[[int], None] = lambda now_ns: None,
    ) -> None:
        """Pass all events; the strategy is turned on at ``begin_ns``, before what comes then."""
        for at_ns, event in events:
            # Nothing more than comparisons for most events: books change far more often.
            is_time = at_ns >= self._next_beat_ns or self._next_beat_ns - at_ns > BEAT_NS
            if is_time and not has_beats():
                self._beat_until(at_ns)
            if self._due and self._due[0][0] <= at_ns:
                self._deliver_until(at_ns)
            self.now_ns = self._busy_ns = at_ns
            if not self._has_begun and at_ns >= begin_ns and self.core.state.has_account:
                self._has_begun = True
                self.began_ns = at_ns
                self._take_all(self._pilot.begin(at_ns))
            self._pass(event)
            self.events += 1
            if not self.events & 0x3FF:
                on_progress(at_ns)
        self._deliver_until(self.now_ns + self._latency_ns)

    def _beat_until(self, at_ns: int) -> None:
        if not self._next_beat_ns:
            self._next_beat_ns = at_ns // BEAT_NS * BEAT_NS + BEAT_NS
        while self._next_beat_ns <= at_ns:
            self._deliver_until(self._next_beat_ns)
            self.now_ns = self._next_beat_ns
            is_idle = self.now_ns - self._busy_ns > IDLE_BEAT_NS
            self._next_beat_ns += IDLE_BEAT_NS if is_idle else BEAT_NS
            self._pass(TimerFired())
        self._next_beat_ns = min(self._next_beat_ns, at_ns // BEAT_NS * BEAT_NS + BEAT_NS)

    def _deliver_until(self, at_ns: int) -> None:
        """Let what is on its way arrive."""
        while self._due and self._due[0][0] <= at_ns:
            self.now_ns, _, arrive = heapq.heappop(self._due)
            self._busy_ns = self.now_ns
            arrive()
            self._drain()

    def _pass(self, event: CoreEvent) -> None:
        """Let the core take an event, then the broker, as the paper venue does."""
        if type(event) is BookDelta and not self._inbox:
            self._step(event)
            if self._inbox:
                self._drain()
            self.desk.after(event)
            if self._inbox:
                self._drain()
            return
        if isinstance(event, ConnectionChanged) and event.state is LinkState.LIVE:
            self._queue(self.desk.reading())
        self._queue(event)
        self._drain()
        self.desk.after(event)
        self._drain()
        if type(event) is TimerFired:
            self._watcher.on_time(self.now_ns)

    def _queue(self, event: CoreEvent) -> None:
        self._inbox.append(event)

    def _take_all(self, events: Iterable[CoreEvent]) -> None:
        self._inbox.extend(events)
        self._drain()

    def _drain(self) -> None:
        while self._inbox:
            self._step(self._inbox.popleft())

    def _step(self, event: CoreEvent) -> None:
        for effect in self.core.step(event, self.now_ns):
            self._perform(effect)
        answers = self._pilot.after(event, self.core, self.now_ns)
        if answers:
            self._inbox.extend(answers)

    def _perform(self, effect: Effect) -> None:
        if isinstance(effect, SendOrder):
            intent = effect.intent
            self._later(lambda: self._arrive(intent))
        elif isinstance(effect, SendCancel):
            order_id = effect.order_id
            self._later(lambda: self._queue(self.desk.cancel(order_id)))
        elif isinstance(effect, CancelEverything):
            self._later(self.desk.cancel_everything)
        elif isinstance(effect, LookUp):
            name = effect.client_order_id
            self._later(lambda: self._queue(self.desk.look_up(name)))
        elif isinstance(effect, ReadAccount):
            self._later(lambda: self._queue(self.desk.reading()))
        elif isinstance(effect, KeepIntent):
            self._watcher.on_intent(effect.intent, self.now_ns)
        elif isinstance(effect, KeepFill):
            self._watcher.on_fill(effect.fill, self.now_ns)
        elif isinstance(effect, KeepSettlement):
            self._watcher.on_settlement(effect.settlement, self.now_ns)
        else:
            self._inbox.extend(self._pilot.perform(effect, self.core, self.now_ns))

    def _arrive(self, intent: OrderIntent) -> None:
        answer, fills = self.desk.place(intent)
        self._queue(answer)
        self.desk.tell(fills)

    def _later(self, arrive: Callable[[], None]) -> None:
        heapq.heappush(self._due, (self.now_ns + self._latency_ns, next(self._number), arrive))
