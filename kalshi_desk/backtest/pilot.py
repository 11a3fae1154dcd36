"""Who trades in a backtest: one strategy, asked in process by the same core as live."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec

from kalshi_desk.backtest.source import LooksRecorded, ObservationRecorded
from kalshi_desk.core.events import CoreEvent
from kalshi_desk.core.strategy import Decision, Mode, Observation
from kalshi_desk.desk.automation import SetAuto, SetMode
from kalshi_desk.engine.core import TradingCore
from kalshi_desk.engine.effects import AskStrategy, Effect
from kalshi_desk.engine.inputs import (
    CommandReceived,
    StrategiesDeclared,
    StrategyDecided,
    StrategyFailed,
)
from kalshi_desk.engine.learning_desk import take_in
from kalshi_desk.engine.recorder import decision_facts
from kalshi_desk.engine.strategy_book import StrategyBook
from kalshi_desk.engine.strategy_messages import MARKET_EVENTS, Look
from kalshi_desk.engine.strategy_worker import Worker
from kalshi_desk.strategies.contract import Strategy

_FED = frozenset(MARKET_EVENTS)
Decided = Callable[[int, dict[str, Any]], None]
"""Takes the time and the facts of each decision."""


class _BookOfOne(StrategyBook):
    """The one strategy of a backtest, without a look at any file."""

    def __init__(self, kind: type[Strategy]) -> None:
        self.classes = {kind.name: kind}
        self.faults = {}


class StrategyPilot:
    """Turns the strategy and AUTO on, and answers its looks with the worker's own code.

    With ``follows_looks`` it looks at the moments at which the recorded engine let the
    strategy look, and sees what it then saw; else at once when the core asks.  A decision
    counts in the moment of its look; the way to the exchange is the shell's latency.
    Looks in ``unanswered`` were lost when they were recorded and are not taken.  With
    ``sees_recorded`` the measurements that a look sees are those of the recording: the
    simulated fills of another mode than the recorded one would have measured others.
    ``trades_unproven`` sends signals too whose cell is not proven yet.
    """

    def __init__(
        self,
        kind: type[Strategy],
        on_decided: Decided,
        *,
        follows_looks: bool = False,
        trades_unproven: bool = False,
        unanswered: frozenset[tuple[str, int]] = frozenset(),
        sees_recorded: Callable[[], bool] = lambda: False,
    ) -> None:
        self.fault = ""
        self.held_back = 0
        self._name = kind.name
        self._worker = Worker(_BookOfOne(kind))
        self._on_decided = on_decided
        self._follows_looks = follows_looks
        self._trades_unproven = trades_unproven
        self._unanswered = unanswered
        self._sees_recorded = sees_recorded
        self._recorded: dict[str, list[Observation]] = {}
        self._told: set[tuple[str, str, str | int]] = set()
        self._asked: AskStrategy | None = None

    def begin(self, now_ns: int) -> Iterable[CoreEvent]:
        """Return what declares the strategy and turns it on."""
        return (
            StrategiesDeclared(self._worker.book.infos()),
            CommandReceived("backtest-mode", SetMode(strategy=self._name, mode=Mode.TRADE)),
            CommandReceived("backtest-auto", SetAuto(on=True)),
        )

    def after(self, event: CoreEvent, core: TradingCore, now_ns: int) -> Sequence[CoreEvent]:
        """Feed the worker's markets as the engine does, and look where the strategy looked."""
        if type(event) in _FED:
            self._worker.markets.apply(event, now_ns)
            return ()
        if isinstance(event, ObservationRecorded):
            self._observe(event, core)
        if not isinstance(event, LooksRecorded):
            return ()
        core.state.implications = set(event.implications)
        is_mine = self._name in event.strategies and (self._name, now_ns) not in self._unanswered
        return self._look(core, now_ns) if is_mine and self._follows_looks else ()

    def _observe(self, event: ObservationRecorded, core: TradingCore) -> None:
        """Take what the recording tells, once; what was known at its start counts always."""
        one = event.observation
        key = (one.strategy, one.cell, one.source or one.at_ns)
        if key in self._told:
            return
        self._told.add(key)
        if event.known:
            take_in(core.state, one)
        if one.strategy == self._name:
            self._recorded.setdefault(one.cell, []).append(one)

    def perform(self, effect: Effect, core: TradingCore, now_ns: int) -> Iterable[CoreEvent]:
        """Answer the core's wish for a look; words and answers are for faces."""
        if not isinstance(effect, AskStrategy):
            return ()
        self._asked = effect
        return () if self._follows_looks else self._look(core, now_ns)

    def _look(self, core: TradingCore, now_ns: int) -> Sequence[CoreEvent]:
        asked, self._asked = self._asked, None
        if asked is None:
            return ()
        self._worker.markets.touched.clear()
        asked = msgspec.structs.replace(asked, implications=tuple(sorted(core.state.implications)))
        looked = self._worker.look(
            Look(
                strategy=asked.strategy,
                cycle=asked.cycle,
                now_ns=now_ns,
                values=asked.values,
                since_ns=asked.since_ns,
                implications=asked.implications,
                observations=self._observations(core),
            )
        )
        if looked.decision is None:
            self.fault = looked.fault
            return (StrategyFailed(strategy=self._name, cycle=asked.cycle, why=looked.fault),)
        self._on_decided(now_ns, decision_facts(self._name, looked.decision, asked.values))
        return (
            StrategyDecided(
                strategy=self._name,
                cycle=asked.cycle,
                looked_ns=now_ns,
                took_ns=0,
                decision=self._opened(looked.decision),
                proof=looked.proof,
            ),
        )

    def _observations(self, core: TradingCore) -> dict[str, tuple[Observation, ...]]:
        follows = self._follows_looks and self._sees_recorded()
        cells = self._recorded if follows else core.state.observations.get(self._name, {})
        return {cell: tuple(seen) for cell, seen in cells.items()}

    def _opened(self, decision: Decision) -> Decision:
        """Return what is acted on: signals without a proof pass only when that is wanted."""
        unproven = sum(1 for signal in decision.signals if signal.unproven)
        if not unproven:
            return decision
        if not self._trades_unproven:
            self.held_back += unproven
            return decision
        signals = tuple(msgspec.structs.replace(s, unproven=()) for s in decision.signals)
        return msgspec.structs.replace(decision, signals=signals)
