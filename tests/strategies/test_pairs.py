"""The pair screen: what is planted is found, what is not is left alone, and nothing is proven."""

from __future__ import annotations

import time

import msgspec
import numpy as np
import pytest

from kalshi_desk.core.strategy import Decision, MarketSnapshot, MarketView, Mode
from kalshi_desk.core.types import BookSide
from kalshi_desk.quant.overfitting import benjamini_hochberg
from kalshi_desk.strategies.pair_measure import family, q_values, slice_of
from kalshi_desk.strategies.pairs import Pairs
from kalshi_desk.strategies.registry import load
from tests.strategies.views import HOUR_NS, NOW, hours, snapshot, view

HOURS = 96


def _prices(logits: np.ndarray) -> list[int]:
    return [round(10_000 / (1 + np.exp(-one))) for one in logits]


def _market(ticker: str, closes: list[int], middle: int = 0, series: str = "S") -> MarketSnapshot:
    middle = middle or closes[-1]
    made = snapshot(ticker, middle - 50, middle + 50, hours(closes))
    market = msgspec.structs.replace(made.market, series_ticker=series)
    return msgspec.structs.replace(made, market=market)


def planted(seed: int = 4, apart: float = 1.2) -> MarketView:
    rng = np.random.default_rng(seed)
    walk = np.cumsum(rng.normal(0, 0.08, HOURS))
    walk -= walk.mean()
    gap = np.zeros(HOURS)
    for n in range(1, HOURS):
        gap[n] = 0.6 * gap[n - 1] + rng.normal(0, 0.1)
    tied = _prices(0.9 * walk + gap)
    now = round(10_000 / (1 + np.exp(-(0.9 * walk[-1] + apart))))
    return view(_market("AAA", tied, now), _market("BBB", _prices(walk)))


def test_a_planted_pair_that_came_apart_is_shown_and_unproven() -> None:
    decision = Pairs().decide(planted())
    [signal] = decision.signals
    assert signal.candidate == "AAA BBB"
    assert [leg.side for leg in signal.legs] == [BookSide.ASK, BookSide.BID]
    assert signal.post_only
    assert ("0", "200") in {(why.seen, why.needed) for why in signal.unproven}
    [row] = decision.pairs
    assert row.is_found
    assert row.beta == pytest.approx(0.9, abs=0.2)
    assert row.z is not None
    assert row.z > 2.5
    assert row.why_not == ""


def test_together_again_it_is_left_alone_with_the_number_seen() -> None:
    decision = Pairs().decide(planted(apart=0.0))
    assert not decision.signals
    [why] = decision.reasons
    assert why.code == "z"
    assert why.seen
    assert why.needed


def test_the_least_deviation_is_that_of_the_setting() -> None:
    [parameter] = [one for one in Pairs.parameters if one.name == "min_deviation"]
    assert (parameter.low, parameter.high) == (0.01, 0.5)
    assert parameter.default == 0.05
    assert load("pairs") is Pairs
    assert Pairs.default_mode is Mode.SHADOW
    [why] = Pairs({"min_deviation": 0.5}).decide(planted()).reasons
    assert why.code == "deviation"


def test_the_same_view_has_the_same_answer_whatever_was_seen_before() -> None:
    used = Pairs()
    first = used.decide(planted())
    used.decide(planted(seed=9))
    assert used.decide(planted()) == first == Pairs().decide(planted())


def _walks(seed: int, count: int = 8) -> MarketView:
    rng = np.random.default_rng(seed)
    logits = [np.cumsum(rng.normal(0, 0.08, HOURS)) for _ in range(count)]
    return view(*(_market(f"W{n}", _prices(one - one.mean())) for n, one in enumerate(logits)))


@pytest.mark.long
def test_independent_walks_are_found_no_more_often_than_one_time_in_ten() -> None:
    trials = 40
    false = sum(
        any(row.is_found for row in Pairs({"tested": 30}).decide(_walks(seed)).pairs)
        for seed in range(trials)
    )
    assert false / trials <= 0.10 + 3 * (0.1 * 0.9 / trials) ** 0.5


def test_q_is_at_most_a_tenth_where_benjamini_and_hochberg_reject() -> None:
    rng = np.random.default_rng(1)
    for _ in range(50):
        p_values = (rng.random(12) ** 3).tolist()
        padded = [*p_values, *[1.0] * 8]
        rejected = benjamini_hochberg(padded, 0.10)[:12].tolist()
        assert [q <= 0.10 for q in q_values(p_values, 20)] == rejected


def test_every_pair_has_its_hour_and_none_is_of_one_event() -> None:
    seen = view(*(_market(f"W{n}", _prices(np.sin(np.arange(HOURS) / (2 + n)))) for n in range(7)))
    couples = family(seen, 72)
    assert len(couples) == 21
    named = {
        couple.name for hour in range(5) for couple in slice_of(couples, NOW + hour * HOUR_NS, 5)
    }
    assert named == {couple.name for couple in couples}
    same = [
        msgspec.structs.replace(one, market=msgspec.structs.replace(one.market, event_ticker="E"))
        for one in seen.markets.values()
    ]
    assert family(view(*same), 72) == []


def test_few_hours_and_pinned_prices_are_no_legs() -> None:
    assert Pairs().decide(view(_market("A", [5_000] * 96), _market("B", [5_000, 5_100] * 20))) == (
        Decision()
    )


def test_a_first_look_at_three_thousand_markets_takes_less_than_a_second() -> None:
    rng = np.random.default_rng(3)
    logits = rng.normal(0, 0.08, (3_000, HOURS)).cumsum(axis=1)
    logits = np.clip(logits - logits.mean(axis=1, keepdims=True), -2.5, 2.5)
    seen = view(
        *(_market(f"M{n:04}", _prices(one), series=f"S{n // 10}") for n, one in enumerate(logits))
    )
    strategy = Pairs({"tested": 30})
    strategy.prepare()
    began = time.process_time()
    decision = strategy.decide(seen)
    assert time.process_time() - began < 1.0
    assert decision.scanned == 30
