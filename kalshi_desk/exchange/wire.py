"""The exchange's records as the wire writes them: money and counts as strings."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from kalshi_desk.core.types import PRICE_SCALE
from kalshi_desk.exchange import grids, history
from kalshi_desk.exchange.amounts import (
    ZERO,
    cents,
    count_text,
    dollars,
    money4,
    money6,
    other_side,
    price_text,
)
from kalshi_desk.exchange.book import Book
from kalshi_desk.exchange.calendar import SECOND_NS, rfc3339
from kalshi_desk.exchange.records import (
    Account,
    Candle,
    Event,
    Fill,
    Market,
    Order,
    Position,
    Series,
    Settlement,
    Trade,
)
from kalshi_desk.exchange.rules import DEFAULT_RULES, Rules
from kalshi_desk.exchange.venue import Venue

Json = dict[str, Any]
MS_NS = 1_000_000


def outcome_side(is_bid: bool) -> str:
    """Return the outcome a book side buys."""
    return "yes" if is_bid else "no"


def book_side(is_bid: bool) -> str:
    """Return the name of a book side."""
    return "bid" if is_bid else "ask"


def plain_number(value: float) -> float:
    """Return whole numbers without a fraction, as the wire writes them."""
    return int(value) if value == int(value) else value


def quotes(market: Market, book: Book) -> tuple[str, str, str, str]:
    """Return YES bid, YES ask, NO bid and NO ask with the exchange's words for 'nobody'."""
    if not market.was_quoted:
        return "0.0000", "0.0000", "1.0000", "1.0000"
    bid = book.best_bid or 0
    ask = book.best_ask or PRICE_SCALE
    return (
        price_text(bid),
        price_text(ask),
        price_text(other_side(ask)),
        price_text(other_side(bid)),
    )


def index_json(rules: Rules, shard: int) -> Json:
    """Return the field that says which shard a thing lives on."""
    return {} if shard == 0 and rules.shard_zero_is_absent else {"exchange_index": shard}


def market_json(market: Market, book: Book, now_ns: int, rules: Rules = DEFAULT_RULES) -> Json:
    """Return a market object."""
    yes_bid, yes_ask, no_bid, no_ask = quotes(market, book)
    day_ago = now_ns - 86_400 * SECOND_NS
    found: Json = {
        "can_close_early": True,
        "close_time": rfc3339(market.close_ns),
        "created_time": rfc3339(market.created_ns),
        "early_close_condition": "This market will close and expire after the event occurs.",
        "event_ticker": market.event_ticker,
        **index_json(rules, market.shard),
        "expected_expiration_time": rfc3339(market.expected_ns),
        "expiration_time": rfc3339(market.latest_ns),
        "expiration_value": market.expiration_value,
        "last_price_dollars": price_text(market.last_price),
        "latest_expiration_time": rfc3339(market.latest_ns),
        "market_type": "binary",
        "no_ask_dollars": no_ask,
        "no_bid_dollars": no_bid,
        "no_sub_title": market.no_sub_title,
        "notional_value_dollars": "1.0000",
        "occurrence_datetime": rfc3339(market.close_ns),
        "open_interest_fp": count_text(market.open_interest),
        "open_time": rfc3339(market.open_ns),
        "previous_price_dollars": price_text(market.previous_price),
        "previous_yes_ask_dollars": price_text(market.previous_price),
        "previous_yes_bid_dollars": price_text(market.previous_price),
        "price_level_structure": market.structure,
        "price_ranges": grids.ranges(market.structure),
        "result": market.result,
        "rules_primary": market.rules_primary,
        "rules_secondary": "",
        "settlement_bounds_type": "default",
        "settlement_timer_seconds": market.settle_after_s,
        "status": market.status,
        "strike_type": market.strike_type or "custom",
        "ticker": market.ticker,
        "title": market.title,
        "updated_time": rfc3339(market.updated_ns),
        "volume_24h_fp": count_text(history.volume_since(market, day_ago)),
        "volume_fp": count_text(market.volume),
        "yes_ask_dollars": yes_ask,
        "yes_ask_size_fp": count_text(book.asks.size_at(book.best_ask)),
        "yes_bid_dollars": yes_bid,
        "yes_bid_size_fp": count_text(book.bids.size_at(book.best_bid)),
        "yes_sub_title": market.yes_sub_title,
    }
    if market.floor_strike is not None:
        found["floor_strike"] = plain_number(market.floor_strike)
    if market.cap_strike is not None:
        found["cap_strike"] = plain_number(market.cap_strike)
    if market.result:
        found["settlement_value_dollars"] = price_text(market.settlement_value)
    if market.waived_until_ns:
        found["fee_waiver_expiration_time"] = rfc3339(market.waived_until_ns)
    if market.settled_ns:
        found["settlement_ts"] = rfc3339(market.settled_ns)
    return found


