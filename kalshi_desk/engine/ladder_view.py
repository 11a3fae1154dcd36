"""Builds the ladder of one market: every price row with sizes, my orders and close P&L."""

from __future__ import annotations

from kalshi_desk.core.types import NO_COUNT, BookSide, Price
from kalshi_desk.desk.frames import BookView, LadderRow
from kalshi_desk.engine.rows import fee_words, own_sizes, yes_average
from kalshi_desk.engine.state import CoreState
from kalshi_desk.market.live import LiveMarket
from kalshi_desk.portfolio.valuation import close_at

FULL_LADDER_ROWS = 200
HALF_WINDOW_ROWS = 60


def book_view(state: CoreState, live: LiveMarket) -> BookView:
    """Return the ladder: the whole grid where it is short, else a window and every level."""
    market, book = live.market, live.book
    position = state.positions.get(market.ticker)
    mine = own_sizes(state.orders.open_orders(market.ticker))
    own = state.own_sizes(market.ticker, position.count)
    rows = []
    for price in reversed(_prices(state, live)):
        my_bid, bid_ahead = mine.get((BookSide.BID, price), (NO_COUNT, None))
        my_ask, ask_ahead = mine.get((BookSide.ASK, price), (NO_COUNT, None))
        close = close_at(
            book,
            position.count,
            position.cost,
            price,
            market.fee,
            now_ns=state.now_ns,
            grid=state.fee_grid,
            own=own,
        )
        rows.append(
            LadderRow(
                price=price,
                bid=book.size(BookSide.BID, price),
                ask=book.size(BookSide.ASK, price),
                my_bid=my_bid,
                my_ask=my_ask,
                ahead=bid_ahead if my_bid else ask_ahead,
                close_pnl=close,
            )
        )
    return BookView(
        ticker=market.ticker,
        title=market.title,
        subtitle=market.subtitle,
        status=market.status,
        close_ns=market.close_ns,
        volume=live.volume,
        fee_text=fee_words(market.fee),
        shard=market.shard,
        step=market.grid.finest,
        best_bid=book.bid,
        best_ask=book.ask,
        last_price=live.last_price,
        position=position.count,
        average_price=yes_average(position),
        is_fresh=live.is_fresh,
        stale_reason=live.stale_reason,
        age_ms=max(0, state.now_ns - book.updated_ns) // 1_000_000 if book.updated_ns else 0,
        grid_inferred=market.grid.inferred,
        rows=tuple(rows),
    )


def _prices(state: CoreState, live: LiveMarket) -> list[Price]:
    """Return the rows' prices in rising order; levels off an inferred grid are kept too."""
    grid, book = live.market.grid, live.book
    every = grid.prices()
    levels = {price for side in BookSide for price, _ in book.levels(side)}
    if len(every) <= FULL_LADDER_ROWS:
        return sorted(levels.union(every))
    middle = live.middle() or Price(5_000)
    centre = min(range(len(every)), key=lambda index: abs(every[index] - middle))
    window = every[max(0, centre - HALF_WINDOW_ROWS) : centre + HALF_WINDOW_ROWS + 1]
    orders = {order.price for order in state.orders.open_orders(live.market.ticker)}
    near = {price for price in levels if window[0] <= price <= window[-1]}
    return sorted(near.union(window, orders))
