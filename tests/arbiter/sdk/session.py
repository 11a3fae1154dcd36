"""What a member does in one day, by way of an SDK: every served operation is called."""

from __future__ import annotations

import asyncio
import json
import time
import urllib.request
import uuid
from typing import Any

from face import Face

_HOUR_S = 3_600
_DAY_S = 24 * _HOUR_S


class Session:
    """A member with an SDK, and the administrator's surface to let things happen."""

    def __init__(self, face: Face, admin: str) -> None:
        self.face = face
        self.call = face.call
        self.model = face.model
        self._admin = admin
        self.market: Any = None
        self.ticker = ""

    def admin(self, name: str, **fields: Any) -> Any:
        """Use the administrator's surface, on loopback."""
        data = json.dumps(fields).encode() if fields else None
        request = urllib.request.Request(f"{self._admin}/{name}", data=data)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def order(self, side: str, price: str, count: str, **extra: Any) -> Any:
        """Return a create request."""
        fields: dict[str, Any] = {
            "ticker": self.ticker,
            "side": side,
            "price": price,
            "count": count,
            "time_in_force": "good_till_canceled",
            "self_trade_prevention_type": "taker_at_cross",
            "client_order_id": str(uuid.uuid4()),
            **extra,
        }
        return self.model("CreateOrderV2Request", **fields)

    async def place(self, side: str, price: str, count: str, **extra: Any) -> Any:
        """Create an order."""
        request = self.order(side, price, count, **extra)
        return await self.call("create_order_v2", create_order_v2_request=request)


async def whole_day(session: Session) -> None:
    """Do everything, in an order in which every list has something in it."""
    for part in (
        about_the_exchange,
        listings,
        candles,
        orders,
        batches,
        groups,
        money,
        keys,
        results,
        history,
    ):
        await part(session)


async def about_the_exchange(session: Session) -> None:
    """Status, schedule, limits, costs, fee changes."""
    call = session.call
    await call("get_exchange_status")
    session.admin("maintenance", in_s=7 * _DAY_S, for_s=60)
    await call("get_exchange_schedule")
    await call("get_user_data_timestamp")
    await call("get_account_api_limits")
    await call("get_account_endpoint_costs")
    await call("get_tags_for_series_categories")
    await call("get_historical_cutoff")


async def listings(session: Session) -> None:
    """Series, events, markets, books and trades."""
    call = session.call
    await call("get_series_list", include_volume=True)
    found = await call("get_markets", status="open", limit=1000, mve_filter="exclude")
    session.market = next(
        market
        for market in found.markets
        if market.event_ticker.startswith("KXRECSSNBER") and market.yes_ask_dollars < "0.90"
    )
    session.ticker = session.market.ticker
    event = session.market.event_ticker
    series = event.partition("-")[0]
    session.admin("fees", series_ticker=series, fee_type="quadratic", fee_multiplier=2, in_s=90)
    session.admin(
        "fees",
        series_ticker=series,
        event_ticker=event,
        fee_type="quadratic",
        fee_multiplier=0.5,
        in_s=9_000,
    )
    await call("get_series_fee_changes", show_historical=True)
    await call("get_event_fee_changes")
    await call("get_series", series)
    await call("get_events", limit=200, with_nested_markets=True)
    await call("get_event", event)
    await call("get_event", event, with_nested_markets=True)
    await call("get_multivariate_events")
    await call("get_markets", limit=2)
    await call("get_market", session.ticker)
    await call("get_market_orderbook", session.ticker)
    await call("get_market_orderbook", session.ticker, depth=1)
    await call("get_market_orderbooks", [session.ticker, found.markets[0].ticker])
    await call("get_trades", limit=100)
    await call("get_trades", ticker=session.ticker)


async def candles(session: Session) -> None:
    """Candlesticks of one market, many, and an event."""
    event = session.market.event_ticker
    series = event.partition("-")[0]
    now = int(time.time())
    span = {"start_ts": now - 7 * _DAY_S, "end_ts": now + _HOUR_S}
    for minutes in (60, 1440):
        await session.call(
            "get_market_candlesticks", series, session.ticker, **span, period_interval=minutes
        )
        await session.call(
            "get_market_candlesticks_by_event", event, series, **span, period_interval=minutes
        )
    await session.call(
        "batch_get_market_candlesticks",
        market_tickers=session.ticker,
        start_ts=now - 2 * _HOUR_S,
        end_ts=now + _HOUR_S,
        period_interval=1,
        include_latest_before_start=True,
    )


async def orders(session: Session) -> None:
    """Orders that rest, trade, change and end, and what is read of them."""
    call, ticker = session.call, session.ticker
    rests = await session.place("bid", "0.0200", "5.00", post_only=True)
    await session.place("ask", "0.9900", "3.00", expiration_time=int(time.time()) + _HOUR_S)
    await session.place("bid", "0.9800", "4.00", time_in_force="immediate_or_cancel")
    await session.place("bid", "0.9800", "1.00", time_in_force="fill_or_kill")
    await call("get_orders")
    await call("get_orders", ticker=ticker, status="resting")
    await call("get_order", rests.order_id)
    await call("get_order_queue_position", rests.order_id)
    await call("get_order_queue_positions", market_tickers=ticker)
    await call("get_fills", ticker=ticker)
    await call("get_positions", count_filter="position")
    await call("get_positions", settlement_status="all")
    await call("get_balance")
    await call("get_portfolio_resting_order_total_value")
    amend = session.model(
        "AmendOrderV2Request", ticker=ticker, side="bid", price="0.0300", count="6.00"
    )
    await call("amend_order_v2", rests.order_id, amend_order_v2_request=amend)
    less = session.model("DecreaseOrderV2Request", reduce_by="2.00", market_ticker=ticker)
    await call("decrease_order_v2", rests.order_id, decrease_order_v2_request=less)
    await call("cancel_order_v2", rests.order_id, market_ticker=ticker)


