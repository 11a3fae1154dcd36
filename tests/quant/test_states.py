"""Relations forbid what they say and nothing else; strikes prove what tiles."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_desk.core.relations import (
    Combo,
    Equivalent,
    Exclusive,
    Exhaustive,
    Implies,
    Ladder,
    Measured,
    Part,
    Region,
    Relation,
    Void,
    partition,
)
from kalshi_desk.core.types import Outcome, Price
from kalshi_desk.quant.states import Contradiction, TooManyStates, admissible_states


def labels(markets: str, *relations: Relation) -> set[str]:
    return {state.label for state in admissible_states(tuple(markets), relations).states}


@pytest.mark.parametrize(
    ("relations", "expected"),
    [
        ([], {"a+b+c", "a+b", "a+c", "b+c", "a", "b", "c", "none"}),
        ([Exclusive(tuple("abc"))], {"a", "b", "c", "none"}),
        (partition(tuple("abc")), {"a", "b", "c"}),
        ([Ladder(tuple("abc"))], {"none", "a", "a+b", "a+b+c"}),
        ([Implies("a", "b"), Equivalent(("b", "c"))], {"a+b+c", "b+c", "none"}),
        ([Combo("c", (Part("a"), Part("b", Outcome.NO)))], {"none", "b", "a+b", "a+c"}),
        ([Exhaustive(tuple("ab")), Exclusive(tuple("bc"))], {"a", "b", "a+b", "a+c"}),
    ],
)
def test_states_of_relations(relations: list[Relation], expected: set[str]) -> None:
    assert labels("abc", *relations) == expected


RELATIONS = st.one_of(
    st.builds(Exclusive, st.just(("a", "b", "c"))),
    st.builds(Exhaustive, st.just(("b", "c", "d"))),
    st.builds(Ladder, st.permutations(["a", "b", "d"]).map(tuple)),
    st.builds(Implies, st.just("d"), st.just("a")),
    st.builds(Equivalent, st.just(("a", "d"))),
    st.builds(Combo, st.just("d"), st.just((Part("a"), Part("c", Outcome.NO)))),
)


@given(st.lists(RELATIONS, max_size=3), st.permutations("abcd"))
def test_searching_finds_what_trying_all_finds(found: list[Relation], order: list[str]) -> None:
    tried = {
        "+".join(name for name in order if outcomes[name]) or "none"
        for values in product([True, False], repeat=4)
        if all(
            relation.allows(outcomes := dict(zip(order, values, strict=True))) for relation in found
        )
        if (outcomes := dict(zip(order, values, strict=True)))
    }
    assert tried
    assert {state.label for state in admissible_states(order, found).states} == tried


def test_a_finalised_leg_takes_exhaustiveness_with_it() -> None:
    whole = partition(tuple("abc"))
    assert labels("ab", *whole) == {"a", "b", "none"}
    assert labels("ab", Combo("a", (Part("b"), Part("z")))) == {"a+b", "b", "none"}


def third(market: str, low: int | None, high: int | None, *, closed: bool = False) -> Region:
    return Region(
        market,
        None if low is None else Fraction(low),
        None if high is None else Fraction(high),
        includes_low=closed,
        includes_high=closed,
    )


def test_strikes_that_tile_are_a_partition() -> None:
    # Published in whole degrees: up to 69, 70 to 71, 72 and above.
    regions = (third("low", None, 70), third("mid", 70, 71, closed=True), third("high", 71, None))
    whole = Measured(regions, step=Fraction(1))
    assert whole.is_exhaustive
    assert whole.is_exclusive
    assert Measured(regions).is_exhaustive
    gap = Measured((third("low", None, 70), third("high", 71, None)), step=Fraction(1))
    assert not gap.is_exhaustive
    assert gap.is_exclusive
    assert labels(("low", "high"), gap) == {"low", "high", "none"}  # type: ignore[arg-type]


def test_a_finer_resolution_opens_a_gap() -> None:
    regions = (third("a", None, 70, closed=True), third("b", 71, None, closed=True))
    assert Measured(regions, step=Fraction(1)).is_exhaustive
    assert not Measured(regions, step=Fraction(1, 10)).is_exhaustive
    assert not Measured(regions).is_exhaustive


def test_thresholds_and_intervals_of_one_quantity() -> None:
    found = Measured((third("A", 10, None), Region("B", Fraction(10), Fraction(20), False, True)))
    space = admissible_states(("A", "B"), [found])
    assert {state.label for state in space.states} == {"none", "A+B", "A"}


@given(
    st.lists(
        st.tuples(st.integers(-5, 5), st.integers(0, 4), st.booleans(), st.booleans()),
        min_size=1,
        max_size=3,
    ),
    st.sampled_from([None, Fraction(1), Fraction(1, 2)]),
    st.integers(-40, 40),
)
def test_every_value_of_the_quantity_is_an_admissible_state(
    raw: list[tuple[int, int, bool, bool]], step: Fraction | None, value: int
) -> None:
    regions = tuple(
        Region(str(index), Fraction(low), Fraction(low + width), left, right)
        for index, (low, width, left, right) in enumerate(raw)
    )
    seen = tuple(region.holds(Fraction(value) * (step or Fraction(1, 7))) for region in regions)
    assert seen in Measured(regions, step).patterns()


def test_a_void_state_pays_what_it_says() -> None:
    void = Void({"a": Price(4300), "b": Price(3800)})
    space = admissible_states(("a", "b"), [Implies("a", "b")], [void])
    assert space.pays("a", Outcome.YES)[-1] == 4300
    assert space.pays("a", Outcome.NO)[-1] == 5700
    assert space.table().shape == (2, 4)
    with pytest.raises(ValueError, match="void"):
        admissible_states(("a", "b", "c"), [], [void])


def test_what_can_not_be_listed_is_refused() -> None:
    many = tuple(str(index) for index in range(20))
    with pytest.raises(TooManyStates):
        admissible_states(many, [])
    assert len(admissible_states(many, [Exclusive(many)]).states) == 21
    hundred = tuple(str(index) for index in range(100))
    assert len(admissible_states(hundred, partition(hundred)).states) == 100
    with pytest.raises(TooManyStates, match="501"):
        admissible_states([str(index) for index in range(501)], [])
    with pytest.raises(Contradiction):
        admissible_states("ab", [*partition(("a", "b")), Equivalent(("a", "b"))])
    with pytest.raises(ValueError, match="once"):
        admissible_states("aa", [])
