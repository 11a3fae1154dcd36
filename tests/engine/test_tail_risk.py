"""The shortfall that the gate uses: oracle numbers, a bound between computations, and gauges."""

from __future__ import annotations

import random
from collections.abc import Iterable

import msgspec
import pytest

from kalshi_desk.core.events import MarketsListed, TimerFired
from kalshi_desk.core.records import Fill, Market
from kalshi_desk.core.types import BookSide, Count, Money, Price, parse_money
from kalshi_desk.engine.limit_rows import exposure_rows, limit_rows
from kalshi_desk.engine.state import CoreState
from kalshi_desk.engine.tail_risk import ANYWAY_NS, SOON_NS, TailRisk
from kalshi_desk.quant.exposure import EventRisk, portfolio_distribution
from tests.engine.test_core import Bench
from tests.engine.test_exposures import wide_bench
from tests.wide_limits import WIDE

BETS = "ABCD"


def bought(bench: Bench, name: str, trade_id: str) -> None:
    """Book a hundred contracts at 55 cents."""
    fill = Fill(
        trade_id=trade_id,
        order_id=trade_id,
        ticker=f"{name}-1",
        side=BookSide.BID,
        price=Price(5_500),
        count=Count(10_000),
        fee=Money(0),
        is_taker=True,
        executed_ns=bench.now_ns,
    )
    bench.core.state.positions.book_fill(fill)


def buy_more(bench: Bench) -> None:
    """Buy as much again in one market."""
    bought(bench, next(iter(bench.core.state.exposures.events)), "more")


def bets(names: Iterable[str] = BETS, *, category: str = "", series: str = "") -> Bench:
    """Bets of 55 dollars to win 45, at their price of 55 cents, as in o06."""
    bench = Bench()
    bench.core.state.settings.limits = WIDE
    listed = tuple(
        Market(
            ticker=f"{name}-1",
            event_ticker=name,
            series_ticker=series or name,
            category=category or name,
            last_price=Price(5_500),
        )
        for name in names
    )
    bench.take(MarketsListed(listed))
    for name in names:
        bought(bench, name, name)
    bench.core.state.exposures.refresh()
    return bench


def compute(bench: Bench) -> TailRisk:
    """Two beats: one for each of the two distributions."""
    bench.now_ns += ANYWAY_NS
    for _ in range(2):
        bench.take(TimerFired())
        bench.now_ns += 1
    return bench.core.state.tail


def test_four_bets_that_move_together_lose_220_dollars() -> None:
    assert compute(bets()).stress == parse_money("220")


def test_unrelated_bets_are_a_tenth_correlated() -> None:
    unit = EventRisk((parse_money("-55"), parse_money("45")), (0.45, 0.55))
    for count in (6, 10):
        tail = compute(bets("ABCDEFGHIJ"[:count]))
        for found, rho in ((tail.base, 0.1), (tail.stress, 0.8)):
            exact = portfolio_distribution([unit] * count, correlation=rho).expected_shortfall()
            assert exact - 0.01 <= found / 1e6 <= 1.01 * exact


@pytest.mark.parametrize(("kind", "rho"), [({"category": "W"}, 0.3), ({"series": "S"}, 0.6)])
def test_bets_of_one_kind_are_as_correlated_as_their_kind(kind: dict[str, str], rho: float) -> None:
    """o06: from .2 on the worst 5 per cent are those in which all four lose."""
    tail = compute(bets(**kind))
    assert tail.base == parse_money("220")
    assert set(tail._loads(tail._seen).values()) == {rho}


def test_many_events_are_folded_over_several_beats() -> None:
    """Until all are, the bound is what counts; changes in between are not forgotten."""
    names = [f"{first}{second}" for first in "ABCDE" for second in "ABCDE"]
    bench = bets(names)
    state = bench.core.state
    for beat in range(6):
        assert (state.tail.base, state.tail._computed_ns > 0) == (0, beat > 0)
        assert state.tail.now()[0] == state.exposures.total
        bench.take(TimerFired())
        if beat == 3:
            buy_more(bench)
            state.exposures.refresh()
    unit = EventRisk((parse_money("-55"), parse_money("45")), (0.45, 0.55))
    exact = portfolio_distribution([unit] * 25, correlation=0.1).expected_shortfall()
    assert exact - 0.01 <= state.tail.base / 1e6 <= 1.01 * exact
    assert state.tail.now()[0] == state.tail.base + parse_money("55")


