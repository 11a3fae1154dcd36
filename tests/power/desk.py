"""One day of the desk: a core restored from its journal, its worker's strategy, virtual time.

As in ``backtest.shell``, but orders go into the exchange's own matching engine, and what the
core wants kept goes into a journal on disk, from which the next day begins.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable
from itertools import count

from kalshi_desk.backtest.pilot import StrategyPilot
from kalshi_desk.core.events import (
    BalanceReported,
    ConnectionChanged,
    CoreEvent,
    ExchangeStatusReported,
    FillReported,
    LinkState,
    NewsArrived,
    TimerFired,
)
from kalshi_desk.core.records import ExchangeStatus
from kalshi_desk.engine.core import TradingCore
from kalshi_desk.engine.effects import (
    CancelEverything,
    Effect,
    KeepFill,
    KeepIntent,
    KeepMeta,
    KeepOrder,
    KeepSettlement,
    LookUp,
    ReadAccount,
    SendCancel,
    SendOrder,
)
from kalshi_desk.engine.inputs import StrategyDecided
from kalshi_desk.engine.keeping import entry_of
from kalshi_desk.engine.restore import journal_order, restore
from kalshi_desk.engine.restore_machine import restore_machine
from kalshi_desk.engine.state import CoreSettings
from kalshi_desk.store.entries import Entry, MetaEntry
from kalshi_desk.store.journal import Journal
from kalshi_desk.store.news_table import read_news
from kalshi_desk.strategies.news import News
from tests.power.press import Reading
from tests.power.wire import SECOND_NS, Exchange, is_finalized

LATENCY_NS = 150_000_000
FEED_NS = 5 * SECOND_NS
BEAT_NS = 5 * SECOND_NS
"""The engine beats five times a second; nothing that is measured here is that fine."""
BALANCE_NS = SECOND_NS // 2
PROVEN = ": proven;"


class Day:
    """One run of the desk, from its start to its end."""

    def __init__(self, exchange: Exchange, journal: Journal, settings: CoreSettings) -> None:
        now_ns = exchange.now_ns
        self.exchange = exchange
        self.line = exchange.connect()
        self.opened_ns = 0
        """When a cell was first seen to have passed the gate."""
        self.held_back = 0
        self.faults: list[str] = []
        self.core = TradingCore(settings, next_event_seq=journal.last_event_seq() + 1)
        restore(self.core.state, journal, now_ns)
        restore_machine(self.core, journal, now_ns)
        self._journal = journal
        self._waiting: list[Entry] = []
        self._reading = Reading(read_news(journal.rows, since_ns=now_ns - 2 * 86_400 * SECOND_NS))
        self._pilot = StrategyPilot(News, lambda now_ns, facts: None)
        self._inbox: deque[CoreEvent] = deque()
        self._due: list[tuple[int, int, Callable[[], None]]] = []
        self._number = count()
        self._is_balance_due = False

    def run(self, until_ns: int) -> None:
        """Trade until a time, then withdraw what rests and write the journal."""
        self._begin()
        exchange = self.exchange
        step_ns = exchange.venue.step_ns
        now_ns = exchange.now_ns
        next_beat_ns = next_look_ns = now_ns
        while now_ns < until_ns:
            now_ns += step_ns - now_ns % step_ns
            self._arrive_until(now_ns)
            exchange.run_until(now_ns)
            self._hear()
            if now_ns >= next_look_ns:
                next_look_ns = now_ns + FEED_NS
                news = self._reading.look(
                    exchange.venue.newsroom.wire.items, self.core.state.markets, now_ns
                )
                if news is not None:
                    self._take(news)
            if now_ns >= next_beat_ns:
                next_beat_ns = now_ns + BEAT_NS
                self._take(TimerFired())
                self._write()
        self._end()

    def _begin(self) -> None:
        self._take(ConnectionChanged(LinkState.CONNECTING, "reading the markets"))
        self._take(ExchangeStatusReported(ExchangeStatus(is_up=True, is_trading=True)))
        self._take(self.line.open())
        self._hear()
        reading = self.line.reading()
        self._take(reading)
        unknown = {p.ticker for p in reading.positions} - self.core.state.markets.by_ticker.keys()
        if unknown:
            self._take(self.line.describe(sorted(unknown)))
        self._take(ConnectionChanged(LinkState.LIVE))
        known = NewsArrived(tuple(self.core.state.markets.news.by_id.values()))
        self._pilot.after(known, self.core, self.exchange.now_ns)
        for event in self._pilot.begin(self.exchange.now_ns):
            self._take(event)

    def _end(self) -> None:
        self._arrive_until(self.exchange.now_ns + LATENCY_NS)
        self.line.cancel_everything()
        self._hear()
        self._take(self.line.reading())
        self._write()
        self.line.close()
        self.held_back = self._pilot.held_back
        self.faults = [*self._reading.faults, *filter(None, [self._pilot.fault])]

    # -- events in ------------------------------------------------------------------------

    def _hear(self) -> None:
        for event in self.line.events():
            if isinstance(event, FillReported):
                self.line.touched.add(event.fill.ticker)
                self._later(BALANCE_NS, self._state_balance, once=True)
            self._take(event)
            if is_finalized(event) and event.ticker in self.line.touched:
                self._later(SECOND_NS, lambda: self._take(self.line.reading()))

    def _state_balance(self) -> None:
        self._is_balance_due = False
        reading = self.line.reading()
        self._take(BalanceReported(reading.balance))

    def _take(self, event: CoreEvent) -> None:
        self._inbox.append(event)
        while self._inbox:
            self._step(self._inbox.popleft())

    def _step(self, event: CoreEvent) -> None:
        now_ns = self.exchange.now_ns
        if type(event) is StrategyDecided and not self.opened_ns and PROVEN in event.proof:
            self.opened_ns = now_ns
        effects = self.core.step(event, now_ns)
        self._inbox.extend(self._pilot.after(event, self.core, now_ns))
        for effect in effects:
            self._perform(effect)

    # -- effects out ----------------------------------------------------------------------

    def _perform(self, effect: Effect) -> None:
        line = self.line
        if isinstance(effect, SendOrder):
            intent = effect.intent
            self._later(LATENCY_NS, lambda: self._answer(line.place(intent)))
        elif isinstance(effect, SendCancel):
            order_id = effect.order_id
            self._later(LATENCY_NS, lambda: self._answer(line.cancel(order_id)))
        elif isinstance(effect, CancelEverything):
            self._later(LATENCY_NS, line.cancel_everything)
        elif isinstance(effect, LookUp):
            name = effect.client_order_id
            self._later(LATENCY_NS, lambda: self._take(line.look_up(name)))
        elif isinstance(effect, ReadAccount):
            self._later(LATENCY_NS, lambda: self._take(line.reading()))
        elif isinstance(effect, KeepIntent):
            self._write()
            self._journal.append_intent(effect.intent, self.exchange.now_ns)
        else:
            self._keep(effect)

    def _answer(self, answer: CoreEvent) -> None:
        self._take(answer)
        self._hear()

    def _keep(self, effect: Effect) -> None:
        entry = entry_of(effect)
        if entry is not None:
            self._waiting.append(entry)
        elif isinstance(effect, KeepOrder):
            order = self.core.state.orders.by_client_id[effect.client_order_id]
            self._waiting.append(journal_order(order))
        elif isinstance(effect, KeepFill):
            self._waiting.append(effect.fill)
        elif isinstance(effect, KeepSettlement):
            self._waiting.append(effect.settlement)
        elif isinstance(effect, KeepMeta):
            self._waiting.append(MetaEntry(key=effect.key, value=effect.value or None))
        else:
            self._inbox.extend(self._pilot.perform(effect, self.core, self.exchange.now_ns))

    def _write(self) -> None:
        if self._waiting:
            batch, self._waiting = self._waiting, []
            self._journal.write(batch)

    def _later(self, delay_ns: int, act: Callable[[], None], *, once: bool = False) -> None:
        if once and self._is_balance_due:
            return
        self._is_balance_due = self._is_balance_due or once
        heapq.heappush(self._due, (self.exchange.now_ns + delay_ns, next(self._number), act))

    def _arrive_until(self, at_ns: int) -> None:
        """Let what is on its way arrive, each at its own time."""
        while self._due and self._due[0][0] <= at_ns:
            due_ns, _, act = heapq.heappop(self._due)
            self.exchange.run_until(due_ns)
            self._hear()
            act()
