"""Baskets: several orders that only make sense together, as one durable state machine.

Legs go out one after the other, the scarcest first, each sized to what the ones before it
filled.  A leg that misses may still be completed for a while, then what stands alone is
unwound, and what can't be unwound stays as a residual position.  The machine knows orders
by their client ids and takes every number from the orders themselves, so that a record read
back after a crash goes on from what really happened.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum

import msgspec

from kalshi_desk.core.fees import FeeRule, worst_order_fee
from kalshi_desk.core.types import (
    NO_COUNT,
    NO_MONEY,
    PRICE_ONE,
    BookSide,
    Count,
    Money,
    Price,
)
from kalshi_desk.execution.orders import ManagedOrder, Orders

COMPLETE_FOR_NS = 30_000_000_000
UNWIND_FOR_NS = 10_000_000_000
BARRED_FOR_NS = 600_000_000_000
TRAILING = 100
"""How many of the newest baskets the completion rate looks at."""


class Stage(StrEnum):
    """Where a basket stands; the last four are its ends."""

    FILLING = "filling"
    COMPLETING = "completing"
    UNWINDING = "unwinding"
    COMPLETE = "complete"
    MISSED = "missed"
    UNWOUND = "unwound"
    RESIDUAL = "residual"

    @property
    def is_over(self) -> bool:
        """Whether nothing more will be sent."""
        return self in _ENDS


_ENDS = frozenset({Stage.COMPLETE, Stage.MISSED, Stage.UNWOUND, Stage.RESIDUAL})


class BasketLeg(msgspec.Struct, frozen=True, kw_only=True):
    """One leg: the side of the YES book it buys on, its limit there, and its orders so far.

    ``buys`` and ``unwinds`` are client order ids, oldest first; ``tried_ns`` is when the
    newest of them was made.
    """

    ticker: str
    side: BookSide
    limit: Price
    planned: Count
    buys: tuple[str, ...] = ()
    unwinds: tuple[str, ...] = ()
    tried_ns: int = 0


class BasketRecord(msgspec.Struct, frozen=True, kw_only=True):
    """All of a basket that must outlive the process.

    ``payout`` is the least that the whole basket pays, ``guaranteed`` what of it is profit
    as planned.  ``waiting_for`` is the client id of the one order under way, ``index`` the
    leg at work, ``failed_ns`` when a leg first missed.  One that is abandoned buys no more,
    one that is kept ends with whatever it holds.  ``legging_loss`` is what was lost
    on contracts bought and unwound, below 0 when they gained; ``locked`` is the certain
    profit of the part that stands.  Both are known at the end.
    """

    basket_id: str
    strategy: str
    events: tuple[str, ...]
    legs: tuple[BasketLeg, ...]
    payout: Money
    guaranteed: Money
    started_ns: int
    updated_ns: int
    stage: Stage = Stage.FILLING
    index: int = 0
    attempt: int = 0
    waiting_for: str = ""
    failed_ns: int = 0
    complete_until_ns: int = 0
    unwind_until_ns: int = 0
    is_abandoned: bool = False
    is_kept: bool = False
    legging_loss: Money = NO_MONEY
    locked: Money = NO_MONEY
    text: str = ""

    @property
    def barred_until_ns(self) -> int:
        """Until when its events take no other basket; 0 while no leg has failed."""
        return self.failed_ns + BARRED_FOR_NS if self.failed_ns else 0


class LegTally(msgspec.Struct, frozen=True):
    """What the orders of a leg did: contracts, and money with fees.

    What traded but is not booked yet counts at its limit with the worst fee.
    """

    bought: Count
    sold: Count
    paid: Money
    proceeds: Money
    is_booked: bool

    @property
    def held(self) -> Count:
        """Contracts that the basket still holds here; never below 0."""
        return Count(max(0, self.bought - self.sold))


class Wish(msgspec.Struct, frozen=True):
    """One order that the basket would send now, at a price that the caller finds."""

    leg: int
    count: Count
    is_unwind: bool = False


def tally(leg: BasketLeg, orders: Orders, rule: FeeRule) -> LegTally:
    """Add up a leg's orders; raises ``KeyError`` when unbooked trades have no fee formula."""
    buys = [orders.by_client_id[name] for name in leg.buys if name in orders.by_client_id]
    unwinds = [orders.by_client_id[name] for name in leg.unwinds if name in orders.by_client_id]
    paid = sum(_value(order, leg.side) + _fees(order, rule) for order in buys)
    proceeds = sum(_value(order, leg.side) - _fees(order, rule) for order in unwinds)
    return LegTally(
        Count(sum(max(order.filled, order.booked) for order in buys)),
        Count(sum(max(order.filled, order.booked) for order in unwinds)),
        Money(paid),
        Money(proceeds),
        all(order.booked >= order.filled for order in [*buys, *unwinds]),
    )


