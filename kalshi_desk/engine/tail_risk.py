"""The expected shortfall of the account at settlement, kept beside the loop for the gate."""

from __future__ import annotations

from collections import Counter
from math import ceil
from typing import TYPE_CHECKING

import msgspec

from kalshi_desk.core.types import MONEY_SCALE, NO_MONEY, PRICE_SCALE, Money
from kalshi_desk.engine.exposures import NO_CATEGORY, EventRisk, kinship
from kalshi_desk.quant import exposure as quant
from kalshi_desk.quant.correlation import STRESS, Kinship, for_limits
from kalshi_desk.quant.marginals import state_chances
from kalshi_desk.risk.exposure import Edges
from kalshi_desk.risk.limits import part_of
from kalshi_desk.risk.tail import TailView, tail_growth

if TYPE_CHECKING:
    from kalshi_desk.engine.state import CoreState

SECOND_NS = 1_000_000_000
LEVEL = 0.95
MAX_CELLS = 33_000
"""500 buckets of profit: within 1 % of the cent grid and never below it, in 2 ms for 10 events."""
SOON_NS, PER_EVENT_NS = 2 * SECOND_NS, SECOND_NS // 20
ANYWAY_NS = 300 * SECOND_NS
WORTH_IT_PERCENT = 0.1
"""A bound that is looser than this share of W is worth a new computation."""
_LEAST_CHANCE = 0.001


UNITS_A_BEAT = 10
"""Events folded in one beat: about 2 ms, some 10 where there are hundreds of them."""


class _Computing(msgspec.Struct):
    """Two distributions of one moment in the making, the stressed one after the other."""

    events: dict[str, EventRisk]
    units: list[quant.EventRisk]
    means: dict[str, Money]
    fold: quant.PortfolioFold
    base: Money | None = None


