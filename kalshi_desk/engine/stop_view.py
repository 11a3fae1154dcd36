"""What stops see of the desk: executable prices of the held side, and what already sells."""

from __future__ import annotations

from kalshi_desk.core.stops import StopRecord
from kalshi_desk.core.types import PRICE_ONE, BookSide, Count, Price
from kalshi_desk.engine.state import CoreState
from kalshi_desk.market.live import LiveMarket
from kalshi_desk.risk.stops import ExitFate, StopView

STOP_ORIGIN = "stop"


def stop_view(state: CoreState, record: StopRecord) -> StopView:
    """Show a stop what it may look at."""
    position = state.effective_position(record.ticker)
    bid, ask = held_quote(state, record.ticker, record.side)
    orders = state.orders.open_orders(record.ticker)
    claimed = state.resting_reducing(record.ticker, position) if orders else 0
    exit_order = state.orders.by_client_id.get(record.exit_id)
    return StopView(
        now_ns=state.now_ns,
        position=position,
        is_known=state.has_account,
        cannot_send=_cannot_send(state, record.ticker),
        bid=bid,
        ask=ask,
        free=Count(max(0, abs(position) - claimed)),
        is_obstructed=any(order.origin != STOP_ORIGIN for order in orders),
        is_selling=any(order.origin == STOP_ORIGIN for order in orders),
        exit=None
        if exit_order is None
        else ExitFate(exit_order.state.is_open, exit_order.filled, exit_order.reason),
    )


def held_quote(state: CoreState, ticker: str, side: BookSide) -> tuple[Price | None, Price | None]:
    """Return bid and ask of the held side: what a sale brings now, and its other side.

    Our own resting orders are no price that we could sell at.  Both are None while the
    book may not be traded on.
    """
    live = state.markets.get(ticker)
    if live is None or not live.book.is_valid:
        return None, None
    book = live.book
    touch = book.bid if side is BookSide.BID else book.ask
    if touch is not None and state.orders.open_orders(ticker):
        touch = _without_own(state, live, side)
    if side is BookSide.BID:
        return touch, book.ask
    return _other(touch), _other(book.bid)


def _without_own(state: CoreState, live: LiveMarket, side: BookSide) -> Price | None:
    own = state.own_sizes(live.market.ticker, Count(side.sign))
    levels = live.book.levels(side)
    return next((price for price, size in levels if size > own.get(price, 0)), None)


def _other(price: Price | None) -> Price | None:
    return None if price is None else Price(PRICE_ONE - price)


def _cannot_send(state: CoreState, ticker: str) -> str:
    """Say why no exit could be sent now, whatever its price; empty when one could."""
    reason = state.cannot_send()
    if reason is not None:
        return reason.text
    live = state.markets.get(ticker)
    if live is None:
        return f"the exchange does not list {ticker}."
    return "" if live.book.is_valid else f"{live.stale_reason}."
