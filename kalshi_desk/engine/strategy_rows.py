"""Rows about strategies: what each does, and why it leaves things alone."""

from __future__ import annotations

from kalshi_desk.core.strategy import Mode, Signal
from kalshi_desk.core.types import NO_MONEY
from kalshi_desk.desk.automation_frames import StrategyRow, WhyRow
from kalshi_desk.desk.frames import Row
from kalshi_desk.engine.pnl_view import strategy_pnl
from kalshi_desk.engine.rows import full_title
from kalshi_desk.engine.state import CoreState
from kalshi_desk.engine.strategy_state import StrategyState

SHOWN_REASONS = 500


def strategy_rows(state: CoreState, _rest: str) -> dict[str, Row]:
    """Return one row for each strategy."""
    return {name: strategy_row(state, found) for name, found in state.strategies.items()}


def strategy_row(state: CoreState, strategy: StrategyState) -> StrategyRow:
    """Build the row of one strategy."""
    info = strategy.info
    orders = [order for order in state.orders.open_orders() if order.origin == info.name]
    mine = strategy_pnl(state, info.name)
    return StrategyRow(
        name=info.name,
        title=info.title,
        help=info.help,
        mode=strategy.mode,
        running=state.auto and strategy.mode is Mode.TRADE and not strategy.fault,
        fault=strategy.fault,
        parameters=info.parameters,
        values=dict(strategy.values),
        looked_ns=strategy.looked_ns,
        took_ms=strategy.took_ns / 1e6,
        scanned=strategy.scanned,
        signals=len(strategy.signals),
        signal_texts=tuple(told(signal) for signal in strategy.signals),
        cycles=strategy.cycle,
        open_orders=len(orders),
        baskets=strategy.baskets,
        trades=0 if mine is None else mine.trades,
        pnl=NO_MONEY if mine is None else mine.net,
        paper_trades=strategy.paper_trades,
        paper_pnl=strategy.paper_pnl,
        proof=strategy.proof,
    )


def told(signal: Signal) -> str:
    """Return a signal in words, its market or event first: its own text seldom names it."""
    is_named = signal.candidate in signal.text
    return signal.text if is_named else f"{signal.candidate}: {signal.text}"


def why_rows(state: CoreState, name: str) -> dict[str, Row]:
    """Return the newest reasons of one strategy."""
    strategy = state.strategies.get(name)
    if strategy is None:
        return {}
    newest = list(strategy.reasons.items())[-SHOWN_REASONS:]
    return {
        f"{candidate}/{code}": WhyRow(
            candidate=candidate,
            title=_title(state, candidate),
            code=code,
            text=tally.why.text,
            seen=tally.why.seen,
            needed=tally.why.needed,
            times=tally.times,
            at_ns=tally.at_ns,
        )
        for (candidate, code), tally in newest
    }


def _title(state: CoreState, candidate: str) -> str:
    live = state.markets.get(candidate)
    if live is not None:
        return full_title(live)
    event = state.markets.events.get(candidate)
    return candidate if event is None else event.title
