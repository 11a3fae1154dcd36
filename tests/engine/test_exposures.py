"""The kept exposures are those that adding everything up gives, whatever happened before."""

from __future__ import annotations

import random

import msgspec
import pytest

from kalshi_desk.core.events import (
    BookDelta,
    CancelAnswered,
    FillReported,
    MarketsListed,
    OrderAnswered,
)
from kalshi_desk.core.records import Event, Market
from kalshi_desk.core.relations import Ladder
from kalshi_desk.core.strategy import RelationGroup, SignalLeg
from kalshi_desk.core.types import BookSide, Count, Money, Outcome, Price, parse_count, parse_money
from kalshi_desk.desk.automation_frames import ExposureRow
from kalshi_desk.engine.basket_room import fit_basket
from kalshi_desk.engine.limit_rows import exposure_rows
from kalshi_desk.engine.state import CoreState
from kalshi_desk.risk.exposure import worst_case
from tests.engine.test_core import Bench, fill_of, sent

DAY_NS = 86_400_000_000_000


def market(ticker: str, event: str, *, excludes: bool = False, days: int = 1) -> Market:
    return Market(
        ticker=ticker,
        event_ticker=event,
        series_ticker=event[:1],
        category="Weather" if event < "M" else "Money",
        mutually_exclusive=excludes,
        close_ns=1_800_000_000_000_000_000 + days * DAY_NS,
    )


def wide_bench() -> Bench:
    bench = Bench()
    bench.core.state.settings.limits = msgspec.structs.replace(
        bench.core.state.settings.limits, open_positions=100
    )
    names = {"E": ("A", "B"), "L": ("L1", "L2"), "P": ("P1", "P2"), "Q": ("Q1",)}
    markets = [
        market(ticker, event, excludes=event == "E", days=1 + place)
        for place, (event, tickers) in enumerate(names.items())
        for ticker in tickers
    ]
    events = tuple(
        Event(event_ticker=name, series_ticker=name, title=f"Title {name}") for name in names
    )
    bench.take(MarketsListed(tuple(markets), events))
    for one in markets:
        bench.take(bench.book(one.ticker))
    return bench


def by_adding_up(state: CoreState) -> tuple[int, int]:
    """Worst of every event on its own, and the value of all that is held."""
    events = {state.group_of(ticker)[0] for ticker in state.involved()}
    worst = sum(-worst_case(state.exposed(event=event)) for event in events)
    return worst, sum(state.value_of(held) for held in state.positions.held())


@pytest.mark.parametrize("seed", range(5))
def test_kept_sums_equal_those_added_up(seed: int) -> None:
    bench, rng = wide_bench(), random.Random(seed)
    state = bench.core.state
    tickers = list(state.markets.by_ticker)
    resting: list[str] = []
    for number in range(60):
        ticker, kind = rng.choice(tickers), rng.random()
        bench.now_ns += 1_000_000_000
        if kind < 0.4:
            outcome = rng.choice(list(Outcome))
            price = "0.48" if outcome is Outcome.YES else "0.53"
            made = sent(
                bench.buy(str(1 + number), price, ticker=ticker, outcome=outcome, name=f"n{number}")
            )
            for intent in made:
                if rng.random() < 0.6:
                    done = OrderAnswered(
                        intent.client_order_id, f"o{number}", intent.count, Count(0)
                    )
                    bench.take(done)
                    bench.take(FillReported(fill_of(intent, f"o{number}")))
                else:
                    rest = OrderAnswered(
                        intent.client_order_id, f"o{number}", Count(0), intent.count
                    )
                    bench.take(rest)
                    resting.append(f"o{number}")
        elif kind < 0.8:
            side = rng.choice(list(BookSide))
            price_ = Price(4_700) if side is BookSide.BID else Price(4_800)
            bench.take(BookDelta(ticker, side, price_, Count(rng.choice([-20_000, 20_000]))))
        elif resting:
            order = state.orders.known(resting.pop())
            assert order is not None
            bench.take(CancelAnswered(order.order_id, order.remaining))
        state.exposures.refresh()
        worst, value = by_adding_up(state)
        assert (state.exposures.total, state.exposures.value) == (worst, value)
        assert sum(state.exposures.by_category.values()) == worst
        assert sum(state.exposures.by_day.values()) == worst
        assert state.exposures.equity() == state.equity()
        lines = state.exposures.lines.values()
        assert state.exposures.open_count == sum(line.is_open for line in lines)


def test_a_fill_that_is_known_but_not_booked_counts_as_exposure() -> None:
    bench = wide_bench()
    intent = sent(bench.buy("100", ticker="Q1"))[0]
    state = bench.core.state
    state.exposures.refresh()
    resting = state.exposures.total
    bench.take(OrderAnswered(intent.client_order_id, "o", intent.count, Count(0)))
    state.exposures.refresh()
    assert state.positions.get("Q1").count == 0
    assert state.exposures.total == resting > parse_money("48")
    assert state.exposures.lines["Q1"].is_open


