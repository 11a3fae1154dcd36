"""The stream under the rules that are open and the faults that a script orders."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from kalshi_desk.exchange.subscriptions import Member
from tests.exchange.client import Exchange
from tests.exchange.test_stream import Socket, opened

BRIEF = ("--history-min", "2", "--rule", "read_lag_ms=0")


@contextmanager
def ruled(*rules: str) -> Iterator[Exchange]:
    """Return an exchange with other rules."""
    running = Exchange(*BRIEF, *(part for rule in rules for part in ("--rule", rule)))
    try:
        yield running
    finally:
        assert running.stop() == 0


async def books(socket: Socket, *tickers: str, **params: Any) -> int:
    """Subscribe to books and return the subscription's number."""
    params = {"use_yes_price": True, **params}
    await socket.command(
        "subscribe", channels=["orderbook_delta"], market_tickers=list(tickers), **params
    )
    sid: int = (await socket.kind("subscribed"))["msg"]["sid"]
    for _ in tickers:
        await socket.kind("orderbook_snapshot")
    return sid


class TestSpoiledFrames:
    """What one socket is sent while its frames are spoiled."""

    def sent(self, faults: Counter[str], count: int = 4) -> list[int]:
        """Return the numbers that a member reads of so many messages."""
        member = Member(0, 1_000)
        sub = member.open("trade", None, {})
        member.faults = faults
        for _ in range(count):
            member.send(sub, "trade", b"{}")
        return [json.loads(frame + b"}")["seq"] for _, frame in member.outbox.frames]

    def test_nothing_is_spoiled_without_a_fault(self) -> None:
        assert self.sent(Counter()) == [1, 2, 3, 4]

    def test_a_dropped_frame_leaves_a_gap(self) -> None:
        assert self.sent(Counter(drop=2)) == [3, 4]

    def test_a_frame_twice(self) -> None:
        assert self.sent(Counter(duplicate=1)) == [1, 1, 2, 3, 4]

    def test_a_frame_after_its_successor(self) -> None:
        assert self.sent(Counter(reorder=1)) == [2, 1, 3, 4]

    def test_faults_of_two_kinds_end_too(self) -> None:
        assert self.sent(Counter(reorder=1, drop=1), 5) == [3, 2, 4, 5]


async def test_a_dropped_frame_is_a_gap_on_the_wire(exchange: Exchange) -> None:
    busy = [market["ticker"] for market in exchange.open_markets("KXBTC")]
    async with opened(exchange) as socket:
        await books(socket, *busy)
        await asyncio.to_thread(exchange.admin, "fault", kind="drop", count=2)
        for _ in range(6):
            await socket.kind("orderbook_delta")
        numbers = [f["seq"] for f in socket.frames if "seq" in f]
        missing = set(range(1, numbers[-1] + 1)) - set(numbers)
        assert len(missing) == 2


async def test_error_ten_and_twenty_five_end_the_books_only(exchange: Exchange) -> None:
    ticker = exchange.quiet_market()["ticker"]
    for kind, code in (("broken", 10), ("overflow", 25)):
        async with opened(exchange) as socket:
            sid = await books(socket, ticker)
            await asyncio.to_thread(exchange.admin, "fault", kind=kind)
            failed = await socket.kind("error")
            assert (failed["sid"], failed["msg"]["code"]) == (sid, code)
            await books(socket, ticker)


async def test_order_groups_are_told_to_their_owner(exchange: Exchange) -> None:
    async with opened(exchange) as socket:
        await socket.command("subscribe", channels=["order_group_updates"])
        await socket.kind("subscribed")
        path = "/portfolio/order_groups"
        made = await asyncio.to_thread(
            exchange.call, "POST", f"{path}/create", {"contracts_limit": 5}
        )
        group = made.json()["order_group_id"]
        told = await socket.kind("order_group_updates")
        assert told["seq"] == 1
        assert told["msg"]["contracts_limit_fp"] == "5.00"
        assert (told["msg"]["event_type"], told["msg"]["order_group_id"]) == ("created", group)
        await asyncio.to_thread(exchange.call, "DELETE", f"{path}/{group}")
        assert (await socket.kind("order_group_updates"))["msg"]["event_type"] == "deleted"


