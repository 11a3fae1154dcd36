"""The stream over a real socket: subscriptions, gap repair, reconnection, refused keys."""

import asyncio
import contextlib
import time

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kalshi_desk.core.errors import Stop
from kalshi_desk.core.events import (
    BookDelta,
    BookSnapshot,
    BookStale,
    FillReported,
    MarketStatusChanged,
    OrderReported,
    TickerChanged,
    TradePrinted,
)
from kalshi_desk.core.records import OrderState
from kalshi_desk.core.types import BookSide, MarketStatus
from kalshi_desk.kalshi.environment import practice
from kalshi_desk.kalshi.signing import Signer
from kalshi_desk.kalshi.stream import Stream
from kalshi_desk.kalshi.translate import MarketChanged
from tests.kalshi.frame_maker import delta, encode, snapshot
from tests.kalshi.stream_server import DEADLINE_S, stream_server


class WallClock:
    def now_ns(self):
        return time.time_ns()


async def short_sleep(seconds):
    await asyncio.sleep(min(seconds, 0.01))


class Wire:
    """A stream connected to a scripted server, with everything it delivered."""

    def __init__(self, server, stream):
        self.server = server
        self.stream = stream
        self.events = []
        self.frames = []
        self.opened = 0
        self.lost = []
        self.task = None

    async def on_open(self):
        self.opened += 1

    async def until(self, condition):
        async with asyncio.timeout(DEADLINE_S):
            while not condition():
                if self.task.done():
                    self.task.result()
                await asyncio.sleep(0.005)

    def of(self, kind):
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def book_sid(self):
        return self.server.sids["orderbook_delta"]


@contextlib.asynccontextmanager
async def wired(*tickers, refusals=(), resync=None, on_doubt=lambda: None):
    async with stream_server() as server:
        server.refusals = list(refusals)
        environment = practice(
            "http://127.0.0.1:1/trade-api/v2", f"ws://127.0.0.1:{server.port}/trade-api/ws/v2"
        )
        frames = []
        stream = Stream(
            environment,
            Signer("key", Ed25519PrivateKey.generate()),
            WallClock(),
            lambda recv_ns, frame: frames.append((recv_ns, frame)),
            resync=resync,
            on_doubt=on_doubt,
            sleep=short_sleep,
        )
        wire = Wire(server, stream)
        wire.frames = frames
        await stream.watch(tickers)
        wire.task = asyncio.create_task(
            stream.run(wire.events.append, wire.on_open, wire.lost.append)
        )
        try:
            yield wire
        finally:
            wire.task.cancel()
            await asyncio.gather(wire.task, return_exceptions=True)


async def followed(wire, ticker="A"):
    """Wait until the book channel is open and its first snapshot was delivered."""
    await wire.until(lambda: "orderbook_delta" in wire.server.sids and wire.opened)
    await wire.server.send(snapshot(1, ticker, yes=[("0.4700", "3.00")], sid=wire.book_sid))
    await wire.until(lambda: wire.of(BookSnapshot))


async def test_private_channels_come_first_and_books_ask_for_yes_prices():
    async with wired("A", "B") as wire:
        await wire.until(lambda: wire.opened and {"ticker", "trade"} <= wire.server.sids.keys())
        subscribes = wire.server.asked("subscribe")
        assert subscribes[0]["params"]["channels"] == ["fill", "user_orders", "market_positions"]
        book = next(c for c in subscribes if c["params"]["channels"] == ["orderbook_delta"])
        assert book["params"]["use_yes_price"] is True
        assert book["params"]["market_tickers"] == ["A", "B"]
        assert len({command["id"] for command in subscribes}) == len(subscribes)


async def test_the_upgrade_is_signed():
    async with wired() as wire:
        await wire.until(lambda: wire.opened)
        headers = wire.server.socket.request.headers
        assert headers["KALSHI-ACCESS-KEY"] == "key"
        assert len(headers["KALSHI-ACCESS-SIGNATURE"]) == 88


async def test_levels_of_both_sides_are_taken_in_yes_prices():
    async with wired("A") as wire:
        await followed(wire)
        await wire.server.send(delta(2, "0.4900", "5.00", "no", sid=wire.book_sid))
        await wire.until(lambda: wire.of(BookDelta))
        (change,) = wire.of(BookDelta)
        assert (change.side, change.price, change.delta) == (BookSide.ASK, 4900, 500)