def test_an_estimate_above_the_kind_counts() -> None:
    bench = bets()
    exposures = bench.core.state.exposures
    exposures.refresh()
    exposures.correlations = {frozenset(("A", "B")): 0.9, frozenset(("C", "X")): 0.9}
    loads = bench.core.state.tail._loads(exposures.events)
    assert loads == pytest.approx({"A": 0.5, "B": 0.5, "C": 0.1, "D": 0.1})


def test_before_the_first_computation_the_worst_of_all_counts() -> None:
    bench = bets()
    state = bench.core.state
    state.exposures.refresh()
    assert state.tail.now() == (parse_money("220"), parse_money("220"))
    assert state.tail.view("A").elsewhere == parse_money("165")


def test_it_computes_soon_after_a_large_change_later_after_a_small_one_and_else_never() -> None:
    bench = bets()
    tail = compute(bench)
    first = tail._computed_ns
    bench.now_ns += 10 * ANYWAY_NS
    bench.take(TimerFired())
    assert tail._computed_ns == first, "nothing changed"
    bench.core.state.exposures.correlations = {frozenset(("A", "B")): 0.9}
    bench.now_ns += 10 * SOON_NS
    bench.take(TimerFired())
    bench.take(TimerFired())
    small = tail._computed_ns
    assert small > first, "an estimate is new"
    bench.core.state.exposures._judge("A")
    bench.now_ns += 10 * SOON_NS
    bench.take(TimerFired())
    assert tail._computed_ns == small, "too little to hurry"
    bench.now_ns += ANYWAY_NS
    bench.take(TimerFired())
    assert tail._computed_ns == bench.now_ns
    bench.take(TimerFired())
    buy_more(bench)
    bench.core.state.exposures.refresh()
    assert tail.now()[1] == parse_money("275"), "55 dollars more at worst"
    bench.now_ns += 10 * SOON_NS
    bench.take(TimerFired())
    assert tail._computed_ns == bench.now_ns


@pytest.mark.parametrize("seed", range(4))
def test_the_bound_between_computations_is_never_too_low(seed: int) -> None:
    bench, rng = wide_bench(), random.Random(seed)
    state = bench.core.state
    state.settings.limits = WIDE
    tickers = list(state.markets.by_ticker)
    for _ in range(12):
        for _ in range(rng.randrange(1, 4)):
            bench.hold(str(rng.randrange(5, 200)), ticker=rng.choice(tickers))
        state.exposures.refresh()
        bound = state.tail.now()
        tail = compute(bench)
        found = tail.base, tail.stress
        assert found[0] <= bound[0] * 1.01
        assert found[1] <= bound[1] * 1.01
        assert tail.base <= tail.stress <= state.exposures.total
        assert tail._grown == 0


def test_gauges_and_rows_name_the_theme_and_the_shortfall() -> None:
    bench = bets(series="S")
    compute(bench)
    state: CoreState = bench.core.state
    rows = limit_rows(state)
    assert rows["theme_percent"].used == parse_money("220")
    assert rows["shortfall_percent"].used == rows["stress_shortfall_percent"].used
    assert rows["shortfall_percent"].used == parse_money("220")
    theme = exposure_rows(state)["theme:S"]
    assert (theme.worst, theme.positions) == (-parse_money("220"), 4)
    narrow = msgspec.structs.replace(WIDE, theme_percent=2.0)
    state.settings.limits = narrow
    row = limit_rows(state)["theme_percent"]
    assert row.is_breached
    assert row.allowed is not None
    assert row.allowed < parse_money("220")
