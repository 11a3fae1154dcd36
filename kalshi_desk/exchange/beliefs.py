"""Hidden values, the fair prices they imply, and the outcomes they decide."""

from __future__ import annotations

from collections.abc import Mapping
from math import erf, exp, sqrt
from random import Random

from kalshi_desk.exchange.calendar import SECOND_NS
from kalshi_desk.exchange.catalog_terms import DRIVERS, DriverTerms
from kalshi_desk.exchange.news_beats import BEATS
from kalshi_desk.exchange.records import Driver, Event, Market

_LEAST, _MOST = 0.003, 0.997


def new_drivers(
    rng: Random, now_ns: int, behind: Mapping[str, DriverTerms] = DRIVERS
) -> dict[str, Driver]:
    """Return every driver at its start, shifted a little by the seed."""
    drivers: dict[str, Driver] = {}
    for name, terms in behind.items():
        values = [value + rng.gauss(0, terms.wander * 60) for value in terms.start]
        drivers[name] = Driver(
            name=name,
            values=values,
            wander=terms.wander,
            home=list(values),
            pull=terms.pull,
            jump_chance=terms.jump_chance,
            jump_size=terms.jump_size,
            updated_ns=now_ns,
        )
    return drivers


def walk(driver: Driver, rng: Random, now_ns: int) -> None:
    """Move a driver from its last update to now."""
    seconds = (now_ns - driver.updated_ns) / SECOND_NS
    if seconds <= 0:
        return
    before_ns, driver.updated_ns = driver.updated_ns, now_ns
    spread = driver.wander * sqrt(seconds)
    pull = min(driver.pull * seconds, 1.0)
    for index, home in enumerate(driver.home):
        value = driver.values[index]
        driver.values[index] = value + (home - value) * pull + rng.gauss(0.0, spread)
    if driver.shifts:
        _take_in(driver, before_ns, now_ns)
    # Where the press writes, news takes the place of jumps out of nowhere.
    has_jumps = driver.jump_chance and driver.name not in BEATS
    if has_jumps and rng.random() < min(driver.jump_chance * seconds, 0.9):
        index = rng.randrange(len(driver.values))
        driver.values[index] += rng.gauss(0.0, driver.jump_size)


def _take_in(driver: Driver, before_ns: int, now_ns: int) -> None:
    """Let the part of the news that falls into this interval enter the value."""
    for shift in driver.shifts:
        begin_ns = max(before_ns, shift.start_ns)
        if now_ns <= begin_ns:
            continue
        part = 1.0
        if now_ns < shift.end_ns:
            part = (now_ns - begin_ns) / (shift.end_ns - begin_ns)
        step = shift.left * part
        driver.values[shift.index] += step
        shift.left = 0.0 if part == 1.0 else shift.left - step
    driver.shifts = [shift for shift in driver.shifts if shift.left]


def foreseen(driver: Driver) -> list[float]:
    """Return where the values go with the news that is out but not taken in yet."""
    values = list(driver.values)
    for shift in driver.shifts:
        values[shift.index] += shift.left
    return values


def fair_values(
    event: Event, markets: list[Market], driver: Driver, values: list[float] | None = None
) -> list[float]:
    """Return the fair YES price in dollars of each market of an event, coherently.

    ``values`` are other values than the driver's own, such as those foreseen.
    """
    values = driver.values if values is None else values
    if event.model == "choice":
        weights = [exp(value) for value in values[: len(markets)]]
        total = sum(weights)
        found = [weight / total for weight in weights]
    elif event.model == "single":
        found = [1.0 / (1.0 + exp(-values[0]))]
    else:
        spread = spread_of(event, driver.updated_ns)
        value = values[0]
        found = [
            _below(market.high, value, spread, 1.0) - _below(market.low, value, spread, 0.0)
            for market in markets
        ]
    return [min(max(price, _LEAST), _MOST) for price in found]


def spread_of(event: Event, now_ns: int) -> float:
    """Return the standard deviation of the outcome around the driver at a time."""
    total = event.strike_ns - event.listed_ns
    left = min(max(event.strike_ns - now_ns, 0) / total, 1.0)
    return max(event.sigma * sqrt(left), event.sigma_floor)


def _below(bound: float | None, value: float, spread: float, missing: float) -> float:
    if bound is None:
        return missing
    return 0.5 * (1.0 + erf((bound - value) / (spread * 1.4142135623730951)))


def decide(event: Event, driver: Driver, rng: Random) -> float:
    """Return the outcome of an event: a value, a choice's index, or 1 for yes."""
    if event.model == "choice":
        weights = [exp(value) for value in driver.values[: len(event.markets)]]
        return float(rng.choices(range(len(weights)), weights)[0])
    if event.model == "single":
        return float(rng.random() < 1.0 / (1.0 + exp(-driver.values[0])))
    return driver.values[0] + rng.gauss(0.0, spread_of(event, driver.updated_ns))


def result_of(event: Event, market: Market) -> str:
    """Return ``yes`` or ``no`` for a market of an event whose outcome is known."""
    truth = event.truth
    if truth is None:
        raise ValueError(f"{event.ticker} is not decided")
    if event.model == "choice":
        happened = market.index == int(truth)
    elif event.model == "single":
        happened = truth >= 1.0
    else:
        happened = (market.low is None or truth >= market.low) and (
            market.high is None or truth < market.high
        )
    return "yes" if happened else "no"
