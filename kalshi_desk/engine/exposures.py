"""What settlement can do to the account, kept up to date so that the gate can ask at any time.

Every market held or ordered has a line: what it loses or wins in both of its outcomes.  Only
lines whose book, position or orders changed are computed again, then the events they belong
to, then the sums.  All sums are integers, so nothing drifts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import msgspec

from kalshi_desk.core.strategy import RelationGroup
from kalshi_desk.core.types import NO_MONEY, BookSide, Count, Money, Price
from kalshi_desk.execution.orders import ManagedOrder
from kalshi_desk.portfolio.positions import Position
from kalshi_desk.quant.correlation import Kinship, for_limits
from kalshi_desk.quant.states import TooManyStates, admissible_states
from kalshi_desk.risk.exposure import Edges, Resting, Stake, edges_of, event_worst

if TYPE_CHECKING:
    from kalshi_desk.engine.state import CoreState

EXCHANGE_ZONE = ZoneInfo("America/New_York")
"""The exchange's day begins and ends in New York."""
REVALUE_NS = 60_000_000_000
MOST_STATES = 512
"""More ways to settle than this are not listed: then each market counts for itself."""
MOST_REMEMBERED = 1_000
NO_CATEGORY = "(none)"
NO_DAY = "(unknown)"


class Line(msgspec.Struct, frozen=True):
    """One market: its outcomes, its carried value, and whether it is held or may become held."""

    ticker: str
    event: str
    series: str
    category: str
    day: str
    excludes: bool
    edges: Edges
    value: Money
    is_held: bool
    is_open: bool
    origin: str
    made_of: tuple[object, ...]


class EventRisk(msgspec.Struct, frozen=True):
    """One event: its worst change of value (a sure gain counts as 0), and that of each day."""

    event: str
    series: str
    category: str
    excludes: bool
    states: tuple[frozenset[str], ...] | None
    members: dict[str, Edges]
    worst: Money
    days: dict[str, Money]

    @property
    def theme(self) -> str:
        """The theme: all events of one series, which ask the same question at other times.

        Those are the events that :class:`Kinship` takes to have one underlying.  An event
        without a series is a theme of its own.
        """
        return theme_of(self.event, self.series)


