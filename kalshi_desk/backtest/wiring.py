"""The core of a backtest: the desk's own, with its strategist."""

from __future__ import annotations

from kalshi_desk.core.events import TimerFired
from kalshi_desk.core.records import OrderIntent
from kalshi_desk.core.strategy import Mode, Signal, SignalLeg, Why
from kalshi_desk.engine.acting import Acting, Desks, Sized
from kalshi_desk.engine.core import TradingCore
from kalshi_desk.engine.door import Door
from kalshi_desk.engine.inputs import StrategiesDeclared, StrategyDecided, StrategyFailed
from kalshi_desk.engine.state import CoreSettings
from kalshi_desk.engine.strategist import Strategist


class _NoPaper:
    """Signals in mode shadow are only shown."""

    def place(
        self, strategy: str, mode: Mode, intent: OrderIntent, signal: Signal, now_ns: int
    ) -> None:
        return

    def is_in(self, strategy: str, ticker: str) -> bool:
        return False

    def cancel_all(self, strategy: str) -> None:
        return


class _NoBaskets:
    """Several legs are refused with a reason."""

    def start(self, strategy: str, signal: Signal, legs: tuple[SignalLeg, ...]) -> Why | None:
        text = "baskets are not wired to the strategist yet"
        return Why(candidate=signal.candidate, code="no_baskets", text=text)

    def abandon(self, strategy: str) -> None:
        return


class StrategistCore(TradingCore):
    """A trading core that asks strategies and sends legs in the size that they name.

    It stands in until the trading core itself wires its strategist with sizing and baskets.
    """

    def __init__(self, settings: CoreSettings) -> None:
        super().__init__(settings)
        door = Door(self.state, self.outbox)
        desks = Desks(_NoPaper(), _NoBaskets(), _as_named, self._is_cooling)
        acting = Acting(self.state, door, desks)
        self._strategist = Strategist(self.state, self.outbox, self.commanding, acting)
        self._handlers[StrategiesDeclared] = self._strategist.declared
        self._handlers[StrategyDecided] = self._strategist.decided
        self._handlers[StrategyFailed] = self._strategist.failed

    def _timer(self, event: TimerFired) -> None:
        super()._timer(event)
        self._strategist.beat()

    def _is_cooling(self, ticker: str) -> bool:
        return self.state.stops.cooling(ticker, self.state.now_ns) > 0


def _as_named(strategy: str, signal: Signal) -> Sized:
    return Sized(legs=tuple(leg for leg in signal.legs if leg.count))


def make_core(settings: CoreSettings) -> TradingCore:
    """Return the core that a backtest drives."""
    return StrategistCore(settings)
