"""What settled markets teach: planted overshoot proves fading, fair prices prove nothing."""

from __future__ import annotations

import numpy as np
import pytest

from kalshi_desk.core.records import Market
from kalshi_desk.core.strategy import Bar, Observation
from kalshi_desk.core.types import Count, Price
from kalshi_desk.quant.calibration import Horizon
from kalshi_desk.quant.gates import MovementRecord, drift_shortfalls, reversion_shortfalls
from kalshi_desk.quant.movement import movement
from kalshi_desk.strategies.cells import EventMean, event_mean, pooled_mean, slope_of
from kalshi_desk.strategies.learning import (
    HOUR_NS,
    SettledMarket,
    after_moves,
    excess,
    first_prices,
    learn,
    pair_of,
    pair_value,
)

EVENTS, STEPS = 240, 120
DEADLINE = STEPS * HOUR_NS


def bars(closes: list[float], volumes: list[int] | None = None) -> tuple[Bar, ...]:
    prices = [Price(round(10_000 * close)) for close in closes]
    sizes = volumes or [1_000] * len(prices)
    return tuple(
        Bar(hour * HOUR_NS, price, price, price, price, Count(size), 5)
        for hour, (price, size) in enumerate(zip(prices, sizes, strict=True))
    )


def settled(n: int, value: float, deadline_ns: int = DEADLINE) -> SettledMarket:
    return SettledMarket(
        market=Market(ticker=f"M{n}", event_ticker=f"E{n}"),
        category="Politics",
        value=value,
        deadline_ns=deadline_ns,
        at_ns=n,
    )


