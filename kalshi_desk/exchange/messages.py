"""The bodies of stream messages, made once for each thing that happened."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import msgspec

from kalshi_desk.core.types import PRICE_SCALE
from kalshi_desk.exchange import grids
from kalshi_desk.exchange.amounts import ZERO, count_text, money6, other_side, price_text
from kalshi_desk.exchange.calendar import SECOND_NS, rfc3339
from kalshi_desk.exchange.notices import (
    EventListed,
    FeesChanged,
    Filled,
    GroupChanged,
    LevelChanged,
    LifecycleChanged,
    OrderChanged,
    PositionChanged,
    Traded,
)
from kalshi_desk.exchange.records import Market
from kalshi_desk.exchange.venue import Venue
from kalshi_desk.exchange.wire import MS_NS, book_side, outcome_side, plain_number

_encode = msgspec.json.encode


def delta_body(venue: Venue, notice: LevelChanged, *, use_yes_price: bool, is_own: bool) -> bytes:
    """Return one signed change of a level."""
    price = notice.price
    if not notice.is_bid and not use_yes_price:
        price = other_side(price)
    # By far the most frequent message: written by hand, with only what may need escaping encoded.
    whose = ""
    if is_own:
        if notice.client_id:
            whose = f',"client_order_id":{_encode(notice.client_id).decode()}'
        whose += f',"subaccount":{venue.ledger.accounts[notice.owner].subaccount}'
    return (
        f'{_named(venue.engine.markets[notice.ticker])},"clock":{notice.clock}'
        f',"price_dollars":"{price_text(price)}","delta_fp":"{count_text(notice.delta)}"'
        f',"side":"{outcome_side(notice.is_bid)}"{whose}{_stamped(notice.ts_ns)}}}'
    ).encode()


def _named(market: Market) -> str:
    """Return the beginning of a message about a market."""
    return _opening(market.ticker, market.market_id)


@lru_cache(maxsize=8_192)
def _opening(ticker: str, market_id: str) -> str:
    return _encode({"market_ticker": ticker, "market_id": market_id}).decode()[:-1]


@lru_cache(maxsize=8)
def _stamped(ts_ns: int) -> str:
    """Return the time fields, which all messages of a step share."""
    return f',"ts":"{rfc3339(ts_ns)}","ts_ms":{ts_ns // MS_NS}'


def snapshot_body(venue: Venue, market: Market, *, use_yes_price: bool) -> bytes:
    """Return a whole book; the key of an empty side is absent."""
    book = venue.engine.books[market.ticker]
    body: dict[str, Any] = {
        "market_ticker": market.ticker,
        "market_id": market.market_id,
        "clock": market.clock,
    }
    yes = book.yes_levels()
    no = book.no_levels()
    if use_yes_price:
        no = [(PRICE_SCALE - price, size) for price, size in no]
    if yes:
        body["yes_dollars_fp"] = [[price_text(price), count_text(size)] for price, size in yes]
    if no:
        body["no_dollars_fp"] = [[price_text(price), count_text(size)] for price, size in no]
    return _encode(body)


def ticker_body(venue: Venue, market: Market, now_ns: int) -> bytes:
    """Return the top of a book with the market's figures."""
    book = venue.engine.books[market.ticker]
    bid = book.best_bid or 0
    ask = book.best_ask or (PRICE_SCALE if market.was_quoted else 0)
    return _encode(
        {
            "market_id": market.market_id,
            "market_ticker": market.ticker,
            "price_dollars": price_text(market.last_price),
            "yes_bid_dollars": price_text(bid),
            "yes_ask_dollars": price_text(ask),
            "volume_fp": count_text(market.volume),
            "open_interest_fp": count_text(market.open_interest),
            "dollar_volume": int(market.dollar_volume),
            "dollar_open_interest": market.open_interest * market.last_price // 1_000_000,
            "yes_bid_size_fp": count_text(book.bids.size_at(book.best_bid)),
            "yes_ask_size_fp": count_text(book.asks.size_at(book.best_ask)),
            "last_trade_size_fp": count_text(market.last_size),
            "ts": now_ns // SECOND_NS,
            "ts_ms": now_ns // MS_NS,
            "time": rfc3339(now_ns),
        }
    )


