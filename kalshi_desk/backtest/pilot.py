"""Who trades in a backtest: one strategy, asked in process, its orders through the one door."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from kalshi_desk.core.events import CoreEvent, TimerFired
from kalshi_desk.core.records import Event
from kalshi_desk.core.strategy import Decision, MarketSnapshot, MarketView, Signal
from kalshi_desk.core.types import Action, BookSide, Outcome, complement
from kalshi_desk.desk.commands import PlaceOrder
from kalshi_desk.engine.core import TradingCore
from kalshi_desk.engine.effects import Effect
from kalshi_desk.engine.inputs import CommandReceived
from kalshi_desk.engine.recorder import decision_facts
from kalshi_desk.engine.state import CoreState
from kalshi_desk.strategies.contract import Strategy

DEFAULT_INTERVAL_NS = 60_000_000_000
Decided = Callable[[int, dict[str, Any]], None]
"""Takes the time and the facts of each decision."""


class DirectPilot:
    """Asks a strategy at its interval and places the legs of its signals that name a size."""

    def __init__(
        self,
        strategy: Strategy,
        on_decided: Decided,
        *,
        interval_ns: int = DEFAULT_INTERVAL_NS,
    ) -> None:
        self._strategy = strategy
        self._on_decided = on_decided
        self._interval_ns = interval_ns
        self._asked_ns = 0
        self._orders = 0

    def begin(self, now_ns: int) -> Iterable[CoreEvent]:
        """Return nothing: the strategy is on from now."""
        return ()

    def after(self, event: CoreEvent, core: TradingCore, now_ns: int) -> Iterable[CoreEvent]:
        """Look at the markets at a beat when the interval is over."""
        if type(event) is not TimerFired or now_ns - self._asked_ns < self._interval_ns:
            return []
        self._asked_ns = now_ns
        decision = self._strategy.decide(view_of(core.state))
        self._note(decision, now_ns)
        return [
            order for signal in decision.signals for order in self._orders_of(signal) if signal.legs
        ]

    def perform(self, effect: Effect, core: TradingCore, now_ns: int) -> Iterable[CoreEvent]:
        """Do nothing: words and answers are for faces."""
        return ()

    def _note(self, decision: Decision, now_ns: int) -> None:
        facts = decision_facts(self._strategy.name, decision, self._strategy.values)
        self._on_decided(now_ns, facts)

    def _orders_of(self, signal: Signal) -> Iterable[CoreEvent]:
        for leg in signal.legs:
            if leg.count:
                is_yes = leg.side is BookSide.BID
                self._orders += 1
                yield CommandReceived(
                    f"backtest-{self._orders}",
                    PlaceOrder(
                        ticker=leg.ticker,
                        action=Action.BUY,
                        outcome=Outcome.YES if is_yes else Outcome.NO,
                        count=leg.count,
                        price=leg.price if is_yes else complement(leg.price),
                        time_in_force=signal.time_in_force,
                        post_only=signal.post_only,
                    ),
                )


def view_of(state: CoreState) -> MarketView:
    """Return what a strategy may look at now."""
    markets: dict[str, MarketSnapshot] = {}
    for ticker, live in state.markets.by_ticker.items():
        book = live.book
        markets[ticker] = MarketSnapshot(
            market=live.market,
            bids=tuple(book.levels(BookSide.BID)) if live.has_book else (),
            asks=tuple(book.levels(BookSide.ASK)) if live.has_book else (),
            updated_ns=book.updated_ns,
            is_fresh=live.is_fresh,
            last_price=live.last_price,
            volume=live.volume,
        )
    events: dict[str, Event] = dict(state.markets.events)
    return MarketView(now_ns=state.now_ns, markets=markets, events=events)