async def test_fees_and_grids_are_told_on_the_lifecycle_channel(exchange: Exchange) -> None:
    market = exchange.quiet_market("KXHOUSEVOTE")
    ticker, event = market["ticker"], market["event_ticker"]
    async with opened(exchange) as socket:
        await socket.command("subscribe", channels=["market_lifecycle_v2"])
        await socket.kind("subscribed")
        await asyncio.to_thread(
            exchange.admin,
            "fees",
            series_ticker="KXHOUSEVOTE",
            event_ticker=event,
            fee_type="quadratic",
            fee_multiplier=2,
        )
        told = (await socket.kind("event_fee_update"))["msg"]
        assert (told["event_ticker"], told["fee_multiplier_override"]) == (event, 2)
        await asyncio.to_thread(exchange.admin, "grid", ticker=ticker, structure="deci_cent")
        changed = await socket.until(lambda f: f.get("msg", {}).get("market_ticker") == ticker)
        assert changed["msg"]["event_type"] == "price_level_structure_updated"
        assert changed["msg"]["price_ranges"][0]["step"] == "0.0010"


async def test_big_books_are_compressed_for_who_asks(exchange: Exchange) -> None:
    async with opened(exchange) as socket:
        names = [type(ext).__name__ for ext in socket.extensions]
        assert names == ["PerMessageDeflate"]


async def test_a_subscription_holds_so_many_markets_and_commands() -> None:
    with ruled("markets_per_subscription=2", "commands_per_s=4") as exchange:
        tickers = [
            m["ticker"] for m in exchange.http.get("/markets?status=open").json()["markets"][:3]
        ]
        async with opened(exchange) as socket:
            sid = await books(socket, *tickers[:2])
            await socket.command(
                "update_subscription", sid=sid, action="add_markets", market_tickers=tickers[2:]
            )
            assert (await socket.kind("error"))["msg"]["code"] == 26
            for _ in range(4):
                await socket.command("list_subscriptions")
            assert (await socket.kind("error"))["msg"]["code"] == 27


async def test_maintenance_closes_sockets_with_its_code() -> None:
    with ruled("maintenance_close_code=1012") as exchange:
        ticker = exchange.quiet_market()["ticker"]
        async with opened(exchange) as socket:
            await books(socket, ticker)
            await asyncio.to_thread(exchange.admin, "maintenance", for_s=60)
            with pytest.raises(ConnectionClosed) as caught:
                await socket.kind("never")
            assert caught.value.rcvd is not None
            assert caught.value.rcvd.code == 1012


async def test_private_channels_may_begin_with_what_there_is() -> None:
    with ruled("private_snapshots=true", "yes_price_by_default=true") as exchange:
        ticker = exchange.quiet_market()["ticker"]
        order_id = exchange.order(ticker, "ask", "0.9900", "1").json()["order_id"]
        exchange.order(ticker, "bid", "0.9500", "1", time_in_force="immediate_or_cancel")
        async with opened(exchange) as socket:
            await socket.command("subscribe", channels=["user_orders", "market_positions"])
            assert (await socket.kind("user_order"))["msg"]["order_id"] == order_id
            assert (await socket.kind("market_position"))["msg"]["position_fp"] == "1.00"
            await socket.command("subscribe", channels=["orderbook_delta"], market_tickers=[ticker])
            book = (await socket.kind("orderbook_snapshot"))["msg"]
            assert "0.9900" in {price for price, _ in book["no_dollars_fp"]}


async def test_control_replies_may_keep_out_of_the_sequence() -> None:
    with ruled("control_takes_seq=false", "snapshot_reply_takes_seq=false") as exchange:
        first, second = (
            m["ticker"] for m in exchange.http.get("/markets?status=open").json()["markets"][:2]
        )
        async with opened(exchange) as socket:
            sid = await books(socket, first)
            await socket.command(
                "update_subscription", sid=sid, action="get_snapshot", market_tickers=[first]
            )
            await socket.until(lambda f: f["type"] == "orderbook_snapshot" and "id" in f)
            await socket.command(
                "update_subscription", sid=sid, action="add_markets", market_tickers=[second]
            )
            await socket.kind("ok")
            await socket.kind("orderbook_snapshot")
            numbers = [
                f["seq"]
                for f in socket.frames
                if "seq" in f and f["type"] != "ok" and "id" not in f
            ]
            assert numbers == list(range(1, len(numbers) + 1))
