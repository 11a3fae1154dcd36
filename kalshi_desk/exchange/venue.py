"""The whole exchange as one deterministic machine: steps of the crowd and commands between them."""

from __future__ import annotations

from decimal import Decimal
from random import Random
from typing import Any

from kalshi_desk.exchange import beliefs
from kalshi_desk.exchange.access import change_key
from kalshi_desk.exchange.amending import amend, decrease
from kalshi_desk.exchange.catalog_wide import templates_for, terms_for
from kalshi_desk.exchange.commands import (
    AddKey,
    AddMember,
    AddSubaccount,
    AmendOrder,
    AmendResult,
    CancelAll,
    CancelOrder,
    ChangeFees,
    ChangeGroup,
    Command,
    DecreaseOrder,
    DisputeMarket,
    Jump,
    MoveClose,
    MoveMoney,
    NewOrder,
    RemoveKey,
    ResolveMarket,
    SetGrid,
    SetMaintenance,
    SetMarketActive,
    SetTrading,
    TellStory,
    WaiveFees,
)
from kalshi_desk.exchange.crowd import Crowd
from kalshi_desk.exchange.halts import Halts
from kalshi_desk.exchange.identity import Identity
from kalshi_desk.exchange.ledger import Ledger
from kalshi_desk.exchange.lifecycle import Lifecycle
from kalshi_desk.exchange.listing import series_record
from kalshi_desk.exchange.matching import MatchingEngine
from kalshi_desk.exchange.news import Newsroom
from kalshi_desk.exchange.notices import Notice
from kalshi_desk.exchange.recorder import Recorder
from kalshi_desk.exchange.records import Order
from kalshi_desk.exchange.refusals import not_found
from kalshi_desk.exchange.rules import Rules
from kalshi_desk.exchange.tariffs import Tariffs
from kalshi_desk.exchange.treasury import Treasury
from kalshi_desk.exchange.venue_state import DESK, STATE_FORMAT, VenueState, endow, new_state

__all__ = ["DESK", "STATE_FORMAT", "WARM_MINUTES", "Venue", "VenueState"]

WARM_MINUTES = 30