async def test_the_tap_gets_every_frame_verbatim_also_unreadable_ones():
    async with wired("A") as wire:
        await followed(wire)
        await wire.server.send(b'{"type": "never seen"}', b"not json")
        await wire.until(lambda: wire.stream.unreadable == 1)
        assert [frame for _, frame in wire.frames][-2:] == [b'{"type": "never seen"}', b"not json"]


async def test_a_gap_is_repaired_by_snapshots_without_a_new_subscription():
    async with wired("A", "B") as wire:
        await followed(wire, "A")
        sid = wire.book_sid
        await wire.server.send(snapshot(2, "B", sid=sid), delta(4, "0.4700", "1.00", sid=sid))
        await wire.until(lambda: wire.server.asked("get_snapshot"))
        assert wire.of(BookStale)[0].tickers == ("A", "B")
        assert not wire.of(BookDelta)
        params = wire.server.asked("get_snapshot")[0]["params"]
        assert (params["sids"], params["market_tickers"]) == ([sid], ["A", "B"])
        await wire.server.send(
            delta(5, "0.4700", "1.00", sid=sid),
            snapshot(6, "A", yes=[("0.4700", "9.00")], sid=sid),
            delta(7, "0.4700", "1.00", sid=sid),
        )
        await wire.until(lambda: wire.of(BookDelta))
        assert len(wire.of(BookDelta)) == 1
        assert wire.of(BookSnapshot)[-1].bids == ((4700, 900),)
        assert wire.stream.gaps == 1
        assert wire.server.connections == 1
        assert len(wire.server.asked("subscribe")) == 6


async def test_a_subscription_that_overflowed_is_opened_again():
    async with wired("A") as wire:
        await followed(wire)
        old = wire.book_sid
        await wire.server.send(encode("error", old, msg={"code": 25, "msg": "overflow"}))
        await wire.until(lambda: wire.book_sid != old)
        assert wire.of(BookStale)[0].tickers == ("A",)
        await wire.server.send(snapshot(1, "A", yes=[("0.1000", "1.00")], sid=wire.book_sid))
        await wire.until(lambda: len(wire.of(BookSnapshot)) == 2)
        assert wire.server.connections == 1


async def test_a_server_without_get_snapshot_is_asked_for_a_new_subscription():
    async with wired("A") as wire:
        await followed(wire)
        old = wire.book_sid
        await wire.server.send(delta(9, "0.4700", "1.00", sid=old))
        await wire.until(lambda: wire.server.asked("get_snapshot"))
        command = wire.server.asked("get_snapshot")[0]["id"]
        await wire.server.send(encode("error", msg={"code": 13, "msg": "no"}, id=command))
        await wire.until(lambda: wire.book_sid != old)
        assert wire.server.asked("unsubscribe")[0]["params"]["sids"] == [old]


async def test_after_a_lost_socket_everything_is_subscribed_again():
    async with wired("A") as wire:
        await followed(wire)
        await wire.server.socket.close(1001)
        await wire.until(lambda: wire.opened == 2)
        await wire.until(lambda: "orderbook_delta" in wire.server.sids)
        assert wire.lost
        assert "1001" in wire.lost[0]
        assert wire.of(BookStale)[-1].tickers == ("A",)
        assert wire.stream.reconnects == 1
        count = len(wire.of(BookSnapshot))
        await wire.server.send(snapshot(1, "A", yes=[("0.2000", "1.00")], sid=wire.book_sid))
        await wire.until(lambda: len(wire.of(BookSnapshot)) == count + 1)
        assert wire.stream.gaps == 0


async def test_markets_watched_later_join_the_open_subscription():
    async with wired("A") as wire:
        await followed(wire)
        await wire.until(lambda: {"ticker", "trade"} <= wire.server.sids.keys())
        await wire.stream.watch(["A", "C"])
        await wire.until(lambda: len(wire.server.asked("add_markets")) == 3)
        for command in wire.server.asked("add_markets"):
            assert command["params"]["market_tickers"] == ["C"]


