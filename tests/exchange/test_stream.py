"""The stream over real sockets: sign-in, sequences, books that follow deltas, private channels."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, ClassVar, cast

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed, InvalidStatus

from kalshi_desk.exchange import stream
from tests.exchange.client import WS_PATH, Exchange, Seat

Frame = dict[str, Any]
WAIT_S = 10.0


class Socket:
    """A socket that remembers every frame."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self.frames: list[Frame] = []
        self._ids = 0

    @property
    def extensions(self) -> Sequence[object]:
        """The protocol extensions that both sides agreed on."""
        return self._connection.protocol.extensions

    async def command(self, cmd: str, **params: Any) -> int:
        """Send a command and return its id."""
        self._ids += 1
        message: Frame = {"id": self._ids, "cmd": cmd}
        if params:
            message["params"] = params
        await self._connection.send(json.dumps(message))
        return self._ids

    async def until(self, wanted: Callable[[Frame], bool]) -> Frame:
        """Return the next frame that is wanted."""
        async with asyncio.timeout(WAIT_S):
            while True:
                text = await self._connection.recv()
                assert isinstance(text, str)
                assert text.endswith("}\n")
                frame: Frame = json.loads(text)
                self.frames.append(frame)
                if wanted(frame):
                    return frame

    async def kind(self, kind: str) -> Frame:
        """Return the next frame of a type."""
        return await self.until(lambda frame: frame["type"] == kind)


@asynccontextmanager
async def opened(exchange: Seat) -> AsyncIterator[Socket]:
    """Return a signed-in socket."""
    headers = exchange.headers("GET", WS_PATH)
    async with connect(
        exchange.ready["ws"], additional_headers=headers, close_timeout=0.2
    ) as connection:
        yield Socket(connection)


async def test_the_upgrade_needs_a_signature(exchange: Exchange) -> None:
    wrong = exchange.headers("GET", "/trade-api/v2")
    with pytest.raises(InvalidStatus) as caught:
        async with connect(exchange.ready["ws"], additional_headers=wrong):
            pass
    assert caught.value.response.status_code == 401
    body = json.loads(caught.value.response.body)
    assert body["error"]["details"] == "INCORRECT_API_KEY_SIGNATURE"
    with pytest.raises(InvalidStatus) as caught:
        async with connect(exchange.ready["ws"]):
            pass
    body = json.loads(caught.value.response.body)
    assert body["error"]["code"] == "signature_is_missing_from_headers"


def sides(use_yes: bool, levels: Frame) -> dict[tuple[str, str], int]:
    """Return sizes in 1/100 contract by side and price of a snapshot."""
    found = {}
    for side in ("yes", "no"):
        for price, size in levels.get(f"{side}_dollars_fp", []):
            found[side, price] = round(float(size) * 100)
    return found


@pytest.mark.parametrize("use_yes", [True, False])
async def test_snapshot_and_deltas_make_the_book_that_a_new_snapshot_shows(
    exchange: Exchange, use_yes: bool
) -> None:
    market = exchange.http.get("/markets?series_ticker=KXBTC15M&status=open").json()["markets"][0]
    busy = market["ticker"]
    async with opened(exchange) as socket:
        await socket.command(
            "subscribe",
            channels=["orderbook_delta"],
            market_tickers=[busy, exchange.quiet_market()["ticker"]],
            use_yes_price=use_yes,
        )
        sid = (await socket.kind("subscribed"))["msg"]["sid"]
        first = await socket.until(
            lambda f: f["type"] == "orderbook_snapshot" and f["msg"]["market_ticker"] == busy
        )
        book = sides(use_yes, first["msg"])
        for _ in range(12):
            frame = await socket.until(
                lambda f: f["type"] == "orderbook_delta" and f["msg"]["market_ticker"] == busy
            )
            apply(book, frame["msg"])
        asked = await socket.command(
            "update_subscription", sid=sid, action="get_snapshot", market_tickers=[busy]
        )
        while True:
            frame = await socket.until(lambda f: f.get("msg", {}).get("market_ticker") == busy)
            if frame["type"] == "orderbook_snapshot":
                break
            apply(book, frame["msg"])
        assert frame["id"] == asked
        assert book == sides(use_yes, frame["msg"])
        numbered = [f["seq"] for f in socket.frames if f.get("sid") == sid]
        assert numbered == list(range(1, len(numbered) + 1))
        no_prices = [float(price) for side, price in book if side == "no"]
        yes_prices = [float(price) for side, price in book if side == "yes"]
        if use_yes:
            assert min(no_prices) > max(yes_prices)
        else:
            assert min(1 - price for price in no_prices) > max(yes_prices)


