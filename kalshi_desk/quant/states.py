"""The admissible states of a set of markets: every way in which they may settle together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import msgspec

from kalshi_desk.core.relations import Exclusive, Measured, Outcomes, Relation, Void
from kalshi_desk.core.types import PRICE_ONE, PRICE_SCALE, Outcome, Price

if TYPE_CHECKING:
    from kalshi_desk.quant.arrays import FloatArray

MAX_STATES = 4096
MAX_MARKETS = 500


class TooManyStates(ValueError):
    """The markets are too loosely related to list their states one by one."""


class Contradiction(ValueError):
    """The relations leave no state at all, so at least one of them is wrong."""


class State(msgspec.Struct, frozen=True):
    """One way to settle: a short name, and the YES value of each market in 1/10,000 dollar."""

    label: str
    values: tuple[Price, ...]


class StateSpace(msgspec.Struct, frozen=True):
    """All states of ``markets``; values stand in the order of the markets."""

    markets: tuple[str, ...]
    states: tuple[State, ...]

    def pays(self, market: str, outcome: Outcome) -> tuple[Price, ...]:
        """Return what one contract pays in each state, in 1/10,000 dollar.

        Raises ``ValueError`` for a market that is not part of the space.
        """
        column = self.markets.index(market)
        values = [state.values[column] for state in self.states]
        if outcome is Outcome.YES:
            return tuple(values)
        return tuple(Price(PRICE_ONE - value) for value in values)

    def table(self) -> FloatArray:
        """Return YES values in dollars, a row per market and a column per state."""
        import numpy as np

        values = np.array([state.values for state in self.states], dtype=np.float64)
        return np.asarray(values.T / PRICE_SCALE, dtype=np.float64)


def admissible_states(
    markets: Sequence[str],
    relations: Sequence[Relation],
    voids: Sequence[Void] = (),
    *,
    limit: int = MAX_STATES,
) -> StateSpace:
    """Return every combination of settlements that no relation forbids, and the void states.

    A relation may name markets that are not among ``markets``, such as legs that have been
    finalised: what they did counts as unknown, so that an exhaustive set without one of its
    legs proves nothing while the others still exclude each other.  Raises ``TooManyStates``
    above ``limit``, ``Contradiction`` when nothing is left, and ``ValueError`` for a market
    named twice or a void state that names not all markets.
    """
    names = tuple(markets)
    if len(set(names)) != len(names) or not names:
        raise ValueError("states need at least one market, each named once")
    if len(names) > MAX_MARKETS:
        raise TooManyStates(f"more than {MAX_MARKETS} markets at once: {len(names)}")
    states: list[State] = []
    for outcomes in _combinations(names, relations):
        if len(states) == limit:
            raise TooManyStates(f"more than {limit} states of {len(names)} markets")
        winners = [name for name in names if outcomes[name]]
        values = tuple(PRICE_ONE if outcomes[name] else Price(0) for name in names)
        states.append(State("+".join(winners) or "none", values))
    if not states:
        raise Contradiction("the relations exclude every way to settle")
    for void in voids:
        missing = set(names) - set(void.settles)
        if missing:
            raise ValueError(f"the state {void.label!r} says nothing about {sorted(missing)}")
        states.append(State(void.label, tuple(void.settles[name] for name in names)))
    return StateSpace(names, tuple(states))


def _combinations(names: tuple[str, ...], relations: Sequence[Relation]) -> Iterator[Outcomes]:
    """Decide one market after the other and leave a branch as soon as a relation forbids it.

    Strikes or an exclusive set that cover all markets already list what can happen: a
    hundred brackets have a hundred outcomes, which need no search.
    """
    covering = [one for one in relations if set(names) <= set(one.markets)]
    for relation in covering:
        if isinstance(relation, Measured):
            return _listed(names, _patterns(names, relation), relation, relations)
    for relation in covering:
        if isinstance(relation, Exclusive):
            return _listed(names, _one_or_none(len(names)), relation, relations)
    touching: dict[str, list[Relation]] = {name: [] for name in names}
    for relation in relations:
        for market in set(relation.markets) & set(names):
            touching[market].append(relation)
    outcomes: Outcomes = {}

    def decide(index: int) -> Iterator[Outcomes]:
        if index == len(names):
            yield dict(outcomes)
            return
        name = names[index]
        for is_yes in (True, False):
            outcomes[name] = is_yes
            if all(relation.allows(outcomes) for relation in touching[name]):
                yield from decide(index + 1)
            del outcomes[name]

    return decide(0)


def _patterns(names: tuple[str, ...], measured: Measured) -> Iterator[tuple[bool, ...]]:
    """Return who wins, by rising value; only for the markets named."""
    columns = [measured.markets.index(name) for name in names]
    for pattern in measured.patterns():
        yield tuple(pattern[column] for column in columns)


def _one_or_none(count: int) -> Iterator[tuple[bool, ...]]:
    for winner in range(count + 1):
        yield tuple(index == winner for index in range(count))


def _listed(
    names: tuple[str, ...],
    patterns: Iterable[tuple[bool, ...]],
    source: Relation,
    relations: Sequence[Relation],
) -> Iterator[Outcomes]:
    """Return each pattern once, without those that another relation than its source forbids."""
    others = [relation for relation in relations if relation is not source]
    seen = set()
    for wins in patterns:
        outcomes = dict(zip(names, wins, strict=True))
        if wins not in seen and all(relation.allows(outcomes) for relation in others):
            seen.add(wins)
            yield outcomes
