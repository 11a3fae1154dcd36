"""Rows of the board as flat objects for scripts: dollars and contracts as strings."""

from __future__ import annotations

from collections.abc import Callable

from kalshi_desk.cli import automation_rows, portfolio_rows, service_rows
from kalshi_desk.cli.flat import Facts, Flat, count, dollars, moment, price
from kalshi_desk.core.drift import DriftFinding
from kalshi_desk.core.types import Count
from kalshi_desk.desk.commands import Answer, OrderResult
from kalshi_desk.desk.frames import FillRow, MarketRow, OrderRow, PositionRow, Row, StatusView


def status_facts(view: StatusView) -> Facts:
    """Return the status as one object; only what has drifted is a list in it."""
    return {
        "venue": view.venue,
        "link": view.link.value,
        "waiting_for": view.waiting_for,
        "exchange": view.exchange_text,
        "time": moment(view.now_ns),
        "risk": view.risk.value,
        "risk_reason": view.risk_reason,
        "equity": dollars(view.equity),
        "cash": dollars(view.cash),
        "buying_power": dollars(view.buying_power),
        "day_pnl": dollars(view.day_pnl),
        "worst_case": dollars(view.worst_case),
        "open_orders": view.open_orders,
        "unresolved": view.unresolved,
        "auto_running": view.auto_running,
        "auto_total": view.auto_total,
        "data_age_ms": view.data_age_ms,
        "message_age_ms": view.message_age_ms,
        "write_tokens": view.write_tokens,
        "write_capacity": view.write_capacity,
        "engine_pid": view.engine_pid,
        "notice": view.notice,
        "drift_checked": moment(view.drift_checked_ns),
        "drift_problem": view.drift_problem,
        "drift": [_flat_finding(finding) for finding in view.drift],
    }


def _flat_finding(finding: DriftFinding) -> Flat:
    return {
        "text": finding.text,
        "touches_money": finding.touches_money,
        "kind": finding.kind.value,
        "field": finding.field,
        "seen": finding.seen,
        "expected": finding.expected,
    }


def flat_balance(view: StatusView) -> Flat:
    """Return the money as one flat object; null while it is not known."""
    return {
        "venue": view.venue,
        "cash": dollars(view.cash),
        "buying_power": dollars(view.buying_power),
        "equity": dollars(view.equity),
        "day_pnl": dollars(view.day_pnl),
        "worst_case": dollars(view.worst_case),
    }


def flat_market(row: MarketRow) -> Flat:
    """Return a market; prices are null on an empty side."""
    return {
        "ticker": row.ticker,
        "event_ticker": row.event_ticker,
        "title": row.title,
        "subtitle": row.subtitle,
        "category": row.category,
        "status": row.status.value,
        "yes_bid": price(row.yes_bid),
        "yes_ask": price(row.yes_ask),
        "yes_bid_size": count(row.yes_bid_size),
        "yes_ask_size": count(row.yes_ask_size),
        "last_price": price(row.last_price),
        "volume": count(row.volume),
        "close_time": moment(row.close_ns),
        "position": count(row.position),
        "is_fresh": row.is_fresh,
        "is_starred": row.is_starred,
    }


def flat_position(row: PositionRow) -> Flat:
    """Return a position; prices are of the held side, null when it can't be closed."""
    return {
        "ticker": row.ticker,
        "title": row.title,
        "position": count(row.position),
        "average_price": price(row.average_price),
        "market_price": price(row.market_price),
        "net_price": price(row.net_price),
        "unrealized_pnl": dollars(row.unrealized_pnl),
        "realized_pnl": dollars(row.realized_pnl),
        "fees": dollars(row.fees),
        "worst_case": dollars(row.worst_case),
        "status": row.status.value,
        "close_time": moment(row.close_ns),
        "origin": row.origin,
    }


def flat_order(row: OrderRow) -> Flat:
    """Return an order; ``price`` is of the outcome, ``yes_price`` of YES."""
    return {
        "order_id": row.order_id,
        "client_order_id": row.client_order_id,
        "ticker": row.ticker,
        "title": row.title,
        "action": row.action.value,
        "outcome": row.outcome.value,
        "price": price(row.price),
        "side": row.side.value,
        "yes_price": price(row.yes_price),
        "count": count(row.count),
        "filled": count(row.filled),
        "remaining": count(row.remaining),
        "state": row.state,
        "ahead": count(row.ahead),
        "created_time": moment(row.created_ns),
        "updated_time": moment(row.updated_ns),
        "origin": row.origin,
        "reason": row.reason,
    }


def flat_fill(row: FillRow) -> Flat:
    """Return an execution; ``price`` is of the outcome, ``yes_price`` of YES."""
    return {
        "trade_id": row.trade_id,
        "order_id": row.order_id,
        "client_order_id": row.client_order_id,
        "ticker": row.ticker,
        "title": row.title,
        "action": row.action.value,
        "outcome": row.outcome.value,
        "price": price(row.price),
        "side": row.side.value,
        "yes_price": price(row.yes_price),
        "count": count(row.count),
        "fee": dollars(row.fee),
        "is_taker": row.is_taker,
        "executed_time": moment(row.executed_ns),
        "origin": row.origin,
    }


FLAT: dict[type, Callable[..., Flat]] = {
    MarketRow: flat_market,
    PositionRow: flat_position,
    OrderRow: flat_order,
    FillRow: flat_fill,
    **automation_rows.FLAT,
    **portfolio_rows.FLAT,
    **service_rows.FLAT,
}
"""Every kind of row that a list can hold, with what makes it flat."""


def flat_row(row: Row) -> Flat:
    """Return any row of a list."""
    return FLAT[type(row)](row)


def flat_result(result: OrderResult) -> Flat:
    """Return what became of one order."""
    return {
        "order_id": result.order_id or None,
        "client_order_id": result.client_order_id,
        "ticker": result.ticker,
        "filled": count(result.filled),
        "remaining": count(result.remaining),
        "state": result.state,
    }


def answer_object(answer: Answer) -> dict[str, object]:
    """Return an answer: one order's fields on top when there is one, every order below."""
    only = answer.orders[0] if len(answer.orders) == 1 else None
    return {
        "outcome": answer.outcome.value,
        "text": answer.text,
        "command_id": answer.command_id,
        "order_id": (only.order_id or None) if only else None,
        "client_order_id": only.client_order_id if only else None,
        "filled": count(Count(sum(order.filled for order in answer.orders))),
        "remaining": count(Count(sum(order.remaining for order in answer.orders))),
        "reasons": [
            {"code": why.code.value, "text": why.text, "seen": why.seen, "needed": why.needed}
            for why in answer.reasons
        ],
        "orders": [flat_result(order) for order in answer.orders],
    }