class TailRisk:
    """The average loss of the worst 5 % of outcomes, twice: as correlated as assumed, and at 0.8.

    The distribution costs milliseconds, so it is computed on the beats of the loop, some
    events at a time and one of the two after the other.  In between the gate uses the newest
    values and adds how far what has changed since can have raised them at most
    (:func:`tail_growth`), and what is asked for.

    Chances are the middle prices; without any price the worse outcome counts as certain.
    An event's correlation with the common factor is the highest that it has with any other,
    so that no pair correlates less than its kind suggests or its estimate says.
    """

    def __init__(self, state: CoreState) -> None:
        self._state = state
        self.base = NO_MONEY
        self.stress = NO_MONEY
        self._seen: dict[str, EventRisk] = {}
        self._means: dict[str, Money] = {}
        self._growth: dict[str, Money] = {}
        self._grown = 0
        self._computed_ns = 0
        self._is_current = True
        self._used: dict[frozenset[str], float] = state.exposures.correlations
        self._computing: _Computing | None = None

    def beat(self) -> None:
        """Compute anew where something changed: soon when that loosens the bound much."""
        if self._computing is not None:
            self._go_on(self._computing)
            return
        state, exposures = self._state, self._state.exposures
        age_ns = state.now_ns - self._computed_ns
        if 0 <= age_ns < SOON_NS + PER_EVENT_NS * len(exposures.events):
            return
        exposures.refresh()
        self._follow()
        if self._is_current and self._used is exposures.correlations:
            return
        wealth = state.settings.limits.wealth(exposures.equity())
        is_loose = wealth is None or self._grown > part_of(wealth, WORTH_IT_PERCENT)
        if is_loose or not 0 <= age_ns < ANYWAY_NS:
            self._begin()

    def view(self, event: str) -> TailView:
        """Return what the gate needs to judge an order in one event."""
        self._follow()
        seen = self._seen.get(event)
        return TailView(
            base=self.base,
            stress=self.stress,
            elsewhere=Money(self._grown - self._growth.get(event, NO_MONEY)),
            was={} if seen is None else seen.members,
            mean=self._means.get(event, NO_MONEY),
        )

    def now(self) -> tuple[Money, Money]:
        """Return both shortfalls, with what changed since; never above the sum of the worst."""
        self._follow()
        most = self._state.exposures.total
        return (
            Money(min(self.base + self._grown, most)),
            Money(min(self.stress + self._grown, most)),
        )

    def _follow(self) -> None:
        """Bring the growth up to what was judged anew since the last look."""
        fresh = self._state.exposures.fresh
        self._is_current = self._is_current and not fresh
        for event in fresh:
            self._grow(event)
        fresh.clear()

    def _grow(self, event: str) -> None:
        self._grown -= self._growth.pop(event, NO_MONEY)
        now, was = self._state.exposures.events.get(event), self._seen.get(event)
        known = now or was
        if known is None or now is was:
            return
        growth = tail_growth(
            {} if was is None else was.members,
            self._means.get(event, NO_MONEY),
            {} if now is None else now.members,
            excludes=known.excludes,
            states=known.states,
        )
        self._growth[event] = growth
        self._grown += growth

    def _begin(self) -> None:
        state = self._state
        events = dict(state.exposures.events)
        units: list[quant.EventRisk] = []
        loads: list[float] = []
        means: dict[str, Money] = {}
        load_of = self._loads(events)
        for name, risk in events.items():
            found = self._units(risk)
            units += found
            loads += [load_of[name]] * len(found)
            mean = sum(
                value * chance
                for unit in found
                for value, chance in zip(unit.pnl, unit.chances, strict=True)
            )
            means[name] = Money(ceil(mean))
        self._computed_ns = state.now_ns
        self._is_current, self._used = True, state.exposures.correlations
        self._computing = _Computing(events, units, means, _fold(units, loads))
        self._go_on(self._computing)

    def _go_on(self, work: _Computing) -> None:
        if not work.fold.go_on(UNITS_A_BEAT):
            return
        found = _shortfall(work)
        if work.base is None:
            work.base, work.fold = found, _fold(work.units, STRESS)
        else:
            self._finish(work, work.base, max(work.base, found))

    def _finish(self, done: _Computing, base: Money, stress: Money) -> None:
        self.base, self.stress = base, stress
        self._computing = None
        self._seen, self._means = done.events, done.means
        self._growth.clear()
        self._grown = 0
        for event in {**done.events, **self._state.exposures.events}:
            self._grow(event)

    def _units(self, risk: EventRisk) -> list[quant.EventRisk]:
        """Return the event as one unit of states, or each market for itself without a relation."""
        wins = {ticker: self._chance(ticker, edges) for ticker, edges in risk.members.items()}
        states = risk.states
        if states is None and risk.excludes:
            states = (*(frozenset((ticker,)) for ticker in risk.members), frozenset())
        if states is None:
            return [
                quant.EventRisk(
                    (Money(edges.lose), Money(edges.win)), (1.0 - wins[ticker], wins[ticker])
                )
                for ticker, edges in risk.members.items()
            ]
        pnl = tuple(
            Money(
                sum(
                    edges.win if ticker in winners else edges.lose
                    for ticker, edges in risk.members.items()
                )
            )
            for winners in states
        )
        return [quant.EventRisk(pnl, state_chances(states, wins))]

    def _chance(self, ticker: str, edges: Edges) -> float:
        """Return the chance of YES by the middle price, else the last; without both the worse."""
        live = self._state.markets.get(ticker)
        price: float | None = None
        if live is not None:
            price = live.market.settlement_value
            book = live.book
            if price is None and book.is_valid and book.bid is not None and book.ask is not None:
                price = (book.bid + book.ask) / 2
            price = live.last_price if price is None else price
        chance = float(edges.win < edges.lose) if price is None else price / PRICE_SCALE
        return min(max(chance, _LEAST_CHANCE), 1.0 - _LEAST_CHANCE)

    def _loads(self, events: dict[str, EventRisk]) -> dict[str, float]:
        themes = Counter(risk.theme for risk in events.values())
        categories = Counter(risk.category for risk in events.values())
        found = {}
        for name, risk in events.items():
            kind = Kinship.OTHER
            if themes[risk.theme] > 1:
                kind = Kinship.SAME_UNDERLYING
            elif risk.category != NO_CATEGORY and categories[risk.category] > 1:
                kind = Kinship.SAME_CATEGORY
            found[name] = kind.value
        for pair, estimate in self._state.exposures.correlations.items():
            one, two = sorted(pair)
            if one in events and two in events:
                rho = for_limits(estimate, kinship(events[one], events[two]))
                found[one], found[two] = max(found[one], rho), max(found[two], rho)
        return found


def _fold(units: list[quant.EventRisk], correlation: float | list[float]) -> quant.PortfolioFold:
    return quant.PortfolioFold(units, correlation=correlation, max_cells=MAX_CELLS)


def _shortfall(work: _Computing) -> Money:
    loss = ceil(work.fold.distribution().expected_shortfall(LEVEL) * MONEY_SCALE)
    # The coarse grid may reach a little beyond the worst that there is.
    return Money(max(0, min(loss, -quant.portfolio_worst([unit.pnl for unit in work.units]))))
