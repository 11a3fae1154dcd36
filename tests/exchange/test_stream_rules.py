"""Rules of the stream that no story happens to touch: acks, clocks, empty sides, pings, faults."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from kalshi_desk.exchange import stream
from kalshi_desk.exchange.messages import snapshot_body
from kalshi_desk.exchange.rules import DEFAULT_RULES
from kalshi_desk.exchange.venue import Venue
from tests.exchange.client import Exchange, Seat
from tests.exchange.test_stream import Frame, opened


async def test_every_channel_is_acknowledged_by_itself_and_only_once_opened(
    exchange: Exchange,
) -> None:
    one, two = (market["ticker"] for market in exchange.open_markets("KXBTC")[:2])
    channels = ["orderbook_delta", "trade", "ticker"]
    async with opened(exchange) as socket:
        sids = []
        for tickers in ([one], [two]):
            asked = await socket.command("subscribe", channels=channels, market_tickers=tickers)
            acks = [await socket.kind("subscribed") for _ in channels]
            assert [ack["id"] for ack in acks] == [asked] * 3
            assert {ack["msg"]["channel"] for ack in acks} == set(channels)
            sids.append({ack["msg"]["channel"]: ack["msg"]["sid"] for ack in acks})
        assert sids[0] == sids[1]
        assert len(set(sids[0].values())) == 3
        await socket.command("list_subscriptions")
        listed = await socket.until(lambda f: f["type"] == "ok")
        assert {row["sid"] for row in listed["msg"]} == set(sids[0].values())


async def test_clocks_never_fall_and_are_the_same_on_every_socket(exchange: Exchange) -> None:
    busy = exchange.open_markets("KXBTC15M")[0]["ticker"]
    ask = {"channels": ["orderbook_delta"], "market_tickers": [busy], "use_yes_price": True}
    async with opened(exchange) as first, opened(exchange) as second:
        for socket in (first, second):
            await socket.command("subscribe", **ask)
            await socket.kind("orderbook_snapshot")
        seen = []
        for socket in (first, second):
            for _ in range(10):
                await socket.kind("orderbook_delta")
            books = [f["msg"] for f in socket.frames if "clock" in f.get("msg", {})]
            clocks = [body["clock"] for body in books]
            assert clocks == sorted(clocks)
            assert clocks[1] > clocks[0], "a snapshot holds everything up to its clock"
            seen.append([(b["clock"], b["price_dollars"], b["delta_fp"]) for b in books[1:]])
        later = max(seen[0][0][0], seen[1][0][0])
        until = min(seen[0][-1][0], seen[1][-1][0])
        shared = [[row for row in rows if later < row[0] < until] for rows in seen]
        assert shared[0] == shared[1]


@pytest.mark.parametrize("use_yes_price", [True, False])
def test_the_key_of_an_empty_side_is_absent(use_yes_price: bool) -> None:
    venue = Venue.new(7, 1_795_390_000_000_000_000, DEFAULT_RULES, warm_minutes=1)
    ticker = "KXRECSSNBER-27DEC27"
    market, book = venue.engine.markets[ticker], venue.engine.books[ticker]

    def sides() -> set[str]:
        body = json.loads(snapshot_body(venue, market, use_yes_price=use_yes_price))
        return {name for name in body if name.endswith("_dollars_fp")}

    assert sides() == {"yes_dollars_fp", "no_dollars_fp"}
    for order in list(book.asks.orders()):
        venue.engine.cancel(order.owner, order.number, venue.now_ns)
    assert sides() == {"yes_dollars_fp"}
    for order in list(book.bids.orders()):
        venue.engine.cancel(order.owner, order.number, venue.now_ns)
    assert sides() == set()


async def test_sockets_are_pinged_with_heartbeat(monkeypatch: pytest.MonkeyPatch) -> None:
    class Pinged:
        def __init__(self) -> None:
            self.payloads: asyncio.Queue[bytes] = asyncio.Queue()

        async def ping(self, payload: bytes) -> None:
            self.payloads.put_nowait(payload)

    assert 5 <= stream._HEARTBEAT_S <= 15
    monkeypatch.setattr(stream, "_HEARTBEAT_S", 0)
    connection: Any = Pinged()
    beating = asyncio.create_task(stream._heartbeat(connection))
    async with asyncio.timeout(5):
        assert [await connection.payloads.get() for _ in range(2)] == [b"heartbeat"] * 2
    beating.cancel()


async def told(exchange: Exchange, seat: Seat, fault: str, *channels: str) -> list[Frame]:
    """Return what private channels say of one small purchase while frames are spoiled."""
    ticker = exchange.quiet_market()["ticker"]
    async with opened(seat) as socket:
        await socket.command("subscribe", channels=list(channels))
        for _ in channels:
            await socket.kind("subscribed")
        if fault:
            await asyncio.to_thread(exchange.admin, "fault", kind=fault)
        made = await asyncio.to_thread(
            lambda: seat.order(ticker, "bid", "0.9500", "0.01", time_in_force="immediate_or_cancel")
        )
        assert made.json()["fill_count"] == "0.01"
        return [await socket.until(lambda f: f["type"] != "subscribed") for _ in range(2)]


async def test_a_fill_may_be_told_twice_under_one_trade_id(exchange: Exchange) -> None:
    seat = exchange.member("rules-twice")
    first, second = await told(exchange, seat, "duplicate", "fill")
    assert first["msg"] == second["msg"]
    (fill,) = seat.get("/portfolio/fills")["fills"]
    assert first["msg"]["trade_id"] == fill["trade_id"]
    # A desk that was away reads the same execution under the same name.
    assert first["msg"]["order_id"] == fill["order_id"]


async def test_an_order_and_its_fill_may_come_in_either_order(exchange: Exchange) -> None:
    seat = exchange.member("rules-order")
    usual = [f["type"] for f in await told(exchange, seat, "", "user_orders", "fill")]
    other = [f["type"] for f in await told(exchange, seat, "reorder", "user_orders", "fill")]
    assert set(usual) == {"fill", "user_order"}
    assert other == usual[::-1]