def apply(book: dict[tuple[str, str], int], message: Frame) -> None:
    """Apply a signed change."""
    key = (message["side"], message["price_dollars"])
    book[key] = book.get(key, 0) + round(float(message["delta_fp"]) * 100)
    if not book[key]:
        del book[key]


async def test_ok_takes_a_sequence_number_and_lists_the_markets(exchange: Exchange) -> None:
    first, second = "KXLAUNCH-", "KXHOUSEVOTE-"
    markets = exchange.http.get("/markets?status=open&limit=1000").json()["markets"]
    one = next(m["ticker"] for m in markets if m["ticker"].startswith(first))
    two = next(m["ticker"] for m in markets if m["ticker"].startswith(second))
    async with opened(exchange) as socket:
        await socket.command(
            "subscribe", channels=["orderbook_delta"], market_tickers=[one], use_yes_price=True
        )
        sid = (await socket.kind("subscribed"))["msg"]["sid"]
        await socket.kind("orderbook_snapshot")
        await socket.command(
            "update_subscription", sids=[sid], action="add_markets", market_tickers=[two]
        )
        done = await socket.kind("ok")
        assert done["msg"]["market_tickers"] == sorted([one, two])
        snapshot = await socket.kind("orderbook_snapshot")
        assert snapshot["seq"] == done["seq"] + 1
        await socket.command(
            "update_subscription", sids=[sid], action="delete_markets", market_tickers=[one]
        )
        assert (await socket.kind("ok"))["msg"]["market_tickers"] == [two]
        await socket.command("list_subscriptions")
        listed = await socket.until(lambda f: f["type"] == "ok" and "sid" not in f)
        assert listed["msg"] == [{"channel": "orderbook_delta", "sid": sid}]
        await socket.command("unsubscribe", sids=[sid])
        ended = await socket.kind("unsubscribed")
        assert ended["sid"] == sid
        numbered = [f["seq"] for f in socket.frames if f.get("sid") == sid]
        assert numbered == list(range(1, len(numbered) + 1))


async def test_own_orders_fills_and_positions_arrive(exchange: Exchange) -> None:
    ticker = exchange.quiet_market()["ticker"]
    async with opened(exchange) as socket:
        await socket.command("subscribe", channels=["fill", "user_orders", "market_positions"])
        for _ in range(3):
            await socket.kind("subscribed")
        await socket.command(
            "subscribe",
            channels=["orderbook_delta", "trade"],
            market_tickers=[ticker],
            use_yes_price=True,
        )
        await socket.kind("orderbook_snapshot")
        rested = await asyncio.to_thread(exchange.order, ticker, "ask", "0.9900", "3")
        made = rested.json()
        delta = await socket.until(
            lambda f: f["type"] == "orderbook_delta" and "client_order_id" in f["msg"]
        )
        assert delta["msg"]["client_order_id"] == made["client_order_id"]
        assert (delta["msg"]["price_dollars"], delta["msg"]["side"]) == ("0.9900", "no")
        assert delta["msg"]["delta_fp"] == "3.00"
        changed = socket_order(socket, made["order_id"]) or await socket.kind("user_order")
        assert changed["msg"]["status"] == "resting"
        bought = await asyncio.to_thread(
            lambda: exchange.order(
                ticker, "bid", "0.9000", "0.50", time_in_force="immediate_or_cancel"
            )
        )
        order_id = bought.json()["order_id"]
        fill = await socket.until(lambda f: f["type"] == "fill")
        assert (fill["msg"]["order_id"], fill["msg"]["count_fp"]) == (order_id, "0.50")
        assert "seq" not in fill
        trades = [f for f in socket.frames if f["type"] == "trade"]
        assert trades[-1]["msg"]["trade_id"] == fill["msg"]["trade_id"]
        position = await socket.kind("market_position")
        assert position["msg"]["position_fp"] == fill["msg"]["post_position_fp"]
        await asyncio.to_thread(exchange.call, "DELETE", "/portfolio/events/orders")
        await socket.until(lambda f: f["type"] == "user_order" and f["msg"]["status"] == "canceled")


def socket_order(socket: Socket, order_id: str) -> Frame | None:
    """Return a user_order frame that already came."""
    return next(
        (
            f
            for f in socket.frames
            if f["type"] == "user_order" and f["msg"]["order_id"] == order_id
        ),
        None,
    )


async def test_tickers_of_all_markets_with_an_initial_snapshot(exchange: Exchange) -> None:
    async with opened(exchange) as socket:
        await socket.command("subscribe", channels=["ticker"], send_initial_snapshot=True)
        await socket.kind("subscribed")
        seen: set[str] = set()
        while len(seen) < 60:
            frame = await socket.kind("ticker")
            assert "seq" not in frame
            seen.add(frame["msg"]["market_ticker"])
            assert frame["sending_ts_ms"] >= frame["msg"]["ts_ms"] - 1000


