"""The whole exchange as one deterministic machine: steps of the crowd and commands between them."""

from __future__ import annotations

from decimal import Decimal
from random import Random
from typing import Any

import msgspec

from kalshi_desk.exchange import beliefs
from kalshi_desk.exchange.amounts import ZERO
from kalshi_desk.exchange.catalog import TEMPLATES
from kalshi_desk.exchange.commands import (
    AmendOrder,
    CancelAll,
    CancelOrder,
    Command,
    DecreaseOrder,
    Jump,
    NewOrder,
    ResolveMarket,
    SetMarketActive,
    SetTrading,
)
from kalshi_desk.exchange.crowd import CROWD_NAMES, Crowd
from kalshi_desk.exchange.fees import schedule_of
from kalshi_desk.exchange.ledger import Ledger
from kalshi_desk.exchange.lifecycle import Lifecycle
from kalshi_desk.exchange.listing import series_record, stable_uuid
from kalshi_desk.exchange.matching import MatchingEngine, Outcome
from kalshi_desk.exchange.notices import Notice
from kalshi_desk.exchange.recorder import Recorder
from kalshi_desk.exchange.records import Account, Driver, Event, Market, Order, Series
from kalshi_desk.exchange.refusals import not_found, refused
from kalshi_desk.exchange.rules import Rules

DESK = 0
"""The number of the account that people trade with."""
STATE_FORMAT = 1
_DESK_CASH = Decimal(10_000)
_CROWD_CASH = Decimal(25_000_000)
WARM_MINUTES = 30


class VenueState(msgspec.Struct, kw_only=True):
    """Everything that must survive a restart; books are rebuilt from the resting orders."""

    format: int
    seed: int
    origin_ns: int
    step: int
    accounts: list[Account]
    fees: Decimal
    opening_total: Decimal
    series: dict[str, Series]
    events: dict[str, Event]
    markets: dict[str, Market]
    drivers: dict[str, Driver]
    resting: list[Order]
    next_order: int
    next_trade: int
    next_priority: int
    trading_active: bool
    exchange_active: bool


class Venue:
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
        self.ledger = Ledger(state.accounts, state.fees)
        self.engine = MatchingEngine(self.ledger, state.markets, rules)
        self.lifecycle = Lifecycle(self.seed, self.engine, self.events, self.drivers)
        self.crowd = Crowd(self.seed, self.engine, self.events, self.drivers)
        self._recorder = Recorder(self.engine)
        self.order_numbers: dict[str, int] = {}
        self._restore(state)

    @classmethod
    def new(
        cls, seed: int, origin_ns: int, rules: Rules, *, warm_minutes: int = WARM_MINUTES
    ) -> Venue:
        """Return a fresh exchange whose books and recent history are already alive."""
        start_ns = origin_ns - warm_minutes * 60_000_000_000
        accounts = [_account(DESK, "desk", _DESK_CASH, seed, keyed=True)]
        for number, name in enumerate(CROWD_NAMES, start=1):
            accounts.append(_account(number, name, _CROWD_CASH, seed, keyed=False))
        state = VenueState(
            format=STATE_FORMAT,
            seed=seed,
            origin_ns=origin_ns,
            step=0,
            accounts=accounts,
            fees=ZERO,
            opening_total=sum((account.cash for account in accounts), ZERO),
            series={template.series: series_record(template) for template in TEMPLATES},
            events={},
            markets={},
            drivers=beliefs.new_drivers(Random(seed), start_ns),
            resting=[],
            next_order=1,
            next_trade=1,
            next_priority=1,
            trading_active=True,
            exchange_active=True,
        )
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

    # -- identity -----------------------------------------------------------------------

    def order_id(self, number: int) -> str:
        """Return the public id of an order."""
        return stable_uuid("order", self.seed, number)

    def trade_id(self, number: int) -> str:
        """Return the public id of a trade."""
        return stable_uuid("trade", self.seed, number)

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
        )

    def adopt_catalog(self) -> None:
        """Add the series that this version has and a restored state has not."""
        known = set(self.series)
        for name, driver in beliefs.new_drivers(Random(self.seed), self.now_ns).items():
            self.drivers.setdefault(name, driver)
        for template in TEMPLATES:
            self.series.setdefault(template.series, series_record(template))
        self.lifecycle.list_missing(known, self.now_ns)
        self._settle_changes(self.now_ns)

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
        for market in list(state.markets.values()):
            series = self.series[market.series_ticker]
            engine.add_market(market, schedule_of(series.fee_type, series.fee_multiplier))
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
                return self._decrease(command, ts_ns)
            case AmendOrder():
                return self._amend(command, ts_ns)
            case SetTrading():
                return self._set_trading(command, ts_ns)
            case ResolveMarket():
                return self.lifecycle.resolve(command.ticker, command.result, ts_ns)
            case SetMarketActive():
                return self.lifecycle.set_active(command.ticker, command.active, ts_ns)
            case Jump():
                return self._jump(command.to_step)

    def _decrease(self, command: DecreaseOrder, ts_ns: int) -> Order:
        order = self.engine.open_orders[command.owner].get(command.number)
        if order is None:
            raise not_found()
        if command.reduce_to is not None:
            target = command.reduce_to
        else:
            target = order.remaining - (command.reduce_by or 0)
        return self.engine.decrease(command.owner, command.number, max(target, 0), ts_ns)

    def _amend(self, command: AmendOrder, ts_ns: int) -> Outcome:
        order = self.engine.open_orders[command.owner].get(command.number)
        if order is None:
            raise not_found()
        if command.ticker != order.ticker:
            raise refused(400, "order_ticker_mismatch")
        if command.is_bid != order.is_bid:
            raise refused(400, "order_side_mismatch")
        if command.client_id is not None and command.client_id != order.client_id:
            raise refused(400, "order_id_and_client_order_id_mismatch")
        taken = self.ledger.accounts[command.owner].client_ids
        if command.new_client_id and command.new_client_id in taken:
            raise refused(409, "order_already_exists")
        outcome = self.engine.amend(
            command.owner,
            command.number,
            price=command.price,
            total=command.total,
            expires_ns=command.expires_ns,
            now_ns=ts_ns,
        )
        if command.new_client_id:
            order.client_id = command.new_client_id
            taken[command.new_client_id] = order.number
        return outcome

    def _set_trading(self, command: SetTrading, ts_ns: int) -> None:
        engine = self.engine
        engine.trading_active = command.trading_active
        engine.exchange_active = command.exchange_active
        if command.trading_active and command.exchange_active:
            return
        for orders in engine.open_orders:
            for order in [order for order in orders.values() if order.cancel_on_pause]:
                engine.remove(order, "HaltCancel", ts_ns)

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
        for driver in self.drivers.values():
            beliefs.walk(driver, rng, self.now_ns)
        self.lifecycle.has_changed = True

    def _live(self, now_ns: int) -> None:
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


def _account(number: int, name: str, cash: Decimal, seed: int, *, keyed: bool) -> Account:
    return Account(
        number=number,
        name=name,
        user_id=stable_uuid("user", seed, name),
        keyed=keyed,
        cash=cash,
    )
