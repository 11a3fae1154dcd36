"""Faults that the administrator orders in order writes, over real sockets."""

from __future__ import annotations

import httpx
import pytest

from tests.exchange.client import Exchange
from tests.exchange.test_rest import ORDERS, error

ATTEMPTS = 20


class TestFaults:
    """What goes wrong on request, so that a client can be tested against it."""

    def ids(self, exchange: Exchange) -> list[str]:
        orders = exchange.get("/portfolio/orders?status=resting")["orders"]
        return [order["client_order_id"] for order in orders]

    def test_a_503_before_and_after_acceptance(self, exchange: Exchange) -> None:
        ticker = exchange.quiet_market()["ticker"]
        exchange.admin("fault", kind="refuse")
        refused = exchange.order(ticker, "bid", "0.0100", "1", client_order_id="never-placed")
        assert error(refused, 503)["error"]["code"] == "service_unavailable"
        exchange.admin("fault", kind="lose")
        lost = exchange.order(ticker, "bid", "0.0100", "1", client_order_id="placed-all-the-same")
        assert error(lost, 503) == error(refused, 503)
        assert self.ids(exchange) == ["placed-all-the-same"]
        assert exchange.call("DELETE", ORDERS).status_code == 204

    def test_a_late_answer(self, exchange: Exchange) -> None:
        ticker = exchange.quiet_market()["ticker"]
        exchange.admin("fault", kind="delay", seconds=0.4)
        with pytest.raises(httpx.ReadTimeout):
            exchange.call(
                "POST",
                ORDERS,
                {
                    "ticker": ticker,
                    "side": "bid",
                    "price": "0.0100",
                    "count": "1",
                    "time_in_force": "good_till_canceled",
                    "self_trade_prevention_type": "maker",
                    "client_order_id": "late",
                },
                timeout=0.2,
            )
        assert self.ids(exchange) == ["late"]
        assert exchange.call("DELETE", ORDERS).status_code == 204

    def test_a_member_of_the_crowd_can_be_told_to_trade(self, exchange: Exchange) -> None:
        ticker = exchange.quiet_market()["ticker"]
        for _ in range(ATTEMPTS):
            bid = round(float(exchange.quiet_market()["yes_bid_dollars"]) * 100) + 1
            assert exchange.order(ticker, "bid", f"0.{bid:02d}", "2").status_code == 201
            done = exchange.admin(
                "order",
                account="noise-a",
                ticker=ticker,
                is_bid=False,
                price=bid * 100,
                count=200,
                time_in_force="immediate_or_cancel",
            )
            if done["filled"] == 200:
                break
            # Somebody else of the crowd was there between the two.
            assert exchange.call("DELETE", ORDERS).status_code == 204
        assert done == {"filled": 200, "remaining": 0}
        fill = exchange.get(f"/portfolio/fills?ticker={ticker}")["fills"][0]
        assert (fill["is_taker"], fill["count_fp"], fill["fee_cost"]) == (
            False,
            "2.00",
            "0.000000",
        )