@pytest.mark.parametrize(
    ("cmd", "params", "code"),
    [
        ("dance", {}, 5),
        ("subscribe", {}, 2),
        ("subscribe", {"channels": []}, 3),
        ("subscribe", {"channels": ["gossip"]}, 8),
        ("subscribe", {"channels": ["orderbook_delta"]}, 14),
        ("subscribe", {"channels": ["trade"], "market_tickers": "X"}, 11),
        ("subscribe", {"channels": ["trade"], "market_tickers": ["NOPE"]}, 11),
        ("unsubscribe", {"sids": []}, 4),
        ("unsubscribe", {"sids": [99]}, 7),
        ("update_subscription", {"action": "add_markets"}, 12),
        ("update_subscription", {"sid": 99, "action": "add_markets"}, 7),
    ],
)
async def test_error_frames(
    exchange: Exchange, cmd: str, params: dict[str, Any], code: int
) -> None:
    async with opened(exchange) as socket:
        message: Frame = {"id": 7, "cmd": cmd}
        if params or cmd not in {"subscribe"}:
            message["params"] = params
        await socket._connection.send(json.dumps(message))
        frame = await socket.kind("error")
        assert (frame["id"], frame["msg"]["code"]) == (7, code)


async def test_a_frame_that_is_not_json(exchange: Exchange) -> None:
    async with opened(exchange) as socket:
        await socket._connection.send("{")
        assert (await socket.kind("error"))["msg"]["code"] == 1


async def test_life_cycle_messages(exchange: Exchange) -> None:
    markets = exchange.http.get("/markets?series_ticker=KXLAUNCH&status=open").json()["markets"]
    ticker = markets[0]["ticker"]
    async with opened(exchange) as socket:
        await socket.command("subscribe", channels=["market_lifecycle_v2"])
        await socket.kind("subscribed")
        await asyncio.to_thread(lambda: exchange.admin("resolve", ticker=ticker, result="yes"))
        kinds: list[str] = []
        while not kinds or kinds[-1] != "determined":
            frame = await socket.until(
                lambda f: f["type"] == "market_lifecycle_v2" and f["msg"]["market_ticker"] == ticker
            )
            kinds.append(frame["msg"]["event_type"])
        assert kinds == ["close_date_updated", "determined"]
        assert frame["msg"]["result"] == "yes"
        following = [f for f in socket.frames if f["type"] == "event_lifecycle"]
        assert following[0]["msg"]["series_ticker"] == "KXLAUNCH"


async def test_faults_of_sockets(exchange: Exchange) -> None:
    ticker = exchange.quiet_market()["ticker"]
    async with opened(exchange) as socket:
        params = {"channels": ["orderbook_delta"], "market_tickers": [ticker]}
        await socket.command("subscribe", **params)
        snapshot = await socket.kind("orderbook_snapshot")
        await asyncio.to_thread(lambda: exchange.admin("fault", kind="gap"))
        asked = await socket.command(
            "update_subscription",
            sid=snapshot["sid"],
            action="get_snapshot",
            market_tickers=[ticker],
        )
        repaired = await socket.until(lambda f: f.get("id") == asked)
        numbered = [f["seq"] for f in socket.frames if "seq" in f]
        assert repaired["seq"] == snapshot["seq"] + len(numbered)
        await asyncio.to_thread(lambda: exchange.admin("fault", kind="overflow"))
        ended = await socket.kind("error")
        assert (ended["sid"], ended["msg"]["code"]) == (snapshot["sid"], 25)
        await socket.command("subscribe", **params)
        again = await socket.kind("orderbook_snapshot")
        assert again["sid"] != snapshot["sid"]
        assert again["seq"] == 1
        await asyncio.to_thread(lambda: exchange.admin("fault", kind="cut"))
        with pytest.raises(ConnectionClosed):
            await socket.kind("error")


async def test_sockets_are_pinged_with_a_heartbeat(monkeypatch: pytest.MonkeyPatch) -> None:
    class Pinged(Exception):
        """Ends the endless."""

    class Connection:
        payloads: ClassVar[list[bytes]] = []

        async def ping(self, payload: bytes) -> None:
            self.payloads.append(payload)
            if len(self.payloads) == 2:
                raise Pinged

    monkeypatch.setattr(stream, "_HEARTBEAT_S", 0.0)
    with pytest.raises(Pinged):
        await stream._heartbeat(cast(ServerConnection, Connection()))
    assert Connection.payloads == [b"heartbeat"] * 2
