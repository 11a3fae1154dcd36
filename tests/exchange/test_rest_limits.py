"""Token buckets: what empties which, what an empty one answers, and how pages are bounded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from kalshi_desk.exchange.rules import DEFAULT_RULES
from tests.exchange.client import Exchange, Seat
from tests.exchange.test_rest import ORDERS, error

RULES = ("read_lag_ms=0", "balance_capacity=1", "write_refill=20", "read_refill=20")


@pytest.fixture(scope="module")
def poor() -> Iterator[Exchange]:
    """Return an exchange whose members may ask for little: 40 tokens, 20 a second."""
    words = [word for rule in RULES for word in ("--rule", rule)]
    running = Exchange("--history-min", "2", *words)
    yield running
    assert running.stop() == 0


def create(seat: Seat, ticker: str, **extra: Any) -> httpx.Response:
    """Rest a contract far from the market."""
    return seat.order(ticker, "bid", "0.0100", "1", **extra)


def statuses(seat: Seat, ticker: str, count: int, **extra: Any) -> list[int]:
    """Return what some orders in a row are answered with."""
    return [create(seat, ticker, **extra).status_code for _ in range(count)]


def rows(ticker: str, count: int) -> dict[str, Any]:
    """Return a batch of orders."""
    order = {
        "ticker": ticker,
        "side": "bid",
        "price": "0.0100",
        "count": "1",
        "time_in_force": "good_till_canceled",
        "self_trade_prevention_type": "maker",
    }
    return {"orders": [order] * count}


def test_an_empty_bucket_answers_a_string_and_no_headers(poor: Exchange) -> None:
    seat, ticker = poor.member("limits-a"), poor.quiet_market()["ticker"]
    made = [create(seat, ticker) for _ in range(5)]
    assert [answer.status_code for answer in made] == [201, 201, 201, 201, 429]
    assert error(made[4], 429) == {"error": "too many requests"}
    names = {name.lower() for name in made[4].headers}
    assert not [name for name in names if "retry" in name or "ratelimit" in name]
    assert seat.call("DELETE", ORDERS).status_code == 429
    assert poor.member("limits-b").call("DELETE", ORDERS).status_code == 204


def test_a_cancel_costs_a_fifth_of_a_create(poor: Exchange) -> None:
    seat, ticker = poor.member("limits-c"), poor.quiet_market()["ticker"]
    assert create(seat, ticker).status_code == 201
    canceled = [seat.call("DELETE", ORDERS).status_code for _ in range(15)]
    assert canceled == [204] * 15
    assert statuses(seat, ticker, 1) == [429]


def test_a_batch_must_fit_at_once_and_pays_for_each_order(poor: Exchange) -> None:
    seat, ticker = poor.member("limits-d"), poor.quiet_market()["ticker"]
    too_big = seat.call("POST", f"{ORDERS}/batched", rows(ticker, 5))
    assert error(too_big, 429) == {"error": "too many requests"}
    assert seat.get("/portfolio/orders")["orders"] == []
    assert seat.call("POST", f"{ORDERS}/batched", rows(ticker, 4)).status_code == 201
    assert statuses(seat, ticker, 1) == [429]


def test_an_order_that_names_its_shard_pays_there(poor: Exchange) -> None:
    seat, ticker = poor.member("limits-e"), poor.quiet_market()["ticker"]
    assert statuses(seat, ticker, 5) == [201, 201, 201, 201, 429]
    # Shard 3 has a bucket of its own, and no such market.
    assert statuses(seat, ticker, 5, exchange_index=3) == [404, 404, 404, 404, 429]
    assert statuses(seat, ticker, 1, exchange_index=-1) == [429]
    assert seat.call("DELETE", f"{ORDERS}/x?exchange_index=2").status_code == 404


def test_reads_and_writes_and_the_balance_have_buckets_of_their_own(poor: Exchange) -> None:
    seat = poor.member("limits-f")
    first, second = (seat.call("GET", "/portfolio/balance") for _ in range(2))
    assert (first.status_code, second.status_code) == (200, 429)
    reads = [seat.call("GET", "/portfolio/orders").status_code for _ in range(5)]
    assert reads == [200, 200, 200, 200, 429]
    assert seat.call("DELETE", ORDERS).status_code == 204


def test_the_balance_is_answered_once_a_second_by_default() -> None:
    assert (DEFAULT_RULES.balance_refill, DEFAULT_RULES.balance_capacity) == (1, 1)


def test_limits_are_told(poor: Exchange) -> None:
    limits = poor.member("limits-g").get("/account/limits")
    assert limits["write"] == {"bucket_capacity": 40, "refill_rate": 20}
    costs = poor.http.get("/account/endpoint_costs").json()
    assert costs["default_cost"] == 10
    by_path = {(row["method"], row["path"]): row["cost"] for row in costs["endpoint_costs"]}
    orders = "/trade-api/v2/portfolio/events/orders"
    for path in (orders, f"{orders}/:order_id", f"{orders}/batched"):
        assert by_path["DELETE", path] == 2


@pytest.mark.parametrize(
    ("path", "most"),
    [
        ("/markets", 1_000),
        ("/markets/trades", 1_000),
        ("/events", 200),
        ("/portfolio/orders", 1_000),
        ("/portfolio/fills", 1_000),
        ("/portfolio/settlements", 1_000),
        ("/portfolio/positions", 1_000),
        ("/portfolio/deposits", 500),
        ("/portfolio/withdrawals", 500),
        ("/portfolio/intra_exchange_instance_transfers", 500),
    ],
)
def test_a_limit_above_the_maximum_is_refused(exchange: Exchange, path: str, most: int) -> None:
    assert exchange.call("GET", f"{path}?limit={most}").status_code == 200
    refused = error(exchange.call("GET", f"{path}?limit={most + 1}"), 400)
    assert refused == {"msg": f"limit must be between 0 and {most}"}
