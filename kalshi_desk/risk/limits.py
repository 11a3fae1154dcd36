"""The limits of the gate, what they are measured on, and who is held by them.

Sources: ``max position``, ``open positions``, ``correlation`` and ``daily loss`` are the
desk's own defaults; the others are those of a portfolio of event contracts (per order,
market, event, theme, category, settlement day and in total, the expected shortfall twice, and
a correlation that is allowed only to a small theme).  All apply; the stricter wins.

A person and a strategy pass the same gate.  The limits of what may be lost (position,
event, theme, category, settlement day, total, expected shortfall, open positions, resting
orders, daily loss, drawdown) hold both.  Those that guard against a machine running away
(cost of one order, worst loss of one market, correlation, order rate, near close, stale
book, an account in doubt) hold every origin that is not a person's.  Orders that only
reduce pass them all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from kalshi_desk.core.types import MONEY_SCALE, NO_MONEY, Money
from kalshi_desk.risk.exposure import Edges, Resting, edges_of, event_worst
from kalshi_desk.risk.tail import TailView, tail_growth

PERSONS = frozenset({"manual", "flatten"})
"""Origins of orders that a person asked for one by one; every other one is a machine."""
NO_TAIL = TailView()
_BASIS = 10_000


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Every limit by the name of its setting: percentages of W, counts, minutes, seconds."""

    bankroll_dollars: int = 0
    position_percent: float = 10.0
    open_positions: int = 10
    event_percent: float = 4.0
    theme_percent: float = 10.0
    category_percent: float = 20.0
    settlement_day_percent: float = 25.0
    total_percent: float = 50.0
    shortfall_percent: float = 10.0
    stress_shortfall_percent: float = 20.0
    resting_orders: int = 50
    daily_loss_percent: float = 2.0
    daily_loss_reducing_percent: float = 3.0
    drawdown_percent: float = 20.0
    stop_loss_percent: float = 5.0
    order_percent: float = 1.0
    market_percent: float = 2.0
    correlation: float = 0.7
    theme_correlation: float = 0.6
    correlated_theme_percent: float = 5.0
    orders_per_minute: int = 60
    near_close_minutes: int = 5
    stale_book_seconds: int = 5
    kelly_fraction: float = 0.25
    trade_percent: float = 2.0

    def wealth(self, equity: Money | None) -> Money | None:
        """Return W: equity, or the bankroll where it is set and smaller; never negative."""
        if equity is None:
            return None
        bankroll = Money(self.bankroll_dollars * MONEY_SCALE)
        return Money(max(0, min(equity, bankroll) if bankroll else equity))


def _capped(
    known: Money, grown: tuple[Money, Money], total: tuple[Money, Money]
) -> tuple[Money, Money]:
    """Add the growth; an average of bad outcomes is never worse than all the worst together."""
    return (
        Money(min(known + grown[0], total[0])),
        Money(min(known + grown[1], total[1])),
    )


def part_of(base: Money, percent: float) -> Money:
    """Return a percentage of an amount, exact to a hundredth of a per cent, rounded down."""
    return Money(base * round(percent * 100) // _BASIS)


def is_machine(origin: str) -> bool:
    """Whether an order was made by no person: then the limits of machines hold it too."""
    return origin not in PERSONS


class After(msgspec.Struct, frozen=True):
    """Worst losses before an order and with it done, as positive micro-dollars.

    The shortfalls are upper bounds: the newest computed and the worst of what came since.
    """

    market: tuple[Money, Money]
    event: tuple[Money, Money]
    theme: tuple[Money, Money]
    category: tuple[Money, Money]
    day: tuple[Money, Money]
    total: tuple[Money, Money]
    shortfall: tuple[Money, Money]
    stress_shortfall: tuple[Money, Money]


@dataclass(slots=True, kw_only=True)
class RiskView:
    """What the limits are measured on, for an order in one market.

    ``wealth`` is W, None while it can't be known.  ``members`` are what each market of
    the event loses or wins, ``same_day`` those that settle on its day; ``states`` the sets of
    markets that may pay together, None where only ``excludes`` is known.  Worst losses are
    positive.  ``theme`` is the series of the event.  ``kin`` has for each other event that
    carries risk its worst loss and its correlation with this one.  ``day_loss`` and
    ``drawdown`` are shares of their bases in per cent, with the levels at which they stop new
    exposure.
    """

    limits: Limits
    wealth: Money | None
    members: Mapping[str, Edges] = field(default_factory=dict)
    excludes: bool = False
    states: tuple[frozenset[str], ...] | None = None
    theme: str = ""
    category: str = ""
    day: str = ""
    same_day: frozenset[str] = frozenset()
    theme_worst: Money = NO_MONEY
    category_worst: Money = NO_MONEY
    day_worst: Money = NO_MONEY
    total_worst: Money = NO_MONEY
    tail: TailView = NO_TAIL
    kin: tuple[tuple[Money, float], ...] = ()
    open_elsewhere: int = 0
    is_open: bool = False
    resting: int = 0
    messages: int = 0
    data_age_ns: int | None = None
    book_why: str = ""
    day_loss: float | None = None
    halt_day_loss: float = 0.0
    reduce_day_loss: float = 0.0
    drawdown: float | None = None
    halt_drawdown: float = 0.0
    differs: str = ""

    def after(self, order: Resting) -> After:
        """Return the worst losses should the order fill wherever that hurts."""
        ticker = order.ticker
        before = self.members.get(ticker, Edges(0, 0))
        new = before + edges_of(order)
        then = {**self.members, ticker: new}
        event = self._event(self.members), self._event(then)
        today = self._of_day(self.members, ticker), self._of_day(then, ticker)
        day = self._event(today[0]), self._event(today[1])
        grown, grown_day = event[1] - event[0], day[1] - day[0]
        total = self.total_worst, Money(self.total_worst + grown)
        tail = self._tail(self.members), self._tail(then)
        return After(
            market=(before.loss, new.loss),
            event=event,
            theme=(self.theme_worst, Money(self.theme_worst + grown)),
            category=(self.category_worst, Money(self.category_worst + grown)),
            day=(self.day_worst, Money(self.day_worst + grown_day)),
            total=total,
            shortfall=_capped(self.tail.base, tail, total),
            stress_shortfall=_capped(self.tail.stress, tail, total),
        )

    def _tail(self, members: Mapping[str, Edges]) -> Money:
        """Return how far the shortfall can have grown with these members of the event."""
        tail = self.tail
        grown = tail_growth(
            tail.was, tail.mean, members, excludes=self.excludes, states=self.states
        )
        return Money(tail.elsewhere + grown)

    def _of_day(self, members: Mapping[str, Edges], ticker: str) -> Mapping[str, Edges]:
        same = self.same_day
        return {name: one for name, one in members.items() if name in same or name == ticker}

    def _event(self, members: Mapping[str, Edges]) -> Money:
        return Money(max(0, -event_worst(members, excludes=self.excludes, states=self.states)))

    @property
    def average_correlation(self) -> float | None:
        """The correlation with the risk held in other events, weighted by what each may lose."""
        total = sum(worst for worst, _ in self.kin)
        if not total:
            return None
        return sum(worst * abs(rho) for worst, rho in self.kin) / total