def event_json(event: Event, series: Series, rules: Rules = DEFAULT_RULES) -> Json:
    """Return an event object without its markets."""
    found: Json = {
        "category": event.category,
        "collateral_return_type": event.collateral_return,
        "event_ticker": event.ticker,
        **index_json(rules, event.shard),
        "last_updated_ts": rfc3339(event.updated_ns),
        "mutually_exclusive": event.mutually_exclusive,
        "series_ticker": event.series_ticker,
        "settlement_sources": [{"name": series.source_name, "url": series.source_url}],
        "strike_date": rfc3339(event.strike_ns),
        "sub_title": event.sub_title,
        "title": event.title,
    }
    if event.fee_type:
        found["fee_type_override"] = event.fee_type
        if event.fee_multiplier is not None:
            found["fee_multiplier_override"] = plain_number(event.fee_multiplier)
    return found


def series_json(series: Series, rules: Rules = DEFAULT_RULES) -> Json:
    """Return a series object."""
    return {
        "additional_prohibitions": [],
        "categories": [series.category],
        "category": series.category,
        "contract_terms_url": "",
        "contract_url": "",
        **index_json(rules, series.shard),
        "fee_multiplier": plain_number(series.fee_multiplier),
        "fee_type": series.fee_type,
        "frequency": series.frequency,
        "settlement_sources": [{"name": series.source_name, "url": series.source_url}],
        "tags": series.tags,
        "ticker": series.ticker,
        "title": series.title,
    }


def book_json(book: Book, depth: int, rules: Rules = DEFAULT_RULES) -> Json:
    """Return both lists of bids, best last; ``depth`` 0 means all of them."""
    yes, no = book.yes_levels(), book.no_levels()
    if depth and rules.depth_keeps_best:
        yes, no = yes[-depth:], no[-depth:]
    elif depth:
        yes, no = yes[:depth], no[:depth]
    return {
        "no_dollars": [[price_text(price), count_text(size)] for price, size in no],
        "yes_dollars": [[price_text(price), count_text(size)] for price, size in yes],
    }


def trade_json(venue: Venue, ticker: str, trade: Trade) -> Json:
    """Return a public trade."""
    return {
        "count_fp": count_text(trade.count),
        "created_time": rfc3339(trade.ts_ns),
        "is_block_trade": False,
        "no_price_dollars": price_text(other_side(trade.price)),
        "taker_book_side": book_side(trade.taker_is_bid),
        "taker_outcome_side": outcome_side(trade.taker_is_bid),
        "taker_side": outcome_side(trade.taker_is_bid),
        "ticker": ticker,
        "trade_id": venue.trade_id(trade.number),
        "yes_price_dollars": price_text(trade.price),
    }


def order_json(venue: Venue, order: Order) -> Json:
    """Return an order object."""
    account = venue.ledger.accounts[order.owner]
    found: Json = {
        "action": "buy",
        "book_side": book_side(order.is_bid),
        "cancel_order_on_pause": order.cancel_on_pause,
        "client_order_id": order.client_id,
        "created_time": rfc3339(order.created_ns),
        **index_json(venue.rules, venue.shard_of(order.ticker)),
        "fill_count_fp": count_text(order.filled),
        "initial_count_fp": count_text(order.initial),
        "last_update_time": rfc3339(order.updated_ns),
        "maker_fees_dollars": money6(order.maker_fees),
        "maker_fill_cost_dollars": money6(order.maker_cost),
        "no_price_dollars": price_text(other_side(order.price)),
        "order_id": venue.order_id(order.number),
        "outcome_side": outcome_side(order.is_bid),
        "remaining_count_fp": count_text(order.remaining),
        "self_trade_prevention_type": order.self_trade,
        "side": outcome_side(order.is_bid),
        "status": order.status,
        "subaccount_number": account.subaccount,
        "taker_fees_dollars": money6(order.taker_fees),
        "taker_fill_cost_dollars": money6(order.taker_cost),
        "ticker": order.ticker,
        "type": "limit",
        "user_id": account.user_id,
        "yes_price_dollars": price_text(order.price),
    }
    if order.expires_ns:
        found["expiration_time"] = rfc3339(order.expires_ns)
    if order.group:
        found["order_group_id"] = venue.group_id(order.group)
    return found


def fill_json(venue: Venue, fill: Fill, account: Account) -> Json:
    """Return a fill object."""
    return {
        "action": "buy",
        "book_side": book_side(fill.is_bid),
        "count_fp": count_text(fill.count),
        "created_time": rfc3339(fill.ts_ns),
        **index_json(venue.rules, venue.shard_of(fill.ticker)),
        "fee_cost": money6(fill.fee),
        "fill_id": venue.trade_id(fill.trade),
        "is_taker": fill.is_taker,
        "market_ticker": fill.ticker,
        "no_price_dollars": price_text(other_side(fill.price)),
        "order_id": venue.order_id(fill.order),
        "outcome_side": outcome_side(fill.is_bid),
        "side": outcome_side(fill.is_bid),
        "subaccount_number": account.subaccount,
        "ticker": fill.ticker,
        "trade_id": venue.trade_id(fill.trade),
        "ts": fill.ts_ns // SECOND_NS,
        "yes_price_dollars": price_text(fill.price),
    }