class Exposures:
    """The lines and events of one account."""

    def __init__(self, state: CoreState) -> None:
        self._state = state
        self.lines: dict[str, Line] = {}
        self.events: dict[str, EventRisk] = {}
        self.by_theme: dict[str, int] = defaultdict(int)
        self.by_category: dict[str, int] = defaultdict(int)
        self.by_day: dict[str, int] = defaultdict(int)
        self.total = 0
        self.value = 0
        self.open_count = 0
        self.correlations: dict[frozenset[str], float] = {}
        """Estimated correlations of the logit changes of two events, by their tickers."""
        self.fresh: set[str] = set()
        """Events judged anew since somebody looked; who looks clears it."""
        self._members: dict[str, set[str]] = defaultdict(set)
        self._group_of: dict[str, RelationGroup] = {}
        self._states: dict[frozenset[str], tuple[frozenset[str], ...] | None] = {}
        self._by_kind: dict[tuple[str, str], int] = defaultdict(int)
        self._looked_ns = 0
        self._was_direct = False

    def use_relations(self, groups: tuple[RelationGroup, ...]) -> None:
        """Take what is known about how markets settle together, in place of all before."""
        self._group_of = {ticker: group for group in groups for ticker in group.markets}
        self._states.clear()
        for event in list(self._members):
            self._judge(event)

    def equity(self) -> Money | None:
        """Return cash and what all positions would bring; None before cash is known."""
        self.refresh()
        cash = self._state.ledger.cash
        return None if cash is None else Money(cash + self.value)

    def refresh(self) -> None:
        """Bring lines, events and sums up to now."""
        state = self._state
        orders = state.orders.open_by_ticker()
        for order in state.orders.unbooked():
            if not order.state.is_open:
                orders.setdefault(order.ticker, []).append(order)
        moved, lines = state.markets.moved, self.lines
        self._revalue(moved)
        changed: set[str] = set()
        kept = 0
        for position in state.positions.by_ticker.values():
            ticker = position.ticker
            if position.count and ticker not in orders:
                kept += 1
                old = lines.get(ticker)
                made_of = (position.count, position.cost)
                # Most of what is held has not changed: nothing more is done about it.
                if old is None or old.made_of != made_of or ticker in moved:
                    self._put(ticker, position, [], made_of, changed)
        for ticker, mine in orders.items():
            kept += 1
            position = state.positions.get(ticker)
            made = (position.count, position.cost, *map(_order_key, mine))
            old = lines.get(ticker)
            if old is None or old.made_of != made or ticker in moved:
                self._put(ticker, position, mine, made, changed)
        if len(lines) > kept:
            for ticker in list(lines):
                if ticker not in orders and not state.positions.get(ticker).count:
                    changed.add(self._drop(ticker))
        moved.clear()
        for event in changed:
            self._judge(event)

    def _revalue(self, moved: set[str]) -> None:
        """Mark what changes though no book, position or order does: fees and their rounding."""
        state = self._state
        if state.is_direct != self._was_direct:
            self._was_direct = state.is_direct
            moved.update(self.lines)
        if not 0 <= state.now_ns - self._looked_ns < REVALUE_NS:
            self._looked_ns = state.now_ns
            for ticker in self.lines:
                live = state.markets.get(ticker)
                if live is not None and live.market.fee.waived_until_ns:
                    moved.add(ticker)

    def _put(
        self,
        ticker: str,
        position: Position,
        orders: list[ManagedOrder],
        made_of: tuple[object, ...],
        changed: set[str],
    ) -> None:
        new = self._line(ticker, position, orders, made_of)
        old = self.lines.get(ticker)
        if old is not None:
            changed.add(self._drop(ticker))
        self.value += new.value
        self.open_count += new.is_open
        self.lines[ticker] = new
        self._members[new.event].add(ticker)
        changed.add(new.event)

    def _line(
        self,
        ticker: str,
        position: Position,
        orders: list[ManagedOrder],
        made_of: tuple[object, ...],
    ) -> Line:
        state = self._state
        event, excludes = state.group_of(ticker)
        value = state.value_of(position) if position.count else NO_MONEY
        edges = edges_of(Stake(ticker, event, excludes, position.count, value))
        opens = False
        for order in orders:
            late = max(0, order.filled - order.booked)
            count = Count((order.remaining if order.state.is_open else 0) + late)
            edges += edges_of(self._resting(order, count, event))
            signed = order.side.sign * count
            opens = opens or bool(count and abs(position.count + signed) > abs(position.count))
        series, category, day = self.kind_of(ticker)
        return Line(
            ticker=ticker,
            event=event,
            series=series,
            category=category,
            day=day,
            excludes=excludes,
            edges=edges,
            value=value,
            is_held=bool(position.count),
            is_open=bool(position.count) or opens,
            origin=position.origin if position.count else (orders[0].origin if orders else ""),
            made_of=made_of,
        )

    def kind_of(self, ticker: str) -> tuple[str, str, str]:
        """Return series, category and settlement day of a market."""
        live = self._state.markets.get(ticker)
        if live is None:
            return "", NO_CATEGORY, NO_DAY
        market = live.market
        known = self._state.markets.events.get(market.event_ticker)
        series = market.series_ticker or (known.series_ticker if known else "")
        category = self._state.markets.category(market)
        day = day_of(market.expiration_ns or market.close_ns)
        return series, category or NO_CATEGORY, day or NO_DAY

    def _resting(self, order: ManagedOrder, count: Count, event: str) -> Resting:
        fee = self._state.worst_fee(order, count)
        return Resting(order.ticker, event, False, order.side, order.price, count, fee)

    def _drop(self, ticker: str) -> str:
        line = self.lines.pop(ticker)
        self.value -= line.value
        self.open_count -= line.is_open
        self._members[line.event].discard(ticker)
        return line.event

    def _judge(self, event: str) -> None:
        """Compute an event again and move the sums by the difference."""
        self.fresh.add(event)
        old = self.events.pop(event, None)
        if old is not None:
            self._add(old, -1)
        tickers = self._members[event]
        if not tickers:
            del self._members[event]
            return
        lines = [self.lines[ticker] for ticker in tickers]
        excludes = any(line.excludes for line in lines)
        states = self.states_of(tickers)
        members = {line.ticker: line.edges for line in lines}
        days: dict[str, Money] = {}
        for day in {line.day for line in lines}:
            part = {line.ticker: line.edges for line in lines if line.day == day}
            days[day] = _loss(part, excludes, states)
        first = lines[0]
        new = EventRisk(
            event=event,
            series=first.series,
            category=first.category,
            excludes=excludes,
            states=states,
            members=members,
            worst=_loss(members, excludes, states) if len(days) > 1 else days[first.day],
            days=days,
        )
        self.events[event] = new
        self._add(new, 1)

    def _add(self, risk: EventRisk, sign: int) -> None:
        self.total += sign * risk.worst
        self.by_theme[risk.theme] += sign * risk.worst
        self.by_category[risk.category] += sign * risk.worst
        self._by_kind[risk.series, risk.category] += sign * risk.worst
        for day, worst in risk.days.items():
            self.by_day[day] += sign * worst

    def states_of(self, tickers: set[str]) -> tuple[frozenset[str], ...] | None:
        """Return which of these markets may pay together, None when no relation tells.

        Markets outside the known group could do anything, so all must be in one group.
        """
        if not self._group_of or len(tickers) < len(("one", "other")):
            return None
        key = frozenset(tickers)
        if key not in self._states:
            if len(self._states) > MOST_REMEMBERED:
                self._states.clear()
            self._states[key] = self._list_states(tickers)
        return self._states[key]

    def _list_states(self, tickers: set[str]) -> tuple[frozenset[str], ...] | None:
        groups = {id(group): group for group in map(self._group_of.get, tickers)}
        group = next(iter(groups.values()))
        if len(groups) != 1 or group is None:
            return None
        try:
            space = admissible_states(sorted(tickers), group.relations, limit=MOST_STATES)
        except (TooManyStates, ValueError):
            return None
        return tuple(
            frozenset(name for name, value in zip(space.markets, one.values, strict=True) if value)
            for one in space.states
        )

    def kin_of(self, event: str, series: str, category: str) -> tuple[tuple[Money, float], ...]:
        """Return the worst losses of all other events and their correlations with this one.

        What its kind suggests, those of a kind together; or more where an estimate says more.
        """
        if self.correlations:
            return self._kin_by_event(event, series, category)
        found = []
        own = self.events.get(event)
        for (other_series, other_category), total in self._by_kind.items():
            worst = total
            if own is not None and (own.series, own.category) == (other_series, other_category):
                worst -= own.worst
            if worst:
                kind = _kinship((series, category), (other_series, other_category))
                found.append((Money(worst), kind.value))
        return tuple(found)

    def _kin_by_event(
        self, event: str, series: str, category: str
    ) -> tuple[tuple[Money, float], ...]:
        found = []
        for other in self.events.values():
            if other.event == event or not other.worst:
                continue
            kind = _kinship((series, category), (other.series, other.category))
            estimate = self.correlations.get(frozenset((event, other.event)))
            rho = kind.value if estimate is None else for_limits(estimate, kind)
            found.append((other.worst, rho))
        return tuple(found)

    def by_origin(self) -> dict[str, tuple[Money, Money, int]]:
        """Return worst loss, value and markets of each origin, its events each on their own."""
        parts: dict[str, dict[str, list[Line]]] = defaultdict(lambda: defaultdict(list))
        for line in self.lines.values():
            parts[line.origin or "manual"][line.event].append(line)
        found = {}
        for origin, events in parts.items():
            worst = value = count = 0
            for event, lines in events.items():
                risk = self.events[event]
                members = {line.ticker: line.edges for line in lines}
                worst += _loss(members, risk.excludes, risk.states)
                value += sum(line.value for line in lines)
                count += len(lines)
            found[origin] = Money(worst), Money(value), count
        return found