async def test_forgotten_markets_leave_and_stay_away():
    async with wired("A", "B") as wire:
        await followed(wire)
        await wire.until(lambda: {"ticker", "trade"} <= wire.server.sids.keys())
        await wire.stream.forget(["B"])
        await wire.until(lambda: len(wire.server.asked("delete_markets")) == 3)
        await wire.server.socket.close()
        await wire.until(lambda: wire.opened == 2 and "orderbook_delta" in wire.server.sids)
        book = [
            c
            for c in wire.server.asked("subscribe")
            if c["params"]["channels"] == ["orderbook_delta"]
        ][-1]
        assert book["params"]["market_tickers"] == ["A"]


async def test_a_refused_key_stops_with_what_to_do():
    refusal = {"error": {"code": "authentication_error", "details": "NOT_FOUND"}}
    async with wired(refusals=[refusal]) as wire:
        with pytest.raises(Stop, match="does not know this API key"):
            await asyncio.wait_for(wire.task, DEADLINE_S)


async def test_a_time_stamp_that_is_off_is_measured_again_and_tried_again():
    measured = []

    async def resync():
        measured.append(True)

    refusal = {"error": {"code": "header_timestamp_expired"}}
    async with wired(refusals=[refusal], resync=resync) as wire:
        await wire.until(lambda: wire.opened)
        assert measured == [True]


async def test_account_and_market_messages_become_events():
    ids = {
        "trade_id": "t",
        "market_ticker": "A",
        "yes_price_dollars": "0.5200",
        "count_fp": "1.50",
        "ts_ms": 1_790_000_000_123,
    }
    async with wired("A") as wire:
        await followed(wire)
        await wire.server.send(
            encode("trade", 7, 1, {**ids, "taker_book_side": "ask"}),
            encode(
                "fill",
                8,
                None,
                {
                    **ids,
                    "order_id": "o",
                    "client_order_id": "c",
                    "book_side": "bid",
                    "is_taker": True,
                    "fee_cost": "0.017500",
                    "post_position_fp": "-2.00",
                },
            ),
            encode(
                "user_order",
                9,
                None,
                {
                    "order_id": "o",
                    "ticker": "A",
                    "status": "canceled",
                    "side": "yes",
                    "book_side": "ask",
                    "yes_price_dollars": "0.5200",
                    "fill_count_fp": "1.00",
                    "remaining_count_fp": "0.00",
                    "initial_count_fp": "3.00",
                    "client_order_id": "c",
                    "created_ts_ms": None,
                    "last_updated_ts_ms": 5,
                    "last_update_reason": "CloseCancel",
                },
            ),
            encode(
                "ticker",
                6,
                None,
                {
                    "market_ticker": "A",
                    "price_dollars": "0.0000",
                    "volume_fp": "7.00",
                    "open_interest_fp": "3.00",
                    "ts_ms": 1,
                },
            ),
            encode(
                "market_lifecycle_v2",
                5,
                1,
                {
                    "market_ticker": "A",
                    "event_type": "determined",
                    "result": "yes",
                    "settlement_value": "1.0000",
                },
            ),
            encode("market_lifecycle_v2", 5, 2, {"market_ticker": "N", "event_type": "created"}),
            encode(
                "event_fee_update",
                5,
                3,
                {"event_ticker": "E", "fee_type_override": None, "fee_multiplier_override": None},
            ),
        )
        await wire.until(lambda: len(wire.of(MarketChanged)) == 2)
        (trade,), (fill,), (order,) = (
            wire.of(TradePrinted),
            wire.of(FillReported),
            wire.of(OrderReported),
        )
        assert (trade.trade.taker_side, trade.trade.count) == (BookSide.ASK, 150)
        assert trade.trade.executed_ns == 1_790_000_000_123_000_000
        assert (fill.fill.fee, fill.fill.post_position, fill.fill.is_taker) == (17500, -200, True)
        assert (order.order.state, order.order.reason) == (OrderState.CANCELED, "CloseCancel")
        assert order.order.side is BookSide.ASK
        (quote,) = wire.of(TickerChanged)
        assert (quote.last_price, quote.volume) == (None, 700)
        (status,) = wire.of(MarketStatusChanged)
        assert (status.status, status.settlement_value) == (MarketStatus.DETERMINED, 10_000)
        assert [change.why for change in wire.of(MarketChanged)] == ["created", "fee"]


