"""From a signal to counts: the stake of a belief, or a basket as large as the gate allows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

import msgspec

from kalshi_desk.core.reasons import Reason
from kalshi_desk.core.strategy import Signal, SignalLeg, Why
from kalshi_desk.core.types import NO_MONEY, BookSide, Count, Money, Price
from kalshi_desk.engine.acting import Sized
from kalshi_desk.engine.basket_room import fit_basket
from kalshi_desk.engine.portfolio_view import record_bound
from kalshi_desk.engine.risk_numbers import drawdown
from kalshi_desk.engine.state import CoreState
from kalshi_desk.market.live import LiveMarket
from kalshi_desk.risk.gate import contracts, dollars
from kalshi_desk.risk.stake import Belief, Surroundings, stake

ROUNDING_PER_LEG = 10_000
"""What rounding to whole cents may take from a basket that is made smaller, per leg."""


class SizingDesk:
    """Sizes what strategies ask for; the gate still judges every order by itself."""

    def __init__(
        self, state: CoreState, unsent: Callable[[], Sequence[SignalLeg]] = lambda: ()
    ) -> None:
        """``unsent`` says what baskets under way are still to buy."""
        self._state = state
        self._unsent = unsent

    def size(self, strategy: str, signal: Signal) -> Sized:
        """Return the legs with counts for the venue, scaled to what the gate allows now."""
        wanted = self._wanted(strategy, signal)
        if wanted.why is not None:
            return wanted
        legs = wanted.legs
        scaled = fit_basket(
            self._state,
            legs,
            origin=strategy,
            time_in_force=signal.time_in_force,
            before=self._unsent(),
        )
        if not all(scaled.counts):
            return Sized(why=_bound_why(signal, scaled.bound))
        fitted = tuple(
            msgspec.structs.replace(leg, count=count)
            for leg, count in zip(legs, scaled.counts, strict=True)
        )
        text = wanted.text
        if scaled.bound is not None:
            # Sized by the desk, its legs name no counts: the stake is the whole of it.
            whole = msgspec.structs.replace(signal, legs=legs)
            small = too_small(whole, fitted, scaled.bound)
            if small is not None:
                return Sized(why=small)
            text = f"{text}; {scaled.ratio:.0%} of it, bound by {scaled.bound.code.value}"
        return msgspec.structs.replace(wanted, legs=fitted, text=text)

    def stake_only(self, strategy: str, signal: Signal) -> Sized:
        """Return the legs as the strategy would want them, whatever the account holds now."""
        return self._wanted(strategy, signal)

    def _wanted(self, strategy: str, signal: Signal) -> Sized:
        if all(leg.count for leg in signal.legs):
            return Sized(legs=signal.legs, text="size of the strategy")
        if signal.is_basket or signal.probability is None:
            text = "it names no size and no probability to size it by"
            return Sized(why=Why(candidate=signal.candidate, code="no_size", text=text))
        return self._staked(strategy, signal, signal.legs[0], signal.probability)

    def _staked(self, strategy: str, signal: Signal, leg: SignalLeg, probability: float) -> Sized:
        state = self._state
        live = state.markets.get(leg.ticker)
        wealth = state.settings.limits.wealth(state.equity())
        if live is None or wealth is None or not live.market.fee.is_known:
            text = "equity or the fee is not known, so no stake can be named"
            return Sized(why=Why(candidate=signal.candidate, code="no_stake", text=text))
        limits = state.settings.limits
        if signal.kelly_share is not None:
            share = min(limits.kelly_fraction, signal.kelly_share)
            limits = msgspec.structs.replace(limits, kelly_fraction=share)
        risk = state.gate_view(leg.ticker).risk
        found = stake(
            Belief(
                side=leg.side,
                price=leg.price,
                probability=probability,
                probability_sd=signal.probability_sd,
                fee=live.market.fee,
                is_taker=not signal.post_only,
            ),
            Surroundings(
                wealth=wealth,
                drawdown=(drawdown(state, state.equity()) or 0.0) / 100.0,
                variance_ratio=signal.variance_ratio,
                depth=None if signal.post_only else _depth(live, leg.side, leg.price),
                hours_left=signal.hours_left,
                mean_pnl_lower_bound=record_bound(state, strategy),
                correlated=tuple((rho, worst / wealth) for worst, rho in risk.kin if wealth),
                now_ns=state.now_ns,
            ),
            limits,
        )
        if not found.count:
            return Sized(why=Why(candidate=signal.candidate, code="no_stake", text=found.text))
        return Sized(legs=(msgspec.structs.replace(leg, count=found.count),), text=found.text)


def scaled_guarantee(signal: Signal, legs: tuple[SignalLeg, ...]) -> Money:
    """Return the least profit of a basket that is smaller than the strategy's.

    The dearest levels go first when a basket shrinks, so that its share of the profit is
    the least; rounding may take a cent of each leg.  What guarantees nothing loses nothing
    of that by being smaller.
    """
    if signal.guaranteed is None:
        return NO_MONEY
    whole = signal.guaranteed
    ratio = min(
        Fraction(leg.count, named.count)
        for leg, named in zip(legs, signal.legs, strict=True)
        if named.count
    )
    if ratio == 1:
        return Money(whole)
    return Money(int(whole * ratio) - ROUNDING_PER_LEG * len(legs))


def too_small(signal: Signal, legs: tuple[SignalLeg, ...], bound: Reason) -> Why | None:
    """Return why a basket made smaller is not worth it any more, None when it is."""
    least = min(leg.count for leg in legs)
    profit = scaled_guarantee(signal, legs)
    if least < signal.least_count:
        code, seen, needed = (
            "depth_below_minimum",
            f"{contracts(least)} contracts",
            f"at least {contracts(signal.least_count)} contracts",
        )
    elif profit < signal.least_profit:
        code, seen, needed = (
            "edge_below_minimum",
            dollars(profit),
            f"at least {dollars(signal.least_profit)}",
        )
    else:
        return None
    text = f"What the gate leaves of it is too small. {bound.text}"
    return Why(candidate=signal.candidate, code=code, text=text, seen=seen, needed=needed)


def payouts(signal: Signal, legs: tuple[SignalLeg, ...]) -> tuple[Money, ...]:
    """Return what the legs together pay in each state, in micro-dollars.

    Nothing when the signal doesn't say that of every leg in every state.
    """
    if len(signal.pays) != len(legs) or len({len(values) for values in signal.pays}) != 1:
        return ()
    states = zip(*signal.pays, strict=True)
    return tuple(
        Money(sum(value * leg.count for value, leg in zip(values, legs, strict=True)))
        for values in states
    )


def _depth(live: LiveMarket, side: BookSide, limit: Price) -> Count:
    """Return the contracts offered at the limit or better."""
    offered = live.book.levels(side.opposite)
    return Count(sum(size for price, size in offered if (limit - price) * side.sign >= 0))


def _bound_why(signal: Signal, bound: Reason | None) -> Why:
    if bound is not None:
        return Why(
            candidate=signal.candidate,
            code=bound.code.value,
            text=bound.text,
            seen=bound.seen,
            needed=bound.needed,
        )
    return Why(candidate=signal.candidate, code="no_room", text="the gate leaves no room for it")
