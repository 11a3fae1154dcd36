"""Rules of the REST side that no story of an order or a market happens to touch."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
import uuid
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from kalshi_desk.exchange.rules import DEFAULT_RULES
from tests.exchange.bench import NOW, Bench
from tests.exchange.client import PREFIX, Exchange, Seat
from tests.exchange.test_rest import ORDERS, error
from tests.exchange.test_rest_keys import generate

PATH = f"{PREFIX}/portfolio/positions"
SHA = hashes.SHA256()
SALTED_MOST = padding.PSS(mgf=padding.MGF1(SHA), salt_length=padding.PSS.MAX_LENGTH)
MOST_REQUESTS = 60
"""Contracts that two seconds of the default write budget buy at ten tokens an order."""


def signed(seat: Seat, stamp: str, message: str) -> dict[str, str]:
    """Return headers whose signature covers another message than it should."""
    assert not isinstance(seat.key, rsa.RSAPrivateKey)
    signature: bytes = seat.key.sign(message.encode())  # type: ignore[call-arg, union-attr]
    return stamped(seat, stamp, signature)


def stamped(seat: Seat, stamp: str, signature: bytes) -> dict[str, str]:
    return {
        "KALSHI-ACCESS-KEY": seat.key_id,
        "KALSHI-ACCESS-TIMESTAMP": stamp,
        "KALSHI-ACCESS-SIGNATURE": base64.b64encode(signature).decode(),
    }


def refused_as(seat: Seat, headers: dict[str, str], query: str = "") -> str:
    """Return why a request with these headers is not let in."""
    answer = seat.http.get(f"/portfolio/positions{query}", headers=headers)
    found = error(answer, 401)["error"]
    return str(found.get("details") or found["code"])


class TestSigning:
    """The usual mistakes of client authors are refused as the exchange refuses them."""

    @pytest.mark.parametrize(
        "path", [f"{PATH}?limit=5", "/portfolio/positions", f"{PATH}/", f"/other{PATH}"]
    )
    def test_only_the_bare_path_from_the_root_is_signed(
        self, exchange: Exchange, path: str
    ) -> None:
        stamp = str(time.time_ns() // 1_000_000)
        wrong = signed(exchange, stamp, f"{stamp}GET{path}")
        assert refused_as(exchange, wrong, "?limit=5") == "INCORRECT_API_KEY_SIGNATURE"
        right = signed(exchange, stamp, f"{stamp}GET{PATH}")
        answer = exchange.http.get("/portfolio/positions?limit=5", headers=right)
        assert answer.status_code == 200

    def test_seconds_are_a_time_long_past(self, exchange: Exchange) -> None:
        stamp = str(int(time.time()))
        wrong = signed(exchange, stamp, f"{stamp}GET{PATH}")
        assert refused_as(exchange, wrong) == "header_timestamp_expired"

    def test_rsa_needs_pss_with_a_salt_as_long_as_the_digest(self, exchange: Exchange) -> None:
        seat = generate(exchange, exchange.member("rules-rsa"), key_type="rsa")
        assert isinstance(seat.key, rsa.RSAPrivateKey)
        stamp = str(time.time_ns() // 1_000_000)
        message = f"{stamp}GET{PATH}".encode()
        for wrong in (
            seat.key.sign(message, padding.PKCS1v15(), SHA),
            seat.key.sign(message, SALTED_MOST, SHA),
            hmac.digest(seat.key_id.encode(), message, hashlib.sha256),
        ):
            refusal = refused_as(seat, stamped(seat, stamp, wrong))
            assert refusal == "INCORRECT_API_KEY_SIGNATURE"
        assert seat.get("/portfolio/positions")["market_positions"] == []

    def test_a_trailing_slash_is_redirected_to_a_path_that_was_not_signed(
        self, exchange: Exchange
    ) -> None:
        answer = exchange.call("GET", "/portfolio/positions/?limit=5")
        assert answer.status_code == 301
        assert answer.headers["location"] == f"{PATH}?limit=5"


def leaves(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Return every value of a body with the name of its field."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, name)
    else:
        yield name, value


def test_money_prices_and_counts_are_strings_and_nothing_is_a_float(exchange: Exchange) -> None:
    seat = exchange.member("rules-strings")
    ticker = exchange.quiet_market()["ticker"]
    bought = seat.order(ticker, "bid", "0.9500", "1.5", time_in_force="immediate_or_cancel")
    bodies = [
        bought.json(),
        *(
            seat.get(f"/portfolio/{what}")
            for what in ("orders", "fills", "positions", "balance", "settlements")
        ),
        exchange.http.get(f"/markets/{ticker}/orderbook").json(),
    ]
    found = [pair for body in bodies for pair in leaves(body)]
    assert not [pair for pair in found if isinstance(pair[1], float)]
    exact = [(n, v) for n, v in found if n.endswith(("_dollars", "_fp")) or n == "fee_cost"]
    assert len(exact) > 20
    for name, value in exact:
        assert isinstance(value, str), name
        assert Decimal(value).as_tuple().exponent in (
            {-2} if name.endswith("_fp") else {-2, -4, -6}
        )


class TestOrderRules:
    """What a create and an amend may ask for."""

    def test_an_immediate_order_without_a_counterpart_is_a_201_with_zeros(
        self, exchange: Exchange
    ) -> None:
        ticker = exchange.quiet_market()["ticker"]
        made = exchange.order(ticker, "bid", "0.0100", "3", time_in_force="immediate_or_cancel")
        assert made.status_code == 201
        body = made.json()
        assert (body["fill_count"], body["remaining_count"]) == ("0.00", "0.00")
        assert not {"average_fill_price", "average_fee_paid", "status"} & body.keys()

    @pytest.mark.parametrize("duration", ["immediate_or_cancel", "fill_or_kill"])
    def test_only_a_resting_order_expires(self, exchange: Exchange, duration: str) -> None:
        ticker, later = exchange.quiet_market()["ticker"], int(time.time()) + 3_600
        made = exchange.order(
            ticker, "bid", "0.0100", "1", time_in_force=duration, expiration_time=later
        )
        assert error(made, 400)["error"]["code"] == "invalid_order"

    def test_an_amend_of_the_expiry_alone_keeps_the_queue(self, exchange: Exchange) -> None:
        seat, other = exchange.member("rules-amend-a"), exchange.member("rules-amend-b")
        ticker, later = exchange.quiet_market()["ticker"], int(time.time()) + 3_600
        order_id = seat.order(ticker, "bid", "0.0100", "5").json()["order_id"]
        assert other.order(ticker, "bid", "0.0100", "5").status_code == 201
        path = f"/portfolio/orders/{order_id}"
        ahead = seat.get(f"{path}/queue_position")["queue_position_fp"]
        whole = {"ticker": ticker, "side": "bid", "price": "0.0100", "count": "5.00"}
        for expiry, is_there in ((later, True), (None, True), (0, False)):
            body = whole if expiry is None else {**whole, "expiration_time": expiry}
            assert seat.call("POST", f"{ORDERS}/{order_id}/amend", body).status_code == 200
            order = seat.get(path)["order"]
            assert bool(order.get("expiration_time")) is is_there
            assert seat.get(f"{path}/queue_position")["queue_position_fp"] == ahead
        for wrong in ({"side": "ask"}, {"ticker": exchange.open_markets("KXFED")[0]["ticker"]}):
            answer = seat.call("POST", f"{ORDERS}/{order_id}/amend", {**whole, **wrong})
            assert 400 <= answer.status_code < 500
        for member in (seat, other):
            assert member.call("DELETE", ORDERS).content == b""

    def test_reduce_only_looks_at_the_net_position(self) -> None:
        bench = Bench()
        bench.rest(0, "ask", "0.50", "6")
        bench.place(1, "bid", "0.50", "3")
        more = bench.place(
            1, "bid", "0.50", "3", reduce_only=True, time_in_force="immediate_or_cancel"
        )
        assert (more.filled, more.order.status, bench.held(1)) == (0, "canceled", 300)


class TestLimits:
    """Token buckets as a client meets them."""

    def test_a_batch_must_fit_into_the_bucket_whole(self, exchange: Exchange) -> None:
        seat = exchange.member("rules-batch")
        ticker = exchange.quiet_market()["ticker"]

        def item() -> dict[str, str]:
            return {
                "ticker": ticker,
                "side": "bid",
                "price": "0.0100",
                "count": "0.01",
                "time_in_force": "good_till_canceled",
                "self_trade_prevention_type": "maker",
                "client_order_id": str(uuid.uuid4()),
            }

        over = seat.call(
            "POST", f"{ORDERS}/batched", {"orders": [item() for _ in range(MOST_REQUESTS + 1)]}
        )
        assert error(over, 429) == {"error": "too many requests"}
        assert seat.get("/portfolio/orders")["orders"] == []
        # Cancels cost a fifth, so four times as many of them are no problem.
        names = [{"order_id": str(uuid.uuid4())} for _ in range(4 * MOST_REQUESTS)]
        gone = seat.call("DELETE", f"{ORDERS}/batched", {"orders": names})
        assert gone.status_code == 200
        costs = exchange.http.get("/account/endpoint_costs").json()["endpoint_costs"]
        by_route = {(row["method"], row["path"].partition("/v2")[2]): row["cost"] for row in costs}
        assert by_route["DELETE", f"{ORDERS}/:order_id"] == 2
        assert by_route["DELETE", ORDERS] == 2


def test_reads_lag_by_default_as_much_as_was_measured() -> None:
    assert DEFAULT_RULES.read_lag_ms >= 400


@pytest.mark.parametrize(
    ("value", "yes_cents", "no_cents"), [("0.2550", 76, 223), ("0", 0, 300), ("1", 300, 0)]
)
def test_a_settlement_pays_both_sides_their_part_in_whole_cents(
    value: str, yes_cents: int, no_cents: int
) -> None:
    bench = Bench()
    bench.rest(1, "ask", "0.60", "3")
    bench.place(0, "bid", "0.60", "3")
    before = [bench.cash(owner) for owner in (0, 1)]
    bench.market.result = "scalar"
    bench.ledger.settle(bench.market, Decimal(value), NOW)
    paid = [(bench.cash(owner) - before[owner]) * 100 for owner in (0, 1)]
    assert paid == [yes_cents, no_cents]
    assert bench.total() == bench.opening
