"""What settled markets teach the strategies: measured once each, kept, and there after a restart.

A market's hours from when the desk first saw it to its result go to ``strategies.learning``;
what comes back is journaled, and strategies see it in their next view.
"""

from __future__ import annotations

from math import isfinite

from kalshi_desk.core.events import MarketStatusChanged
from kalshi_desk.core.strategy import Observation
from kalshi_desk.core.types import PRICE_ONE, PRICE_SCALE, MarketStatus, Price
from kalshi_desk.engine.effects import KeepObservation
from kalshi_desk.engine.outbox import Outbox
from kalshi_desk.engine.state import CoreState
from kalshi_desk.market.live import LiveMarket
from kalshi_desk.strategies.learning import VOLATILITY, SettledMarket, is_excess, learn

SETTLED = frozenset({MarketStatus.DETERMINED, MarketStatus.FINALIZED})


def take_in(state: CoreState, observation: Observation) -> None:
    """Add an observation to the state; the journal holds each one once.

    One that is no number would make a cell's mean none: it proves nothing and is left out.
    """
    if not isfinite(observation.value):
        return
    cells = state.observations.setdefault(observation.strategy, {})
    cells.setdefault(observation.cell, []).append(observation)


class LearningDesk:
    """Listens for results and asks for what they teach to be kept."""

    def __init__(self, state: CoreState, outbox: Outbox) -> None:
        self._state = state
        self._outbox = outbox
        self._learned: set[str] | None = None

    def status(self, event: MarketStatusChanged) -> None:
        """Learn from a market that has its result; a second word about it teaches nothing."""
        live = self._state.markets.get(event.ticker)
        if event.status not in SETTLED or live is None:
            return
        value = result_value(live)
        if value is None or event.ticker in self._known():
            return
        bars = live.bars.life(self._state.now_ns)
        settled = SettledMarket(
            market=live.market,
            category=self._state.markets.category(live.market),
            value=value,
            deadline_ns=live.first_deadline_ns,
            at_ns=self._state.now_ns,
        )
        for observation in learn(settled, bars):
            take_in(self._state, observation)
            self._known().add(event.ticker)
            self._outbox.do(KeepObservation(observation))

    def _known(self) -> set[str]:
        """Return the markets that have taught, those of earlier runs among them."""
        if self._learned is None:
            cells = self._state.observations.get(VOLATILITY, {})
            self._learned = {
                one.source for name, kept in cells.items() if is_excess(name) for one in kept
            }
        return self._learned


def result_price(live: LiveMarket) -> Price | None:
    """Return what one YES contract became, None while nobody says."""
    market = live.market
    if market.settlement_value is not None:
        return Price(min(PRICE_ONE, max(0, market.settlement_value)))
    return {"yes": PRICE_ONE, "no": Price(0)}.get(market.result.lower())


def result_value(live: LiveMarket) -> float | None:
    """Return what one YES contract became in dollars, None while nobody says."""
    price = result_price(live)
    return None if price is None else price / PRICE_SCALE
