"""Markets through their lives: listing, opening, closing, determination, settlement, rolling."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush

from kalshi_desk.exchange import grids
from kalshi_desk.exchange.calendar import SECOND_NS
from kalshi_desk.exchange.catalog_terms import Template
from kalshi_desk.exchange.commands import AmendResult, ResolveMarket
from kalshi_desk.exchange.fees import NO_FEES, FeeSchedule
from kalshi_desk.exchange.listing import list_event
from kalshi_desk.exchange.matching import MatchingEngine
from kalshi_desk.exchange.notices import EventListed, LifecycleChanged
from kalshi_desk.exchange.outcomes import Outcomes
from kalshi_desk.exchange.records import Driver, Event, Market, Order
from kalshi_desk.exchange.refusals import refused

_SETTLED_KEPT = 24
"""Settled events of each template that stay known; fewer where there are many."""
_MS_NS = 1_000_000


def _key_of(event: Event) -> str:
    return event.listing or event.series_ticker


class Lifecycle:
    """Applies what time brings to markets and orders, in the order it falls due."""

    def __init__(
        self,
        seed: int,
        engine: MatchingEngine,
        events: dict[str, Event],
        drivers: dict[str, Driver],
        templates: tuple[Template, ...],
    ) -> None:
        self.seed = seed
        self.engine = engine
        self.events = events
        self.drivers = drivers
        self.adopt(templates)
        self.shard_of: Callable[[str], int] = lambda series: 0
        self.fees_for: Callable[[str], FeeSchedule] = lambda series: NO_FEES
        self.opened: list[Market] = []
        self.has_changed = True
        self.is_rolling = True
        """False while time jumps: what closes then is listed anew only after the jump."""
        self._to_roll: list[Template] = []
        self._due: list[tuple[int, str]] = []
        self._sweeps: list[tuple[int, str]] = []
        self._expiring: list[tuple[int, int, int]] = []
        self._outcomes = Outcomes(seed, engine, events, drivers, self._close_now)
        engine.on_expiring = self._watch_expiry

    def adopt(self, templates: tuple[Template, ...]) -> None:
        """List by these templates from now on."""
        self._templates = {template.key: template for template in templates}
        self._settled_kept = max(min(_SETTLED_KEPT, _SETTLED_KEPT * 100 // len(templates)), 2)

    def restore(self) -> None:
        """Rebuild the timetable from the markets' states."""
        self._due = []
        for market in self.engine.markets.values():
            self._schedule(market)
            if market.status == "closed":
                heappush(self._sweeps, (market.close_ns, market.ticker))

    def list_all(self, now_ns: int, *, windows: bool) -> None:
        """List the current event of every series: the short windows, or all the others."""
        for template in self._templates.values():
            if (template.calendar == "window") == windows:
                self._list(template, now_ns, now_ns)

    def list_missing(self, known: set[str], now_ns: int) -> None:
        """List the templates that an older or smaller state does not know, by their keys."""
        for template in self._templates.values():
            if template.key not in known:
                self._list(template, now_ns, now_ns)

    def run(self, now_ns: int) -> None:
        """Apply everything due up to now."""
        while self._due and self._due[0][0] <= now_ns:
            _, ticker = heappop(self._due)
            market = self.engine.markets.get(ticker)
            if market is not None:
                self._advance(market, now_ns)
        while self._sweeps and self._sweeps[0][0] <= now_ns:
            market = self.engine.markets.get(heappop(self._sweeps)[1])
            if market is not None and market.status not in {"active", "inactive"}:
                self._sweep(market, "CloseCancel", now_ns)
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
            self._list(template, now_ns, now_ns)

    def next_due(self) -> int | None:
        """Return when the next change of a market falls due."""
        return self._due[0][0] if self._due else None

    def resolve(self, command: ResolveMarket, now_ns: int) -> None:
        """Close and determine a market now; the other choices of its event follow."""
        for market in self._outcomes.resolve(command, now_ns):
            self._sweep(market, "CloseCancel", now_ns)
            self._schedule(market)
        self.has_changed = True

    def dispute(self, ticker: str, now_ns: int) -> None:
        """Hold back the settlement of a determined market."""
        self._outcomes.dispute(ticker, now_ns)

    def amend_result(self, command: AmendResult, now_ns: int) -> None:
        """Give a market its result anew; its timer starts again."""
        self._schedule(self._outcomes.amend(command, now_ns))

    def move_close(self, ticker: str, close_ns: int, now_ns: int) -> None:
        """Move a market's close time; a closed market with a later one trades again."""
        market = self._market(ticker)
        if market.status not in {"active", "inactive", "closed"}:
            raise refused(400, "invalid_parameters", details=f"market is {market.status}")
        market.close_ns = max(close_ns, now_ns)
        market.updated_ns = now_ns
        self._tell(market, "close_date_updated", now_ns)
        if market.status == "closed" and market.close_ns > now_ns:
            self._sweep(market, "CloseCancel", now_ns)
            market.status = "active"
            self.opened.append(market)
            self._tell(market, "activated", now_ns)
        self.has_changed = True
        self._schedule(market)

    def set_grid(self, ticker: str, structure: str, now_ns: int) -> None:
        """Change a market's price level structure; resting orders keep their prices."""
        market = self._market(ticker)
        if structure not in grids.STRUCTURES:
            raise refused(400, "invalid_parameters", details=f"no structure {structure!r}")
        market.structure = structure
        market.updated_ns = now_ns
        self._tell(market, "price_level_structure_updated", now_ns)

    def set_active(self, ticker: str, active: bool, now_ns: int) -> None:
        """Deactivate a market, or reactivate it, which cancels its resting orders."""
        market = self._market(ticker)
        if market.status != ("inactive" if active else "active"):
            raise refused(400, "invalid_parameters", details=f"market is {market.status}")
        market.status = "active" if active else "inactive"
        if active:
            self._sweep(market, "HaltCancel", now_ns)
        self.has_changed = True
        self._tell(market, "activated" if active else "deactivated", now_ns)

    # -- single changes -----------------------------------------------------------------

    def _market(self, ticker: str) -> Market:
        market = self.engine.markets.get(ticker)
        if market is None:
            raise refused(404, "market_not_found")
        return market

    def _close_now(self, market: Market, now_ns: int) -> None:
        market.close_ns = now_ns
        self._close(market, now_ns)
        self._tell(market, "close_date_updated", now_ns)

    def _schedule(self, market: Market) -> None:
        due = {
            "initialized": market.open_ns,
            "active": market.close_ns,
            "inactive": market.close_ns,
            "closed": market.close_ns + market.determine_after_s * SECOND_NS,
            "determined": market.determined_ns + market.settle_after_s * SECOND_NS,
            "amended": market.determined_ns + market.settle_after_s * SECOND_NS,
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
                self._sweep(market, "CloseCancel", now_ns)
                self._outcomes.decide(market, now_ns)
                self.has_changed = True
            case "determined" | "amended" if (
                market.determined_ns + market.settle_after_s * SECOND_NS <= now_ns
            ):
                self._outcomes.settle(market, now_ns)
            case _:
                return
        self._schedule(market)

    def _close(self, market: Market, now_ns: int) -> None:
        market.status = "closed"
        market.updated_ns = now_ns
        self.has_changed = True
        heappush(self._sweeps, (now_ns + self.engine.rules.close_sweep_ms * _MS_NS, market.ticker))
        event = self.events[market.event_ticker]
        if not event.is_rolled and all(
            self.engine.markets[ticker].status not in {"active", "inactive", "initialized"}
            for ticker in event.markets
        ):
            event.is_rolled = True
            template = self._templates.get(_key_of(event))
            if template is None:
                return
            if self.is_rolling:
                self._list(template, max(now_ns, event.strike_ns), now_ns)
            else:
                self._to_roll.append(template)

    def _sweep(self, market: Market, reason: str, now_ns: int) -> None:
        book = self.engine.books[market.ticker]
        for order in [*book.bids.orders(), *book.asks.orders()]:
            self.engine.remove(order, reason, now_ns)

    def _list(self, template: Template, for_ns: int, now_ns: int) -> None:
        """Announce the event of a series that is open at ``for_ns``."""
        event, markets = list_event(template, self.drivers[template.driver], for_ns)
        if event.ticker in self.events:
            return
        event.shard = self.shard_of(template.series)
        self._forget_old(template.key)
        self.events[event.ticker] = event
        self.engine.notices.append(EventListed(event.ticker))
        schedule = self.fees_for(template.series)
        for market in markets:
            market.shard, market.listed_ns = event.shard, now_ns
            self.engine.add_market(market, schedule)
            self._tell(market, "created", for_ns)
            if market.open_ns <= for_ns:
                market.status = "active"
                self.opened.append(market)
            self._schedule(market)
        self.has_changed = True

    def _forget_old(self, key: str) -> None:
        """Drop a template's oldest settled events that no keyed member ever touched."""
        done = [
            event
            for event in self.events.values()
            if _key_of(event) == key
            and all(self.engine.markets[t].status == "finalized" for t in event.markets)
        ]
        if len(done) <= self._settled_kept:
            return
        touched: set[str] = set()
        for account in self.engine.ledger.accounts:
            touched |= account.positions.keys()
            touched |= {order.ticker for order in account.orders.values()}
        for event in done[: -self._settled_kept]:
            if touched.isdisjoint(event.markets):
                del self.events[event.ticker]
                for ticker in event.markets:
                    self.engine.drop_market(ticker)

    def _tell(self, market: Market, kind: str, now_ns: int) -> None:
        self.engine.notices.append(LifecycleChanged(market.ticker, kind, now_ns))

    def _watch_expiry(self, order: Order) -> None:
        if order.expires_ns:
            heappush(self._expiring, (order.expires_ns, order.owner, order.number))
