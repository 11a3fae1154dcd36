"""Correlations people look at: of the markets held, starred and most traded, anew each hour.

A few pairs a beat, so that the loop is never held; rows change when a round is complete,
because the correction for many tests needs all of its p values.
"""

from __future__ import annotations

from heapq import nsmallest
from itertools import combinations

from kalshi_desk.core.types import PRICE_SCALE, MarketStatus
from kalshi_desk.desk.frames import Row
from kalshi_desk.desk.service_frames import CorrelationRow
from kalshi_desk.engine.state import CoreState
from kalshi_desk.quant.correlation import Correlation, Kinship, price_correlation, shrunk
from kalshi_desk.quant.overfitting import benjamini_hochberg

HOUR_NS = 3_600_000_000_000
AGAIN_NS = 60_000_000_000
"""So soon it looks again while no two markets have enough hours."""
MOST_MARKETS = 12
LEAST_HOURS = 24
PAIRS_A_BEAT = 6
LEVEL = 0.95
_OPEN = frozenset({MarketStatus.ACTIVE, MarketStatus.INACTIVE, MarketStatus.UNKNOWN})
"""What has ended moves with nothing; the busiest of all that ever ended would fill the view."""


class CorrelationView:
    """Fills ``state.correlations``, the rows of the topic of that name."""

    def __init__(self, state: CoreState) -> None:
        self._state = state
        self._hour = self._chose_ns = 0
        self._waiting: list[tuple[str, str]] = []
        self._found: list[tuple[str, str, Correlation]] = []

    def beat(self) -> None:
        """Begin a round when an hour has passed, and go on with it."""
        now_ns = self._state.now_ns
        hour = now_ns // HOUR_NS
        if hour != self._hour:
            if abs(now_ns - self._chose_ns) < AGAIN_NS:
                return
            self._chose_ns, self._found = now_ns, []
            self._waiting = list(combinations(sorted(self._chosen()), 2))
            if self._waiting or self._state.correlations:
                self._hour = hour
            return
        if not self._waiting:
            return
        batch, self._waiting = self._waiting[:PAIRS_A_BEAT], self._waiting[PAIRS_A_BEAT:]
        for first, second in batch:
            found = self._correlation(first, second)
            if found is not None:
                self._found.append((first, second, found))
        if not self._waiting:
            self._publish()

    def _chosen(self) -> list[str]:
        state = self._state
        held = {position.ticker for position in state.positions.held()}
        now_ns = state.now_ns
        # Hours are counted, not made: those of all markets take tens of milliseconds.
        able = [
            (ticker not in held, ticker not in state.starred, -int(live.volume), ticker)
            for ticker, live in state.markets.by_ticker.items()
            if live.market.status in _OPEN and live.bars.hours(now_ns) > LEAST_HOURS
        ]
        return [ticker for *_, ticker in nsmallest(MOST_MARKETS, able)]

    def _correlation(self, first: str, second: str) -> Correlation | None:
        one, two = (
            [bar.close / PRICE_SCALE for bar in self._state.markets.bars(name, self._state.now_ns)]
            for name in (first, second)
        )
        try:
            return price_correlation(one, two, level=LEVEL)
        except ValueError:  # one never moved: it says nothing
            return None

    def _publish(self) -> None:
        flags = benjamini_hochberg([one.p_value for *_, one in self._found]) if self._found else ()
        rows: dict[str, Row] = {}
        for (first, second, one), is_found in zip(self._found, flags, strict=True):
            rows[f"{first} {second}"] = CorrelationRow(
                first=first,
                second=second,
                hours=one.count,
                estimate=one.estimate,
                shrunk=shrunk(one.estimate, self._kinship(first, second)),
                low=one.low,
                high=one.high,
                p_value=one.p_value,
                is_found=bool(is_found),
            )
        self._state.correlations = rows

    def _kinship(self, first: str, second: str) -> Kinship:
        one, two = (self._state.markets.by_ticker[name].market for name in (first, second))
        if one.event_ticker and one.event_ticker == two.event_ticker:
            return Kinship.SAME_UNDERLYING
        if one.series_ticker and one.series_ticker == two.series_ticker:
            return Kinship.SAME_UNDERLYING
        is_kin = one.category and one.category == two.category
        return Kinship.SAME_CATEGORY if is_kin else Kinship.OTHER


def correlation_rows(state: CoreState, _rest: str) -> dict[str, Row]:
    """Return the rows of the last complete round."""
    return state.correlations