async def test_the_age_of_messages_is_measured_and_taken_once():
    async with wired("A") as wire:
        await followed(wire)
        late = {"ts_ms": time.time_ns() // 1_000_000 - 4000}
        await wire.server.send(delta(2, "0.4700", "1.00", sid=wire.book_sid, **late))
        await wire.until(lambda: wire.of(BookDelta))
        assert 4000 <= wire.stream.take_message_age_ms() < 9000
        assert wire.stream.take_message_age_ms() == 0


async def test_an_exchange_that_is_away_is_tried_again_until_it_is_back():
    async with wired() as wire:
        await wire.until(lambda: wire.opened)
        wire.server.refusals = [{"error": {"code": "header_timestamp_expired"}}] * 3
        await wire.server.socket.close()
        await wire.until(lambda: wire.opened == 2)
        assert len(wire.lost) == 4


async def test_an_account_channel_that_ends_or_is_refused_means_a_new_connection():
    for number, channel in enumerate(("fill", "user_orders", "market_lifecycle_v2")):
        async with wired("A") as wire:
            await followed(wire)
            sid = wire.server.sids[channel]
            await wire.server.send(encode("error", sid, msg={"code": 25, "msg": "overflow"}))
            await wire.until(lambda: wire.opened == 2)
            assert f"the subscription of {channel} ended" in wire.lost[0], number


async def test_a_subscription_that_ends_without_a_name_means_a_new_connection():
    async with wired("A") as wire:
        await followed(wire)
        await wire.server.send(encode("error", msg={"code": 10, "msg": "?"}))
        await wire.until(lambda: wire.opened == 2)


async def test_a_refused_account_channel_is_asked_for_again_on_a_new_connection():
    async with wired() as wire:
        await wire.until(lambda: wire.opened)
        first = wire.server.asked("subscribe")[0]["id"]
        await wire.server.send(encode("error", msg={"code": 18, "msg": "late"}, id=first))
        await wire.until(lambda: wire.opened == 2)
        assert wire.stream.refusals == ["error 18: late"]


async def test_an_unreadable_frame_makes_the_account_doubtful():
    doubts = []
    async with wired("A", on_doubt=lambda: doubts.append(1)) as wire:
        await followed(wire)
        await wire.server.send(encode("fill", 1, None, {"trade_id": "t", "fee_cost": "many"}))
        await wire.until(lambda: doubts)


async def test_a_gap_in_the_life_of_markets_means_reading_them_all():
    async with wired("A") as wire:
        await followed(wire)
        sid = wire.server.sids["market_lifecycle_v2"]
        body = {"market_ticker": "A", "event_type": "created"}
        await wire.server.send(
            encode("market_lifecycle_v2", sid, 1, body), encode("market_lifecycle_v2", sid, 4, body)
        )
        await wire.until(lambda: any(change.everything for change in wire.of(MarketChanged)))


async def test_a_market_that_left_this_socket_is_heard_of_no_more():
    async with wired("A", "B") as wire:
        await followed(wire)
        await wire.server.send(snapshot(2, "B", sid=wire.book_sid))
        await wire.until(lambda: len(wire.of(BookSnapshot)) == 2)
        await wire.stream.forget(["B"])
        sid = wire.book_sid
        await wire.server.send(
            delta(3, "0.4700", "1.00", ticker="B", sid=sid),
            delta(5, "0.4700", "1.00", ticker="A", sid=sid),
        )
        await wire.until(lambda: wire.of(BookStale))
        assert wire.of(BookStale)[0].tickers == ("A",)
        assert not wire.of(BookDelta)


async def test_a_closing_word_can_not_steer_a_terminal():
    async with wired() as wire:
        await wire.until(lambda: wire.opened)
        await wire.server.socket.close(1000, "\x1b[2J\u202egnp")
        await wire.until(lambda: wire.lost)
        assert "\x1b" not in wire.lost[0]
        assert "\u202e" not in wire.lost[0]
