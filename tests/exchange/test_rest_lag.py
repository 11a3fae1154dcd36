"""Reads lag writes, and the exchange says up to when they are complete."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime

import pytest

from tests.exchange.client import Exchange

LAG_S = 1.5


@pytest.fixture(scope="module")
def late() -> Iterator[Exchange]:
    """Return an exchange whose reads are far behind."""
    running = Exchange("--history-min", "2", "--rule", f"read_lag_ms={int(LAG_S * 1000)}")
    yield running
    assert running.stop() == 0


def as_of_ms(exchange: Exchange) -> float:
    """Return up to when reads hold everything."""
    text = exchange.http.get("/exchange/user_data_timestamp").json()["as_of_time"]
    return datetime.fromisoformat(text).timestamp() * 1000


def until_read(exchange: Exchange, ts_ms: int) -> None:
    """Wait until reads hold what happened at a time."""
    deadline = time.monotonic() + 10
    while as_of_ms(exchange) < ts_ms:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_an_order_and_its_end_are_read_late(late: Exchange) -> None:
    ticker = late.quiet_market()["ticker"]
    placed = late.order(ticker, "bid", "0.0100", "3").json()
    assert as_of_ms(late) < placed["ts_ms"]
    assert late.get("/portfolio/orders")["orders"] == []
    assert late.call("GET", f"/portfolio/orders/{placed['order_id']}").status_code == 404
    until_read(late, placed["ts_ms"])
    path = f"/portfolio/orders/{placed['order_id']}"
    assert late.get(path)["order"]["status"] == "resting"
    gone = late.call("DELETE", f"/portfolio/events/orders/{placed['order_id']}").json()
    assert late.get(path)["order"]["status"] == "resting"
    until_read(late, gone["ts_ms"])
    assert late.get(path)["order"]["status"] == "canceled"


def test_fills_positions_and_cash_are_read_late_and_together(late: Exchange) -> None:
    market = late.quiet_market()
    before = late.get("/portfolio/balance")["balance"]
    bought = late.order(
        market["ticker"], "bid", "0.9500", "1", time_in_force="immediate_or_cancel"
    ).json()
    assert bought["fill_count"] == "1.00"
    assert late.get("/portfolio/fills")["fills"] == []
    assert late.get("/portfolio/positions")["market_positions"] == []
    until_read(late, bought["ts_ms"])
    assert late.get("/portfolio/fills")["fills"][0]["count_fp"] == "1.00"
    assert late.get("/portfolio/positions")["market_positions"][0]["position_fp"] == "1.00"
    assert late.get("/portfolio/balance")["balance"] < before
