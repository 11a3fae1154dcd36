"""What the core remembers of each strategy: its mode, its last answer, and its reasons."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from kalshi_desk.core.strategy import Decision, Mode, PairMeasured, ParameterValue, Signal, Why
from kalshi_desk.core.types import Money
from kalshi_desk.engine.strategy_messages import StrategyInfo

MOST_REASONS = 3_000
TOO_YOUNG = "duration_below_minimum"
"""A reason with this code names its candidate as much as a signal does: its age counts."""


@dataclass(slots=True)
class Tally:
    """How often a reason was given for a candidate, and its newest words."""

    why: Why
    times: int
    at_ns: int


@dataclass(slots=True)
class StrategyState:
    """One strategy; ``fault`` is why the desk switched it off.

    ``since_ns`` tells since which look each candidate has been named without a break;
    ``barred`` until when the desk leaves a candidate alone after a refusal.
    """

    info: StrategyInfo
    mode: Mode
    values: dict[str, ParameterValue]
    fault: str = ""
    cycle: int = 0
    is_looking: bool = False
    asked_ns: int = 0
    asked_data_ns: int = 0
    looked_ns: int = 0
    took_ns: int = 0
    scanned: int = 0
    proof: str = ""
    baskets: int = 0
    paper_trades: int = 0
    paper_pnl: Money | None = None
    signals: tuple[Signal, ...] = ()
    pairs: tuple[PairMeasured, ...] = ()
    since_ns: dict[str, int] = field(default_factory=dict)
    barred: dict[str, int] = field(default_factory=dict)
    reasons: dict[tuple[str, str], Tally] = field(default_factory=dict)

    @property
    def is_on(self) -> bool:
        """Whether it is asked at all."""
        return self.mode is not Mode.OFF and not self.fault

    @property
    def is_trading(self) -> bool:
        """Whether it sends orders to the venue while AUTO is on."""
        return self.is_on and self.mode is Mode.TRADE

    def remember(self, decision: Decision, looked_ns: int) -> None:
        """Take an answer: what it names keeps its age, what it no longer names loses it."""
        named = [signal.candidate for signal in decision.signals]
        named += [why.candidate for why in decision.reasons if why.code == TOO_YOUNG]
        self.since_ns = {name: self.since_ns.get(name, looked_ns) for name in named}
        self.signals, self.scanned = decision.signals, decision.scanned
        self.pairs = decision.pairs
        self.note(decision.reasons, looked_ns)

    def note(self, reasons: Iterable[Why], at_ns: int) -> None:
        """Count reasons; the oldest go when there are too many."""
        for why in list(reasons)[-MOST_REASONS:]:
            key = (why.candidate, why.code)
            tally = self.reasons.pop(key, None)
            times = 1 if tally is None else tally.times + 1
            self.reasons[key] = Tally(why, times, at_ns)
        for key in list(self.reasons)[: max(0, len(self.reasons) - MOST_REASONS)]:
            del self.reasons[key]
