"""One day on the stream with every channel open, in which everything happens that is told."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from kalshi_desk.exchange.subscriptions import CHANNELS
from tests.exchange.client import WS_PATH, Exchange

Frame = dict[str, Any]
WAIT_S = 20.0


class Listener:
    """A socket of which every text is kept."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self.texts: list[str] = []
        self.frames: list[Frame] = []
        self._ids = 0
        self._more = asyncio.Event()
        self.reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async for text in self._connection:
            assert isinstance(text, str)
            self.texts.append(text)
            self.frames.append(json.loads(text))
            self._more.set()

    async def until(self, wanted: Callable[[Frame], bool], start: int = 0) -> Frame:
        """Return the first wanted frame from ``start`` on."""
        looked = start
        async with asyncio.timeout(WAIT_S):
            while True:
                for frame in self.frames[looked:]:
                    looked += 1
                    if wanted(frame):
                        return frame
                self._more.clear()
                await self._more.wait()

    async def say(self, message: object) -> None:
        """Send any text at all."""
        await self._connection.send(message if isinstance(message, str) else json.dumps(message))

    async def ask(self, cmd: str, params: object = None) -> Frame:
        """Send a command and return the first answer with its id."""
        self._ids += 1
        number, start = self._ids, len(self.frames)
        message: Frame = {"id": number, "cmd": cmd}
        if params is not None:
            message["params"] = params
        await self.say(message)
        return await self.until(lambda frame: frame.get("id") == number, start)

    async def told(self, kind: str, **fields: Any) -> Frame:
        """Return a message of a type whose body has these fields."""
        return await self.until(
            lambda frame: (
                frame["type"] == kind
                and isinstance(frame.get("msg"), dict)
                and fields.items() <= frame["msg"].items()
            )
        )


async def whole_day(exchange: Exchange) -> Listener:
    """Let everything happen and return who listened."""
    ticker = str(exchange.quiet_market()["ticker"])
    headers = exchange.headers("GET", WS_PATH)
    async with connect(
        exchange.ready["ws"], additional_headers=headers, close_timeout=1, max_size=1 << 24
    ) as connection:
        listener = Listener(connection)
        await _subscribe(listener, ticker)
        await _trade(listener, exchange, ticker)
        await _group(listener, exchange, ticker)
        await _life(listener, exchange, ticker)
        await _commands(listener, exchange)
        await _errors(listener, exchange, ticker)
    await listener.reading
    return listener


async def _subscribe(listener: Listener, ticker: str) -> None:
    book = {"channels": ["orderbook_delta"], "market_ticker": ticker, "use_yes_price": True}
    await listener.ask("subscribe", book)
    for channel in sorted(CHANNELS - {"orderbook_delta"}):
        await listener.ask("subscribe", {"channels": [channel]})
    # Asking again widens what there is, and shows the tops of the book.
    await listener.ask(
        "subscribe",
        {"channels": ["ticker"], "market_tickers": [ticker], "send_initial_snapshot": True},
    )


async def _trade(listener: Listener, exchange: Exchange, ticker: str) -> None:
    """Rest, trade as maker and as taker, change and end orders."""
    made = exchange.order(ticker, "bid", "0.0200", "9").json()
    path = f"/portfolio/events/orders/{made['order_id']}"
    exchange.call("POST", f"{path}/decrease", {"reduce_by": "1", "market_ticker": ticker})
    amend = {"ticker": ticker, "side": "bid", "price": "0.0300", "count": "7"}
    exchange.call("POST", f"{path}/amend", amend)
    exchange.call("DELETE", f"{path}?market_ticker={ticker}")
    exchange.order(ticker, "bid", "0.9900", "5", time_in_force="immediate_or_cancel")
    await listener.told("fill", is_taker=True)
    ask = exchange.http.get(f"/markets/{ticker}").json()["market"]["yes_ask_dollars"]
    exchange.order(ticker, "ask", ask, "2")
    sweeps = {"time_in_force": "immediate_or_cancel", "self_trade_prevention_type": "maker"}
    exchange.order(ticker, "bid", ask, "500", **sweeps)
    await listener.told("user_order", last_update_reason="SelfTradeCancel")
    exchange.order(ticker, "ask", "0.0100", "1", reduce_only=True, time_in_force="fill_or_kill")
    exchange.order(
        ticker, "ask", "0.0100", "9", reduce_only=True, time_in_force="immediate_or_cancel"
    )
    bid = exchange.http.get(f"/markets/{ticker}").json()["market"]["yes_bid_dollars"]
    price = f"{float(bid) + 0.01:.4f}"
    exchange.order(ticker, "bid", price, "3")
    selling = {"account": "maker-a", "is_bid": False, "count": 200}
    exchange.admin("order", ticker=ticker, price=round(float(price) * 10_000), **selling)
    await listener.told("fill", is_taker=False)
    await listener.told("market_position", market_ticker=ticker)
    exchange.order(ticker, "bid", "0.0100", "1", expiration_time=int(time.time()) + 2)
    await listener.told("user_order", last_update_reason="ExpiryCancel")
    exchange.order(ticker, "bid", "0.0100", "1", cancel_order_on_pause=True)
    exchange.admin("pause")
    await listener.told("user_order", last_update_reason="HaltCancel")
    exchange.admin("resume")


