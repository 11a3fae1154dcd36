"""Turns the core's state into the rows that faces draw."""

from __future__ import annotations

from kalshi_desk.core.fees import FeeRule
from kalshi_desk.core.records import Fill
from kalshi_desk.core.types import (
    NO_MONEY,
    PRICE_ONE,
    Action,
    BookSide,
    Count,
    MarketStatus,
    Money,
    Outcome,
    Price,
    complement,
)
from kalshi_desk.desk.frames import (
    ChartMark,
    ChartView,
    FillRow,
    MarketRow,
    OrderRow,
    PositionRow,
    RiskState,
    StatusView,
)
from kalshi_desk.engine.state import CoreState
from kalshi_desk.execution.orders import ManagedOrder
from kalshi_desk.market.live import LiveMarket
from kalshi_desk.portfolio.positions import Position

CHART_SPAN_S = 3_600


def status_row(state: CoreState, engine_pid: int) -> StatusView:
    """Build the top line."""
    equity, cash = state.equity(), state.ledger.cash
    opening, usage = state.opening_equity, state.usage
    data_ns = state.markets.data_ns
    return StatusView(
        venue=state.settings.venue,
        link=state.link,
        waiting_for=state.waiting_for,
        exchange_text=state.exchange_text,
        now_ns=state.now_ns,
        equity=equity,
        cash=cash,
        day_pnl=None if equity is None or opening is None else Money(equity - opening),
        buying_power=None if cash is None else Money(max(0, cash - state.committed())),
        worst_case=None if cash is None else state.worst_case(),
        auto_on=state.auto,
        auto_running=sum(state.auto and one.is_trading for one in state.strategies.values()),
        auto_total=sum(one.is_on for one in state.strategies.values()),
        risk=_risk(state),
        risk_reason="; ".join(filter(None, (state.halted_why, state.reducing_why))),
        data_age_ms=state.settings.real_ms((state.now_ns - data_ns) / 1_000_000)
        if data_ns
        else None,
        message_age_ms=None if usage is None else state.settings.real_ms(usage.message_age_ms),
        write_tokens=None if usage is None else usage.write_left,
        write_capacity=None if usage is None else usage.write_capacity,
        open_orders=len(state.orders.open_orders()),
        unresolved=len(state.orders.unresolved()),
        engine_pid=engine_pid,
        replay=state.replay,
        drift=state.drift.findings,
        drift_checked_ns=state.drift.checked_ns,
        drift_problem=state.drift.problem,
    )


def _risk(state: CoreState) -> RiskState:
    if state.halted_why:
        return RiskState.HALTED
    return RiskState.REDUCING if state.reducing_why else RiskState.ACTIVE


def market_row(state: CoreState, live: LiveMarket) -> MarketRow:
    """Build one line of a market table."""
    market, book = live.market, live.book
    change = None
    if live.last_price is not None and market.previous_price:
        change = live.last_price - market.previous_price
    return MarketRow(
        ticker=market.ticker,
        event_ticker=market.event_ticker,
        title=market.title,
        subtitle=market.subtitle,
        category=market.category,
        status=market.status,
        yes_bid=book.bid,
        yes_ask=book.ask,
        yes_bid_size=book.bid_size,
        yes_ask_size=book.ask_size,
        last_price=live.last_price,
        change=change,
        volume=live.volume,
        close_ns=market.close_ns,
        is_fresh=live.is_fresh,
        is_starred=market.ticker in state.starred,
        position=state.positions.get(market.ticker).count,
    )


def position_row(state: CoreState, position: Position) -> PositionRow:
    """Build one line of the positions: what it cost and what leaving it would bring.

    A position is shown also before the exchange has described its market.
    """
    live = state.markets.get(position.ticker)
    found = state.exit_of(position)
    held = abs(position.count)
    return PositionRow(
        ticker=position.ticker,
        title=position.ticker if live is None else full_title(live),
        position=position.count,
        average_price=position.average_price,
        market_price=None if found is None else Price(round_div(found.value, held)),
        net_price=None if found is None else Price(round_div(found.net, held)),
        unrealized_pnl=None if found is None else Money(found.net - position.cost),
        realized_pnl=position.realized,
        fees=position.fees,
        worst_case=state.worst_case(ticker=position.ticker) if held else NO_MONEY,
        status=MarketStatus.UNKNOWN if live is None else live.market.status,
        close_ns=0 if live is None else live.market.close_ns,
        origin=position.origin,
        settles_ns=0 if live is None else live.market.expiration_ns or live.market.close_ns,
    )


