"""Drives baskets inside the core: which order is next, at which price, and what to say."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from uuid import uuid5

import msgspec

from kalshi_desk.core.events import LinkState
from kalshi_desk.core.reasons import Reason
from kalshi_desk.core.records import OrderState
from kalshi_desk.core.strategy import Signal, SignalLeg
from kalshi_desk.core.types import (
    Action,
    Money,
    Price,
    TimeInForce,
)
from kalshi_desk.desk.frames import EventKind, Level
from kalshi_desk.engine.basket_checks import gate_refuses, why_not
from kalshi_desk.engine.basket_prices import (
    break_even,
    buying_price,
    outcome_of_side,
    touch_for,
    unwinding_order,
)
from kalshi_desk.engine.basket_words import Progress, entry_of, words
from kalshi_desk.engine.door import ORDER_IDS, Door
from kalshi_desk.engine.effects import KeepEntry
from kalshi_desk.engine.outbox import Outbox
from kalshi_desk.engine.pending import Goal, Pending
from kalshi_desk.engine.state import LIVE_OFF, CoreState
from kalshi_desk.execution.baskets import (
    TRAILING,
    BasketLeg,
    BasketRecord,
    LegTally,
    Stage,
    Wish,
    advance,
    completion_rate,
    end,
    excess,
    missed,
    needed,
    outcome_of,
    sent,
    settled,
    tallies,
    to_come,
)

RETRY_EVERY_NS = 600_000_000
"""Longer than the gate takes two orders for the same one."""
BOOKED_WITHIN_NS = 1_000_000_000
"""How long the fills of an order that has traded are waited for before a leg is given up."""
PANIC = "panic"
_KEEPS_POSITIONS = frozenset({PANIC, LIVE_OFF})


class BasketDesk:
    """All baskets under way, one per event at most, and what became of earlier ones."""

    def __init__(self, state: CoreState, outbox: Outbox, door: Door) -> None:
        self._state = state
        self._outbox = outbox
        self._door = door
        self._flying: dict[str, BasketRecord] = {}
        self._outcomes: dict[str, deque[bool]] = defaultdict(lambda: deque(maxlen=TRAILING))
        self._barred: dict[str, int] = {}
        self._losses: dict[str, int] = defaultdict(int)

    def in_flight(self, strategy: str | None = None) -> list[BasketRecord]:
        """Return the baskets under way, oldest first."""
        return [record for record in self._flying.values() if strategy in (None, record.strategy)]

    def barred_until(self, event_ticker: str) -> int:
        """Return until when an event takes no basket after a leg failed; 0 for never barred."""
        return self._barred.get(event_ticker, 0)

    def completion_rate(self, strategy: str) -> float:
        """Return the trailing share of this strategy's baskets that were completed."""
        return completion_rate(list(self._outcomes[strategy]))

    def legging_loss(self, strategy: str) -> Money:
        """Return what unwound legs have cost a strategy since this journal's oldest kept basket."""
        return Money(self._losses[strategy])

    def start(
        self,
        strategy: str,
        signal: Signal,
        legs: Sequence[SignalLeg],
        guaranteed: Money,
        payouts: Sequence[Money],
        now_ns: int,
    ) -> tuple[Reason, ...] | None:
        """Begin a basket with its first leg; return the reasons when it is not begun.

        ``legs`` stand scarcest first with their counts, ``payouts`` is what they pay in each
        state in micro-dollars, ``guaranteed`` the least profit after costs.
        """
        events = self._events(legs)
        reasons = why_not(
            self._state,
            strategy,
            legs,
            guaranteed,
            payouts,
            busy=[event for event in events if self._is_busy(event)],
            barred_ns=max((self.barred_until(event) for event in events), default=0),
            chance=self.completion_rate(strategy),
            before=self.unsent(),
        )
        if reasons:
            return reasons
        name = str(uuid5(ORDER_IDS, f"basket/{strategy}/{signal.candidate}/{events[0]}/{now_ns}"))
        record = BasketRecord(
            basket_id=name,
            strategy=strategy,
            events=events,
            legs=tuple(
                BasketLeg(ticker=leg.ticker, side=leg.side, limit=leg.price, planned=leg.count)
                for leg in legs
            ),
            payout=min(payouts),
            guaranteed=guaranteed,
            started_ns=now_ns,
            updated_ns=now_ns,
            text=signal.text,
        )
        self._flying[name] = record
        self._drive(name)
        return None

    def unsent(self) -> list[SignalLeg]:
        """Return what the baskets under way are still to buy and no order asks for yet."""
        return [
            SignalLeg(ticker=leg.ticker, side=leg.side, price=leg.limit, count=count)
            for record in self._flying.values()
            for leg, count in zip(record.legs, to_come(record, self._tallies(record)), strict=True)
            if count
        ]

    def progress(self, record: BasketRecord) -> Progress:
        """Return what a basket under way has filled and cost, and what its next leg may cost."""
        legs = self._tallies(record)
        index = min(record.index, len(record.legs) - 1)
        held = [leg.held for leg in legs]
        missing = needed(record, held, index)
        live = self._state.markets.get(record.legs[index].ticker)
        completion = None
        if index and missing and live is not None and live.market.fee.is_known:
            wish = Wish(index, missing)
            completion = break_even(self._state, record, legs, wish, live.market)
        return Progress(
            filled=tuple(held),
            spent=Money(sum(leg.paid - leg.proceeds for leg in legs)),
            ticker=record.legs[index].ticker,
            missing=missing,
            completion=completion,
        )

    def abandon(self, strategy: str) -> None:
        """Stop completing a strategy's baskets; what stands alone is unwound."""
        for record in self.in_flight(strategy):
            self._abandon(record)
            self._drive(record.basket_id)

    def orders_changed(self) -> None:
        """Go on where an order is over."""
        for name in list(self._flying):
            self._drive(name)

    def beat(self) -> None:
        """Go on where time has passed: retries, and windows that close."""
        self.orders_changed()

    def restore(self, records: Iterable[BasketRecord]) -> None:
        """Take records back after a restart, oldest first; nothing is sent before a beat."""
        for record in records:
            if record.stage.is_over:
                self._remember(record)
                continue
            record = self._adopt(record)
            # The exits get their time again: nobody tried while the engine was away.
            self._flying[record.basket_id] = msgspec.structs.replace(record, unwind_until_ns=0)
            self._bar(record)

    def _adopt(self, record: BasketRecord) -> BasketRecord:
        """Find orders that were made after the last record that reached the disk."""
        orders = self._state.orders.by_client_id
        while True:
            ids = [self._order_id(record, leg) for leg in range(len(record.legs))]
            found = next((leg for leg, name in enumerate(ids) if name in orders), None)
            if found is None:
                return record
            order = orders[ids[found]]
            wish = Wish(found, order.count, order.side is not record.legs[found].side)
            record = sent(record, wish, ids[found], order.created_ns)

    def _events(self, legs: Sequence[SignalLeg]) -> tuple[str, ...]:
        found: dict[str, None] = {}
        for leg in legs:
            live = self._state.markets.get(leg.ticker)
            found[leg.ticker if live is None else live.market.event_ticker or leg.ticker] = None
        return tuple(found)

    def _is_busy(self, event: str) -> bool:
        return any(event in record.events for record in self._flying.values())

    def _drive(self, name: str) -> None:
        """Take a basket as far as it goes now: at most one order leaves."""
        state = self._state
        if state.halted_why or not state.auto:
            # Also after a start that leaves AUTO off.
            self._abandon(self._flying[name])
        if not self._take_answer(self._flying[name]):
            return
        record = self._flying[name]
        if record.is_kept:
            self._keep(end(record, self._tallies(record), state.now_ns))
            return
        if not self._can_act():
            if record.unwind_until_ns:
                self._keep(msgspec.structs.replace(record, unwind_until_ns=0))
            return
        for _ in range(2 * len(record.legs) + 2):
            legs = self._tallies(self._flying[name])
            record, wishes = advance(self._flying[name], legs, state.now_ns)
            self._keep(record)
            if name not in self._flying or not self._try(record, legs, wishes):
                return

    def _take_answer(self, record: BasketRecord) -> bool:
        """Return whether nothing is under way any more for a basket."""
        if not record.waiting_for:
            return True
        order = self._state.orders.by_client_id.get(record.waiting_for)
        if order is not None and order.state.is_open:
            if order.state is OrderState.RESTING:
                # An order that may not rest was found resting.
                self._door.cancel_again(order)
            return False
        self._keep(settled(record, self._state.now_ns))
        return True

    def _can_act(self) -> bool:
        state = self._state
        return state.link is LinkState.LIVE and state.has_account and state.is_exchange_trading

    def _abandon(self, record: BasketRecord) -> None:
        """Buy no more; after a panic, and when LIVE was left, sell nothing either."""
        is_kept = record.is_kept or self._state.halted_why in _KEEPS_POSITIONS
        self._keep(msgspec.structs.replace(record, is_abandoned=True, is_kept=is_kept))

    def _try(self, record: BasketRecord, legs: Sequence[LegTally], wishes: Sequence[Wish]) -> bool:
        """Send the first wish that can be sent; return whether to look again at once."""
        for wish in wishes:
            if wish.is_unwind:
                order = unwinding_order(self._state, record, wish)
                if order is None or (
                    record.legs[wish.leg].unwinds and self._is_early(record, wish)
                ):
                    continue
                price, count = order
                return not self._send(record, msgspec.structs.replace(wish, count=count), price)
            if record.stage is Stage.COMPLETING and self._is_early(record, wish):
                return False
            limit = buying_price(self._state, record, legs, wish)
            if limit is not None:
                limit, is_refused = self._allowed(record, wish, limit)
                if is_refused and self._waits_for_fills(record, legs):
                    return False
                return not self._send(record, wish, limit)
            if record.stage is Stage.FILLING:
                self._keep(missed(record, self._state.now_ns))
                return True
            return False
        return False

    def _allowed(self, record: BasketRecord, wish: Wish, limit: Price) -> tuple[Price, bool]:
        """Return the limit that the gate allows for a buy, and whether it refuses any.

        The gate counts an order at its limit: at break-even it may seem to cost more than a
        leg may, though it fills at the price that was planned and allowed.
        """
        leg = record.legs[wish.leg]
        live = self._state.markets.get(leg.ticker)
        touch = None if live is None else touch_for(live, leg.side)
        prices = [limit]
        if touch is not None:
            planned = max(leg.limit, touch, key=lambda price: price * leg.side.sign)
            prices.append(min(limit, planned, key=lambda price: price * leg.side.sign))
        for price in prices:
            asked = SignalLeg(ticker=leg.ticker, side=leg.side, price=price, count=wish.count)
            if not gate_refuses(self._state, record.strategy, asked):
                return price, False
        return prices[-1], True

    def _waits_for_fills(self, record: BasketRecord, legs: Sequence[LegTally]) -> bool:
        """Whether the gate may let more pass once trades are booked.

        Until then they count at their limits with the worst fees.
        """
        is_young = self._state.now_ns - record.updated_ns < BOOKED_WITHIN_NS
        return is_young and not all(leg.is_booked for leg in legs)

    def _is_early(self, record: BasketRecord, wish: Wish) -> bool:
        """Whether a leg was tried just now, or its book has not changed since."""
        leg = record.legs[wish.leg]
        if not leg.tried_ns:
            return False
        live = self._state.markets.get(leg.ticker)
        is_same = live is None or live.book.updated_ns <= leg.tried_ns
        return is_same or self._state.now_ns - leg.tried_ns < RETRY_EVERY_NS

    def _send(self, record: BasketRecord, wish: Wish, price: Price) -> bool:
        """Journal what is about to be sent, then send it; return whether the gate let it pass."""
        state = self._state
        leg = record.legs[wish.leg]
        client_id = self._order_id(record, wish.leg)
        pending = Pending(self._command_id(record, wish.leg), Goal.PLACE, state.now_ns)
        record = sent(record, wish, client_id, state.now_ns)
        self._keep(record)
        self._door.submit(
            pending,
            ticker=leg.ticker,
            side=leg.side.opposite if wish.is_unwind else leg.side,
            price=price,
            count=wish.count,
            action=Action.SELL if wish.is_unwind else Action.BUY,
            outcome=outcome_of_side(leg.side),
            time_in_force=TimeInForce.IOC,
            reduce_only=wish.is_unwind,
            origin=record.strategy,
        )
        if pending.reasons:
            record = settled(record, state.now_ns)
            self._keep(msgspec.structs.replace(record, text=str(pending.reasons[0])))
        return not pending.reasons

    @staticmethod
    def _command_id(record: BasketRecord, leg: int) -> str:
        return f"basket-{record.basket_id}-{leg}-{record.attempt + 1}"

    def _order_id(self, record: BasketRecord, leg: int) -> str:
        """Return the client id that the door will give to the next order of a leg."""
        return str(uuid5(ORDER_IDS, f"{self._command_id(record, leg)}/0"))

    def _tallies(self, record: BasketRecord) -> tuple[LegTally, ...]:
        rules = {}
        for leg in record.legs:
            live = self._state.markets.get(leg.ticker)
            if live is not None and live.market.fee.is_known:
                rules[leg.ticker] = live.market.fee
        return tallies(record, self._state.orders, rules)

    def _keep(self, record: BasketRecord) -> None:
        """Journal a record that changed; one that is over leaves the desk, with a word."""
        if record == self._flying.get(record.basket_id):
            return
        self._flying[record.basket_id] = record
        self._bar(record)
        if record.stage.is_over:
            # Before the record: an end that is journaled but not told would never be told.
            self._tell(record)
        if record.attempt:
            self._outbox.do(KeepEntry(entry_of(record)))
        if record.stage.is_over:
            del self._flying[record.basket_id]
            self._remember(record)

    def _bar(self, record: BasketRecord) -> None:
        for event in record.events:
            until = max(self._barred.get(event, 0), record.barred_until_ns)
            if until:
                self._barred[event] = until

    def _remember(self, record: BasketRecord) -> None:
        self._bar(record)
        self._losses[record.strategy] += record.legging_loss
        outcome = outcome_of(record)
        if outcome is not None:
            self._outcomes[record.strategy].append(outcome)

    def _tell(self, record: BasketRecord) -> None:
        left = excess(record, [leg.held for leg in self._tallies(record)])
        level, title, text = words(record, left)
        kind = EventKind.RISK if level is Level.ERROR else EventKind.ORDER
        self._outbox.say(self._state.now_ns, kind, level, title, text, record.legs[0].ticker)
