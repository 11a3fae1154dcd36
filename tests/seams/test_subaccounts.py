"""A desk sees and touches its own subaccount only, however many the account has."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kalshi_desk.core.types import Price, TimeInForce, parse_count, parse_money
from kalshi_desk.desk.commands import Panic
from tests.exchange.client import Exchange
from tests.exchange.test_rest_money import transfer
from tests.seams.contract import desk_on, order, quoted, status, until

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def family() -> Iterator[Exchange]:
    """Return an exchange whose member has a subaccount 1 with $500."""
    running = Exchange("--history-min", "2")
    assert running.call("POST", "/portfolio/subaccounts", {}).status_code == 201
    assert transfer(running, 0, 1, 50_000).status_code == 200
    yield running
    assert running.stop() == 0


def resting(exchange: Exchange, subaccount: int) -> list[dict[str, Any]]:
    """Return the orders that rest in a subaccount."""
    found = exchange.get(f"/portfolio/orders?status=resting&subaccount={subaccount}")["orders"]
    return list(found)


async def test_orders_fills_and_cash_of_another_subaccount_are_not_ours(
    family: Exchange, tmp_path: Path
) -> None:
    ticker = family.quiet_market()["ticker"]
    family.order(ticker, "bid", "0.0100", "5", subaccount=1)
    async with desk_on("practice", family.ready, tmp_path) as shell:
        await until(lambda: status(shell).link.value == "live")
        opening = status(shell).cash
        assert opening == parse_money("9500")
        done = family.order(
            ticker, "bid", "0.9900", "2", subaccount=1, time_in_force="immediate_or_cancel"
        )
        assert done.json()["fill_count"] == "2.00"
        mine = family.order(ticker, "bid", "0.0100", "3").json()["order_id"]
        await until(lambda: status(shell).open_orders == 1)
        (found,) = shell.core.state.orders.open_orders()
        assert found.order_id == mine
        assert shell.core.state.positions.get(ticker).count == 0
        assert status(shell).cash == opening
        await shell.submit("panic", Panic())
        assert [row["initial_count_fp"] for row in resting(family, 1)] == ["5.00"]
        assert resting(family, 0) == []


async def test_a_desk_on_a_subaccount_trades_with_that_subaccounts_cash(
    family: Exchange, tmp_path: Path
) -> None:
    async with desk_on("practice", family.ready, tmp_path, subaccount=1) as shell:
        await until(
            lambda: status(shell).link.value == "live" and quoted(shell, shard=0) is not None
        )
        assert status(shell).cash == parse_money("500")
        row = quoted(shell, shard=0)
        assert row is not None
        rests = await shell.submit("rest", order(row, "2", Price(100), TimeInForce.GTC))
        assert rests.orders[0].state == "resting"
        assert rests.orders[0].remaining == parse_count("2")
        await until(lambda: len(resting(family, 1)) == 1)
        await shell.submit("panic", Panic())
        assert resting(family, 1) == []
