"""How far an expected shortfall may have grown since it was computed: a bound without a copula."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from kalshi_desk.core.types import NO_MONEY, Money
from kalshi_desk.risk.exposure import Edges, event_worst

_NOTHING = Edges(0, 0)


class TailView(msgspec.Struct, frozen=True, kw_only=True):
    """The newest expected shortfalls, and what is needed to bound those of now.

    ``base`` and ``stress`` are losses, positive.  ``was`` are the edges of the event in
    question when they were computed, ``mean`` its mean profit then; ``elsewhere`` is how far
    all other events may have raised them since.
    """

    base: Money = NO_MONEY
    stress: Money = NO_MONEY
    elsewhere: Money = NO_MONEY
    was: Mapping[str, Edges] = {}
    mean: Money = NO_MONEY


def tail_growth(
    was: Mapping[str, Edges],
    mean: Money,
    now: Mapping[str, Edges],
    *,
    excludes: bool,
    states: Iterable[frozenset[str]] | None,
) -> Money:
    """Return the most by which the change of one event can raise the expected shortfall.

    The smaller of two bounds.  An expected shortfall is subadditive, so the worst case of
    the change itself is one.  The other replaces the event: to take it away adds no more
    than its mean, as others that move with it or not at all can't hedge it, and what it is
    now adds no more than its worst case (Acerbi and Tasche 2002).
    """
    change = {
        ticker: now.get(ticker, _NOTHING) - was.get(ticker, _NOTHING) for ticker in {**was, **now}
    }
    # States are listed for what there is now; of a market that is gone they say nothing.
    listed = states if change.keys() <= now.keys() else None
    by_change = -event_worst(change, excludes=excludes, states=listed)
    instead = mean - event_worst(now, excludes=excludes, states=states)
    return Money(max(0, min(by_change, instead)))
