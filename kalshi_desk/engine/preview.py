"""What an order would do now: the answer to every question of the ticket."""

from __future__ import annotations

from kalshi_desk.core.errors import Refuse
from kalshi_desk.core.fees import fill_fee, trade_fee, worst_order_fee
from kalshi_desk.core.reasons import Reason, ReasonCode
from kalshi_desk.core.records import OrderIntent, to_book
from kalshi_desk.core.types import (
    NO_COUNT,
    NO_MONEY,
    PRICE_ONE,
    Action,
    BookSide,
    Count,
    Money,
    Price,
    TimeInForce,
)
from kalshi_desk.desk.automation import PreviewStop
from kalshi_desk.desk.commands import (
    AskRules,
    Preview,
    PreviewOrder,
    Query,
    QueryFailed,
    Reply,
    RulesText,
)
from kalshi_desk.engine.door import nothing_to_sell
from kalshi_desk.engine.rows import full_title, round_div
from kalshi_desk.engine.state import CoreState
from kalshi_desk.engine.stop_plan import preview_stop
from kalshi_desk.market.live import LiveMarket
from kalshi_desk.portfolio.valuation import Walk, walk
from kalshi_desk.risk.exposure import Stake, worst_case
from kalshi_desk.risk.gate import examine
from kalshi_desk.risk.sizing import read_size


def reply_to(state: CoreState, query: Query) -> Reply:
    """Answer a query from the state as it is; nothing changes."""
    if not isinstance(query, PreviewOrder | AskRules | PreviewStop):
        return _failed(ReasonCode.BAD_COMMAND, "This engine can't answer that.")
    live = state.markets.get(query.ticker)
    if live is None:
        return _failed(ReasonCode.UNKNOWN_MARKET, f"There is no market {query.ticker}.")
    if isinstance(query, AskRules):
        return RulesText(
            ticker=query.ticker,
            title=full_title(live),
            text=live.market.rules or "The exchange gives no rules text for this market.",
        )
    if isinstance(query, PreviewStop):
        return _preview_stop(state, query)
    if not state.settings.can_trade:
        return _failed(ReasonCode.READ_ONLY_VENUE, state.settings.read_only_why)
    if not live.market.fee.is_known:
        return _failed(
            ReasonCode.NO_FEE_RULE,
            f"The fee type {live.market.fee.fee_type!r} has no published formula.",
        )
    if not 0 < query.price < PRICE_ONE:
        return _failed(ReasonCode.OFF_GRID, "The price must lie between 0 and 100 cents.")
    try:
        return _preview(state, live, query)
    except Refuse as refusal:
        return _failed(ReasonCode.BAD_SIZE, str(refusal))


def _preview_stop(state: CoreState, query: PreviewStop) -> Reply:
    try:
        return preview_stop(state, query.ticker, query.kind, query.amount)
    except Refuse as refusal:
        return _failed(ReasonCode(refusal.code), str(refusal))


def _failed(code: ReasonCode, text: str) -> QueryFailed:
    return QueryFailed(reasons=(Reason(code, text),))


def _preview(state: CoreState, live: LiveMarket, query: PreviewOrder) -> Preview:
    market = live.market
    side, price = to_book(query.outcome, buys=query.action is Action.BUY, price=query.price)
    unit_fee = Money(
        trade_fee(market.fee, price, Count(10_000), is_taker=True, now_ns=state.now_ns) // 100
    )
    count = read_size(query.size, query.price, unit_fee, state.equity())
    now = _walk(state, live, side, count, price)
    rests = Count(count - now.count)
    if query.time_in_force is not TimeInForce.GTC:
        rests = NO_COUNT
    fee_rest = _rest_fee(state, live, price, rests, is_taker=False)
    fee_worst = worst_order_fee(market.fee, price, count, is_taker=True, now_ns=state.now_ns)
    done = Count(now.count + rests)
    paid = Money(_side_value(side, now.notional, now.count) + _unit(side, price) * rests)
    fees = Money(now.fee + fee_rest)
    held = state.positions.get(market.ticker)
    after = Count(held.count + side.sign * done)
    loss, win = Money(paid + fees), Money(PRICE_ONE * done - paid - fees)
    if query.action is Action.SELL and held.count:
        gain = win - held.cost * min(done, abs(held.count)) // abs(held.count)
        loss, win = Money(max(0, -gain)), Money(max(0, gain))
    intent = OrderIntent(
        client_order_id="preview",
        ticker=market.ticker,
        side=side,
        price=price,
        count=count,
        time_in_force=query.time_in_force,
        post_only=query.post_only,
        created_ns=state.now_ns,
    )
    return Preview(
        count=count,
        fills_now=now.count,
        average_now=_outcome_average(query, now),
        rests=rests,
        fee_now=now.fee,
        fee_worst=max(fee_worst, fees),
        max_loss=loss,
        max_win=win,
        break_even=_break_even(query, Money(paid + fees), done),
        position_after=after,
        worst_after=_after(state, live, side, done, Money(paid + fees), event=False),
        event_worst_after=_after(state, live, side, done, Money(paid + fees), event=True),
        shard=market.shard,
        cash=state.ledger.on_shard(market.shard) or NO_MONEY,
        refusals=(
            _unsold(state, query, count)
            + examine(intent, state.gate_view(market.ticker))
            + _post_only(query, now)
        ),
        notes=_notes(query, now, count, live),
    )