def position_json(venue: Venue, position: Position) -> Json:
    """Return a market position."""
    return {
        **index_json(venue.rules, venue.shard_of(position.ticker)),
        "fees_paid_dollars": money6(position.fees),
        "last_updated_ts": rfc3339(position.updated_ns),
        "market_exposure_dollars": money6(position.cost),
        "position_fp": count_text(position.quantity),
        "realized_pnl_dollars": money6(realized(venue, position)),
        "ticker": position.ticker,
        "total_traded_dollars": money6(position.traded),
    }


def realized(venue: Venue, position: Position) -> Decimal:
    """Return realised profit in dollars, before or after fees as the rules say."""
    is_net = venue.rules.realized_is_net_of_fees
    return position.realized - position.fees if is_net else position.realized


def event_position_json(venue: Venue, event_ticker: str, positions: list[Position]) -> Json:
    """Return the sum of an event's market positions."""
    return {
        "event_exposure_dollars": money6(sum((p.cost for p in positions), ZERO)),
        "event_ticker": event_ticker,
        "fees_paid_dollars": money6(sum((p.fees for p in positions), ZERO)),
        "realized_pnl_dollars": money6(sum((realized(venue, p) for p in positions), ZERO)),
        "total_cost_dollars": money6(sum((p.opened_cost for p in positions), ZERO)),
        "total_cost_shares_fp": count_text(sum(p.opened_count for p in positions)),
    }


def settlement_json(venue: Venue, settlement: Settlement) -> Json:
    """Return a settlement."""
    return {
        "event_ticker": settlement.event_ticker,
        **index_json(venue.rules, venue.shard_of(settlement.ticker)),
        "fee_cost": money6(settlement.fees),
        "market_result": settlement.result,
        "no_count_fp": count_text(settlement.no_count),
        "no_total_cost_dollars": money6(settlement.no_cost),
        "revenue": cents(settlement.revenue),
        "settled_time": rfc3339(settlement.ts_ns),
        "ticker": settlement.ticker,
        "value": settlement.value // 100,
        "yes_count_fp": count_text(settlement.yes_count),
        "yes_total_cost_dollars": money6(settlement.yes_cost),
    }


def balance_json(venue: Venue, account: Account, now_ns: int, shard: int | None) -> Json:
    """Return cash and the value of open positions at the last prices, on one shard or on all."""
    cash = account.funds if shard is None else account.on_shard(shard)
    value = cash if venue.rules.portfolio_value_has_cash else ZERO
    for position in account.positions.values():
        is_here = shard in {None, venue.shard_of(position.ticker)}
        if position.quantity and is_here:
            last = venue.engine.markets[position.ticker].last_price
            unit = last if position.quantity > 0 else PRICE_SCALE - last
            value += dollars(unit, abs(position.quantity))
    shards = sorted({0, *account.purses})
    return {
        "balance": cents(cash),
        "balance_breakdown": [
            {"balance": money4(account.on_shard(number)), "exchange_index": number}
            for number in shards
        ],
        "balance_dollars": money4(cash),
        "portfolio_value": cents(value),
        "updated_ts": now_ns // SECOND_NS,
    }


def candle_json(candle: Candle, previous: int) -> Json:
    """Return a candlestick; traded prices are absent when nothing traded."""
    bid, ask, price = candle[1:5], candle[5:9], candle[9:13]
    found: Json = {
        "end_period_ts": candle[0],
        "open_interest_fp": count_text(candle[15]),
        "price": {},
        "volume_fp": count_text(candle[14]),
        "yes_ask": _ohlc(ask),
        "yes_bid": _ohlc(bid),
    }
    if candle[14]:
        mean = candle[13] // candle[14]
        found["price"] = {
            **_ohlc(price),
            "max_dollars": price_text(price[1]),
            "mean_dollars": price_text(mean),
            "min_dollars": price_text(price[2]),
        }
    if previous:
        found["price"]["previous_dollars"] = price_text(previous)
    return found


def old_candle_json(candle: Candle, previous: int) -> Json:
    """Return a candlestick as the historical tier writes it: bare names, nulls for no trade."""
    bid, ask, price = candle[1:5], candle[5:9], candle[9:13]
    traded = _bare(price) if candle[14] else dict.fromkeys(("open", "high", "low", "close"))
    return {
        "end_period_ts": candle[0],
        "open_interest": count_text(candle[15]),
        "price": {
            **traded,
            "mean": price_text(candle[13] // candle[14]) if candle[14] else None,
            "previous": price_text(previous) if previous else None,
        },
        "volume": count_text(candle[14]),
        "yes_ask": _bare(ask),
        "yes_bid": _bare(bid),
    }


def _bare(values: list[int]) -> Json:
    return {name.removesuffix("_dollars"): text for name, text in _ohlc(values).items()}


def _ohlc(values: list[int]) -> Json:
    return {
        "close_dollars": price_text(values[3]),
        "high_dollars": price_text(values[1]),
        "low_dollars": price_text(values[2]),
        "open_dollars": price_text(values[0]),
    }
