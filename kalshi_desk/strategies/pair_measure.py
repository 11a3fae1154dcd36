"""Which pairs of markets are tested in an hour, and what the test of one says.

Hourly closes alone decide, so all looks of an hour test the same pairs.  Pairs are of one
series, then of one category, never of one event: those are static arbitrage's.  At most a
slice of the family is tested in an hour, the next one in the next; the correction for many
tests counts the whole family all the same, its untested pairs as if nothing were in them.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations, pairwise
from math import isfinite

import msgspec
import numpy as np

from kalshi_desk.core.strategy import Bar, MarketSnapshot, MarketView
from kalshi_desk.core.types import PRICE_SCALE, MarketStatus
from kalshi_desk.quant.logit import clipped_logit
from kalshi_desk.quant.pair_screens import (
    MIN_CHANGED,
    MIN_CLOSE_HOURS,
    PRICE_BAND,
    UNIT_ROOT_LEVEL,
)
from kalshi_desk.quant.pairs import cointegration, reversion, unit_root_p_value
from kalshi_desk.strategies.looking import HOUR_NS, category_of, hours_left

GROUP = 8
"""So many markets of a series or category, the most traded, are paired with each other."""


class Measured(msgspec.Struct, frozen=True):
    """``logit first = alpha + beta logit second + residual``: the worse p value of both ways,
    half-life in hours and deviation of the residual, and how many hours it was measured on."""

    hours: int
    alpha: float
    beta: float
    p_value: float
    half_life_h: float
    sd: float


class Couple(msgspec.Struct, frozen=True):
    """Two markets to test, in the order of their names."""

    first: MarketSnapshot
    second: MarketSnapshot

    @property
    def name(self) -> str:
        """How candidates, rows and reasons name the pair."""
        return f"{self.first.market.ticker} {self.second.market.ticker}"


def closes_of(bars: Sequence[Bar]) -> tuple[int, ...]:
    """Return the closes, in 1/10,000 dollar."""
    return tuple(int(bar.close) for bar in bars)


def is_leg(view: MarketView, snapshot: MarketSnapshot, least: int) -> bool:
    """Return whether a market's hours can be tested: enough, to now, alive, off the ends."""
    market, bars = snapshot.market, snapshot.bars
    hour_ns = view.now_ns - view.now_ns % HOUR_NS
    if market.status is not MarketStatus.ACTIVE or len(bars) < least:
        return False
    left = hours_left(market, hour_ns)
    if bars[-1].start_ns + HOUR_NS != hour_ns or left is None or left < MIN_CLOSE_HOURS:
        return False
    closes = closes_of(bars)
    changed = sum(one != two for one, two in pairwise(closes))
    low, high = (bound * PRICE_SCALE for bound in PRICE_BAND)
    return changed >= MIN_CHANGED * (len(closes) - 1) and low <= min(closes) <= max(closes) <= high


def family(view: MarketView, least: int) -> list[Couple]:
    """Return every pair that may be tested, those of one series and the most traded first."""
    legs = [one for one in view.markets.values() if is_leg(view, one, least)]
    traded = {one.market.ticker: sum(bar.volume for bar in one.bars) for one in legs}
    legs.sort(key=lambda one: (-traded[one.market.ticker], one.market.ticker))
    groups: dict[tuple[int, str], list[MarketSnapshot]] = {}
    for leg in legs:
        kin = ((0, leg.market.series_ticker), (1, category_of(view, leg.market)))
        for rank, name in kin:
            group = groups.setdefault((rank, name), []) if name else None
            if group is not None and len(group) < GROUP:
                group.append(leg)
    found: dict[str, tuple[int, int, Couple]] = {}
    for (rank, _), group in sorted(groups.items(), key=lambda item: item[0]):
        for pair in combinations(sorted(group, key=lambda leg: leg.market.ticker), 2):
            couple = Couple(*pair)
            event = pair[0].market.event_ticker
            if event and event == pair[1].market.event_ticker:
                continue
            least_traded = min(traded[leg.market.ticker] for leg in pair)
            found.setdefault(couple.name, (rank, -least_traded, couple))
    ranked = sorted(found.items(), key=lambda item: (item[1][0], item[1][1], item[0]))
    return [couple for _, (_, _, couple) in ranked]


def slice_of(couples: Sequence[Couple], now_ns: int, most: int) -> Sequence[Couple]:
    """Return the part of the family that this hour tests; the hour alone says which."""
    slices = max(1, -(-len(couples) // most))
    start = (now_ns // HOUR_NS % slices) * most
    return couples[start : start + most]


def measure(first: tuple[int, ...], second: tuple[int, ...]) -> Measured | None:
    """Test two series of hourly closes; None where a leg reverts alone or nothing can be said.

    A leg that is pinned and flickers passes any test, so each must look like a wanderer.
    """
    hours = min(len(first), len(second))
    one, two = (
        clipped_logit(np.array(closes[-hours:], dtype=np.float64) / PRICE_SCALE)
        for closes in (first, second)
    )
    try:
        if min(unit_root_p_value(one), unit_root_p_value(two)) < UNIT_ROOT_LEVEL:
            return None
        found = cointegration(one, two)
        alpha, beta = found.forward.alpha, found.forward.beta
        back = reversion(one - alpha - beta * two)
    except (ValueError, ArithmeticError, np.linalg.LinAlgError):
        return None
    if not all(map(isfinite, (alpha, beta, found.p_value))):
        return None
    return Measured(hours, alpha, beta, found.p_value, back.half_life, back.sd)


def q_values(p_values: Sequence[float], tests: int) -> list[float]:
    """Return Benjamini-Hochberg's q of each p value among so many tests.

    Those of the tests that are not given count as p values of 1.
    """
    order = sorted(range(len(p_values)), key=lambda index: p_values[index])
    found, least = [1.0] * len(p_values), 1.0
    for rank in range(len(order), 0, -1):
        index = order[rank - 1]
        least = min(least, p_values[index] * tests / rank)
        found[index] = least
    return found