def test_rows_by_event_category_day_and_strategy() -> None:
    bench = wide_bench()
    bench.hold("100", ticker="A")
    bench.hold("50", ticker="P1")
    rows = exposure_rows(bench.core.state)
    assert all(isinstance(row, ExposureRow) for row in rows.values())
    event = rows["event:E"]
    assert (event.title, event.worst, event.positions) == ("Title E", -event.value, 1)
    assert event.allowed is not None
    assert event.allowed == pytest.approx(parse_money("400"), rel=0.01)
    assert rows["category:Weather"].worst == event.worst
    assert rows["category:Money"].worst == rows["event:P"].worst < 0
    day = "2027-01-16"
    assert rows[f"day:{day}"].worst == event.worst
    both = rows["strategy:manual"]
    assert both.worst == event.worst + rows["event:P"].worst
    assert (both.allowed, both.positions) == (None, 2)


def test_a_known_ladder_is_enumerated_and_an_unknown_one_is_not_understated() -> None:
    bench = wide_bench()
    bench.hold("100", ticker="L1")
    intent = sent(bench.buy("100", "0.53", ticker="L2", outcome=Outcome.NO, name="no"))[0]
    bench.take(OrderAnswered(intent.client_order_id, "o-L2", intent.count, Count(0)))
    bench.take(FillReported(fill_of(intent, "o-L2")))
    exposures = bench.core.state.exposures
    exposures.refresh()
    apart = exposures.events["L"].worst
    lines = exposures.lines
    assert apart == lines["L1"].edges.loss + lines["L2"].edges.loss
    ladder = RelationGroup(
        name="L", markets=("L1", "L2"), relations=(Ladder(("L1", "L2")),), source="a test"
    )
    exposures.use_relations((ladder,))
    assert exposures.events["L"].worst < parse_money("10") < apart
    assert exposures.total == exposures.events["L"].worst


def legs(count: str, *tickers: str) -> list[SignalLeg]:
    return [
        SignalLeg(ticker=ticker, side=BookSide.BID, price=Price(4_800), count=parse_count(count))
        for ticker in tickers
    ]


def test_a_basket_is_scaled_to_what_the_limits_leave() -> None:
    bench = wide_bench()
    state = bench.core.state
    found = fit_basket(state, legs("10", "A", "B"), origin="arbitrage")
    assert (found.ratio, found.bound) == (1.0, None)
    tight = msgspec.structs.replace(state.settings.limits, event_percent=0.5)
    state.settings.limits = tight
    found = fit_basket(state, legs("80", "A", "B"), origin="arbitrage")
    assert found.bound is not None
    assert found.bound.code == "event_limit"
    assert found.counts == (parse_count("50"), parse_count("50"))
    assert found.ratio == pytest.approx(50 / 80)


def test_the_legs_of_a_basket_share_the_cash() -> None:
    bench = wide_bench()
    state = bench.core.state
    loose = msgspec.structs.replace(
        state.settings.limits,
        order_percent=1_000,
        market_percent=1_000,
        event_percent=1_000,
        position_percent=1_000,
        category_percent=1_000,
        theme_percent=1_000,
        shortfall_percent=1_000,
        stress_shortfall_percent=1_000,
        settlement_day_percent=1_000,
        total_percent=1_000,
    )
    state.settings.limits = loose
    state.settings.max_order = parse_count("100000")
    found = fit_basket(state, legs("20000", "P1", "P2"), origin="arbitrage")
    assert found.bound is not None
    assert found.bound.code == "balance"
    cost = 2 * 0.497472 * found.counts[0] / 100
    assert 9_990 < cost <= 10_000


def test_a_market_that_closes_for_good_leaves_no_line() -> None:
    bench = wide_bench()
    intent = sent(bench.buy("10", "0.40", ticker="Q1"))[0]
    bench.take(OrderAnswered(intent.client_order_id, "o", Count(0), intent.count))
    exposures = bench.core.state.exposures
    exposures.refresh()
    assert "Q1" in exposures.lines
    bench.take(CancelAnswered("o", intent.count))
    exposures.refresh()
    assert (exposures.lines, exposures.events, exposures.total) == ({}, {}, Money(0))


def test_kin_by_series_category_and_estimate() -> None:
    bench = wide_bench()
    for ticker in ("A", "P1", "Q1"):
        bench.hold("10", ticker=ticker)
    exposures = bench.core.state.exposures
    exposures.refresh()
    worst = {name: risk.worst for name, risk in exposures.events.items()}
    kin = exposures.kin_of("P", "P", "Money")
    assert sorted(kin) == sorted([(worst["E"], 0.1), (worst["Q"], 0.3)])
    assert sorted(exposures.kin_of("P9", "P", "Money")) == sorted(
        [(worst["E"], 0.1), (worst["Q"], 0.3), (worst["P"], 0.6)]
    )
    exposures.correlations[frozenset(("P", "Q"))] = 0.9
    exposures.correlations[frozenset(("P", "E"))] = -0.9
    kin = exposures.kin_of("P", "P", "Money")
    assert sorted(kin) == sorted([(worst["E"], 0.1), (worst["Q"], 0.6)])
    assert exposures.open_count == 3