async def batches(session: Session) -> None:
    """Several orders at once, one of them refused, and the end of all of them."""
    wanted = [session.order("bid", price, "1.00") for price in ("0.0100", "0.0200", "0.0051")]
    request = session.model("BatchCreateOrdersV2Request", orders=wanted)
    made = await session.call("batch_create_orders_v2", batch_create_orders_v2_request=request)
    ended = [
        session.model(
            "BatchCancelOrdersV2RequestOrdersInner",
            order_id=item.order_id or str(uuid.uuid4()),
            market_ticker=session.ticker,
        )
        for item in made.orders
    ]
    request = session.model("BatchCancelOrdersV2Request", orders=ended)
    await session.call("batch_cancel_orders_v2", batch_cancel_orders_v2_request=request)
    await session.place("bid", "0.0100", "1.00")
    await session.call("cancel_all_orders")


async def groups(session: Session) -> None:
    """An order group from its making to its end."""
    call = session.call
    request = session.model("CreateOrderGroupRequest", contracts_limit_fp="10.00")
    group = (await call("create_order_group", create_order_group_request=request)).order_group_id
    await session.place("bid", "0.0100", "2.00", order_group_id=group)
    await call("get_order_groups")
    await call("get_order_group", group)
    limit = session.model("UpdateOrderGroupLimitRequest", contracts_limit_fp="20.00")
    await call("update_order_group_limit", group, update_order_group_limit_request=limit)
    await call("trigger_order_group", group, body={})
    await call("reset_order_group", group, body={})
    await call("delete_order_group", group)


async def money(session: Session) -> None:
    """Subaccounts, and money between them and between shards."""
    call = session.call
    made = await call("create_subaccount")
    await call(
        "create_subaccount", create_subaccount_request=session.model("CreateSubaccountRequest")
    )
    request = session.model(
        "ApplySubaccountTransferRequest",
        client_transfer_id=uuid.uuid4(),
        from_subaccount=0,
        to_subaccount=made.subaccount_number,
        amount_cents=12_345,
    )
    await call("apply_subaccount_transfer", apply_subaccount_transfer_request=request)
    await call("get_subaccount_balances")
    await call("get_subaccount_transfers")
    request = session.model(
        "IntraExchangeInstanceTransferRequest",
        client_transfer_id=uuid.uuid4(),
        source="event_contract",
        destination="event_contract",
        amount=5_000_000,
        source_exchange_shard=0,
        destination_exchange_shard=2,
    )
    moved = await call(
        "intra_exchange_instance_transfer", intra_exchange_instance_transfer_request=request
    )
    await call("get_intra_exchange_instance_transfers")
    await call("get_intra_exchange_instance_transfer", moved.transfer_id)
    await call("get_deposits")
    await call("get_withdrawals")
    await call("get_balance")


async def keys(session: Session) -> None:
    """Keys of both kinds; each signs a call before it is deleted."""
    call, face = session.call, session.face
    own = face.credentials
    for kind in ("rsa", "ed25519"):
        request = session.model(
            "GenerateApiKeyRequest", name=f"a key of kind {kind}", key_type=kind, scopes=["read"]
        )
        key = await call("generate_api_key", generate_api_key_request=request)
        await call("get_api_keys")
        await face.sign_as(key.api_key_id, key.private_key)
        await call("get_account_api_limits")
        await face.sign_as(*own)
        await call("delete_api_key", key.api_key_id)
    upload = session.model("CreateApiKeyRequest", name="my own", public_key="none")
    await call("create_api_key", create_api_key_request=upload)


async def results(session: Session) -> None:
    """The market is decided and paid out."""
    session.admin("resolve", ticker=session.ticker, result="yes")
    session.admin("advance", seconds=120)
    for _ in range(100):
        found = await session.call("get_settlements")
        if found is None or found.settlements:
            break
        await asyncio.sleep(0.05)
    await session.call("get_positions", settlement_status="settled")


async def history(session: Session) -> None:
    """Days later, what was live is history."""
    call, ticker = session.call, session.ticker
    session.admin("advance", seconds=3 * _DAY_S)
    now = int(time.time())
    await call("get_historical_cutoff")
    await call("get_historical_markets", limit=10)
    await call("get_historical_market", ticker)
    await call(
        "get_market_candlesticks_historical",
        ticker,
        start_ts=now - 2 * _DAY_S,
        end_ts=now + _DAY_S,
        period_interval=60,
    )
    await call("get_trades_historical", ticker=ticker)
    await call("get_fills_historical")
    await call("get_historical_orders")
    await call("get_historical_positions")
