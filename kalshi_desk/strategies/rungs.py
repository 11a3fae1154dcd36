"""Neighbouring strikes of one event: a real shock moves more than one of them."""

from __future__ import annotations

from bisect import bisect_left

from kalshi_desk.core.records import Market
from kalshi_desk.core.strategy import MarketSnapshot, MarketView

LADDER_STEP = 100
"""A neighbour has moved when it moved by a cent, in 1/10,000 dollar."""


def _strike(market: Market) -> float | None:
    strike = market.floor_strike if market.floor_strike is not None else market.cap_strike
    return None if strike is None else float(strike)


def ladders_of(view: MarketView) -> dict[str, list[MarketSnapshot]]:
    """Return the markets with strikes of each event, by rising strike."""
    found: dict[str, list[MarketSnapshot]] = {}
    for snapshot in view.markets.values():
        if snapshot.market.event_ticker and _strike(snapshot.market) is not None:
            found.setdefault(snapshot.market.event_ticker, []).append(snapshot)
    for rungs in found.values():
        rungs.sort(key=_rung)
    return found


def _rung(snapshot: MarketSnapshot) -> tuple[float, str]:
    return (_strike(snapshot.market) or 0.0, snapshot.market.ticker)


def is_ladder_still(snapshot: MarketSnapshot, ladders: dict[str, list[MarketSnapshot]]) -> bool:
    """Return whether no adjacent strike moved in the same hour; a real shock moves one.

    Without a neighbour whose hour is known there is nothing to say.
    """
    rungs = ladders.get(snapshot.market.event_ticker, [])
    index = bisect_left(rungs, _rung(snapshot), key=_rung)
    if index == len(rungs) or rungs[index] is not snapshot:
        return False
    start_ns = snapshot.bars[-1].start_ns
    moves = [
        abs(rung.bars[-1].close - rung.bars[-2].close)
        for rung in (*rungs[max(0, index - 1) : index], *rungs[index + 1 : index + 2])
        if len(rung.bars) > 1 and rung.bars[-1].start_ns == start_ns
    ]
    return bool(moves) and max(moves) < LADDER_STEP
