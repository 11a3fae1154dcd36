"""The screen of best prices never misses what the programme finds, and mostly says the same."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

from hypothesis import event, given, settings
from hypothesis import strategies as st

from kalshi_desk.core.fees import FeeRule
from kalshi_desk.core.relations import (
    Equivalent,
    Exclusive,
    Exhaustive,
    Implies,
    Ladder,
    Measured,
    Region,
    Relation,
)
from kalshi_desk.core.types import PRICE_ONE, Count, Outcome, Price, complement
from kalshi_desk.quant.arbitrage import NOTHING, Leg, best_basket
from kalshi_desk.quant.edge_screen import (
    Nested,
    Pairs,
    Perhaps,
    Screen,
    Spans,
    Sums,
    order_screen,
    state_screen,
)
from kalshi_desk.quant.states import Contradiction, StateSpace, admissible_states

NAMES = ("a", "b", "c", "d")
FREE = FeeRule(multiplier=0)
NUMBERS = st.integers(0, 6).map(Fraction)


def region(
    market: str, low: Fraction, high: Fraction, kind: int, ends: tuple[bool, bool]
) -> Region:
    low, high = min(low, high), max(low, high)
    match kind:
        case 0:
            return Region(market, low=low, includes_low=ends[0])
        case 1:
            return Region(market, high=high, includes_high=ends[1])
        case _:
            return Region(market, low, high, includes_low=ends[0], includes_high=ends[1])


@st.composite
def strikes(draw: st.DrawFn) -> Measured:
    ends = st.tuples(st.booleans(), st.booleans())
    regions = tuple(
        region(name, draw(NUMBERS), draw(NUMBERS), draw(st.integers(0, 2)), draw(ends))
        for name in NAMES
    )
    return Measured(regions, draw(st.sampled_from([None, Fraction(1)])))


@st.composite
def thresholds(draw: st.DrawFn) -> Measured:
    found = draw(st.lists(NUMBERS, min_size=4, max_size=4))
    return Measured(tuple(Region(n, low=low) for n, low in zip(NAMES, found, strict=True)))


PAIR = st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES))
ORDER = st.lists(
    st.one_of(
        st.builds(lambda pair: Implies(*pair), PAIR),
        st.permutations(NAMES[:3]).map(lambda names: Ladder(tuple(names))),
        PAIR.map(lambda pair: Equivalent(tuple(dict.fromkeys(pair)))),
    ),
    min_size=1,
    max_size=3,
)
RELATIONS: st.SearchStrategy[list[Relation]] = st.one_of(
    st.just([Exclusive(NAMES)]),
    st.just([Exclusive(NAMES), Exhaustive(NAMES)]),
    st.just([Exclusive((*NAMES, "gone")), Exhaustive((*NAMES, "gone"))]),
    thresholds().map(lambda one: [one]),
    strikes().map(lambda one: [one]),
    strikes().map(lambda one: [Exclusive(NAMES), one]),
    ORDER,
    st.builds(lambda some: [Exhaustive(("b", "c")), *some], ORDER),
)
QUOTE = st.tuples(st.integers(0, 99), st.integers(1, 100))
QUOTES = st.lists(QUOTE, min_size=4, max_size=4)


def screen_of(relations: list[Relation], space: StateSpace) -> Screen:
    return order_screen(NAMES, relations) or state_screen(space)


def legs_of(quotes: list[tuple[int, int]]) -> list[Leg]:
    legs = []
    for name, (bid, ask) in zip(NAMES, quotes, strict=True):
        if ask < 100:
            legs.append(Leg(name, Outcome.YES, Price(ask * 100), Count(700), FREE))
        if bid > 0:
            legs.append(Leg(name, Outcome.NO, complement(Price(bid * 100)), Count(900), FREE))
    return legs


@settings(max_examples=400)
@given(RELATIONS, QUOTES)
def test_the_screen_agrees_with_the_programme(
    relations: list[Relation], quotes: list[tuple[int, int]]
) -> None:
    try:
        space = admissible_states(NAMES, relations)
    except Contradiction:
        return
    screen = screen_of(relations, space)
    seen = screen.look([b * 100 for b, _ in quotes], [a * 100 for _, a in quotes])
    best = best_basket(space, legs_of(quotes)).guaranteed
    event(f"{type(screen).__name__} {seen.has_edge}")
    if isinstance(screen, Perhaps):
        assert seen.has_edge
    else:
        assert seen.has_edge == (best > NOTHING)
    assert seen.gap is None or (seen.gap > 0) == seen.has_edge


@settings(max_examples=200)
@given(RELATIONS, st.lists(st.integers(1, 20), min_size=8, max_size=8), st.data())
def test_fair_prices_never_pass_the_screen(
    relations: list[Relation], weights: list[int], data: st.DataObject
) -> None:
    try:
        space = admissible_states(NAMES, relations)
    except Contradiction:
        return
    screen = screen_of(relations, space)
    chance = data.draw(
        st.lists(st.integers(0, 9), min_size=len(space.states), max_size=len(space.states))
    )
    total = sum(chance) or 1
    chance = chance if sum(chance) else [1, *[0] * (len(chance) - 1)]
    fair = [
        sum(c * state.values[column] for c, state in zip(chance, space.states, strict=True)) / total
        for column in range(4)
    ]
    bids = [max(0, int(value) - width) for value, width in zip(fair, weights[:4], strict=True)]
    asks = [
        min(PRICE_ONE, int(value) + width) for value, width in zip(fair, weights[4:], strict=True)
    ]
    seen = screen.look(bids, asks)
    assert isinstance(screen, Perhaps) or not seen.has_edge


def test_the_usual_relations_get_the_cheap_screens() -> None:
    ladder = Measured(tuple(Region(n, low=Fraction(k)) for k, n in enumerate(NAMES)))
    edges = [None, *map(Fraction, (1, 2, 3)), None]
    brackets = Measured(
        tuple(
            Region(n, low, high, includes_high=True)
            for n, (low, high) in zip(NAMES, pairwise(edges), strict=True)
        )
    )
    mixed = Measured((*ladder.regions[:2], *brackets.regions[2:]))
    kinds = {
        Sums(is_exhaustive=False): [Exclusive(NAMES)],
        Sums(is_exhaustive=True): [Exclusive(NAMES), brackets],
        Nested((0, 1, 2, 3)): [ladder],
        Pairs(((0, 0), (0, 1), (1, 1), (2, 2), (3, 3))): [Implies("a", "b")],
    }
    for expected, relations in kinds.items():
        assert screen_of(relations, admissible_states(NAMES, relations)) == expected
    assert isinstance(screen_of([mixed], admissible_states(NAMES, [mixed])), Spans)


def test_a_gap_says_what_is_missing() -> None:
    sums = Sums(is_exhaustive=True)
    assert sums.look([2000, 3000], [4000, 6500]).gap == -500
    assert sums.look([2000, 3000], [4000, 5900]).gap == 100
    found = Nested((1, 0)).look([3000, 2000], [4000, 2900])
    assert (found.gap, found.markets, found.has_edge) == (100, (0, 1), True)
