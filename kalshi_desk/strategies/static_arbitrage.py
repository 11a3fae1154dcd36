"""Static arbitrage: baskets that pay more than they cost however their markets settle.

For each group of related markets: what can be bought now, a screen of best prices, and
only where that leaves something a linear programme over all ways to settle, net of fees,
priced again exactly.  The first test that fails is the reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import msgspec

from kalshi_desk.core.strategy import (
    Decision,
    MarketSnapshot,
    MarketView,
    Mode,
    Parameter,
    ParameterValue,
    RelationGroup,
    Signal,
    SignalLeg,
    Why,
)
from kalshi_desk.core.types import (
    CENT,
    CENT_MONEY,
    COUNT_SCALE,
    MONEY_SCALE,
    PRICE_ONE,
    BookSide,
    Count,
    MarketStatus,
    Money,
    Outcome,
    TimeInForce,
    complement,
)
from kalshi_desk.quant.arbitrage import Leg, best_basket
from kalshi_desk.quant.baskets import BasketOrder, annual_return, by_scarcity, clears_hurdle
from kalshi_desk.quant.candidates import (
    Assessment,
    Evidence,
    Limits,
    Verdict,
    assess,
    before_prices,
)
from kalshi_desk.quant.states import State, StateSpace
from kalshi_desk.strategies import arbitrage_words as words
from kalshi_desk.strategies.arbitrage_space import Known, known_of, with_void
from kalshi_desk.strategies.contract import Strategy

_MS = 1_000_000
_HOUR_NS = 3_600_000_000_000
_DAY_HOURS = 24.0
_UNKNOWN_HOURS = 365 * _DAY_HOURS
"""A market that says nothing of its end locks money for a year, as far as the hurdle goes."""


class Solved(msgspec.Struct, frozen=True):
    """One group's last programme: all that went in, and what came out."""

    given: tuple[object, ...]
    found: Assessment