def trade_body(venue: Venue, notice: Traded) -> bytes:
    """Return a public print."""
    trade = notice.trade
    side = outcome_side(trade.taker_is_bid)
    return _encode(
        {
            "trade_id": venue.trade_id(trade.number),
            "market_ticker": notice.ticker,
            "yes_price_dollars": price_text(trade.price),
            "no_price_dollars": price_text(other_side(trade.price)),
            "count_fp": count_text(trade.count),
            "taker_side": side,
            "taker_outcome_side": side,
            "taker_book_side": book_side(trade.taker_is_bid),
            "is_block_trade": False,
            "ts": trade.ts_ns // SECOND_NS,
            "ts_ms": trade.ts_ns // MS_NS,
        }
    )


def fill_body(venue: Venue, notice: Filled) -> bytes:
    """Return one side of a trade for its owner."""
    fill = notice.fill
    side = outcome_side(fill.is_bid)
    body: dict[str, Any] = {
        "trade_id": venue.trade_id(fill.trade),
        "order_id": venue.order_id(fill.order),
        "market_ticker": fill.ticker,
        "exchange_index": venue.shard_of(fill.ticker),
        "is_taker": fill.is_taker,
        "side": side,
        "yes_price_dollars": price_text(fill.price),
        "count_fp": count_text(fill.count),
        "fee_cost": money6(fill.fee),
        "action": "buy",
        "ts": fill.ts_ns // SECOND_NS,
        "ts_ms": fill.ts_ns // MS_NS,
        "post_position_fp": count_text(notice.position),
        "purchased_side": side,
        "outcome_side": side,
        "book_side": book_side(fill.is_bid),
        "subaccount": venue.ledger.accounts[notice.owner].subaccount,
    }
    if notice.client_id:
        body["client_order_id"] = notice.client_id
    return _encode(body)


def order_body(venue: Venue, notice: OrderChanged) -> bytes:
    """Return an order's full state after a change."""
    order = notice.order
    body: dict[str, Any] = {
        "order_id": venue.order_id(order.number),
        "user_id": venue.ledger.accounts[order.owner].user_id,
        "ticker": order.ticker,
        "exchange_index": venue.shard_of(order.ticker),
        "status": order.status,
        "side": outcome_side(order.is_bid),
        "is_yes": order.is_bid,
        "outcome_side": outcome_side(order.is_bid),
        "book_side": book_side(order.is_bid),
        "yes_price_dollars": price_text(order.price),
        "fill_count_fp": count_text(order.filled),
        "remaining_count_fp": count_text(order.remaining),
        "initial_count_fp": count_text(order.initial),
        "taker_fill_cost_dollars": money6(order.taker_cost),
        "maker_fill_cost_dollars": money6(order.maker_cost),
        "taker_fees_dollars": money6(order.taker_fees),
        "maker_fees_dollars": money6(order.maker_fees),
        "client_order_id": order.client_id,
        "self_trade_prevention_type": order.self_trade,
        "created_time": rfc3339(order.created_ns),
        "last_update_time": rfc3339(order.updated_ns),
        "created_ts_ms": order.created_ns // MS_NS,
        "last_updated_ts_ms": order.updated_ns // MS_NS,
        "subaccount_number": venue.ledger.accounts[order.owner].subaccount,
    }
    if order.group:
        body["order_group_id"] = venue.group_id(order.group)
    if order.expires_ns:
        body["expiration_time"] = rfc3339(order.expires_ns)
        body["expiration_ts_ms"] = order.expires_ns // MS_NS
    if notice.reason:
        body["last_update_reason"] = notice.reason
    return _encode(body)


def position_body(venue: Venue, notice: PositionChanged) -> bytes:
    """Return a position after a change."""
    return _encode(
        {
            "user_id": venue.ledger.accounts[notice.owner].user_id,
            "market_ticker": notice.ticker,
            "position_fp": count_text(notice.quantity),
            "position_cost_dollars": money6(notice.cost),
            "realized_pnl_dollars": money6(notice.realized),
            "fees_paid_dollars": money6(notice.fees),
            "position_fee_cost_dollars": money6(notice.fees if notice.quantity else ZERO),
            "volume_fp": count_text(notice.volume),
            "subaccount": venue.ledger.accounts[notice.owner].subaccount,
        }
    )


