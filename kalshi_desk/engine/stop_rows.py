"""The stops as faces draw them."""

from __future__ import annotations

from kalshi_desk.core.stops import StopRecord
from kalshi_desk.core.types import Count
from kalshi_desk.desk.automation_frames import StopRow
from kalshi_desk.desk.frames import Row
from kalshi_desk.engine.rows import full_title
from kalshi_desk.engine.state import CoreState
from kalshi_desk.engine.stop_plan import describe, stop_costs
from kalshi_desk.engine.stop_view import held_quote


def stop_rows(state: CoreState, _rest: str) -> dict[str, Row]:
    """Return every stop that protects, and those of the last day that are over."""
    shown = state.stops.shown(state.now_ns)
    return {record.stop_id: _row(state, record) for record in shown}


def _row(state: CoreState, record: StopRecord) -> StopRow:
    live = state.markets.get(record.ticker)
    is_live = record.state.is_live
    bid, _ = held_quote(state, record.ticker, record.side)
    leaving = state.exit_of(state.positions.get(record.ticker)) if is_live else None
    held = abs(state.effective_position(record.ticker))
    return StopRow(
        stop_id=record.stop_id,
        ticker=record.ticker,
        title=record.ticker if live is None else full_title(live),
        kind=record.kind,
        state=record.state.value,
        amount=record.amount,
        count=Count(held) if is_live else record.count,
        filled=record.filled,
        level=record.level,
        now_price=bid,
        until_ns=record.until_ns,
        expected_cost=stop_costs(state, record).expected if is_live else None,
        worst_exit=None if leaving is None else leaving.net,
        text=record.reason or describe(record),
        updated_ns=record.updated_ns,
    )
