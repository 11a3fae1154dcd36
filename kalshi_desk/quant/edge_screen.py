"""Whether best prices leave any arbitrage before fees, without a linear programme.

By linear programming duality there is none exactly when some distribution over the states
prices each market between its bid and its ask.  For the relations that markets really have
that is a sum, a comparison of neighbours, or a system of difference constraints (Bellman
and Ford), all in integers.  Where it is none of these the screen says "perhaps".
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from kalshi_desk.core.relations import Equivalent, Implies, Ladder, Relation
from kalshi_desk.core.types import PRICE_SCALE
from kalshi_desk.quant.states import StateSpace

Prices = Sequence[int]
"""One price per market in 1/10,000 dollar: no bid is 0, no ask one dollar."""


class Screened(msgspec.Struct, frozen=True):
    """What best prices say before fees.

    ``has_edge``: a basket may pay more than it costs.  ``gap``: by how much the best one
    does, in 1/10,000 dollar and negative when it costs more; None where no single number
    tells.  ``markets``: columns of the two markets that it is between, empty for sums.
    """

    has_edge: bool
    gap: int | None = None
    markets: tuple[int, ...] = ()


class Sums(msgspec.Struct, frozen=True, tag=True):
    """One winner at most, and surely one where ``is_exhaustive``."""

    is_exhaustive: bool

    def look(self, bids: Prices, asks: Prices) -> Screened:
        """Compare the sums of bids and asks with one dollar."""
        gap = sum(bids) - PRICE_SCALE
        if self.is_exhaustive:
            gap = max(gap, PRICE_SCALE - sum(asks))
        crossed = max(bid - ask for bid, ask in zip(bids, asks, strict=True))
        return Screened(max(gap, crossed) > 0, max(gap, crossed))


class Pairs(msgspec.Struct, frozen=True, tag=True):
    """Every YES of a pair's first market settles the second YES too; nothing else is known."""

    pairs: tuple[tuple[int, int], ...]

    def look(self, bids: Prices, asks: Prices) -> Screened:
        """Compare the bid of each cause with the ask of each of its effects."""
        gap, pair = max(
            (bids[cause] - asks[effect], (cause, effect)) for cause, effect in self.pairs
        )
        return Screened(gap > 0, gap, pair)


class Nested(msgspec.Struct, frozen=True, tag=True):
    """Thresholds of which each is harder to pass than the one before; columns, easiest first."""

    order: tuple[int, ...]

    def look(self, bids: Prices, asks: Prices) -> Screened:
        """Compare each bid with the lowest ask among the easier thresholds and its own."""
        easiest = self.order[0]
        gap, pair = -PRICE_SCALE, (easiest, easiest)
        for column in self.order:
            if asks[column] < asks[easiest]:
                easiest = column
            if bids[column] - asks[easiest] > gap:
                gap, pair = bids[column] - asks[easiest], (column, easiest)
        return Screened(gap > 0, gap, pair)


class Spans(msgspec.Struct, frozen=True, tag=True):
    """Each market wins in neighbouring states: from the first number, before the second."""

    spans: tuple[tuple[int, int], ...]
    states: int

    def look(self, bids: Prices, asks: Prices) -> Screened:
        """Return whether no rising cumulative chance fits all prices."""
        edges = [(after, after - 1, 0) for after in range(self.states, 0, -1)]
        edges += [(0, self.states, PRICE_SCALE), (self.states, 0, -PRICE_SCALE)]
        for (start, end), bid, ask in zip(self.spans, bids, asks, strict=True):
            if ask < PRICE_SCALE:
                edges.append((start, end, ask))
            if bid > 0:
                edges.append((end, start, -bid))
        return Screened(has_negative_cycle(self.states + 1, edges))


class Perhaps(msgspec.Struct, frozen=True, tag=True):
    """Relations of no simple form: only the programme knows."""

    def look(self, bids: Prices, asks: Prices) -> Screened:
        """Exclude nothing."""
        return Screened(True)


Screen = Sums | Pairs | Nested | Spans | Perhaps


def has_negative_cycle(nodes: int, edges: Sequence[tuple[int, int, int]]) -> bool:
    """Return whether ``x[to] <= x[from] + weight`` can't hold for all edges (Bellman and Ford)."""
    reach = [0] * nodes
    for _ in range(nodes):
        changed = False
        for start, end, weight in edges:
            if reach[start] + weight < reach[end]:
                reach[end] = reach[start] + weight
                changed = True
        if not changed:
            return False
    return True


def order_screen(markets: Sequence[str], relations: Sequence[Relation]) -> Pairs | None:
    """Return the screen of markets that only implications connect; None for other relations.

    Exact, since any fair values that respect an order are those of some distribution (the
    order polytope, Stanley 1986), so their states need not be listed.
    """
    column = {market: index for index, market in enumerate(markets)}
    follows: list[set[int]] = [{index} for index in range(len(markets))]
    for relation in relations:
        match relation:
            case Implies(cause=cause, effect=effect):
                steps = [(cause, effect)]
            case Ladder(markets=names):
                # Neighbours are not enough: one in the middle may be missing here.
                steps = [(names[j], names[i]) for j in range(len(names)) for i in range(j)]
            case Equivalent(markets=names):
                steps = [(a, b) for a in names for b in names]
            case _:
                return None
        for cause, effect in steps:
            if cause in column and effect in column:
                follows[column[cause]].add(column[effect])
    for middle in range(len(markets)):
        for reached in follows:
            if middle in reached:
                reached |= follows[middle]
    return Pairs(tuple((a, b) for a, reached in enumerate(follows) for b in sorted(reached)))


def state_screen(space: StateSpace) -> Screen:
    """Return the cheapest exact screen of a space without void states."""
    count, total = len(space.markets), len(space.states)
    wins: list[list[int]] = [[] for _ in range(count)]
    for index, state in enumerate(space.states):
        for column, value in enumerate(state.values):
            if value:
                wins[column].append(index)
    winners = sum(map(len, wins))
    if all(len(won) == 1 for won in wins) and len({won[0] for won in wins}) == count:
        return Sums(is_exhaustive=total == winners)
    order = sorted(range(count), key=lambda column: -len(wins[column]))
    sizes = [len(wins[column]) for column in order]
    is_strict = all(a > b for a, b in zip([total, *sizes], [*sizes, 0], strict=True))
    if is_strict and all(set(wins[order[k + 1]]) < set(wins[order[k]]) for k in range(count - 1)):
        return Nested(tuple(order))
    if all(won == list(range(won[0], won[0] + len(won))) for won in wins if won):
        spans = tuple((won[0], won[-1] + 1) if won else (0, 0) for won in wins)
        return Spans(spans, total)
    return Perhaps()
