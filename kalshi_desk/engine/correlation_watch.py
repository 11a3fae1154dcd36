"""How events move together, estimated anew each hour from the hourly prices of their markets."""

from __future__ import annotations

from kalshi_desk.core.strategy import Bar
from kalshi_desk.core.types import PRICE_SCALE
from kalshi_desk.engine.state import CoreState
from kalshi_desk.quant.correlation import co_movement

HOUR_NS = 3_600_000_000_000
LEAST_HOURS = 24
MOST_HOURS = 72
HALF_LIFE_HOURS = 48.0
MOST_EVENTS = 300


class CorrelationWatch:
    """Fills ``exposures.correlations`` once an hour, while anything is at risk.

    An event is represented by its most traded market with a day of hourly prices.  Which
    outcome that is says nothing about the side of a position, so the size counts, not the
    sign.  Without an estimate the gate goes by what the kinds of events suggest.
    """

    def __init__(self, state: CoreState) -> None:
        self._state = state
        self._hour = 0

    def beat(self) -> None:
        """Estimate anew when an hour has passed."""
        state = self._state
        hour = state.now_ns // HOUR_NS
        if hour == self._hour or not any(one.worst for one in state.exposures.events.values()):
            return
        self._hour = hour
        at_risk = {name for name, one in state.exposures.events.items() if one.worst}
        state.exposures.correlations = correlations(self._lines(at_risk), at_risk)

    def _lines(self, at_risk: set[str]) -> dict[str, tuple[Bar, ...]]:
        """Return the hourly bars of each event's most traded market, the busiest events first."""
        state = self._state
        busiest: dict[str, tuple[int, str]] = {}
        for ticker, live in state.markets.by_ticker.items():
            event = live.market.event_ticker
            if event:
                busiest[event] = max(busiest.get(event, (-1, "")), (int(live.volume), ticker))
        ranked = sorted(busiest, key=lambda name: (name not in at_risk, -busiest[name][0], name))
        lines = {}
        for event in ranked[:MOST_EVENTS]:
            bars = state.markets.bars(busiest[event][1], state.now_ns)
            if len(bars) > LEAST_HOURS:
                lines[event] = bars
        return lines


def correlations(
    lines: dict[str, tuple[Bar, ...]], at_risk: set[str]
) -> dict[frozenset[str], float]:
    """Return the size of the correlation of hourly logit changes, from 0 to 1, by pair.

    Of all pairs with an event at risk.  Exponentially weighted around zero over the hours
    that all have in common.  A market that never moved says nothing and has no pair.
    """
    if len(lines) < 2:
        return {}
    hours = min(MOST_HOURS + 1, *(len(bars) for bars in lines.values()))
    prices = [[bar.close / PRICE_SCALE for bar in bars[-hours:]] for bars in lines.values()]
    matrix = co_movement(prices, HALF_LIFE_HOURS)
    names = list(lines)
    return {
        frozenset((names[one], names[two])): size
        for one, row in enumerate(matrix)
        if names[one] in at_risk
        for two, size in enumerate(row)
        if one != two and size is not None
    }
