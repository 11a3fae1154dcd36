"""Collateral per shard, moves between shards, and subaccounts, over real sockets."""

from __future__ import annotations

import time
import uuid
from typing import Any

import pytest

from tests.exchange.client import Exchange, Seat
from tests.exchange.test_rest import ORDERS, error

MOVE = "/portfolio/intra_exchange_instance_transfer"


def shard_balances(seat: Seat) -> dict[int, str]:
    """Return the cash on each shard."""
    rows = seat.get("/portfolio/balance")["balance_breakdown"]
    return {row["exchange_index"]: row["balance"] for row in rows}


def body(amount: int, to_shard: int) -> dict[str, Any]:
    """Return a request to move money (1/10,000 dollar) from shard 0."""
    return {
        "client_transfer_id": str(uuid.uuid4()),
        "source": "event_contract",
        "destination": "event_contract",
        "amount": amount,
        "source_exchange_shard": 0,
        "destination_exchange_shard": to_shard,
    }


def move(seat: Seat, amount: int, to_shard: int, **extra: Any) -> Any:
    """Move money (1/10,000 dollar) from shard 0."""
    return seat.call("POST", MOVE, {**body(amount, to_shard), **extra})


def arrived(seat: Seat, answer: Any) -> dict[str, Any]:
    """Return a move once its money has arrived."""
    assert answer.status_code == 200, answer.text
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        found: dict[str, Any] = seat.get(f"{MOVE}s/{answer.json()['transfer_id']}")["transfer"]
        if found["status"] == "complete":
            break
        time.sleep(0.1)
    return found


def transfer(seat: Seat, source: int, destination: int, cents: int, **extra: Any) -> Any:
    """Move money between subaccounts."""
    body = {
        "client_transfer_id": str(uuid.uuid4()),
        "from_subaccount": source,
        "to_subaccount": destination,
        "amount_cents": cents,
        **extra,
    }
    return seat.call("POST", "/portfolio/subaccounts/transfer", body)


class TestShards:
    """Money counts on the shard it lies on."""

    def test_an_order_needs_cash_on_its_markets_shard(self, exchange: Exchange) -> None:
        seat = exchange.member("shards-a")
        game = exchange.quiet_market("KXNBAGAME")
        assert game["exchange_index"] == 3
        unknown = seat.order(game["ticker"], "bid", "0.0100", "1")
        assert error(unknown, 404)["error"]["code"] == "insufficient_shard_balance"
        assert arrived(seat, move(seat, 5_000, 3))["status"] == "complete"
        assert seat.order(game["ticker"], "bid", "0.0100", "1").status_code == 201
        too_much = seat.order(game["ticker"], "bid", "0.0100", "50")
        assert error(too_much, 400)["error"]["code"] == "insufficient_balance"

    def test_money_moves_with_a_status_and_only_once(self, exchange: Exchange) -> None:
        seat = exchange.member("shards-b", "100")
        name = str(uuid.uuid4())
        first = move(seat, 250_000, 2, client_transfer_id=name).json()["transfer_id"]
        assert error(move(seat, 250_000, 2, client_transfer_id=name), 409)
        assert shard_balances(seat)[0] == "75.0000"
        exchange.admin("advance", seconds=1)
        found = seat.get(f"{MOVE}s/{first}")["transfer"]
        assert (found["status"], found["amount"]) == ("complete", "25.0000")
        assert [row["transfer_id"] for row in seat.get(f"{MOVE}s")["transfers"]] == [first]
        assert shard_balances(seat) == {0: "75.0000", 2: "25.0000"}
        assert exchange.admin("ledger")["holds"] is True

    def test_what_rests_cannot_be_moved_away(self, exchange: Exchange) -> None:
        seat = exchange.member("shards-c", "10")
        ticker = exchange.quiet_market()["ticker"]
        assert seat.order(ticker, "bid", "0.0100", "600").status_code == 201
        assert error(move(seat, 50_000, 2), 400)["error"]["code"] == "insufficient_balance"
        assert move(seat, 40_000, 2).status_code == 200
        worth = seat.get("/portfolio/summary/total_resting_order_value")
        assert worth["total_resting_order_value"] == 600

    @pytest.mark.parametrize("wrong", [{"amount": 0}, {"destination_exchange_shard": 9}])
    def test_a_wrong_move_is_refused(self, exchange: Exchange, wrong: dict[str, Any]) -> None:
        code = error(exchange.call("POST", MOVE, {**body(10, 2), **wrong}), 400)["error"]["code"]
        assert code == "invalid_parameters"

    def test_an_order_on_another_shard_is_found_by_its_ticker_only(
        self, exchange: Exchange
    ) -> None:
        ticker = exchange.quiet_market("KXNBAGAME")["ticker"]
        order_id = exchange.order(ticker, "bid", "0.0100", "1").json()["order_id"]
        bare = exchange.call("DELETE", f"{ORDERS}/{order_id}")
        assert error(bare, 404)["error"]["code"] == "not_found"
        assert error(exchange.call("DELETE", f"{ORDERS}/{order_id}?exchange_index=2"), 404)
        less = exchange.call("POST", f"{ORDERS}/{order_id}/decrease", {"reduce_to": "0.50"})
        assert error(less, 404)
        rows = exchange.call(
            "DELETE", f"{ORDERS}/batched", {"orders": [{"order_id": order_id}]}
        ).json()["orders"]
        assert rows[0]["error"]["code"] == "not_found"
        gone = exchange.call("DELETE", f"{ORDERS}/{order_id}?market_ticker={ticker}")
        assert gone.json()["reduced_by"] == "1.00"

    def test_a_wrong_shard_does_not_know_the_market(self, exchange: Exchange) -> None:
        ticker = exchange.quiet_market("KXNBAGAME")["ticker"]
        wrong = exchange.order(ticker, "bid", "0.0100", "1", exchange_index=0)
        assert error(wrong, 404)["error"]["code"] == "market_not_found"
        right = exchange.order(ticker, "bid", "0.0100", "1", exchange_index=-1)
        assert right.status_code == 201
        assert exchange.call("DELETE", ORDERS).status_code == 204


