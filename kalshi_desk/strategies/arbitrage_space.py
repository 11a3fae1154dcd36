"""What a group of related markets admits: its states, its screen, and why there are none."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from kalshi_desk.core.relations import Void
from kalshi_desk.core.strategy import MarketSnapshot, RelationGroup
from kalshi_desk.core.types import PRICE_ONE, Price
from kalshi_desk.quant.candidates import Verdict
from kalshi_desk.quant.edge_screen import Perhaps, Screen, order_screen, state_screen
from kalshi_desk.quant.states import (
    Contradiction,
    State,
    StateSpace,
    TooManyStates,
    admissible_states,
)

VOID = "settled at the last price"


class Known(msgspec.Struct, frozen=True):
    """All that follows from a group and the markets of it that can be traded.

    ``problem`` is the verdict where the relations leave no usable states; then there is no
    ``space``.
    """

    group: RelationGroup
    names: tuple[str, ...]
    screen: Screen = Perhaps()
    space: StateSpace | None = None
    problem: Verdict = Verdict.CANDIDATE
    problem_text: str = ""

    def is_of(self, group: RelationGroup, names: tuple[str, ...]) -> bool:
        """Return whether this was made of these very inputs."""
        return self.names == names and (self.group is group or self.group == group)


def known_of(group: RelationGroup, names: tuple[str, ...]) -> Known:
    """Work out what a group says of the markets named."""
    if not set().union(*(relation.markets for relation in group.relations)) & set(names):
        text = "Nothing is known of how these markets settle together."
        return Known(group, names, problem=Verdict.INVALID_RELATIONSHIP, problem_text=text)
    try:
        pairs = order_screen(names, group.relations)
        space = admissible_states(names, group.relations)
    except Contradiction:
        text = "The relations leave no way to settle at all, so one of them is wrong."
        return Known(group, names, problem=Verdict.INVALID_RELATIONSHIP, problem_text=text)
    except TooManyStates as error:
        text = f"There are {error}; the programme is only for fewer."
        return Known(group, names, problem=Verdict.TOO_MANY_STATES, problem_text=text)
    return Known(group, names, screen=pairs or state_screen(space), space=space)


def with_void(space: StateSpace, snapshots: Sequence[MarketSnapshot]) -> StateSpace:
    """Add the state in which the exchange settles every market at its last price.

    A last price outside the present book is old: what the exchange would call fair then
    lies nearer, so it counts as the nearest price inside.  Without any trade it is the
    middle of the book.
    """
    void = Void({one.market.ticker: _last(one) for one in snapshots}, VOID)
    values = tuple(void.settles[name] for name in space.markets)
    return StateSpace(space.markets, (*space.states, State(void.label, values)))


def _last(snapshot: MarketSnapshot) -> Price:
    bid = snapshot.bid or 0
    ask = PRICE_ONE if snapshot.ask is None else snapshot.ask
    last = snapshot.last_price
    if last is None:
        return Price((bid + ask) // 2)
    return Price(min(max(last, bid), max(bid, ask)))