def _break_even(query: PreviewOrder, spent: Money, count: Count) -> Price | None:
    """Return the probability at which a purchase earns nothing; a sale has none."""
    if query.action is Action.SELL or not count:
        return None
    return Price(min(PRICE_ONE, round_div(spent, count)))


def _unsold(state: CoreState, query: PreviewOrder, count: Count) -> tuple[Reason, ...]:
    if query.action is not Action.SELL:
        return ()
    return nothing_to_sell(state, query.ticker, query.outcome, count)


def _walk(state: CoreState, live: LiveMarket, side: BookSide, count: Count, price: Price) -> Walk:
    """Walk the depth with the account's rounding; the worse one until a fill shows which."""
    return walk(
        live.book,
        side,
        count if live.book.is_valid else NO_COUNT,
        live.market.fee,
        limit=price,
        now_ns=state.now_ns,
        grid=state.fee_grid,
    )


def _rest_fee(
    state: CoreState, live: LiveMarket, price: Price, rests: Count, *, is_taker: bool
) -> Money:
    if not rests:
        return NO_MONEY
    grid = state.fee_grid
    fee = trade_fee(
        live.market.fee, price, rests, is_taker=is_taker, now_ns=state.now_ns, step=grid.fee_step
    )
    return fill_fee(fee, Money(-price * rests), grid=grid).net if fee else NO_MONEY


def _unit(side: BookSide, price: Price) -> int:
    return price if side is BookSide.BID else PRICE_ONE - price


def _side_value(side: BookSide, notional: Money, count: Count) -> int:
    return notional if side is BookSide.BID else PRICE_ONE * count - notional


def _outcome_average(query: PreviewOrder, now: Walk) -> Price | None:
    average = now.average
    if average is None or query.outcome.value == "yes":
        return average
    return Price(PRICE_ONE - average)


def _after(
    state: CoreState, live: LiveMarket, side: BookSide, count: Count, cost: Money, *, event: bool
) -> Money:
    """Return the worst settlement with this trade done, in its market or its event."""
    ticker, group = live.market.ticker, live.market.event_ticker or live.market.ticker
    exposed = state.exposed(event=group) if event else state.exposed(ticker=ticker)
    known = state.markets.events.get(live.market.event_ticker)
    excludes = live.market.mutually_exclusive or bool(known and known.mutually_exclusive)
    trade = Stake(ticker, group, excludes, Count(side.sign * count), cost)
    return worst_case([*exposed, trade]) if count else worst_case(exposed)


def _post_only(query: PreviewOrder, now: Walk) -> tuple[Reason, ...]:
    if not query.post_only or not now.count:
        return ()
    return (Reason(ReasonCode.EXCHANGE, "Post-only, but part of it would trade at once."),)


def _notes(query: PreviewOrder, now: Walk, count: Count, live: LiveMarket) -> tuple[str, ...]:
    notes = []
    if not live.book.is_valid:
        notes.append(f"The book is not current: {live.stale_reason}.")
    if query.time_in_force is not TimeInForce.GTC and now.count < count:
        notes.append("What does not trade at once is canceled.")
    return tuple(notes)
