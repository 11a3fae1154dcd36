"""Order groups: a breaker on fills within 15 seconds, over real sockets."""

from __future__ import annotations

from typing import Any

import pytest

from kalshi_desk.exchange.refusals import Refusal
from tests.exchange.bench import NOW, Bench
from tests.exchange.client import Exchange
from tests.exchange.test_rest import ORDERS, error

GROUPS = "/portfolio/order_groups"
SECOND_NS = 1_000_000_000


def create(exchange: Exchange, limit: int = 10, **extra: Any) -> str:
    """Return the id of a new group."""
    made = exchange.call("POST", f"{GROUPS}/create", {"contracts_limit": limit, **extra})
    assert made.status_code == 201, made.text
    return str(made.json()["order_group_id"])


def grouped(bench: Bench, limit: int) -> int:
    """Return the number of a group of member 0."""
    return bench.engine.order_groups.create(0, limit, 0, NOW).number


class TestBreaker:
    """The rule itself, on one market."""

    def test_fills_above_the_limit_cancel_the_members(self) -> None:
        bench = Bench()
        group = grouped(bench, 300)
        first = bench.rest(0, "bid", "0.50", "2", group=group)
        second = bench.rest(0, "bid", "0.49", "5", group=group)
        apart = bench.rest(0, "bid", "0.48", "5")
        bench.place(1, "ask", "0.50", "2")
        assert (first.status, second.status) == ("executed", "resting")
        bench.place(1, "ask", "0.49", "2")
        assert (second.status, second.filled) == ("canceled", 200)
        assert apart.status == "resting"
        with pytest.raises(Refusal, match="exceeded_order_group_risk_limit"):
            bench.place(0, "bid", "0.40", "1", group=group)
        bench.engine.order_groups.reset(0, group, NOW)
        assert bench.rest(0, "bid", "0.40", "1", group=group).status == "resting"

    def test_a_fill_counts_for_fifteen_seconds(self) -> None:
        bench = Bench()
        group = grouped(bench, 300)
        order = bench.rest(0, "bid", "0.50", "9", group=group)
        groups = bench.engine.order_groups
        assert groups.note_fill(order, 300, NOW) is False
        assert groups.note_fill(order, 300, NOW + 15 * SECOND_NS) is False
        assert groups.note_fill(order, 1, NOW + 16 * SECOND_NS) is True

    def test_a_lower_limit_may_trigger_at_once(self) -> None:
        bench = Bench()
        group = grouped(bench, 1_000)
        order = bench.rest(0, "bid", "0.50", "9", group=group)
        bench.place(1, "ask", "0.50", "4")
        bench.engine.order_groups.set_limit(0, group, 300, NOW)
        assert order.status == "canceled"

    def test_a_group_of_another_shard_or_member_takes_no_order(self) -> None:
        bench = Bench()
        elsewhere = bench.engine.order_groups.create(0, 300, 2, NOW).number
        theirs = bench.engine.order_groups.create(1, 300, 0, NOW).number
        for group in (elsewhere, theirs, 99):
            with pytest.raises(Refusal, match="order_group_not_found"):
                bench.place(0, "bid", "0.40", "1", group=group)


class TestOverRest:
    """The routes."""

    def test_a_group_lives_and_dies(self, exchange: Exchange) -> None:
        group = create(exchange)
        ticker = exchange.quiet_market()["ticker"]
        placed = exchange.order(ticker, "bid", "0.0100", "1", order_group_id=group).json()
        one = exchange.get(f"{GROUPS}/{group}")
        assert one["orders"] == [placed["order_id"]]
        assert one["contracts_limit_fp"] == "10.00"
        limit = exchange.call("PUT", f"{GROUPS}/{group}/limit", {"contracts_limit_fp": "2.50"})
        assert limit.json() == {}
        listed = {row["id"]: row for row in exchange.get(GROUPS)["order_groups"]}
        assert listed[group]["contracts_limit_fp"] == "2.50"
        assert exchange.call("PUT", f"{GROUPS}/{group}/trigger", {}).status_code == 200
        found = exchange.get(f"/portfolio/orders/{placed['order_id']}")["order"]
        assert (found["status"], found["order_group_id"]) == ("canceled", group)
        again = exchange.order(ticker, "bid", "0.0100", "1", order_group_id=group)
        assert error(again, 400)["error"]["code"] == "exceeded_order_group_risk_limit"
        assert exchange.call("PUT", f"{GROUPS}/{group}/reset", {}).status_code == 200
        after = exchange.order(ticker, "bid", "0.0100", "1", order_group_id=group)
        assert after.status_code == 201
        assert exchange.call("DELETE", f"{GROUPS}/{group}").json() == {}
        error(exchange.call("GET", f"{GROUPS}/{group}"), 404)
        assert exchange.get("/portfolio/orders?status=resting")["orders"] == []

    def test_calls_need_the_right_shard(self, exchange: Exchange) -> None:
        group = create(exchange, exchange_index=3)
        error(exchange.call("PUT", f"{GROUPS}/{group}/reset", {}), 404)
        done = exchange.call("PUT", f"{GROUPS}/{group}/reset?exchange_index=3", {})
        assert done.status_code == 200
        assert exchange.call("DELETE", f"{GROUPS}/{group}?exchange_index=3").status_code == 200

    def test_a_foreign_group_and_a_wrong_limit(self, exchange: Exchange) -> None:
        group = create(exchange)
        stranger = exchange.member("groups-a")
        error(stranger.call("DELETE", f"{GROUPS}/{group}"), 404)
        ticker = exchange.quiet_market()["ticker"]
        error(stranger.order(ticker, "bid", "0.0100", "1", order_group_id=group), 404)
        for limit in (0, 1_000_001):
            made = exchange.call("POST", f"{GROUPS}/create", {"contracts_limit": limit})
            assert error(made, 400)["error"]["code"] == "invalid_parameters"
        assert exchange.call("DELETE", f"{GROUPS}/{group}").status_code == 200
        assert exchange.call("DELETE", ORDERS).status_code == 204
