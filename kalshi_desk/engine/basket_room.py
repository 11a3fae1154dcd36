"""How much of a basket the gate would let through: each leg judged with those before it done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from kalshi_desk.core.fees import order_fee
from kalshi_desk.core.reasons import Reason
from kalshi_desk.core.records import OrderIntent
from kalshi_desk.core.strategy import SignalLeg
from kalshi_desk.core.types import (
    PRICE_ONE,
    Action,
    BookSide,
    Count,
    Money,
    Outcome,
    Price,
    TimeInForce,
)
from kalshi_desk.engine.state import CoreState
from kalshi_desk.market.live import LiveMarket
from kalshi_desk.risk.exposure import Edges, Resting, edges_of, event_worst
from kalshi_desk.risk.gate import GateView, examine, order_cost
from kalshi_desk.risk.stake import Scaled, scale_basket


def fit_basket(
    state: CoreState,
    legs: Sequence[SignalLeg],
    *,
    origin: str,
    time_in_force: TimeInForce = TimeInForce.IOC,
) -> Scaled:
    """Return the legs scaled by one ratio to what the gate allows, and what bound them.

    What comes before fills counts in full against what comes after: in cash, in open
    markets and in the worst case of the event.  Every leg still passes the gate itself
    when it is sent.  Raises ``ValueError`` without legs or for a leg without a count.
    """
    views = [state.gate_view(leg.ticker) for leg in legs]

    def refusal(counts: tuple[Count, ...]) -> Reason | None:
        done: list[Resting] = []
        opened: set[str] = set()
        spent = sunk = 0
        for leg, count, view in zip(legs, counts, views, strict=True):
            intent = _intent(state, leg, count, origin, time_in_force)
            seen = _after(state, view, leg.ticker, done, opened, Money(spent), Money(sunk))
            reasons = examine(intent, seen)
            if reasons:
                return reasons[0]
            live = state.markets.get(leg.ticker)
            if live is None:
                continue
            opens = seen.opens(intent)
            cost = order_cost(leg.side, leg.price, opens, live.market, state.now_ns) or Money(0)
            unit = leg.price if leg.side is BookSide.BID else 10_000 - leg.price
            fee = Money(max(0, cost - unit * opens))
            event, excludes = state.group_of(leg.ticker)
            done.append(Resting(leg.ticker, event, excludes, leg.side, leg.price, opens, fee))
            if opens and not view.risk.is_open:
                opened.add(leg.ticker)
            spent += cost
            sunk += cost - _worth(live, leg, opens)
        return None

    return scale_basket([leg.count for leg in legs], refusal)


def _after(
    state: CoreState,
    view: GateView,
    ticker: str,
    done: list[Resting],
    opened: set[str],
    spent: Money,
    sunk: Money,
) -> GateView:
    """Return the view of one leg once the legs before it are filled: ``sunk`` is gone from W."""
    event, _ = state.group_of(ticker)
    members = dict(view.risk.members)
    for order in done:
        if order.group == event:
            members[order.ticker] = members.get(order.ticker, Edges(0, 0)) + edges_of(order)
    others = [order for order in done if order.group != event]
    states = state.exposures.states_of({*members, ticker})
    excludes = view.risk.excludes
    grown = event_worst(view.risk.members, excludes=excludes, states=states) - event_worst(
        members, excludes=excludes, states=states
    )
    lost = Money(max(0, grown) + sum(edges_of(order).loss for order in others))
    wealth = view.risk.wealth
    # Of legs in other events all is counted as lost, also by category and day.
    risk = replace(
        view.risk,
        wealth=None if wealth is None else Money(max(0, wealth - sunk)),
        members=members,
        states=states,
        same_day=view.risk.same_day | {order.ticker for order in done if order.group == event},
        category_worst=Money(view.risk.category_worst + lost),
        day_worst=Money(view.risk.day_worst + lost),
        total_worst=Money(view.risk.total_worst + lost),
        open_elsewhere=view.risk.open_elsewhere + len(opened - {ticker}),
        resting=view.risk.resting + len(done),
        messages=view.risk.messages + len(done),
    )
    return replace(view, risk=risk, committed=Money(view.committed + spent))


def _worth(live: LiveMarket, leg: SignalLeg, count: Count) -> Money:
    """Return what a leg just bought would bring at the touch: equity counts no more of it."""
    back = live.book.bid if leg.side is BookSide.BID else live.book.ask
    if back is None:
        return Money(0)
    price = back if leg.side is BookSide.BID else Price(PRICE_ONE - back)
    fee = order_fee(live.market.fee, price, count, is_taker=True)
    return Money(max(0, price * count - fee))


def _intent(
    state: CoreState, leg: SignalLeg, count: Count, origin: str, time_in_force: TimeInForce
) -> OrderIntent:
    return OrderIntent(
        client_order_id="basket",
        ticker=leg.ticker,
        side=leg.side,
        price=leg.price,
        count=count,
        time_in_force=time_in_force,
        action=Action.BUY,
        outcome=Outcome.YES if leg.side is BookSide.BID else Outcome.NO,
        origin=origin,
        created_ns=state.now_ns,
    )
