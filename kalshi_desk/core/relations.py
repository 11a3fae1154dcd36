"""What is known about how markets settle together, as plain data.

A relation is a claim about the world (from rules, strikes or a person) and forbids some
combinations of settlements.  Getting one wrong makes every computed arbitrage fiction, so
each says only what its evidence carries: exclusive is not exhaustive.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from math import floor, lcm

import msgspec

from kalshi_desk.core.types import Outcome, Price

Outcomes = dict[str, bool]
"""For each market decided so far, whether YES wins."""


class Exclusive(msgspec.Struct, frozen=True):
    """At most one of the markets settles YES; perhaps none does."""

    markets: tuple[str, ...]

    def allows(self, outcomes: Outcomes) -> bool:
        """Return whether these outcomes, perhaps of some markets only, are possible."""
        return sum(outcomes.get(market, False) for market in self.markets) <= 1


class Exhaustive(msgspec.Struct, frozen=True):
    """At least one of the markets settles YES; needs a proof, such as strikes that tile."""

    markets: tuple[str, ...]

    def allows(self, outcomes: Outcomes) -> bool:
        """Return whether these outcomes, perhaps of some markets only, are possible."""
        return any(outcomes.get(market, True) for market in self.markets)


class Ladder(msgspec.Struct, frozen=True):
    """Nested thresholds or deadlines, easiest first: each YES implies all YES before it."""

    markets: tuple[str, ...]

    def allows(self, outcomes: Outcomes) -> bool:
        """Return whether these outcomes, perhaps of some markets only, are possible."""
        decided = [outcomes[market] for market in self.markets if market in outcomes]
        return all(easier or not harder for easier, harder in pairwise(decided))


class Implies(msgspec.Struct, frozen=True):
    """YES of ``cause`` settles ``effect`` YES too."""

    cause: str
    effect: str

    @property
    def markets(self) -> tuple[str, ...]:
        """The markets it speaks about."""
        return (self.cause, self.effect)

    def allows(self, outcomes: Outcomes) -> bool:
        """Return whether these outcomes, perhaps of some markets only, are possible."""
        return not outcomes.get(self.cause, False) or outcomes.get(self.effect, True)


class Equivalent(msgspec.Struct, frozen=True):
    """All markets settle alike: same source, same time, same rule."""

    markets: tuple[str, ...]

    def allows(self, outcomes: Outcomes) -> bool:
        """Return whether these outcomes, perhaps of some markets only, are possible."""
        return len({outcomes[market] for market in self.markets if market in outcomes}) <= 1


class Part(msgspec.Struct, frozen=True):
    """One leg of a combo: the market, and the outcome that the combo needs."""

    market: str
    outcome: Outcome = Outcome.YES

    def holds(self, outcomes: Outcomes) -> bool | None:
        """Return whether this leg wins, None while it is open."""
        if self.market not in outcomes:
            return None
        return outcomes[self.market] == (self.outcome is Outcome.YES)


class Combo(msgspec.Struct, frozen=True):
    """``market`` settles YES exactly when all of its parts win."""

    market: str
    parts: tuple[Part, ...]

    @property
    def markets(self) -> tuple[str, ...]:
        """The markets it speaks about."""
        return (*(part.market for part in self.parts), self.market)

    def allows(self, outcomes: Outcomes) -> bool:
        """Return whether these outcomes, perhaps of some markets only, are possible."""
        if self.market not in outcomes:
            return True
        won = [part.holds(outcomes) for part in self.parts]
        if outcomes[self.market]:
            return False not in won
        return False in won or None in won


class Region(msgspec.Struct, frozen=True):
    """The values of a quantity for which ``market`` settles YES; None is without end."""

    market: str
    low: Fraction | None = None
    high: Fraction | None = None
    includes_low: bool = False
    includes_high: bool = False

    def holds(self, value: Fraction) -> bool:
        """Return whether YES wins at this value."""
        above = self.low is None or value > self.low or (self.includes_low and value == self.low)
        below = (
            self.high is None or value < self.high or (self.includes_high and value == self.high)
        )
        return above and below


class Measured(msgspec.Struct, frozen=True):
    """Markets about one quantity: thresholds and intervals in any mixture.

    ``step`` is the resolution in which the quantity is published (multiples of it), None
    for a quantity that may take any value.  Compare regions of one rounding rule only.
    """

    regions: tuple[Region, ...]
    step: Fraction | None = None

    @property
    def markets(self) -> tuple[str, ...]:
        """The markets it speaks about."""
        return tuple(region.market for region in self.regions)

    def patterns(self) -> tuple[tuple[bool, ...], ...]:
        """Return the distinct combinations of YES that some value gives, by rising value."""
        return _patterns(self.regions, self.step)

    @property
    def is_exhaustive(self) -> bool:
        """Whether every value settles at least one of the markets YES."""
        return all(any(pattern) for pattern in self.patterns())

    @property
    def is_exclusive(self) -> bool:
        """Whether no value settles two of the markets YES."""
        return all(sum(pattern) <= 1 for pattern in self.patterns())

    def allows(self, outcomes: Outcomes) -> bool:
        """Return whether these outcomes, perhaps of some markets only, are possible."""
        known = [outcomes.get(region.market) for region in self.regions]
        return any(
            all(seen is None or seen == is_yes for seen, is_yes in zip(known, pattern, strict=True))
            for pattern in self.patterns()
        )


@lru_cache(maxsize=256)
def _patterns(regions: tuple[Region, ...], step: Fraction | None) -> tuple[tuple[bool, ...], ...]:
    values = _values(regions, step)
    # In whole units of a common denominator: fractions compare slowly, and events with
    # hundreds of strikes need tens of thousands of comparisons.
    edges = [edge for region in regions for edge in (region.low, region.high) if edge is not None]
    unit = lcm(*(number.denominator for number in (*edges, *values)))
    tests = [
        (
            None if region.low is None else int(region.low * unit),
            None if region.high is None else int(region.high * unit),
            region.includes_low,
            region.includes_high,
        )
        for region in regions
    ]
    found: dict[tuple[bool, ...], None] = {}
    for value in (int(value * unit) for value in values):
        found.setdefault(
            tuple(
                (low is None or value > low or (closed_low and value == low))
                and (high is None or value < high or (closed_high and value == high))
                for low, high, closed_low, closed_high in tests
            )
        )
    return tuple(found)


def _values(regions: tuple[Region, ...], step: Fraction | None) -> list[Fraction]:
    """Return at least one value out of each piece into which the bounds cut the line."""
    edges = {edge for region in regions for edge in (region.low, region.high) if edge is not None}
    cuts = sorted(edges) or [Fraction(0)]
    if step is not None:
        steps = {floor(cut / step) + shift for cut in cuts for shift in (-1, 0, 1)}
        return [step * count for count in sorted(steps)]
    between = [(low + high) / 2 for low, high in pairwise(cuts)]
    return sorted({cuts[0] - 1, *cuts, *between, cuts[-1] + 1})


class Void(msgspec.Struct, frozen=True):
    """A third outcome: every market named settles at a price of its own, dollars in 1/10,000.

    Rules that let the exchange settle at the last fair price need one; then a guarantee
    that forgets it is none.  ``settles`` holds the YES value for each market of the space;
    where one market may be voided alone, name one void for each way the others may end.
    """

    settles: dict[str, Price]
    label: str = "void"


Relation = Exclusive | Exhaustive | Ladder | Implies | Equivalent | Combo | Measured


def partition(markets: tuple[str, ...]) -> tuple[Exclusive, Exhaustive]:
    """Return the two relations of markets of which exactly one settles YES."""
    return Exclusive(markets), Exhaustive(markets)
