"""Growth leaves money from outside out, drawdowns are the true ones, and the curve stays short."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kalshi_desk.core.types import Money
from kalshi_desk.portfolio.folio import daily_sharpe
from kalshi_desk.portfolio.track import EVERY_NS, MOST_POINTS, EquityTrack
from kalshi_desk.quant.performance import drawdown, sharpe

STEPS = st.lists(
    st.tuples(st.integers(-40, 60), st.sampled_from([0, 0, 0, 500, -30])), min_size=1, max_size=60
)


def track_of(*equities: int, flows: dict[int, int] | None = None) -> EquityTrack:
    track, total = EquityTrack(), 0
    for number, equity in enumerate(equities):
        total += (flows or {}).get(number, 0)
        track.add(number * EVERY_NS, Money(equity), Money(total), day=1)
    return track


def test_a_deposit_is_no_gain_and_a_withdrawal_no_loss() -> None:
    track = track_of(1_000, 11_000, 8_000, flows={1: 10_000, 2: -3_000})
    assert track.last is not None
    assert track.last.growth == pytest.approx(1.0)
    assert (track.max_drawdown, track.last.drawdown) == (0.0, 0.0)


def test_a_loss_is_a_share_of_what_there_was_when_it_came() -> None:
    track = track_of(1_000, 1_100, 11_100, 9_990, flows={2: 10_000})
    assert track.last is not None
    assert track.last.growth == pytest.approx(1.1 * 0.9)
    assert track.max_drawdown == pytest.approx(0.1)


@given(STEPS)
def test_drawdown_is_that_of_the_formula(steps: list[tuple[int, int]]) -> None:
    track, equity, total, growth = EquityTrack(), 1_000, 0, []
    for number, (gain, flow) in enumerate(steps):
        equity, total = max(50, equity + gain) + flow, total + flow
        equity = max(equity, 10)
        growth.append(track.add(number * EVERY_NS, Money(equity), Money(total), day=1).growth)
    assert track.max_drawdown == pytest.approx(drawdown(growth).share)


def test_after_losing_everything_new_money_begins_anew() -> None:
    track = track_of(1_000, 0, 500, flows={2: 500})
    assert track.last is not None
    assert (track.last.growth, track.last.drawdown) == (1.0, 0.0)
    assert track.max_drawdown == 1.0, "what happened has happened"


def test_idle_days_count_and_the_running_day_does_not() -> None:
    track = EquityTrack()
    for day, equity in ((10, 1_000), (10, 1_010), (12, 1_020), (13, 900)):
        at_ns = (day * 100 + equity // 100) * EVERY_NS
        track.add(at_ns, Money(equity), Money(0), day)
    returns = track.daily_returns(today=13)
    assert returns == pytest.approx([0.01, 0.0, 1_020 / 1_010 - 1])
    assert daily_sharpe(track, 13) == (3, pytest.approx(sharpe(returns)))
    assert len(track.daily_returns(today=15)) == 5, "days without a sample are idle days too"
    assert daily_sharpe(track, 11) == (1, None), "one day says nothing about the next"
    assert daily_sharpe(EquityTrack(), 11) == (0, None)


@given(st.integers(1, 1_500), st.integers(0, 1_499))
def test_the_curve_is_short_and_keeps_its_end_and_its_deepest_fall(count: int, low: int) -> None:
    track = EquityTrack()
    for number in range(count):
        equity = 500 if number == low else 1_000
        track.add(number * EVERY_NS, Money(equity), Money(0), day=1)
    curve = track.curve()
    assert len(curve) <= MOST_POINTS
    assert curve[-1] == track.last
    times = [sample.at_ns for sample in curve]
    assert times == sorted(set(times))
    assert max(sample.drawdown for sample in curve) == track.max_drawdown
    if count > MOST_POINTS:
        assert len(curve) > MOST_POINTS // 4, "and it is not thinner than it must be"


def test_a_sample_that_is_only_looked_at_is_not_kept() -> None:
    track = track_of(1_000)
    assert track.after(EVERY_NS, Money(900), Money(0)).drawdown == pytest.approx(0.1)
    assert track.max_drawdown == 0.0
    assert len(track.curve()) == 1
