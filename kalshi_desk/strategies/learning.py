"""What one settled market teaches: a pure function from its hours and its result to numbers.

Each number is one observation of a cell (category and kind), and for fair prices each has
mean 0 (calibration pairs apart), whatever the market was:

* ``excess``: movement less the fall of uncertainty over the whole path to the result, in
  squared dollars (``quant.movement``), independent quote noise taken away.
* ``fade``: what selling a move brought, in dollars a contract: minus the signed change from
  the end of the hour of the move to 24 hours later, for each move that was no breakout.
* ``breakout``: the signed change 12 hours on, for each move on volume out of a quiet stretch.
* ``calibration HORIZON``: a price and the result, the price being the first known in each
  horizon of time to the deadline; :func:`pair_value` keeps both in one number.

A measurement that chose its hours by how the market ended would find what is not there.  So
the path begins with the first hour known, moves are looked at forwards, horizons count to
the deadline as it was first announced, and a move the result overtook counts at the result.
Moves are observations of their own: how many a market has depends on how they went, so a mean
over each market would lean.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec
import numpy as np

from kalshi_desk.core.records import Market
from kalshi_desk.core.strategy import Bar, Observation
from kalshi_desk.core.types import PRICE_SCALE, Price
from kalshi_desk.quant.arrays import FloatArray
from kalshi_desk.quant.calibration import Horizon, horizon_of
from kalshi_desk.quant.movement import movement
from kalshi_desk.strategies.moves import (
    LEAST_WINDOW,
    MoveRules,
    is_breakout,
    is_fade,
    move_of,
)

HOUR_NS = 3_600_000_000_000
WINDOW_HOURS = 24
FADE_HOURS = 24
BREAKOUT_HOURS = 12
ASSUMED_SPREAD = Price(200)
"""Bars hold no spread; a move is measured as if it had been two cents."""
VOLATILITY, HARVESTER = "volatility", "harvester"
EXCESS, FADE, BREAKOUT, CALIBRATION = "excess", "fade", "breakout", "calibration"
ENTRY = "entry"
NO_CATEGORY = "uncategorised"


class SettledMarket(msgspec.Struct, frozen=True, kw_only=True):
    """A market with its result: ``value`` is what one YES became, in dollars from 0 to 1.

    ``deadline_ns`` is the deadline as first announced, 0 for none; ``at_ns`` now.
    """

    market: Market
    category: str
    value: float
    deadline_ns: int
    at_ns: int


def cell_name(category: str, kind: str) -> str:
    """Return the name of a cell: one kind of measurement in one category."""
    return f"{category or NO_CATEGORY}|{kind}"


def entry_cell(cell: str) -> str:
    """Return the name of the cell of whole entries, beside that of their single fills."""
    return f"{cell} {ENTRY}"


def is_entry(cell: str) -> bool:
    """Return whether a cell holds what whole entries brought, in dollars a contract."""
    return cell.endswith(f" {ENTRY}")


def is_excess(cell: str) -> bool:
    """Return whether a cell holds excess movement, of which every settled market gives one."""
    return cell.endswith(f"|{EXCESS}")


def calibration_cell(category: str, horizon: Horizon) -> str:
    """Return the name of the cell of prices so far from their deadline."""
    return cell_name(category, f"{CALIBRATION} {horizon.value}")


def pair_value(price: float, outcome: int) -> float:
    """Return one number for a price strictly between 0 and 1 and an outcome of 0 or 1."""
    return outcome + price


def pair_of(value: float) -> tuple[float, int]:
    """Return the price and the outcome that :func:`pair_value` put together."""
    outcome = int(value >= 1.0)
    return value - outcome, outcome


def learn(settled: SettledMarket, bars: Sequence[Bar]) -> tuple[Observation, ...]:
    """Return what the complete hours of a market before its result teach, oldest first.

    No hours teach nothing.
    """
    if not bars:
        return ()
    found = [_observation(settled, VOLATILITY, EXCESS, excess(bars, settled.value))]
    if settled.deadline_ns > 0:
        for kind, values in after_moves(bars, settled.value, settled.deadline_ns).items():
            for start_ns, value in values:
                found.append(_observation(settled, VOLATILITY, kind, value, f" {start_ns}"))
        if settled.value in (0.0, 1.0):
            for horizon, price in first_prices(bars, settled.deadline_ns):
                value = pair_value(price, int(settled.value))
                kind = f"{CALIBRATION} {horizon.value}"
                found.append(_observation(settled, VOLATILITY, kind, value))
                found.append(_observation(settled, HARVESTER, kind, value))
    return tuple(found)


def excess(bars: Sequence[Bar], value: float) -> float:
    """Return movement less reduction from the first close to the result, less quote noise.

    Noise of variance ``w`` in each quote adds ``2 w`` a step and takes ``w`` from the
    reduction, ``2 n w`` in all over ``n`` steps.  It is measured by the steps themselves,
    ``-mean(d_i d_i+1)``, and kept when negative: only then is the mean over markets right.
    """
    prices = np.append(_closes(bars), value)
    steps = np.diff(prices)
    raw = movement(prices).excess
    if len(steps) < 2:
        return raw
    return raw + 2.0 * len(steps) * float(steps[1:] @ steps[:-1]) / (len(steps) - 1)


def after_moves(
    bars: Sequence[Bar], value: float, deadline_ns: int
) -> dict[str, list[tuple[int, float]]]:
    """Return what followed each move that the strategy would have looked at, by kind.

    The start of the hour of the move, and dollars a contract in the direction of the trade;
    moves of one kind don't overlap.  What counts as a move is what the strategy's defaults
    say, so that a cell means the same whatever a person sets.
    """
    rules = MoveRules()
    closes = np.append(_closes(bars), value)
    found: dict[str, list[tuple[int, float]]] = {FADE: [], BREAKOUT: []}
    free_from = {FADE: 0, BREAKOUT: 0}
    for index, hours_left in _large_moves(bars, deadline_ns, rules):
        window = bars[max(0, index - WINDOW_HOURS) : index + 1]
        move = move_of(window, hours_left, ASSUMED_SPREAD)
        if abs(move.z) < rules.z_in or move.is_bad_tick:
            continue
        sign = 1.0 if move.change > 0.0 else -1.0
        if is_breakout(move, rules):
            kind, hours = BREAKOUT, BREAKOUT_HOURS
        elif is_fade(move, rules):
            kind, hours, sign = FADE, FADE_HOURS, -sign
        else:
            continue
        if index >= free_from[kind]:
            free_from[kind] = index + hours
            # Beyond the last hour stands the result.
            later = float(closes[min(index + hours, len(closes) - 1)])
            change = sign * (later - float(closes[index]))
            found[kind].append((bars[index].start_ns, change))
    return found


def first_prices(bars: Sequence[Bar], deadline_ns: int) -> Iterator[tuple[Horizon, float]]:
    """Yield for each horizon that the market passed the first price known in it, in dollars."""
    seen: set[Horizon] = set()
    for bar in bars:
        hours_left = (deadline_ns - bar.start_ns - HOUR_NS) / HOUR_NS
        if hours_left < 0.0:
            return
        horizon = horizon_of(hours_left)
        if horizon not in seen:
            seen.add(horizon)
            yield horizon, bar.close / PRICE_SCALE


def _large_moves(
    bars: Sequence[Bar], deadline_ns: int, rules: MoveRules
) -> Iterator[tuple[int, float]]:
    """Yield index and hours left of hours that moved enough, inside the band and in time."""
    closes = np.array([bar.close for bar in bars], dtype=np.int64)
    large = np.abs(np.diff(closes)) >= round(rules.min_move * PRICE_SCALE)
    for index in (np.flatnonzero(large) + 1).tolist():
        hours_left = (deadline_ns - bars[index].start_ns - HOUR_NS) / HOUR_NS
        is_inside = rules.band_low <= bars[index].close <= rules.band_high
        if index >= LEAST_WINDOW and hours_left >= rules.hours_min and is_inside:
            yield index, hours_left


def _closes(bars: Sequence[Bar]) -> FloatArray:
    return np.array([bar.close for bar in bars], dtype=np.float64) / PRICE_SCALE


def _observation(
    settled: SettledMarket, strategy: str, kind: str, value: float, which: str = ""
) -> Observation:
    market = settled.market
    return Observation(
        strategy=strategy,
        cell=cell_name(settled.category, kind),
        event_ticker=market.event_ticker or market.ticker,
        value=value,
        at_ns=settled.at_ns,
        source=market.ticker + which,
    )