def lifecycle_body(venue: Venue, notice: LifecycleChanged) -> bytes:
    """Return a change in a market's life."""
    market = venue.engine.markets[notice.ticker]
    body: dict[str, Any] = {
        "market_ticker": market.ticker,
        "event_type": notice.kind,
    }
    match notice.kind:
        case "created":
            body["exchange_index"] = market.shard
            body.update(_created(market))
        case "deactivated":
            body["is_deactivated"] = True
        case "activated":
            body["is_deactivated"] = False
        case "close_date_updated":
            body["close_ts"] = market.close_ns // SECOND_NS
        case "determined":
            body["result"] = market.result
            body["settlement_value"] = price_text(market.settlement_value)
            body["determination_ts"] = market.determined_ns // SECOND_NS
        case "price_level_structure_updated":
            body["price_level_structure"] = market.structure
            body["price_ranges"] = grids.ranges(market.structure)
        case _:
            body["settled_ts"] = market.settled_ns // SECOND_NS
    return _encode(body)


def _created(market: Market) -> dict[str, Any]:
    details: dict[str, Any] = {
        "name": market.title,
        "title": market.title,
        "yes_sub_title": market.yes_sub_title,
        "no_sub_title": market.no_sub_title,
        "rules_primary": market.rules_primary,
        "rules_secondary": "",
        "can_close_early": True,
        "event_ticker": market.event_ticker,
        "expected_expiration_ts": market.expected_ns // SECOND_NS,
        "strike_type": market.strike_type or "custom",
    }
    if market.floor_strike is not None:
        details["floor_strike"] = plain_number(market.floor_strike)
    if market.cap_strike is not None:
        details["cap_strike"] = plain_number(market.cap_strike)
    return {
        "open_ts": market.open_ns // SECOND_NS,
        "close_ts": market.close_ns // SECOND_NS,
        "additional_metadata": details,
        "price_level_structure": market.structure,
        "price_ranges": grids.ranges(market.structure),
    }


def event_body(venue: Venue, notice: EventListed) -> bytes:
    """Return a new event."""
    event = venue.events[notice.event_ticker]
    return _encode(
        {
            "event_ticker": event.ticker,
            "exchange_index": event.shard,
            "title": event.title,
            "subtitle": event.sub_title,
            "collateral_return_type": event.collateral_return,
            "series_ticker": event.series_ticker,
            "strike_date": event.strike_ns // SECOND_NS,
        }
    )


def standing(venue: Venue, owner: int, channel: str) -> list[tuple[str, bytes]]:
    """Return what a private channel begins with where it has snapshots: kind and body."""
    family = venue.ledger.family(owner)
    if channel == "user_orders":
        return [
            ("user_order", order_body(venue, OrderChanged(account.number, order, "")))
            for account in family
            for order in venue.engine.open_orders[account.number].values()
        ]
    if channel != "market_positions":
        return []
    return [
        (
            "market_position",
            position_body(
                venue,
                PositionChanged(
                    account.number,
                    held.ticker,
                    held.quantity,
                    held.cost,
                    held.realized,
                    held.fees,
                    held.volume,
                ),
            ),
        )
        for account in family
        for held in account.positions.values()
        if held.quantity
    ]


def fees_body(venue: Venue, notice: FeesChanged) -> bytes:
    """Return an event's own fees; both are null when its series' hold again."""
    event = venue.events[notice.event_ticker]
    return _encode(
        {
            "event_ticker": event.ticker,
            "fee_type_override": event.fee_type or None,
            "fee_multiplier_override": event.fee_multiplier,
        }
    )


def group_body(venue: Venue, notice: GroupChanged) -> bytes:
    """Return a change of an order group."""
    body: dict[str, Any] = {
        "event_type": notice.kind,
        "order_group_id": venue.group_id(notice.number),
        "ts_ms": notice.ts_ns // MS_NS,
    }
    if notice.limit is not None:
        body["contracts_limit_fp"] = count_text(notice.limit)
    return _encode(body)
