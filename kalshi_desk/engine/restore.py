"""Brings the core back to where the journal left it; start and recovery are one path."""

from __future__ import annotations

import contextlib

from kalshi_desk.core.fees import PredictedFee
from kalshi_desk.core.records import Fill, Order, OrderState, Settlement
from kalshi_desk.core.strategy import Mode
from kalshi_desk.core.types import NO_COUNT, Money, notional
from kalshi_desk.engine.bookkeeper import recall_fill, recall_folio
from kalshi_desk.engine.learning_desk import take_in
from kalshi_desk.engine.risk_numbers import MINUTE_NS
from kalshi_desk.engine.state import LIVE_OFF, CoreState
from kalshi_desk.execution.orders import ManagedOrder
from kalshi_desk.risk.stop_book import SHOWN_NS
from kalshi_desk.store.journal import Journal

CONFIRMED_AGAIN = "LIVE had been switched off and was confirmed again"
REMEMBERED_AUTO = frozenset({"practice", "paper", "demo"})
"""Venues on which AUTO is still on after a restart; real money needs a person again."""
LOST_ANSWER = "the engine stopped before the exchange's answer"


def restore(state: CoreState, journal: Journal, now_ns: int) -> tuple[Fill, ...]:
    """Fill an empty state from the journal and return the fills to show.

    An intent of which nothing was heard becomes UNRESOLVED: it may rest at the exchange,
    and for all that is known it was on its way there until just now.
    """
    for intent in journal.intents():
        state.orders.add_intent(intent)
        if now_ns - intent.created_ns < MINUTE_NS:
            # The limit of orders a minute holds across a restart; cancels are not kept.
            state.messages.append(intent.created_ns)
    for record in journal.orders():
        _merge(state, record)
    for order in list(state.orders.by_client_id.values()):
        if order.state is OrderState.INTENT:
            state.orders.unknown(order.client_order_id, LOST_ANSWER, order.updated_ns)
        if order.state is OrderState.UNRESOLVED:
            order.unknown_ns = now_ns
    fills = journal.fills()
    predicted = recall_folio(state, journal)
    for fill in fills:
        _book(state, fill, predicted.get((fill.trade_id, fill.order_id)))
    settlements: list[Settlement] = journal.settlements()
    for settlement in settlements:
        state.positions.book_settlement(settlement)
        state.folio.parts.settle(settlement)
    state.markets.touched.update(state.positions.by_ticker)
    for stop in journal.stops(now_ns - SHOWN_NS):
        state.stops.add(stop)
    for observation in journal.observations():
        take_in(state, observation)
    _recall_meta(state, journal)
    state.has_history = bool(fills or state.orders.by_client_id)
    return tuple(fills)


def _merge(state: CoreState, record: Order) -> None:
    key = record.client_order_id or record.order_id
    order = state.orders.by_client_id.get(key)
    if order is None:
        state.orders.reported(record, record.updated_ns)
        return
    order.order_id = record.order_id
    order.filled, order.remaining = record.filled, record.remaining
    order.state, order.reason = record.state, record.reason
    order.updated_ns = record.updated_ns
    state.orders.restore(order)


def _book(state: CoreState, fill: Fill, predicted: PredictedFee | None) -> None:
    order = state.orders.known(fill.order_id)
    origin = order.origin if order is not None else ""
    if state.positions.book_fill(fill, origin) is not None:
        recall_fill(state, fill, origin, predicted)
    if fill.fee % 10_000:
        state.is_direct = True
    if order is not None:
        order.book(fill.count, fill.fee, notional(fill.price, fill.count))
        state.orders.restore(order)
    else:
        state.orders.keep_nameless(fill)


def _recall_meta(state: CoreState, journal: Journal) -> None:
    state.halted_why = journal.halted_reason() or ""
    if state.halted_why == LIVE_OFF:
        state.halted_why = CONFIRMED_AGAIN
    for key, value in journal.all_meta("mode:").items():
        with contextlib.suppress(ValueError):
            state.modes[key.removeprefix("mode:")] = Mode(value)
    state.auto = journal.meta("auto") == "on" and state.settings.venue in REMEMBERED_AUTO
    for pair in (journal.meta("implications") or "").split():
        cause, _, effect = pair.partition(">")
        state.implications.add((cause, effect))
    day, _, equity = (journal.meta("day") or "").partition(" ")
    if day and equity.lstrip("-").isdigit():
        state.day, state.opening_equity = day, Money(int(equity))
    peak = journal.meta("peak") or ""
    if peak.isdigit():
        state.peak_equity = Money(int(peak))
    state.guards.recall(journal.meta("guards") or "")


def journal_order(order: ManagedOrder) -> Order:
    """Return an order as the journal keeps it."""
    return Order(
        order_id=order.order_id,
        client_order_id=order.client_order_id,
        ticker=order.ticker,
        side=order.side,
        price=order.price,
        initial_count=order.count,
        filled=order.filled,
        remaining=order.remaining if order.state.is_open else NO_COUNT,
        state=order.state,
        created_ns=order.created_ns,
        updated_ns=order.updated_ns,
        reason=order.reason,
    )