async def _group(listener: Listener, exchange: Exchange, ticker: str) -> None:
    """An order group is made, changed, triggered, reset and deleted."""
    made = exchange.call("POST", "/portfolio/order_groups/create", {"contracts_limit_fp": "5.00"})
    group = made.json()["order_group_id"]
    exchange.order(ticker, "bid", "0.0100", "1", order_group_id=group)
    path = f"/portfolio/order_groups/{group}"
    exchange.call("PUT", f"{path}/limit", {"contracts_limit_fp": "6.00"})
    exchange.call("PUT", f"{path}/trigger", {})
    exchange.call("PUT", f"{path}/reset", {})
    exchange.call("DELETE", path)
    for event in ("created", "limit_updated", "triggered", "reset", "deleted"):
        await listener.told("order_group_updates", event_type=event)


async def _life(listener: Listener, exchange: Exchange, ticker: str) -> None:
    """A market from pause to payment, and new ones."""
    event = exchange.http.get(f"/markets/{ticker}").json()["market"]["event_ticker"]
    exchange.order(ticker, "bid", "0.0100", "1")
    exchange.admin("market", ticker=ticker, active=False)
    exchange.admin("market", ticker=ticker, active=True)
    exchange.admin("grid", ticker=ticker, structure="deci_cent")
    fees = {"series_ticker": event.partition("-")[0], "event_ticker": event, "in_s": 0}
    exchange.admin("fees", fee_type="quadratic", fee_multiplier=0.5, **fees)
    exchange.admin("close", ticker=ticker, in_s=3600)
    exchange.admin("advance", seconds=600)
    exchange.order(ticker, "bid", "0.0100", "1")
    exchange.admin("close", ticker=ticker, in_s=1)
    await listener.told("user_order", last_update_reason="CloseCancel")
    exchange.admin("resolve", ticker=ticker, result="yes")
    exchange.admin("advance", seconds=120)
    for kind in (
        "created",
        "deactivated",
        "activated",
        "price_level_structure_updated",
        "close_date_updated",
    ):
        await listener.told("market_lifecycle_v2", event_type=kind)
    for kind in ("determined", "settled"):
        await listener.told("market_lifecycle_v2", event_type=kind, market_ticker=ticker)
    await listener.told("event_fee_update", event_ticker=event)
    await listener.until(lambda frame: frame["type"] == "event_lifecycle")


async def _commands(listener: Listener, exchange: Exchange) -> None:
    """Every command on a subscription, and what answers it."""
    other = str(exchange.quiet_market()["ticker"])
    listed = await listener.ask("list_subscriptions")
    sids = {row["channel"]: row["sid"] for row in listed["msg"]}
    assert sids.keys() == CHANNELS
    book = {"sid": sids["orderbook_delta"], "market_tickers": [other]}
    for action in ("add_markets", "get_snapshot", "delete_markets"):
        await listener.ask("update_subscription", {**book, "action": action})
    for channel in ("ticker", "trade", "fill"):
        change = {"sids": [sids[channel]], "market_tickers": [other], "action": "add_markets"}
        await listener.ask("update_subscription", change)
    for sid in sids.values():
        await listener.ask("unsubscribe", {"sids": [sid]})


async def _errors(listener: Listener, exchange: Exchange, ticker: str) -> None:
    """Every error that a command can bring about, and the two that end a subscription."""
    start = len(listener.frames)
    await listener.say("this is not JSON")
    await listener.until(lambda frame: frame["type"] == "error", start)
    book = {"channels": ["orderbook_delta"], "market_tickers": [ticker], "use_yes_price": True}
    for cmd, params in (
        ("subscribe", None),
        ("subscribe", {}),
        ("subscribe", {"channels": ["no_such_channel"]}),
        ("subscribe", {"channels": ["orderbook_delta"]}),
        ("subscribe", {"channels": ["ticker"], "market_tickers": ["NO-SUCH-MARKET"]}),
        ("unsubscribe", {}),
        ("unsubscribe", {"sids": [999]}),
        ("no_such_command", {}),
        ("update_subscription", {"action": "add_markets"}),
    ):
        assert (await listener.ask(cmd, params))["type"] == "error"
    for fault, code in (("broken", 10), ("overflow", 25)):
        sid = (await listener.ask("subscribe", book))["msg"]["sid"]
        for params in ({"sid": sid}, {"sid": sid, "action": "no_such_action"}):
            assert (await listener.ask("update_subscription", params))["type"] == "error"
        exchange.admin("fault", kind=fault)
        await listener.told("error", code=code)
