"""What a market comes to: its result, a dispute about it, and the payment of positions."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from random import Random

from kalshi_desk.core.types import PRICE_SCALE
from kalshi_desk.exchange import beliefs
from kalshi_desk.exchange.commands import AmendResult, ResolveMarket
from kalshi_desk.exchange.matching import MatchingEngine
from kalshi_desk.exchange.notices import LifecycleChanged
from kalshi_desk.exchange.records import Driver, Event, Market
from kalshi_desk.exchange.refusals import refused

_OPEN = {"active", "inactive", "closed"}
_VALUES = {"yes": PRICE_SCALE, "no": 0}


class Outcomes:
    """Determines, disputes, amends and settles; ``close_now`` ends trading before its time."""

    def __init__(
        self,
        seed: int,
        engine: MatchingEngine,
        events: dict[str, Event],
        drivers: dict[str, Driver],
        close_now: Callable[[Market, int], None],
    ) -> None:
        self._seed = seed
        self._engine = engine
        self._events = events
        self._drivers = drivers
        self._close_now = close_now

    def resolve(self, command: ResolveMarket, now_ns: int) -> list[Market]:
        """Close and determine a market now; the other choices of its event follow.

        Returns the markets that got a result.
        """
        market = self._market(command.ticker)
        if market.status not in _OPEN:
            raise refused(400, "invalid_parameters", details=f"market is {market.status}")
        found = [(market, command.result, command.value)]
        event = self._events[market.event_ticker]
        if command.result == "yes" and event.mutually_exclusive:
            siblings = [self._engine.markets[ticker] for ticker in event.markets]
            found += [
                (sibling, "no", 0)
                for sibling in siblings
                if sibling is not market and sibling.status in _OPEN
            ]
        for one, result, value in found:
            if one.status != "closed":
                self._close_now(one, now_ns)
            self.determine(one, result, value, now_ns)
        return [one for one, _, _ in found]

    def decide(self, market: Market, now_ns: int) -> None:
        """Determine a closed market by what its event came to."""
        event = self._events[market.event_ticker]
        if event.truth is None:
            rng = Random(f"{self._seed}/{event.ticker}")
            event.truth = beliefs.decide(event, self._drivers[event.driver], rng)
        self.determine(market, beliefs.result_of(event, market), 0, now_ns)

    def determine(self, market: Market, result: str, value: int, now_ns: int) -> None:
        """Give a closed market its result; its settlement timer starts."""
        _set_result(market, result, value, now_ns)
        market.status = "determined"
        truth = self._events[market.event_ticker].truth
        if truth is not None and market.low is not None:
            market.expiration_value = f"{truth:.2f}"
        self._tell(market, "determined", now_ns)

    def dispute(self, ticker: str, now_ns: int) -> None:
        """Hold back the settlement of a determined market."""
        market = self._market(ticker)
        if market.status not in {"determined", "amended"}:
            raise refused(400, "invalid_parameters", details=f"market is {market.status}")
        market.status = "disputed"
        market.updated_ns = now_ns

    def amend(self, command: AmendResult, now_ns: int) -> Market:
        """Give a market its result anew; the settlement timer starts again."""
        market = self._market(command.ticker)
        if market.status not in {"determined", "disputed", "amended"}:
            raise refused(400, "invalid_parameters", details=f"market is {market.status}")
        _set_result(market, command.result, command.value, now_ns)
        market.status = "amended"
        if self._engine.rules.amendment_is_told:
            self._tell(market, "determined", now_ns)
        return market

    def settle(self, market: Market, now_ns: int) -> None:
        """Pay every position of a market and end it."""
        market.status = "finalized"
        market.settled_ns = now_ns
        market.updated_ns = now_ns
        value = Decimal(market.settlement_value) / PRICE_SCALE
        ledger, rules = self._engine.ledger, self._engine.rules
        for owner in ledger.settle(market, value, now_ns, rules.revenue_rounding):
            if ledger.accounts[owner].keyed:
                self._engine.tell_position(owner, ledger.position(owner, market.ticker))
        self._tell(market, "settled", now_ns)

    def _market(self, ticker: str) -> Market:
        market = self._engine.markets.get(ticker)
        if market is None:
            raise refused(404, "market_not_found")
        return market

    def _tell(self, market: Market, kind: str, now_ns: int) -> None:
        self._engine.notices.append(LifecycleChanged(market.ticker, kind, now_ns))


def _set_result(market: Market, result: str, value: int, now_ns: int) -> None:
    market.result = result
    market.settlement_value = _VALUES.get(result, value)
    market.determined_ns = now_ns
    market.updated_ns = now_ns
