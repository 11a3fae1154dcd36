"""The trading core: ``step(event, now_ns)`` returns effects, synchronously and repeatably.

It holds no clock, no socket and no file.  The same events with the same times give the
same effects, byte for byte; live, replay and backtest differ only in the shell around it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kalshi_desk.core.events import (
    AccountRead,
    BalanceReported,
    BookDelta,
    BookSnapshot,
    CancelAnswered,
    CancelFailed,
    ConnectionChanged,
    CoreEvent,
    DriftReported,
    ExchangeStatusReported,
    FeedsReported,
    FillReported,
    LinkState,
    MarketStatusChanged,
    NewsArrived,
    OrderAnswered,
    OrderLookedUp,
    OrderRefused,
    OrderReported,
    OrderUnknown,
    QueueReported,
    TimerFired,
    UsageReported,
)
from kalshi_desk.core.types import MarketStatus
from kalshi_desk.desk.frames import EventKind, Level
from kalshi_desk.desk.service import SetSetting
from kalshi_desk.engine.account import Account
from kalshi_desk.engine.alert_desk import AlertDesk
from kalshi_desk.engine.basket_desk import BasketDesk
from kalshi_desk.engine.commanding import Commanding
from kalshi_desk.engine.correlation_view import CorrelationView
from kalshi_desk.engine.correlation_watch import CorrelationWatch
from kalshi_desk.engine.door import Door
from kalshi_desk.engine.drift_watch import DriftWatch
from kalshi_desk.engine.effects import Effect
from kalshi_desk.engine.feed_desk import FeedDesk
from kalshi_desk.engine.guest_desk import GuestDesk, GuestMoved
from kalshi_desk.engine.inputs import (
    CommandReceived,
    ReplayMoved,
    StrategiesDeclared,
    StrategyDecided,
    StrategyFailed,
)
from kalshi_desk.engine.lab import BacktestMoved, Lab
from kalshi_desk.engine.learning_desk import LearningDesk
from kalshi_desk.engine.limit_setting import LimitSetting
from kalshi_desk.engine.machine import make_machine
from kalshi_desk.engine.news_desk import NewsDesk
from kalshi_desk.engine.outbox import Outbox
from kalshi_desk.engine.pair_learning import PairLearning
from kalshi_desk.engine.paper_desk import PaperDesk
from kalshi_desk.engine.relations_watch import RelationsWatch
from kalshi_desk.engine.reports import Reports
from kalshi_desk.engine.risk_watch import RiskWatch
from kalshi_desk.engine.setting_desk import SettingDesk
from kalshi_desk.engine.several import Several
from kalshi_desk.engine.state import CoreSettings, CoreState
from kalshi_desk.engine.stop_desk import StopDesk

LATE_MS, LATE_REPORTS = 2_000, 3
_SAID_STATUSES = frozenset(
    {MarketStatus.INACTIVE, MarketStatus.DETERMINED, MarketStatus.FINALIZED, MarketStatus.DISPUTED}
)


class TradingCore:
    """One desk: its state, and the one way to change it."""

    def __init__(self, settings: CoreSettings, *, next_event_seq: int = 1) -> None:
        self.state = CoreState(settings)
        self.outbox = Outbox(next_event_seq)
        self._late_reports = 0
        self.account = Account(self.state, self.outbox)
        door = Door(self.state, self.outbox)
        self.reports = Reports(self.state, self.outbox, self.account, door)
        self.commanding = Commanding(self.state, self.outbox, self.account, door)
        self.stops = StopDesk(self.state, self.outbox, door, self.commanding)
        self.baskets = BasketDesk(self.state, self.outbox, door)
        self.learning = LearningDesk(self.state, self.outbox)
        self.pairs = PairLearning(self.state, self.outbox)
        self.paper = PaperDesk(self.state, self.outbox)
        self.machine = make_machine(
            self.state, self.outbox, self.commanding, door, self.paper, self.baskets
        )
        self.news = NewsDesk(self.state, self.outbox, self.commanding)
        LimitSetting(self.state, self.outbox, self.commanding)
        self.alerts = AlertDesk(self.state, self.outbox, self.commanding)
        self.settings = SettingDesk(self.state, self.outbox, self.commanding)
        self.settings.checks["alerts.rules"] = self.alerts.problem_of
        self.settings.listeners["alerts.rules"] = self.alerts.take_rules
        several = Several(self.state, self.outbox, self.commanding)
        several.checks[SetSetting] = self.settings.check
        self.feeds = FeedDesk(self.state, self.outbox, self.commanding)
        self._relations = RelationsWatch(self.state)
        self._correlations = CorrelationWatch(self.state)
        self._correlation_view = CorrelationView(self.state)
        self._risk_watch = RiskWatch(self.state, self.outbox, self.account, door)
        self._handlers: dict[type[CoreEvent], Callable[[Any], None]] = {
            CommandReceived: self.commanding.receive,
            OrderAnswered: self._then_settle(self.reports.answered),
            OrderRefused: self._then_settle(self.reports.refused),
            OrderUnknown: self._then_settle(self.reports.unknown),
            OrderLookedUp: self._then_settle(self.reports.looked_up),
            CancelAnswered: self._then_settle(self.reports.cancel_answered),
            CancelFailed: self._then_settle(self.reports.cancel_failed),
            OrderReported: self._order,
            FillReported: self._fill,
            BalanceReported: self.account.balance,
            AccountRead: self._account_read,
            QueueReported: self._queue,
            ConnectionChanged: self._connection,
            ExchangeStatusReported: self._exchange_status,
            UsageReported: self._usage,
            DriftReported: DriftWatch(self.state, self.outbox).take,
            TimerFired: self._timer,
            ReplayMoved: self._replay,
            StrategiesDeclared: self.machine.declared,
            StrategyDecided: self._decided,
            StrategyFailed: self.machine.failed,
            NewsArrived: self.news.arrived,
            FeedsReported: self.news.feeds,
            BacktestMoved: Lab(self.state, self.outbox, self.commanding).moved,
            GuestMoved: GuestDesk(self.state, self.outbox, self.commanding).moved,
        }

    def step(self, event: CoreEvent, now_ns: int) -> list[Effect]:
        """Take one event at one time and return what is to be done about it, in order."""
        state = self.state
        state.now_ns = now_ns
        if type(event) is BookDelta:
            state.markets.apply(event, now_ns)
            if event.ticker in state.stops.by_ticker:
                self.stops.book(event.ticker)
            if event.ticker in self.paper.watched:
                self.paper.on_event(event)
            return self.outbox.take() if self.outbox.effects else []
        handler = self._handlers.get(type(event))
        if handler is not None:
            handler(event)
        elif state.markets.apply(event, now_ns):
            if type(event) is MarketStatusChanged:
                self._say_status(event)
                self.learning.status(event)
                self.news.status(event)
            elif type(event) is BookSnapshot:
                self.stops.book(event.ticker)
            self.paper.on_event(event)
        self.alerts.heard(self.outbox.effects)
        return self.outbox.take()

    def _then_settle(self, handler: Callable[[Any], None]) -> Callable[[Any], None]:
        """Let commands that wait for this word be answered after it."""

        def handle(event: CoreEvent) -> None:
            handler(event)
            self._settle()

        return handle

    def _settle(self) -> None:
        self.commanding.settle()
        self.stops.settle()
        self.baskets.orders_changed()

    def _order(self, event: OrderReported) -> None:
        self.account.order(event.order)
        self._settle()

    def _fill(self, event: FillReported) -> None:
        self.account.fill(event.fill)
        self.stops.filled(event.fill)
        self._settle()

    def _account_read(self, event: AccountRead) -> None:
        self.account.reading(event)
        self.commanding.account_read(event)
        for fill in event.fills:
            self.stops.filled(fill)
        self._settle()

    def _queue(self, event: QueueReported) -> None:
        for order_id, ahead in event.ahead.items():
            order = self.state.orders.known(order_id)
            if order is not None and order.state.is_open and order.ahead != ahead:
                order.ahead = ahead
                self.state.orders.touched.add(order.client_order_id)

    def _connection(self, event: ConnectionChanged) -> None:
        state = self.state
        before = state.link
        state.link, state.waiting_for = event.state, event.text
        if event.state is LinkState.LOST and before is LinkState.LIVE:
            self.outbox.say(
                state.now_ns,
                EventKind.CONNECTION,
                Level.WARNING,
                "Connection lost",
                f"{event.text}. Resting orders stay at the exchange; nothing new is sent.",
            )
        elif event.state is LinkState.LIVE and before is not LinkState.LIVE:
            state.health.connects += 1
            self.outbox.say(state.now_ns, EventKind.CONNECTION, Level.GOOD, "Connected", event.text)
        elif event.state is LinkState.REFUSED and before is not LinkState.REFUSED:
            self.outbox.say(
                state.now_ns, EventKind.CONNECTION, Level.ERROR, "Connection refused", event.text
            )

    def _exchange_status(self, event: ExchangeStatusReported) -> None:
        status = event.status
        was = self.state.is_exchange_trading
        self.state.is_exchange_trading = status.is_up and status.is_trading
        word = "open" if status.is_trading else "paused" if status.is_up else "down"
        self.state.exchange_text = f"{word} {status.resume_text}".strip()
        if was != self.state.is_exchange_trading:
            level = Level.GOOD if self.state.is_exchange_trading else Level.WARNING
            self.outbox.say(self.state.now_ns, EventKind.CONNECTION, level, f"Exchange {word}")

    def _usage(self, event: UsageReported) -> None:
        self.state.usage = event
        age_ms = self.state.settings.real_ms(event.message_age_ms)
        is_late = age_ms >= LATE_MS
        if is_late:
            self._late_reports += 1
        elif self._late_reports >= LATE_REPORTS:
            self._say_late(Level.GOOD, "Market data is on time again", "")
        if not is_late:
            self._late_reports = 0
        elif self._late_reports == LATE_REPORTS:
            self._say_late(
                Level.WARNING,
                f"Market data arrives {age_ms / 1_000:.1f} s late",
                "Books and prices are that old; orders still pass the collar of these books.",
            )

    def _say_late(self, level: Level, title: str, text: str) -> None:
        self.outbox.say(self.state.now_ns, EventKind.CONNECTION, level, title, text)

    def _decided(self, event: StrategyDecided) -> None:
        self.machine.decided(event)
        self.news.decided(event.strategy)
        self.pairs.decided(event.strategy)

    def _replay(self, event: ReplayMoved) -> None:
        self.state.replay = event.view

    def _timer(self, event: TimerFired) -> None:
        self.state.markets.close_due(self.state.now_ns)
        self.account.beat()
        self._relations.beat()
        self._correlations.beat()
        self._correlation_view.beat()
        self.state.tail.beat()
        self._risk_watch.beat()
        self.commanding.beat()
        self.stops.beat()
        self.baskets.beat()
        self.paper.beat()
        self.news.beat()
        self.pairs.beat()
        self.machine.beat()
        self.alerts.beat()

    def _say_status(self, event: MarketStatusChanged) -> None:
        if event.status not in _SAID_STATUSES or not self._concerns_me(event.ticker):
            return
        result = f" {event.result.upper()}" if event.result else ""
        self.outbox.say(
            self.state.now_ns,
            EventKind.SETTLEMENT,
            Level.INFO,
            f"Market {event.status.value}{result}",
            ticker=event.ticker,
        )

    def _concerns_me(self, ticker: str) -> bool:
        held = self.state.positions.get(ticker).count
        return bool(held or self.state.orders.open_orders(ticker))