class StaticArbitrage(Strategy):
    """Buys every leg of a basket whose least payout, after fees, exceeds its cost.

    An edge must last: one that lacks nothing but time is answered with the reason
    ``duration_below_minimum``, from whose first appearance the engine counts
    (``MarketView.since_ns``); a candidate without an entry there has lasted for 0 ms.
    """

    name: ClassVar[str] = "arbitrage"
    title: ClassVar[str] = "Static arbitrage"
    help: ClassVar[str] = (
        "Buys sets of related markets that pay more than they cost whatever happens, after fees."
    )
    default_mode: ClassVar[Mode] = Mode.PAPER
    follows_books: ClassVar[bool] = True
    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter(
            name="budget",
            default=500,
            low=1,
            high=100_000,
            unit="dollars",
            help="The most that one basket may cost with its fees, before these are rounded.",
        ),
        Parameter(
            name="min_net",
            default=1.0,
            low=0.0,
            high=100.0,
            unit="cents",
            help="The least certain profit of each basket, after fees.",
        ),
        Parameter(
            name="slippage",
            default=0.5,
            low=0.0,
            high=100.0,
            unit="cents",
            help="What each contract of each leg must leave besides, in case its price moves.",
        ),
        Parameter(
            name="min_profit",
            default=0.5,
            low=0.01,
            high=10_000.0,
            unit="dollars",
            help="The least certain profit of all baskets together, after fees.",
        ),
        Parameter(
            name="min_count",
            default=5,
            low=1,
            high=100_000,
            unit="contracts",
            help="The least contracts of a leg.",
        ),
        Parameter(
            name="max_legs",
            default=12,
            low=2,
            high=100,
            unit="legs",
            help="The most orders of a basket.",
        ),
        Parameter(
            name="levels",
            default=5,
            low=1,
            high=100,
            unit="levels",
            help="How many prices of each side of a book are looked at.",
        ),
        Parameter(
            name="max_age",
            default=2_000,
            low=1,
            high=60_000,
            unit="ms",
            help="How old what is known of a book may be.",
        ),
        Parameter(
            name="max_skew",
            default=500,
            low=1,
            high=60_000,
            unit="ms",
            help="How far apart in time the books of a basket may be known.",
        ),
        Parameter(
            name="min_duration",
            default=1_000,
            low=0,
            high=600_000,
            unit="ms",
            help="How long an edge must have been there.",
        ),
        Parameter(
            name="hurdle",
            default=15.0,
            low=0.0,
            high=1_000.0,
            unit="% a year",
            help="What money that is locked for more than a week must earn.",
        ),
        Parameter(
            name="settle_gap",
            default=24.0,
            low=0.0,
            high=100_000.0,
            unit="hours",
            help="How far apart the markets of a basket may settle.",
        ),
    )

    def __init__(self, values: Mapping[str, ParameterValue] | None = None) -> None:
        super().__init__(values)
        # What follows from its inputs alone: kept to be fast, it changes no answer.
        self._known: dict[str, Known] = {}
        self._solved: dict[str, Solved] = {}

    def prepare(self) -> None:
        """Load the solver, which alone would take half of a look's time."""
        space = StateSpace(("a",), (State("a", (PRICE_ONE,)),))
        best_basket(space, [Leg("a", Outcome.YES, CENT, Count(COUNT_SCALE))])

    def decide(self, view: MarketView) -> Decision:
        """Return a signal for each group with a certain profit, and a reason for the others."""
        signals, reasons = [], []
        markets: set[str] = set()
        limits, known, solved = self._limits(), self._known, self._solved
        self._known, self._solved = {}, {}
        for group in view.groups:
            markets.update(group.markets)
            answer = self._look(group, view, limits, known, solved)
            if isinstance(answer, Signal):
                signals.append(answer)
            else:
                reasons.append(answer)
        return Decision(signals=tuple(signals), reasons=tuple(reasons), scanned=len(markets))

    def _limits(self) -> Limits:
        return Limits(
            skew_ms=self.whole("max_skew"),
            age_ms=self.whole("max_age"),
            duration_ms=self.whole("min_duration"),
            count=Count(self.whole("min_count") * COUNT_SCALE),
            least=Money(round(self.number("min_profit") * MONEY_SCALE)),
            per_basket=round(self.number("min_net") * CENT_MONEY),
            per_contract=round(self.number("slippage") * CENT_MONEY),
        )

    def _look(
        self,
        group: RelationGroup,
        view: MarketView,
        limits: Limits,
        known: dict[str, Known],
        solved: dict[str, Solved],
    ) -> Signal | Why:
        active = [
            snapshot
            for ticker in group.markets
            if (snapshot := view.markets.get(ticker)) is not None
            and snapshot.market.status is MarketStatus.ACTIVE
        ]
        usable = tuple(snapshot for snapshot in active if _is_usable(snapshot))
        if len(active) < 2:
            return words.too_few(group, Verdict.NO_ASKS, len(active), "trades")
        if len(usable) < 2:
            return words.too_few(group, Verdict.STALE, len(usable), "has a usable book")
        names = tuple(snapshot.market.ticker for snapshot in usable)
        past = known.get(group.name)
        now = past if past is not None and past.is_of(group, names) else known_of(group, names)
        self._known[group.name] = now
        space = now.space
        if space is None:
            return words.unknown(group, now.problem, now.problem_text)
        ends = [snapshot.market.expiration_ns or snapshot.market.close_ns for snapshot in usable]
        apart = (max(ends) - min(ends)) / _HOUR_NS if all(ends) else 0.0
        if apart > self.number("settle_gap"):
            return words.settles_apart(group, apart, self.number("settle_gap"))
        evidence = Evidence(
            is_verified=True,
            is_active=True,
            ages_ms=tuple(_age_ms(snapshot, view.now_ns) for snapshot in usable),
            lasted_ms=limits.duration_ms,
        )
        has_legs = any(snapshot.bids or snapshot.asks for snapshot in usable)
        early = before_prices(evidence, limits, has_legs=has_legs)
        if early is not None:
            return words.verdict(group, early)
        seen = now.screen.look(
            [snapshot.bid or 0 for snapshot in usable],
            [PRICE_ONE if (ask := snapshot.ask) is None else ask for snapshot in usable],
        )
        if not seen.has_edge:
            return words.no_edge(group, now, seen)
        if group.can_void:
            space = with_void(space, usable)
        found = self._solve(group, space, usable, evidence, limits, solved)
        if found.verdict is not Verdict.CANDIDATE:
            return words.verdict(group, found)
        return self._candidate(group, space, view, usable, found, limits)

    def _solve(
        self,
        group: RelationGroup,
        space: StateSpace,
        usable: tuple[MarketSnapshot, ...],
        evidence: Evidence,
        limits: Limits,
        solved: dict[str, Solved],
    ) -> Assessment:
        legs = executable(usable, self.whole("levels"))
        budget = Money(self.whole("budget") * MONEY_SCALE)
        given = (space, legs, limits, budget)
        past = solved.get(group.name)
        if past is None or past.given != given:
            try:
                found = assess(space, legs, evidence, budget=budget, limits=limits)
            except ArithmeticError:
                found = Assessment(Verdict.UNSOLVED)
            past = Solved(given, found)
        self._solved[group.name] = past
        return past.found

    def _candidate(
        self,
        group: RelationGroup,
        space: StateSpace,
        view: MarketView,
        usable: tuple[MarketSnapshot, ...],
        found: Assessment,
        limits: Limits,
    ) -> Signal | Why:
        priced = found.priced
        if priced is None:
            raise AssertionError("a candidate without a price")
        snapshots = {snapshot.market.ticker: snapshot for snapshot in usable}
        most = self.whole("max_legs")
        if len(found.orders) > most:
            return words.too_many_legs(group, len(found.orders), most)
        hours = max(_hours_left(snapshots[order.market], view.now_ns) for order in found.orders)
        days = max(hours, 1.0) / _DAY_HOURS
        hurdle = self.number("hurdle") / 100
        profit, locked = priced.worst / MONEY_SCALE, priced.cash / MONEY_SCALE
        if not clears_hurdle(profit, locked, days, hurdle=hurdle):
            yearly = annual_return(profit, locked, days)
            return words.below_hurdle(group, yearly, hurdle, days)
        since = view.since_ns.get(group.name)
        lasted = 0 if since is None else (view.now_ns - since) // _MS
        if lasted < limits.duration_ms:
            return words.too_young(group, priced, lasted, limits.duration_ms)
        ordered = by_scarcity(found.orders, _offered(found.orders, snapshots))
        return Signal(
            candidate=group.name,
            legs=tuple(_leg(order) for order in ordered),
            text=words.basket(ordered, priced),
            guaranteed=priced.worst,
            least_profit=limits.least,
            least_count=limits.count,
            pays=tuple(space.pays(order.market, order.outcome) for order in ordered),
            time_in_force=TimeInForce.IOC,
            hours_left=hours,
        )