class TestSubaccounts:
    """A subaccount has money, orders and positions of its own."""

    def test_a_subaccount_trades_with_its_own_money(self, exchange: Exchange) -> None:
        seat = exchange.member("sub-a", "50")
        made = seat.call("POST", "/portfolio/subaccounts", {})
        assert made.status_code == 201
        assert made.json() == {"subaccount_number": 1}
        ticker = exchange.quiet_market()["ticker"]
        poor = seat.order(ticker, "bid", "0.0100", "1", subaccount=1)
        assert error(poor, 400)["error"]["code"] == "insufficient_balance"
        assert transfer(seat, 0, 1, 1_000).status_code == 200
        assert seat.order(ticker, "bid", "0.0100", "7", subaccount=1).status_code == 201
        assert seat.order(ticker, "bid", "0.0100", "8").status_code == 201
        both = seat.get("/portfolio/orders")["orders"]
        assert {row["subaccount_number"] for row in both} == {0, 1}
        one = seat.get("/portfolio/orders?subaccount=1")["orders"]
        assert [row["initial_count_fp"] for row in one] == ["7.00"]
        balances = seat.get("/portfolio/subaccounts/balances")["subaccount_balances"]
        assert [row["balance"] for row in balances] == ["40.0000", "10.0000"]
        moves = seat.get("/portfolio/subaccounts/transfers")["transfers"]
        assert [row["amount_cents"] for row in moves] == [1_000]

    def test_cancel_all_takes_one_subaccount_or_all(self, exchange: Exchange) -> None:
        seat = exchange.member("sub-b", "50")
        seat.call("POST", "/portfolio/subaccounts", {})
        transfer(seat, 0, 1, 1_000)
        ticker = exchange.quiet_market()["ticker"]
        seat.order(ticker, "bid", "0.0100", "1", subaccount=1)
        seat.order(ticker, "bid", "0.0100", "2")
        assert seat.call("DELETE", f"{ORDERS}?subaccount=1").status_code == 204
        left = seat.get("/portfolio/orders?status=resting")["orders"]
        assert [row["remaining_count_fp"] for row in left] == ["2.00"]
        assert seat.call("DELETE", ORDERS).status_code == 204
        assert seat.get("/portfolio/orders?status=resting")["orders"] == []

    def test_a_subaccount_that_is_not_there(self, exchange: Exchange) -> None:
        ticker = exchange.quiet_market()["ticker"]
        error(exchange.order(ticker, "bid", "0.0100", "1", subaccount=40), 404)
        error(transfer(exchange, 0, 40, 10), 404)
        error(exchange.call("GET", "/portfolio/positions?subaccount=40"), 404)

    def test_members_see_nothing_of_each_other(self, exchange: Exchange) -> None:
        one, other = exchange.member("apart-a"), exchange.member("apart-b")
        ticker = exchange.quiet_market()["ticker"]
        order_id = one.order(ticker, "bid", "0.0100", "1").json()["order_id"]
        assert other.get("/portfolio/orders")["orders"] == []
        error(other.call("GET", f"/portfolio/orders/{order_id}"), 404)
        error(other.call("DELETE", f"{ORDERS}/{order_id}?market_ticker={ticker}"), 404)
        assert one.get(f"/portfolio/orders/{order_id}")["order"]["status"] == "resting"
