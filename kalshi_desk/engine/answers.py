"""What a command's orders came to, for its answer."""

from __future__ import annotations

from kalshi_desk.core.reasons import Reason, ReasonCode
from kalshi_desk.core.types import Count
from kalshi_desk.desk.commands import OrderResult
from kalshi_desk.engine.pending import Goal, Pending
from kalshi_desk.execution.orders import ManagedOrder
from kalshi_desk.risk.gate import contracts


def result_of(order: ManagedOrder) -> OrderResult:
    """Return what became of one order."""
    return OrderResult(
        client_order_id=order.client_order_id,
        order_id=order.order_id,
        ticker=order.ticker,
        filled=order.filled,
        remaining=order.remaining,
        state=order.state.value,
    )


def summary_of(pending: Pending, orders: list[ManagedOrder]) -> str:
    """Return what became of a command's orders in one line."""
    if not orders:
        return "Nothing was open." if pending.goal is Goal.CANCEL else "Nothing to do."
    if pending.goal is Goal.CANCEL:
        return f"{len(orders)} order{'s' if len(orders) != 1 else ''} canceled."
    filled = sum(order.filled for order in orders)
    rests = sum(order.remaining for order in orders)
    return f"{contracts(Count(filled))} filled, {contracts(Count(rests))} resting."


def leftover(ticker: str, left: Count) -> Reason:
    """Return why a flatten ends with contracts that are still held."""
    return Reason(
        ReasonCode.NO_EXIT,
        f"{contracts(left)} contracts of {ticker} could not be closed "
        "within the collar; the rest of the position is kept. Ask again, or sell "
        "at a limit of your own.",
        contracts(left),
        "0",
    )
