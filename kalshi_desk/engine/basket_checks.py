"""Why a basket is not begun: its own rules, and the gate for every leg before any is sent."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from kalshi_desk.core.reasons import Reason, ReasonCode
from kalshi_desk.core.records import OrderIntent
from kalshi_desk.core.strategy import SignalLeg
from kalshi_desk.core.types import Count, Money, TimeInForce
from kalshi_desk.engine.basket_prices import least_chance, offered, outcome_of_side
from kalshi_desk.engine.state import CoreState
from kalshi_desk.risk.gate import contracts, dollars, examine, order_cost

_SECOND_NS = 1_000_000_000


def why_not(
    state: CoreState,
    strategy: str,
    legs: Sequence[SignalLeg],
    guaranteed: Money,
    payouts: Sequence[Money],
    *,
    busy: Sequence[str],
    barred_ns: int,
    chance: float,
    before: Sequence[SignalLeg] = (),
) -> tuple[Reason, ...]:
    """Return every reason against beginning a basket; empty when it may begin.

    ``before`` is what baskets under way are still to buy.
    """
    if len(legs) < 2 or not payouts or len({leg.ticker for leg in legs}) < len(legs):
        text = "A basket needs two or more markets, each once, and what they pay."
        return (Reason(ReasonCode.BASKET, text, str(len(legs)), "2"),)
    reasons: list[Reason] = []
    if busy:
        text = f"A basket of {busy[0]} is under way; one event has one at a time."
        reasons.append(Reason(ReasonCode.BASKET, text, "1", "0"))
    if state.now_ns < barred_ns:
        left = (barred_ns - state.now_ns) // _SECOND_NS + 1
        text = f"A leg failed here; no basket for another {left} s."
        reasons.append(Reason(ReasonCode.BASKET, text, f"{left} s", "0 s"))
    for leg in legs:
        reasons.extend(_against_leg(state, strategy, leg))
    reasons.extend(_against_cash(state, legs, before))
    least = least_chance(state, legs, guaranteed)
    if not chance > least:
        text = (
            f"Baskets are completed with a chance of {chance:.4f}; what a missed leg costs "
            f"asks for more than {least:.4f}."
        )
        reasons.append(Reason(ReasonCode.BASKET, text, f"{chance:.4f}", f"{least:.4f}"))
    return tuple(reasons)


def gate_refuses(state: CoreState, strategy: str, leg: SignalLeg) -> tuple[Reason, ...]:
    """Return the gate's reasons against buying a leg now; empty when it would let it pass."""
    intent = OrderIntent(
        client_order_id="",
        ticker=leg.ticker,
        side=leg.side,
        price=leg.price,
        count=leg.count,
        time_in_force=TimeInForce.IOC,
        outcome=outcome_of_side(leg.side),
        origin=strategy,
        created_ns=state.now_ns,
    )
    return examine(intent, state.gate_view(leg.ticker))


def _against_leg(state: CoreState, strategy: str, leg: SignalLeg) -> list[Reason]:
    reasons = list(gate_refuses(state, strategy, leg))
    on_offer = offered(state, leg)
    if on_offer < leg.count:
        text = f"Of {leg.ticker} only {contracts(on_offer)} are on offer at the leg's limit."
        reasons.append(Reason(ReasonCode.BASKET, text, contracts(on_offer), contracts(leg.count)))
    position = state.effective_position(leg.ticker)
    if position * leg.side.sign < 0:
        text = (
            f"{contracts(Count(abs(position)))} of the other outcome of {leg.ticker} are held; "
            "a leg would close them instead."
        )
        reasons.append(Reason(ReasonCode.BASKET, text, contracts(Count(abs(position))), "0"))
    resting = state.orders.open_orders(leg.ticker)
    if resting:
        text = f"{len(resting)} orders of {leg.ticker} are open; a leg must be the only one."
        reasons.append(Reason(ReasonCode.BASKET, text, str(len(resting)), "0"))
    return reasons


def _against_cash(
    state: CoreState, legs: Sequence[SignalLeg], before: Sequence[SignalLeg]
) -> list[Reason]:
    """Compare what all legs take together with what is free; the gate sees one at a time."""
    promised = _costs(state, before)
    reasons = []
    for shard, cost_of_all in sorted(_costs(state, legs).items()):
        cash = state.ledger.on_shard(shard)
        free = Money((cash or 0) - state.committed(shard) - promised.get(shard, 0))
        if cost_of_all > free:
            text = f"All legs together need {dollars(Money(cost_of_all))}; {dollars(free)} is free."
            reasons.append(
                Reason(ReasonCode.BALANCE, text, dollars(free), dollars(Money(cost_of_all)))
            )
    return reasons


def _costs(state: CoreState, legs: Sequence[SignalLeg]) -> dict[int, int]:
    """Return what legs take in all with the worst fees, by shard."""
    needed: dict[int, int] = defaultdict(int)
    for leg in legs:
        live = state.markets.get(leg.ticker)
        if live is not None:
            cost = order_cost(leg.side, leg.price, leg.count, live.market, state.now_ns)
            needed[live.market.shard] += cost or 0
    return needed
