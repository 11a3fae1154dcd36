"""At which price a basket's next order may go out, on the books as they are now."""

from __future__ import annotations

from collections.abc import Sequence

from kalshi_desk.core.fees import order_fee
from kalshi_desk.core.records import Market
from kalshi_desk.core.strategy import SignalLeg
from kalshi_desk.core.types import (
    MONEY_SCALE,
    NO_COUNT,
    NO_MONEY,
    PRICE_ONE,
    PRICE_SCALE,
    BookSide,
    Count,
    Money,
    Outcome,
    Price,
    notional,
)
from kalshi_desk.engine.state import CoreState
from kalshi_desk.execution.baskets import (
    BasketRecord,
    LegTally,
    Wish,
    least_share,
    share_of,
)
from kalshi_desk.market.live import LiveMarket
from kalshi_desk.portfolio.positions import cost_price
from kalshi_desk.portfolio.valuation import walk
from kalshi_desk.quant.baskets import completion_price, least_fill_chance, unwind_loss
from kalshi_desk.quant.costs import fee_rate


def outcome_of_side(side: BookSide) -> Outcome:
    """Return what an order on this side of the YES book buys."""
    return Outcome.YES if side is BookSide.BID else Outcome.NO


def tradable(state: CoreState, ticker: str) -> LiveMarket | None:
    """Return a market whose book may be traded on and whose fee is known, else None."""
    live = state.markets.get(ticker)
    return live if live is not None and live.book.is_valid and live.market.fee.is_known else None


def touch_for(live: LiveMarket, side: BookSide) -> Price | None:
    """Return the best YES price that an order on ``side`` would meet; None when there is none."""
    return live.book.ask if side is BookSide.BID else live.book.bid


def buying_price(
    state: CoreState, record: BasketRecord, legs: Sequence[LegTally], wish: Wish
) -> Price | None:
    """Return the YES limit for buying ``wish.count`` more of a leg, None when nobody offers it.

    The first leg keeps its limit.  The others go up to the price at which the basket still
    breaks even, the legs after them at their own limits or, where that is worse, the touch;
    no further than the collar beyond the touch.
    """
    leg = record.legs[wish.leg]
    live = tradable(state, leg.ticker)
    touch = None if live is None else touch_for(live, leg.side)
    if live is None or touch is None:
        return None
    limit = leg.limit if wish.leg == 0 else break_even(state, record, legs, wish, live.market)
    if limit is None or (limit - touch) * leg.side.sign < 0:
        return None
    collared = Price(touch + leg.side.sign * state.settings.collar)
    if (limit - collared) * leg.side.sign > 0:
        grid = live.market.grid
        limit = grid.floor(collared) if leg.side is BookSide.BID else grid.ceil(collared)
    return limit


def break_even(
    state: CoreState,
    record: BasketRecord,
    legs: Sequence[LegTally],
    wish: Wish,
    market: Market,
) -> Price | None:
    """Return the YES limit at which finishing the basket with this leg still loses nothing."""
    side = record.legs[wish.leg].side
    held = [leg.held for leg in legs]
    share = least_share(record, held, wish.leg)
    spent = legs[wish.leg].paid - legs[wish.leg].proceeds
    for plan, leg in zip(record.legs[: wish.leg], legs[: wish.leg], strict=True):
        if leg.bought:
            spent += -(-leg.paid * share_of(plan.planned, share) // leg.bought)
    for index in range(wish.leg + 1, len(record.legs)):
        count = Count(share_of(record.legs[index].planned, share))
        spent += _cost_later(state, record, index, count)
    payout = Money(record.payout * share[0] // share[1])
    price = completion_price(
        payout, Money(spent), wish.count, market.fee, market.grid, grid=state.fee_grid
    )
    if price is None:
        return None
    # A sale of YES never goes below what the NO bought may cost.
    return price if side is BookSide.BID else market.grid.ceil(Price(PRICE_ONE - price))


def _cost_later(state: CoreState, record: BasketRecord, index: int, count: Count) -> Money:
    leg = record.legs[index]
    live = state.markets.get(leg.ticker)
    if live is None or not count:
        return NO_MONEY
    touch = touch_for(live, leg.side)
    worst = leg.limit
    if touch is not None and (touch - worst) * leg.side.sign > 0:
        worst = touch
    bought_at = cost_price(leg.side, worst)
    fee = order_fee(live.market.fee, bought_at, count, is_taker=True, grid=state.fee_grid)
    return Money(notional(bought_at, count) + fee)


def offered(state: CoreState, leg: SignalLeg) -> Count:
    """Return how many contracts of a leg are on offer at its limit or better."""
    live = tradable(state, leg.ticker)
    if live is None:
        return NO_COUNT
    return walk(live.book, leg.side, leg.count, live.market.fee, limit=leg.price).count


def unwinding_order(
    state: CoreState, record: BasketRecord, wish: Wish
) -> tuple[Price, Count] | None:
    """Return limit and count that would sell a leg again at the bid, within the collar.

    Never more than is held in that market; None when there is nothing to sell or to sell to.
    """
    leg = record.legs[wish.leg]
    live = tradable(state, leg.ticker)
    held = state.effective_position(leg.ticker) * leg.side.sign
    count = Count(min(wish.count, max(0, held)))
    side = leg.side.opposite
    touch = None if live is None else touch_for(live, side)
    if live is None or touch is None or not count:
        return None
    grid = live.market.grid
    limit = Price(touch + side.sign * state.settings.collar)
    limit = grid.floor(limit) if side is BookSide.BID else grid.ceil(limit)
    found = walk(live.book, side, count, live.market.fee, limit=limit)
    if found.limit is None:
        return None
    return found.limit, count


def unwinding_cost(state: CoreState, legs: Sequence[SignalLeg]) -> float:
    """Return the dollars lost if the last leg missed and all before it were sold at once."""
    total = 0.0
    for leg in legs[:-1]:
        live = tradable(state, leg.ticker)
        if live is None:
            continue
        back = touch_for(live, leg.side.opposite)
        bid = 0 if back is None else cost_price(leg.side, back)
        loss = unwind_loss(
            cost_price(leg.side, leg.price) / PRICE_SCALE,
            bid / PRICE_SCALE,
            fee_rate(live.market.fee, is_taker=True),
        )
        total += loss * leg.count / 100
    return total


def least_chance(state: CoreState, legs: Sequence[SignalLeg], guaranteed: Money) -> float:
    """Return the chance of completion above which starting a basket pays."""
    return least_fill_chance(guaranteed / MONEY_SCALE, unwinding_cost(state, legs))
