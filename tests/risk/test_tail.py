"""The growth of a shortfall is bounded: what a full computation gives is never above it."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from kalshi_desk.core.types import Money, parse_money
from kalshi_desk.quant.exposure import EventRisk, portfolio_distribution
from kalshi_desk.risk.exposure import Edges
from kalshi_desk.risk.tail import tail_growth

DOLLARS = st.integers(-90, 90).map(lambda dollars: dollars * 1_000_000)
PAIR = st.tuples(DOLLARS, DOLLARS)
CHANCE = st.floats(0.05, 0.95)


def shortfall(events: list[EventRisk], rho: float) -> float:
    return portfolio_distribution(events, correlation=rho).expected_shortfall()


def exclusive(one: Edges, two: Edges, chance: float) -> EventRisk:
    """Two markets of which at most one pays."""
    pnl = (one.win + two.lose, one.lose + two.win, one.lose + two.lose)
    rest = (1.0 - chance) / 2.0
    return EventRisk(tuple(Money(value) for value in pnl), (chance, rest, rest))


@settings(max_examples=120, deadline=None)
@given(
    PAIR,
    PAIR,
    PAIR,
    st.lists(st.tuples(PAIR, CHANCE), max_size=3),
    CHANCE,
    st.sampled_from([0.0, 0.3, 0.8]),
)
def test_no_change_of_an_event_raises_the_shortfall_above_its_bound(
    kept: tuple[int, int],
    was: tuple[int, int],
    now: tuple[int, int],
    others: list[tuple[tuple[int, int], float]],
    chance: float,
    rho: float,
) -> None:
    rest = [
        EventRisk((Money(lose), Money(win)), (1.0 - likely, likely))
        for (lose, win), likely in others
    ]
    before = exclusive(Edges(*kept), Edges(*was), chance)
    after = exclusive(Edges(*kept), Edges(*now), chance)
    mean = sum(value * each for value, each in zip(before.pnl, before.chances, strict=True))
    growth = tail_growth(
        {"A": Edges(*kept), "B": Edges(*was)},
        Money(round(mean)),
        {"A": Edges(*kept), "B": Edges(*now)},
        excludes=True,
        states=None,
    )
    grown = shortfall([*rest, after], rho) - shortfall([*rest, before], rho)
    assert grown <= growth / 1e6 + 0.02


def test_an_event_that_is_gone_adds_its_mean_at_most() -> None:
    held = {"A": Edges(-parse_money("40"), parse_money("60"))}
    gone = tail_growth(held, parse_money("0.50"), {}, excludes=False, states=None)
    assert gone == parse_money("0.50"), "not the 60 that it could have won"
    half = {"A": Edges(-parse_money("20"), parse_money("30"))}
    growth = tail_growth(held, Money(0), half, excludes=False, states=None)
    assert growth == parse_money("20"), "the worst of what is left, not the 30 less won"


def test_what_is_new_adds_its_worst_and_states_of_gone_markets_are_not_used() -> None:
    new = {"A": Edges(-parse_money("40"), parse_money("60"))}
    assert tail_growth({}, Money(0), new, excludes=False, states=None) == parse_money("40")
    states = (frozenset[str](), frozenset({"A"}))
    was = {"B": Edges(-parse_money("5"), parse_money("500"))}
    found = tail_growth(was, parse_money("900"), new, excludes=False, states=states)
    assert found == parse_money("540"), "B may have won where A loses"
