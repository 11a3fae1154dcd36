"""Markets through their lives: listing, opening, closing, determination, settlement, rolling."""

from __future__ import annotations

from heapq import heappop, heappush
from random import Random

from kalshi_desk.exchange import beliefs
from kalshi_desk.exchange.amounts import ONE_DOLLAR, ZERO
from kalshi_desk.exchange.calendar import SECOND_NS
from kalshi_desk.exchange.catalog import TEMPLATES
from kalshi_desk.exchange.catalog_terms import Template
from kalshi_desk.exchange.fees import schedule_of
from kalshi_desk.exchange.listing import list_event
from kalshi_desk.exchange.matching import MatchingEngine
from kalshi_desk.exchange.notices import EventListed, LifecycleChanged
from kalshi_desk.exchange.records import Driver, Event, Market, Order
from kalshi_desk.exchange.refusals import refused

_SETTLED_KEPT = 24
_BY_SERIES: dict[str, Template] = {template.series: template for template in TEMPLATES}


class Lifecycle:
    """Applies what time brings to markets and orders, in the order it falls due."""

    def __init__(
        self,
        seed: int,
        engine: MatchingEngine,
        events: dict[str, Event],
        drivers: dict[str, Driver],
    ) -> None:
        self.seed = seed
        self.engine = engine
        self.events = events
        self.drivers = drivers
        self.opened: list[Market] = []
        self.has_changed = True
        self.is_rolling = True
        """False while time jumps: what closes then is listed anew only after the jump."""
        self._to_roll: list[Template] = []
        self._due: list[tuple[int, str]] = []
        self._expiring: list[tuple[int, int, int]] = []
        engine.on_expiring = self._watch_expiry

    def restore(self) -> None:
        """Rebuild the timetable from the markets' states."""
        self._due = []
        for market in self.engine.markets.values():
            self._schedule(market)

    def list_all(self, now_ns: int, *, windows: bool) -> None:
        """List the current event of every series: the short windows, or all the others."""
        for template in TEMPLATES:
            if (template.calendar == "window") == windows:
                self._list(template, now_ns)

    def list_missing(self, known: set[str], now_ns: int) -> None:
        """List the series that a state written by an older version does not know."""
        for template in TEMPLATES:
            if template.series not in known:
                self._list(template, now_ns)

    def run(self, now_ns: int) -> None:
        """Apply everything due up to now."""
        while self._due and self._due[0][0] <= now_ns:
            _, ticker = heappop(self._due)
            self._advance(self.engine.markets[ticker], now_ns)
        while self._expiring and self._expiring[0][0] <= now_ns:
            _, owner, number = heappop(self._expiring)
            order = self.engine.open_orders[owner].get(number)
            if order is not None and 0 < order.expires_ns <= now_ns:
                self.engine.remove(order, "ExpiryCancel", now_ns)

    def roll(self, now_ns: int) -> None:
        """List what follows the events that closed during a jump."""
        self.is_rolling = True
        waiting, self._to_roll = self._to_roll, []
        for template in waiting:
            self._list(template, now_ns)

    def next_due(self) -> int | None:
        """Return when the next change of a market falls due."""
        return self._due[0][0] if self._due else None

    def resolve(self, ticker: str, result: str, now_ns: int) -> None:
        """Close and determine a market now; the other choices of its event follow."""
        market = self.engine.markets.get(ticker)
        if market is None:
            raise refused(404, "market_not_found")
        if market.status not in {"active", "inactive", "closed"}:
            raise refused(400, "invalid_parameters", details=f"market is {market.status}")
        event = self.events[market.event_ticker]
        self._resolve_one(market, result, now_ns)
        if result == "yes" and event.mutually_exclusive:
            for other in event.markets:
                sibling = self.engine.markets[other]
                if sibling.status in {"active", "inactive", "closed"}:
                    self._resolve_one(sibling, "no", now_ns)
        self.has_changed = True

    def set_active(self, ticker: str, active: bool, now_ns: int) -> None:
        """Deactivate a market, or reactivate it, which cancels its resting orders."""
        market = self.engine.markets.get(ticker)
        if market is None:
            raise refused(404, "market_not_found")
        if market.status != ("inactive" if active else "active"):
            raise refused(400, "invalid_parameters", details=f"market is {market.status}")
        market.status = "active" if active else "inactive"
        if active:
            self._sweep(market, "HaltCancel", now_ns)
        self.has_changed = True
        self._tell(market, "activated" if active else "deactivated", now_ns)

    # -- single changes -----------------------------------------------------------------

    def _resolve_one(self, market: Market, result: str, now_ns: int) -> None:
        if market.status != "closed":
            market.close_ns = now_ns
            self._close(market, now_ns)
            self._tell(market, "close_date_updated", now_ns)
        self._determine(market, result, now_ns)

    def _schedule(self, market: Market) -> None:
        due = {
            "initialized": market.open_ns,
            "active": market.close_ns,
            "inactive": market.close_ns,
            "closed": market.close_ns + market.determine_after_s * SECOND_NS,
            "determined": market.determined_ns + market.settle_after_s * SECOND_NS,
        }.get(market.status)
        if due is not None:
            heappush(self._due, (due, market.ticker))

    def _advance(self, market: Market, now_ns: int) -> None:
        """Make the one change that a market's state and the time call for, if any."""
        match market.status:
            case "initialized" if market.open_ns <= now_ns:
                market.status = "active"
                self.opened.append(market)
                self.has_changed = True
            case "active" | "inactive" if market.close_ns <= now_ns:
                self._close(market, now_ns)
            case "closed" if market.close_ns + market.determine_after_s * SECOND_NS <= now_ns:
                event = self.events[market.event_ticker]
                if event.truth is None:
                    rng = Random(f"{self.seed}/{event.ticker}")
                    event.truth = beliefs.decide(event, self.drivers[event.driver], rng)
                self._determine(market, beliefs.result_of(event, market), now_ns)
                return
            case "determined" if market.determined_ns + market.settle_after_s * SECOND_NS <= now_ns:
                self._settle(market, now_ns)
            case _:
                return
        self._schedule(market)

    def _close(self, market: Market, now_ns: int) -> None:
        market.status = "closed"
        market.updated_ns = now_ns
        self.has_changed = True
        self._sweep(market, "CloseCancel", now_ns)
        event = self.events[market.event_ticker]
        if not event.is_rolled and all(
            self.engine.markets[ticker].status not in {"active", "inactive", "initialized"}
            for ticker in event.markets
        ):
            event.is_rolled = True
            template = _BY_SERIES.get(event.series_ticker)
            if template is None:
                return
            if self.is_rolling:
                self._list(template, max(now_ns, event.strike_ns))
            else:
                self._to_roll.append(template)

    def _determine(self, market: Market, result: str, now_ns: int) -> None:
        market.result = result
        market.status = "determined"
        market.determined_ns = now_ns
        market.updated_ns = now_ns
        truth = self.events[market.event_ticker].truth
        if truth is not None and market.low is not None:
            market.expiration_value = f"{truth:.2f}"
        self.has_changed = True
        self._tell(market, "determined", now_ns)
        self._schedule(market)

    def _settle(self, market: Market, now_ns: int) -> None:
        market.status = "finalized"
        market.settled_ns = now_ns
        market.updated_ns = now_ns
        value = ONE_DOLLAR if market.result == "yes" else ZERO
        ledger = self.engine.ledger
        for owner in ledger.settle(market, value, now_ns):
            if ledger.accounts[owner].keyed:
                self.engine.tell_position(owner, ledger.position(owner, market.ticker))
        self._tell(market, "settled", now_ns)

    def _sweep(self, market: Market, reason: str, now_ns: int) -> None:
        book = self.engine.books[market.ticker]
        for order in [*book.bids.orders(), *book.asks.orders()]:
            self.engine.remove(order, reason, now_ns)

    def _list(self, template: Template, now_ns: int) -> None:
        event, markets = list_event(template, self.drivers[template.driver], now_ns)
        if event.ticker in self.events:
            return
        self._forget_old(template.series)
        self.events[event.ticker] = event
        self.engine.notices.append(EventListed(event.ticker))
        schedule = schedule_of(template.fee_type, template.fee_multiplier)
        for market in markets:
            self.engine.add_market(market, schedule)
            self._tell(market, "created", now_ns)
            if market.open_ns <= now_ns:
                market.status = "active"
                self.opened.append(market)
            self._schedule(market)
        self.has_changed = True

    def _forget_old(self, series: str) -> None:
        """Drop a series' oldest settled events that no keyed member ever touched."""
        done = [
            event
            for event in self.events.values()
            if event.series_ticker == series
            and all(self.engine.markets[t].status == "finalized" for t in event.markets)
        ]
        if len(done) <= _SETTLED_KEPT:
            return
        touched: set[str] = set()
        for account in self.engine.ledger.accounts:
            touched |= account.positions.keys()
            touched |= {order.ticker for order in account.orders.values()}
        for event in done[:-_SETTLED_KEPT]:
            if touched.isdisjoint(event.markets):
                del self.events[event.ticker]
                for ticker in event.markets:
                    self.engine.drop_market(ticker)

    def _tell(self, market: Market, kind: str, now_ns: int) -> None:
        self.engine.notices.append(LifecycleChanged(market.ticker, kind, now_ns))

    def _watch_expiry(self, order: Order) -> None:
        if order.expires_ns:
            heappush(self._expiring, (order.expires_ns, order.owner, order.number))