def _value(order: ManagedOrder, side: BookSide) -> int:
    """Return what an order's contracts were worth, at prices of the outcome that ``side`` buys."""
    open_part = max(0, order.filled - order.booked)
    turnover = order.turnover + order.price * open_part
    count = order.booked + open_part
    return turnover if side is BookSide.BID else PRICE_ONE * count - turnover


def _fees(order: ManagedOrder, rule: FeeRule) -> int:
    open_part = max(0, order.filled - order.booked)
    if not open_part:
        return order.fees
    return order.fees + worst_order_fee(rule, order.price, Count(open_part), is_taker=True)


def least_share(record: BasketRecord, held: Sequence[Count], legs: int) -> tuple[int, int]:
    """Return the share of the plan that the first ``legs`` legs all hold, as a fraction."""
    best = (int(held[0]), int(record.legs[0].planned))
    for leg, count in zip(record.legs[1:legs], held[1:legs], strict=True):
        if count * best[1] < best[0] * leg.planned:
            best = (int(count), int(leg.planned))
    return best


def share_of(count: int, share: tuple[int, int]) -> int:
    """Return a share of a count, rounded up to a whole unit."""
    return -(-count * share[0] // share[1])


def needed(record: BasketRecord, held: Sequence[Count], index: int) -> Count:
    """Return how many contracts leg ``index`` lacks to match the legs before it."""
    planned = record.legs[index].planned
    if index == 0:
        return Count(max(0, planned - held[0]))
    return Count(max(0, share_of(planned, least_share(record, held, index)) - held[index]))


def to_come(record: BasketRecord, legs: Sequence[LegTally]) -> tuple[Count, ...]:
    """Return the contracts of each leg that are still to be asked for, should all go well."""
    if record.is_abandoned or record.stage is Stage.UNWINDING or record.stage.is_over:
        return tuple(NO_COUNT for _ in legs)
    held = [leg.held for leg in legs]
    share = least_share(record, held, record.index) if record.index else (1, 1)
    first = record.index + bool(record.waiting_for)
    return tuple(
        Count(max(0, share_of(leg.planned, share) - count)) if index >= first else NO_COUNT
        for index, (leg, count) in enumerate(zip(record.legs, held, strict=True))
    )


def excess(record: BasketRecord, held: Sequence[Count]) -> tuple[Count, ...]:
    """Return what each leg holds beyond what all the others match."""
    share = least_share(record, held, len(record.legs))
    return tuple(
        Count(max(0, count - share_of(leg.planned, share)))
        for leg, count in zip(record.legs, held, strict=True)
    )


def advance(
    record: BasketRecord, legs: Sequence[LegTally], now_ns: int
) -> tuple[BasketRecord, tuple[Wish, ...]]:
    """Return where the basket stands at ``now_ns`` and what it would send, best first.

    Of several wishes at most one may be sent.  While an order is under way there are none.
    """
    held = [leg.held for leg in legs]
    while not record.waiting_for and not record.stage.is_over:
        if record.stage is Stage.UNWINDING:
            return _unwind(record, legs, held, now_ns)
        if record.is_abandoned or record.index == len(record.legs):
            record = _change(record, now_ns, stage=Stage.UNWINDING)
            continue
        missing = needed(record, held, record.index)
        has_tried = bool(record.legs[record.index].buys)
        if record.index == 0 and has_tried and not held[0]:
            record = _change(record, now_ns, stage=Stage.MISSED, failed_ns=now_ns)
        elif not missing or (record.index == 0 and has_tried):
            record = _change(record, now_ns, stage=Stage.FILLING, index=record.index + 1)
        elif record.stage is Stage.FILLING and has_tried:
            record = missed(record, now_ns)
        elif record.stage is Stage.COMPLETING and now_ns >= record.complete_until_ns:
            # The legs after a part may still be worth having for that part.
            is_part = bool(held[record.index])
            record = (
                _change(record, now_ns, stage=Stage.FILLING, index=record.index + 1)
                if is_part
                else _change(record, now_ns, stage=Stage.UNWINDING)
            )
        else:
            return record, (Wish(record.index, missing),)
    return record, ()


def _unwind(
    record: BasketRecord, legs: Sequence[LegTally], held: Sequence[Count], now_ns: int
) -> tuple[BasketRecord, tuple[Wish, ...]]:
    left = excess(record, held)
    if any(left):
        if not record.unwind_until_ns:
            record = _change(record, now_ns, unwind_until_ns=now_ns + UNWIND_FOR_NS)
        if now_ns < record.unwind_until_ns:
            wishes = [
                Wish(index, count, is_unwind=True) for index, count in enumerate(left) if count
            ]
            # The leg that has waited longest goes first, so that an empty book holds up no other.
            wishes.sort(key=lambda wish: (record.legs[wish.leg].tried_ns, wish.leg))
            return record, tuple(wishes)
    return end(record, legs, now_ns), ()


def end(record: BasketRecord, legs: Sequence[LegTally], now_ns: int) -> BasketRecord:
    """End a basket with what it holds, once every trade of it is booked; else as it was."""
    if not all(leg.is_booked for leg in legs):
        return record
    held = [leg.held for leg in legs]
    left = excess(record, held)
    share = least_share(record, held, len(record.legs))
    loss, spent = 0, 0
    for plan, leg in zip(record.legs, legs, strict=True):
        if leg.bought:
            loss += -(-leg.paid * leg.sold // leg.bought) - leg.proceeds
            spent += -(-leg.paid * share_of(plan.planned, share) // leg.bought)
    stage = Stage.COMPLETE
    if any(left):
        stage = Stage.RESIDUAL
    elif not any(leg.bought for leg in legs):
        stage = Stage.MISSED
    elif any(leg.sold for leg in legs):
        stage = Stage.UNWOUND
    return _change(
        record,
        now_ns,
        stage=stage,
        legging_loss=Money(loss),
        locked=Money(record.payout * share[0] // share[1] - spent),
    )


def missed(record: BasketRecord, now_ns: int) -> BasketRecord:
    """A leg did not fill in full: it may be completed for a while, counted from the first miss."""
    return _change(
        record,
        now_ns,
        stage=Stage.COMPLETING,
        failed_ns=record.failed_ns or now_ns,
        complete_until_ns=record.complete_until_ns or now_ns + COMPLETE_FOR_NS,
    )


def sent(record: BasketRecord, wish: Wish, client_order_id: str, now_ns: int) -> BasketRecord:
    """Return the record that must be durable before the order goes out."""
    legs = list(record.legs)
    leg = legs[wish.leg]
    if wish.is_unwind:
        unwinds = (*leg.unwinds, client_order_id)
        legs[wish.leg] = msgspec.structs.replace(leg, unwinds=unwinds, tried_ns=now_ns)
    else:
        buys = (*leg.buys, client_order_id)
        legs[wish.leg] = msgspec.structs.replace(leg, buys=buys, tried_ns=now_ns)
    return _change(
        record,
        now_ns,
        legs=tuple(legs),
        waiting_for=client_order_id,
        attempt=record.attempt + 1,
    )


def settled(record: BasketRecord, now_ns: int) -> BasketRecord:
    """The order under way is over, or was never sent; its number of attempt is used up."""
    return _change(record, now_ns, waiting_for="")


def _change(record: BasketRecord, now_ns: int, **changes: object) -> BasketRecord:
    return msgspec.structs.replace(record, updated_ns=now_ns, **changes)


def completion_rate(outcomes: Sequence[bool]) -> float:
    """Return the trailing chance that a basket once begun is completed; 0.5 before the first.

    Laplace's rule of succession over the newest ``TRAILING`` outcomes.
    """
    newest = outcomes[-TRAILING:]
    return (sum(newest) + 1) / (len(newest) + 2)


def outcome_of(record: BasketRecord) -> bool | None:
    """Return whether an ended basket was completed; None where it says nothing about that."""
    if record.stage is Stage.COMPLETE:
        return True
    if record.stage in (Stage.UNWOUND, Stage.RESIDUAL) and not record.is_abandoned:
        return False
    return None


def tallies(
    record: BasketRecord, orders: Orders, rules: Mapping[str, FeeRule]
) -> tuple[LegTally, ...]:
    """Add up all legs; a market without a rule counts as charged by the usual one."""
    return tuple(tally(leg, orders, rules.get(leg.ticker, FeeRule())) for leg in record.legs)
