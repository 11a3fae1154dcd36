"""What settled markets teach the strategies: measured once each, kept, and there after a restart.

A market's hours from when the desk first saw it to its result go to ``strategies.learning``;
what comes back is journaled, and strategies see it in their next view.
"""

from __future__ import annotations

from kalshi_desk.core.events import MarketStatusChanged
from kalshi_desk.core.strategy import Observation
from kalshi_desk.core.types import PRICE_ONE, PRICE_SCALE, MarketStatus
from kalshi_desk.engine.effects import KeepObservation
from kalshi_desk.engine.outbox import Outbox
from kalshi_desk.engine.state import CoreState
from kalshi_desk.market.live import LiveMarket
from kalshi_desk.strategies.learning import SettledMarket, learn

_SETTLED = frozenset({MarketStatus.DETERMINED, MarketStatus.FINALIZED})


def take_in(state: CoreState, observation: Observation) -> bool:
    """Add an observation to the state; return whether it was new."""
    cells = state.observations.setdefault(observation.strategy, {})
    kept = cells.setdefault(observation.cell, [])
    if observation.source and any(
        one.source == observation.source and one.event_ticker == observation.event_ticker
        for one in kept
    ):
        return False
    kept.append(observation)
    return True


class LearningDesk:
    """Listens for results and asks for what they teach to be kept."""

    def __init__(self, state: CoreState, outbox: Outbox) -> None:
        self._state = state
        self._outbox = outbox

    def status(self, event: MarketStatusChanged) -> None:
        """Learn from a market that has its result; a second word about it teaches nothing."""
        live = self._state.markets.get(event.ticker)
        if event.status not in _SETTLED or live is None:
            return
        value = _value(live)
        bars = live.bars.life(self._state.now_ns)
        if value is None or not bars:
            return
        settled = SettledMarket(
            market=live.market,
            category=self._category(live),
            value=value,
            deadline_ns=live.first_deadline_ns,
            at_ns=self._state.now_ns,
        )
        for observation in learn(settled, bars):
            if take_in(self._state, observation):
                self._outbox.do(KeepObservation(observation))

    def _category(self, live: LiveMarket) -> str:
        market = live.market
        event = self._state.markets.events.get(market.event_ticker)
        return market.category or (event.category if event is not None else "")


def _value(live: LiveMarket) -> float | None:
    """Return what one YES contract became in dollars, None while nobody says."""
    market = live.market
    if market.settlement_value is not None:
        return min(PRICE_ONE, max(0, market.settlement_value)) / PRICE_SCALE
    return {"yes": 1.0, "no": 0.0}.get(market.result.lower())