class Venue(Identity):
    """Accounts, books, markets and crowd; changes only by ``step`` and ``apply``.

    ``origin_ns`` is the venue time of step 0; step k happens at origin + k steps.
    """

    def __init__(self, state: VenueState, rules: Rules) -> None:
        self.rules = rules
        self.seed = state.seed
        self.origin_ns = state.origin_ns
        self.step_number = state.step
        self.step_ns = rules.step_ms * 1_000_000
        self.series = state.series
        self.events = state.events
        self.drivers = state.drivers
        self.opening_total = state.opening_total
        self.sharded = state.sharded
        self.api_keys = state.api_keys
        self.ledger = Ledger(state.accounts, state.fees, state.transfers)
        self.engine = MatchingEngine(self.ledger, state.markets, rules)
        self.markets_wanted = state.markets_wanted
        templates = templates_for(state.markets_wanted)
        self.lifecycle = Lifecycle(self.seed, self.engine, self.events, self.drivers, templates)
        self.newsroom = Newsroom(state.wire, self.drivers)
        self.crowd = Crowd(self.seed, self.engine, self.events, self.drivers, self.newsroom)
        self.crowd.changes_per_step = state.book_rate * rules.step_ms / 1_000
        self.halts = Halts(self.engine, state.maintenance, self.now_ns)
        self.treasury = Treasury(self.seed, self.engine)
        self.tariffs = Tariffs(self.engine, self.series, self.events, state.fee_changes)
        self.lifecycle.fees_for = self.tariffs.of_series
        self.lifecycle.shard_of = lambda series: self.series[series].shard
        self._recorder = Recorder(self.engine)
        self.order_numbers: dict[str, int] = {}
        self._restore(state)

    @classmethod
    def new(
        cls,
        seed: int,
        origin_ns: int,
        rules: Rules,
        *,
        warm_minutes: int = WARM_MINUTES,
        markets: int = 0,
        book_rate: float = 0.0,
    ) -> Venue:
        """Return a fresh exchange whose books and recent history are already alive.

        At least ``markets`` are open, and the crowd changes books ``book_rate`` times a second;
        0 leaves either as it is by default.
        """
        start_ns = origin_ns - warm_minutes * 60_000_000_000
        state = new_state(seed, origin_ns, start_ns, rules, markets=markets, book_rate=book_rate)
        venue = cls(state, rules)
        venue._warm_up(start_ns, warm_minutes)
        return venue

    # -- time ---------------------------------------------------------------------------

    @property
    def now_ns(self) -> int:
        """The venue time of the current step."""
        return self.origin_ns + self.step_number * self.step_ns

    def step(self) -> None:
        """Let one step pass: life cycle first, then the crowd."""
        self.step_number += 1
        now_ns = self.now_ns
        self._live(now_ns)
        self.crowd.step(self.step_number, now_ns)
        self._recorder.note(now_ns)

    def apply(self, command: Command, ts_ns: int) -> Any:
        """Apply one command from outside; raises ``Refusal`` when it is turned down.

        Returns what the operation returns: an ``Outcome``, an order, a count or None.
        """
        try:
            return self._dispatch(command, ts_ns)
        finally:
            self._settle_changes(ts_ns)

    def take_notices(self) -> list[Notice]:
        """Return what happened since the last call, in order."""
        notices = self.engine.notices
        self.engine.notices = []
        return notices

    def take_dirty(self) -> set[str]:
        """Return the markets whose top or figures may have changed since the last call."""
        dirty = self.engine.dirty
        self.engine.dirty = set()
        return dirty

    # -- look-up -------------------------------------------------------------------------

    def shard_of(self, ticker: str) -> int:
        """Return the shard of a market, 0 for one that is forgotten."""
        market = self.engine.markets.get(ticker)
        return market.shard if market is not None else 0

    def order_number(self, order_id: str) -> int:
        """Return the number of a keyed account's order; raises the 404 when unknown."""
        number = self.order_numbers.get(order_id)
        if number is None:
            raise not_found()
        return number

    # -- state --------------------------------------------------------------------------

    def state(self) -> VenueState:
        """Return the state to keep; its records are the living ones, so encode it at once."""
        engine = self.engine
        resting = [order for orders in engine.open_orders for order in orders.values()]
        return VenueState(
            format=STATE_FORMAT,
            seed=self.seed,
            origin_ns=self.origin_ns,
            step=self.step_number,
            markets_wanted=self.markets_wanted,
            book_rate=self.crowd.changes_per_step * 1_000 / self.rules.step_ms,
            accounts=self.ledger.accounts,
            fees=self.ledger.fees,
            opening_total=self.opening_total,
            series=self.series,
            events=self.events,
            markets=engine.markets,
            drivers=self.drivers,
            resting=resting,
            next_order=engine.next_order,
            next_trade=engine.next_trade,
            next_priority=engine.next_priority,
            trading_active=engine.trading_active,
            exchange_active=engine.exchange_active,
            sharded=self.sharded,
            paused_shards=sorted(engine.paused_shards),
            transfers=self.ledger.transfers,
            groups=engine.groups,
            next_group=engine.next_group,
            fee_changes=self.tariffs.changes,
            api_keys=self.api_keys,
            maintenance=self.halts.windows,
            wire=self.newsroom.wire,
        )

    def adopt_catalog(self) -> None:
        """Add what this version lists and a restored state has not."""
        known = set(self.series) | {event.listing for event in self.events.values()}
        templates = templates_for(self.markets_wanted)
        behind = terms_for(templates)
        for name, driver in beliefs.new_drivers(Random(self.seed), self.now_ns, behind).items():
            self.drivers.setdefault(name, driver)
        for template in templates:
            self.series.setdefault(template.series, series_record(template, sharded=self.sharded))
        self.lifecycle.list_missing(known, self.now_ns)
        self._settle_changes(self.now_ns)

    def enlarge(self, *, markets: int | None, book_rate: float | None) -> None:
        """List more markets, or set another pace; None leaves it.  Save the state after it."""
        if book_rate is not None:
            self.crowd.changes_per_step = book_rate * self.rules.step_ms / 1_000
        if markets is not None and markets > self.markets_wanted:
            self.opening_total += endow(self.ledger.accounts, self.markets_wanted, markets)
            self.markets_wanted = markets
            self.lifecycle.adopt(templates_for(markets))
            self.adopt_catalog()
            self.take_notices()
            self.take_dirty()

    def total(self) -> Decimal:
        """Return cash plus locked dollars plus fees; equal to ``opening_total`` for ever."""
        return self.ledger.total(self.engine.markets)

    def _restore(self, state: VenueState) -> None:
        engine = self.engine
        engine.next_order = state.next_order
        engine.next_trade = state.next_trade
        engine.next_priority = state.next_priority
        engine.trading_active = state.trading_active
        engine.exchange_active = state.exchange_active
        engine.paused_shards = set(state.paused_shards)
        engine.groups, engine.next_group = state.groups, state.next_group
        for market in list(state.markets.values()):
            event = self.events[market.event_ticker]
            engine.add_market(market, self.tariffs.of_event(event))
        engine.restore([self._same_order(order) for order in state.resting])
        for account in self.ledger.accounts:
            for number in account.orders:
                self.order_numbers[self.order_id(number)] = number
        self.lifecycle.restore()
        if state.markets:
            self.lifecycle.has_changed = False
            self.crowd.refresh()

    def _same_order(self, order: Order) -> Order:
        """Return the record that the owner's list already holds for a resting order."""
        return self.ledger.accounts[order.owner].orders.get(order.number, order)

    def _warm_up(self, start_ns: int, minutes: int) -> None:
        self.lifecycle.list_all(self.origin_ns, windows=False)
        self.crowd.refresh()
        rng = Random(self.seed ^ 0x5EED)
        self._open_markets(rng, start_ns)
        for minute in range(1, minutes + 1):
            now_ns = start_ns + minute * 60_000_000_000
            self.crowd.warm(rng, now_ns)
            if minute == 1:
                for market in self.engine.markets.values():
                    market.previous_price = market.last_price
            self._recorder.note(now_ns)
        self.lifecycle.list_all(self.origin_ns, windows=True)
        self._live(self.origin_ns)
        self._recorder.note(self.origin_ns)
        for market in self.engine.markets.values():
            market.listed_ns = 0
        self.take_notices()
        self.take_dirty()

    # -- inner working ------------------------------------------------------------------

    def _dispatch(self, command: Command, ts_ns: int) -> Any:
        engine = self.engine
        match command:
            case NewOrder():
                before = engine.next_order
                try:
                    return engine.place(command, ts_ns)
                finally:
                    if engine.next_order != before:
                        self.order_numbers[self.order_id(before)] = before
            case CancelOrder():
                return engine.cancel(command.owner, command.number, ts_ns)
            case CancelAll():
                return engine.cancel_all(command.owner, ts_ns)
            case DecreaseOrder():
                return decrease(engine, command, ts_ns)
            case AmendOrder():
                return amend(engine, command, ts_ns)
            case ChangeGroup():
                return engine.order_groups.change(command, ts_ns)
            case AddMember() | AddSubaccount() | MoveMoney():
                return self._move_money(command, ts_ns)
            case AddKey() | RemoveKey():
                return change_key(self.api_keys, command)
            case WaiveFees():
                return self.tariffs.waive(command, ts_ns)
            case ChangeFees():
                return self.tariffs.change(command, ts_ns)
            case SetTrading():
                return self.halts.set_trading(command, ts_ns)
            case SetMaintenance():
                return self.halts.add_window(command, ts_ns)
            case _:
                return self._change_market(command, ts_ns)

    def _change_market(self, command: Command, ts_ns: int) -> Any:
        lifecycle = self.lifecycle
        match command:
            case ResolveMarket():
                return lifecycle.resolve(command, ts_ns)
            case DisputeMarket():
                return lifecycle.dispute(command.ticker, ts_ns)
            case AmendResult():
                return lifecycle.amend_result(command, ts_ns)
            case MoveClose():
                return lifecycle.move_close(command.ticker, command.close_ns, ts_ns)
            case SetGrid():
                return lifecycle.set_grid(command.ticker, command.structure, ts_ns)
            case SetMarketActive():
                return lifecycle.set_active(command.ticker, command.active, ts_ns)
            case TellStory():
                rng = self.crowd.rng_of(self.step_number | 1 << 37)
                return self.newsroom.tell(rng, command.driver, command.sizes, ts_ns)
            case Jump():
                return self._jump(command.to_step)
            case _:
                raise TypeError(f"no such command: {command}")

    def _move_money(self, command: AddMember | AddSubaccount | MoveMoney, ts_ns: int) -> Any:
        match command:
            case AddMember():
                account = self.treasury.add_member(command)
                self.opening_total += command.cash
                return account
            case AddSubaccount():
                return self.treasury.add_subaccount(command)
            case MoveMoney():
                return self.treasury.move(command, ts_ns)

    def _jump(self, to_step: int) -> None:
        """Move to a later step, applying what fell due on the way at its own time."""
        self.lifecycle.is_rolling = False
        while True:
            due = self.lifecycle.next_due()
            target = self.origin_ns + to_step * self.step_ns
            if due is None or due > target:
                break
            step = max(-((self.origin_ns - due) // self.step_ns), self.step_number + 1)
            if step >= to_step:
                break
            self.step_number = step
            self._move_drivers()
            self._live(self.now_ns)
        self.step_number = max(to_step, self.step_number)
        self._move_drivers()
        self.lifecycle.roll(self.now_ns)
        self._live(self.now_ns)

    def _move_drivers(self) -> None:
        rng = self.crowd.rng_of(-self.step_number)
        self.newsroom.run(rng, self.now_ns)
        for driver in self.drivers.values():
            beliefs.walk(driver, rng, self.now_ns)
        self.lifecycle.has_changed = True

    def _live(self, now_ns: int) -> None:
        self.halts.run(now_ns)
        self.tariffs.run(now_ns)
        self.treasury.run(now_ns)
        self.lifecycle.run(now_ns)
        if self.lifecycle.has_changed:
            self.lifecycle.has_changed = False
            self.crowd.refresh()
            self._open_markets(self.crowd.rng_of(self.step_number | 1 << 39), now_ns)

    def _open_markets(self, rng: Random, now_ns: int) -> None:
        opened, self.lifecycle.opened = self.lifecycle.opened, []
        for market in opened:
            if market.status == "active":
                self.crowd.open_market(rng, market, now_ns)

    def _settle_changes(self, ts_ns: int) -> None:
        if self.lifecycle.has_changed:
            self.lifecycle.has_changed = False
            self.crowd.refresh()
            self._open_markets(self.crowd.rng_of(self.step_number | 1 << 38), ts_ns)
        self._recorder.note(ts_ns)
