"""How much of a basket the gate would let through: each leg judged with those before it done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import msgspec

from kalshi_desk.core.reasons import Reason
from kalshi_desk.core.records import OrderIntent
from kalshi_desk.core.strategy import SignalLeg
from kalshi_desk.core.types import Action, BookSide, Count, Money, Outcome, TimeInForce
from kalshi_desk.engine.state import CoreState
from kalshi_desk.portfolio.positions import Position
from kalshi_desk.risk.exposure import Edges, Resting, edges_of, event_worst
from kalshi_desk.risk.gate import GateView, examine, order_cost
from kalshi_desk.risk.stake import Scaled, scale_basket


def fit_basket(
    state: CoreState,
    legs: Sequence[SignalLeg],
    *,
    origin: str,
    time_in_force: TimeInForce = TimeInForce.IOC,
    before: Sequence[SignalLeg] = (),
) -> Scaled:
    """Return the legs scaled by one ratio to what the gate allows, and what bound them.

    What comes before fills counts in full against what comes after: in cash, in open
    markets and in the worst case of the event.  ``before`` is what baskets under way are
    still to buy: their room is not free though no order holds it yet.  Every leg still
    passes the gate itself when it is sent.  Raises ``ValueError`` without legs or for a leg
    without a count.
    """
    views = [state.gate_view(leg.ticker) for leg in legs]
    promised = _Taken()
    for leg in before:
        promised.add(state, leg, leg.count, is_open=state.gate_view(leg.ticker).risk.is_open)

    def refusal(counts: tuple[Count, ...]) -> Reason | None:
        taken = promised.copy()
        for leg, count, view in zip(legs, counts, views, strict=True):
            intent = _intent(state, leg, count, origin, time_in_force)
            seen = _after(state, view, leg.ticker, taken)
            reasons = examine(intent, seen)
            if reasons:
                return reasons[0]
            taken.add(state, leg, seen.opens(intent), is_open=view.risk.is_open)
        return None

    return scale_basket([leg.count for leg in legs], refusal)


@dataclass(slots=True)
class _Taken:
    """What orders take that are to come before another one; ``spent`` by shard.

    ``marked_down`` is what they will lower equity by: a position counts at what leaving it
    would bring, so that each leg lowers what the next may cost.
    """

    done: list[Resting] = field(default_factory=list)
    opened: set[str] = field(default_factory=set)
    spent: Counter[int] = field(default_factory=Counter)
    marked_down: int = 0

    def copy(self) -> _Taken:
        return _Taken(list(self.done), set(self.opened), Counter(self.spent), self.marked_down)

    def add(self, state: CoreState, leg: SignalLeg, opens: Count, *, is_open: bool) -> None:
        live = state.markets.get(leg.ticker)
        if live is None:
            return
        cost = order_cost(leg.side, leg.price, opens, live.market, state.now_ns) or Money(0)
        unit = leg.price if leg.side is BookSide.BID else 10_000 - leg.price
        fee = Money(max(0, cost - unit * opens))
        event, excludes = state.group_of(leg.ticker)
        self.done.append(Resting(leg.ticker, event, excludes, leg.side, leg.price, opens, fee))
        if opens and not is_open:
            self.opened.add(leg.ticker)
        self.spent[live.market.shard] += cost
        leaving = state.exit_of(Position(leg.ticker, Count(opens * leg.side.sign)))
        # Without an exit it counts at the last price, which then is the one paid.
        self.marked_down += max(0, cost - (unit * opens if leaving is None else leaving.net))


def _after(state: CoreState, view: GateView, ticker: str, taken: _Taken) -> GateView:
    """Return the view of one leg once the orders before it are at the exchange."""
    event, _ = state.group_of(ticker)
    done, spent = taken.done, taken.spent[state.shard_of(ticker)]
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
    elsewhere = sum(edges_of(order).loss for order in others)
    lost, tail = Money(max(0, grown) + elsewhere), view.risk.tail
    # Of legs in other events all is counted as lost, also by theme, category and day.
    wealth = view.risk.wealth
    risk = replace(
        view.risk,
        wealth=None if wealth is None else Money(max(0, wealth - taken.marked_down)),
        members=members,
        states=states,
        same_day=view.risk.same_day | {order.ticker for order in done if order.group == event},
        theme_worst=Money(view.risk.theme_worst + lost),
        category_worst=Money(view.risk.category_worst + lost),
        day_worst=Money(view.risk.day_worst + lost),
        total_worst=Money(view.risk.total_worst + lost),
        tail=msgspec.structs.replace(tail, elsewhere=Money(tail.elsewhere + elsewhere)),
        open_elsewhere=view.risk.open_elsewhere + len(taken.opened - {ticker}),
        resting=view.risk.resting + len(done),
        messages=view.risk.messages + len(done),
    )
    return replace(view, risk=risk, committed=Money(view.committed + spent))


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
