"""Canceling at the exchange itself goes on through every trouble, and proves what it says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import cast

import pytest

from kalshi_desk.cli import cancel_alone
from kalshi_desk.core.errors import DeskError, Refuse, Retry, Stop, Unknown
from kalshi_desk.core.records import Order, OrderState
from kalshi_desk.core.types import BookSide, Count, Price
from kalshi_desk.kalshi.rest import RestClient

NOW_NS = 1_800_000_000_000_000_000
FAILED = Unknown("The exchange failed with HTTP 503.")
BUSY = Retry("The exchange's rate limit is reached.")


def resting(order_id: str) -> Order:
    """Return an order that rests."""
    return Order(
        order_id=order_id,
        client_order_id=f"c-{order_id}",
        ticker="M",
        side=BookSide.BID,
        price=Price(4_800),
        initial_count=Count(1_000),
        filled=Count(0),
        remaining=Count(1_000),
        state=OrderState.RESTING,
    )


class ScriptedExchange:
    """An exchange with orders, on which calls fail as a test says."""

    def __init__(self, *order_ids: str) -> None:
        self.http = SimpleNamespace(exchange_now_ns=lambda: NOW_NS)
        self.open = {order_id: resting(order_id) for order_id in order_ids}
        self.as_of_ns = NOW_NS
        self.calls: list[str] = []
        self.trouble: Callable[[str, int], DeskError | None] = lambda call, number: None
        self.hangs = ""

    @property
    def client(self) -> RestClient:
        """This exchange, as the code under test takes it."""
        return cast("RestClient", self)

    async def _called(self, call: str) -> None:
        self.calls.append(call)
        if call == self.hangs:
            await asyncio.Event().wait()
        error = self.trouble(call, self.calls.count(call))
        if error is not None:
            raise error

    async def cancel_all(self) -> None:
        await self._called("all")
        self.open.clear()

    async def user_data_timestamp(self) -> int:
        await self._called("as of")
        return self.as_of_ns

    async def orders(self, *, status: str) -> list[Order]:
        await self._called("list")
        return list(self.open.values())

    async def cancel_order(self, order_id: str, ticker: str) -> None:
        await self._called(order_id)
        if self.open.pop(order_id, None) is None:
            raise Refuse("There is no such order.", code="not_found")


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing be tried for long."""
    monkeypatch.setattr(cancel_alone, "VERIFY_S", 2.0)
    monkeypatch.setattr(cancel_alone, "CALL_S", 0.2)
    monkeypatch.setattr(cancel_alone, "_PAUSE_S", 0.01)
    monkeypatch.setattr(cancel_alone, "_PAUSE_AFTER_TROUBLE_S", 0.02)


@pytest.mark.parametrize("error", [FAILED, BUSY, Stop("The answer can't be read.")])
async def test_orders_are_canceled_one_by_one_where_cancel_all_fails(error: DeskError) -> None:
    exchange = ScriptedExchange("1", "2", "3")
    exchange.trouble = lambda call, number: error if call == "all" else None
    assert await cancel_alone.cancel_and_verify(exchange.client) == []
    assert exchange.open == {}


async def test_cancel_all_that_hangs_leaves_time_for_the_rest() -> None:
    exchange = ScriptedExchange("1", "2")
    exchange.hangs = "all"
    assert await cancel_alone.cancel_and_verify(exchange.client) == []
    assert exchange.open == {}


@pytest.mark.parametrize("error", [FAILED, BUSY])
async def test_one_cancel_that_fails_is_tried_again(error: DeskError) -> None:
    exchange = ScriptedExchange("1", "2", "3")
    exchange.trouble = lambda call, number: (
        error if call == "all" or (call == "1" and number == 1) else None
    )
    assert await cancel_alone.cancel_and_verify(exchange.client) == []
    assert exchange.open == {}


@pytest.mark.parametrize("call", ["all", "as of", "list"])
async def test_every_call_is_made_again_after_one_failure(call: str) -> None:
    exchange = ScriptedExchange("1")
    exchange.trouble = lambda made, number: BUSY if (made, number) == (call, 1) else None
    assert await cancel_alone.cancel_and_verify(exchange.client) == []
    assert exchange.open == {}


async def test_what_can_not_be_canceled_is_returned() -> None:
    exchange = ScriptedExchange("1", "2")
    exchange.trouble = lambda call, number: FAILED if call in {"all", "2"} else None
    left = await cancel_alone.cancel_and_verify(exchange.client)
    assert [order.order_id for order in left] == ["2"]


async def test_an_empty_list_from_before_the_cancel_is_no_proof() -> None:
    exchange = ScriptedExchange()
    exchange.as_of_ns = NOW_NS - 60_000_000_000
    with pytest.raises(Unknown, match="behind"):
        await cancel_alone.cancel_and_verify(exchange.client)


async def test_lists_that_can_not_be_read_are_said() -> None:
    exchange = ScriptedExchange("1")
    exchange.trouble = lambda call, number: BUSY if call == "list" else None
    with pytest.raises(Retry, match="rate limit"):
        await cancel_alone.cancel_and_verify(exchange.client)
    assert exchange.open == {}


async def test_a_key_that_is_refused_is_not_tried_for_long() -> None:
    exchange = ScriptedExchange("1")
    exchange.trouble = lambda call, number: Stop("The key is refused.")
    with pytest.raises(Stop, match="refused"):
        await cancel_alone.cancel_and_verify(exchange.client)
    assert exchange.calls == ["all", "as of"]