def executable(usable: tuple[MarketSnapshot, ...], levels: int) -> tuple[Leg, ...]:
    """Return what can be bought now: YES at the asks, NO at one dollar less the bids."""
    legs = []
    for snapshot in usable:
        ticker, rule = snapshot.market.ticker, snapshot.market.fee
        legs += [Leg(ticker, Outcome.YES, p, size, rule) for p, size in snapshot.asks[:levels]]
        legs += [
            Leg(ticker, Outcome.NO, complement(p), size, rule) for p, size in snapshot.bids[:levels]
        ]
    return tuple(legs)


def _offered(
    orders: tuple[BasketOrder, ...], snapshots: Mapping[str, MarketSnapshot]
) -> dict[tuple[str, Outcome], Count]:
    """Return the contracts that a book offers at each order's limit or better."""
    found = {}
    for order in orders:
        book = snapshots[order.market]
        if order.outcome is Outcome.YES:
            sizes = [size for price, size in book.asks if price <= order.limit]
        else:
            sizes = [size for price, size in book.bids if complement(price) <= order.limit]
        found[order.market, order.outcome] = Count(sum(sizes))
    return found


def _leg(order: BasketOrder) -> SignalLeg:
    """Return the order in the one YES book: buying NO asks for YES at one dollar less."""
    is_yes = order.outcome is Outcome.YES
    return SignalLeg(
        ticker=order.market,
        side=BookSide.BID if is_yes else BookSide.ASK,
        price=order.limit if is_yes else complement(order.limit),
        count=order.count,
    )


def _is_usable(snapshot: MarketSnapshot) -> bool:
    """Return whether a book is whole: one that crosses misses a message that is on its way."""
    bid, ask = snapshot.bid, snapshot.ask
    return snapshot.is_fresh and (bid is None or ask is None or bid < ask)


def _age_ms(snapshot: MarketSnapshot, now_ns: int) -> int:
    return max(0, now_ns - snapshot.known_ns) // _MS if snapshot.known_ns else 0


def _hours_left(snapshot: MarketSnapshot, now_ns: int) -> float:
    end = snapshot.market.expiration_ns or snapshot.market.close_ns
    return max(0.0, (end - now_ns) / _HOUR_NS) if end else _UNKNOWN_HOURS
