"""How events move together, estimated anew each hour from the hourly prices of their markets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set

from kalshi_desk.core.types import PRICE_SCALE
from kalshi_desk.engine.state import CoreState
from kalshi_desk.quant.correlation import co_movement

HOUR_NS = 3_600_000_000_000
LEAST_HOURS = 24
MOST_HOURS = 72
HALF_LIFE_HOURS = 48.0
MOST_EVENTS = 300
EVENTS_A_BEAT = 25


class CorrelationWatch:
    """Fills ``exposures.correlations`` once an hour, while anything is at risk.

    An event is represented by its most traded market with a day of hourly prices.  Which
    outcome that is says nothing about the side of a position, so the size counts, not the
    sign.  Without an estimate the gate goes by what the kinds of events suggest.  Prices are
    gathered a few events a beat, so that the loop is never held; until all are there the
    estimate of the hour before stands.
    """

    def __init__(self, state: CoreState) -> None:
        self._state = state
        self._hour = 0
        self._waiting: list[tuple[str, str]] = []
        self._lines: dict[str, list[float]] = {}

    def beat(self) -> None:
        """Begin anew when an hour has passed, and go on with what was begun."""
        hour = self._state.now_ns // HOUR_NS
        at_risk = self._at_risk()
        if hour != self._hour and at_risk:
            self._hour, self._lines = hour, {}
            self._waiting = self._busiest(at_risk)
        if not self._waiting:
            return
        batch, self._waiting = self._waiting[:EVENTS_A_BEAT], self._waiting[EVENTS_A_BEAT:]
        for event, ticker in batch:
            bars = self._state.markets.bars(ticker, self._state.now_ns)
            if len(bars) > LEAST_HOURS:
                newest = bars[-MOST_HOURS - 1 :]
                self._lines[event] = [bar.close / PRICE_SCALE for bar in newest]
        if not self._waiting:
            self._state.exposures.correlations = correlations(self._lines, at_risk)
            self._lines = {}

    def _at_risk(self) -> set[str]:
        return {name for name, one in self._state.exposures.events.items() if one.worst}

    def _busiest(self, at_risk: Set[str]) -> list[tuple[str, str]]:
        """Return each event with its most traded market: those at risk, then the busiest."""
        busiest: dict[str, tuple[int, str]] = {}
        for ticker, live in self._state.markets.by_ticker.items():
            event = live.market.event_ticker
            if event:
                busiest[event] = max(busiest.get(event, (-1, "")), (int(live.volume), ticker))
        ranked = sorted(busiest, key=lambda name: (name not in at_risk, -busiest[name][0], name))
        return [(event, busiest[event][1]) for event in ranked[:MOST_EVENTS]]


def correlations(
    lines: Mapping[str, Sequence[float]], at_risk: Set[str]
) -> dict[frozenset[str], float]:
    """Return the size of the correlation of hourly logit changes, from 0 to 1, by pair.

    ``lines``: prices in dollars by event, oldest first.  Of all pairs with an event at risk,
    exponentially weighted around zero over the hours that all have in common.  A market that
    never moved says nothing and has no pair.
    """
    names = list(lines)
    rows = [number for number, name in enumerate(names) if name in at_risk]
    if len(names) < 2 or not rows:
        return {}
    hours = min(map(len, lines.values()))
    found = co_movement([line[-hours:] for line in lines.values()], HALF_LIFE_HOURS, rows)
    return {
        frozenset((names[row], other)): size
        for row, sizes in zip(rows, found.tolist(), strict=True)
        for other, size in zip(names, sizes, strict=True)
        # A market that never moved is not a number, and that differs from itself.
        if other != names[row] and size == size
    }