def order_row(state: CoreState, order: ManagedOrder) -> OrderRow:
    """Build one line of the orders."""
    live = state.markets.get(order.ticker)
    return OrderRow(
        client_order_id=order.client_order_id,
        order_id=order.order_id,
        ticker=order.ticker,
        title=order.ticker if live is None else full_title(live),
        action=order.action,
        outcome=order.outcome,
        price=order.outcome_price,
        side=order.side,
        yes_price=order.price,
        count=order.count,
        filled=order.filled,
        remaining=order.remaining,
        state="canceling" if order.is_canceling else order.state.value,
        ahead=order.ahead,
        created_ns=order.created_ns,
        updated_ns=order.updated_ns,
        origin=order.origin,
        reason=order.reason,
    )


def fill_row(state: CoreState, fill: Fill) -> FillRow:
    """Build one line of the fills, in the words of the order it belongs to."""
    order = state.orders.known(fill.order_id)
    live = state.markets.get(fill.ticker)
    outcome = Outcome.YES if fill.side is BookSide.BID else Outcome.NO
    if order is not None:
        outcome = order.outcome
    return FillRow(
        trade_id=fill.trade_id,
        order_id=fill.order_id,
        client_order_id=fill.client_order_id,
        ticker=fill.ticker,
        title=fill.ticker if live is None else full_title(live),
        action=Action.BUY if order is None else order.action,
        outcome=outcome,
        price=fill.price if outcome is Outcome.YES else complement(fill.price),
        side=fill.side,
        yes_price=fill.price,
        count=fill.count,
        fee=fill.fee,
        is_taker=fill.is_taker,
        executed_ns=fill.executed_ns,
        origin="" if order is None else order.origin,
    )


def chart_view(state: CoreState, live: LiveMarket, fills: list[Fill]) -> ChartView:
    """Build the price line of the last hour with my fills on it."""
    start = state.now_ns - CHART_SPAN_S * 1_000_000_000
    return ChartView(
        ticker=live.market.ticker,
        span_s=CHART_SPAN_S,
        points=live.line.since(start),
        marks=tuple(
            ChartMark(fill.executed_ns, fill.price, fill.side)
            for fill in fills
            if fill.executed_ns >= start
        ),
    )


def full_title(live: LiveMarket) -> str:
    """Return the title of a market with what tells it apart from its siblings."""
    market = live.market
    return f"{market.title} · {market.subtitle}" if market.subtitle else market.title


def fee_words(rule: FeeRule) -> str:
    """Say in a few words who pays fees in a market."""
    if not rule.is_known:
        return f"unknown fee ({rule.fee_type})"
    if not rule.multiplier:
        return "no fee"
    both = "taker and maker fee" if rule.rate(is_taker=False) else "taker fee"
    times = rule.multiplier / 10_000
    return both if times == 1 else f"{both} ×{times:g}"


def round_div(total: int, count: int) -> int:
    """Divide to the nearest integer, halves up."""
    return (2 * total + count) // (2 * count)


def yes_average(position: Position) -> Price | None:
    """Return the average entry as a YES price."""
    average = position.average_price
    if average is None:
        return None
    return average if position.count > 0 else Price(PRICE_ONE - average)


def own_sizes(
    orders: list[ManagedOrder],
) -> dict[tuple[BookSide, Price], tuple[Count, Count | None]]:
    """Return what rests of mine by side and price, with the contracts ahead of the first."""
    found: dict[tuple[BookSide, Price], tuple[Count, Count | None]] = {}
    for order in orders:
        if not order.remaining:
            continue
        size, ahead = found.get((order.side, order.price), (Count(0), None))
        if order.ahead is not None:
            ahead = order.ahead if ahead is None else Count(min(ahead, order.ahead))
        found[order.side, order.price] = Count(size + order.remaining), ahead
    return found