def fair_paths(seed: int) -> np.ndarray:
    """Return fair prices of a walk that must end above a level, to 0 or 1."""
    from scipy.special import ndtr

    random = np.random.default_rng(seed)
    walk = random.standard_normal((EVENTS, STEPS)).cumsum(axis=1)
    walk = np.hstack([np.zeros((EVENTS, 1)), walk])
    left = np.arange(STEPS, -1, -1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(ndtr((walk + 0.2 * np.sqrt(STEPS)) / np.sqrt(left)))


def overshot(paths: np.ndarray) -> np.ndarray:
    """Return prices that go half as far again and come back by a tenth an hour."""
    shown, extra = paths.copy(), np.zeros(len(paths))
    for step in range(1, STEPS):
        extra = 0.9 * extra + 0.5 * (paths[:, step] - paths[:, step - 1])
        shown[:, step] = paths[:, step] + extra
    return np.clip(shown, 0.01, 0.99)


def late(paths: np.ndarray) -> np.ndarray:
    """Return prices that take in an eighth of what is new each hour."""
    shown = paths.copy()
    for step in range(1, STEPS):
        shown[:, step] = shown[:, step - 1] + 0.125 * (paths[:, step] - shown[:, step - 1])
    return shown


def jumpy(seed: int, extra: float, noise: float) -> list[tuple[np.ndarray, list[int], float]]:
    """Return prices, volumes and results of markets whose fair price jumps now and then.

    ``extra`` is the share of a jump shown too much (less than 0: too little) at first, of
    which a fifth goes each hour; ``noise`` is a fair step up or down in every other hour.
    """
    random = np.random.default_rng(seed)
    found = []
    for _ in range(EVENTS):
        fair, beside, prices, volumes = 0.5, 0.0, [], []
        for _ in range(STEPS):
            jumps = random.random() < 0.02
            step = float(random.choice((-1.0, 1.0))) * (0.2 if jumps else noise)
            # Either way or not at all: a price that may only go back would not be fair.
            step = step if abs(step) < min(fair, 1.0 - fair) - 0.05 else 0.0
            fair, beside = fair + step, 0.8 * beside + (extra * step if jumps else 0.0)
            prices.append(min(0.99, max(0.01, fair + beside)))
            volumes.append(5_000 if jumps else 1_000)
        found.append((np.array(prices), volumes, float(random.random() < fair)))
    return found


def after(paths: list[tuple[np.ndarray, list[int], float]], kind: str) -> EventMean:
    """Return what followed moves, as the cell of a kind shows it."""
    found: list[Observation] = []
    for n, (prices, volumes, value) in enumerate(paths):
        found.extend(learn(settled(n, value, 400 * HOUR_NS), bars(list(prices), volumes)))
    return pooled_mean([one for one in found if one.cell == f"Politics|{kind}"])


def taught(paths: np.ndarray, kind: str) -> tuple[Observation, ...]:
    found: list[Observation] = []
    for n, path in enumerate(paths):
        found.extend(learn(settled(n, float(path[-1])), bars(list(path[:-1]))))
    cell = f"Politics|{kind}"
    return tuple(one for one in found if one.strategy == "volatility" and one.cell == cell)


def record(mean: EventMean) -> MovementRecord:
    return MovementRecord(events=mean.events, z=mean.z)


def test_fair_prices_prove_nothing() -> None:
    found = record(event_mean(taught(fair_paths(11), "excess")))
    assert found.events == EVENTS
    assert [one.test for one in reversion_shortfalls(found)] == ["z"]
    assert [one.test for one in drift_shortfalls(found)] == ["z"]


@pytest.mark.parametrize(("kind", "noise"), [("breakout", 0.0), ("fade", 0.02)])
def test_nothing_follows_a_fair_jump(kind: str, noise: float) -> None:
    mean = after(jumpy(21, 0.0, noise), kind)
    assert mean.events > 150
    assert abs(mean.z) < 3.0


@pytest.mark.parametrize(("kind", "extra", "noise"), [("breakout", -0.3, 0.0), ("fade", 0.4, 0.02)])
def test_what_is_planted_after_a_jump_is_measured(kind: str, extra: float, noise: float) -> None:
    mean = after(jumpy(22, extra, noise), kind)
    share = 1.0 - 0.8 ** (12 if kind == "breakout" else 24)
    assert mean.z > 3.0
    assert abs(mean.mean - abs(extra) * 0.2 * share) < 3.0 * mean.error


def test_a_planted_overshoot_proves_fading() -> None:
    found = record(event_mean(taught(overshot(fair_paths(12)), "excess")))
    assert reversion_shortfalls(found) == ()
    assert {one.test for one in drift_shortfalls(found)} == {"z"}


def test_planted_delay_proves_favourites_and_no_fading() -> None:
    found = record(event_mean(taught(late(fair_paths(13)), "excess")))
    assert drift_shortfalls(found) == ()
    assert [one.test for one in reversion_shortfalls(found)] == ["z"]


def test_quote_noise_alone_proves_nothing() -> None:
    random = np.random.default_rng(14)
    paths = fair_paths(15)
    noisy = np.clip(paths + 0.01 * random.standard_normal(paths.shape), 0.001, 0.999)
    noisy[:, -1] = paths[:, -1]
    raw = [
        movement(path).excess - movement(clean).excess
        for path, clean in zip(noisy, paths, strict=True)
    ]
    # Noise of variance w adds 2 n w over n steps, the last of which ends in the result.
    assert np.mean(raw) == pytest.approx(2 * STEPS * 1e-4, rel=0.15)
    mean = event_mean(taught(noisy, "excess"))
    assert abs(mean.z) < 3.0
    assert abs(mean.mean) < np.mean(raw)


def test_excess_of_a_known_path() -> None:
    # Movement .054 + .4^2, reduction .21; noise -mean(d_i d_i+1), doubled over seven steps.
    closes = [0.30, 0.34, 0.29, 0.45, 0.52, 0.47, 0.60]
    steps = np.diff([*closes, 1.0])
    noise = 2.0 * 7.0 * float(steps[1:] @ steps[:-1]) / 6.0
    assert excess(bars(closes), 1.0) == pytest.approx(0.054 + 0.16 - 0.21 + noise)
    assert excess(bars([0.30]), 1.0) == pytest.approx(0.49 - 0.21)


def test_a_breakout_counts_twelve_hours_later_and_not_twice() -> None:
    closes = [0.40] * 13 + [0.54] + [0.60] * 12 + [0.75] * 60
    volumes = [1_000] * 13 + [4_000] + [1_000] * 72
    found = after_moves(bars(closes, volumes), 1.0, 240 * HOUR_NS)
    assert found["breakout"] == [(13 * HOUR_NS, pytest.approx(0.60 - 0.54))]


def test_a_fall_is_counted_in_the_direction_of_the_trade() -> None:
    closes = [0.40, 0.44] * 7 + [0.58] + [0.50] * 30
    expected = [(14 * HOUR_NS, pytest.approx(0.08))]
    assert after_moves(bars(closes), 0.0, 240 * HOUR_NS)["fade"] == expected
    mirrored = [1.0 - close for close in closes]
    assert after_moves(bars(mirrored), 1.0, 240 * HOUR_NS)["fade"] == expected


def test_a_move_that_the_result_overtook_counts_at_the_result() -> None:
    closes = [0.40, 0.44] * 7 + [0.58, 0.60]
    expected = [(14 * HOUR_NS, pytest.approx(0.58 - 1.0))]
    assert after_moves(bars(closes), 1.0, 240 * HOUR_NS)["fade"] == expected


def test_moves_near_the_deadline_or_the_ends_are_not_looked_at() -> None:
    closes = [0.40, 0.48] * 7 + [0.90] + [0.50] * 30
    assert after_moves(bars(closes), 0.0, (15 + 23) * HOUR_NS)["fade"] == []
    assert len(after_moves(bars(closes), 0.0, (15 + 24) * HOUR_NS)["fade"]) == 1
    high = [0.74, 0.80] * 7 + [0.95] * 30
    assert after_moves(bars(high), 0.0, 240 * HOUR_NS)["fade"] == []


def test_calibration_pairs_come_first_in_each_horizon() -> None:
    closes = [0.50 + hour / 1_000 for hour in range(60)]
    found = list(first_prices(bars(closes), 61 * HOUR_NS))
    # 60 hours left after the first hour; 47 are "6-48h" from 13 hours on, 5 from 55 on.
    assert found == [
        (Horizon.WEEK, 0.50),
        (Horizon.HOURS_48, pytest.approx(0.513)),
        (Horizon.HOURS_6, pytest.approx(0.555)),
    ]


def test_prices_after_the_announced_deadline_belong_to_no_horizon() -> None:
    assert list(first_prices(bars([0.5, 0.6]), HOUR_NS)) == [(Horizon.HOURS_6, 0.5)]


def test_a_price_and_an_outcome_share_one_number() -> None:
    for price in (0.0001, 0.3, 0.9999):
        for outcome in (0, 1):
            back = pair_of(pair_value(price, outcome))
            assert back == (pytest.approx(price, abs=1e-12), outcome)


def test_a_planted_slope_is_measured_from_what_markets_taught() -> None:
    random = np.random.default_rng(16)
    cells: dict[str, list[Observation]] = {}
    for n in range(1_500):
        price = float(random.uniform(0.05, 0.95))
        chance = 1.0 / (1.0 + ((1.0 - price) / price) ** 1.6)
        one = settled(n, float(random.random() < chance), 101 * HOUR_NS)
        for observation in learn(one, bars([price])):
            cells.setdefault(observation.cell, []).append(observation)
    slope = slope_of(cells, "Politics", Horizon.WEEK)
    assert abs(slope.calibration.slope - 1.6) < 3.0 * slope.error
    assert slope.bound > 1.05
    assert slope.calibration.events == 1_500
    assert slope_of(cells, "Politics", Horizon.MONTH).bound == 1.0


def test_both_strategies_learn_prices_and_nothing_comes_from_nothing() -> None:
    found = learn(settled(1, 1.0), bars([0.5, 0.6]))
    assert {(one.strategy, one.cell) for one in found} == {
        ("volatility", "Politics|excess"),
        ("volatility", "Politics|calibration 2-7d"),
        ("harvester", "Politics|calibration 2-7d"),
    }
    assert {(one.event_ticker, one.source, one.at_ns) for one in found} == {("E1", "M1", 1)}
    assert learn(settled(1, 1.0), ()) == ()
    halved = learn(settled(1, 0.5), bars([0.5, 0.6]))
    assert [one.cell for one in halved] == ["Politics|excess"]
