"""The gate of news: what it opens for, and every way in which it stays shut."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from kalshi_desk.core.news import Tier
from kalshi_desk.core.strategy import Observation
from kalshi_desk.quant.evidence import learn_kappa
from kalshi_desk.quant.overfitting import benjamini_hochberg
from kalshi_desk.quant.resampling import expected_score_gain, log_score_gain
from kalshi_desk.strategies.news_proof import (
    FOLDS,
    CellProof,
    Horizon,
    is_effect,
    nearest,
    news_cell,
    out_of_sample_t,
    price_cell,
    prove,
)
from tests.strategies.stories import cells, past

CELL = news_cell("Politics", Tier.PRESS, Horizon.MINUTES_30)


def proof(observations: list[Observation], cell: str = CELL) -> CellProof:
    return prove(cells(observations))[cell]


def failed(found: CellProof) -> list[str]:
    return [one.test for one in found.shortfalls]


def test_names_of_cells() -> None:
    assert CELL == "Politics|press|30 min"
    assert news_cell("", Tier.SOCIAL, Horizon.SETTLEMENT) == "uncategorised|social|settlement"
    assert (is_effect(CELL), is_effect(price_cell(CELL))) == (True, False)


def test_a_planted_effect_opens_the_gate() -> None:
    found = proof(past(0.3))
    assert failed(found) == []
    assert (found.record.items, found.record.events) == (480, 60)
    assert found.kappa is not None
    assert abs(found.kappa.estimate - 0.3) < 3 * found.kappa.error
    assert found.record.out_of_sample_t > 1.65


def test_an_effect_the_other_way_is_an_effect() -> None:
    found = proof(past(-0.3))
    assert failed(found) == []
    assert found.record.t < -3.0


@pytest.mark.parametrize(
    ("observations", "test"),
    [
        (past(0.3, events=24, each=8), "items"),
        (past(0.3, events=29, each=8), "events"),
        (past(0.02), "t"),
        (past(0.0), "out_of_sample_t"),
    ],
)
def test_each_test_keeps_it_shut(observations: list[Observation], test: str) -> None:
    assert test in failed(proof(observations))


def test_nothing_measured_proves_nothing() -> None:
    assert prove({}) == {}
    assert nearest({}) == ""
    assert len(failed(proof(past(0.3, events=1)))) == 5
    silent = [msgspec.structs.replace(one, score=0.0) for one in past(0.3)]
    assert proof(silent).kappa is None


def test_chance_opens_no_gate() -> None:
    """Of 400 cells of pure chance none passes all tests."""
    opened = 0
    for seed in range(20):
        observations = [
            one
            for number in range(20)
            for one in past(0.0, seed=1_000 * seed + number, category=f"C{number}", each=5)
        ]
        opened += sum(1 for found in prove(cells(observations)).values() if not found.shortfalls)
    assert opened == 0


def test_many_cells_make_each_harder_to_believe() -> None:
    alone = past(0.055)
    crowd = [
        one for number in range(40) for one in past(0.0, seed=number + 9, category=f"C{number}")
    ]
    found, among = proof(alone), proof([*alone, *crowd])
    assert among.record.q > found.record.q
    assert found.kappa is not None
    assert found.record.q == pytest.approx(found.kappa.p_value)
    everyone = prove(cells([*alone, *crowd]))
    believed = benjamini_hochberg([f.kappa.p_value for f in everyone.values() if f.kappa])
    assert believed.tolist() == [f.record.q <= 0.10 for f in everyone.values()]


def test_the_effect_is_that_of_the_learner() -> None:
    observations = past(0.2)
    held = cells(observations)[CELL]
    expected = learn_kappa(
        [one.score for one in held], [one.value for one in held], [one.event_ticker for one in held]
    )
    assert proof(observations).kappa == expected


def test_the_last_fold_is_forecast_from_what_was_known_before_it() -> None:
    """Whatever the last fifth of events shows, only its own score may change, not the forecast."""
    observations = past(0.3)
    held = cells(observations)
    last = {f"OLD-{number}" for number in range(60 - 60 // FOLDS, 60)}
    turned = [
        msgspec.structs.replace(one, value=-one.value) if one.event_ticker in last else one
        for one in held[CELL]
    ]
    # The effects of the fold itself are not looked at, only its prices are.
    same = out_of_sample_t(turned, held[price_cell(CELL)])
    assert same == out_of_sample_t(held[CELL], held[price_cell(CELL)])
    prices = [
        msgspec.structs.replace(one, value=one.score) if one.event_ticker in last else one
        for one in held[price_cell(CELL)]
    ]
    # Had prices stayed where they were, the forecast would only have lost.
    assert out_of_sample_t(held[CELL], prices) < -1.65


def test_an_embargo_leaves_out_what_overlaps_the_fold() -> None:
    """Stories of the last half hour before the fold were not over when its first was seen."""
    held = cells(past(0.3))
    start_ns = min(one.at_ns for one in held[CELL] if one.event_ticker == "OLD-48")
    late = [one for one in held[CELL] if one.event_ticker == "OLD-47"][-1]
    wild = [
        msgspec.structs.replace(one, value=1e6, at_ns=start_ns - 1) if one is late else one
        for one in held[CELL]
    ]
    tame = [one for one in held[CELL] if one is not late]
    prices = held[price_cell(CELL)]
    assert out_of_sample_t(wild, prices) == out_of_sample_t(tame, prices)


def test_prices_that_were_not_kept_score_nothing() -> None:
    held = cells(past(0.3))
    assert out_of_sample_t(held[CELL], ()) == 0.0


def test_the_expected_gain_is_the_log_score_where_results_are_known() -> None:
    random = np.random.default_rng(3)
    ours, theirs = random.uniform(0.1, 0.9, 50), random.uniform(0.1, 0.9, 50)
    results = (random.random(50) < 0.5).astype(float)
    events = np.arange(50) // 5
    assert expected_score_gain(ours, theirs, results, events) == log_score_gain(
        ours, theirs, results, events
    )
    # At the market's own price every other forecast loses.
    assert expected_score_gain(ours, theirs, theirs, events).mean < 0.0
    with pytest.raises(ValueError, match="strictly"):
        expected_score_gain([0.0, 0.5], [0.5, 0.5], [0.5, 0.5], [1, 2])


def test_the_nearest_cell_fails_fewest_tests() -> None:
    strong = past(0.3, category="A")
    more = past(0.0, category="B", events=100)
    assert nearest(prove(cells([*strong, *more]))) == news_cell("A", Tier.PRESS, Horizon.MINUTES_30)