def _loss(
    members: Mapping[str, Edges], excludes: bool, states: tuple[frozenset[str], ...] | None
) -> Money:
    return Money(max(0, -event_worst(members, excludes=excludes, states=states)))


def theme_of(event: str, series: str) -> str:
    """Return the name of an event's theme."""
    return series or event


def kinship(one: EventRisk, other: EventRisk) -> Kinship:
    """Return how two events are related."""
    return _kinship((one.series, one.category), (other.series, other.category))


def _kinship(one: tuple[str, str], other: tuple[str, str]) -> Kinship:
    """Return how two events, by series and category, are related."""
    if one[0] and one[0] == other[0]:
        return Kinship.SAME_UNDERLYING
    if one[1] == other[1] != NO_CATEGORY:
        return Kinship.SAME_CATEGORY
    return Kinship.OTHER


def _order_key(order: ManagedOrder) -> tuple[str, BookSide, Price, int, int]:
    late = max(0, order.filled - order.booked)
    rests = order.remaining if order.state.is_open else 0
    return order.client_order_id, order.side, order.price, rests, late


@lru_cache(maxsize=4096)
def day_of(at_ns: int) -> str:
    """Return the exchange's date of a time, empty for none."""
    if not at_ns:
        return ""
    return (
        datetime.fromtimestamp(at_ns // 1_000_000_000, UTC)
        .astimezone(EXCHANGE_ZONE)
        .date()
        .isoformat()
    )
