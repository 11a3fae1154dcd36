"""How markets settle together, read from the exchange's own fields: flags, strikes, status.

Claims only what its evidence carries: exclusive is the event's flag, exhaustive needs
strikes that tile the line and every leg still trading, nested thresholds need one subject
and one window, and an implication between other markets needs a person's word.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from kalshi_desk.core.records import Market
from kalshi_desk.core.relations import Exclusive, Exhaustive, Implies, Measured, Region, Relation
from kalshi_desk.core.rules import can_void
from kalshi_desk.core.strategy import RelationGroup
from kalshi_desk.core.types import MarketStatus
from kalshi_desk.market.subjects import by_subject, subject_code

Implication = tuple[str, str]
"""Cause and effect: YES of the first market settles the second YES too."""


class RelationFinder:
    """The groups of all listed markets, derived again only where an event's records changed."""

    def __init__(self) -> None:
        self._events: dict[str, tuple[list[Market], tuple[RelationGroup, ...]]] = {}
        self._asked: tuple[Implication, ...] = ()
        self._linked: list[Market | None] = []
        self._implied: tuple[RelationGroup, ...] = ()

    def groups(
        self, markets: Iterable[Market], implications: Iterable[Implication] = ()
    ) -> tuple[RelationGroup, ...]:
        """Return the groups of these markets, by event, then those a person confirmed.

        ``implications`` are pairs of tickers; one that names a market that is not among
        ``markets``, or that has finished, is left out.
        """
        by_event: dict[str, list[Market]] = defaultdict(list)
        for market in markets:
            if market.event_ticker and not market.is_combo:
                by_event[market.event_ticker].append(market)
        found: dict[str, tuple[list[Market], tuple[RelationGroup, ...]]] = {}
        for event, members in by_event.items():
            known = self._events.get(event)
            # Records are frozen and replaced when they change, so most are the same objects.
            if known is None or not _same(known[0], members):
                known = (members, event_groups(members))
            found[event] = known
        self._events = found
        groups = [group for _, derived in found.values() for group in derived]
        return (*groups, *self._confirmed(by_event, tuple(implications)))

    def _confirmed(
        self, by_event: dict[str, list[Market]], asked: tuple[Implication, ...]
    ) -> tuple[RelationGroup, ...]:
        if not asked:
            self._asked, self._linked, self._implied = (), [], ()
            return ()
        names = {name for pair in asked for name in pair}
        listed = {
            market.ticker: market
            for members in by_event.values()
            for market in members
            if market.ticker in names
        }
        linked = [listed.get(name) for pair in asked for name in pair]
        if asked != self._asked or not _same(self._linked, linked):
            self._implied = implied_groups(listed, asked)
            self._asked, self._linked = asked, linked
        return self._implied


def _same(old: Sequence[Market | None], new: Sequence[Market | None]) -> bool:
    """Return whether nothing that a relation is made of has changed; volumes may have."""
    return len(old) == len(new) and all(
        a is b or (a is not None and b is not None and _said(a) == _said(b))
        for a, b in zip(old, new, strict=True)
    )


def _said(market: Market) -> tuple[object, ...]:
    return (
        market.ticker,
        market.status,
        market.strike_type,
        market.floor_strike,
        market.cap_strike,
        market.close_ns,
        market.expiration_ns,
        market.mutually_exclusive,
        market.rules,
        market.title,
    )


def event_groups(markets: Sequence[Market]) -> tuple[RelationGroup, ...]:
    """Return what the records of one event's markets prove, in groups that can be traded.

    A group lists the markets that trade now; its relations also name legs that have ended,
    whose outcome then counts as unknown.
    """
    members = sorted(markets, key=lambda market: market.ticker)
    if sum(_trades(market) for market in members) < 2:
        return ()
    measured = [
        found
        for subject in by_subject([market for market in members if _region(market) is not None])
        if (found := measured_of(subject)) is not None
    ]
    if all(market.mutually_exclusive for market in members):
        whole = next((one for one in measured if len(one.regions) == len(members)), None)
        return (_exclusive_group(members, whole),)
    by_ticker = {market.ticker: market for market in members}
    subjects = [([by_ticker[ticker] for ticker in one.markets], one) for one in measured]
    codes = Counter(subject_code(subject[0]) for subject, _ in subjects)
    return tuple(
        _measured_group(_name(subject[0], codes), subject, one)
        for subject, one in subjects
        if sum(map(_trades, subject)) >= 2
    )


def _name(first: Market, codes: Counter[str]) -> str:
    """Name a group by its event, and by its subject where the event has several."""
    code = subject_code(first)
    if sum(codes.values()) == 1:
        return first.event_ticker
    return f"{first.event_ticker}/{code}" if codes[code] == 1 else first.ticker


