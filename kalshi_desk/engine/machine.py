"""Wires the strategist: what it asks, how it sizes, and where its orders go."""

from __future__ import annotations

from kalshi_desk.core.reasons import Reason
from kalshi_desk.core.strategy import Signal, SignalLeg
from kalshi_desk.engine.acting import Acting, Desks
from kalshi_desk.engine.basket_desk import BasketDesk
from kalshi_desk.engine.commanding import Commanding
from kalshi_desk.engine.door import Door
from kalshi_desk.engine.outbox import Outbox
from kalshi_desk.engine.paper_desk import PaperDesk
from kalshi_desk.engine.sizing_desk import SizingDesk, payouts, scaled_guarantee
from kalshi_desk.engine.state import CoreState
from kalshi_desk.engine.strategist import Strategist


def make_machine(
    state: CoreState,
    outbox: Outbox,
    commanding: Commanding,
    door: Door,
    paper: PaperDesk,
    baskets: BasketDesk,
) -> Strategist:
    """Return the strategist of one desk."""
    sizing = SizingDesk(state, baskets.unsent)

    def begin_basket(
        strategy: str, signal: Signal, legs: tuple[SignalLeg, ...]
    ) -> tuple[Reason, ...] | None:
        return baskets.start(
            strategy,
            signal,
            legs,
            scaled_guarantee(signal, legs),
            payouts(signal, legs),
            state.now_ns,
        )

    desks = Desks(paper, baskets, sizing.size, sizing.stake_only, begin_basket)
    return Strategist(state, outbox, commanding, Acting(state, door, desks))
