"""The placebo's yardstick: what trades brought at the middle, and what trading them cost."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import msgspec

from kalshi_desk.backtest import Backtester
from kalshi_desk.backtest.report import line_of
from kalshi_desk.backtest.result import BacktestResult
from kalshi_desk.core.strategy import Decision, MarketView, ParameterValue
from kalshi_desk.core.types import COUNT_SCALE, MONEY_SCALE, Count, Price
from kalshi_desk.quant.resampling import cluster_mean
from kalshi_desk.strategies.contract import Strategy
from tests.backtest.days import Timed

CONTRACTS = Count(10 * COUNT_SCALE)
LEAST_FILLS = 300
ERRORS = 2.0
WIDE = """
[risk]
open_positions = 1000
resting_orders = 1000
orders_per_minute = 6000
stale_book_seconds = 600
correlation = 1.0
[strategies]
interval_s = 240
"""
"""Limits of how much and how often, as far as settings go; all other checks stand."""


class Placebo(msgspec.Struct, frozen=True):
    """What one run brought: sums and the error of gross in micro-dollars, events as the sample."""

    fills: int
    events: int
    gross: int
    spread: int
    fees: int
    net: int
    contracts: int
    error: float

    @property
    def z(self) -> float:
        """Gross over its standard error."""
        return self.gross / self.error

    @property
    def is_fair(self) -> bool:
        """Whether the trades brought no more and no less than chance does, within 2 errors."""
        return abs(self.z) <= ERRORS

    def __str__(self) -> str:
        each = 100 / MONEY_SCALE / self.contracts
        return (
            f"{self.fills} fills in {self.events} events, gross {self.gross * each:+.2f} +- "
            f"{self.error * each:.2f}c a contract (z {self.z:+.2f}), "
            f"${self.gross / MONEY_SCALE:+.2f} gross {self.spread / MONEY_SCALE:+.2f} spread "
            f"{self.fees / MONEY_SCALE:+.2f} fees = {self.net / MONEY_SCALE:+.2f} net"
        )


def counted(kind: type[Strategy], posture: str = "") -> type[Strategy]:
    """Return a strategy that asks for a fixed count where it would leave the size to sizing.

    Sizing stakes nothing where nothing is proven, which is right and would make no placebo.
    With ``posture`` only the signals of that posture's cells are kept.
    """

    class Counted(kind):  # type: ignore[misc, valid-type]
        def decide(self, view: MarketView) -> Decision:
            decision = super().decide(view)
            signals = tuple(
                msgspec.structs.replace(
                    signal,
                    legs=tuple(
                        msgspec.structs.replace(leg, count=CONTRACTS) for leg in signal.legs
                    ),
                )
                for signal in decision.signals
                if signal.cell.endswith(posture)
            )
            return msgspec.structs.replace(decision, signals=signals)

    return Counted


def run(
    kind: type[Strategy], events: list[Timed], home: Path, **parameters: ParameterValue
) -> BacktestResult:
    """Run a strategy with its gates of proof open; gate, door, fees and queue are the desk's."""
    home.mkdir(parents=True, exist_ok=True)
    (home / "settings.toml").write_text(WIDE)
    result = Backtester(
        events=events,
        initial_capital=1_000_000,
        home=home,
        parameters=parameters,
        trade_unproven=True,
    ).run_strategy(kind)
    assert not result.fault
    return result


def measured(result: BacktestResult, paid: dict[str, Price]) -> Placebo:
    """Return what a run brought; it must add up to the micro-dollar, with nothing left open.

    Gross is against the middle of the book at each fill: the price that a fair market can't
    be beaten at.  What was paid, or earned, against the middle is cost, and so is the fee.
    """
    lines = [line_of(trade, paid[trade.fill.ticker]) for trade in result.fills]
    gross, spread = sum(line.at_middle for line in lines), sum(line.spread for line in lines)
    fees = -sum(line.trade.fill.fee for line in lines)
    report = result.report
    bridge = {name: round(Decimal(text) * MONEY_SCALE) for name, text in report["bridge"].items()}
    gained = round(
        (Decimal(report["final_equity"]) - Decimal(report["initial_capital"])) * MONEY_SCALE
    )
    assert report["open_positions"] == 0
    assert (bridge["at_middle"], bridge["spread"], bridge["fees"]) == (gross, spread, fees)
    assert gross + spread + fees == bridge["net"] == gained
    # The error of the sum, with events as the sample: an entry and its exit belong together.
    found = cluster_mean(
        [line.at_middle for line in lines], [line.trade.event_ticker for line in lines]
    )
    return Placebo(
        fills=len(lines),
        events=found.clusters,
        gross=gross,
        spread=spread,
        fees=fees,
        net=gained,
        contracts=sum(line.trade.fill.count for line in lines) // COUNT_SCALE,
        error=found.error * len(lines),
    )