def _exclusive_group(members: Sequence[Market], measured: Measured | None) -> RelationGroup:
    tickers = tuple(market.ticker for market in members)
    relations: list[Relation] = [Exclusive(tickers)]
    source = "the exchange lists the event as mutually exclusive"
    if measured is not None:
        relations.append(measured)
        if not measured.is_exhaustive:
            source += "; the strikes leave values that none of its markets covers"
        elif all(_trades(market) for market in members):
            relations.append(Exhaustive(tickers))
            source += f"; {_tiling(measured)}, so one of the {len(tickers)} must win"
        else:
            source += "; a leg no longer trades, so none of the others need win"
    else:
        source += "; nothing proves that one of its markets must win"
    return _group(members[0].event_ticker, members, relations, source)


def _measured_group(name: str, members: Sequence[Market], measured: Measured) -> RelationGroup:
    relations: list[Relation] = [measured]
    source = "strikes of one quantity at one time, in the exchange's own fields"
    if measured.is_exhaustive and all(_trades(market) for market in members):
        relations.append(Exhaustive(measured.markets))
        source += f"; {_tiling(measured)}"
    return _group(name, members, relations, source)


def _group(
    name: str, members: Sequence[Market], relations: Sequence[Relation], source: str
) -> RelationGroup:
    return RelationGroup(
        name=name,
        markets=tuple(market.ticker for market in members if _trades(market)),
        relations=tuple(relations),
        source=source,
        can_void=any(can_void(market.rules) for market in members),
    )


def _tiling(measured: Measured) -> str:
    step = "" if measured.step is None else f" in steps of {float(measured.step):g}"
    return f"the strikes cover every value{step}"


def _trades(market: Market) -> bool:
    return market.status is MarketStatus.ACTIVE


def measured_of(markets: Sequence[Market]) -> Measured | None:
    """Return strikes of one subject as one relation by rising strike, None for fewer than two.

    Strictly above ``greater`` and below ``less``; ``between`` and the ``_or_equal`` types
    include their bounds.
    """
    regions = [region for market in markets if (region := _region(market)) is not None]
    if len(regions) < 2:
        return None
    ordered = sorted(regions, key=_rising)
    return Measured(tuple(ordered), resolution(markets, ordered))


def _region(market: Market) -> Region | None:
    floor = None if market.floor_strike is None else Fraction(market.floor_strike)
    cap = None if market.cap_strike is None else Fraction(market.cap_strike)
    match market.strike_type:
        case "greater" if floor is not None:
            return Region(market.ticker, low=floor)
        case "greater_or_equal" if floor is not None:
            return Region(market.ticker, low=floor, includes_low=True)
        case "less" if cap is not None:
            return Region(market.ticker, high=cap)
        case "less_or_equal" if cap is not None:
            return Region(market.ticker, high=cap, includes_high=True)
        case "between" if floor is not None and cap is not None and floor <= cap:
            return Region(market.ticker, floor, cap, includes_low=True, includes_high=True)
        case _:
            return None


def _rising(region: Region) -> tuple[bool, Fraction, bool, Fraction, str]:
    """Sort from the left end of the line to the right one."""
    low, high = region.low, region.high
    return (
        low is not None,
        low or Fraction(0),
        high is None,
        high or Fraction(0),
        region.market,
    )


def resolution(markets: Sequence[Market], ordered: Sequence[Region]) -> Fraction | None:
    """Return the step in which the quantity is published, None where strikes don't show it.

    Brackets such as 84 to 85 and 86 to 87 show whole degrees: the gaps between closed ends
    are all alike and are one unit of the last decimal that any strike has.  A wider gap, or
    gaps of different widths, are values that nothing covers.
    """
    gaps = {
        after.low - before.high
        for before, after in pairwise(ordered)
        if before.high is not None
        and after.low is not None
        and before.includes_high
        and after.includes_low
        and after.low > before.high
    }
    strikes = [s for m in markets for s in (m.floor_strike, m.cap_strike) if s is not None]
    unit = Fraction(1, 10 ** max((_decimals(strike) for strike in strikes), default=0))
    return unit if gaps == {unit} else None


def _decimals(value: Decimal) -> int:
    exponent = value.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def implied_groups(
    listed: dict[str, Market], implications: Sequence[Implication]
) -> tuple[RelationGroup, ...]:
    """Return one group for each set of markets that confirmed implications connect."""
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        while parent.setdefault(name, name) != name:
            name = parent[name]
        return name

    usable = [
        pair
        for pair in sorted(set(implications))
        if pair[0] != pair[1] and all(n in listed and _trades(listed[n]) for n in pair)
    ]
    for cause, effect in usable:
        parent[root(cause)] = root(effect)
    sets: dict[str, list[Implication]] = defaultdict(list)
    for pair in usable:
        sets[root(pair[0])].append(pair)
    return tuple(_implied_group(listed, pairs) for pairs in sets.values())


def _implied_group(listed: dict[str, Market], pairs: Sequence[Implication]) -> RelationGroup:
    cause, effect = pairs[0]
    more = f" and {len(pairs) - 1} more" if len(pairs) > 1 else ""
    names = dict.fromkeys(name for pair in pairs for name in pair)
    return _group(
        f"{cause} => {effect}{more}",
        [listed[name] for name in names],
        [Implies(*pair) for pair in pairs],
        "confirmed by you: " + ", ".join(f"{a} settles {b} too" for a, b in pairs),
    )
